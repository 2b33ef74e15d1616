//! What happens to a message whose queue is full?

/// What a full queue does with a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The sender waits for room.
    Wait,
    /// The sender is told, and keeps the message.
    Error,
    /// The message is dropped and counted.
    DropNewest,
}

/// How much is in a queue, or may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Messages.
    pub messages: usize,
    /// Octets, as they are on the wire.
    pub octets: usize,
}

/// What becomes of a message that meets a full queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// It waits, with its sender.
    Wait,
    /// It goes back to its sender.
    Refuse,
    /// It is dropped; the sender is not told.
    Drop,
}

impl Load {
    /// Whether a queue with this load takes one more message.
    ///
    /// A queue below its limits does, however long the message: otherwise one longer than the limit in octets would
    /// wait for ever. So a queue holds at most its limit and one message.
    #[inline]
    pub const fn has_room(self, limit: Self) -> bool {
        self.messages < limit.messages && self.octets < limit.octets
    }

    /// Whether so much is free again that a waiting sender is woken: half of each limit, or every release would.
    #[inline]
    pub const fn is_relieved(self, limit: Self) -> bool {
        self.messages <= limit.messages / 2 && self.octets <= limit.octets / 2
    }

    /// Counts a message in.
    #[inline]
    pub const fn add(&mut self, octets: usize) {
        self.messages = self.messages.saturating_add(1);
        self.octets = self.octets.saturating_add(octets);
    }

    /// Counts messages out.
    #[inline]
    pub const fn remove(&mut self, gone: Self) {
        self.messages = self.messages.saturating_sub(gone.messages);
        self.octets = self.octets.saturating_sub(gone.octets);
    }
}

impl core::ops::AddAssign for Load {
    fn add_assign(&mut self, more: Self) {
        self.messages = self.messages.saturating_add(more.messages);
        self.octets = self.octets.saturating_add(more.octets);
    }
}

/// What a queue that has no room does with a message.
pub const fn on_full(policy: Policy) -> Full {
    match policy {
        Policy::Wait => Full::Wait,
        Policy::Error => Full::Refuse,
        Policy::DropNewest => Full::Drop,
    }
}

/// The same for a type that keeps turns: the message goes back to its sender where it would be dropped.
pub(super) const fn turn_kept(policy: Policy) -> Full {
    match on_full(policy) {
        Full::Drop => Full::Refuse,
        full => full,
    }
}

#[cfg(test)]
mod tests {
    use super::Load;

    const LIMIT: Load = Load { messages: 4, octets: 100 };

    #[test]
    fn a_queue_takes_messages_until_either_limit_is_reached() {
        for (messages, octets, room) in [(0, 0, true), (3, 99, true), (4, 0, false), (0, 100, false), (9, 900, false)] {
            assert_eq!(Load { messages, octets }.has_room(LIMIT), room);
        }
    }

    #[test]
    fn an_empty_queue_takes_a_message_above_the_limit_in_octets() {
        let mut load = Load::default();
        assert!(load.has_room(LIMIT));
        load.add(1_000_000);
        assert!(!load.has_room(LIMIT) && !load.is_relieved(LIMIT));
        load.remove(load);
        assert!(load.is_relieved(LIMIT));
    }

    #[test]
    fn a_sender_is_woken_when_half_is_free() {
        for (messages, octets, woken) in [(2, 50, true), (3, 0, false), (0, 51, false), (0, 0, true)] {
            assert_eq!(Load { messages, octets }.is_relieved(LIMIT), woken);
        }
    }
}
