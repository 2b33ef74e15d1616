//! Where in the octets that arrived is the next frame?
//!
//! The caller owns the octets and lends them from the first unused one; ranges come back, counted from there.

use super::COMMAND_LEN_MAX;
use crate::mechanism::{Open, Rejected};
use crate::wire::frame::{FrameError, HEADER_LEN_MAX};
use crate::wire::{FrameKind, Header};
use core::ops::Range;

/// Finds frames and opens them in place.
#[derive(Debug)]
pub struct Reader<O, L = Limits> {
    open: O,
    limits: L,
    message_len: usize,
}

/// Something that limits how much a peer may send in one piece.
pub trait Limit {
    /// Whether messages are counted, which may be of any length otherwise.
    const COUNTS: bool;
    /// How much that is.
    fn limits(&self) -> Limits;
}

/// A window that is the only limit: see [`Limits::window`].
#[derive(Clone, Copy, Debug)]
pub struct OnlyWindow(pub usize);

/// How much a peer may send in one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many octets the caller can lend at once, at least 9. A frame that is longer comes as [`Step::Large`].
    pub window: usize,
    /// The longest body of a frame, in octets.
    pub frame_len_max: usize,
    /// The longest message, in octets: its bodies, and 72 octets for each part after the first, which is what a part
    /// costs to keep.
    pub message_len_max: usize,
}

/// What is next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing until so many octets have arrived, counted from the first one lent. Never more than the window.
    Need(usize),
    /// A part of a message.
    Frame {
        /// `More` or `Last`.
        kind: FrameKind,
        /// Where the body is.
        body: Range<usize>,
    },
    /// A command: where its body is.
    Command(Range<usize>),
    /// A frame that is longer than the window. Its header is used up; the next `len` octets are its body, sealed as
    /// it came: pass it to [`Reader::open_large`] when it is whole.
    Large {
        /// The kind that the frame shows outside.
        kind: FrameKind,
        /// How long the body is, in octets.
        len: usize,
    },
}

/// Why the connection cannot go on. The peer is at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReadError {
    /// A frame is malformed.
    Frame(FrameError),
    /// A frame is longer than the limit: its length in octets.
    FrameTooLong(usize),
    /// A message is longer than the limit.
    MessageTooLong,
    /// A command is longer than is read.
    CommandTooLong,
    /// A frame does not open.
    Rejected(Rejected),
}

impl Limit for Limits {
    const COUNTS: bool = true;

    #[inline]
    fn limits(&self) -> Limits {
        *self
    }
}

impl Limit for OnlyWindow {
    const COUNTS: bool = false;

    #[inline]
    fn limits(&self) -> Limits {
        Limits { window: self.0, frame_len_max: usize::MAX, message_len_max: usize::MAX }
    }
}

impl<O: Open, L: Limit> Reader<O, L> {
    /// A reader at the start of the traffic.
    pub const fn new(open: O, limits: L) -> Self {
        Self { open, limits, message_len: 0 }
    }

    /// The next step, and how many octets of `input` it used. All of its ranges lie in the used part.
    #[inline]
    pub fn next(&mut self, input: &mut [u8]) -> Result<(Step, usize), ReadError> {
        let Some(header) = Header::decode(input).map_err(ReadError::Frame)? else {
            return Ok((Step::Need(if input.is_empty() { 2 } else { self.header_len(input) }), 0));
        };
        let Limits { window, frame_len_max, .. } = self.limits.limits();
        // A limit is enforced before the octets that break it are kept.
        if header.body_len > frame_len_max.saturating_add(O::HEAD + O::TAIL) {
            return Err(ReadError::FrameTooLong(header.body_len));
        }
        let body_len = header.body_len;
        let end = header.len.saturating_add(body_len);
        if header.kind == FrameKind::Command && (body_len > COMMAND_LEN_MAX || end > window) {
            return Err(ReadError::CommandTooLong);
        }
        if end > window {
            self.check_message(body_len.saturating_sub(O::HEAD + O::TAIL))?;
            return Ok((Step::Large { kind: header.kind, len: body_len }, header.len));
        }
        let Some(body) = input.get_mut(header.len..end) else { return Ok((Step::Need(end), 0)) };
        let (kind, inner) = self.open_body(header.kind, body)?;
        let body = header.len + inner.start..header.len + inner.end;
        Ok((if kind == FrameKind::Command { Step::Command(body) } else { Step::Frame { kind, body } }, end))
    }

    /// Opens the whole body of a frame that was announced as [`Step::Large`]: the kind that was sealed in, and where
    /// in `body` the plain one is.
    pub fn open_large(&mut self, kind: FrameKind, body: &mut [u8]) -> Result<(FrameKind, Range<usize>), ReadError> {
        match self.open_body(kind, body)? {
            (FrameKind::Command, _) => Err(ReadError::CommandTooLong),
            part => Ok(part),
        }
    }

    #[inline]
    fn open_body(&mut self, outer: FrameKind, body: &mut [u8]) -> Result<(FrameKind, Range<usize>), ReadError> {
        let len = body.len().checked_sub(O::HEAD + O::TAIL).ok_or(ReadError::Rejected(Rejected))?;
        let kind = self.open.open(outer, body).map_err(ReadError::Rejected)?;
        match kind {
            _ if !L::COUNTS => (),
            FrameKind::Command => (),
            FrameKind::More => self.message_len = self.check_message(len)?.saturating_add(PART_COST),
            FrameKind::Last => {
                self.check_message(len)?;
                self.message_len = 0;
            }
        }
        Ok((kind, O::HEAD..O::HEAD + len))
    }

