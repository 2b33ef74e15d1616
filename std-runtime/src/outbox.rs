//! What waits to leave for one peer?
//!
//! ```text
//!   runs   [ octets: header body header body header ] [ body, by handle ] [ octets ... ] [ a stretch of a sheet ]
//!   lens     len      len         len ─────────────────────────────────┘
//! ```
//! Plain frames as NULL puts them on the wire: a small body is copied behind its header into a block, a large one is
//! kept by handle; what many peers are sent was encoded once for all. The length of each message is kept beside them, so
//! that a message that left in part can be started over on the next connection.

use crate::backlog::{Backlog, Kept};
use crate::message::{Message, Part};
use crate::parts::Layout;
use crate::press::{Print, SHEET_LEN, Stretch, append, encode};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::IoSlice;
use zeptomq_core::link::{CUTS_MAX, Writer};
use zeptomq_core::mechanism::Clear;
use zeptomq_core::pattern::overload::{Load, Policy};
use zeptomq_core::pattern::{Drops, Reason};
use zeptomq_core::wire::FrameKind;

/// The queue of one peer, and how much of it there is, what is being written included.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Batch,
    /// Where older messages make room for newer ones: what comes behind the queue.
    backlog: Option<Box<Backlog>>,
    load: Load,
    /// How much was printed for all when the last was printed for this peer.
    printed: u64,
    /// How much was printed for this peer without a gap, in octets.
    row: usize,
    spare: Batch,
    /// Whether anything was queued since somebody looked.
    used: bool,
}

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
const BLOCK_LEN: usize = 64 * 1024;
const FIRST_BLOCK_LEN: usize = 512;
/// How many written blocks are kept.
const SPARE_MAX: usize = 4;
/// How many pieces one write gathers at most.
const PIECES_MAX: usize = 64;

impl Outbox {
    pub(crate) fn load(&self) -> Load {
        self.load
    }

