//! Which messages wait for one peer and may still make room for newer ones?
//!
//! ```text
//!   sent ──► waiting ────► taken, and encoded in a batch ──► written
//!             │   ▲                │
//!   dropped ◄─┘   └────────────────┘ the connection is lost
//! ```
//! An outbox has a backlog only under the policies that make room. Messages wait in it as they were sent, so that one that
//! is dropped leaves nothing behind; they are encoded a little at a time, as the connection takes them.

use crate::batch::BY_HANDLE_LEN_MIN;
use crate::message::Message;
use crate::parts::Layout;
use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use zeptomq_core::link::message_len;
use zeptomq_core::pattern::overload::{Load, Policy};
use zeptomq_core::pattern::{Drops, Reason};

/// The messages of one peer.
#[derive(Debug)]
pub(crate) struct Backlog {
    policy: Policy,
    /// By number, in the order in which they were sent.
    waiting: BTreeMap<u64, Kept>,
    next: u64,
    load: Load,
    /// Which message waits of each topic, where only the latest does.
    latest: HashMap<Topic, u64>,
    /// Those that are being written, first to last.
    taken: VecDeque<(u64, Kept)>,
}

/// A message that waits, perhaps for many peers.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    message: Arc<Message>,
    /// How many octets it has on the wire.
    len: usize,
    /// How many connections were lost with it in the middle.
    cuts: u8,
}

/// A message by its topic: its first part, if it has more.
#[derive(Debug)]
struct Topic(Arc<Message>);

impl Backlog {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            waiting: BTreeMap::new(),
            next: 0,
            load: Load::default(),
            latest: HashMap::new(),
            taken: VecDeque::new(),
        }
    }

    /// Whether there is room for a message without dropping another, but for the one that it replaces.
    pub(crate) fn has_room_for(&self, kept: &Kept, limit: Load) -> bool {
        let mut load = self.load;
        if let Some(replaced) = self.latest.get(topic_of(&kept.message)).and_then(|number| self.waiting.get(number)) {
            load.remove(replaced.load());
        }
        load.has_room(limit)
    }

    /// Appends a message, for which the policy makes room, and counts what makes it. Returns how much that is.
    pub(crate) fn push(&mut self, kept: Kept, limit: Load, drops: &mut Drops) -> Load {
        let mut gone = Load::default();
        if self.policy == Policy::KeepLatest
            && let Some(replaced) = self.drop_topic(topic_of(&kept.message))
        {
            gone += replaced;
            drops.count(Reason::Replaced);
        }
        while !self.load.has_room(limit)
            && let Some((_, oldest)) = self.pop_first()
        {
            gone += oldest.load();
            drops.count(Reason::QueueFull);
        }
        if self.policy == Policy::KeepLatest {
            self.latest.insert(Topic(kept.message.clone()), self.next);
        }
        self.load += kept.load();
        self.waiting.insert(self.next, kept);
        self.next += 1;
        gone
    }

    /// The oldest message, to be written.
    pub(crate) fn take(&mut self) -> Option<&Kept> {
        let first = self.pop_first()?;
        self.taken.push_back(first);
        self.taken.back().map(|(_, kept)| kept)
    }

    /// So many of those that were taken are not to be written any more.
    pub(crate) fn release(&mut self, messages: usize) {
        self.taken.drain(..messages.min(self.taken.len()));
    }

    /// What was taken and not written waits again; of the first, so many connections were lost in the middle. What was
    /// replaced meanwhile is counted. Returns how much that is.
    pub(crate) fn bring_back(&mut self, cuts: u8, drops: &mut Drops) -> Load {
        let mut gone = Load::default();
        if let Some((_, first)) = self.taken.front_mut() {
            first.cuts = cuts;
        }
        for (number, kept) in std::mem::take(&mut self.taken) {
            if self.policy == Policy::KeepLatest {
                if self.latest.contains_key(topic_of(&kept.message)) {
                    gone += kept.load();
                    drops.count(Reason::Replaced);
                    continue;
                }
                self.latest.insert(Topic(kept.message.clone()), number);
            }
            self.load += kept.load();
            self.waiting.insert(number, kept);
        }
        gone
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn drop_topic(&mut self, topic: &[u8]) -> Option<Load> {
        let number = self.latest.remove(topic)?;
        let load = self.waiting.remove(&number)?.load();
        self.load.remove(load);
        Some(load)
    }

    fn pop_first(&mut self) -> Option<(u64, Kept)> {
        let (number, kept) = self.waiting.pop_first()?;
        self.load.remove(kept.load());
        if !self.latest.is_empty() {
            self.latest.remove(topic_of(&kept.message));
        }
        Some((number, kept))
    }
}

