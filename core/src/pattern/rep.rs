//! REP: takes a request and answers whoever asked (RFC 28).
//!
//! ```text
//!            take: a request             sent
//!   Ready ──────────────────────► Owes ────────► Ready
//!     │                             │ the requester is gone
//!     │ take: of one that is gone   ▼
//!     └──────────────────────────► Freed ──► as Ready, but a reply is refused by name
//! ```

use super::overload::Policy;
use super::{Arrival, Pattern, Prefix, Reason, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Storage, Table};
use crate::wire::{PeerInfo, SocketType};

/// The synchronous server. The executor keeps the envelope of the request that is being answered.
pub struct Rep<S: Storage> {
    peers: S::Table<Entry>,
    turn: Turn,
}

#[derive(Debug)]
struct Entry {
    side: Side,
    room: bool,
    /// It was accepted and its link is lost: what it asked can be taken, and not answered.
    gone: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Ready,
    Owes(PeerId),
    Freed,
}

impl<S: Storage> Rep<S> {
    /// A REP without peers.
    pub const NEW: Self = Self { peers: S::Table::EMPTY, turn: Turn::Ready };

    /// Gives up on answering the request that was taken last.
    pub fn abandon(&mut self) {
        self.turn = Turn::Ready;
    }

    fn forget(&mut self, peer: PeerId) {
        if self.turn == Turn::Owes(peer) {
            self.turn = Turn::Freed;
        }
    }
}

impl<S: Storage> Default for Rep<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Rep<S> {
    const TYPE: SocketType = SocketType::Rep;
    const ALTERNATES: bool = true;

    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused> {
        Ok(self.peers.insert(peer, Entry { side, room: true, gone: false })?)
    }

    fn up(&mut self, _peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        Ok(None)
    }

    fn down(&mut self, peer: PeerId) {
        if let Some(entry) = self.peers.find_mut(peer)
            && entry.side == Side::Accept
        {
            entry.gone = true;
            self.forget(peer);
        }
    }

    fn close(&mut self, peer: PeerId) {
        self.peers.remove(peer);
        self.forget(peer);
    }

    fn room(&mut self, peer: PeerId, room: bool) {
        if let Some(entry) = self.peers.find_mut(peer) {
            entry.room = room;
        }
    }

    fn arrived(&mut self, _peer: PeerId, message: &(impl Parts + ?Sized)) -> Arrival {
        match envelope_len(message) {
            Some(_) => Arrival::Queue,
            None => Arrival::Drop(Reason::BadEnvelope),
        }
    }
}

impl<S: Storage> Sends for Rep<S> {
    type Audience = S::Slots;

    // RFC 28 "REP": SHALL NOT block on sending.
    const OVERLOAD: Policy = Policy::Error;

    // RFC 28 "REP": SHALL deliver a single reply back to the originating peer, its envelope prepended; when that peer
    // is gone it SHALL silently discard the reply or return an error: we do the latter.
    fn overload(policy: Policy) -> Policy {
        policy.turn_kept()
    }

    fn route(&mut self, _message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        match self.turn {
            Turn::Owes(to) => match self.peers.find(to) {
                Some(Entry { room: true, .. }) => Ok(Route { to: To::One(to), skip: 0, prefix: Prefix::Envelope }),
                Some(_) => Err(RouteError::NoPeer),
                None => Err(RouteError::PeerGone),
            },
            Turn::Ready => Err(RouteError::OutOfTurn),
            Turn::Freed => Err(RouteError::PeerGone),
        }
    }

    fn sent(&mut self, _to: PeerId) {
        self.turn = Turn::Ready;
    }
}

impl<S: Storage> Receives for Rep<S> {
    // RFC 28 "REP": SHALL receive and then send exactly one message at a time.
    fn may_take(&self) -> Result<(), TakeError> {
        match self.turn {
            Turn::Ready | Turn::Freed => Ok(()),
            Turn::Owes(_) => Err(TakeError::OutOfTurn),
        }
    }

    // RFC 28 "REP": SHALL store the envelope, all parts up to and including the first empty one, and give the rest.
    fn take(&mut self, peer: PeerId, message: &(impl Parts + ?Sized)) -> Verdict {
        let Some(skip) = envelope_len(message) else { return Verdict::Drop(Reason::BadEnvelope) };
        let gone = self.peers.find(peer).is_none_or(|entry| entry.gone);
        self.turn = if gone { Turn::Freed } else { Turn::Owes(peer) };
        Verdict::Deliver { skip, keep: true }
    }
}

/// How many parts the envelope has; `None` when there is none, or nothing behind it.
fn envelope_len(message: &(impl Parts + ?Sized)) -> Option<usize> {
    let mut parts = message.parts();
    let delimiter = parts.position(<[u8]>::is_empty)?;
    parts.next().map(|_| delimiter + 1)
}
