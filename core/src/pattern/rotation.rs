//! Whose turn is it? Everybody's in a circle, leaving out who cannot.
//!
//! Fair queuing of what arrives and load balancing of what leaves are the same circle (RFC 28, RFC 30).

use crate::storage::{Slots, Storage};

/// A circle of slots, some of which are ready.
pub struct Rotation<S: Storage> {
    ready: S::Slots,
    next: u16,
}

impl<S: Storage> Rotation<S> {
    /// A circle in which nobody is ready.
    pub const EMPTY: Self = Self { ready: S::Slots::EMPTY, next: 0 };

    /// The slot can take its turn, or cannot.
    #[inline]
    pub fn set(&mut self, slot: u16, ready: bool) {
        self.ready.set(slot, ready);
    }

    /// Whether the slot can take its turn.
    pub fn contains(&self, slot: u16) -> bool {
        self.ready.contains(slot)
    }

    /// Whether the slot can take its turn and no other can.
    pub fn is_alone(&self, slot: u16) -> bool {
        self.ready.next_from(slot.wrapping_add(1)) == Some(slot)
    }

    /// Whose turn it is. A question only.
    #[inline]
    pub fn turn(&self) -> Option<u16> {
        self.ready.next_from(self.next)
    }

    /// The slot took its turn: the circle goes on behind it.
    #[inline]
    pub fn took(&mut self, slot: u16) {
        self.next = slot.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::Rotation;
    use crate::storage::Fixed;

    #[test]
    fn everybody_who_is_ready_has_a_turn() {
        let mut circle = Rotation::<Fixed<8>>::EMPTY;
        assert_eq!(circle.turn(), None);
        for slot in [1, 4, 6] {
            circle.set(slot, true);
        }
        let turn = |circle: &mut Rotation<_>| {
            let slot = circle.turn();
            slot.inspect(|&slot| circle.took(slot))
        };
        assert_eq!([(); 4].map(|()| turn(&mut circle)), [1, 4, 6, 1].map(Some));
        circle.set(4, false);
        assert_eq!([(); 3].map(|()| turn(&mut circle)), [6, 1, 6].map(Some));
    }
}