    /// Whether nothing waits, though something may still be being written.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.backlog.as_ref().is_none_or(|backlog| backlog.is_empty())
    }

    /// Whether the first message that waits has left in part.
    pub(crate) fn is_begun(&self) -> bool {
        self.queue.written > 0
    }

    /// Appends a message: `prefix` and `envelope`, then the parts from `skip` on. Returns its octets on the wire.
    #[inline]
    pub(crate) fn push(&mut self, prefix: &[&[u8]], envelope: &[Part], message: &Message, skip: usize) -> usize {
        let len = self.queue.push(prefix, envelope, message, skip);
        self.load.add(len);
        self.used = true;
        len
    }

    /// Appends a message that was printed for many, whose sheet is to be closed before this is taken. Returns its octets on
    /// the wire.
    #[inline]
    pub(crate) fn push_print(&mut self, print: &Print<'_>) -> usize {
        let before = if print.follows(self.printed) { self.row } else { 0 };
        self.row = before.saturating_add(print.octets.len());
        if self.row > SHEET_LEN {
            self.queue.share(print);
        } else {
            // What has gaps would be many small pieces to write, each of which keeps a whole sheet.
            self.queue.copy(print.octets);
        }
        self.printed = print.printed();
        self.load.add(print.octets.len());
        self.used = true;
        print.octets.len()
    }

    /// Whether a message would go into the backlog without another having to go. What is being written does not count.
    pub(crate) fn has_room_for(&self, kept: &Kept, limit: Load) -> bool {
        self.backlog.as_ref().is_none_or(|backlog| backlog.has_room_for(kept, limit))
    }

    /// Appends a message to the backlog, where the policy makes room for it; what goes is counted.
    pub(crate) fn keep(&mut self, kept: Kept, policy: Policy, limit: Load, drops: &mut Drops) {
        let backlog = self.backlog.get_or_insert_with(|| Box::new(Backlog::new(policy)));
        self.load.add(kept.len());
        self.load.remove(backlog.push(kept, limit, drops));
        self.used = true;
    }

    /// All that waits, to be written without the hub's lock; of a backlog, a little.
    pub(crate) fn take(&mut self) -> Batch {
        if let Some(backlog) = &mut self.backlog
            && self.queue.is_empty()
        {
            self.queue.fill(backlog);
        }
        std::mem::replace(&mut self.queue, std::mem::take(&mut self.spare))
    }

    /// What was taken and not written; or, when all was, its emptied containers.
    pub(crate) fn put_back(&mut self, mut batch: Batch) {
        if batch.is_empty() {
            self.spare = batch;
            return;
        }
        batch.append(&mut self.queue);
        self.queue = batch;
    }

    /// The connection is lost, and what was taken was put back: what had left in part starts over. How many messages were
    /// dropped instead, see [`Batch::rewind`]. What came from a backlog waits there again; what a newer message has replaced
    /// is counted.
    pub(crate) fn rewind(&mut self, drops: &mut Drops) -> usize {
        let dropped = self.queue.rewind();
        self.release(dropped);
        drops.count_many(Reason::Undelivered, dropped.messages);
        if let Some(backlog) = &mut self.backlog
            && !self.queue.is_empty()
        {
            self.load.remove(backlog.bring_back(self.queue.cuts, drops));
            self.queue = Batch::default();
        }
        dropped.messages
    }

    /// Counts out what was written.
    pub(crate) fn release(&mut self, written: Load) {
        self.load.remove(written);
        if let Some(backlog) = &mut self.backlog {
            backlog.release(written.messages);
        }
    }

    /// Gives up the memory that is kept for the next burst, if none has come since this was called last. While nothing is
    /// being written.
    pub(crate) fn shrink(&mut self) {
        if !std::mem::take(&mut self.used) {
            self.spare = Batch::default();
            if self.is_empty() {
                (self.queue, self.backlog) = (Batch::default(), None);
            }
        }
    }

    /// Drops all that waits and says how many messages that were.
    pub(crate) fn discard(&mut self) -> usize {
        let messages = self.load.messages;
        *self = Self::default();
        messages
    }
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.lens.is_empty()
    }

    /// Has what comes next written, in pieces.
    #[inline]
    pub(crate) fn write<T>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
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

    /// Encodes what has waited for the longest time, as much as one block takes.
    #[cold]
    fn fill(&mut self, backlog: &mut Backlog) {
        let mut len = 0;
        while len < BLOCK_LEN
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

    fn append(&mut self, later: &mut Self) {
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

    #[inline]
    fn share(&mut self, print: &Print<'_>) {
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

    fn copy(&mut self, octets: &[u8]) {
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
                None => self.tail.reserve(if small { FIRST_BLOCK_LEN } else { BLOCK_LEN }),
            }
        }
    }

    #[inline]
    fn push(&mut self, prefix: &[&[u8]], envelope: &[Part], message: &Message, skip: usize) -> usize {
        self.open_tail();
        let mut len = 0;
        for part in prefix {
            len += self.frame(FrameKind::More, part, None);
        }
        for part in envelope {
            len += self.frame(FrameKind::More, part.as_ref(), part.shared());
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
                        len += self.frame(FrameKind::More, part.as_ref(), part.shared());
                    }
                    len += self.frame(FrameKind::Last, last.as_ref(), last.shared());
                }
            }
        }
        self.lens.push_back(len);
        len
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
    use super::{BY_HANDLE_LEN_MIN, Outbox};
    use crate::message::Message;
    use zeptomq_core::pattern::Drops;
    use zeptomq_core::pattern::overload::Load;

    fn wire(outbox: &mut Outbox, step: usize) -> (Vec<u8>, Load) {
        let (mut octets, mut left, mut batch) = (Vec::new(), Load::default(), outbox.take());
        while !batch.is_empty() {
            let all = batch.next_octets();
            let len = all.len().min(step);
            octets.extend_from_slice(&all[..len]);
            left += batch.advance(len);
        }
        outbox.put_back(batch);
        (octets, left)
    }

    fn push(outbox: &mut Outbox, message: Message) {
        outbox.push(&[], &[], &message, 0);
    }

    #[test]
    fn messages_leave_as_their_frames_whatever_a_write_takes() {
        for step in [1, 7, 1000, usize::MAX] {
            let mut outbox = Outbox::default();
            push(&mut outbox, Message::multipart(["A", "B"]));
            push(&mut outbox, Message::from(vec![7; 300]));
            push(&mut outbox, Message::from(vec![8; BY_HANDLE_LEN_MIN]));
            outbox.push(&[b"id", b""], &["env".into()], &Message::multipart(["to", "body"]), 1);
            let load = outbox.load();
            let mut expected = b"\x01\x01A\0\x01B\x02\0\0\0\0\0\0\x01\x2c".to_vec();
            expected.extend([7; 300]);
            expected.extend(b"\x02\0\0\0\0\0\0\x20\0");
            expected.extend([8; BY_HANDLE_LEN_MIN]);
            expected.extend(b"\x01\x02id\x01\0\x01\x03env\0\x04body");
            let (octets, left) = wire(&mut outbox, step);
            assert_eq!(octets, expected, "{step}");
            assert_eq!((load, load), (left, Load { messages: 4, octets: expected.len() }));
            outbox.release(left);
            assert_eq!(outbox.load(), Load::default());
        }
    }

    #[test]
    fn a_message_that_left_in_part_starts_over_and_whole_ones_do_not() {
        for cut in 0..22 {
            let mut outbox = Outbox::default();
            for body in ["first", "second", "third"] {
                push(&mut outbox, Message::from(body));
            }
            let mut batch = outbox.take();
            let left = batch.advance(cut);
            push(&mut outbox, Message::from("later"));
            batch.rewind();
            outbox.put_back(batch);
            let (octets, _) = wire(&mut outbox, usize::MAX);
            let all = [&b"\0\x05first"[..], b"\0\x06second", b"\0\x05third", b"\0\x05later"];
            assert_eq!(octets, all[left.messages..].concat(), "{cut}");
            assert_eq!(left.messages, [7, 15, 22].iter().filter(|&&end| cut >= end).count());
        }
    }

    #[test]
    fn a_message_that_is_cut_again_and_again_makes_way() {
        let mut outbox = Outbox::default();
        push(&mut outbox, Message::from("long"));
        push(&mut outbox, Message::from("next"));
        for dropped in [0, 0, 1] {
            let mut batch = outbox.take();
            assert_eq!(batch.advance(3), Load::default());
            outbox.put_back(batch);
            assert_eq!(outbox.rewind(&mut Drops::default()), dropped);
        }
        assert_eq!(outbox.rewind(&mut Drops::default()), 0);
        let (octets, left) = wire(&mut outbox, usize::MAX);
        assert_eq!((octets.as_slice(), left), (&b"\0\x04next"[..], outbox.load()));
    }

    #[test]
    fn what_is_dropped_is_counted() {
        let mut outbox = Outbox::default();
        push(&mut outbox, Message::from("one"));
        let batch = outbox.take();
        push(&mut outbox, Message::from("two"));
        outbox.put_back(batch);
        assert_eq!(outbox.discard(), 2);
        assert!(outbox.is_empty() && outbox.load() == Load::default());
    }
}
