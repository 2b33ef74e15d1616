//! Whom does a message go to, and what of it does the user see?
//!
//! A pattern knows its peers and the parts of the message in hand; it holds no message and no queue. The executor
//! asks, carries out the answer and reports what became of it. Messages are routed and taken whole.

mod balance;
pub mod dealer;
pub mod overload;
pub mod pair;
pub mod publish;
mod publishers;
pub mod pull;
pub mod push;
pub mod rep;
pub mod req;
pub mod rotation;
pub mod router;
pub mod subscribe;
mod subscribers;
pub mod xpub;
pub mod xsub;

pub use dealer::Dealer;
pub use pair::Pair;
pub use publish::Pub;
pub use pull::Pull;
pub use push::Push;
pub use rep::Rep;
pub use req::Req;
pub use router::Router;
pub use subscribe::Sub;
pub use subscribers::TopicLimits;
pub use xpub::{Verbosity, Xpub};
pub use xsub::Xsub;

use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Full as TopicsFull, Slots};
use crate::wire::{PeerInfo, SocketType, Subscription};
use overload::Policy;

/// What every socket type does: keep track of its peers.
pub trait Pattern {
    /// The type that the metadata names.
    const TYPE: SocketType;
    /// Whether it listens to subscriptions. One in a command arrives as the message that says the same.
    const LISTENS: bool = false;
    /// Whether a message that was sent is followed by one that is received, so that there is nothing to gather (RFC 28: REQ,
    /// REP).
    const ALTERNATES: bool = false;
    /// Whether peers are known by what they call themselves; otherwise [`Pattern::up`] does not look at it, and displaces
    /// nobody.
    const NAMED: bool = false;
    /// Whether the user may be shown a message before the whole of it has arrived.
    const IN_PIECES: bool = false;

    /// A queue for the peer exists: from `connect`, or from the handshake of one that was accepted.
    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused>;

    /// The handshake is over. A displaced peer comes back: its link is to be closed.
    fn up(&mut self, peer: PeerId, info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused>;

    /// The link is lost. What the peer sent before may still be taken.
    fn down(&mut self, peer: PeerId);

    /// The queue is gone, and with it the peer.
    fn close(&mut self, peer: PeerId);

    /// The queue of what is to be sent to the peer has room again, or has no more.
    fn room(&mut self, _peer: PeerId, _room: bool) {}

    /// Judges what needs no turn, when a message arrives. A type that only sends takes none.
    fn arrived(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Arrival {
        Arrival::Drop(Reason::NotForUs)
    }

    /// What the peer is to be told next of what is wanted here. What comes back must be sent.
    fn poll_subscription(&mut self, _peer: PeerId) -> Option<Subscription<'_>> {
        None
    }

    /// The peer is gone, and all that it sent was judged: a topic whose cancel the user is to be shown for that, behind
    /// the peer's messages. Ask until there is none.
    fn poll_cancelled(&mut self, _peer: PeerId) -> Option<&[u8]> {
        None
    }
}

/// What the socket types do that send.
pub trait Sends: Pattern {
    /// The peers that one message may go to.
    type Audience: Slots;

    /// Whether messages go to all peers that want them; otherwise each goes to one.
    const TO_ALL: bool = false;

    /// What a full queue does unless the user says otherwise.
    const OVERLOAD: Policy;

    /// Takes a message that says what is wanted here; `None` for any other. When it is taken, there is something for
    /// [`Pattern::poll_subscription`].
    fn handle_subscription(&mut self, _message: &(impl Parts + ?Sized)) -> Option<Result<(), TopicsFull>> {
        None
    }

    /// Whom the message goes to. A question only: nothing changes until `sent`.
    fn route(&mut self, message: &(impl Parts + ?Sized)) -> Result<Route<'_, Self::Audience>, RouteError>;

    /// What becomes of a policy that the user chose. A type that keeps turns never drops a message: the turn would wait for
    /// an answer to a message that nobody got.
    fn overload(policy: Policy) -> Policy {
        policy
    }

