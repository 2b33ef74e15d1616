//! Which peers want a message? Those who subscribed to what its first part begins with.
//!
//! Each peer's topics are a set: to want a topic twice is to want it once (libzmq's subscribers count for themselves and
//! say only the first and the last). A peer with more topics than there is room for is given everything; it filters
//! again when it receives.

use super::{Full, Slots};
use crate::peer::PeerId;

/// Who wants which topics.
pub trait Topics {
    /// The peers that want a message.
    type Slots: Slots;
    /// Nobody wants anything.
    const EMPTY: Self;
    /// The peer wants all that begins with the topic.
    fn add(&mut self, topic: &[u8], peer: PeerId) -> Result<Change, Full>;
    /// The peer does not want the topic any more.
    fn remove(&mut self, topic: &[u8], peer: PeerId) -> Change;
    /// How many topics the peer has.
    fn count(&self, peer: PeerId) -> usize;
    /// The peer is given everything from now on, whatever it says, and its topics are forgotten.
    fn widen(&mut self, peer: PeerId);
    /// Adds those who want the subject to a set.
    fn collect(&self, subject: &[u8], wanting: &mut Self::Slots);
    /// Forgets all that the peer wants.
    fn forget(&mut self, peer: PeerId);
}

/// What adding or removing came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing: the peer had it already, or never had it.
    Nothing,
    /// The peer came to others who want the topic, or left them.
    Peer,
    /// The peer is the first who wants the topic, or was the last.
    Topic,
}

/// Topics in an array of `TOPICS`, each of at most `OCTETS` octets, searched one by one.
#[derive(Debug)]
pub struct FixedTopics<const TOPICS: usize, const OCTETS: usize> {
    entries: [Entry<OCTETS>; TOPICS],
    widened: super::Bits<1>,
}

/// A topic and who wants it; free when nobody does.
#[derive(Debug)]
struct Entry<const OCTETS: usize> {
    topic: heapless::Vec<u8, OCTETS>,
    peers: super::Bits<1>,
}

impl<const TOPICS: usize, const OCTETS: usize> Topics for FixedTopics<TOPICS, OCTETS> {
    type Slots = super::Bits<1>;

    const EMPTY: Self = Self {
        entries: [const { Entry { topic: heapless::Vec::new(), peers: super::Bits::EMPTY } }; TOPICS],
        widened: super::Bits::EMPTY,
    };

    fn add(&mut self, topic: &[u8], peer: PeerId) -> Result<Change, Full> {
        if self.widened.contains(peer.slot) {
            return Ok(Change::Nothing);
        }
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.is(topic)) {
            let known = entry.peers.contains(peer.slot);
            entry.peers.set(peer.slot, true);
            return Ok(if known { Change::Nothing } else { Change::Peer });
        }
        let topic = heapless::Vec::from_slice(topic).map_err(|_| Full)?;
        let entry = self.entries.iter_mut().find(|entry| entry.peers.is_empty()).ok_or(Full)?;
        entry.topic = topic;
        entry.peers.set(peer.slot, true);
        Ok(Change::Topic)
    }

    fn remove(&mut self, topic: &[u8], peer: PeerId) -> Change {
        let wants = |entry: &&mut Entry<OCTETS>| entry.is(topic) && entry.peers.contains(peer.slot);
        let Some(entry) = self.entries.iter_mut().find(wants) else { return Change::Nothing };
        entry.peers.set(peer.slot, false);
        if entry.peers.is_empty() { Change::Topic } else { Change::Peer }
    }

    fn count(&self, peer: PeerId) -> usize {
        self.entries.iter().filter(|entry| entry.peers.contains(peer.slot)).count()
    }

    fn widen(&mut self, peer: PeerId) {
        self.forget(peer);
        self.widened.set(peer.slot, true);
    }

    fn collect(&self, subject: &[u8], wanting: &mut Self::Slots) {
        wanting.add_all(&self.widened);
        for entry in &self.entries {
            if subject.starts_with(&entry.topic) {
                wanting.add_all(&entry.peers);
            }
        }
    }

    fn forget(&mut self, peer: PeerId) {
        self.widened.set(peer.slot, false);
        for entry in &mut self.entries {
            entry.peers.set(peer.slot, false);
        }
    }
}

