//! How do octets get from streams into a socket and back? Over anything that speaks `embedded-io` and can say whether it
//! is ready.
//!
//! Who has one stream moves its octets with [`poll_stream`]. Who can open and accept streams says how, in a
//! [`Transport`], and [`Connections`] does the rest: it accepts, connects again after a delay, closes what failed, and
//! turns away who keeps others waiting.

mod connections;
mod stream;

pub use connections::{Connections, State, Transport};
pub use stream::{Streamed, flush, poll_stream};
