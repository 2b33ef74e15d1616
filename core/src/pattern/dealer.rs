//! DEALER: sends to its peers in turn and takes from them in turn, without an envelope (RFC 28).

use super::balance::Balance;
use super::overload::Policy;
use super::{Arrival, Pattern, Prefix, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::Storage;
use crate::wire::{PeerInfo, SocketType};

/// The asynchronous client.
pub struct Dealer<S: Storage> {
    peers: Balance<S>,
}

impl<S: Storage> Dealer<S> {
    /// A DEALER without peers.
    pub const NEW: Self = Self { peers: Balance::EMPTY };
}

impl<S: Storage> Default for Dealer<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Dealer<S> {
    const TYPE: SocketType = SocketType::Dealer;
    const IN_PIECES: bool = true;

    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused> {
        self.peers.open(peer, side)
    }

    fn up(&mut self, peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        self.peers.up(peer);
        Ok(None)
    }

    fn down(&mut self, peer: PeerId) {
        self.peers.down(peer);
    }

    fn close(&mut self, peer: PeerId) {
        self.peers.close(peer);
    }

    fn room(&mut self, peer: PeerId, room: bool) {
        self.peers.room(peer, room);
    }

    fn arrived(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Arrival {
        Arrival::Queue
    }
}

impl<S: Storage> Sends for Dealer<S> {
    type Audience = S::Slots;

    // RFC 28 "DEALER": with no available peer it SHALL block or return an error, and SHALL NOT discard.
    const OVERLOAD: Policy = Policy::Wait;

    // RFC 28 "DEALER": SHALL consider a peer available only when its queue is not full, and round-robin over those.
    fn route(&mut self, _message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        let to = self.peers.turn().ok_or(RouteError::NoPeer)?;
        Ok(Route { to: To::One(to), skip: 0, prefix: Prefix::Nothing })
    }

    fn sent(&mut self, to: PeerId) {
        self.peers.took(to);
    }
}

impl<S: Storage> Receives for Dealer<S> {
    fn may_take(&self) -> Result<(), TakeError> {
        Ok(())
    }

    // RFC 28 "DEALER": SHALL NOT modify messages in any way.
    fn take(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Verdict {
        Verdict::Deliver { skip: 0, keep: false }
    }
}
