//! What has arrived from one peer and waits for the user?

use crate::message::Message;
use std::collections::VecDeque;
use zeptomq_core::pattern::overload::Load;

/// The queue of one peer: raw messages, in order.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    messages: VecDeque<Message>,
    octets: usize,
    /// Whether more than a few have waited since there were none.
    flooded: bool,
}

impl Inbox {
    pub(crate) fn load(&self) -> Load {
        Load { messages: self.messages.len(), octets: self.octets }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether more than a few messages have waited since there were none.
    #[inline]
    pub(crate) fn is_flooded(&self) -> bool {
        self.flooded
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.append(&mut VecDeque::from([message]));
    }

    /// Appends all of these messages. An empty queue is exchanged for them.
    pub(crate) fn append(&mut self, messages: &mut VecDeque<Message>) {
        self.octets += messages.iter().map(Message::weight).sum::<usize>();
        if self.messages.is_empty() {
            self.flooded = false;
            std::mem::swap(&mut self.messages, messages);
        } else {
            self.messages.append(messages);
        }
        self.flooded |= self.messages.len() > FEW;
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<&Message> {
        self.messages.front()
    }

    /// Takes the first message as `change` makes it. That is done where the message lies, which then moves once: to look at it
    /// on the way costs more than all the rest.
    #[inline(always)]
    pub(crate) fn take(&mut self, change: impl FnOnce(&mut Message)) -> Option<Message> {
        let first = self.messages.front_mut()?;
        self.octets -= first.weight();
        change(first);
        self.messages.pop_front()
    }

    /// Takes the first messages, so many, as they are.
    pub(crate) fn take_run(&mut self, run: usize) -> impl Iterator<Item = Message> {
        let run = run.min(self.messages.len());
        self.octets -= self.messages.iter().take(run).map(Message::weight).sum::<usize>();
        self.messages.drain(..run)
    }

    /// The messages from the second on.
    pub(crate) fn behind_first(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().skip(1)
    }

    /// An empty queue gives up its room.
    pub(crate) fn shrink(&mut self) {
        if self.messages.is_empty() {
            self.messages = VecDeque::new();
        }
    }
}

/// More messages than these are a flood.
pub(crate) const FEW: usize = 256;
