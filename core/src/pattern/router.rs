//! ROUTER: shows who sent a message and sends to whom it is told (RFC 28).

use super::overload::Policy;
use super::{Arrival, Identity, Pattern, Prefix, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Names, Storage, Table};
use crate::wire::{PeerInfo, SocketType};

/// The asynchronous server.
pub struct Router<S: Storage> {
    peers: S::Table<Entry>,
    names: S::Names,
}

#[derive(Debug)]
struct Entry {
    side: Side,
    /// Whether a message can be addressed to it: from its first handshake, and for an accepted peer until its link is
    /// lost.
    known: bool,
    room: bool,
}

impl<S: Storage> Router<S> {
    /// A ROUTER without peers.
    pub const NEW: Self = Self { peers: S::Table::EMPTY, names: S::Names::EMPTY };

    fn find(&self, identity: &[u8]) -> Option<PeerId> {
        match made(identity) {
            Some(peer) if self.names.of(peer).is_none() => Some(peer),
            Some(_) => None,
            None => self.names.find(identity),
        }
    }
}

impl<S: Storage> Default for Router<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Router<S> {
    const TYPE: SocketType = SocketType::Router;
    const NAMED: bool = true;
    const IN_PIECES: bool = true;

    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused> {
        Ok(self.peers.insert(peer, Entry { side, known: false, room: true })?)
    }

    // RFC 28 "ROUTER": SHALL identify each queue by a unique identity, chosen by the peer or made here. A newcomer with
    // an identity that is taken is the same peer come back over a new connection, and displaces the old one.
    fn up(&mut self, peer: PeerId, info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        self.names.remove(peer);
        let mut displaced = None;
        if !info.identity.is_empty() {
            displaced = self.names.insert(info.identity, peer).map_err(|_| Refused::IdentityTooLong)?;
        }
        if let Some(entry) = self.peers.find_mut(peer) {
            entry.known = true;
        }
        if let Some(entry) = displaced.and_then(|displaced| self.peers.find_mut(displaced)) {
            entry.known = false;
        }
        Ok(displaced)
    }

    fn down(&mut self, peer: PeerId) {
        if let Some(entry) = self.peers.find_mut(peer)
            && entry.side == Side::Accept
        {
            entry.known = false;
        }
    }

    fn close(&mut self, peer: PeerId) {
        self.peers.remove(peer);
        self.names.remove(peer);
    }

    fn room(&mut self, peer: PeerId, room: bool) {
        if let Some(entry) = self.peers.find_mut(peer) {
            entry.room = room;
        }
    }

    fn arrived(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Arrival {
        Arrival::Queue
    }
}

impl<S: Storage> Sends for Router<S> {
    type Audience = S::Slots;

    // RFC 28 "ROUTER": a full queue SHALL NOT block; the user is told.
    const OVERLOAD: Policy = Policy::Error;

    // RFC 28 "ROUTER": SHALL remove the first part and use it as the identity of the peer to send to.
    fn route(&mut self, message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        let mut parts = message.parts();
        let to = parts.next().and_then(|identity| self.find(identity)).ok_or(RouteError::UnknownIdentity)?;
        if parts.next().is_none() {
            return Err(RouteError::NoBody);
        }
        match self.peers.find(to) {
            Some(Entry { known: true, room: true, .. }) => {
                Ok(Route { to: To::One(to), skip: 1, prefix: Prefix::Nothing })
            }
            Some(Entry { known: true, room: false, .. }) => Err(RouteError::NoPeer),
            _ => Err(RouteError::UnknownIdentity),
        }
    }

    fn sent(&mut self, _to: PeerId) {}
}

impl<S: Storage> Receives for Router<S> {
    fn may_take(&self) -> Result<(), TakeError> {
        Ok(())
    }

    fn take(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Verdict {
        Verdict::Deliver { skip: 0, keep: false }
    }

    // RFC 28 "ROUTER": SHALL prefix the message with the identity of the peer that sent it.
    fn identity(&self, peer: PeerId) -> Option<Identity<'_>> {
        Some(self.names.of(peer).map_or_else(|| Identity::Made(make(peer)), Identity::Chosen))
    }
}

/// The identity of a peer that chose none: a zero octet, which no chosen one begins with, and the peer itself. So it is
/// found without a search.
const fn make(peer: PeerId) -> [u8; 5] {
    let ([a, b], [c, d]) = (peer.slot().to_be_bytes(), peer.turn().to_be_bytes());
    [0, a, b, c, d]
}

fn made(identity: &[u8]) -> Option<PeerId> {
    let &[0, a, b, c, d] = identity else { return None };
    Some(PeerId::new(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}
