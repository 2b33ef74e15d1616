//! Which peers want a message? Those who subscribed to what its first part begins with.
//!
//! Each peer's topics are a set: to want a topic twice is to want it once (libzmq's subscribers count for themselves and
//! say only the first and the last). A peer with more topics than there is room for is given everything, as if it wanted
//! the empty topic, for which there is always room; it filters again when it receives.

use super::octets::FixedOctets;
use super::{Bits, Full, Slots};
use crate::peer::PeerId;
use crate::wire::{begins_with, same};

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
    /// How much memory all topics take that grows with them, in octets, about.
    fn memory(&self) -> usize;
    /// The peer wants the empty topic from now on, whatever it says. `None` when that was so before.
    fn widen(&mut self, peer: PeerId) -> Option<Change>;
    /// Adds those who want the subject to a set.
    fn collect(&self, subject: &[u8], wanting: &mut Self::Slots);
    /// Forgets all that the peer wants.
    fn forget(&mut self, peer: PeerId);
    /// Forgets topics of the peer, one after the other, up to one that nobody else wants, or with `every` just the next.
    fn forget_next(&mut self, peer: PeerId, every: bool) -> Option<&[u8]>;
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

/// Topics in an array of `TOPICS`, each of at most `OCTETS` octets, searched one by one. The empty topic takes no room.
#[derive(Debug)]
pub struct FixedTopics<const TOPICS: usize, const OCTETS: usize> {
    entries: [Entry<OCTETS>; TOPICS],
    everything: Bits,
    /// Those of `everything` that are not asked any more.
    widened: Bits,
}

/// A topic and who wants it; free when nobody does.
#[derive(Debug)]
struct Entry<const OCTETS: usize> {
    topic: FixedOctets<OCTETS>,
    peers: Bits,
}

impl<const TOPICS: usize, const OCTETS: usize> FixedTopics<TOPICS, OCTETS> {
    /// Who wants the topic, if anybody ever did.
    fn wanting(&mut self, topic: &[u8]) -> Option<&mut Bits> {
        if topic.is_empty() {
            return Some(&mut self.everything);
        }
        let known = |entry: &&mut Entry<OCTETS>| !entry.peers.is_empty() && same(entry.topic.as_slice(), topic);
        self.entries.iter_mut().find(known).map(|entry| &mut entry.peers)
    }
}

impl<const TOPICS: usize, const OCTETS: usize> Topics for FixedTopics<TOPICS, OCTETS> {
    type Slots = Bits;

    const EMPTY: Self = Self {
        entries: [const { Entry { topic: FixedOctets::EMPTY, peers: Bits::EMPTY } }; TOPICS],
        everything: Bits::EMPTY,
        widened: Bits::EMPTY,
    };

    fn add(&mut self, topic: &[u8], peer: PeerId) -> Result<Change, Full> {
        if self.widened.contains(peer.slot()) {
            return Ok(Change::Nothing);
        }
        if let Some(peers) = self.wanting(topic) {
            return Ok(join(peers, peer));
        }
        let free = self.entries.iter_mut().find(|entry| entry.peers.is_empty()).ok_or(Full)?;
        free.topic.set(topic)?;
        free.peers.set(peer.slot(), true);
        Ok(Change::Topic)
    }

    fn remove(&mut self, topic: &[u8], peer: PeerId) -> Change {
        if self.widened.contains(peer.slot()) {
            return Change::Nothing;
        }
        let Some(peers) = self.wanting(topic).filter(|peers| peers.contains(peer.slot())) else {
            return Change::Nothing;
        };
        peers.set(peer.slot(), false);
        if peers.is_empty() { Change::Topic } else { Change::Peer }
    }

    fn count(&self, peer: PeerId) -> usize {
        self.entries.iter().filter(|entry| entry.peers.contains(peer.slot())).count()
            + usize::from(self.everything.contains(peer.slot()))
    }

    fn memory(&self) -> usize {
        0
    }

    fn widen(&mut self, peer: PeerId) -> Option<Change> {
        if self.widened.contains(peer.slot()) {
            return None;
        }
        self.widened.set(peer.slot(), true);
        Some(join(&mut self.everything, peer))
    }

