//! XPUB: a PUB that shows who wants what, and receives (RFC 29).

use super::overload::Policy;
use super::subscribers::{Heard, Subscribers, TopicLimits};
use super::{
    Arrival, Pattern, Prefix, Publishes, Reason, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict,
};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Slots, Storage, TopicChange, Topics};
use crate::wire::{PeerInfo, SocketType};

/// The publisher whose user is shown subscriptions, as messages of one part: the octet 1 and the topic, or the octet 0
/// and a topic that is not wanted any more.
pub struct Xpub<S: Storage> {
    subscribers: Subscribers<S>,
    verbosity: Verbosity,
}

/// Which subscriptions an XPUB shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verbosity {
    /// A topic's first subscription and its last cancel: what a forwarder passes on.
    #[default]
    Changes,
    /// All subscriptions, those that say again what is known too, and the last cancels (libzmq's `ZMQ_XPUB_VERBOSE`).
    Subscriptions,
    /// All subscriptions and all cancels (libzmq's `ZMQ_XPUB_VERBOSER`).
    Everything,
}

impl<S: Storage> Xpub<S> {
    /// An XPUB without peers, which keeps as many topics as its storage holds and shows changes.
    pub const NEW: Self = Self { subscribers: Subscribers::NEW, verbosity: Verbosity::Changes };

    /// An XPUB without peers.
    pub const fn new(limits: TopicLimits, verbosity: Verbosity) -> Self {
        Self { subscribers: Subscribers::new(limits), verbosity }
    }

    fn shows(&self, wanted: bool, change: TopicChange) -> bool {
        change == TopicChange::Topic
            || match self.verbosity {
                Verbosity::Changes => false,
                Verbosity::Subscriptions => wanted,
                Verbosity::Everything => true,
            }
    }
}

impl<S: Storage> Default for Xpub<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Xpub<S> {
    const TYPE: SocketType = SocketType::Xpub;
    const LISTENS: bool = true;

    fn open(&mut self, _peer: PeerId, _side: Side) -> Result<(), Refused> {
        Ok(())
    }

    fn up(&mut self, peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        self.subscribers.up(peer);
        Ok(None)
    }

    fn down(&mut self, peer: PeerId) {
        self.subscribers.down(peer);
    }

    fn close(&mut self, peer: PeerId) {
        self.subscribers.down(peer);
        self.subscribers.topics.forget(peer);
    }

    // RFC 29 "XPUB": SHALL deliver subscriptions and cancels to its calling application, and receive messages.
    fn arrived(&mut self, peer: PeerId, message: &(impl Parts + ?Sized)) -> Arrival {
        let (wanted, change) = match self.subscribers.hear(peer, message) {
            Heard::Message => return Arrival::Queue,
            Heard::TooLate => return Arrival::Consumed,
            Heard::Subscription { wanted, change } => (wanted, change),
            Heard::Widened { change } if self.shows(true, change) => return Arrival::Widened,
            Heard::Widened { .. } => return Arrival::Drop(Reason::Widened),
        };
        // What stands behind a subscription in one message is for the user in any case.
        let is_more = message.parts().nth(1).is_some();
        if is_more || self.shows(wanted, change) { Arrival::Queue } else { Arrival::Consumed }
    }

    // RFC 29 "XPUB": SHALL send an unsubscribe to its calling application for each subscription of a peer that is gone.
    fn poll_cancelled(&mut self, peer: PeerId) -> Option<&[u8]> {
        self.subscribers.topics.forget_next(peer, self.verbosity == Verbosity::Everything)
    }
}

impl<S: Storage> Sends for Xpub<S> {
    type Audience = S::Slots;

    const TO_ALL: bool = true;

    // RFC 29 "XPUB": SHALL NOT block on sending; SHALL drop for a subscriber whose queue is full.
    const OVERLOAD: Policy = Policy::DropNewest;

    fn route(&mut self, message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        let subject = message.parts().next().unwrap_or_default();
        Ok(Route { to: To::All(self.subscribers.of(subject)), skip: 0, prefix: Prefix::Nothing })
    }

    fn sent(&mut self, _to: PeerId) {}
}

impl<S: Storage> Receives for Xpub<S> {
    fn may_take(&self) -> Result<(), TakeError> {
        Ok(())
    }

    fn take(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Verdict {
        Verdict::Deliver { skip: 0, keep: false }
    }
}

impl<S: Storage> Publishes for Xpub<S> {
    fn subscribers(&mut self, subject: &[u8]) -> usize {
        self.subscribers.of(subject).iter().count()
    }
}
