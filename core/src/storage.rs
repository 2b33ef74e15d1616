//! Where do patterns keep what they know of their peers? In arrays on a device, on the heap on a server.

mod interests;
mod topics;
#[cfg(feature = "alloc")]
mod trie;

pub use interests::{Change as InterestChange, FixedInterests, Interests};
pub use topics::{Change as TopicChange, FixedTopics, Topics};

use crate::peer::PeerId;

/// A family of collections: one set of pattern code runs on either.
pub trait Storage {
    /// A set of slots.
    type Slots: Slots;
    /// One value per peer.
    type Table<T>: Table<T>;
    /// Identities that peers chose.
    type Names: Names;
    /// What the peers of a publisher want.
    type Topics: Topics<Slots = Self::Slots>;
    /// What a subscriber wants.
    type Interests: Interests;
}

/// Collections of fixed size: at most `PEERS` peers, identities of at most `NAME` octets, at most `TOPICS` topics of at
/// most `TOPIC` octets.
#[derive(Clone, Copy, Debug)]
pub struct Fixed<const PEERS: usize, const NAME: usize = 16, const TOPICS: usize = 8, const TOPIC: usize = 32>;

/// Collections that grow on the heap.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub struct Heap;

/// The collection has no room. Grow its constants, or refuse the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

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
    /// Removes all slots.
    fn clear(&mut self);
    /// Whether there is none.
    fn is_empty(&self) -> bool;
    /// The slots in order.
    fn iter(&self) -> impl Iterator<Item = u16> + '_;
}

/// One value per peer, found by slot; a former tenant of the slot finds nothing.
pub trait Table<T> {
    /// The empty table.
    const EMPTY: Self;
    /// Sets the peer's value, displacing that of a former tenant.
    fn insert(&mut self, peer: PeerId, value: T) -> Result<(), Full>;
    /// The peer's value.
    fn find(&self, peer: PeerId) -> Option<&T>;
    /// The peer's value.
    fn find_mut(&mut self, peer: PeerId) -> Option<&mut T>;
    /// Forgets the peer.
    fn remove(&mut self, peer: PeerId) -> Option<T>;
    /// The tenant of a slot.
    fn tenant(&self, slot: u16) -> Option<PeerId>;
}

/// Which peer answers to an identity.
pub trait Names {
    /// No names.
    const EMPTY: Self;
    /// The peer answers to the name from now on. Who did before comes back; it is still called so, by `of`.
    fn insert(&mut self, name: &[u8], peer: PeerId) -> Result<Option<PeerId>, Full>;
    /// Who answers to the name.
    fn find(&self, name: &[u8]) -> Option<PeerId>;
    /// What the peer is called.
    fn of(&self, peer: PeerId) -> Option<&[u8]>;
    /// Takes the peer's name away.
    fn remove(&mut self, peer: PeerId);
}

impl<const PEERS: usize, const NAME: usize, const TOPICS: usize, const TOPIC: usize> Storage
    for Fixed<PEERS, NAME, TOPICS, TOPIC>
{
    type Slots = Bits<1>;
    type Table<T> = FixedTable<T, PEERS>;
    type Names = FixedNames<PEERS, NAME>;
    type Topics = FixedTopics<TOPICS, TOPIC>;
    type Interests = FixedInterests<TOPICS, TOPIC>;
}

/// Slots as bits, 32 to a word. A device has at most 32 peers a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bits<const WORDS: usize>([u32; WORDS]);

impl<const WORDS: usize> Slots for Bits<WORDS> {
    const EMPTY: Self = Self([0; WORDS]);

    fn set(&mut self, slot: u16, member: bool) {
        set_bit(&mut self.0, slot, member);
    }

    fn contains(&self, slot: u16) -> bool {
        bit(&self.0, slot)
    }

    fn next_from(&self, slot: u16) -> Option<u16> {
        next_bit(&self.0, slot)
    }

    fn add_all(&mut self, others: &Self) {
        add_bits(&mut self.0, &others.0);
    }

    fn clear(&mut self) {
        self.0 = [0; WORDS];
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        bits(&self.0)
    }
}

