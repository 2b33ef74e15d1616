//! Whose messages are taken next, and how many are a turn?

use crate::inbox::Inbox;
use zeptomq_core::pattern::rotation::Rotation;
use zeptomq_core::storage::{Heap, Slots, Storage};

/// The peers whose messages wait, in a circle (fair queuing, RFC 30).
///
/// A turn is one message, but a few where many messages of each of them have come: one of each of a thousand peers would
/// always be far away in memory. Who has sent few does not wait for the many of others.
pub(crate) struct Turns {
    circle: Rotation<Heap>,
    /// Those of whom few messages have come.
    modest: <Heap as Storage>::Slots,
}

impl Turns {
    pub(crate) const EMPTY: Self = Self { circle: Rotation::EMPTY, modest: Slots::EMPTY };

    /// Messages of the peer have come, or were taken.
    #[inline]
    pub(crate) fn set(&mut self, slot: u16, inbox: &Inbox) {
        self.circle.set(slot, !inbox.is_empty());
        self.modest.set(slot, !inbox.is_empty() && !inbox.is_flooded());
    }

    /// The peer's messages are gone.
    #[inline]
    pub(crate) fn leave(&mut self, slot: u16) {
        self.circle.set(slot, false);
        self.modest.set(slot, false);
    }

    /// Whose turn it is. The next is the turn of another, if there is one.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u16> {
        let slot = self.circle.turn()?;
        self.circle.took(slot);
        Some(slot)
    }

    /// Whether nobody else has messages.
    #[inline]
    pub(crate) fn is_alone(&self, slot: u16) -> bool {
        self.circle.is_alone(slot)
    }

    /// Whether many messages of everybody have come who has any.
    #[inline]
    pub(crate) fn is_flood(&self) -> bool {
        self.modest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use crate::inbox::Inbox;

    fn inbox(messages: usize) -> Inbox {
        let mut inbox = Inbox::default();
        (0..messages).for_each(|_| inbox.push("hi".into()));
        inbox
    }

    #[test]
    fn who_has_sent_few_ends_a_flood_until_his_are_taken_or_he_is_gone() {
        let (mut turns, mut many) = (Turns::EMPTY, inbox(257));
        turns.set(0, &many);
        turns.set(1, &inbox(300));
        assert!(turns.is_flood() && !turns.is_alone(0));
        for gone in [false, true] {
            turns.set(2, &inbox(256));
            assert!(!turns.is_flood());
            if gone {
                turns.leave(2)
            } else {
                turns.set(2, &inbox(0))
            }
            assert!(turns.is_flood());
        }
        // Many have come until all were taken.
        (0..256).for_each(|_| drop(many.take(|_| ())));
        turns.set(0, &many);
        assert!(turns.is_flood());
        drop(many.take(|_| ()));
        many.push("hi".into());
        turns.set(0, &many);
        assert!(!turns.is_flood());
        turns.leave(0);
        assert!(turns.is_alone(1) && turns.next() == Some(1) && turns.next() == Some(1));
        turns.leave(1);
        assert_eq!(turns.next(), None);
    }
}
