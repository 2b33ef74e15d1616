//! SUB: receives what it subscribed to, from its publishers in turn (RFC 29).

use super::publishers::Publishers;
use super::{Arrival, Pattern, Receives, Refused, TakeError, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Full, Storage};
use crate::wire::{PeerInfo, SocketType, Subscription};

/// The subscriber.
pub struct Sub<S: Storage> {
    publishers: Publishers<S>,
}

impl<S: Storage> Sub<S> {
    /// A SUB that wants nothing yet.
    pub const NEW: Self = Self { publishers: Publishers::NEW };

    /// Wants all messages whose first part begins with the topic. Subscriptions are counted.
    pub fn subscribe(&mut self, topic: &[u8]) -> Result<(), Full> {
        self.publishers.subscribe(topic)
    }

    /// Takes one subscription back. Whether there was one.
    pub fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        self.publishers.unsubscribe(topic)
    }
}

impl<S: Storage> Default for Sub<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Sub<S> {
    const TYPE: SocketType = SocketType::Sub;
    const IN_PIECES: bool = true;

    fn open(&mut self, _peer: PeerId, _side: Side) -> Result<(), Refused> {
        Ok(())
    }

    fn up(&mut self, peer: PeerId, _info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        self.publishers.up(peer).map(|()| None)
    }

    fn down(&mut self, peer: PeerId) {
        self.publishers.down(peer);
    }

    fn close(&mut self, peer: PeerId) {
        self.publishers.down(peer);
    }

    // A publisher without room for our topics sends everything, and what was on its way is not wanted any more.
    fn arrived(&mut self, _peer: PeerId, message: &(impl Parts + ?Sized)) -> Arrival {
        let subject = message.parts().next().unwrap_or_default();
        if self.publishers.wants(subject) { Arrival::Queue } else { Arrival::Consumed }
    }

    fn poll_subscription(&mut self, peer: PeerId) -> Option<Subscription<'_>> {
        self.publishers.poll_subscription(peer)
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