/// One value per peer in an array.
#[derive(Debug)]
pub struct FixedTable<T, const PEERS: usize>([Option<(u16, T)>; PEERS]);

impl<T, const PEERS: usize> Table<T> for FixedTable<T, PEERS> {
    const EMPTY: Self = Self([const { None }; PEERS]);

    fn insert(&mut self, peer: PeerId, value: T) -> Result<(), Full> {
        *self.0.get_mut(usize::from(peer.slot)).ok_or(Full)? = Some((peer.turn, value));
        Ok(())
    }

    fn find(&self, peer: PeerId) -> Option<&T> {
        find(&self.0, peer)
    }

    fn find_mut(&mut self, peer: PeerId) -> Option<&mut T> {
        find_mut(&mut self.0, peer)
    }

    fn remove(&mut self, peer: PeerId) -> Option<T> {
        remove(&mut self.0, peer)
    }

    fn tenant(&self, slot: u16) -> Option<PeerId> {
        tenant(&self.0, slot)
    }
}

/// Names in an array, searched one by one.
#[derive(Debug)]
pub struct FixedNames<const PEERS: usize, const NAME: usize>(FixedTable<Name<NAME>, PEERS>);

#[derive(Debug)]
struct Name<const NAME: usize> {
    octets: heapless::Vec<u8, NAME>,
    answers: bool,
}

impl<const PEERS: usize, const NAME: usize> Names for FixedNames<PEERS, NAME> {
    const EMPTY: Self = Self(FixedTable::EMPTY);

    fn insert(&mut self, name: &[u8], peer: PeerId) -> Result<Option<PeerId>, Full> {
        let octets = heapless::Vec::from_slice(name).map_err(|_| Full)?;
        let before = self.find(name);
        self.0.insert(peer, Name { octets, answers: true })?;
        if let Some(entry) = before.and_then(|before| self.0.find_mut(before)) {
            entry.answers = before == Some(peer);
        }
        Ok(before)
    }

    fn find(&self, name: &[u8]) -> Option<PeerId> {
        let entries = self.0.0.iter().zip(0u16..);
        entries
            .filter_map(|(entry, slot)| entry.as_ref().map(|(turn, known)| (PeerId { slot, turn: *turn }, known)))
            .find_map(|(peer, known)| (known.answers && known.octets.as_slice() == name).then_some(peer))
    }

    fn of(&self, peer: PeerId) -> Option<&[u8]> {
        self.0.find(peer).map(|name| name.octets.as_slice())
    }

    fn remove(&mut self, peer: PeerId) {
        self.0.remove(peer);
    }
}

#[cfg(feature = "alloc")]
pub use heap::{HeapBits, HeapNames, HeapTable};
#[cfg(feature = "alloc")]
pub use {interests::HeapInterests, topics::HeapTopics};

#[cfg(feature = "alloc")]
mod heap {
    use super::{Full, Heap, Names, PeerId, Slots, Storage, Table};
    use alloc::collections::BTreeMap;
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    impl Storage for Heap {
        type Slots = HeapBits;
        type Table<T> = HeapTable<T>;
        type Names = HeapNames;
        type Topics = super::HeapTopics;
        type Interests = super::HeapInterests;
    }

    /// Slots as bits, as many words as the highest slot needs.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct HeapBits(Vec<u32>);

    impl Slots for HeapBits {
        const EMPTY: Self = Self(Vec::new());

        #[inline]
        fn set(&mut self, slot: u16, member: bool) {
            let words = usize::from(slot) / 32 + 1;
            if member && self.0.len() < words {
                self.0.resize(words, 0);
            }
            super::set_bit(&mut self.0, slot, member);
        }

        fn contains(&self, slot: u16) -> bool {
            super::bit(&self.0, slot)
        }

        #[inline]
        fn next_from(&self, slot: u16) -> Option<u16> {
            super::next_bit(&self.0, slot)
        }

        fn add_all(&mut self, others: &Self) {
            if self.0.len() < others.0.len() {
                self.0.resize(others.0.len(), 0);
            }
            super::add_bits(&mut self.0, &others.0);
        }

        fn clear(&mut self) {
            self.0.fill(0);
        }

