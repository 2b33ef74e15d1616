//! SUB: receives what it subscribed to, from its publishers in turn (RFC 29).

use super::{Arrival, Pattern, Receives, Refused, TakeError, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Full, Interests, Slots, Storage, Table};
use crate::wire::{PeerInfo, SocketType, Subscription};

/// The subscriber.
pub struct Sub<S: Storage> {
    interests: S::Interests,
    publishers: S::Table<Publisher>,
    up: S::Slots,
}

/// What a publisher that is up knows.
#[derive(Debug)]
pub struct Publisher {
    /// The changes up to this one.
    knows: u64,
    /// What was cancelled up to this one, it never heard of.
    came_at: u64,
}

impl<S: Storage> Sub<S> {
    /// A SUB that wants nothing yet.
    pub const NEW: Self = Self { interests: S::Interests::EMPTY, publishers: S::Table::EMPTY, up: S::Slots::EMPTY };

    /// Wants all messages whose first part begins with the topic. Subscriptions are counted.
    pub fn subscribe(&mut self, topic: &[u8]) -> Result<(), Full> {
        self.interests.add(topic)
    }

    /// Takes one subscription back. Whether there was one.
    pub fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        let wanted = self.interests.remove(topic);
        self.forget_cancelled();
        wanted
    }

    /// What all publishers know to be cancelled need not be kept.
    fn forget_cancelled(&mut self) {
        if self.interests.has_cancelled() {
            let known = self.up.iter().filter_map(|slot| self.publishers.find(self.publishers.tenant(slot)?));
            let known = known.map(|publisher| publisher.knows).min().unwrap_or(self.interests.latest());
            self.interests.forget_cancelled(known);
        }
    }

    fn leave(&mut self, peer: PeerId) {
        if self.publishers.remove(peer).is_some() {
            self.up.set(peer.slot, false);
            self.forget_cancelled();
        }
    }
}

impl<S: Storage> Default for Sub<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Sub<S> {
    const TYPE: SocketType = SocketType::Sub;

    fn open(&mut self, _peer: PeerId, _side: Side) -> Result<(), Refused> {
        Ok(())
    }

    // Each connection hears all that is wanted, as libzmq's do.
    fn up(&mut self, peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        self.publishers.insert(peer, Publisher { knows: 0, came_at: self.interests.latest() })?;
        self.up.set(peer.slot, true);
        Ok(None)
    }

    fn down(&mut self, peer: PeerId) {
        self.leave(peer);
    }

    fn close(&mut self, peer: PeerId) {
        self.leave(peer);
    }

    // A publisher without room for our topics sends everything, and what was on its way is not wanted any more.
    fn arrived(&mut self, _peer: PeerId, message: &(impl Parts + ?Sized)) -> Arrival {
        let subject = message.parts().next().unwrap_or_default();
        if self.interests.wants(subject) { Arrival::Queue } else { Arrival::Consumed }
    }

    fn poll_subscription(&mut self, peer: PeerId) -> Option<Subscription<'_>> {
        let publisher = self.publishers.find_mut(peer)?;
        while let Some(change) = self.interests.change_after(publisher.knows) {
            publisher.knows = change.number;
            if change.wanted || change.number > publisher.came_at {
                let number = change.number;
                // Asked for again, for what is found in the loop cannot leave it.
                let change = self.interests.change_after(number.saturating_sub(1))?;
                return Some(Subscription { topic: change.topic, wanted: change.wanted });
            }
        }
        self.forget_cancelled();
        None
    }
}

impl<S: Storage> Receives for Sub<S> {
    fn may_take(&self) -> Result<(), TakeError> {
        Ok(())
    }

    // RFC 29 "SUB": SHALL NOT modify messages.
    fn take(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Verdict {
        Verdict::Deliver { skip: 0, keep: false }
    }
}