    /// A message was put into the queue of the peer that `route` named.
    fn sent(&mut self, to: PeerId);
}

/// What the socket types do that publish.
pub trait Publishes: Sends {
    /// How many peers want a message with this first part.
    fn subscribers(&mut self, subject: &[u8]) -> usize;
}

/// What the socket types do that receive.
pub trait Receives: Pattern {
    /// Whether the user may take a message now.
    fn may_take(&self) -> Result<(), TakeError>;

    /// Judges a message when the user takes it, and enters the turn that it begins or ends.
    fn take(&mut self, peer: PeerId, message: &(impl Parts + ?Sized)) -> Verdict;

    /// What the user sees before the parts of this peer's messages.
    fn identity(&self, _peer: PeerId) -> Option<Identity<'_>> {
        None
    }
}

/// Where a message goes and what it becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route<'a, A> {
    /// Whose queue takes it.
    pub to: To<'a, A>,
    /// How many leading parts only said where to, and stay here.
    pub skip: usize,
    /// What goes before the rest.
    pub prefix: Prefix,
}

/// Whose queues take a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To<'a, A> {
    /// That of one peer, which has room as far as the pattern knows.
    One(PeerId),
    /// Those of all these peers, by slot; of nobody, perhaps.
    All(&'a A),
}

/// Parts that go before a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prefix {
    /// None.
    Nothing,
    /// One empty part.
    Delimiter,
    /// A part that numbers the request, and an empty one.
    Request(RequestId),
    /// The parts that were kept when the request was taken.
    Envelope,
}

/// The number of a request, as its first part.
pub type RequestId = [u8; 4];

/// What becomes of a message that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// It waits in the peer's queue until the user takes it.
    Queue,
    /// It was for the pattern, or nobody here wants it.
    Consumed,
    /// A subscription to everything waits in its place, and [`Reason::Widened`] is counted.
    Widened,
    /// It is dropped.
    Drop(Reason),
}

/// What becomes of a message when the user takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The user sees it.
    Deliver {
        /// How many leading parts the user does not see.
        skip: usize,
        /// Whether those parts are to be kept for the reply.
        keep: bool,
    },
    /// It is dropped.
    Drop(Reason),
    /// It is dropped, and its peer with it.
    Close(Reason),
}

/// What a ROUTER calls a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Identity<'a> {
    /// A name that the peer chose.
    Chosen(&'a [u8]),
    /// A name that we made for it.
    Made([u8; 5]),
}

impl AsRef<[u8]> for Identity<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Chosen(name) => name,
            Self::Made(name) => name,
        }
    }
}

/// Why a message was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Reason {
    /// A reply that no request waits for: late, doubled, or from a peer that was not asked.
    Unasked,
    /// A request or reply without the envelope that RFC 28 asks for.
    BadEnvelope,
    /// The queue was full, and the policy was to drop it.
    QueueFull,
    /// A newer message of the same topic took its place: see [`Policy::KeepLatest`].
    Replaced,
    /// A message to a socket that only sends.
    NotForUs,
    /// A subscription for which there was no room: its peer is given everything instead.
    Widened,
    /// A message that was accepted, whose peer left before it was sent; or one that came from a peer that left, and was in
    /// the way of others and not taken: see [`crate::socket::Links::detach`].
    Undelivered,
}

/// Why a peer is not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refused {
    /// The table of peers is full.
    NoRoom,
    /// The identity is longer than this socket can keep.
    IdentityTooLong,
    /// A PAIR has one peer at most, and it has one.
    Taken,
}

/// Why a message goes nowhere. It was not taken over: it is still the caller's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RouteError {
    /// There is no peer, or none whose queue has room. Later there may be.
    NoPeer,
    /// No peer has that identity.
    UnknownIdentity,
    /// A ROUTER's message is an identity and at least one part behind it.
    NoBody,
    /// A REQ awaits its reply, or a REP has no request to answer.
    OutOfTurn,
    /// The peer that is to be answered is gone; the turn is over.
    PeerGone,
    /// An XSUB has no room for the topic, or it is longer than this socket can keep.
    NoRoomForTopic,
}

