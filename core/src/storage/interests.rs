//! What does a subscriber want, and what of it does each of its publishers know already?
//!
//! Every change has a number. A publisher that knows the changes up to some number is told those behind it, in order;
//! one that has just connected knows none. So nothing is queued: a topic that changes often is told as it is last.

use super::Full;
use super::octets::FixedOctets;
use crate::wire::{begins_with, same};

/// The topics of a subscriber, each counted (RFC 37: subscriptions are additive).
pub trait Interests {
    /// No topics.
    const EMPTY: Self;
    /// Wants the topic once more.
    fn add(&mut self, topic: &[u8]) -> Result<(), Full>;
    /// Wants the topic once less. Whether it was wanted.
    fn remove(&mut self, topic: &[u8]) -> bool;
    /// Whether a topic is wanted that the subject begins with.
    fn wants(&self, subject: &[u8]) -> bool;
    /// The number of the latest change.
    fn latest(&self) -> u64;
    /// The first change behind a number.
    fn change_after(&self, number: u64) -> Option<Change<'_>>;
    /// Whether topics are kept that are not wanted any more, for those who do not know yet.
    fn has_cancelled(&self) -> bool;
    /// Everybody knows the changes up to this number.
    fn forget_cancelled(&mut self, number: u64);
}

/// A topic came to be wanted, or is not wanted any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change<'a> {
    /// Its place among all changes.
    pub number: u64,
    /// The topic.
    pub topic: &'a [u8],
    /// Whether it is wanted.
    pub wanted: bool,
}

/// The longest topic of a subscriber in fixed memory, in octets.
pub const FIXED_TOPIC_LEN_MAX: usize = 64;

/// Topics in an array of `TOPICS`, each of at most `OCTETS` octets. One that was cancelled keeps its place until all
/// publishers that are there know.
#[derive(Debug)]
pub struct FixedInterests<const TOPICS: usize, const OCTETS: usize> {
    /// Those that no change has a number of are free.
    entries: [Interest<FixedOctets<OCTETS>>; TOPICS],
    latest: Number,
}

/// The number of a change, in words: what is cleared eight octets at a time takes another function to clear it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(C, packed(4))]
struct Number(u64);

/// What no change is numbered.
const FREE: Number = Number(0);

#[derive(Debug)]
struct Interest<T> {
    topic: T,
    count: u32,
    number: Number,
}

impl<T: AsRef<[u8]>> Interest<T> {
    fn is_beginning_of(&self, subject: &[u8]) -> bool {
        self.count > 0 && begins_with(subject, self.topic.as_ref())
    }

    /// Wants it once more. Whether it was not wanted before.
    fn add(&mut self) -> bool {
        self.count = self.count.saturating_add(1);
        self.count == 1
    }

    /// Wants it once less: whether it is not wanted any more. `None` when it was not wanted.
    fn remove(&mut self) -> Option<bool> {
        self.count = self.count.checked_sub(1)?;
        Some(self.count == 0)
    }

    fn change(&self) -> Change<'_> {
        Change { number: self.number.0, topic: self.topic.as_ref(), wanted: self.count > 0 }
    }
}

impl<const TOPICS: usize, const OCTETS: usize> FixedInterests<TOPICS, OCTETS> {
    fn find(&mut self, topic: &[u8]) -> Option<&mut Interest<FixedOctets<OCTETS>>> {
        self.entries.iter_mut().find(|known| known.number != FREE && same(known.topic.as_slice(), topic))
    }

    fn kept(&self) -> impl Iterator<Item = &Interest<FixedOctets<OCTETS>>> {
        self.entries.iter().filter(|known| known.number != FREE)
    }
}

impl<const TOPICS: usize, const OCTETS: usize> Interests for FixedInterests<TOPICS, OCTETS> {
    const EMPTY: Self = {
        assert!(OCTETS <= FIXED_TOPIC_LEN_MAX, "a subscriber in fixed memory says topics of at most 64 octets");
        Self {
            entries: [const { Interest { topic: FixedOctets::EMPTY, count: 0, number: FREE } }; TOPICS],
            latest: FREE,
        }
    };

    fn add(&mut self, topic: &[u8]) -> Result<(), Full> {
        let number = Number(self.latest.0 + 1);
        if let Some(known) = self.find(topic) {
            if known.add() {
                known.number = number;
                self.latest = number;
            }
            return Ok(());
        }
        let place = self.entries.iter_mut().find(|known| known.number == FREE).ok_or(Full)?;
        place.topic.set(topic)?;
        (place.count, place.number) = (1, number);
        self.latest = number;
        Ok(())
    }

