//! How does one call and answer? A request is a future of its reply; a request that was taken comes with who is to be
//! answered.

use crate::error::{RecvError, RequestError, SendError};
use crate::hand::Hand;
use crate::message::Message;
use crate::receiving::Receiving;
use crate::sending::Sending;
use crate::socket::{Rep, Req};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;
use zeptomq_core::pattern;
use zeptomq_core::storage::Heap;

/// A request on its way; await it for the reply.
///
/// # Cancel safety
/// Dropped before the request was queued, it was never sent. Dropped later, the reply is given up: it is dropped when it
/// comes, and the next request may be sent at once. Under `strict_requests` the reply has to be received first.
#[must_use = "a request is sent when it is awaited"]
pub struct Request<'a> {
    sending: Sending<'a, pattern::Req<Heap>>,
    receiving: Receiving<'a, pattern::Req<Heap>>,
    hand: &'a mut Hand,
    timeout: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// Who is to be answered. Dropped without [`reply`](Self::reply), the requester hears nothing.
#[must_use = "the requester waits for a reply"]
pub struct Responder<'a> {
    socket: Option<&'a mut Rep>,
}

impl Req {
    /// Sends a request to the next peer and awaits its reply, for as long as it takes or as
    /// [`timeout`](Request::timeout) says.
    pub fn request(&mut self, request: impl Into<Message>) -> Request<'_> {
        let Self { owner, hand } = self;
        let (sending, receiving) = (Sending::new(&owner.hub, request.into()), Receiving::new(&owner.hub));
        Request { sending, receiving, hand, timeout: None, sleep: None }
    }
}

impl Request<'_> {
    /// Gives up after this time, counted from the first poll.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RequestError>> {
        if !self.sending.is_over() {
            ready!(self.sending.poll(cx)).map_err(RequestError::Send)?;
        }
        let reply = ready!(self.receiving.poll(cx, |hub, guest| hub.poll_recv(Some(guest), self.hand)));
        self.receiving.leave();
        Poll::Ready(reply.map_err(RequestError::Recv))
    }
}

impl Future for Request<'_> {
    type Output = Result<Message, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(reply) = this.poll_reply(cx) {
            return Poll::Ready(reply);
        }
        let Some(timeout) = this.timeout else { return Poll::Pending };
        let sleep = this.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(sleep.as_mut().poll(cx));
        this.receiving.leave();
        Poll::Ready(Err(RequestError::TimedOut(timeout)))
    }
}

impl Rep {
    /// Takes the next request, and who is to be answered.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn accept(&mut self) -> Result<(Message, Responder<'_>), RecvError> {
        let request = self.recv().await?;
        Ok((request, Responder { socket: Some(self) }))
    }
}

impl Rep {
    /// Gives up on answering the request that was received last: the requester hears nothing, and the next may be received.
    /// [`accept`](Self::accept) does so by itself.
    pub fn abandon(&mut self) {
        self.hub().lock().abandon();
    }
}

impl Responder<'_> {
    /// Answers.
    ///
    /// # Errors
    /// The reply comes back when the requester is gone, or its queue is full and the policy is not to wait.
    ///
    /// # Cancel safety
    /// Cancelled while it waits for room, the reply is not sent and the requester hears nothing.
    pub async fn reply(mut self, reply: impl Into<Message>) -> Result<(), SendError> {
        let sent = match &self.socket {
            Some(socket) => socket.send(reply).await,
            None => return Ok(()),
        };
        if sent.is_ok() {
            self.socket = None;
        }
        sent
    }
}

impl Drop for Responder<'_> {
    fn drop(&mut self) {
        if let Some(socket) = &mut self.socket {
            socket.abandon();
        }
    }
}
