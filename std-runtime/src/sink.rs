//! How does a socket stand where a stream or a sink of messages is wanted?

use crate::error::{NotSent, RecvError, SendError};
use crate::hand::Hand;
use crate::hub::Hub;
use crate::message::Message;
use crate::receiving::Guest;
use crate::sending::{Waiting, try_send};
use crate::socket::{Owner, Receiver, Sender, Socket};
use futures_core::Stream;
use futures_sink::Sink;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use zeptomq_core::pattern::{Receives, Sends};

/// A [`Sink`] of messages for a socket, made by [`Socket::sink`] or [`Sender::sink`].
///
/// It queues what it is fed, and has a place for one message for which no queue had room: that is queued as the sink is
/// flushed, or made ready for the next, which waits for room or does what
/// [`Options::overload`](crate::Options::overload) says. Flushed means queued; to wait until all has left,
/// [`close`](Socket::close) the socket.
///
/// An error hands back the message that it is about, and the sink goes on. Dropped, the sink loses the message in its
/// place, if there is one. Closing the sink flushes it and lets go of the socket, which stays open while anybody else
/// holds it.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
/// use zeptomq::{Message, Pull, Push};
///
/// let (push, mut pull) = (Push::new(), Pull::new());
/// pull.bind("inproc://sink").await?;
/// push.connect("inproc://sink")?;
/// let numbers = stream::iter(0..100).map(|number| Ok(Message::from(number.to_string())));
/// numbers.forward(push.sink()).await?;
///
/// let messages: Vec<Message> = pull.by_ref().take(100).try_collect().await?;
/// assert_eq!(&messages[99][0], b"99");
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
pub struct MessageSink<P: Sends + Send + 'static> {
    /// None when the sink was closed.
    owner: Option<Arc<Owner<P>>>,
    waiting: Waiting,
    /// How many messages more it takes before it lets others run.
    turn: u32,
}

impl<P: Sends + Send> MessageSink<P> {
    fn new(owner: &Arc<Owner<P>>) -> Self {
        Self { owner: Some(owner.clone()), waiting: Waiting::default(), turn: TURN }
    }
}

impl<P: Sends + Send> Socket<P> {
    /// A sink that sends over this socket, which stays open while the sink is.
    pub fn sink(&self) -> MessageSink<P> {
        MessageSink::new(&self.owner)
    }
}

impl<P: Sends + Send> Sender<P> {
    /// See [`Socket::sink`].
    pub fn sink(&self) -> MessageSink<P> {
        MessageSink::new(&self.owner)
    }
}

impl<P: Sends + Send> Sink<Message> for MessageSink<P> {
    type Error = SendError;

    /// Waits until the place is empty.
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        ready!(self.as_mut().poll_flush(cx))?;
        if self.turn == 0 {
            self.turn = TURN;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Queues the message, or puts it in the place. It comes back when the place is taken or the sink was closed, and when
    /// there is nobody for it.
    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        let Self { owner, waiting, turn } = &mut *self;
        let Some(owner) = owner else { return Err(SendError { message, reason: NotSent::Closed }) };
        if !waiting.is_empty() {
            return Err(SendError { message, reason: NotSent::Full });
        }
        *turn = turn.saturating_sub(1);
        match try_send(&owner.hub, message) {
            // It is for flushing to wait, if the policy is to.
            Err(SendError { message, reason: NotSent::Full }) => waiting.put(message),
            sent => return sent,
        }
        Ok(())
    }

    /// Queues the message in the place.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let Self { owner, waiting, .. } = &mut *self;
        owner.as_ref().map_or(Poll::Ready(Ok(())), |owner| waiting.poll(&owner.hub, cx))
    }

    /// Queues the message in the place, and lets go of the socket.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        ready!(self.as_mut().poll_flush(cx))?;
        self.owner = None;
        Poll::Ready(Ok(()))
    }
}

impl<P: Sends + Send> Drop for MessageSink<P> {
    fn drop(&mut self) {
        if let Some(owner) = &self.owner {
            self.waiting.give_up(&owner.hub);
        }
    }
}

/// What [`recv`](Socket::recv) receives, until the socket is closed and all that had arrived was taken. Other errors are
/// items; a REQ or REP that is out of turn gives one at each poll.
impl<P: Receives + Send> Stream for Socket<P> {
    type Item = Result<Message, RecvError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { owner, hand } = self.get_mut();
        poll_next(&owner.hub, hand, cx)
    }
}

/// See the stream of [`Socket`].
impl<P: Receives + Send> Stream for Receiver<P> {
    type Item = Result<Message, RecvError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { owner, hand } = self.get_mut();
        poll_next(&owner.hub, hand, cx)
    }
}

fn poll_next<P: Receives + Send>(
    hub: &Hub<P>,
    hand: &mut Hand,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Message, RecvError>>> {
    hand.poll_recv(hub, Some(Guest { cx, seat: None })).map(|taken| match taken {
        Err(RecvError::Closed) => None,
        taken => Some(taken),
    })
}

/// Messages that are taken before others have a turn.
const TURN: u32 = 1024;

#[cfg(test)]
mod tests {
    use crate::options::{Limit, Options};
    use crate::socket::Push;
    use futures_util::{FutureExt, SinkExt};

    #[tokio::test]
    async fn a_dropped_sink_is_not_woken_any_more() {
        let push = Push::with(Options::new().send_limit(Limit { messages: 1, octets: 1000 })).unwrap();
        push.connect("inproc://nobody's").unwrap();
        let mut sink = push.sink();
        assert_eq!(sink.send("fits".into()).now_or_never(), Some(Ok(())));
        assert_eq!(sink.send("waits".into()).now_or_never(), None);
        drop(sink);
        assert_eq!(push.hub().lock().senders.take().len(), 0);
    }
}