    fn collect(&self, subject: &[u8], wanting: &mut Self::Slots) {
        wanting.add_all(&self.everything);
        for entry in &self.entries {
            if begins_with(subject, entry.topic.as_slice()) {
                wanting.add_all(&entry.peers);
            }
        }
    }

    fn forget(&mut self, peer: PeerId) {
        self.widened.set(peer.slot(), false);
        self.everything.set(peer.slot(), false);
        for entry in &mut self.entries {
            entry.peers.set(peer.slot(), false);
        }
    }

    fn forget_next(&mut self, peer: PeerId, every: bool) -> Option<&[u8]> {
        self.widened.set(peer.slot(), false);
        let is_next = |peers: &mut Bits| {
            let wanted = peers.contains(peer.slot());
            peers.set(peer.slot(), false);
            wanted && (every || peers.is_empty())
        };
        if is_next(&mut self.everything) {
            return Some(&[]);
        }
        let next = self.entries.iter_mut().find_map(|entry| is_next(&mut entry.peers).then_some(&entry.topic));
        next.map(|topic| topic.as_slice())
    }
}

/// The peer comes to those who want a topic.
fn join(peers: &mut Bits, peer: PeerId) -> Change {
    let change = match peers.contains(peer.slot()) {
        true => Change::Nothing,
        false if peers.is_empty() => Change::Topic,
        false => Change::Peer,
    };
    peers.set(peer.slot(), true);
    change
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
        memory: usize,
        /// The topic that was forgotten last.
        forgotten: Vec<u8>,
    }

    /// Who wants a topic.
    #[derive(Debug, Default)]
    struct Wanting {
        /// Their slots, in order.
        slots: Vec<u16>,
        /// How long the topic is.
        len: usize,
    }

    impl Value for Wanting {
        fn is_empty(&self) -> bool {
            self.slots.is_empty()
        }
    }

    /// What a topic takes beside its octets: a node, which may part another in two, and its places among the children.
    const TOPIC_COST: usize = 256;
    /// What each peer takes that wants it: its slot, and the topic among its own.
    const PEER_COST: usize = 32;

    impl Topics for HeapTopics {
        type Slots = HeapBits;

        const EMPTY: Self =
            Self { tree: Trie::EMPTY, owned: Vec::new(), widened: HeapBits::EMPTY, memory: 0, forgotten: Vec::new() };

        fn add(&mut self, topic: &[u8], peer: PeerId) -> Result<Change, Full> {
            if self.widened.contains(peer.slot()) {
                return Ok(Change::Nothing);
            }
            let id = self.tree.insert(topic);
            let Some(Wanting { slots, len }) = self.tree.value_mut(id) else { return Err(Full) };
            let first = slots.is_empty();
            *len = topic.len();
            match slots.binary_search(&peer.slot()) {
                Ok(_) => return Ok(Change::Nothing),
                Err(at) => slots.insert(at, peer.slot()),
            }
            let place = usize::from(peer.slot());
            if self.owned.len() <= place {
                self.owned.resize_with(place + 1, BTreeSet::new);
            }
            if let Some(owned) = self.owned.get_mut(place) {
                owned.insert(id);
            }
            self.memory += PEER_COST + if first { TOPIC_COST + topic.len() } else { 0 };
            Ok(if first { Change::Topic } else { Change::Peer })
        }

        fn remove(&mut self, topic: &[u8], peer: PeerId) -> Change {
            if self.widened.contains(peer.slot()) {
                return Change::Nothing;
            }
            let owned = self.owned.get_mut(usize::from(peer.slot()));
            match self.tree.find(topic).filter(|id| owned.is_some_and(|owned| owned.remove(id))) {
                Some(id) => self.release(id, peer),
                None => Change::Nothing,
            }
        }

        fn count(&self, peer: PeerId) -> usize {
            self.owned.get(usize::from(peer.slot())).map_or(0, BTreeSet::len)
        }

        fn memory(&self) -> usize {
            self.memory
        }

        fn widen(&mut self, peer: PeerId) -> Option<Change> {
            let change = self.add(&[], peer).ok().filter(|_| !self.widened.contains(peer.slot()));
            self.widened.set(peer.slot(), true);
            change
        }

        fn collect(&self, subject: &[u8], wanting: &mut HeapBits) {
            self.tree.walk(subject, |Wanting { slots, .. }| {
                slots.iter().for_each(|&slot| wanting.set(slot, true));
                true
            });
        }

        fn forget(&mut self, peer: PeerId) {
            self.widened.set(peer.slot(), false);
            let owned = self.owned.get_mut(usize::from(peer.slot())).map(core::mem::take);
            for id in owned.into_iter().flatten() {
                self.release(id, peer);
            }
        }

        fn forget_next(&mut self, peer: PeerId, every: bool) -> Option<&[u8]> {
            self.widened.set(peer.slot(), false);
            loop {
                let id = self.owned.get_mut(usize::from(peer.slot()))?.pop_first()?;
                let is_alone = self.tree.value(id).is_some_and(|Wanting { slots, .. }| slots.len() == 1);
                if every || is_alone {
                    self.tree.topic(id, &mut self.forgotten);
                }
                self.release(id, peer);
                if every || is_alone {
                    return Some(&self.forgotten);
                }
            }
        }
    }

    impl HeapTopics {
        /// The peer leaves those who want the topic of a node.
        fn release(&mut self, id: NodeId, peer: PeerId) -> Change {
            let Some(Wanting { slots, len }) = self.tree.value_mut(id) else { return Change::Nothing };
            if let Ok(at) = slots.binary_search(&peer.slot()) {
                slots.remove(at);
                self.memory = self.memory.saturating_sub(PEER_COST);
            }
            if !slots.is_empty() {
                return Change::Peer;
            }
            self.memory = self.memory.saturating_sub(TOPIC_COST + *len);
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
        PeerId::new(slot, 1)
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
        assert_eq!(topics.memory(), 0);
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
        assert_eq!(topics.widen(peer(0)), Some(Change::Topic));
        assert_eq!((wanting(&topics, b"z").as_slice(), topics.count(peer(0))), (&[0][..], 2));
        for topic in [&b"a"[..], b""] {
            assert_eq!(
                (topics.add(topic, peer(0)), topics.remove(topic, peer(0))),
                (Ok(Change::Nothing), Change::Nothing)
            );
        }
        assert_eq!((wanting(&topics, b"z").as_slice(), topics.widen(peer(0))), (&[0][..], None));
        assert_eq!(topics.add(b"", peer(1)), Ok(Change::Peer));
        topics.forget(peer(0));
        assert_eq!(wanting(&topics, b"a"), [1]);
        assert_eq!((topics.add(b"b", peer(0)), topics.remove(b"", peer(1))), (Ok(Change::Topic), Change::Topic));
    }

    #[test]
    fn a_widened_peer_is_given_everything_until_it_is_forgotten() {
        widens::<FixedTopics<2, 4>>();
        widens::<HeapTopics>();
    }

    fn forgets_one_by_one<T: Topics>() {
        let mut topics = T::EMPTY;
        for every in [false, true] {
            for (topic, slot) in [(&b"a"[..], 0), (b"ab", 0), (b"a", 1), (b"c", 0)] {
                topics.add(topic, peer(slot)).unwrap();
            }
            topics.widen(peer(0));
            let mut gone = heapless::Vec::<heapless::Vec<u8, 2>, 4>::new();
            while let Some(topic) = topics.forget_next(peer(0), every) {
                gone.push(heapless::Vec::from_slice(topic).unwrap()).unwrap();
            }
            gone.sort_unstable();
            let expected: &[&[u8]] = if every { &[b"", b"a", b"ab", b"c"] } else { &[b"", b"ab", b"c"] };
            assert_eq!(gone, expected);
            assert_eq!((wanting(&topics, b"abc").as_slice(), topics.count(peer(0))), (&[1][..], 0));
        }
    }

    #[test]
    fn a_peer_that_is_forgotten_says_what_nobody_wants_any_more() {
        forgets_one_by_one::<FixedTopics<4, 4>>();
        forgets_one_by_one::<HeapTopics>();
    }

    #[test]
    fn a_fixed_table_says_when_it_is_full() {
        let mut topics = FixedTopics::<1, 4>::EMPTY;
        assert_eq!(topics.add(b"12345", peer(0)), Err(Full));
        assert_eq!(topics.add(b"1234", peer(0)), Ok(Change::Topic));
        assert_eq!((topics.add(b"5", peer(0)), topics.add(b"1234", peer(1))), (Err(Full), Ok(Change::Peer)));
    }
}
