//! REQ: asks one of its peers and awaits that peer's reply (RFC 28).
//!
//! ```text
//!              sent                    take: the reply
//!   Ready ───────────► Awaiting ───────────────────────► Ready
//!     ▲                │  │   ▲
//!     │                │  └───┘ sent again, when relaxed: the former reply is now unasked for
//!     │    sent        ▼
//!     └─────────────  Lost   the peer that was asked is gone for good
//! ```

use super::balance::Balance;
use super::overload::Policy;
use super::{
    Arrival, Pattern, Prefix, Reason, Receives, Refused, RequestId, Route, RouteError, Sends, TakeError, To, Verdict,
};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::Storage;
use crate::wire::{PeerInfo, SocketType};

/// The synchronous client.
pub struct Req<S: Storage> {
    peers: Balance<S>,
    mode: Mode,
    turn: Turn,
    next_id: u32,
}

/// How strictly a REQ keeps to send, receive, send, receive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A new request may be sent at any time and gives up the former. Requests are numbered, so that the reply to a
    /// former one is never taken for the reply to this one.
    Relaxed,
    /// A request is sent only when the reply to the former was taken. Requests are not numbered: what RFC 28 says to
    /// the letter.
    Strict,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Ready,
    /// `answered`: a reply has arrived, and waits to be taken.
    Awaiting {
        asked: PeerId,
        id: u32,
        answered: bool,
    },
    Lost,
}

impl<S: Storage> Req<S> {
    /// A REQ without peers. `first_id` numbers its first request; a random one keeps the replies to a former life of
    /// this program apart.
    pub const fn new(mode: Mode, first_id: u32) -> Self {
        Self { peers: Balance::EMPTY, mode, turn: Turn::Ready, next_id: first_id }
    }

    /// The reply was malformed: its peer is left, and the turn is over.
    fn give_up(&mut self) -> Verdict {
        self.turn = Turn::Lost;
        Verdict::Close(Reason::BadEnvelope)
    }

    fn prefix(&self) -> Prefix {
        match self.mode {
            Mode::Relaxed => Prefix::Request(request_id(self.next_id)),
            Mode::Strict => Prefix::Delimiter,
        }
    }
}

impl<S: Storage> Pattern for Req<S> {
    const TYPE: SocketType = SocketType::Req;
    const ALTERNATES: bool = true;
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
        if matches!(self.turn, Turn::Awaiting { asked, .. } if asked == peer) {
            self.turn = Turn::Lost;
        }
    }

    fn room(&mut self, peer: PeerId, room: bool) {
        self.peers.room(peer, room);
    }

    fn arrived(&mut self, peer: PeerId, _message: &(impl Parts + ?Sized)) -> Arrival {
        match &mut self.turn {
            // Without numbers a second reply could not be told from the reply to the next request.
            Turn::Awaiting { asked, answered, .. } if *asked == peer && (self.mode == Mode::Relaxed || !*answered) => {
                *answered = true;
                Arrival::Queue
            }
            // RFC 28 "REQ": SHALL accept a reply only from the last peer asked, and discard others silently.
            _ => Arrival::Drop(Reason::Unasked),
        }
    }
}

impl<S: Storage> Sends for Req<S> {
    type Audience = S::Slots;

    // RFC 28 "REQ": with no available peer it SHALL block or return an error, and SHALL NOT discard.
    const OVERLOAD: Policy = Policy::Wait;

    fn overload(policy: Policy) -> Policy {
        policy.turn_kept()
    }

    fn route(&mut self, _message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        // RFC 28 "REQ": SHALL send and then receive exactly one message at a time.
        if self.mode == Mode::Strict && matches!(self.turn, Turn::Awaiting { .. }) {
            return Err(RouteError::OutOfTurn);
        }
        // RFC 28 "REQ": SHALL send by round-robin, and SHALL prefix an empty delimiter.
        let to = self.peers.turn().ok_or(RouteError::NoPeer)?;
        Ok(Route { to: To::One(to), skip: 0, prefix: self.prefix() })
    }

    fn sent(&mut self, to: PeerId) {
        self.peers.took(to);
        self.turn = Turn::Awaiting { asked: to, id: self.next_id, answered: false };
        self.next_id = self.next_id.wrapping_add(1);
    }
}

impl<S: Storage> Receives for Req<S> {
    fn may_take(&self) -> Result<(), TakeError> {
        match self.turn {
            Turn::Awaiting { .. } => Ok(()),
            Turn::Ready => Err(TakeError::OutOfTurn),
            Turn::Lost => Err(TakeError::PeerGone),
        }
    }

    fn take(&mut self, peer: PeerId, message: &(impl Parts + ?Sized)) -> Verdict {
        let Turn::Awaiting { asked, id, .. } = self.turn else { return Verdict::Drop(Reason::Unasked) };
        if asked != peer {
            return Verdict::Drop(Reason::Unasked);
        }
        let mut parts = message.parts();
        if self.mode == Mode::Relaxed {
            match parts.next() {
                Some(number) if number == request_id(id) => (),
                Some(number) if number.is_empty() || number.len() == size_of::<RequestId>() => {
                    return Verdict::Drop(Reason::Unasked);
                }
                _ => return self.give_up(),
            }
        }
        // RFC 28 "REQ": SHALL strip the delimiter. libzmq closes the connection of a peer that sends none.
        if parts.next() != Some(&[]) || parts.next().is_none() {
            return self.give_up();
        }
        self.turn = Turn::Ready;
        Verdict::Deliver { skip: if self.mode == Mode::Relaxed { 2 } else { 1 }, keep: false }
    }
}

const fn request_id(id: u32) -> RequestId {
    id.to_be_bytes()
}