impl<const OCTETS: usize> Entry<OCTETS> {
    fn is(&self, topic: &[u8]) -> bool {
        !self.peers.is_empty() && self.topic.as_slice() == topic
    }
}

#[cfg(feature = "alloc")]
pub use heap::HeapTopics;

#[cfg(feature = "alloc")]
mod heap {
    use super::{Change, Topics};
    use crate::peer::PeerId;
    use crate::storage::trie::{NodeId, Trie, Value};
    use crate::storage::{Full, HeapBits, Slots};
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    /// Topics in a tree. Finding who wants a subject costs by the topics that it begins with, forgetting a peer by that
    /// peer's own.
    #[derive(Debug)]
    pub struct HeapTopics {
        tree: Trie<Wanting>,
        /// By slot.
        owned: Vec<BTreeSet<NodeId>>,
        widened: HeapBits,
    }

    /// The slots of those who want a topic, in order.
    #[derive(Debug, Default)]
    struct Wanting(Vec<u16>);

    impl Value for Wanting {
        fn is_empty(&self) -> bool {
            self.0.is_empty()
        }
    }

    impl Topics for HeapTopics {
        type Slots = HeapBits;

        const EMPTY: Self = Self { tree: Trie::EMPTY, owned: Vec::new(), widened: HeapBits::EMPTY };

        fn add(&mut self, topic: &[u8], peer: PeerId) -> Result<Change, Full> {
            if self.widened.contains(peer.slot) {
                return Ok(Change::Nothing);
            }
            let id = self.tree.insert(topic);
            let Some(Wanting(slots)) = self.tree.value_mut(id) else { return Err(Full) };
            let first = slots.is_empty();
            match slots.binary_search(&peer.slot) {
                Ok(_) => return Ok(Change::Nothing),
                Err(at) => slots.insert(at, peer.slot),
            }
            let place = usize::from(peer.slot);
            if self.owned.len() <= place {
                self.owned.resize_with(place + 1, BTreeSet::new);
            }
            if let Some(owned) = self.owned.get_mut(place) {
                owned.insert(id);
            }
            Ok(if first { Change::Topic } else { Change::Peer })
        }

        fn remove(&mut self, topic: &[u8], peer: PeerId) -> Change {
            let owned = self.owned.get_mut(usize::from(peer.slot));
            match self.tree.find(topic).filter(|id| owned.is_some_and(|owned| owned.remove(id))) {
                Some(id) => self.release(id, peer),
                None => Change::Nothing,
            }
        }

        fn count(&self, peer: PeerId) -> usize {
            self.owned.get(usize::from(peer.slot)).map_or(0, BTreeSet::len)
        }

        fn widen(&mut self, peer: PeerId) {
            self.forget(peer);
            self.widened.set(peer.slot, true);
        }

        fn collect(&self, subject: &[u8], wanting: &mut HeapBits) {
            wanting.add_all(&self.widened);
            self.tree.walk(subject, |Wanting(slots)| {
                slots.iter().for_each(|&slot| wanting.set(slot, true));
                true
            });
        }

        fn forget(&mut self, peer: PeerId) {
            self.widened.set(peer.slot, false);
            let owned = self.owned.get_mut(usize::from(peer.slot)).map(core::mem::take);
            for id in owned.into_iter().flatten() {
                self.release(id, peer);
            }
        }
    }

    impl HeapTopics {
        /// The peer leaves those who want the topic of a node.
        fn release(&mut self, id: NodeId, peer: PeerId) -> Change {
            let Some(Wanting(slots)) = self.tree.value_mut(id) else { return Change::Nothing };
            if let Ok(at) = slots.binary_search(&peer.slot) {
                slots.remove(at);
            }
            if !slots.is_empty() {
                return Change::Peer;
            }
            self.tree.prune(id);
            Change::Topic
        }
    }
}

#[cfg(feature = "alloc")]
#[cfg(test)]
mod tests {
    use super::{Change, FixedTopics, HeapTopics, Topics};
    use crate::peer::PeerId;
    use crate::storage::{Full, Slots};

    fn peer(slot: u16) -> PeerId {
        PeerId { slot, turn: 1 }
    }

