//! Where do patterns keep what they know of their peers? In arrays on a device, on the heap on a server.

mod interests;
mod slots;
mod topics;
#[cfg(feature = "alloc")]
mod trie;

pub use interests::{Change as InterestChange, FIXED_TOPIC_LEN_MAX, FixedInterests, Interests};
pub use slots::{Bits, Slots};
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
    type Slots = Bits<1>;
    type Table<T> = FixedTable<T, PEERS>;
    type Names = FixedNames<PEERS, NAME>;
    type Topics = FixedTopics<TOPICS, TOPIC>;
    type Interests = FixedInterests<TOPICS, TOPIC>;
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
pub use heap::{HeapNames, HeapTable};
#[cfg(feature = "alloc")]
pub use {interests::HeapInterests, slots::HeapBits, topics::HeapTopics};

#[cfg(feature = "alloc")]
mod heap {
    use super::{Full, Heap, HeapBits, Names, PeerId, Storage, Table};
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