/// Why nothing can be taken, however long one waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TakeError {
    /// A REQ has asked nothing, or a REP owes a reply.
    OutOfTurn,
    /// The peer that was asked is gone and its reply with it; the turn is over.
    PeerGone,
}

/// How many messages were dropped, by reason. Each wraps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Drops {
    /// See [`Reason::Unasked`].
    pub unasked: u32,
    /// See [`Reason::BadEnvelope`].
    pub bad_envelope: u32,
    /// See [`Reason::QueueFull`].
    pub queue_full: u32,
    /// See [`Reason::Replaced`].
    pub replaced: u32,
    /// See [`Reason::NotForUs`].
    pub not_for_us: u32,
    /// See [`Reason::Widened`].
    pub widened: u32,
    /// See [`Reason::Undelivered`].
    pub undelivered: u32,
}

impl Drops {
    /// Nothing dropped.
    pub const NONE: Self =
        Self { unasked: 0, bad_envelope: 0, queue_full: 0, replaced: 0, not_for_us: 0, widened: 0, undelivered: 0 };

    /// Counts one message.
    pub fn count(&mut self, reason: Reason) {
        self.count_many(reason, 1);
    }

    /// Counts messages that were dropped for one reason.
    pub fn count_many(&mut self, reason: Reason, messages: usize) {
        let counter = match reason {
            Reason::Unasked => &mut self.unasked,
            Reason::BadEnvelope => &mut self.bad_envelope,
            Reason::QueueFull => &mut self.queue_full,
            Reason::Replaced => &mut self.replaced,
            Reason::NotForUs => &mut self.not_for_us,
            Reason::Widened => &mut self.widened,
            Reason::Undelivered => &mut self.undelivered,
        };
        *counter = counter.wrapping_add(messages as u32);
    }
}

impl core::ops::AddAssign for Drops {
    fn add_assign(&mut self, more: Self) {
        let Self { unasked, bad_envelope, queue_full, replaced, not_for_us, widened, undelivered } = more;
        for (counter, more) in [
            (&mut self.unasked, unasked),
            (&mut self.bad_envelope, bad_envelope),
            (&mut self.queue_full, queue_full),
            (&mut self.replaced, replaced),
            (&mut self.not_for_us, not_for_us),
            (&mut self.widened, widened),
            (&mut self.undelivered, undelivered),
        ] {
            *counter = counter.wrapping_add(more);
        }
    }
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Unasked => "a reply that no request waits for",
            Self::BadEnvelope => "a request or reply without its envelope",
            Self::QueueFull => "a message for which the queue had no room",
            Self::Replaced => "a message that a newer one replaced",
            Self::NotForUs => "a message to a socket that only sends",
            Self::Widened => "a subscription for which there was no room",
            Self::Undelivered => "a message whose peer left before it was sent",
        })
    }
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoRoom => "no room for another peer",
            Self::IdentityTooLong => "the identity is longer than this socket can keep",
            Self::Taken => "a PAIR has one peer at most, and it has one",
        })
    }
}

impl core::fmt::Display for RouteError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoPeer => "no peer has room for the message",
            Self::UnknownIdentity => "no peer has that identity",
            Self::NoBody => "a router's message is an identity and at least one part behind it",
            Self::OutOfTurn => "out of turn: a REQ awaits its reply, or a REP has no request to answer",
            Self::PeerGone => "the peer that is to be answered is gone",
            Self::NoRoomForTopic => "no room for another topic, or the topic is too long",
        })
    }
}

impl core::fmt::Display for TakeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::OutOfTurn => "out of turn: a REQ has asked nothing, or a REP owes a reply",
            Self::PeerGone => "the peer that was asked is gone",
        })
    }
}

impl core::error::Error for Refused {}
impl core::error::Error for RouteError {}
impl core::error::Error for TakeError {}

impl From<crate::storage::Full> for Refused {
    fn from(_: crate::storage::Full) -> Self {
        Self::NoRoom
    }
}
