//! What do octets on the wire mean? Values in, values out: nothing here keeps state.
//!
//! Every function takes any input and answers with a value or an error; none panics, none allocates.

pub mod command;
pub mod frame;
pub mod greeting;
pub mod metadata;
mod names;
mod octets;
mod socket_type;
mod subscription;

pub use command::Command;
pub use frame::{FrameKind, Header};
pub use greeting::{Greeting, Version};
pub use metadata::PeerInfo;
pub use octets::{Octets, Short, Window};
pub(crate) use octets::{begins_with, copy, same};
pub use socket_type::SocketType;
pub use subscription::Subscription;
