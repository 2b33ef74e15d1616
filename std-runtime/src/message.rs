//! What does a user send and receive? A message of parts, none of them copied on the way but the smallest.

use bytes::Bytes;
use std::fmt;
use std::ops::Index;
use zeptomq_core::message::Parts;

/// A message: one or more parts, each any octets.
///
/// Cloning is cheap: parts of up to 32 octets are copied, longer ones are shared.
///
/// ```
/// use zeptomq::Message;
/// let message = Message::from("hello");
/// assert_eq!(&message[0], b"hello");
/// let message = Message::multipart(["topic", "body"]);
/// assert_eq!(message.len(), 2);
/// assert!(message.parts().eq([&b"topic"[..], b"body"]));
/// ```
#[derive(Clone)]
pub struct Message(Body);

#[derive(Clone)]
enum Body {
    One(Part),
    Many(Vec<Part>),
}

/// A part of a message: the body of one frame.
#[derive(Clone)]
pub struct Part(Octets);

/// What tells the variants apart is the last word, in `Len`, with those of a message and of what it is handed up in: so each
/// move is of two pairs of words and a word, as the move before it. One that reads a pair of which only half was just
/// written stalls, which was a third of the receiver's time at 16 octets.
#[derive(Clone)]
enum Octets {
    Inline(Inline),
    Shared(Bytes),
}

/// Up to 32 octets. Words to the compiler, which moves octets one by one.
#[derive(Clone, Copy)]
#[repr(C)]
struct Inline {
    words: [u64; 4],
    len: Len,
}

/// How many octets there are: a word of which most values are left to others.
#[derive(Clone, Copy)]
#[repr(u64)]
#[rustfmt::skip]
enum Len {
    L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16, L17, L18, L19, L20, L21, L22, L23,
    L24, L25, L26, L27, L28, L29, L30, L31, L32,
}

#[rustfmt::skip]
const LENS: [Len; INLINE_LEN_MAX + 1] = [
    Len::L0, Len::L1, Len::L2, Len::L3, Len::L4, Len::L5, Len::L6, Len::L7, Len::L8, Len::L9, Len::L10, Len::L11,
    Len::L12, Len::L13, Len::L14, Len::L15, Len::L16, Len::L17, Len::L18, Len::L19, Len::L20, Len::L21, Len::L22,
    Len::L23, Len::L24, Len::L25, Len::L26, Len::L27, Len::L28, Len::L29, Len::L30, Len::L31, Len::L32,
];

/// The longest part that is kept in the message itself.
pub(crate) const INLINE_LEN_MAX: usize = 32;

const _: () = assert!(size_of::<Option<Message>>() == 40);

impl Message {
    /// A message of several parts. One of none cannot be sent.
    pub fn multipart<T: Into<Part>>(parts: impl IntoIterator<Item = T>) -> Self {
        parts.into_iter().map(Into::into).collect()
    }

    /// How many parts there are.
    #[allow(clippy::len_without_is_empty, reason = "a message that was received is never empty")]
    pub fn len(&self) -> usize {
        self.as_parts().len()
    }

    /// How many octets its parts have together.
    #[inline]
    pub(crate) fn octets(&self) -> usize {
        match &self.0 {
            Body::One(part) => part.as_ref().len(),
            Body::Many(parts) => parts.iter().map(|part| part.as_ref().len()).sum(),
        }
    }

    /// The part at `index`, counted from 0.
    pub fn part(&self, index: usize) -> Option<&[u8]> {
        self.as_parts().get(index).map(AsRef::as_ref)
    }

    /// The parts, first to last.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.as_parts().iter().map(AsRef::as_ref)
    }

    /// The parts, first to last, without copying the long ones.
    pub fn into_parts(self) -> impl Iterator<Item = Bytes> {
        let (one, many) = match self.0 {
            Body::One(part) => (Some(part), Vec::new()),
            Body::Many(parts) => (None, parts),
        };
        one.into_iter().chain(many).map(Bytes::from)
    }

    #[inline]
    pub(crate) fn as_parts(&self) -> &[Part] {
        match &self.0 {
            Body::One(part) => std::slice::from_ref(part),
            Body::Many(parts) => parts,
        }
    }

    /// Takes the first `count` parts off; the rest stays.
    pub(crate) fn split_front(&mut self, count: usize) -> Vec<Part> {
        if count == 0 {
            return Vec::new();
        }
        match &mut self.0 {
            Body::One(part) => {
                let part = std::mem::replace(part, Part::EMPTY);
                self.0 = Body::Many(Vec::new());
                vec![part]
            }
            Body::Many(parts) => {
                let rest = parts.split_off(count.min(parts.len()));
                let front = std::mem::replace(parts, rest);
                if parts.len() == 1 {
                    self.0 = parts.pop().map_or(Body::Many(Vec::new()), Body::One);
                }
                front
            }
        }
    }

    /// Puts a part before the others.
    pub(crate) fn push_front(&mut self, first: Part) {
        let rest = std::mem::replace(&mut self.0, Body::Many(Vec::new()));
        self.0 = Body::Many(match rest {
            Body::One(part) => vec![first, part],
            Body::Many(parts) => std::iter::once(first).chain(parts).collect(),
        });
    }
}

