//! What has arrived from one peer and waits for the user?

use crate::message::{Message, Part};
use std::collections::VecDeque;
use zeptomq_core::pattern::overload::Load;

/// The queue of one peer: raw messages, in order.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    messages: VecDeque<Message>,
    octets: usize,
}

impl Inbox {
    pub(crate) fn load(&self) -> Load {
        Load { messages: self.messages.len(), octets: self.octets }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    #[inline]
    pub(crate) fn push(&mut self, message: Message) {
        self.octets += octets(&message);
        self.messages.push_back(message);
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<&Message> {
        self.messages.front()
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.octets -= octets(&message);
        if self.messages.is_empty() && self.messages.capacity() > KEPT_MAX {
            self.messages = VecDeque::new();
        }
        Some(message)
    }
}

/// What a message counts for: its parts, and what each costs beside its octets.
#[inline]
fn octets(message: &Message) -> usize {
    message.parts().fold(0, |sum, part| sum + part.len() + PART_COST)
}

const PART_COST: usize = size_of::<Part>();
/// A queue that was long once does not keep its room, counted in messages.
const KEPT_MAX: usize = 1024;
