//! What does a user send and receive? A message of parts, none of them copied on the way but the smallest.

use crate::part::{INLINE_LEN_MAX, Part, Shown};
use crate::parts::{Layout, PartsOf, Taken};
use crate::press::encode;
use bytes::Bytes;
use std::fmt;
use std::ops::Index;
use zeptomq_core::link::{Few, Frames};
use zeptomq_core::message::Parts;
use zeptomq_core::wire::FrameKind;

/// A message: one or more parts, each any octets.
///
/// Cloning is cheap: few octets are copied, more are shared.
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
    /// A part. Or several that are so short that their frames fit into one, which then says so: a variant of their own would
    /// have to be told from the others wherever a message is dropped.
    One(Part),
    Several(Several),
}

/// Several parts that lie elsewhere. Apart from the variants that most messages are, so that to drop one of those is little
/// code, which the compiler puts where it is called for.
#[derive(Clone)]
enum Several {
    Framed(Bytes),
    Parts(Vec<Part>),
}

const PART_COST: usize = size_of::<Part>();

const _: () = assert!(size_of::<Option<Message>>() == 72);

impl Message {
    /// One of no parts.
    const EMPTY: Self = Self(Body::Several(Several::Parts(Vec::new())));

    /// A message of several parts. One of none cannot be sent.
    #[inline]
    pub fn multipart<T: AsRef<[u8]> + Into<Part>>(parts: impl IntoIterator<Item = T>) -> Self {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else { return Self::EMPTY };
        let Some(second) = parts.next() else { return Self::from(first) };
        let mut few = Few::NONE;
        let mut parts = [first, second].into_iter().chain(parts);
        while let Some(part) = parts.next() {
            if !few.push(part.as_ref()) {
                let before = Frames::new(few.finish()).map(Part::copy_from_slice);
                let parts = before.chain([part.into()]).chain(parts.map(Into::into));
                return Self(Body::Several(Several::Parts(parts.collect())));
            }
        }
        Self::framed_alone(few.finish())
    }

    /// A copy of a message that lies there as frames, as we would write them.
    #[inline]
    pub(crate) fn framed_alone(frames: &[u8]) -> Self {
        match Part::copy_frames(frames) {
            Some(frames) => Self(Body::One(frames)),
            None => Self::framed(Bytes::copy_from_slice(frames)),
        }
    }

    /// A message that lies there as such frames.
    #[inline]
    pub(crate) fn framed(frames: Bytes) -> Self {
        Self(Body::Several(Several::Framed(frames)))
    }

    /// The same of the first `len` of these octets, as [`Part::copy_from_front`].
    #[inline]
    pub(crate) fn framed_in_front(from: &[u8], len: usize) -> Option<Self> {
        Some(Self(Body::One(Part::copy_frames_from_front(from, len)?)))
    }

