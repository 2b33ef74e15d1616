//! What is on its way to one peer, in the order of the wire?
//!
//! ```text
//!   runs   [ octets: header body header body header ] [ body, by handle ] [ octets ... ] [ a stretch of a sheet ]
//!   lens     len      len         len ─────────────────────────────────┘
//! ```
//! Plain frames as NULL puts them on the wire: a small body is copied behind its header into a block, a large one is
//! kept by handle; what many peers are sent was encoded once for all. The length of each message is kept beside them, so
//! that a message that left in part can be started over on the next connection.

use crate::backlog::Backlog;
use crate::message::Message;
use crate::part::Part;
use crate::parts::Layout;
use crate::press::{Print, Stretch, append, encode};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::IoSlice;
use zeptomq_core::link::{CUTS_MAX, Writer};
use zeptomq_core::mechanism::Clear;
use zeptomq_core::pattern::overload::Load;
use zeptomq_core::wire::FrameKind;

/// Messages in the order of the wire; they are taken out of the queue to be written, and put back when they were not.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    runs: VecDeque<Run>,
    /// The block that is encoded into; it comes after the runs.
    tail: Vec<u8>,
    /// Blocks that were written, to be encoded into again: memory that comes and goes costs more than the encoding.
    spare: Vec<Vec<u8>>,
    lens: VecDeque<usize>,
    /// Where the first message begins, counted from the first octet that is kept.
    start: usize,
    /// How much of the first message was written.
    written: usize,
    /// How many connections were lost with the first message in the middle.
    cuts: u8,
}

#[derive(Debug)]
enum Run {
    Block(Vec<u8>),
    Body(Bytes),
    Stretch(Stretch),
}

