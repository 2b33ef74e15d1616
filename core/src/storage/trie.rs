//! Which values lie along a subject? A tree of topics by their octets, shared beginnings kept once.
//!
//! ```text
//!   ""  ─ "weather." ─┬─ "oslo"          a walk along "weather.oslo.wind" meets "", "weather." and "weather.oslo"
//!                     └─ "rome"
//! ```
//! A walk takes as many steps as there are nodes along the subject, whatever else the tree holds. Nothing recurses. A
//! node that has a value keeps its number until the value is empty.

use alloc::vec::Vec;

/// The tree.
#[derive(Debug)]
pub(super) struct Trie<V> {
    /// The root is the first, and made with the first topic.
    nodes: Vec<Node<V>>,
    free: Vec<u32>,
}

/// A node's number.
pub(super) type NodeId = u32;

/// What a node may have.
pub(super) trait Value: Default {
    /// Whether there is nothing, so that the node may go.
    fn is_empty(&self) -> bool;
}

#[derive(Debug)]
struct Node<V> {
    /// The octets between the parent and here.
    label: Vec<u8>,
    parent: NodeId,
    /// By the first octet of their labels, in order.
    children: Vec<(u8, NodeId)>,
    value: V,
}

const ROOT: NodeId = 0;

impl<V: Value> Trie<V> {
    pub(super) const EMPTY: Self = Self { nodes: Vec::new(), free: Vec::new() };

    /// Visits the values of all topics that the subject begins with, the shortest first, until `visit` says no.
    pub(super) fn walk(&self, subject: &[u8], mut visit: impl FnMut(&V) -> bool) {
        let (mut next, mut rest) = (self.node(ROOT), subject);
        while let Some(node) = next {
            let Some(behind) = behind(&node.label, rest) else { return };
            if !visit(&node.value) {
                return;
            }
            rest = behind;
            next = rest.first().and_then(|&first| self.node(node.child(first)?));
        }
    }

    /// The node of a topic, made when there is none.
    pub(super) fn insert(&mut self, topic: &[u8]) -> NodeId {
        if self.nodes.is_empty() {
            self.make(Node { label: Vec::new(), parent: ROOT, children: Vec::new(), value: V::default() });
        }
        let (mut at, mut rest) = (ROOT, topic);
        while let Some(&first) = rest.first() {
            let Some(child) = self.node(at).and_then(|node| node.child(first)) else {
                let leaf = Node { label: rest.to_vec(), parent: at, children: Vec::new(), value: V::default() };
                let leaf = self.make(leaf);
                self.adopt(at, first, leaf);
                return leaf;
            };
            let label = self.node(child).map_or(&[][..], |node| &node.label);
            let common = label.iter().zip(rest).take_while(|(ours, theirs)| ours == theirs).count();
            at = if common == label.len() { child } else { self.split(child, common) };
            rest = rest.get(common..).unwrap_or_default();
        }
        at
    }

    /// The node of a topic.
    pub(super) fn find(&self, topic: &[u8]) -> Option<NodeId> {
        let (mut at, mut rest) = (ROOT, topic);
        loop {
            let node = self.node(at)?;
            rest = behind(&node.label, rest)?;
            let Some(&first) = rest.first() else { return Some(at) };
            at = node.child(first)?;
        }
    }

    pub(super) fn value(&self, id: NodeId) -> Option<&V> {
        Some(&self.node(id)?.value)
    }

    pub(super) fn value_mut(&mut self, id: NodeId) -> Option<&mut V> {
        Some(&mut self.node_mut(id)?.value)
    }

    /// Writes out the topic of a node.
    pub(super) fn topic(&self, id: NodeId, topic: &mut Vec<u8>) {
        topic.clear();
        let mut at = id;
        while let Some(node) = self.node(at) {
            topic.extend(node.label.iter().rev());
            if at == ROOT {
                break;
            }
            at = node.parent;
        }
        topic.reverse();
    }

    /// Takes away a node whose value is empty, where the tree does not need it, and what is not needed without it.
    pub(super) fn prune(&mut self, id: NodeId) {
        self.prune_from(id);
        // Only the root is left and holds nothing: the room of the others is given back.
        if self.free.len() + 1 == self.nodes.len() && self.value(ROOT).is_some_and(Value::is_empty) {
            *self = Self::EMPTY;
        }
    }

    fn prune_from(&mut self, id: NodeId) {
        let mut at = id;
        while at != ROOT
            && let Some(node) = self.node(at).filter(|node| node.value.is_empty())
        {
            let parent = node.parent;
            let Some(&first) = node.label.first() else { return };
            match *node.children.as_slice() {
                [] => {
                    self.disown(parent, first);
                    self.discard(at);
                    at = parent;
                }
                [(_, child)] => {
                    let label = node.label.clone();
                    if let Some(child) = self.node_mut(child) {
                        child.label.splice(..0, label);
                        child.parent = parent;
                    }
                    self.adopt(parent, first, child);
                    self.discard(at);
                    return;
                }
                _ => return,
            }
        }
    }

