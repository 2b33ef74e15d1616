//! How is a message encoded once for many? Onto a sheet that all of them share: each queue has a range of it.
//!
//! ```text
//!   sheet      one   two   three   four
//!   A, B, C  └─────────────────────────┘      one range, which grows
//!   D          one   two       └───────┘      a copy of what comes after a gap, and a range when much came without one
//! ```
//! An open sheet is written to under the hub's lock, and nobody reads it. It is closed when it is full, or when somebody
//! takes what waits; from then on it is read without the lock.

use crate::batch::BY_HANDLE_LEN_MIN;
use crate::blocks::Blocks;
use crate::message::Message;
use crate::parts::Layout;
use bytes::Bytes;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use zeptomq_core::link::Writer;
use zeptomq_core::mechanism::Clear;
use zeptomq_core::wire::FrameKind;

/// Where a socket's messages for many are encoded.
#[derive(Debug, Default)]
pub(crate) struct Press {
    /// What is on the open sheet.
    octets: Vec<u8>,
    sheet: Sheet,
    /// How many octets were on all sheets.
    printed: u64,
}

/// What many share, once it is closed.
type Sheet = Arc<OnceLock<Bytes>>;

/// A message on the open sheet.
pub(crate) struct Print<'a> {
    sheet: &'a Sheet,
    pub(crate) octets: &'a [u8],
    range: Range<usize>,
    /// How much was printed before it.
    before: u64,
}

/// What is printed for one peer, without a gap.
#[derive(Debug)]
pub(crate) struct Stretch {
    sheet: Sheet,
    range: Range<usize>,
}

/// So much is printed on a sheet, in octets, and the message that comes then. Who had a gap has a share again after as much:
/// a peer that is slow keeps about three times what it was sent at most.
pub(crate) const SHEET_LEN: usize = 96 * 1024;
/// The C library's copy is slow between 2 KiB and 1 MiB at some offsets; pieces of 1 KiB never are.
const COPY_LEN_MAX: usize = 1024;

impl Press {
    /// Prints a message, unless one of its parts is so long that it is not to be copied.
    pub(crate) fn print(&mut self, message: &Message, blocks: &Blocks) -> Option<Print<'_>> {
        if message.parts().any(|part| part.len() >= BY_HANDLE_LEN_MIN) {
            return None;
        }
        if self.octets.len() >= SHEET_LEN {
            self.close(blocks);
        }
        let (mut start, before) = (self.octets.len(), self.printed);
        encode_all(message, &mut self.octets);
        if start > 0 && self.octets.len() > 2 * SHEET_LEN {
            // Many parts: who keeps something of a sheet does not keep them too.
            let message = self.octets.split_off(start);
            self.close(blocks);
            (self.octets, start) = (message, 0);
        }
        let range = start..self.octets.len();
        self.printed += range.len() as u64;
        Some(Print { sheet: &self.sheet, octets: self.octets.get(range.clone()).unwrap_or_default(), range, before })
    }

    /// Closes the sheet: what is on it can be read.
    pub(crate) fn close(&mut self, blocks: &Blocks) {
        if self.octets.is_empty() {
            return;
        }
        // A peer that is slow does not keep a large sheet for the sake of a few octets.
        let octets = if self.octets.len() < SHEET_LEN / 4 {
            let few = Bytes::copy_from_slice(&self.octets);
            self.octets.clear();
            few
        } else {
            blocks.keep_body(std::mem::replace(&mut self.octets, blocks.lend_body(SHEET_LEN)))
        };
        // It is set here only, and then left to those who share it.
        let _ = std::mem::take(&mut self.sheet).set(octets);
    }

    /// Gives up the memory for the next sheet, when nobody has anything on it.
    pub(crate) fn shrink(&mut self) {
        if Arc::strong_count(&self.sheet) == 1 {
            self.octets = Vec::new();
        }
    }
}

impl Print<'_> {
    /// Whether it comes right behind what so much was printed before.
    pub(crate) fn follows(&self, printed: u64) -> bool {
        self.before == printed
    }

    /// How much was printed with it.
    pub(crate) fn printed(&self) -> u64 {
        self.before + self.octets.len() as u64
    }
}

impl Stretch {
    pub(crate) fn new(print: &Print<'_>) -> Self {
        Self { sheet: print.sheet.clone(), range: print.range.clone() }
    }

    /// Takes a message in that stands right behind. Whether it does.
    #[inline]
    pub(crate) fn extend(&mut self, print: &Print<'_>) -> bool {
        let next = self.range.end == print.range.start && Arc::ptr_eq(&self.sheet, print.sheet);
        if next {
            self.range.end = print.range.end;
        }
        next
    }

    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Nothing while the sheet is open.
    pub(crate) fn octets(&self) -> &[u8] {
        self.sheet.get().and_then(|sheet| sheet.get(self.range.clone())).unwrap_or_default()
    }
}

