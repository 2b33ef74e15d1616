//! How does a message lie in a link's array, and what is one put together from?

use super::pieces::Bare;
use crate::message::Parts;
use crate::wire::Header;

/// A message where it lies in a link's array.
#[derive(Clone, Copy, Debug)]
pub struct FixedMessage<'a> {
    pub(super) frames: &'a [u8],
    /// Whether there are no frames, but only octets of a part.
    pub(super) bare: Bare,
    pub(super) seals: Seals,
}

/// What a mechanism puts round a body, in octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seals {
    pub(super) head: u16,
    pub(super) tail: u16,
}

/// What a message that leaves is put together from, part by part.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// Parts that go first, and lie in frames already.
    before: Bodies<'a>,
    parts: &'a [&'a [u8]],
}

impl<'a> FixedMessage<'a> {
    /// A message without parts.
    pub(crate) const NONE: Self = Self::plain(&[]);

    /// What lies in frames that nothing seals.
    pub(crate) const fn plain(frames: &'a [u8]) -> Self {
        Self { frames, bare: Bare::NO, seals: Seals { head: 0, tail: 0 } }
    }

    /// How long it is in its array, in octets.
    pub(crate) const fn len(&self) -> usize {
        self.frames.len()
    }

    /// Those of its parts that lie in the first so many octets.
    pub(crate) fn first(self, len: usize) -> Self {
        Self { frames: self.frames.get(..len).unwrap_or_default(), ..self }
    }

    /// What stands behind the first so many parts.
    pub(crate) fn behind(self, parts: usize) -> Self {
        let mut bodies = Bodies(self);
        for _ in 0..parts {
            bodies.next();
        }
        bodies.0
    }
}

impl<'a> Outgoing<'a> {
    /// The parts, behind those of another message.
    pub const fn new(before: FixedMessage<'a>, parts: &'a [&'a [u8]]) -> Self {
        Self { before: Bodies(before), parts }
    }
}

impl<'a> Iterator for Outgoing<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if !self.before.0.frames.is_empty() {
            return self.before.next();
        }
        let (part, rest) = self.parts.split_first()?;
        self.parts = rest;
        Some(part)
    }
}

impl Parts for FixedMessage<'_> {
    fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        Bodies(*self)
    }
}

/// The bodies of the frames, one after the other.
#[derive(Clone, Copy, Debug)]
struct Bodies<'a>(FixedMessage<'a>);

impl<'a> Iterator for Bodies<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let Self(FixedMessage { frames, bare, seals }) = self;
        if bare.is() {
            return Some(core::mem::take(frames)).filter(|part| !part.is_empty());
        }
        let header = Header::decode(frames).ok().flatten()?;
        let (frame, rest) = frames.split_at_checked(header.len + header.body_len)?;
        *frames = rest;
        frame.get(header.len + usize::from(seals.head)..frame.len().checked_sub(seals.tail.into())?)
    }
}
