//! How are the parts of a message gone over, or taken out of it, in whichever way they lie?

use crate::part::Part;
use bytes::Bytes;
use zeptomq_core::link::{Frames, PARTS_MAX};

/// How the parts of a message lie.
pub(crate) enum Layout<'a> {
    Frames(Frames<'a>),
    Parts(&'a [Part]),
}

/// The parts of a message, taken out of it first to last.
pub(crate) enum Taken {
    One(Option<Part>),
    /// Frames that are kept as a part is, and how many of their octets were gone over.
    Short(Part, usize),
    /// Frames, and how many of their octets were gone over.
    Framed(Bytes, usize),
    Many(std::vec::IntoIter<Part>),
}

/// The parts of a message, first to last.
#[derive(Clone)]
pub(crate) enum PartsOf<'a> {
    Frames(Frames<'a>),
    Parts(std::slice::Iter<'a, Part>),
}

impl<'a> Iterator for PartsOf<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Frames(frames) => frames.next(),
            Self::Parts(parts) => parts.next().map(AsRef::as_ref),
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Frames(frames) => frames.size_hint(),
            Self::Parts(parts) => parts.size_hint(),
        }
    }
}

impl ExactSizeIterator for PartsOf<'_> {}

impl Iterator for Taken {
    type Item = Part;

    #[inline]
    fn next(&mut self) -> Option<Part> {
        match self {
            Self::One(part) => part.take(),
            Self::Short(frames, at) => Frames::take(frames.as_ref(), at).map(Part::copy_from_slice),
            Self::Framed(frames, at) => Frames::take(frames, at).map(|part| Part::of(part, frames)),
            Self::Many(parts) => parts.next(),
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::One(part) => (usize::from(part.is_some()), Some(1)),
            Self::Short(..) | Self::Framed(..) => (0, Some(PARTS_MAX)),
            Self::Many(parts) => parts.size_hint(),
        }
    }
}
