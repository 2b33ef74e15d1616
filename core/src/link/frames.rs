//! How do the parts of a message lie in one piece of memory? Few and small ones as frames, one behind another, as we write
//! them to a peer where nothing seals them.
//!
//! ```text
//!   MORE 5  t o p i c   LAST 64  b o d y ...
//! ```

use super::Writer;
use crate::mechanism::Clear;
use crate::wire::{FrameKind, Header, Window};
use core::ops::Range;

/// The frames of a message: an iterator over the parts. What lies behind the last is not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Frames<'a>(&'a [u8]);

/// Parts on their way into one piece.
#[derive(Debug)]
pub struct Few {
    octets: [u8; FEW_LEN_MAX],
    len: usize,
    parts: usize,
    /// Where the frame of the last part is, and how long that part is.
    last: usize,
    last_len: usize,
}

/// Parts of a message that lies in one piece, at most: each is found by going over those before it.
pub const PARTS_MAX: usize = 8;
/// So many octets of frames are brought together from parts that lie elsewhere.
const FEW_LEN_MAX: usize = 512;

impl<'a> Frames<'a> {
    /// Those at the start of `octets`.
    #[inline]
    pub fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Whether a frame that begins at `start`, with its body there, has the header that we would write.
    #[inline]
    pub fn is_plain(start: usize, body: &Range<usize>) -> bool {
        body.start.checked_sub(start) == Some(Header::len_for(body.len()))
    }

    /// All but the first `count`.
    #[inline]
    pub fn behind(mut self, count: usize) -> Self {
        for _ in 0..count {
            self.next();
        }
        self
    }

    /// The frames as octets.
    #[inline]
    pub fn octets(self) -> &'a [u8] {
        let mut len = 0;
        while let Some((kind, body)) = self.0.get(len..).and_then(first) {
            len += body.end;
            if kind != FrameKind::More {
                break;
            }
        }
        self.0.get(..len).unwrap_or_default()
    }

    /// How many parts there are, and of how many octets together.
    #[inline]
    pub fn load(self) -> (usize, usize) {
        self.fold((0, 0), |(parts, octets), part| (parts + 1, octets + part.len()))
    }

    /// The part at `at`, which then stands behind it.
    pub fn take(octets: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
        let mut frames = Self(octets.get(*at..)?);
        let part = frames.next();
        *at = octets.len() - frames.0.len();
        part
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (kind, body) = first(self.0)?;
        let end = if kind == FrameKind::More { body.end } else { self.0.len() };
        let part = self.0.get(body);
        self.0 = self.0.get(end..).unwrap_or_default();
        part
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (parts, _) = self.load();
        (parts, Some(parts))
    }
}

impl ExactSizeIterator for Frames<'_> {}

/// What the first frame is, and where its body is.
#[inline]
fn first(octets: &[u8]) -> Option<(FrameKind, Range<usize>)> {
    let Header { kind, len, body_len } = Header::decode(octets).ok()??;
    Some((kind, len..len.checked_add(body_len)?))
}

impl Few {
    /// No part.
    pub const NONE: Self = Self { octets: [0; FEW_LEN_MAX], len: 0, parts: 0, last: 0, last_len: 0 };

    /// Appends a part. Whether it is one of few, and there was room for it.
    #[inline]
    pub fn push(&mut self, part: &[u8]) -> bool {
        let Some(room) = self.octets.get_mut(self.len..).filter(|_| self.parts < PARTS_MAX) else { return false };
        let mut room = Window::new(room);
        if Writer::new(Clear).frame(FrameKind::More, part, &mut room).is_err() {
            return false;
        }
        (self.last, self.last_len) = (self.len, part.len());
        self.len += room.len();
        self.parts += 1;
        true
    }

    /// The frames as octets: no part comes any more.
    #[inline]
    pub fn finish(&mut self) -> &[u8] {
        if let Some(last) = self.octets.get_mut(self.last..) {
            // It takes the place of one that is as long.
            let _ = Header::encode(FrameKind::Last, self.last_len, &mut Window::new(last));
        }
        self.octets.get(..self.len).unwrap_or_default()
    }
}
