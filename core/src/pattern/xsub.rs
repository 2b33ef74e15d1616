//! XSUB: a SUB that says what it wants in messages, and sends (RFC 29).

use super::overload::Policy;
use super::publishers::Publishers;
use super::{Arrival, Pattern, Prefix, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict};
use crate::message::Parts;
use crate::peer::{PeerId, Side};
use crate::storage::{Full, Storage};
use crate::wire::{PeerInfo, SocketType, Subscription};

/// The subscriber whose user sends subscriptions as messages of one part: the octet 1 and a topic, or the octet 0 and
/// a topic that is not wanted any more. All other messages go to all publishers. What arrives is not filtered again.
pub struct Xsub<S: Storage> {
    publishers: Publishers<S>,
}

impl<S: Storage> Xsub<S> {
    /// An XSUB that wants nothing yet.
    pub const NEW: Self = Self { publishers: Publishers::NEW };
}

impl<S: Storage> Default for Xsub<S> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<S: Storage> Pattern for Xsub<S> {
    const TYPE: SocketType = SocketType::Xsub;
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

    fn arrived(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Arrival {
        Arrival::Queue
    }

    fn poll_subscription(&mut self, peer: PeerId) -> Option<Subscription<'_>> {
        self.publishers.poll_subscription(peer)
    }
}

impl<S: Storage> Sends for Xsub<S> {
    type Audience = S::Slots;

    const TO_ALL: bool = true;

    // RFC 29 "XSUB": SHALL NOT block on sending; SHALL drop for a publisher whose queue is full.
    const OVERLOAD: Policy = Policy::DropNewest;

    // Counted as a SUB's are: publishers keep sets, so that only a topic's first subscription and its last cancel are
    // said, and said again to who comes later.
    fn handle_subscription(&mut self, message: &(impl Parts + ?Sized)) -> Option<Result<(), Full>> {
        let mut parts = message.parts();
        let first = parts.next()?;
        if parts.next().is_some() {
            return None;
        }
        let Subscription { topic, wanted } = Subscription::from_message(first)?;
        if wanted {
            return Some(self.publishers.subscribe(topic));
        }
        self.publishers.unsubscribe(topic);
        Some(Ok(()))
    }

    // RFC 29 "XSUB": SHALL send all messages to all connected publishers.
    fn route(&mut self, _message: &(impl Parts + ?Sized)) -> Result<Route<'_, S::Slots>, RouteError> {
        Ok(Route { to: To::All(self.publishers.all()), skip: 0, prefix: Prefix::Nothing })
    }

    fn sent(&mut self, _to: PeerId) {}
}

impl<S: Storage> Receives for Xsub<S> {
    fn may_take(&self) -> Result<(), TakeError> {
        Ok(())
    }

    // RFC 29 "XSUB": SHALL NOT modify messages.
    fn take(&mut self, _peer: PeerId, _message: &(impl Parts + ?Sized)) -> Verdict {
        Verdict::Deliver { skip: 0, keep: false }
    }
}