impl Part {
    const EMPTY: Self = Self(Octets::Inline(Inline { words: [0; 4], len: Len::L0 }));

    /// A part of these octets, copied into the message where they are few.
    #[inline]
    pub(crate) fn copy_from_slice(from: &[u8]) -> Self {
        let Some(&len) = LENS.get(from.len()) else { return Self(Octets::Shared(Bytes::copy_from_slice(from))) };
        let mut words = [0; 4];
        let octets: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        octets[..from.len()].copy_from_slice(from);
        Self(Octets::Inline(Inline { words, len }))
    }

    /// The same part, keeping nothing else in memory: a handle may hold on to much more than the part, so one of less than
    /// `shared_len_min` octets is copied.
    pub(crate) fn alone(&self, shared_len_min: usize) -> Self {
        match self.shared() {
            Some(shared) if shared.len() < shared_len_min => Self::copy_from_slice(shared),
            _ => self.clone(),
        }
    }

    /// The octets to share without a copy, where the part has them so.
    pub(crate) fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Octets::Inline(_) => None,
            Octets::Shared(bytes) => Some(bytes),
        }
    }
}

impl AsRef<[u8]> for Part {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Octets::Inline(Inline { words, len }) => &bytemuck::cast_slice(words)[..*len as usize],
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl Parts for Message {
    #[inline]
    fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.as_parts().iter().map(AsRef::as_ref)
    }
}

impl Index<usize> for Message {
    type Output = [u8];

    /// The part at `index`.
    ///
    /// # Panics
    /// When there is none, as slices do; [`Message::part`] does not.
    fn index(&self, index: usize) -> &[u8] {
        self.as_parts()[index].as_ref()
    }
}

impl FromIterator<Part> for Message {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next()) {
            (Some(one), None) => Self(Body::One(one)),
            (first, second) => Self(Body::Many(first.into_iter().chain(second).chain(parts).collect())),
        }
    }
}

impl<T: Into<Part>> From<T> for Message {
    #[inline]
    fn from(part: T) -> Self {
        Self(Body::One(part.into()))
    }
}

/// A message of so many parts.
impl<T: Into<Part>, const N: usize> From<[T; N]> for Message {
    fn from(parts: [T; N]) -> Self {
        Self::multipart(parts)
    }
}

impl From<&[u8]> for Part {
    #[inline]
    fn from(octets: &[u8]) -> Self {
        Self::copy_from_slice(octets)
    }
}

impl<const N: usize> From<&[u8; N]> for Part {
    #[inline]
    fn from(octets: &[u8; N]) -> Self {
        Self::copy_from_slice(octets)
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::copy_from_slice(text.as_bytes())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for Part {
    fn from(octets: Vec<u8>) -> Self {
        Bytes::from(octets).into()
    }
}

impl From<Bytes> for Part {
    fn from(bytes: Bytes) -> Self {
        if bytes.len() <= INLINE_LEN_MAX { Self::copy_from_slice(&bytes) } else { Self(Octets::Shared(bytes)) }
    }
}

impl From<Part> for Bytes {
    fn from(part: Part) -> Self {
        match part.0 {
            Octets::Inline(_) => Self::copy_from_slice(part.as_ref()),
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.parts().eq(other.parts())
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_parts()).finish()
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.as_ref();
        match octets.get(..64) {
            Some(start) if octets.len() > 64 => write!(f, "b\"{}…\" ({} octets)", start.escape_ascii(), octets.len()),
            _ => write!(f, "b\"{}\"", octets.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{INLINE_LEN_MAX, Message, Part};
    use bytes::Bytes;

    #[test]
    fn parts_of_any_length_come_back_as_they_were() {
        for len in [0, 1, INLINE_LEN_MAX, INLINE_LEN_MAX + 1, 5000] {
            let octets: Vec<u8> = (0..len).map(|at| at as u8).collect();
            assert_eq!(Message::from(&octets[..])[0], octets[..]);
            assert_eq!(Message::from(octets.clone())[0], octets[..]);
            assert_eq!(Message::from(octets.clone()).into_parts().collect::<Vec<_>>(), [Bytes::from(octets)]);
        }
    }

    #[test]
    fn the_front_is_split_off_and_put_back() {
        let mut message = Message::multipart(["id", "", "body"]);
        assert_eq!(message.split_front(2).len(), 2);
        assert_eq!(message, Message::from("body"));
        message.push_front("id".into());
        assert_eq!(message, Message::multipart(["id", "body"]));
        assert_eq!(message.split_front(9).len(), 2);
        assert_eq!(message.len(), 0);
        let mut one = Message::from("only");
        assert_eq!((one.split_front(1).len(), one.len()), (1, 0));
    }

    #[test]
    fn long_parts_are_shared_not_copied() {
        let bytes = Bytes::from(vec![7; 100]);
        let part = Part::from(bytes.clone());
        assert_eq!(part.shared().map(|shared| shared.as_ptr()), Some(bytes.as_ptr()));
        assert!(part.clone().shared().is_some() && Part::from("short").shared().is_none());
    }
}
