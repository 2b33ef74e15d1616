//! Which slots are in a set? Bits, walked in a circle.

/// A set of slots that can be walked in a circle.
pub trait Slots: Clone {
    /// The empty set.
    const EMPTY: Self;
    /// Adds or removes a slot. A slot that a fixed set cannot hold is never in it.
    fn set(&mut self, slot: u16, member: bool);
    /// Whether the slot is in the set.
    fn contains(&self, slot: u16) -> bool;
    /// The first member at or after `slot`, going round once.
    fn next_from(&self, slot: u16) -> Option<u16>;
    /// Adds the slots of another set.
    fn add_all(&mut self, others: &Self);
    /// Removes the slots that are not in another set.
    fn keep_only(&mut self, others: &Self);
    /// Removes all slots.
    fn clear(&mut self);
    /// Whether there is none.
    fn is_empty(&self) -> bool;
    /// The slots in order.
    fn iter(&self) -> impl Iterator<Item = u16> + '_;
}

/// Slots as the bits of a word: a device has at most 32 peers a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bits(u32);

impl Slots for Bits {
    const EMPTY: Self = Self(0);

    fn set(&mut self, slot: u16, member: bool) {
        let bit = 1u32.checked_shl(slot.into()).unwrap_or(0);
        self.0 = if member { self.0 | bit } else { self.0 & !bit };
    }

    fn contains(&self, slot: u16) -> bool {
        self.0.checked_shr(slot.into()).is_some_and(|rest| rest & 1 == 1)
    }

    fn next_from(&self, slot: u16) -> Option<u16> {
        let rest = self.0 & u32::MAX.checked_shl(slot.into()).unwrap_or(0);
        let next = if rest == 0 { self.0 } else { rest };
        (next != 0).then(|| next.trailing_zeros() as u16)
    }

    fn add_all(&mut self, others: &Self) {
        self.0 |= others.0;
    }

    fn keep_only(&mut self, others: &Self) {
        self.0 &= others.0;
    }

    fn clear(&mut self) {
        self.0 = 0;
    }

    fn is_empty(&self) -> bool {
        self.0 == 0
    }

    fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        members(self.0, 0)
    }
}

/// Slots as bits, as many words as the highest slot needs.
#[cfg(feature = "alloc")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeapBits(alloc::vec::Vec<u32>);

#[cfg(feature = "alloc")]
impl Slots for HeapBits {
    const EMPTY: Self = Self(alloc::vec::Vec::new());

    #[inline]
    fn set(&mut self, slot: u16, member: bool) {
        let words = usize::from(slot) / 32 + 1;
        if member && self.0.len() < words {
            self.0.resize(words, 0);
        }
        if let Some(word) = self.0.get_mut(usize::from(slot) / 32) {
            let bit = 1 << (slot % 32);
            *word = if member { *word | bit } else { *word & !bit };
        }
    }

    fn contains(&self, slot: u16) -> bool {
        self.0.get(usize::from(slot) / 32).is_some_and(|word| word >> (slot % 32) & 1 == 1)
    }

    /// The rest of the slot's word, the words after it, then from the start.
    #[inline]
    fn next_from(&self, slot: u16) -> Option<u16> {
        let first = usize::from(slot) / 32;
        let rest = self.0.get(first).map_or(0, |word| word & (u32::MAX << (slot % 32)));
        if rest != 0 {
            return Some((first * 32) as u16 + rest.trailing_zeros() as u16);
        }
        let indexed = || self.0.iter().enumerate().filter(|(_, word)| **word != 0);
        let (index, word) = indexed().find(|(index, _)| *index > first).or_else(|| indexed().next())?;
        Some((index * 32) as u16 + word.trailing_zeros() as u16)
    }

    fn add_all(&mut self, others: &Self) {
        if self.0.len() < others.0.len() {
            self.0.resize(others.0.len(), 0);
        }
        add_bits(&mut self.0, &others.0);
    }

    fn keep_only(&mut self, others: &Self) {
        self.0.truncate(others.0.len());
        keep_bits(&mut self.0, &others.0);
    }

    fn clear(&mut self) {
        self.0.fill(0);
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().zip(0u16..).flat_map(|(&word, index)| members(word, index * 32))
    }
}

#[cfg(feature = "alloc")]
fn add_bits(words: &mut [u32], others: &[u32]) {
    for (word, other) in words.iter_mut().zip(others) {
        *word |= other;
    }
}

#[cfg(feature = "alloc")]
fn keep_bits(words: &mut [u32], others: &[u32]) {
    for (word, other) in words.iter_mut().zip(others) {
        *word &= other;
    }
}

/// The slots of a word's bits, the first of which is that of slot `first`.
fn members(word: u32, first: u16) -> impl Iterator<Item = u16> {
    let mut rest = word;
    core::iter::from_fn(move || {
        let bit = (rest != 0).then(|| rest.trailing_zeros() as u16)?;
        rest &= rest - 1;
        Some(first + bit)
    })
}

#[cfg(feature = "alloc")]
#[cfg(test)]
mod tests {
    use super::{Bits, HeapBits, Slots};

    fn walk<S: Slots>() {
        let mut slots = S::EMPTY;
        assert_eq!(slots.next_from(0), None);
        for member in [3, 7, 31] {
            slots.set(member, true);
        }
        for (from, next) in [(0, 3), (3, 3), (4, 7), (8, 31), (31, 31), (32, 3), (900, 3)] {
            assert_eq!(slots.next_from(from), Some(next), "{from}");
        }
        slots.set(7, false);
        assert!(slots.contains(3) && !slots.contains(7) && !slots.contains(500));
        assert_eq!(slots.next_from(4), Some(31));
        let mut others = S::EMPTY;
        others.set(9, true);
        others.add_all(&slots);
        assert!(others.iter().eq([3, 9, 31]) && slots.iter().eq([3, 31]));
        others.set(3, false);
        slots.set(9, true);
        slots.keep_only(&others);
        assert!(slots.iter().eq([9, 31]));
        others.clear();
        assert!(others.is_empty() && !slots.is_empty());
    }

    #[test]
    fn slots_are_walked_in_a_circle() {
        walk::<Bits>();
        walk::<HeapBits>();
        let mut far = HeapBits::EMPTY;
        for member in [40, 41, 65535] {
            far.set(member, true);
        }
        assert_eq!([0, 41, 42, 65535].map(|from| far.next_from(from)), [40, 41, 65535, 65535].map(Some));
    }

    #[test]
    fn a_fixed_set_never_holds_a_slot_beyond_it() {
        let mut slots = Bits::EMPTY;
        slots.set(32, true);
        assert_eq!(slots.next_from(0), None);
    }
}