    fn remove(&mut self, topic: &[u8]) -> bool {
        let number = Number(self.latest.0 + 1);
        let Some(known) = self.find(topic) else { return false };
        let Some(over) = known.remove() else { return false };
        if over {
            known.number = number;
            self.latest = number;
        }
        true
    }

    fn wants(&self, subject: &[u8]) -> bool {
        self.kept().any(|known| known.is_beginning_of(subject))
    }

    fn latest(&self) -> u64 {
        self.latest.0
    }

    fn change_after(&self, number: u64) -> Option<Change<'_>> {
        let later = self.kept().filter(|known| known.number.0 > number);
        later.min_by_key(|known| known.number).map(Interest::change)
    }

    fn has_cancelled(&self) -> bool {
        self.kept().any(|known| known.count == 0)
    }

    fn forget_cancelled(&mut self, number: u64) {
        for known in &mut self.entries {
            if known.count == 0 && known.number.0 <= number {
                known.number = FREE;
            }
        }
    }
}

#[cfg(feature = "alloc")]
pub use heap::HeapInterests;

#[cfg(feature = "alloc")]
mod heap {
    use super::{Change, Interest, Interests, Number};
    use crate::storage::Full;
    use crate::storage::trie::{NodeId, Trie, Value};
    use alloc::boxed::Box;
    use alloc::collections::BTreeMap;

    /// Topics in a tree, and their changes in order.
    #[derive(Debug)]
    pub struct HeapInterests {
        tree: Trie<Known>,
        changes: BTreeMap<u64, NodeId>,
        latest: u64,
        cancelled: usize,
    }

    type Known = Option<Box<Interest<Box<[u8]>>>>;

    impl Value for Known {
        fn is_empty(&self) -> bool {
            self.is_none()
        }
    }

    impl HeapInterests {
        fn known(&self, id: NodeId) -> Option<&Interest<Box<[u8]>>> {
            self.tree.value(id)?.as_deref()
        }

        /// The topic of a node has changed.
        fn changed(&mut self, id: NodeId) {
            self.latest += 1;
            if let Some(Some(known)) = self.tree.value_mut(id) {
                self.changes.remove(&{ known.number.0 });
                known.number = Number(self.latest);
                self.changes.insert(self.latest, id);
            }
        }
    }

    impl Interests for HeapInterests {
        const EMPTY: Self = Self { tree: Trie::EMPTY, changes: BTreeMap::new(), latest: 0, cancelled: 0 };

        fn add(&mut self, topic: &[u8]) -> Result<(), Full> {
            let id = self.tree.insert(topic);
            let Some(known) = self.tree.value_mut(id) else { return Err(Full) };
            let again = known.is_some();
            let known =
                known.get_or_insert_with(|| Box::new(Interest { topic: topic.into(), count: 0, number: Number(0) }));
            if known.add() {
                self.cancelled -= usize::from(again);
                self.changed(id);
            }
            Ok(())
        }

        fn remove(&mut self, topic: &[u8]) -> bool {
            let Some(id) = self.tree.find(topic) else { return false };
            let Some(Some(known)) = self.tree.value_mut(id) else { return false };
            let Some(over) = known.remove() else { return false };
            if over {
                self.cancelled += 1;
                self.changed(id);
            }
            true
        }

        fn wants(&self, subject: &[u8]) -> bool {
            let mut wanted = false;
            self.tree.walk(subject, |known| {
                wanted = known.as_ref().is_some_and(|known| known.count > 0);
                !wanted
            });
            wanted
        }

        fn latest(&self) -> u64 {
            self.latest
        }

        fn change_after(&self, number: u64) -> Option<Change<'_>> {
            if number >= self.latest {
                return None;
            }
            let (_, &id) = self.changes.range(number + 1..).next()?;
            self.known(id).map(Interest::change)
        }

        fn has_cancelled(&self) -> bool {
            self.cancelled > 0
        }