        fn is_empty(&self) -> bool {
            self.0.iter().all(|word| *word == 0)
        }

        fn iter(&self) -> impl Iterator<Item = u16> + '_ {
            super::bits(&self.0)
        }
    }

    /// One value per peer, as many places as the highest slot needs.
    #[derive(Debug)]
    pub struct HeapTable<T>(Vec<Option<(u16, T)>>);

    impl<T> Table<T> for HeapTable<T> {
        const EMPTY: Self = Self(Vec::new());

        fn insert(&mut self, peer: PeerId, value: T) -> Result<(), Full> {
            let slot = usize::from(peer.slot);
            if self.0.len() <= slot {
                self.0.resize_with(slot + 1, || None);
            }
            *self.0.get_mut(slot).ok_or(Full)? = Some((peer.turn, value));
            Ok(())
        }

        fn find(&self, peer: PeerId) -> Option<&T> {
            super::find(&self.0, peer)
        }

        fn find_mut(&mut self, peer: PeerId) -> Option<&mut T> {
            super::find_mut(&mut self.0, peer)
        }

        fn remove(&mut self, peer: PeerId) -> Option<T> {
            super::remove(&mut self.0, peer)
        }

        fn tenant(&self, slot: u16) -> Option<PeerId> {
            super::tenant(&self.0, slot)
        }
    }

    /// Names in a tree, each shared between both directions.
    #[derive(Debug)]
    pub struct HeapNames {
        peers: BTreeMap<Arc<[u8]>, PeerId>,
        names: HeapTable<Arc<[u8]>>,
    }

    impl Names for HeapNames {
        const EMPTY: Self = Self { peers: BTreeMap::new(), names: HeapTable::EMPTY };

        fn insert(&mut self, name: &[u8], peer: PeerId) -> Result<Option<PeerId>, Full> {
            let name: Arc<[u8]> = name.into();
            self.names.insert(peer, name.clone())?;
            Ok(self.peers.insert(name, peer))
        }

        fn find(&self, name: &[u8]) -> Option<PeerId> {
            self.peers.get(name).copied()
        }

        fn of(&self, peer: PeerId) -> Option<&[u8]> {
            self.names.find(peer).map(AsRef::as_ref)
        }

        fn remove(&mut self, peer: PeerId) {
            if let Some(name) = self.names.remove(peer)
                && self.peers.get(&name) == Some(&peer)
            {
                self.peers.remove(&name);
            }
        }
    }
}

fn set_bit(words: &mut [u32], slot: u16, member: bool) {
    if let Some(word) = words.get_mut(usize::from(slot) / 32) {
        let bit = 1 << (slot % 32);
        *word = if member { *word | bit } else { *word & !bit };
    }
}

fn bit(words: &[u32], slot: u16) -> bool {
    words.get(usize::from(slot) / 32).is_some_and(|word| word >> (slot % 32) & 1 == 1)
}

fn add_bits(words: &mut [u32], others: &[u32]) {
    for (word, other) in words.iter_mut().zip(others) {
        *word |= other;
    }
}

fn bits(words: &[u32]) -> impl Iterator<Item = u16> + '_ {
    words.iter().zip(0u16..).flat_map(|(&word, index)| {
        let mut rest = word;
        core::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros() as u16)?;
            rest &= rest - 1;
            Some(index * 32 + bit)
        })
    })
}

/// The first set bit at or after `slot`, going round once: the rest of its word, the words after it, then from the
/// start.
#[inline]
fn next_bit(words: &[u32], slot: u16) -> Option<u16> {
    let first = usize::from(slot) / 32;
    let rest = words.get(first).map_or(0, |word| word & (u32::MAX << (slot % 32)));
    if rest != 0 {
        return Some((first * 32) as u16 + rest.trailing_zeros() as u16);
    }
    let indexed = || words.iter().enumerate().filter(|(_, word)| **word != 0);
    let (index, word) = indexed().find(|(index, _)| *index > first).or_else(|| indexed().next())?;
    Some((index * 32) as u16 + word.trailing_zeros() as u16)
}

