//! PULL: takes from its peers in turn (RFC 30).

use super::{Arrival, Pattern, Receives, Refused, TakeError, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::wire::{PeerInfo, SocketType};

/// The receiving end of a pipeline. It knows nothing of its peers: fair queuing is the executor's circle.
#[derive(Debug, Default)]
pub struct Pull;

impl Pattern for Pull {
    const TYPE: SocketType = SocketType::Pull;
    const IN_PIECES: bool = true;

    fn open(&mut self, _peer: PeerId, _side: Side) -> Result<(), Refused> {
        Ok(())
    }

    fn up(&mut self, _peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        Ok(None)
    }

    fn down(&mut self, _peer: PeerId) {}

    fn close(&mut self, _peer: PeerId) {}

    #[inline]
    fn arrived(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Arrival {
        Arrival::Queue
    }
}

impl Receives for Pull {
    #[inline]
    fn may_take(&self) -> Result<(), TakeError> {
        Ok(())
    }

    // RFC 30 "PULL": SHALL NOT modify messages.
    #[inline]
    fn take(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Verdict {
        Verdict::Deliver { skip: 0, keep: false }
    }
}