    /// How many parts there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self.layout() {
            Layout::Frames(frames) => frames.len(),
            Layout::Parts(parts) => parts.len(),
        }
    }

    /// Whether there is no part. A message that was received has one.
    #[inline]
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Body::Several(Several::Parts(parts)) if parts.is_empty())
    }

    /// How many octets its parts have together, or somewhat more: nothing is read, for a message whose octets are looked at
    /// while it is made is kept in memory meanwhile, and moved.
    #[inline]
    pub(crate) fn octets(&self) -> usize {
        match &self.0 {
            Body::One(part) => part.as_ref().len(),
            Body::Several(Several::Framed(frames)) => frames.len(),
            Body::Several(Several::Parts(parts)) => parts.iter().map(|part| part.as_ref().len()).sum(),
        }
    }

    /// How many octets its parts have together, and what each costs beside them where it is kept by itself.
    #[inline]
    pub(crate) fn weight(&self) -> usize {
        match self.layout() {
            Layout::Frames(frames) => {
                let (parts, octets) = frames.load();
                octets + parts * PART_COST
            }
            Layout::Parts(parts) => parts.iter().fold(0, |sum, part| sum + part.as_ref().len() + PART_COST),
        }
    }

    /// The part at `index`, counted from 0.
    #[inline]
    pub fn part(&self, index: usize) -> Option<&[u8]> {
        match self.layout() {
            Layout::Frames(mut frames) => frames.nth(index),
            Layout::Parts(parts) => parts.get(index).map(AsRef::as_ref),
        }
    }

    /// The parts, first to last.
    #[inline]
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        match self.layout() {
            Layout::Frames(frames) => PartsOf::Frames(frames),
            Layout::Parts(parts) => PartsOf::Parts(parts.iter()),
        }
    }

    /// The parts, first to last, without copying the long ones.
    #[inline]
    pub fn into_parts(self) -> impl Iterator<Item = Bytes> {
        self.taken().map(Bytes::from)
    }

    #[inline]
    pub(crate) fn layout(&self) -> Layout<'_> {
        match &self.0 {
            Body::One(part) => match part.frames() {
                Some(frames) => Layout::Frames(frames),
                None => Layout::Parts(std::slice::from_ref(part)),
            },
            Body::Several(Several::Framed(frames)) => Layout::Frames(Frames::new(frames)),
            Body::Several(Several::Parts(parts)) => Layout::Parts(parts),
        }
    }

    #[inline]
    fn taken(self) -> Taken {
        match self.0 {
            Body::One(part) if part.frames().is_some() => Taken::Short(part, 0),
            Body::One(part) => Taken::One(Some(part)),
            Body::Several(Several::Framed(frames)) => Taken::Framed(frames, 0),
            Body::Several(Several::Parts(parts)) => Taken::Many(parts.into_iter()),
        }
    }

    /// The first `count` parts as frames, behind which more are to come.
    pub(crate) fn copy_front(&self, count: usize, to: &mut Vec<u8>) {
        self.parts().take(count).for_each(|part| encode(FrameKind::More, part, to));
    }

    /// Takes the first `count` parts off.
    pub(crate) fn skip_front(&mut self, count: usize) {
        *self = match self.layout() {
            Layout::Frames(frames) => self.rest(frames.behind(count)),
            Layout::Parts(_) => std::mem::replace(self, Self::EMPTY).taken().skip(count).collect(),
        };
    }

    /// A part of its octets.
    fn share(&self, part: &[u8]) -> Part {
        match &self.0 {
            Body::Several(Several::Framed(octets)) => Part::of(part, octets),
            _ => Part::copy_from_slice(part),
        }
    }

    /// A message of the frames that are left of its own.
    fn rest(&self, frames: Frames<'_>) -> Self {
        let mut parts = frames;
        match (parts.next(), parts.next(), &self.0) {
            (None, ..) => Self::EMPTY,
            (Some(part), None, _) => self.share(part).into(),
            (.., Body::Several(Several::Framed(octets))) if frames.octets().len() > INLINE_LEN_MAX => {
                Self::framed(octets.slice_ref(frames.octets()))
            }
            _ => Self::framed_alone(frames.octets()),
        }
    }

    /// Puts a part before the others.
    pub(crate) fn push_front(&mut self, first: Part) {
        let rest = std::mem::replace(self, Self::EMPTY).taken();
        *self = std::iter::once(first).chain(rest).collect();
    }
}

impl Parts for Message {
    #[inline]
    fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.parts()
    }
}

impl Index<usize> for Message {
    type Output = [u8];

    /// The part at `index`.
    ///
    /// # Panics
    /// When there is none, as slices do; [`Message::part`] does not.
    #[track_caller]
    fn index(&self, index: usize) -> &[u8] {
        match self.part(index) {
            Some(part) => part,
            #[allow(clippy::panic, reason = "as slices do")]
            None => panic!("the message has {} parts, and none at {index}", self.len()),
        }
    }
}

impl FromIterator<Part> for Message {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        Self::multipart(parts)
    }
}

impl<T: Into<Part>> From<T> for Message {
    #[inline]
    fn from(part: T) -> Self {
        Self(Body::One(part.into()))
    }
}

