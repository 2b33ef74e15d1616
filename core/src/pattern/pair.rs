//! PAIR: an exclusive pair of peers (RFC 31).

use super::overload::Policy;
use super::{Arrival, Pattern, Prefix, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::Bits;
use crate::wire::{PeerInfo, SocketType};

/// One end of a conversation of two.
#[derive(Debug, Default)]
pub struct Pair {
    other: Option<Other>,
}

#[derive(Debug)]
struct Other {
    peer: PeerId,
    side: Side,
    up: bool,
    room: bool,
}

impl Pair {
    /// A PAIR without a peer.
    pub const NEW: Self = Self { other: None };

    fn change(&mut self, peer: PeerId, change: impl FnOnce(&mut Other)) {
        if let Some(other) = self.other.as_mut().filter(|other| other.peer == peer) {
            change(other);
        }
    }
}

impl Pattern for Pair {
    const TYPE: SocketType = SocketType::Pair;
    const IN_PIECES: bool = true;

    // RFC 31 "PAIR": SHALL NOT connect to more than one peer. Who was accepted and is gone makes way for the next.
    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused> {
        if self.other.as_ref().is_some_and(|other| other.up || other.side == Side::Connect) {
            return Err(Refused::Taken);
        }
        self.other = Some(Other { peer, side, up: false, room: true });
        Ok(())
    }

    fn up(&mut self, peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        self.change(peer, |other| other.up = true);
        Ok(None)
    }

    fn down(&mut self, peer: PeerId) {
        self.change(peer, |other| other.up = false);
    }

    fn close(&mut self, peer: PeerId) {
        self.other.take_if(|other| other.peer == peer);
    }

    fn room(&mut self, peer: PeerId, room: bool) {
        self.change(peer, |other| other.room = room);
    }

    fn arrived(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Arrival {
        Arrival::Queue
    }
}

impl Sends for Pair {
    type Audience = Bits;

    // RFC 31 "PAIR": without a peer, or without room, it SHALL block or return an error, and SHALL NOT discard.
    const OVERLOAD: Policy = Policy::Wait;

    fn route(&mut self, _message: &(impl Parts + ?Sized)) -> Result<Route<'_, Bits>, RouteError> {
        let ready = |other: &&Other| other.room && (other.up || other.side == Side::Connect);
        let other = self.other.as_ref().filter(ready).ok_or(RouteError::NoPeer)?;
        Ok(Route { to: To::One(other.peer), skip: 0, prefix: Prefix::Nothing })
    }

    fn sent(&mut self, _to: PeerId) {}
}

impl Receives for Pair {
    fn may_take(&self) -> Result<(), TakeError> {
        Ok(())
    }

    // RFC 31 "PAIR": SHALL NOT modify messages in any way.
    fn take(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Verdict {
        Verdict::Deliver { skip: 0, keep: false }
    }
}