/// Appends the frames of a message.
fn encode_all(message: &Message, out: &mut Vec<u8>) {
    match message.layout() {
        Layout::Frames(frames) => append(frames.octets(), out),
        Layout::Parts(parts) => {
            let Some((last, parts)) = parts.split_last() else { return };
            parts.iter().for_each(|part| encode(FrameKind::More, part.as_ref(), out));
            encode(FrameKind::Last, last.as_ref(), out);
        }
    }
}

/// Appends a frame. A vector grows as it must, so nothing here is refused.
#[inline]
pub(crate) fn encode(kind: FrameKind, body: &[u8], out: &mut Vec<u8>) {
    if body.len() <= COPY_LEN_MAX {
        let _ = Writer::new(Clear).frame(kind, body, out);
    } else {
        let _ = Writer::new(Clear).header(kind, body.len(), out);
        append(body, out);
    }
}

/// Appends octets as they are.
#[inline]
pub(crate) fn append(octets: &[u8], out: &mut Vec<u8>) {
    octets.chunks(COPY_LEN_MAX).for_each(|piece| out.extend_from_slice(piece));
}

#[cfg(test)]
mod tests {
    use super::{BY_HANDLE_LEN_MIN, Press, SHEET_LEN, Stretch};
    use crate::blocks::Blocks;
    use crate::chance::Random;
    use crate::message::Message;
    use crate::outbox::Outbox;
    use bytes::Bytes;
    use std::sync::{Arc, Weak};
    use zeptomq_core::pattern::Drops;

    /// Two outboxes of a peer that is sent the same: one has it printed, the other alone.
    #[derive(Default)]
    struct Pair([Outbox; 2]);

    impl Pair {
        /// Writes at most so much of both.
        fn write(&mut self, most: usize) {
            let mut batches = self.0.each_mut().map(Outbox::take);
            let octets = batches.each_ref().map(|batch| batch.next_octets());
            let len = most.min(octets[0].len()).min(octets[1].len());
            assert_eq!(octets[0][..len], octets[1][..len]);
            let left = batches.each_mut().map(|batch| batch.advance(len));
            assert_eq!(left[0], left[1]);
            for (outbox, batch) in self.0.iter_mut().zip(batches) {
                outbox.put_back(batch);
                outbox.release(left[0]);
            }
        }
    }

    #[test]
    fn what_is_printed_for_many_leaves_as_what_is_queued_for_each() {
        for seed in 1..=10 {
            let mut random = Random(seed);
            let (mut press, blocks) = (Press::default(), Blocks::default());
            let mut pairs = [(); 3].map(|()| Pair::default());
            for _ in 0..200 {
                match random.below(13) {
                    12 => {
                        // So much that they share what comes then.
                        let message = Message::from(vec![7; BY_HANDLE_LEN_MIN - 1]);
                        for _ in 0..=SHEET_LEN / message[0].len() {
                            let print = press.print(&message, &blocks).unwrap();
                            for Pair([printed, alone]) in &mut pairs {
                                assert_eq!(alone.push(&[], &[], &message, 0), printed.push_print(&print));
                            }
                        }
                    }
                    0..=8 => {
                        let message = random.message();
                        let print = press.print(&message, &blocks);
                        // One has all, one has gaps, and one has few.
                        for (at, Pair([printed, alone])) in pairs.iter_mut().enumerate() {
                            if random.below(6) < [6, 4, 1][at] {
                                let len = alone.push(&[], &[], &message, 0);
                                let same = match &print {
                                    Some(print) => printed.push_print(print),
                                    None => printed.push(&[], &[], &message, 0),
                                };
                                assert_eq!(len, same);
                            }
                        }
                    }
                    9..=10 => {
                        press.close(&blocks);
                        let most = [1, 5, 1000, 100_000][random.below(4)];
                        pairs[random.below(3)].write(most);
                    }
                    _ => {
                        press.close(&blocks);
                        let dropped = pairs[random.below(3)].0.each_mut().map(|outbox| {
                            let batch = outbox.take();
                            outbox.put_back(batch);
                            outbox.rewind(&mut Drops::default())
                        });
                        assert_eq!(dropped[0], dropped[1], "{seed}");
                    }
                }
                for Pair([printed, alone]) in &pairs {
                    assert_eq!((printed.load(), printed.is_empty()), (alone.load(), alone.is_empty()), "{seed}");
                }
            }
            press.close(&blocks);
            for mut pair in pairs {
                while !pair.0[0].is_empty() {
                    pair.write(usize::MAX);
                }
                assert!(pair.0[1].is_empty());
            }
        }
    }