    fn node(&self, id: NodeId) -> Option<&Node<V>> {
        self.nodes.get(id as usize)
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node<V>> {
        self.nodes.get_mut(id as usize)
    }

    fn make(&mut self, node: Node<V>) -> NodeId {
        if let Some(id) = self.free.pop()
            && let Some(place) = self.node_mut(id)
        {
            *place = node;
            return id;
        }
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    fn discard(&mut self, id: NodeId) {
        if let Some(node) = self.node_mut(id) {
            *node = Node { label: Vec::new(), parent: ROOT, children: Vec::new(), value: V::default() };
            self.free.push(id);
        }
    }

    /// Puts a node in the middle of the label of another, and returns it.
    fn split(&mut self, lower: NodeId, at: usize) -> NodeId {
        let Some(node) = self.node_mut(lower) else { return lower };
        let below = node.label.split_off(at.min(node.label.len()));
        let label = core::mem::replace(&mut node.label, below);
        let (parent, first) = (node.parent, label.first().copied());
        let children = node.label.first().map(|&first| (first, lower)).into_iter().collect();
        let upper = self.make(Node { label, parent, children, value: V::default() });
        if let Some(node) = self.node_mut(lower) {
            node.parent = upper;
        }
        if let Some(first) = first {
            self.adopt(parent, first, upper);
        }
        upper
    }

    /// The child by this octet is that one from now on.
    fn adopt(&mut self, parent: NodeId, first: u8, child: NodeId) {
        let Some(children) = self.node_mut(parent).map(|node| &mut node.children) else { return };
        match children.binary_search_by_key(&first, |&(first, _)| first) {
            Ok(at) => {
                if let Some(place) = children.get_mut(at) {
                    place.1 = child;
                }
            }
            Err(at) => children.insert(at, (first, child)),
        }
    }

    fn disown(&mut self, parent: NodeId, first: u8) {
        if let Some(node) = self.node_mut(parent)
            && let Ok(at) = node.children.binary_search_by_key(&first, |&(first, _)| first)
        {
            node.children.remove(at);
        }
    }
}

impl<V> Node<V> {
    fn child(&self, first: u8) -> Option<NodeId> {
        let at = self.children.binary_search_by_key(&first, |&(first, _)| first).ok()?;
        self.children.get(at).map(|&(_, child)| child)
    }
}

/// What of the subject comes behind the label. The root's label is not compared: to compare nothing, at the address that an
/// empty vector has, takes some processors longer than a word.
#[inline]
fn behind<'a>(label: &[u8], subject: &'a [u8]) -> Option<&'a [u8]> {
    if label.is_empty() { Some(subject) } else { subject.strip_prefix(label) }
}

#[cfg(test)]
mod tests {
    use super::{Trie, Value};
    use alloc::vec::Vec;

    impl Value for Option<usize> {
        fn is_empty(&self) -> bool {
            self.is_none()
        }
    }

    /// Octets that are the same in each run (xorshift).
    fn random(state: &mut u64, below: usize) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 16) as usize % below
    }

    /// Topics over a small alphabet come and go; each walk meets just those that a list of them says.
    #[test]
    fn a_walk_meets_all_beginnings_of_the_subject_and_nothing_else() {
        let (mut trie, mut list, mut state) = (Trie::<Option<usize>>::EMPTY, Vec::<(Vec<u8>, u32)>::new(), 88);
        for round in 0..20_000 {
            let topic: Vec<u8> = (0..random(&mut state, 7)).map(|_| b"ab"[random(&mut state, 2)]).collect();
            let known = list.iter().position(|(listed, _)| *listed == topic);
            match known {
                Some(at) if random(&mut state, 2) == 0 => {
                    let (_, id) = list.swap_remove(at);
                    *trie.value_mut(id).unwrap() = None;
                    trie.prune(id);
                }
                Some(at) => assert_eq!(trie.find(&topic), Some(list[at].1)),
                None => {
                    let id = trie.insert(&topic);
                    *trie.value_mut(id).unwrap() = Some(topic.len());
                    list.push((topic.clone(), id));
                }
            }
            if round % 50 == 0 {
                let mut written = Vec::new();
                list.iter().for_each(|(topic, id)| {
                    trie.topic(*id, &mut written);
                    assert_eq!(written, *topic);
                });
            }
            let mut met = Vec::new();
            trie.walk(&topic, |value| {
                met.extend(*value);
                true
            });
            let mut expected: Vec<usize> =
                list.iter().filter(|(listed, _)| topic.starts_with(listed)).map(|(listed, _)| listed.len()).collect();
            expected.sort_unstable();
            assert_eq!(met, expected);
        }
        for (_, id) in list {
            *trie.value_mut(id).unwrap() = None;
            trie.prune(id);
        }
        assert!(trie.nodes.is_empty() && trie.free.is_empty(), "only the root was left");
    }

    #[test]
    fn a_walk_ends_when_it_is_told_to() {
        let mut trie = Trie::<Option<usize>>::EMPTY;
        for topic in [&b""[..], b"a", b"ab"] {
            let id = trie.insert(topic);
            *trie.value_mut(id).unwrap() = Some(topic.len());
        }
        let mut met = 0;
        trie.walk(b"abc", |value| {
            met += usize::from(value.is_some());
            met < 2
        });
        assert_eq!(met, 2);
    }
}
