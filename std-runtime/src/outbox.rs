//! What waits to leave for one peer?

use crate::backlog::{Backlog, Kept};
use crate::batch::Batch;
use crate::message::Message;
use crate::press::{Print, SHEET_LEN};
use zeptomq_core::pattern::overload::{Load, Policy};
use zeptomq_core::pattern::{Drops, Reason};

/// The queue of one peer, and how much of it there is, what is being written included.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// None while there was nothing to queue for long. Boxed, for it changes hands with each write.
    queue: Option<Box<Batch>>,
    /// Where older messages make room for newer ones: what comes behind the queue.
    backlog: Option<Box<Backlog>>,
    load: Load,
    /// How much was printed for all when the last was printed for this peer.
    printed: u64,
    /// How much was printed for this peer without a gap, in octets.
    row: usize,
    spare: Option<Box<Batch>>,
    /// Whether anything was queued since somebody looked.
    used: bool,
}

impl Outbox {
    pub(crate) fn load(&self) -> Load {
        self.load
    }

    /// Whether nothing waits, though something may still be being written.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.as_ref().is_none_or(|queue| queue.is_empty())
            && self.backlog.as_ref().is_none_or(|backlog| backlog.is_empty())
    }

    /// Whether the first message that waits has left in part.
    pub(crate) fn is_begun(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.is_begun())
    }

    /// Appends a message: `prefix`, the frames of `envelope`, then the parts from `skip` on. Returns its octets on the wire.
    #[inline]
    pub(crate) fn push(&mut self, prefix: &[&[u8]], envelope: &[u8], message: &Message, skip: usize) -> usize {
        let len = self.queue.get_or_insert_default().push(prefix, envelope, message, skip);
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
        let queue = self.queue.get_or_insert_default();
        if self.row > SHEET_LEN {
            queue.share(print);
        } else {
            // What has gaps would be many small pieces to write, each of which keeps a whole sheet.
            queue.copy(print.octets);
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
    pub(crate) fn take(&mut self) -> Box<Batch> {
        if let Some(backlog) = &mut self.backlog {
            let queue = self.queue.get_or_insert_default();
            if queue.is_empty() {
                queue.fill(backlog);
            }
        }
        std::mem::replace(&mut self.queue, self.spare.take()).unwrap_or_default()
    }

    /// What was taken and not written; or, when all was, its emptied containers.
    pub(crate) fn put_back(&mut self, mut batch: Box<Batch>) {
        match &mut self.queue {
            Some(queue) if !batch.is_empty() => {
                batch.append(queue);
                self.queue = Some(batch);
            }
            Some(queue) if !queue.is_empty() => self.spare = Some(batch),
            // What was in use last is near, and one block does for both.
            _ => self.spare = self.queue.replace(batch),
        }
    }

    /// The connection is lost, and what was taken was put back: what had left in part starts over. How many messages were
    /// dropped instead, see [`Batch::rewind`]. What came from a backlog waits there again; what a newer message has replaced
    /// is counted.
    pub(crate) fn rewind(&mut self, drops: &mut Drops) -> usize {
        let dropped = self.queue.as_mut().map_or_else(Load::default, |queue| queue.rewind());
        self.release(dropped);
        drops.count_many(Reason::Undelivered, dropped.messages);
        if let (Some(backlog), Some(queue)) = (&mut self.backlog, &self.queue)
            && !queue.is_empty()
        {
            self.load.remove(backlog.bring_back(queue.cuts(), drops));
            self.queue = None;
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
            self.spare = None;
            if self.is_empty() {
                (self.queue, self.backlog) = (None, None);
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

#[cfg(test)]
mod tests {
    use super::Outbox;
    use crate::batch::BY_HANDLE_LEN_MIN;
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
            outbox.push(&[b"id", b""], b"\x01\x03env", &Message::multipart(["to", "body"]), 1);
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
    fn the_next_messages_lie_where_those_lay_that_have_left() {
        let mut outbox = Outbox::default();
        let mut place = || {
            push(&mut outbox, Message::from("hi"));
            let mut batch = outbox.take();
            let first = batch.write(|pieces| pieces[0].as_ptr());
            batch.advance(4);
            outbox.put_back(batch);
            first
        };
        assert_eq!(place(), place());
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