        fn forget_cancelled(&mut self, number: u64) {
            let is_cancelled = |id: &NodeId| self.known(*id).is_some_and(|known| known.count == 0);
            let known = self.changes.range(..=number).map(|(_, &id)| id);
            for id in known.filter(is_cancelled).collect::<alloc::vec::Vec<_>>() {
                if let Some(known) = self.tree.value_mut(id).and_then(Option::take) {
                    self.changes.remove(&{ known.number.0 });
                    self.cancelled -= 1;
                    self.tree.prune(id);
                }
            }
        }
    }
}

#[cfg(feature = "alloc")]
#[cfg(test)]
mod tests {
    use super::{FixedInterests, HeapInterests, Interests};
    use crate::storage::Full;

    /// What somebody is told who knows the changes up to a number.
    fn told<I: Interests>(interests: &I, mut number: u64) -> heapless::Vec<(heapless::Vec<u8, 8>, bool), 8> {
        let mut told = heapless::Vec::new();
        while let Some(change) = interests.change_after(number) {
            number = change.number;
            told.push((heapless::Vec::from_slice(change.topic).unwrap(), change.wanted)).unwrap();
        }
        told
    }

    fn counts<I: Interests>() {
        let mut interests = I::EMPTY;
        interests.add(b"a").unwrap();
        let once = interests.latest();
        interests.add(b"a").unwrap();
        assert!(interests.remove(b"a") && interests.wants(b"abc"));
        assert_eq!(told(&interests, once), []);
        assert!(interests.remove(b"a") && !interests.wants(b"abc") && !interests.remove(b"a"));
        assert_eq!(told(&interests, once).as_slice(), [(heapless::Vec::from_slice(b"a").unwrap(), false)]);
        for topic in [&b"never"[..], b"news."] {
            interests.add(topic).unwrap();
        }
        assert!(!interests.remove(b"ne") && !interests.remove(b"") && interests.wants(b"never"));
    }

    #[test]
    fn only_the_first_and_the_last_are_told() {
        counts::<FixedInterests<3, 8>>();
        counts::<HeapInterests>();
    }

    fn order<I: Interests>() {
        let mut interests = I::EMPTY;
        for topic in [b"a", b"b", b"c"] {
            interests.add(topic).unwrap();
        }
        let known = interests.latest();
        interests.remove(b"b");
        interests.add(b"d").unwrap();
        interests.remove(b"a");
        interests.add(b"b").unwrap();
        let names = |number| -> heapless::Vec<(u8, bool), 8> {
            told(&interests, number).iter().map(|(topic, wanted)| (topic[0], *wanted)).collect()
        };
        assert_eq!(names(known).as_slice(), [(b'd', true), (b'a', false), (b'b', true)]);
        assert_eq!(names(0).as_slice(), [(b'c', true), (b'd', true), (b'a', false), (b'b', true)]);
    }

    #[test]
    fn changes_are_told_in_order_and_each_topic_as_it_is_last() {
        order::<FixedInterests<4, 8>>();
        order::<HeapInterests>();
    }

    fn forgets<I: Interests>() {
        let mut interests = I::EMPTY;
        for topic in [b"a", b"b"] {
            interests.add(topic).unwrap();
            interests.remove(topic);
        }
        assert!(interests.has_cancelled());
        let [a, b] = [interests.change_after(0).unwrap().number, interests.latest()];
        interests.forget_cancelled(a);
        assert_eq!(told(&interests, 0).len(), 1);
        interests.forget_cancelled(b);
        assert!(!interests.has_cancelled() && told(&interests, 0).is_empty());
        interests.add(b"a").unwrap();
        assert!(interests.wants(b"a") && interests.latest() > b);
    }

    #[test]
    fn a_cancelled_topic_is_forgotten_when_everybody_knows() {
        forgets::<FixedInterests<2, 8>>();
        forgets::<HeapInterests>();
    }

    #[test]
    fn the_empty_topic_is_everything() {
        let mut interests = HeapInterests::EMPTY;
        assert!(!interests.wants(b"") && !interests.wants(b"x"));
        interests.add(b"").unwrap();
        assert!(interests.wants(b"") && interests.wants(b"x"));
    }

    #[test]
    fn a_fixed_table_says_when_it_is_full() {
        let mut interests = FixedInterests::<1, 2>::EMPTY;
        assert_eq!((interests.add(b"abc"), interests.add(b"ab"), interests.add(b"c")), (Err(Full), Ok(()), Err(Full)));
        interests.remove(b"ab");
        interests.forget_cancelled(interests.latest());
        assert_eq!(interests.add(b"c"), Ok(()));
    }
}
