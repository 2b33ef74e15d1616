//! How are many messages handed over at once, without waiting?

use crate::error::{NotSent, RecvError};
use crate::hub::{After, Hub};
use crate::life::Phase;
use crate::message::Message;
use crate::socket::{Receiver, Sender, Socket};
use std::fmt;
use zeptomq_core::pattern::{Reason, Receives, Sends};

/// Why not all messages were sent, and those that were not: they are still yours.
#[derive(Clone, PartialEq, Eq)]
pub struct SendManyError {
    /// How many were sent before.
    pub sent: usize,
    /// Why the first that was not sent was not.
    pub reason: NotSent,
    /// The first that was not sent, and those behind it that were taken out of the iterator with it.
    pub unsent: Vec<Message>,
}

impl<P: Sends + Send> Socket<P> {
    /// Queues the messages of an iterator, as far as there is room at once. Returns how many were. It costs less for each
    /// than [`try_send`](Self::try_send), for the socket is entered once for many.
    ///
    /// It never waits, and so never lets other tasks run: a task that calls it in a loop has to, for instance by
    /// `tokio::task::yield_now().await` after each call. Else its queue is filled to the
    /// [`send_limit`](crate::Options::send_limit) each time before anybody else on its thread has a turn.
    ///
    /// # Errors
    /// When one is not queued, it comes back with those behind it that were taken out of the iterator already, at most 6,
    /// in order. The rest is still in the iterator: give that by reference, or the rest is dropped with it. To wait for
    /// room, [`send`](Self::send) what came back:
    ///
    /// ```
    /// # async fn example(push: zeptomq::Push) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut lines = (0..100_000).map(|number| format!("line {number}"));
    /// while let Err(refused) = push.send_many(&mut lines) {
    ///     for message in refused.unsent {
    ///         push.send(message).await?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_many<T: Into<Message>>(&self, messages: impl IntoIterator<Item = T>) -> Result<usize, SendManyError> {
        self.owner.hub.send_many(messages.into_iter().map(Into::into))
    }
}

impl<P: Sends + Send> Sender<P> {
    /// See [`Socket::send_many`].
    ///
    /// # Errors
    /// As those of [`Socket::send_many`].
    pub fn send_many<T: Into<Message>>(&self, messages: impl IntoIterator<Item = T>) -> Result<usize, SendManyError> {
        self.owner.hub.send_many(messages.into_iter().map(Into::into))
    }
}

impl<P: Receives + Send> Socket<P> {
    /// Waits for the next message and takes it with what else has arrived, `most` messages at the most, in turn over the
    /// peers as [`recv`](Self::recv) does. They are appended; returns how many there are. None at all are wanted with a
    /// `most` of 0: it does not wait then.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn recv_many(&mut self, messages: &mut Vec<Message>, most: usize) -> Result<usize, RecvError> {
        self.hand.recv_many(&self.owner.hub, messages, most).await
    }

    /// Takes what has arrived, as [`recv_many`](Self::recv_many) does, without waiting.
    pub fn try_recv_many(&mut self, messages: &mut Vec<Message>, most: usize) -> Result<usize, RecvError> {
        self.hand.try_recv_many(&self.owner.hub, messages, most)
    }
}

impl<P: Receives + Send> Receiver<P> {
    /// See [`Socket::recv_many`].
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn recv_many(&mut self, messages: &mut Vec<Message>, most: usize) -> Result<usize, RecvError> {
        self.hand.recv_many(&self.owner.hub, messages, most).await
    }

    /// See [`Socket::try_recv_many`].
    pub fn try_recv_many(&mut self, messages: &mut Vec<Message>, most: usize) -> Result<usize, RecvError> {
        self.hand.try_recv_many(&self.owner.hub, messages, most)
    }
}

impl<P: Sends> Hub<P> {
    fn send_many(&self, mut messages: impl Iterator<Item = Message>) -> Result<usize, SendManyError> {
        let (mut sent, mut ended, mut after) = (0, false, After::default());
        while !ended {
            // The iterator is the user's, so it is not asked under the lock. What it gives is put where it stays at once: to
            // move it costs as much as to encode it.
            let mut long = false;
            let few: [Option<Message>; AT_ONCE] = std::array::from_fn(|at| {
                if ended || long {
                    return None;
                }
                let next = messages.next();
                ended = next.is_none();
                // Of each one it would cost as much as a tenth of what queueing it does.
                if at == 0 {
                    long = next.as_ref().is_some_and(|message| message.octets() >= LONG);
                }
                next
            });
            if let [None, ..] = few {
                break;
            }
            let (queued, refused) = self.queue_all(&few, &mut after);
            self.finish(&mut after);
            sent += queued;
            if let Err(reason) = refused {
                return Err(SendManyError { sent, reason, unsent: few.into_iter().flatten().skip(queued).collect() });
            }
        }
        Ok(sent)
    }

    /// Queues messages up to the first for which there is nobody or no room. How many were, and what is to be done then.
    fn queue_all(&self, few: &[Option<Message>], after: &mut After) -> (usize, Result<(), NotSent>) {
        let drops = P::overload(self.policy()).drops();
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return (0, Err(NotSent::Closed));
        }
        let mut queued = 0;
        for message in few.iter().flatten() {
            if message.is_empty() {
                return (queued, Err(NotSent::Empty));
            }
            match self.decide(&mut state, message, after) {
                Ok(()) => (),
                Err(NotSent::Full) if drops => state.former_drops.count(Reason::QueueFull),
                Err(reason) => return (queued, Err(reason)),
            }
            queued += 1;
        }
        (queued, Ok(()))
    }
}

impl fmt::Debug for SendManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, reason, unsent } = self;
        f.debug_struct("SendManyError")
            .field("sent", sent)
            .field("reason", reason)
            .field("unsent", &unsent.len())
            .finish()
    }
}

impl fmt::Display for SendManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (after {} that were sent)", self.reason, self.sent)
    }
}

impl std::error::Error for SendManyError {}

/// Messages with which the socket is entered once. The C library keeps as many freed pieces of a length at hand: with 64 of
/// them a message of 64 octets cost a fifth more.
const AT_ONCE: usize = 7;
/// Behind a message of so many octets none is taken out before the socket is entered: the memory of several would be as much
/// as a queue may hold.
const LONG: usize = 32 * 1024;
