//! How does a connection prove who it is and hide what it says? A command in, a command out.
//!
//! A mechanism leads its part of the handshake and then becomes two halves: one opens the frames that arrive, the
//! other seals the frames that leave. Frames are opened and sealed in place.

mod null;

pub use null::{Clear, Null};

use crate::wire::PeerInfo;
use crate::wire::greeting::MechanismName;
use crate::wire::{FrameKind, Short};
use core::ops::Range;

/// A security mechanism's side of the handshake (RFC 37 "Connection Security").
pub trait Mechanism: Sized {
    /// The name in the greeting.
    const NAME: MechanismName;
    /// What opens frames once the handshake is over.
    type Open: Open;
    /// What seals frames once the handshake is over.
    type Seal: Seal;

    /// Whether this side is the mechanism's server.
    fn as_server(&self) -> bool;

    /// Takes the body of a command that arrived, opening it in place. A range is where the peer's metadata lies in it.
    fn handle(&mut self, command: &mut [u8]) -> Result<Option<Range<usize>>, Rejected>;

    /// Writes the body of the next command to send into `out`, with what we say of ourselves where it belongs, and tells its
    /// length; 0 when there is none for now.
    ///
    /// When `out` is too small nothing changes, and the call may be made again with more room.
    fn poll_command(
        &mut self,
        info: &PeerInfo<'_>,
        entropy: &mut dyn FnMut(&mut [u8]),
        out: &mut [u8],
    ) -> Result<usize, Short>;

    /// The two halves for traffic, once the handshake is over. It is not asked again.
    fn traffic(&mut self) -> Option<(Self::Open, Self::Seal)>;
}

/// Opens the frames that arrive.
pub trait Open {
    /// Whether frames travel as they are: then a body may be used before the whole of it has arrived.
    const CLEAR: bool;
    /// Octets of a sealed body before the plain one.
    const HEAD: usize;
    /// Octets of a sealed body after the plain one.
    const TAIL: usize;

    /// Opens a sealed body in place: the plain body then lies between `HEAD` and `TAIL`. `outer` is the frame's own
    /// kind; the kind that was sealed in comes back.
    fn open(&mut self, outer: FrameKind, body: &mut [u8]) -> Result<FrameKind, Rejected>;
}

/// Seals the frames that leave.
pub trait Seal {
    /// Whether frames travel as they are.
    const CLEAR: bool;
    /// Octets that sealing adds before the plain body.
    const HEAD: usize;
    /// Octets that sealing adds after the plain body.
    const TAIL: usize;

    /// Seals in place: the plain body lies between `HEAD` and `TAIL`. Returns the kind that the frame shows outside.
    ///
    /// Once per frame and in the order of the wire: what is sealed must be sent, or the connection given up.
    fn seal(&mut self, kind: FrameKind, body: &mut [u8]) -> FrameKind;
}

/// The peer failed the mechanism: a malformed command, a false proof, a frame that does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Rejected;

impl core::fmt::Display for Rejected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the peer failed the security mechanism")
    }
}

impl core::error::Error for Rejected {}
