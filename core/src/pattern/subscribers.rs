//! Who wants what a PUB or an XPUB publishes?

use crate::message::Parts;
use crate::peer::PeerId;
use crate::storage::{Slots, Storage, TopicChange, Topics};
use crate::wire::Subscription;

/// How much a publisher keeps of what its peers want.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TopicLimits {
    /// Topics of one peer.
    pub topics: usize,
    /// Octets of one topic.
    pub octets: usize,
    /// Octets of memory that the topics of all peers take, about.
    pub memory: usize,
}

impl TopicLimits {
    /// As many topics as the storage holds.
    pub const NONE: Self = Self { topics: usize::MAX, octets: usize::MAX, memory: usize::MAX };
}

/// The peers of a publisher and what each of them wants.
pub(super) struct Subscribers<S: Storage> {
    pub(super) topics: S::Topics,
    up: S::Slots,
    matching: S::Slots,
    /// With what holds them, so that it is linked only for who has limits.
    limits: Option<(TopicLimits, HasRoom<S>)>,
}

type HasRoom<S> = fn(&<S as Storage>::Topics, &TopicLimits, &[u8], PeerId) -> bool;

/// What a message from a peer came to.
pub(super) enum Heard {
    /// It is no subscription.
    Message,
    /// A subscription of a peer whose connection is gone, and with it all that it wants.
    TooLate,
    /// The peer wants a topic, or not any more.
    Subscription { wanted: bool, change: TopicChange },
    /// There was no room for the topic: the peer is given everything.
    Widened { change: TopicChange },
}

impl<S: Storage> Subscribers<S> {
    /// Nobody; as many topics as the storage holds.
    pub(super) const NEW: Self =
        Self { topics: S::Topics::EMPTY, up: S::Slots::EMPTY, matching: S::Slots::EMPTY, limits: None };

    pub(super) const fn new(limits: TopicLimits) -> Self {
        Self {
            topics: S::Topics::EMPTY,
            up: S::Slots::EMPTY,
            matching: S::Slots::EMPTY,
            limits: Some((limits, has_room::<S>)),
        }
    }

    pub(super) fn up(&mut self, peer: PeerId) {
        self.up.set(peer.slot(), true);
    }

    /// Nothing more is sent to the peer, who says again what it wants when it comes back.
    pub(super) fn down(&mut self, peer: PeerId) {
        self.up.set(peer.slot(), false);
    }

    /// Those who want a message with this first part.
    // RFC 29 "PUB": SHALL perform a binary comparison of the subscription against the start of the first frame.
    pub(super) fn of(&mut self, subject: &[u8]) -> &S::Slots {
        self.matching.clear();
        self.topics.collect(subject, &mut self.matching);
        self.matching.keep_only(&self.up);
        &self.matching
    }

    /// Reads a message from a peer. One that cannot be told that there is no room for its topic, for ZMTP has no word for
    /// it, is given everything, and filters what it receives.
    pub(super) fn hear(&mut self, peer: PeerId, message: &(impl Parts + ?Sized)) -> Heard {
        let Some(subscription) = message.parts().next().and_then(Subscription::from_message) else {
            return Heard::Message;
        };
        if !self.up.contains(peer.slot()) {
            return Heard::TooLate;
        }
        let Subscription { topic, wanted } = subscription;
        if !wanted {
            return Heard::Subscription { wanted, change: self.topics.remove(topic, peer) };
        }
        if self.limits.as_ref().is_none_or(|(limits, has_room)| has_room(&self.topics, limits, topic, peer))
            && let Ok(change) = self.topics.add(topic, peer)
        {
            return Heard::Subscription { wanted, change };
        }
        match self.topics.widen(peer) {
            Some(change) => Heard::Widened { change },
            None => Heard::Subscription { wanted, change: TopicChange::Nothing },
        }
    }
}

fn has_room<S: Storage>(kept: &S::Topics, limits: &TopicLimits, topic: &[u8], peer: PeerId) -> bool {
    topic.len() <= limits.octets && kept.count(peer) < limits.topics && kept.memory() < limits.memory
}
