//! PUB: sends each message to all who subscribed to it (RFC 29).

use super::overload::Policy;
use super::subscribers::{Heard, Subscribers, TopicLimits};
use super::{Arrival, Pattern, Prefix, Publishes, Reason, Refused, Route, RouteError, Sends, To};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Slots, Storage, Topics};
use crate::wire::{PeerInfo, SocketType};

/// The publisher.
pub struct Pub<S: Storage> {
    subscribers: Subscribers<S>,
}

impl<S: Storage> Pub<S> {
    /// A PUB without peers, which keeps as many topics as its storage holds.
    pub const NEW: Self = Self { subscribers: Subscribers::NEW };

    /// A PUB without peers.
    pub const fn new(limits: TopicLimits) -> Self {
        Self { subscribers: Subscribers::new(limits) }
    }
}

impl<S: Storage> Default for Pub<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Pub<S> {
    const TYPE: SocketType = SocketType::Pub;
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
        self.subscribers.topics.forget(peer);
    }

    fn close(&mut self, peer: PeerId) {
        self.down(peer);
    }

    // RFC 29 "PUB": SHALL silently discard messages from subscribers.
    fn arrived(&mut self, peer: PeerId, message: &(impl Parts + ?Sized)) -> Arrival {
        match self.subscribers.hear(peer, message) {
            Heard::Message => Arrival::Drop(Reason::NotForUs),
            Heard::TooLate | Heard::Subscription { .. } => Arrival::Consumed,
            Heard::Widened { .. } => {
                // The room of what it wanted before is for others.
                self.subscribers.topics.forget(peer);
                self.subscribers.topics.widen(peer);
                Arrival::Drop(Reason::Widened)
            }
        }
    }
}

impl<S: Storage> Sends for Pub<S> {
    type Audience = S::Slots;

    const TO_ALL: bool = true;

    // RFC 29 "PUB": SHALL NOT block on sending; SHALL drop for a subscriber whose queue is full.
    const OVERLOAD: Policy = Policy::DropNewest;

    fn route(&mut self, message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        let subject = message.parts().next().unwrap_or_default();
        Ok(Route { to: To::All(self.subscribers.of(subject)), skip: 0, prefix: Prefix::Nothing })
    }

    fn sent(&mut self, _to: PeerId) {}
}

impl<S: Storage> Publishes for Pub<S> {
    fn subscribers(&mut self, subject: &[u8]) -> usize {
        self.subscribers.of(subject).iter().count()
    }
}
