//! How does one say what one wants to hear, and know who listens?

use crate::hub::Hub;
use crate::life::until;
use crate::socket::{Sender, Socket, Sub};
use std::task::Waker;
use zeptomq_core::pattern::{self, Publishes};
use zeptomq_core::storage::Heap;

impl Sub {
    /// Receives all messages whose first part begins with the topic from now on; the empty topic is everything. Each
    /// publisher is told, those that come later too. Subscriptions are counted: each is taken back on its own.
    pub fn subscribe(&self, topic: impl AsRef<[u8]>) {
        self.hub().subscribe(topic.as_ref());
    }

    /// Takes one subscription back. Whether there was one.
    pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) -> bool {
        self.hub().unsubscribe(topic.as_ref())
    }
}

impl<P: Publishes + Send> Socket<P> {
    /// Waits until at least so many subscribers would be sent a message whose first part is `subject`. What is published
    /// before somebody has subscribed is sent to nobody.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn wait_for_subscribers(&self, subject: impl AsRef<[u8]>, count: usize) {
        self.hub().subscribers(subject.as_ref(), count).await;
    }
}

impl<P: Publishes + Send> Sender<P> {
    /// See [`Socket::wait_for_subscribers`].
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn wait_for_subscribers(&self, subject: impl AsRef<[u8]>, count: usize) {
        self.hub().subscribers(subject.as_ref(), count).await;
    }
}

impl Hub<pattern::Sub<Heap>> {
    /// Wants a topic; each publisher is told.
    fn subscribe(&self, topic: &[u8]) {
        // The heap has room.
        let _ = self.change(|sub| sub.subscribe(topic));
    }

    /// Takes a subscription back. Whether there was one.
    fn unsubscribe(&self, topic: &[u8]) -> bool {
        self.change(|sub| sub.unsubscribe(topic))
    }

    fn change<T>(&self, change: impl FnOnce(&mut pattern::Sub<Heap>) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state.pattern);
        let woken = state.rouse_all();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        changed
    }
}

impl<P: Publishes> Hub<P> {
    /// Waits until so many peers want messages whose first part is this.
    async fn subscribers(&self, subject: &[u8], count: usize) {
        until(&self.shared.progress, || self.lock().pattern.subscribers(subject) >= count).await;
    }
}