    #[test]
    fn a_slow_peer_does_not_keep_what_others_are_sent() {
        let (mut press, blocks, mut slow) = (Press::default(), Blocks::default(), Outbox::default());
        let body = vec![7; BY_HANDLE_LEN_MIN - 1];
        let mut sheets = Vec::new();
        for round in 0..100 {
            // Once so much that it shares a sheet, with one message of many parts behind.
            let (many, parts) = if round == 50 { (1 + SHEET_LEN / body.len(), 100) } else { (0, 1) };
            for message in vec![Message::from(body.clone()); many].into_iter().chain(["for all".into()]) {
                slow.push_print(&press.print(&message, &blocks).unwrap());
            }
            slow.push_print(&press.print(&"for all".into(), &blocks).unwrap());
            for _ in 0..20 {
                sheets.push(Arc::downgrade(&press.sheet));
                press.print(&Message::multipart(vec![body.clone(); parts]), &blocks).unwrap();
            }
        }
        press.close(&blocks);
        sheets.dedup_by(|next, sheet| next.ptr_eq(sheet));
        let kept: usize = sheets.iter().filter_map(Weak::upgrade).map(|sheet| sheet.get().map_or(0, Bytes::len)).sum();
        assert!(kept > 0 && kept <= 3 * slow.load().octets, "{kept} octets are kept");
    }

    #[test]
    fn a_sheet_that_nobody_shares_is_given_up() {
        let (mut press, blocks) = (Press::default(), Blocks::default());
        let gone = Stretch::new(&press.print(&"one".into(), &blocks).unwrap());
        press.shrink();
        assert!(gone.octets().is_empty() && press.octets.len() == 5);
        drop(gone);
        press.shrink();
        assert_eq!(press.octets.capacity(), 0);
        let two = press.print(&"two".into(), &blocks).unwrap();
        assert!(two.follows(5));
        let stretch = Stretch::new(&two);
        press.close(&blocks);
        assert_eq!(stretch.octets(), b"\0\x03two");
    }

    #[test]
    fn messages_in_a_row_are_one_stretch_until_the_sheet_is_closed() {
        let (mut press, blocks) = (Press::default(), Blocks::default());
        let mut stretch = Stretch::new(&press.print(&"one".into(), &blocks).unwrap());
        assert!(stretch.extend(&press.print(&Message::multipart(["t", "wo"]), &blocks).unwrap()));
        assert_eq!((stretch.octets(), stretch.len()), (&b""[..], 5 + 7));
        press.close(&blocks);
        assert_eq!(stretch.octets(), b"\0\x03one\x01\x01t\0\x02wo");
        let next = press.print(&"of another".into(), &blocks).unwrap();
        assert!(!stretch.extend(&next) && next.follows(12) && next.printed() == 24);
        // It begins where the stretch ends, on the next sheet.
        assert!(!stretch.extend(&press.print(&"sheet".into(), &blocks).unwrap()));
    }

    #[test]
    fn a_gap_ends_a_stretch() {
        let (mut press, blocks) = (Press::default(), Blocks::default());
        let mut stretch = Stretch::new(&press.print(&"one".into(), &blocks).unwrap());
        assert!(press.print(&"two".into(), &blocks).unwrap().follows(5));
        let three = press.print(&"three".into(), &blocks).unwrap();
        assert!(!three.follows(5) && !stretch.extend(&three));
    }

    #[test]
    fn a_full_sheet_is_closed_by_the_next_message_and_a_long_part_is_not_printed() {
        let (mut press, blocks) = (Press::default(), Blocks::default());
        let body = vec![7; BY_HANDLE_LEN_MIN - 1];
        let first = Stretch::new(&press.print(&Message::from(body.clone()), &blocks).unwrap());
        for _ in 1..SHEET_LEN / body.len() {
            press.print(&Message::from(body.clone()), &blocks).unwrap();
        }
        assert!(first.octets().is_empty());
        assert!(press.print(&Message::from(vec![7; BY_HANDLE_LEN_MIN]), &blocks).is_none());
        press.print(&"next".into(), &blocks).unwrap();
        assert_eq!(first.octets(), [&b"\x02\0\0\0\0\0\0\x1f\xff"[..], &body].concat());
    }

    #[test]
    fn many_messages_fill_many_blocks() {
        let (mut outbox, message) = (Outbox::default(), Message::from(vec![1; 1000]));
        (0..200).for_each(|_| assert_eq!(outbox.push(&[], &[], &message, 0), 1009));
        let (mut batch, load) = (outbox.take(), outbox.load());
        let len = batch.next_octets().len();
        assert_eq!((len, batch.advance(len)), (200 * 1009, load));
    }
}