/// A message of so many parts.
impl<T: AsRef<[u8]> + Into<Part>, const N: usize> From<[T; N]> for Message {
    #[inline]
    fn from(parts: [T; N]) -> Self {
        Self::multipart(parts)
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
        f.debug_list().entries(self.parts().map(Shown)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Layout, Message, Part, Several};
    use crate::batch::BY_HANDLE_LEN_MIN;
    use crate::blocks::Blocks;
    use crate::chance::Random;
    use crate::outbox::Outbox;
    use crate::part::INLINE_LEN_MAX;
    use crate::press::Press;
    use bytes::Bytes;
    use zeptomq_core::link::{Frames, PARTS_MAX};

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
    fn the_front_is_taken_off_and_put_back() {
        let mut message = Message::multipart(["id", "", "body"]);
        assert_eq!(front(&message, 2), b"\x01\x02id\x01\0");
        message.skip_front(2);
        assert_eq!(message, Message::from("body"));
        assert!(matches!(message.layout(), Layout::Parts([_])));
        message.push_front("id".into());
        assert_eq!(message, Message::multipart(["id", "body"]));
        assert_eq!(front(&message, 9), b"\x01\x02id\x01\x04body");
        message.skip_front(9);
        assert_eq!(message.len(), 0);
        let mut one = Message::from("only");
        assert_eq!(front(&one, 1), b"\x01\x04only");
        one.skip_front(1);
        assert_eq!(one.len(), 0);
    }

    #[test]
    fn what_is_short_when_the_front_is_off_keeps_nothing_else() {
        let octets = Bytes::from(wire(&Message::from([&[7; 100][..], b"a", b"b"]), 0));
        let mut message = Message::framed(octets.clone());
        message.skip_front(1);
        assert!(message == Message::from(["a", "b"]) && octets.is_unique());
        let mut message = Message::framed(octets.clone());
        message.push_front("first".into());
        message.skip_front(1);
        assert_eq!(message.len(), 3);
    }

    /// The same message kept in parts, whatever it is.
    fn apart(message: &Message) -> Message {
        Message(Body::Several(Several::Parts(message.parts().map(Part::copy_from_slice).collect())))
    }

    fn front(message: &Message, count: usize) -> Vec<u8> {
        let mut front = Vec::new();
        message.copy_front(count, &mut front);
        front
    }

    fn wire(message: &Message, skip: usize) -> Vec<u8> {
        let mut outbox = Outbox::default();
        outbox.push(&[], &[], message, skip);
        outbox.take().next_octets()
    }

    fn printed(message: &Message) -> Vec<u8> {
        Press::default().print(message, &Blocks::default()).unwrap().octets.to_vec()
    }

    #[test]
    fn a_message_in_one_piece_is_like_one_in_parts() {
        let lens = [0, 1, 5, 32, 33, 100, 255, 256, 490, 3000];
        let (mut random, mut framed) = (Random(1), 0);
        for _ in 0..2000 {
            let count = 2 + random.below(9);
            let parts: Vec<Vec<u8>> = (0..count)
                .map(|_| vec![random.below(256) as u8; lens[random.below(10) * random.below(10) / 10]])
                .collect();
            let made = Message::multipart(parts.iter().map(Vec::as_slice));
            let wire_len = wire(&made, 0).len();
            // As it is when it was received, too.
            let one = match random.below(2) {
                0 if count <= PARTS_MAX && wire_len < BY_HANDLE_LEN_MIN => Message::framed(wire(&made, 0).into()),
                _ => made,
            };
            framed += usize::from(matches!(one.layout(), Layout::Frames(_)));
            let other = apart(&one);
            assert!(one.parts().eq(parts.iter().map(Vec::as_slice)), "{one:?}");
            assert!((0..count).all(|at| one[at] == *parts[at]) && one.part(count).is_none() && !one.is_empty());
            assert!(one.clone().into_parts().eq(parts.iter().map(Vec::as_slice)));
            assert_eq!((one.len(), one.parts().len(), one.weight()), (count, count, other.weight()));
            assert!(one == other && format!("{one:?}") == format!("{other:?}") && one.octets() >= other.octets());
            let skip = random.below(count as u64);
            assert_eq!(wire(&one, skip), wire(&other, skip));
            assert_eq!(printed(&one), wire(&other, 0));
            let mut both = [one, other];
            let fronts = both.each_ref().map(|message| front(message, skip));
            both.iter_mut().for_each(|message| message.skip_front(skip));
            assert!(fronts[0] == fronts[1] && Frames::new(&fronts[0]).eq(parts[..skip].iter()));
            assert!(both[0] == both[1] && both[0].len() == count - skip);
            both.iter_mut().for_each(|message| message.push_front("first".into()));
            assert!(both[0] == both[1] && both[0][0] == b"first"[..]);
            assert_eq!(wire(&both[0], 0), wire(&both[1], 0));
        }
        assert!((500..1500).contains(&framed), "{framed}");
    }

    #[test]
    #[should_panic = "the message has 2 parts, and none at 2"]
    fn a_part_that_is_not_there_is_not_taken_for_another() {
        let _ = &Message::from(["topic", "body"])[2];
    }

    #[test]
    fn long_parts_are_shared_not_copied() {
        let bytes = Bytes::from(vec![7; 100]);
        let part = Part::from(bytes.clone());
        assert_eq!(part.shared().map(|shared| shared.as_ptr()), Some(bytes.as_ptr()));
        assert!(part.clone().shared().is_some() && Part::from("short").shared().is_none());
    }
}
