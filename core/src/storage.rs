//! Where do patterns keep what they know of their peers? In arrays on a device, on the heap on a server.

mod interests;
mod octets;
mod slots;
mod topics;
#[cfg(feature = "alloc")]
mod trie;

pub use interests::{Change as InterestChange, FIXED_TOPIC_LEN_MAX, FixedInterests, Interests};
pub use slots::{Bits, Slots};
pub use topics::{Change as TopicChange, FixedTopics, Topics};

use crate::peer::PeerId;
use crate::wire::same;
use octets::FixedOctets;

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
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Full;

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
    type Slots = Bits;
    type Table<T> = FixedTable<T, PEERS>;
    type Names = FixedNames<PEERS, NAME>;
    type Topics = FixedTopics<TOPICS, TOPIC>;
    type Interests = FixedInterests<TOPICS, TOPIC>;
}

/// One value per peer in an array. The empty one is all zeros, so that it need not be copied to where it is used.
#[derive(Debug)]
pub struct FixedTable<T, const PEERS: usize>([Entry<T>; PEERS]);

/// A slot of a table. Its own tag, unlike that of an `Option`, is zero where there is nothing.
#[derive(Debug)]
#[repr(u8)]
enum Entry<T> {
    Free,
    Of(u16, T),
}

impl<T, const PEERS: usize> Table<T> for FixedTable<T, PEERS> {
    const EMPTY: Self = Self([const { Entry::Free }; PEERS]);

    fn insert(&mut self, peer: PeerId, value: T) -> Result<(), Full> {
        *self.0.get_mut(usize::from(peer.slot())).ok_or(Full)? = Entry::Of(peer.turn(), value);
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
pub struct FixedNames<const PEERS: usize, const NAME: usize>([Name<NAME>; PEERS]);

#[derive(Debug)]
struct Name<const NAME: usize> {
    octets: FixedOctets<NAME>,
    turn: u16,
    state: NameState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum NameState {
    Free,
    Answers,
    /// Its peer is still called so, and another answers to it.
    Passed,
}

impl<const PEERS: usize, const NAME: usize> FixedNames<PEERS, NAME> {
    fn entry_mut(&mut self, peer: PeerId) -> Option<&mut Name<NAME>> {
        self.0.get_mut(usize::from(peer.slot())).filter(|entry| entry.is_of(peer))
    }
}

impl<const NAME: usize> Name<NAME> {
    const FREE: Self = Self { octets: FixedOctets::EMPTY, turn: 0, state: NameState::Free };

    fn is_of(&self, peer: PeerId) -> bool {
        self.state != NameState::Free && self.turn == peer.turn()
    }
}

impl<const PEERS: usize, const NAME: usize> Names for FixedNames<PEERS, NAME> {
    const EMPTY: Self = Self([const { Name::FREE }; PEERS]);

    fn insert(&mut self, name: &[u8], peer: PeerId) -> Result<Option<PeerId>, Full> {
        let before = self.find(name);
        let entry = self.0.get_mut(usize::from(peer.slot())).ok_or(Full)?;
        entry.octets.set(name)?;
        (entry.turn, entry.state) = (peer.turn(), NameState::Answers);
        if let Some(entry) = before.filter(|before| *before != peer).and_then(|before| self.entry_mut(before)) {
            entry.state = NameState::Passed;
        }
        Ok(before)
    }

    fn find(&self, name: &[u8]) -> Option<PeerId> {
        let answers = |entry: &Name<NAME>| entry.state == NameState::Answers && same(entry.octets.as_slice(), name);
        let mut entries = self.0.iter().zip(0u16..);
        entries.find_map(|(entry, slot)| answers(entry).then_some(PeerId::new(slot, entry.turn)))
    }

    fn of(&self, peer: PeerId) -> Option<&[u8]> {
        let entry = self.0.get(usize::from(peer.slot())).filter(|entry| entry.is_of(peer))?;
        Some(entry.octets.as_slice())
    }

    fn remove(&mut self, peer: PeerId) {
        if let Some(entry) = self.entry_mut(peer) {
            entry.state = NameState::Free;
        }
    }
}

#[cfg(feature = "alloc")]
pub use heap::{HeapNames, HeapTable};
#[cfg(feature = "alloc")]
pub use {interests::HeapInterests, slots::HeapBits, topics::HeapTopics};

#[cfg(feature = "alloc")]
mod heap {
    use super::{Entry, Full, Heap, HeapBits, Names, PeerId, Storage, Table};
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

    /// One value per peer, as many places as the highest slot needs.
    #[derive(Debug)]
    pub struct HeapTable<T>(Vec<Entry<T>>);

    impl<T> Table<T> for HeapTable<T> {
        const EMPTY: Self = Self(Vec::new());

        fn insert(&mut self, peer: PeerId, value: T) -> Result<(), Full> {
            let slot = usize::from(peer.slot());
            if self.0.len() <= slot {
                self.0.resize_with(slot + 1, || Entry::Free);
            }
            *self.0.get_mut(slot).ok_or(Full)? = Entry::Of(peer.turn(), value);
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

fn find<T>(entries: &[Entry<T>], peer: PeerId) -> Option<&T> {
    match entries.get(usize::from(peer.slot()))? {
        Entry::Of(turn, value) if *turn == peer.turn() => Some(value),
        _ => None,
    }
}

fn find_mut<T>(entries: &mut [Entry<T>], peer: PeerId) -> Option<&mut T> {
    match entries.get_mut(usize::from(peer.slot()))? {
        Entry::Of(turn, value) if *turn == peer.turn() => Some(value),
        _ => None,
    }
}

fn remove<T>(entries: &mut [Entry<T>], peer: PeerId) -> Option<T> {
    find(entries, peer)?;
    match core::mem::replace(entries.get_mut(usize::from(peer.slot()))?, Entry::Free) {
        Entry::Of(_, value) => Some(value),
        Entry::Free => None,
    }
}

fn tenant<T>(entries: &[Entry<T>], slot: u16) -> Option<PeerId> {
    match entries.get(usize::from(slot))? {
        Entry::Of(turn, _) => Some(PeerId::new(slot, *turn)),
        Entry::Free => None,
    }
}

#[cfg(feature = "alloc")]
#[cfg(test)]
mod tests {
    use super::*;

    fn peer(slot: u16, turn: u16) -> PeerId {
        PeerId::new(slot, turn)
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
