//! PUB: sends each message to all who subscribed to it (RFC 29).

use super::overload::Policy;
use super::{Arrival, Pattern, Prefix, Reason, Refused, Route, RouteError, Sends, To};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Slots, Storage, Topics};
use crate::wire::{PeerInfo, SocketType, Subscription};

/// The publisher.
pub struct Pub<S: Storage> {
    topics: S::Topics,
    matching: S::Slots,
    limits: TopicLimits,
}

/// How much a publisher keeps for each of its peers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TopicLimits {
    /// Topics of one peer.
    pub topics: usize,
    /// Octets of one topic.
    pub octets: usize,
}

impl<S: Storage> Pub<S> {
    /// A PUB without peers, which keeps as many topics as its storage holds.
    pub const NEW: Self = Self::new(TopicLimits { topics: usize::MAX, octets: usize::MAX });

    /// A PUB without peers.
    pub const fn new(limits: TopicLimits) -> Self {
        Self { topics: S::Topics::EMPTY, matching: S::Slots::EMPTY, limits }
    }

    /// How many peers want a message with this first part.
    pub fn subscribers(&mut self, subject: &[u8]) -> usize {
        self.find(subject).iter().count()
    }

    fn find(&mut self, subject: &[u8]) -> &S::Slots {
        self.matching.clear();
        self.topics.collect(subject, &mut self.matching);
        &self.matching
    }

    fn has_room(&self, topic: &[u8], peer: PeerId) -> bool {
        topic.len() <= self.limits.octets && self.topics.count(peer) < self.limits.topics
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

    fn up(&mut self, _peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        Ok(None)
    }

    // Who comes back says again what it wants.
    fn down(&mut self, peer: PeerId) {
        self.topics.forget(peer);
    }

    fn close(&mut self, peer: PeerId) {
        self.topics.forget(peer);
    }

    // RFC 29 "PUB": SHALL silently discard messages from subscribers.
    fn arrived(&mut self, peer: PeerId, message: &(impl Parts + ?Sized)) -> Arrival {
        match message.parts().next().and_then(Subscription::from_message) {
            Some(subscription) => self.subscription(peer, &subscription),
            None => Arrival::Drop(Reason::NotForUs),
        }
    }

    // A peer cannot be told that there is no room for its topic (ZMTP has no word for it): it is given everything, and
    // filters what it receives.
    fn subscription(&mut self, peer: PeerId, subscription: &Subscription<'_>) -> Arrival {
        let Subscription { topic, wanted } = *subscription;
        if !wanted {
            self.topics.remove(topic, peer);
        } else if !self.has_room(topic, peer) || self.topics.add(topic, peer).is_err() {
            self.topics.widen(peer);
            return Arrival::Drop(Reason::Widened);
        }
        Arrival::Consumed
    }
}

impl<S: Storage> Sends for Pub<S> {
    type Audience = S::Slots;

    // RFC 29 "PUB": SHALL NOT block on sending; SHALL drop for a subscriber whose queue is full.
    const OVERLOAD: Policy = Policy::DropNewest;

    // RFC 29 "PUB": SHALL perform a binary comparison of the subscription against the start of the first frame.
    fn route(&mut self, message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        let subject = message.parts().next().unwrap_or_default();
        Ok(Route { to: To::All(self.find(subject)), skip: 0, prefix: Prefix::Nothing })
    }

    fn sent(&mut self, _to: PeerId) {}
}
