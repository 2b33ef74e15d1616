//! What has a receiver taken that the user has not asked for yet?

use crate::error::RecvError;
use crate::hub::Hub;
use crate::message::Message;
use crate::receiving::{Guest, Receiving};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;
use zeptomq_core::pattern::Receives;

/// A few messages of a peer, taken with the one that was asked for while many more of it waited: so the socket is entered once
/// for all of them. The user is given them first, however he asks.
#[derive(Default)]
pub(crate) struct Hand(VecDeque<Message>);

/// How many messages are taken at once, which is a peer's turn in a flood.
pub(crate) const HAND_LEN: usize = 16;

impl Hand {
    pub(crate) async fn recv<P: Receives + Send>(&mut self, hub: &Hub<P>) -> Result<Message, RecvError> {
        if let Some(message) = self.0.pop_front() {
            return Ok(message);
        }
        let mut receiving = Receiving::new(hub);
        poll_fn(|cx| receiving.poll(cx, |hub, guest| hub.poll_recv(Some(guest), self))).await
    }

    /// Takes the next message; pending when there is none.
    pub(crate) fn poll_recv<P: Receives + Send>(
        &mut self,
        hub: &Hub<P>,
        guest: Option<Guest<'_, '_>>,
    ) -> Poll<Result<Message, RecvError>> {
        match self.0.pop_front() {
            Some(message) => Poll::Ready(Ok(message)),
            None => hub.poll_recv(guest, self),
        }
    }

    pub(crate) fn try_recv<P: Receives + Send>(&mut self, hub: &Hub<P>) -> Result<Option<Message>, RecvError> {
        match self.poll_recv(hub, None) {
            Poll::Ready(taken) => taken.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// Waits for the next message and takes it with what else has arrived.
    pub(crate) async fn recv_many<P: Receives + Send>(
        &mut self,
        hub: &Hub<P>,
        messages: &mut Vec<Message>,
        most: usize,
    ) -> Result<usize, RecvError> {
        if !self.0.is_empty() {
            return self.try_recv_many(hub, messages, most);
        }
        let mut receiving = Receiving::new(hub);
        poll_fn(|cx| receiving.poll(cx, |hub, guest| hub.poll_recv_many(Some(guest), messages, most, self))).await
    }

    /// Takes what has arrived.
    pub(crate) fn try_recv_many<P: Receives + Send>(
        &mut self,
        hub: &Hub<P>,
        messages: &mut Vec<Message>,
        most: usize,
    ) -> Result<usize, RecvError> {
        let held = self.0.len().min(most);
        messages.extend(self.0.drain(..held));
        match hub.poll_recv_many(None, messages, most - held, self) {
            Poll::Ready(Ok(taken)) => Ok(held + taken),
            // An error that stays shows itself the next time.
            Poll::Ready(Err(error)) if held == 0 => Err(error),
            Poll::Ready(Err(_)) | Poll::Pending => Ok(held),
        }
    }

    /// An empty hand gives up its room.
    pub(crate) fn shrink(&mut self) {
        if self.0.is_empty() {
            self.0 = VecDeque::new();
        }
    }

    /// Takes a message that comes behind those that are here, and gives the first.
    #[inline(always)]
    pub(crate) fn exchange(&mut self, message: Option<Message>) -> Option<Message> {
        if self.0.is_empty() {
            return message;
        }
        self.0.extend(message);
        self.0.pop_front()
    }
}

impl Extend<Message> for Hand {
    fn extend<T: IntoIterator<Item = Message>>(&mut self, messages: T) {
        self.0.extend(messages);
    }
}
