//! PUSH: sends to its peers in turn (RFC 30).

use super::balance::Balance;
use super::overload::Policy;
use super::{Pattern, Prefix, Refused, Route, RouteError, Sends, To};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::Storage;
use crate::wire::{PeerInfo, SocketType};

/// The sending end of a pipeline.
pub struct Push<S: Storage> {
    peers: Balance<S>,
}

impl<S: Storage> Push<S> {
    /// A PUSH without peers.
    pub const NEW: Self = Self { peers: Balance::EMPTY };
}

impl<S: Storage> Default for Push<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Push<S> {
    const TYPE: SocketType = SocketType::Push;

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
}

impl<S: Storage> Sends for Push<S> {
    type Audience = S::Slots;

    // RFC 30 "PUSH": with no room anywhere it SHALL block or return an error, and SHALL NOT discard.
    const OVERLOAD: Policy = Policy::Wait;

    // RFC 30 "PUSH": SHALL send to its peers by round-robin.
    #[inline(always)]
    fn route(&mut self, _message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        let to = self.peers.turn().ok_or(RouteError::NoPeer)?;
        Ok(Route { to: To::One(to), skip: 0, prefix: Prefix::Nothing })
    }

    #[inline(always)]
    fn sent(&mut self, to: PeerId) {
        self.peers.took(to);
    }
}