impl Kept {
    /// The parts from `skip` on.
    pub(crate) fn new(message: &Message, skip: usize) -> Self {
        let message = match message.layout() {
            Layout::Frames(frames) => Message::multipart(frames.behind(skip)),
            Layout::Parts(parts) => parts.iter().skip(skip).map(|part| part.alone(BY_HANDLE_LEN_MIN)).collect(),
        };
        let len = message_len(message.parts());
        Self { message: Arc::new(message), len, cuts: 0 }
    }

    pub(crate) fn message(&self) -> &Message {
        &self.message
    }

    /// How many octets it has on the wire.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many connections were lost with it in the middle.
    pub(crate) fn cuts(&self) -> u8 {
        self.cuts
    }

    fn load(&self) -> Load {
        Load { messages: 1, octets: self.len }
    }
}

impl Borrow<[u8]> for Topic {
    fn borrow(&self) -> &[u8] {
        topic_of(&self.0)
    }
}

impl Hash for Topic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        topic_of(&self.0).hash(state);
    }
}

impl PartialEq for Topic {
    fn eq(&self, other: &Self) -> bool {
        topic_of(&self.0) == topic_of(&other.0)
    }
}

impl Eq for Topic {}

/// The first part of a message that has more.
fn topic_of(message: &Message) -> &[u8] {
    message.part(0).filter(|_| message.len() > 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::batch::Batch;
    use crate::chance::Random;
    use crate::message::Message;
    use crate::outbox::Outbox;
    use std::collections::VecDeque;
    use zeptomq_core::link::CUTS_MAX;
    use zeptomq_core::pattern::Drops;
    use zeptomq_core::pattern::overload::{Load, Policy};
    use zeptomq_core::wire::{FrameKind, Header};

    const LIMIT: Load = Load { messages: 40, octets: 200_000 };

    /// An outbox, and what it should be: plain lists of messages.
    struct Pair {
        policy: Policy,
        outbox: Outbox,
        drops: Drops,
        batch: Option<Box<Batch>>,
        waiting: VecDeque<Sent>,
        taken: VecDeque<Sent>,
        /// How much of the first that was taken was written.
        written: usize,
        expected_drops: Drops,
    }

    /// A message, and in how many connections it was cut.
    type Sent = (Message, u8);

    impl Pair {
        fn new(policy: Policy) -> Self {
            let (outbox, waiting, taken) = (Outbox::default(), VecDeque::new(), VecDeque::new());
            let (drops, expected_drops) = (Drops::NONE, Drops::NONE);
            Self { policy, outbox, drops, batch: None, waiting, taken, written: 0, expected_drops }
        }

        fn send(&mut self, message: &Message) {
            let kept = Kept::new(message, 0);
            let mut expected = self.waiting.clone();
            if self.policy == Policy::KeepLatest {
                expected.retain(|(other, _)| topic(other) != topic(message));
            }
            self.expected_drops.replaced += (self.waiting.len() - expected.len()) as u32;
            assert_eq!(self.outbox.has_room_for(&kept, LIMIT), load(&expected).has_room(LIMIT));
            while !load(&expected).has_room(LIMIT) {
                expected.pop_front();
                self.expected_drops.queue_full += 1;
            }
            expected.push_back((message.clone(), 0));
            self.waiting = expected;
            self.outbox.keep(kept, self.policy, LIMIT, &mut self.drops);
        }

        fn take(&mut self) {
            let batch = self.outbox.take();
            if self.taken.is_empty() {
                let mut len = 0;
                while len < 64 * 1024
                    && let Some(sent) = self.waiting.pop_front()
                {
                    len += wire(&sent.0).len();
                    self.taken.push_back(sent);
                }
            }
            self.batch = Some(batch);
        }

        fn write(&mut self, len: usize) {
            let Some(batch) = &mut self.batch else { return };
            let octets = batch.next_octets();
            let expected: Vec<u8> =
                self.taken.iter().flat_map(|(message, _)| wire(message)).skip(self.written).collect();
            assert!(expected.starts_with(&octets) && octets.is_empty() == expected.is_empty());
            let len = len.min(octets.len());
            let left = batch.advance(len);
            self.outbox.release(left);
            self.written += len;
            while let Some((first, _)) = self.taken.front()
                && self.written >= wire(first).len()
            {
                self.written -= wire(first).len();
                self.taken.pop_front();
            }
        }

        fn put_back(&mut self) {
            if let Some(batch) = self.batch.take() {
                self.outbox.put_back(batch);
            }
        }

        fn lose(&mut self) {
            self.put_back();
            let dropped = self.outbox.rewind(&mut self.drops);
            if std::mem::take(&mut self.written) > 0 {
                self.taken[0].1 += 1;
            }
            let is_dropped = self.taken.front().is_some_and(|(_, cuts)| *cuts == CUTS_MAX);
            if is_dropped {
                self.taken.pop_front();
                self.expected_drops.undelivered += 1;
            }
            assert_eq!(dropped, usize::from(is_dropped));
            for sent in std::mem::take(&mut self.taken).into_iter().rev() {
                let is_replaced = self.waiting.iter().any(|(other, _)| topic(other) == topic(&sent.0));
                if self.policy == Policy::KeepLatest && is_replaced {
                    self.expected_drops.replaced += 1;
                } else {
                    self.waiting.push_front(sent);
                }
            }
        }
    }

    fn topic(message: &Message) -> &[u8] {
        if message.len() > 1 { &message[0] } else { b"" }
    }

    fn load(messages: &VecDeque<Sent>) -> Load {
        Load { messages: messages.len(), octets: messages.iter().map(|(message, _)| wire(message).len()).sum() }
    }

    fn wire(message: &Message) -> Vec<u8> {
        let mut octets = Vec::new();
        for (index, part) in message.parts().enumerate() {
            let kind = FrameKind::part(index + 1 < message.len());
            Header::encode(kind, part.len(), &mut octets).unwrap();
            octets.extend(part);
        }
        octets
    }

    #[test]
    fn the_wire_the_loads_and_the_drops_are_those_of_plain_lists() {
        for (policy, seed) in
            [Policy::DropOldest, Policy::KeepLatest].into_iter().flat_map(|p| (1..=40).map(move |s| (p, s)))
        {
            let (mut random, mut pair) = (Random(seed * 0x9e37_79b9), Pair::new(policy));
            for _ in 0..400 {
                match random.below(12) {
                    0 | 1 if pair.batch.is_none() => pair.take(),
                    2 => {
                        let len = [1, 2, 100, 5000, 100_000][random.below(5)];
                        pair.write(len);
                    }
                    3 => pair.put_back(),
                    4 if random.below(3) == 0 => pair.lose(),
                    _ => pair.send(&random.message()),
                }
                let mut expected = load(&pair.waiting);
                expected += load(&pair.taken);
                assert_eq!((pair.outbox.load(), pair.drops), (expected, pair.expected_drops), "{policy:?} {seed}");
            }
            pair.lose();
            let messages = pair.outbox.load().messages;
            assert_eq!(pair.outbox.discard(), messages);
        }
    }
}
