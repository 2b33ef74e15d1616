//! What is a message on its way into a queue? A future that can be dropped.

use crate::error::{NotSent, SendError};
use crate::hub::Hub;
use crate::message::Message;
use crate::waiters::Waiter;
use std::pin::Pin;
use std::task::{Context, Poll};
use zeptomq_core::pattern::Sends;

/// A message that is to be queued when there is room, or none.
#[derive(Default)]
pub(crate) struct Waiting {
    message: Option<Message>,
    place: u64,
}

/// A message on its way into a queue, made by [`Socket::send`](crate::Socket::send) or
/// [`Sender::send`](crate::Sender::send); await it.
///
/// # Cancel safety
/// Dropped before it is ready, the message is not sent, and is dropped with it.
#[must_use = "a message is sent when this is awaited"]
pub struct Sending<'a, P: Sends> {
    hub: &'a Hub<P>,
    waiting: Waiting,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.message.is_none()
    }

    /// Puts a message in the empty place.
    pub(crate) fn put(&mut self, message: Message) {
        self.message = Some(message);
    }

    #[inline(always)]
    pub(crate) fn poll<P: Sends>(&mut self, hub: &Hub<P>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let Self { message, place } = self;
        let Some(waiting) = message else { return Poll::Ready(Ok(())) };
        match hub.poll_send(waiting, Some(Waiter { waker: cx.waker(), place })) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => {
                // Where it lies: to move it out first costs as much as queueing it.
                *message = None;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(reason)) => match message.take() {
                Some(message) => Poll::Ready(Err(SendError { message, reason })),
                None => Poll::Ready(Ok(())),
            },
        }
    }

    /// Waits no more. What waited is not sent.
    #[inline]
    pub(crate) fn give_up<P: Sends>(&mut self, hub: &Hub<P>) {
        if self.place != 0 && self.message.is_some() {
            let waker = hub.lock().senders.forget(self.place);
            drop(waker);
        }
    }
}

impl<'a, P: Sends> Sending<'a, P> {
    pub(crate) fn new(hub: &'a Hub<P>, message: Message) -> Self {
        Self { hub, waiting: Waiting { message: Some(message), place: 0 } }
    }

    /// Whether the message was handed over.
    pub(crate) fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.waiting.poll(self.hub, cx)
    }
}

impl<P: Sends> Future for Sending<'_, P> {
    type Output = Result<(), SendError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Sending::poll(&mut self, cx)
    }
}

impl<P: Sends> Drop for Sending<'_, P> {
    fn drop(&mut self) {
        self.waiting.give_up(self.hub);
    }
}

/// Queues the message if there is room at once.
pub(crate) fn try_send<P: Sends>(hub: &Hub<P>, message: Message) -> Result<(), SendError> {
    match hub.poll_send(&message, None) {
        Poll::Ready(sent) => sent.map_err(|reason| SendError { message, reason }),
        Poll::Pending => Err(SendError { message, reason: NotSent::Full }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Hub, Message, Poll, Sending};
    use crate::options::Options;
    use std::task::Waker;
    use zeptomq_core::pattern::Push;
    use zeptomq_core::storage::Heap;

    #[test]
    fn a_cancelled_sender_is_not_woken_any_more() {
        let hub = Hub::new(Push::<Heap>::NEW, Options::new());
        let mut sending = Sending::new(&hub, Message::from("hi"));
        assert_eq!(sending.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        drop(sending);
        assert_eq!(hub.lock().senders.take().len(), 0);
    }
}