fn find<T>(entries: &[Option<(u16, T)>], peer: PeerId) -> Option<&T> {
    match entries.get(usize::from(peer.slot))? {
        Some((turn, value)) if *turn == peer.turn => Some(value),
        _ => None,
    }
}

fn find_mut<T>(entries: &mut [Option<(u16, T)>], peer: PeerId) -> Option<&mut T> {
    match entries.get_mut(usize::from(peer.slot))? {
        Some((turn, value)) if *turn == peer.turn => Some(value),
        _ => None,
    }
}

fn remove<T>(entries: &mut [Option<(u16, T)>], peer: PeerId) -> Option<T> {
    let entry = entries.get_mut(usize::from(peer.slot))?;
    entry.take_if(|(turn, _)| *turn == peer.turn).map(|(_, value)| value)
}

fn tenant<T>(entries: &[Option<(u16, T)>], slot: u16) -> Option<PeerId> {
    entries.get(usize::from(slot))?.as_ref().map(|(turn, _)| PeerId { slot, turn: *turn })
}

#[cfg(feature = "alloc")]
#[cfg(test)]
mod tests {
    use super::*;

    fn peer(slot: u16, turn: u16) -> PeerId {
        PeerId { slot, turn }
    }

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
        others.clear();
        assert!(others.is_empty() && !slots.is_empty());
    }

    #[test]
    fn slots_are_walked_in_a_circle() {
        walk::<Bits<1>>();
        walk::<HeapBits>();
        let mut far = HeapBits::EMPTY;
        for member in [40, 41, 65535] {
            far.set(member, true);
        }
        assert_eq!([0, 41, 42, 65535].map(|from| far.next_from(from)), [40, 41, 65535, 65535].map(Some));
    }

    #[test]
    fn a_fixed_set_never_holds_a_slot_beyond_it() {
        let mut slots = Bits::<1>::EMPTY;
        slots.set(32, true);
        assert_eq!(slots.next_from(0), None);
    }

    fn tenants<T: Table<char>>() {
        let mut table = T::EMPTY;
        assert_eq!(table.insert(peer(1, 0), 'a'), Ok(()));
        assert_eq!(table.insert(peer(1, 1), 'b'), Ok(()));
        assert_eq!((table.find(peer(1, 0)), table.find(peer(1, 1))), (None, Some(&'b')));
        assert_eq!(table.tenant(1), Some(peer(1, 1)));
        assert_eq!((table.remove(peer(1, 0)), table.find_mut(peer(1, 1)).copied()), (None, Some('b')));
        assert_eq!((table.remove(peer(1, 1)), table.tenant(1)), (Some('b'), None));
        assert_eq!((table.find(peer(9, 0)), table.tenant(9)), (None, None));
    }

    #[test]
    fn a_former_tenant_of_a_slot_finds_nothing() {
        tenants::<FixedTable<char, 2>>();
        tenants::<HeapTable<char>>();
        let mut small = FixedTable::<char, 2>::EMPTY;
        assert_eq!(small.insert(peer(2, 0), 'x'), Err(Full));
    }

    fn names<N: Names>() {
        let mut names = N::EMPTY;
        assert_eq!(names.insert(b"one", peer(0, 0)), Ok(None));
        assert_eq!(names.insert(b"two", peer(1, 0)), Ok(None));
        assert_eq!((names.find(b"two"), names.of(peer(0, 0))), (Some(peer(1, 0)), Some(&b"one"[..])));
        assert_eq!(names.insert(b"one", peer(2, 0)), Ok(Some(peer(0, 0))));
        assert_eq!((names.find(b"one"), names.of(peer(0, 0))), (Some(peer(2, 0)), Some(&b"one"[..])));
        names.remove(peer(0, 0));
        assert_eq!(names.find(b"one"), Some(peer(2, 0)));
        names.remove(peer(2, 0));
        assert_eq!(names.find(b"one"), None);
    }

    #[test]
    fn one_peer_answers_to_a_name_and_who_did_before_is_still_called_so() {
        names::<FixedNames<3, 4>>();
        names::<HeapNames>();
        let mut short = FixedNames::<3, 4>::EMPTY;
        assert_eq!(short.insert(b"three", peer(0, 0)), Err(Full));
    }
}