    fn wanting<T: Topics>(topics: &T, subject: &[u8]) -> heapless::Vec<u16, 8> {
        let mut slots = T::Slots::EMPTY;
        topics.collect(subject, &mut slots);
        slots.iter().collect()
    }

    fn match_by_beginning<T: Topics>() {
        let mut topics = T::EMPTY;
        for (topic, slot) in [(&b"a"[..], 0), (b"ab", 1), (b"", 2), (b"b", 3)] {
            assert_eq!(topics.add(topic, peer(slot)), Ok(Change::Topic));
        }
        for (subject, slots) in [(&b"abc"[..], &[0, 1, 2][..]), (b"a", &[0, 2]), (b"", &[2]), (b"ba", &[2, 3])] {
            assert_eq!(wanting(&topics, subject), slots, "{}", subject.escape_ascii());
        }
    }

    #[test]
    fn a_subject_is_wanted_by_whoever_wants_a_beginning_of_it() {
        match_by_beginning::<FixedTopics<4, 8>>();
        match_by_beginning::<HeapTopics>();
    }

    fn sets<T: Topics>() {
        let mut topics = T::EMPTY;
        assert_eq!(topics.add(b"t", peer(0)), Ok(Change::Topic));
        assert_eq!(topics.add(b"t", peer(0)), Ok(Change::Nothing));
        assert_eq!(topics.add(b"t", peer(1)), Ok(Change::Peer));
        assert_eq!((topics.count(peer(0)), topics.count(peer(1)), topics.count(peer(2))), (1, 1, 0));
        assert_eq!(topics.remove(b"t", peer(2)), Change::Nothing);
        assert_eq!(topics.remove(b"u", peer(0)), Change::Nothing);
        assert_eq!(topics.remove(b"t", peer(0)), Change::Peer);
        assert_eq!(topics.remove(b"t", peer(0)), Change::Nothing);
        assert_eq!(wanting(&topics, b"t"), [1]);
        assert_eq!(topics.remove(b"t", peer(1)), Change::Topic);
        assert!(wanting(&topics, b"t").is_empty());
    }

    #[test]
    fn a_topic_wanted_twice_is_wanted_once() {
        sets::<FixedTopics<2, 4>>();
        sets::<HeapTopics>();
    }

    fn forgets<T: Topics>() {
        let mut topics = T::EMPTY;
        for (topic, slot) in [(&b"a"[..], 0), (b"ab", 0), (b"a", 1), (b"c", 0)] {
            topics.add(topic, peer(slot)).unwrap();
        }
        topics.forget(peer(0));
        assert_eq!((wanting(&topics, b"abc").as_slice(), topics.count(peer(0))), (&[1][..], 0));
        topics.forget(peer(1));
        assert_eq!(topics.add(b"a", peer(2)), Ok(Change::Topic), "nobody had it");
    }

    #[test]
    fn a_peer_that_is_forgotten_wants_nothing() {
        forgets::<FixedTopics<4, 4>>();
        forgets::<HeapTopics>();
    }

    fn widens<T: Topics>() {
        let mut topics = T::EMPTY;
        topics.add(b"a", peer(0)).unwrap();
        topics.widen(peer(0));
        assert_eq!((wanting(&topics, b"z").as_slice(), topics.count(peer(0))), (&[0][..], 0));
        assert_eq!((topics.add(b"b", peer(0)), topics.remove(b"a", peer(0))), (Ok(Change::Nothing), Change::Nothing));
        assert_eq!(wanting(&topics, b"z"), [0]);
        topics.forget(peer(0));
        assert!(wanting(&topics, b"a").is_empty());
    }

    #[test]
    fn a_widened_peer_is_given_everything_until_it_is_forgotten() {
        widens::<FixedTopics<2, 4>>();
        widens::<HeapTopics>();
    }

    #[test]
    fn a_fixed_table_says_when_it_is_full() {
        let mut topics = FixedTopics::<1, 4>::EMPTY;
        assert_eq!(topics.add(b"12345", peer(0)), Err(Full));
        assert_eq!(topics.add(b"1234", peer(0)), Ok(Change::Topic));
        assert_eq!((topics.add(b"5", peer(0)), topics.add(b"1234", peer(1))), (Err(Full), Ok(Change::Peer)));
    }
}