/// Bodies from this length on are kept by handle. Below it a copy costs less than another piece to gather.
pub(crate) const BY_HANDLE_LEN_MIN: usize = 8 * 1024;
/// A block of so many octets is full; its last message may go beyond. What a task sends of 64 octets at a stretch is in one.
const BLOCK_LEN: usize = 96 * 1024;
/// So much room a block has, for that message too: one that had to grow for it would be twice as large.
const BLOCK_ROOM: usize = BLOCK_LEN + BY_HANDLE_LEN_MIN;
/// It grows up to just that by doubling.
const FIRST_BLOCK_ROOM: usize = BLOCK_ROOM / 128;
/// How many written blocks are kept: as many as a task fills at a stretch.
const SPARE_MAX: usize = 3;
/// So much of a backlog is encoded at once, in octets; its last message may go beyond.
const FILLED_LEN: usize = 64 * 1024;
/// How many pieces one write gathers at most.
const PIECES_MAX: usize = 64;

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.lens.is_empty()
    }

    /// Whether the first message has left in part.
    pub(crate) fn is_begun(&self) -> bool {
        self.written > 0
    }

    /// How many connections were lost with the first message in the middle.
    pub(crate) fn cuts(&self) -> u8 {
        self.cuts
    }

    /// Has what comes next written, in pieces.
    #[inline]
    pub(crate) fn write<T>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
        if self.runs.is_empty() {
            let rest = self.tail.get(self.start + self.written..).unwrap_or_default();
            return write(&[IoSlice::new(rest)]);
        }
        let mut pieces = [IoSlice::new(&[]); PIECES_MAX];
        let (mut skip, mut count) = (self.start + self.written, 0);
        for octets in self.octets() {
            let Some(rest) = octets.get(skip..).filter(|rest| !rest.is_empty()) else {
                skip = skip.saturating_sub(octets.len());
                continue;
            };
            let Some(piece) = pieces.get_mut(count) else { break };
            *piece = IoSlice::new(rest);
            (skip, count) = (0, count + 1);
        }
        write(pieces.get(..count).unwrap_or_default())
    }

    /// What comes next, as much as one write takes.
    #[cfg(test)]
    pub(crate) fn next_octets(&self) -> Vec<u8> {
        self.write(|pieces| pieces.iter().flat_map(|piece| piece.iter().copied()).collect())
    }

    /// The frame at `at`, counted from where the first message begins: the octets that lie together from there on, and
    /// those that come next, among which its body may be. Both empty at the end.
    pub(crate) fn frame_at(&self, at: usize) -> (&[u8], &[u8]) {
        let mut skip = self.start + at;
        let mut octets = self.octets();
        while let Some(run) = octets.next() {
            match run.get(skip..) {
                Some(rest) if !rest.is_empty() => return (rest, octets.next().unwrap_or_default()),
                _ => skip = skip.saturating_sub(run.len()),
            }
        }
        (&[], &[])
    }

    /// So many octets were written. Returns the messages that left with them.
    pub(crate) fn advance(&mut self, len: usize) -> Load {
        let mut left = Load::default();
        self.written += len;
        while let Some(&len) = self.lens.front()
            && self.written >= len
        {
            self.written -= len;
            self.start += len;
            self.cuts = 0;
            self.lens.pop_front();
            left.add(len);
        }
        while let Some(first) = self.runs.front()
            && first.len() <= self.start
        {
            self.start -= first.len();
            if let Some(Run::Block(mut block)) = self.runs.pop_front()
                && block.capacity() >= BLOCK_LEN
                && self.spare.len() < SPARE_MAX
            {
                block.clear();
                self.spare.push(block);
            }
        }
        if self.lens.is_empty() {
            self.tail.clear();
            self.start = 0;
        }
        left
    }

    /// The connection is lost: the message that had left in part was not delivered and starts over. One that was cut so
    /// [`CUTS_MAX`] times in a row is dropped.
    pub(crate) fn rewind(&mut self) -> Load {
        if std::mem::take(&mut self.written) == 0 {
            return Load::default();
        }
        self.cuts += 1;
        let len = self.lens.front().copied().filter(|_| self.cuts == CUTS_MAX);
        len.map_or_else(Load::default, |len| self.advance(len))
    }

    /// Encodes what has waited for the longest time, as much as is written at once.
    #[cold]
    pub(crate) fn fill(&mut self, backlog: &mut Backlog) {
        let mut len = 0;
        while len < FILLED_LEN
            && let Some(kept) = backlog.take()
        {
            if len == 0 {
                self.cuts = kept.cuts();
            }
            len += self.push(&[], &[], kept.message(), 0);
        }
    }

    fn octets(&self) -> impl Iterator<Item = &[u8]> {
        self.runs.iter().map(Run::octets).chain(std::iter::once(self.tail.as_slice()))
    }

    /// Appends all of another batch.
    pub(crate) fn append(&mut self, later: &mut Self) {
        self.close_tail();
        self.runs.append(&mut later.runs);
        self.lens.append(&mut later.lens);
        self.tail = std::mem::take(&mut later.tail);
    }

    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            self.runs.push_back(Run::Block(std::mem::take(&mut self.tail)));
        }
    }

    /// Appends a message that was printed for many: the print is shared.
    #[inline]
    pub(crate) fn share(&mut self, print: &Print<'_>) {
        self.close_tail();
        let extended = match self.runs.back_mut() {
            Some(Run::Stretch(stretch)) => stretch.extend(print),
            _ => false,
        };
        if !extended {
            self.runs.push_back(Run::Stretch(Stretch::new(print)));
        }
        self.lens.push_back(print.octets.len());
    }

    /// Appends a message that was printed for many: the print is copied.
    pub(crate) fn copy(&mut self, octets: &[u8]) {
        self.open_tail();
        self.tail.extend_from_slice(octets);
        self.lens.push_back(octets.len());
    }

    #[inline]
    fn open_tail(&mut self) {
        if self.tail.len() >= BLOCK_LEN {
            self.close_tail();
        }
        if self.tail.capacity() == 0 {
            // Behind a body comes perhaps only the header of the next.
            let small = !matches!(self.runs.back(), Some(Run::Block(_)));
            match self.spare.pop() {
                Some(block) => self.tail = block,
                None => self.tail.reserve(if small { FIRST_BLOCK_ROOM } else { BLOCK_ROOM }),
            }
        }
    }

    /// Appends a message: `prefix`, the frames of `envelope`, then the parts from `skip` on. Returns its octets on the wire.
    #[inline]
    pub(crate) fn push(&mut self, prefix: &[&[u8]], envelope: &[u8], message: &Message, skip: usize) -> usize {
        self.open_tail();
        let mut len = 0;
        for part in prefix {
            len += self.frame(FrameKind::More, part, None);
        }
        if !envelope.is_empty() {
            append(envelope, &mut self.tail);
            len += envelope.len();
        }
        match message.layout() {
            Layout::Frames(frames) => {
                let frames = frames.behind(skip).octets();
                append(frames, &mut self.tail);
                len += frames.len();
            }
            Layout::Parts(parts) => {
                if let Some((last, parts)) = parts.get(skip..).and_then(<[Part]>::split_last) {
                    for part in parts {
                        len += self.part(FrameKind::More, part);
                    }
                    len += self.part(FrameKind::Last, last);
                }
            }
        }
        self.lens.push_back(len);
        len
    }

    /// Appends the frame of a part and says how long it is.
    #[inline]
    fn part(&mut self, kind: FrameKind, part: &Part) -> usize {
        let Some((octets, len)) = part.inline() else { return self.frame(kind, part.as_ref(), part.shared()) };
        let before = self.tail.len();
        let _ = Writer::new(Clear).header(kind, len, &mut self.tail);
        let end = self.tail.len() + len;
        // A copy of a known length is a few moves.
        self.tail.extend_from_slice(octets);
        self.tail.truncate(end);
        end - before
    }

    /// Appends a frame and says how long it is.
    #[inline]
    fn frame(&mut self, kind: FrameKind, body: &[u8], shared: Option<&Bytes>) -> usize {
        let before = self.tail.len();
        match shared {
            Some(shared) if body.len() >= BY_HANDLE_LEN_MIN => {
                // A block grows as it must, so nothing is refused.
                let _ = Writer::new(Clear).header(kind, body.len(), &mut self.tail);
                let len = self.tail.len() - before + body.len();
                self.close_tail();
                self.runs.push_back(Run::Body(shared.clone()));
                len
            }
            _ => {
                encode(kind, body, &mut self.tail);
                self.tail.len() - before
            }
        }
    }
}

impl Run {
    fn octets(&self) -> &[u8] {
        match self {
            Self::Block(octets) => octets,
            Self::Body(body) => body,
            Self::Stretch(stretch) => stretch.octets(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Block(octets) => octets.len(),
            Self::Body(body) => body.len(),
            Self::Stretch(stretch) => stretch.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_ROOM, Batch, Run};
    use crate::message::Message;

    #[test]
    fn a_block_does_not_grow_for_its_last_message() {
        for len in [100, 1000, 5000] {
            let mut batch = Batch::default();
            (0..600_000 / len).for_each(|_| assert!(batch.push(&[], &[], &Message::from(vec![7; len]), 0) > len));
            let blocks = batch.runs.iter().map(|run| match run {
                Run::Block(block) => block.capacity(),
                _ => 0,
            });
            assert!(blocks.clone().count() >= 5 && blocks.max() <= Some(BLOCK_ROOM), "{len}");
        }
    }
}