    /// How long the message is with a part of `len` octets more.
    #[inline]
    fn check_message(&self, len: usize) -> Result<usize, ReadError> {
        let total = self.message_len.saturating_add(len);
        if total > self.limits.limits().message_len_max { Err(ReadError::MessageTooLong) } else { Ok(total) }
    }

    fn header_len(&self, input: &[u8]) -> usize {
        if input.first().is_some_and(|flags| flags & 0b010 != 0) { HEADER_LEN_MAX } else { 2 }
    }
}

impl core::fmt::Display for ReadError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::FrameTooLong(len) => write!(f, "the peer sent a frame of {len} octets, more than the limit"),
            Self::MessageTooLong => f.write_str("the peer sent a message longer than the limit"),
            Self::CommandTooLong => f.write_str("the peer sent an overlong command"),
            Self::Rejected(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReadError {}

/// What a part costs to keep beside its octets, on a server.
const PART_COST: usize = 72;

#[cfg(test)]
mod tests {
    use super::{Limits, ReadError, Reader, Step};
    use crate::mechanism::Clear;
    use crate::wire::FrameKind;
    use crate::wire::frame::FrameError;
    use std::vec::Vec;

    const LIMITS: Limits = Limits { window: 300, frame_len_max: 1000, message_len_max: 1100 };

    fn reader() -> Reader<Clear> {
        Reader::new(Clear, LIMITS)
    }

    #[test]
    fn frames_and_commands_are_found_one_after_the_other() {
        let mut input = *b"\x01\x01A\x04\x05\x04PONG\x00\x00\x00\x02hi\x00";
        let (mut reader, mut at, mut seen) = (reader(), 0, Vec::new());
        let need = loop {
            match reader.next(&mut input[at..]).unwrap() {
                (Step::Need(len), 0) => break len,
                (step, used) => {
                    seen.push((step, used));
                    at += used;
                }
            }
        };
        assert_eq!(
            seen,
            [
                (Step::Frame { kind: FrameKind::More, body: 2..3 }, 3),
                (Step::Command(2..7), 7),
                (Step::Frame { kind: FrameKind::Last, body: 2..2 }, 2),
                (Step::Frame { kind: FrameKind::Last, body: 2..4 }, 4),
            ]
        );
        assert_eq!((need, at), (2, input.len() - 1));
    }

    #[test]
    fn it_says_how_many_octets_it_needs() {
        for (input, need) in [
            (&b""[..], 2),
            (b"\x00", 2),
            (b"\x02", 9),
            (b"\x02\0\0\0", 9),
            (b"\x00\x05abc", 7),
            (b"\x02\0\0\0\0\0\0\x01\0", 265),
        ] {
            assert_eq!(reader().next(&mut input.to_vec()), Ok((Step::Need(need), 0)), "{input:?}");
        }
    }

    #[test]
    fn a_frame_longer_than_the_window_is_announced() {
        let mut input = [0x03, 0, 0, 0, 0, 0, 0, 3, 0xe8, 1, 2, 3];
        assert_eq!(reader().next(&mut input), Ok((Step::Large { kind: FrameKind::More, len: 1000 }, 9)));
        assert_eq!(reader().open_large(FrameKind::More, &mut [0; 1000]), Ok((FrameKind::More, 0..1000)));
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_by_its_header() {
        for size in [1001, 1 << 31, u64::from(u32::MAX), u64::MAX >> 1] {
            let mut input = [&[2][..], &size.to_be_bytes()].concat();
            assert_eq!(reader().next(&mut input), Err(ReadError::FrameTooLong(size as usize)));
        }
        let mut input = [&[2][..], &u64::MAX.to_be_bytes()].concat();
        assert_eq!(reader().next(&mut input), Err(ReadError::Frame(FrameError::BadSize)));
    }

    #[test]
    fn a_message_above_the_limit_is_refused_though_each_part_is_below() {
        let mut reader = reader();
        let mut part = [&[0x01, 100][..], &[0; 100]].concat();
        for _ in 0..6 {
            assert!(reader.next(&mut part).is_ok());
        }
        assert_eq!(reader.next(&mut part), Err(ReadError::MessageTooLong));
    }

    #[test]
    fn empty_parts_without_end_are_refused() {
        let mut reader = reader();
        let refused = (0..100).find_map(|part| reader.next(&mut [0x01, 0]).err().map(|error| (part, error)));
        assert_eq!(refused, Some((16, ReadError::MessageTooLong)));
    }

    #[test]
    fn messages_are_counted_one_by_one() {
        let mut reader = reader();
        let mut whole = [&[0x00, 200][..], &[0; 200]].concat();
        for _ in 0..100 {
            assert!(reader.next(&mut whole).is_ok());
        }
    }

    #[test]
    fn an_overlong_command_is_refused() {
        let mut input = [6, 0, 0, 0, 0, 0, 0, 3, 0];
        assert_eq!(reader().next(&mut input), Err(ReadError::CommandTooLong));
    }
}
