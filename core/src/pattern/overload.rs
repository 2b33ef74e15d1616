//! What happens to a message whose queue is full?

/// What a full queue does with a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Policy {
    /// The sender waits for room.
    Wait,
    /// The sender is told, and keeps the message.
    Error,
    /// The message is dropped and counted.
    DropNewest,
    /// The message that has waited for the longest time is dropped and counted, and whatever else it takes to make room.
    /// One that has left in part stays.
    DropOldest,
    /// Of messages with the same topic only the newest waits, full queue or not; those that it replaces are counted. The
    /// topic is the first part of a message that has more; messages of one part have the same. When that does not make
    /// room, the oldest are dropped.
    KeepLatest,
}

impl Policy {
    /// Whether a message that is sent goes to somebody or is dropped, and the sender is not told.
    pub const fn drops(self) -> bool {
        matches!(self, Self::DropNewest | Self::DropOldest | Self::KeepLatest)
    }

    /// Whether older messages make room for a newer one.
    pub const fn makes_room(self) -> bool {
        matches!(self, Self::DropOldest | Self::KeepLatest)
    }

    /// The same for a type that keeps turns: the message goes back to its sender where one would be dropped.
    pub(super) const fn turn_kept(self) -> Self {
        if self.drops() { Self::Error } else { self }
    }
}

/// How much is in a queue, or may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Messages.
    pub messages: usize,
    /// Octets, as they are on the wire.
    pub octets: usize,
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
