//! What happens on one connection over time? It is opened, it carries frames, it is kept alive, it ends.
//!
//! ```text
//!   greeting ──► mechanism's commands ──► traffic ──► end
//!     handshake                            reader · writer · heartbeat
//! ```
//! A link knows no other peer and, [`FixedLink`] aside, keeps no octets.

mod fixed;
mod frames;
mod handshake;
mod heartbeat;
mod reader;
mod writer;

pub use fixed::{Extent, FixedLink, FixedMessage, LinkError, Name, Outgoing, Setup, Stepped, TOPIC_LEN_MAX, Wants};
pub use frames::{Few, Frames, PARTS_MAX};
pub use handshake::{Handshake, HandshakeError, Introduced, refusal};
pub use heartbeat::{Heartbeat, HeartbeatSetup, Ping};
pub use reader::{Limit, Limits, OnlyWindow, ReadError, Reader, Step};
pub use writer::{Writer, message_len};

/// The longest command that is read, in octets, where the window is not shorter still.
///
/// The longest that a peer has reason to send is a READY with an identity of 255 octets.
pub const COMMAND_LEN_MAX: usize = 4096;

/// How many connections may be lost in a row in the middle of one message. Then it is taken to be what ends them, too long
/// for the peer perhaps, and is dropped: it would keep those behind it for ever.
pub const CUTS_MAX: u8 = 3;
