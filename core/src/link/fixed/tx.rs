//! Where do messages lie until they have left?

use super::message::Seals;
use super::pieces::Bare;
use super::{FixedMessage, Outgoing};
use crate::link::CUTS_MAX;
use crate::link::writer::{self, Writer};
use crate::mechanism::Seal;
use crate::message::Parts;
use crate::wire::{FrameKind, Header, Window, same};

/// How an array is used that holds whole messages, each laid out as its frames will be on the wire and sealed when its turn
/// comes. The array itself is lent to each call, always the same one.
#[derive(Debug)]
pub(super) struct Tx {
    /// Where the first message begins.
    start: u16,
    /// What was sent of it.
    sent: u16,
    /// Where the frame ends that is being sent; `sent` between two frames.
    frame_end: u16,
    /// Whether another frame of its message follows that one.
    more: bool,
    /// Where the room begins.
    end: u16,
    /// How many connections were lost with the first message in the middle.
    cuts: u8,
    /// How many messages are there, the one that is being sent included.
    messages: u16,
}

impl Tx {
    pub(super) const EMPTY: Self = Self { start: 0, sent: 0, frame_end: 0, more: false, end: 0, cuts: 0, messages: 0 };

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the next octet to be sent is the first of a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.sent == self.frame_end
    }

    /// Whether a message of so many octets can be appended.
    pub(super) fn has_room(&self, len: usize, array_len: usize) -> bool {
        len <= array_len - usize::from(self.end - self.start)
    }

    /// Appends a message of at least one part, `len` octets on the wire, whole or not at all. Whether there was room.
    pub(super) fn push<S: Seal>(&mut self, octets: &mut [u8], parts: &Outgoing<'_>, len: usize) -> bool {
        if !self.has_room(len, octets.len()) {
            return false;
        }
        if octets.len() - usize::from(self.end).min(octets.len()) < len {
            self.shift(octets);
        }
        let octets = super::between_mut(octets, self.end, self.end.saturating_add(len as u16));
        let (mut room, mut last) = (Window::new(octets), 0);
        for part in parts.clone() {
            last = room.len();
            if writer::frame_room::<S>(FrameKind::More, part, &mut room).is_err() {
                return false;
            }
        }
        writer::rewrite_kind(octets.get_mut(last..).unwrap_or_default(), FrameKind::Last);
        self.end += len as u16;
        self.messages += 1;
        true
    }

    /// The rest of the frame that is being sent, or else the next frame, sealed now.
    pub(super) fn pending<'a, S: Seal>(&mut self, octets: &'a mut [u8], writer: &mut Writer<S>) -> &'a [u8] {
        if self.is_between_frames() && self.sent != self.end {
            let rest = super::between_mut(octets, self.sent, self.end);
            if let Ok(Some(header)) = Header::decode(rest) {
                let len = header.len + header.body_len;
                if let Some(frame) = rest.get_mut(..len) {
                    writer.seal_in_place(header.kind, frame);
                    self.more = header.kind == FrameKind::More;
                    self.frame_end = self.sent + len as u16;
                }
            }
        }
        super::between(octets, self.sent, self.frame_end)
    }

    /// So many octets of the pending frame were sent. Whether a message was sent with them.
    pub(super) fn advance(&mut self, len: usize) -> bool {
        self.sent = self.frame_end.min(self.sent.saturating_add(len as u16));
        let message_sent = !self.more && self.is_between_frames() && self.sent != self.start;
        if message_sent {
            (self.start, self.cuts) = (self.sent, 0);
            self.messages -= 1;
            if self.is_empty() {
                self.clear();
            }
        }
        message_sent
    }

    /// Starts the first message over. Frames that were sealed cannot be: then their message is dropped, and counted. So
    /// is one that was cut several times in a row: it is taken to be what ends the connections.
    pub(super) fn rewind(&mut self, octets: &[u8], clear: bool) -> usize {
        let begun = if clear { self.sent != self.start } else { self.frame_end != self.start };
        self.cuts += u8::from(begun);
        if !begun || (clear && self.cuts < CUTS_MAX) {
            (self.sent, self.frame_end) = (self.start, self.start);
            return 0;
        }
        let at = self.unbegun(octets);
        (self.start, self.sent, self.frame_end, self.cuts) = (at, at, at, 0);
        self.messages -= 1;
        if self.is_empty() {
            self.clear();
        }
        1
    }

    /// Drops all messages and counts them.
    pub(super) fn discard(&mut self) -> usize {
        let count = usize::from(self.messages);
        self.clear();
        count
    }

    /// Drops the oldest message of which nothing has left. Whether there was one.
    pub(super) fn drop_oldest(&mut self, octets: &mut [u8]) -> bool {
        let at = self.unbegun(octets);
        let is_there = at != self.end;
        if is_there {
            self.remove(octets, at, self.message_end(octets, at));
        }
        is_there
    }

    /// Drops the messages with this topic of which nothing has left, and counts them.
    pub(super) fn drop_topic<S: Seal>(&mut self, octets: &mut [u8], topic: &[u8]) -> usize {
        let (mut at, mut count) = (self.unbegun(octets), 0);
        while at != self.end {
            let end = self.message_end(octets, at);
            let message = FixedMessage {
                frames: super::between(octets, at, end),
                bare: Bare::NO,
                seals: Seals { head: S::HEAD as u16, tail: S::TAIL as u16 },
            };
            if same(topic_of(message.parts()), topic) {
                self.remove(octets, at, end);
                count += 1;
            } else {
                at = end;
            }
        }
        count
    }

    /// How long the message is of which something has left, if there is one.
    pub(super) fn begun_len(&self, octets: &[u8]) -> usize {
        usize::from(self.unbegun(octets) - self.start)
    }

    /// Where the first message begins of which nothing has left.
    fn unbegun(&self, octets: &[u8]) -> u16 {
        if self.frame_end != self.start && self.more {
            return self.message_end(octets, self.frame_end);
        }
        self.frame_end
    }

    /// Where the message ends whose next frame begins at `at`.
    fn message_end(&self, octets: &[u8], mut at: u16) -> u16 {
        loop {
            let Some(header) = self.header(octets, at) else { return self.end };
            at = self.end.min(at.saturating_add((header.len + header.body_len) as u16));
            if header.kind == FrameKind::Last {
                return at;
            }
        }
    }

    fn remove(&mut self, octets: &mut [u8], start: u16, end: u16) {
        if start == self.start {
            self.cuts = 0;
        }
        super::close_gap(super::between_mut(octets, start, self.end), usize::from(end - start));
        self.end -= end - start;
        self.messages -= 1;
    }

    pub(super) fn clear(&mut self) {
        *self = Self::EMPTY;
    }

    fn header(&self, octets: &[u8], at: u16) -> Option<Header> {
        Header::decode(super::between(octets, at, self.end)).ok().flatten()
    }

    fn shift(&mut self, octets: &mut [u8]) {
        super::close_gap(octets, usize::from(self.start));
        self.sent -= self.start;
        self.frame_end -= self.start;
        self.end -= self.start;
        self.start = 0;
    }
}

/// The first part of a message that has more.
pub(super) fn topic_of<'a>(mut parts: impl Iterator<Item = &'a [u8]>) -> &'a [u8] {
    let first = parts.next();
    first.filter(|_| parts.next().is_some()).unwrap_or_default()
}

/// How long a message is on the wire, in octets.
pub(super) fn message_len<S: Seal>(parts: &Outgoing<'_>) -> usize {
    parts.clone().fold(0, |len: usize, part| len.saturating_add(writer::frame_len::<S>(part.len())))
}

#[cfg(test)]
mod tests {
    use super::{Tx, message_len};
    use crate::link::Writer;
    use crate::link::fixed::{FixedMessage, Outgoing};
    use crate::mechanism::Clear;

    fn push_parts(tx: &mut Tx, array: &mut [u8], parts: &[&[u8]]) {
        let parts = Outgoing::new(FixedMessage::NONE, parts);
        assert!(tx.push::<Clear>(array, &parts, message_len::<Clear>(&parts)));
    }

    fn push(tx: &mut Tx, array: &mut [u8], body: &[u8]) {
        push_parts(tx, array, &[body]);
    }

    fn pending<'a>(tx: &mut Tx, array: &'a mut [u8]) -> &'a [u8] {
        tx.pending(array, &mut Writer::new(Clear))
    }

    #[test]
    fn room_is_made_while_a_message_is_being_sent() {
        let (mut tx, array) = (Tx::EMPTY, &mut [0; 12]);
        push(&mut tx, array, b"abc");
        push(&mut tx, array, b"de");
        assert_eq!(pending(&mut tx, array), b"\0\x03abc");
        assert!(tx.advance(5));
        assert_eq!(pending(&mut tx, array), b"\0\x02de");
        assert!(!tx.advance(3));
        push(&mut tx, array, b"fghij");
        assert_eq!(pending(&mut tx, array), b"e");
        assert!(tx.advance(1));
        assert_eq!(pending(&mut tx, array), b"\0\x05fghij");
    }

    #[test]
    fn what_has_not_begun_to_leave_can_be_dropped() {
        let (mut tx, array) = (Tx::EMPTY, &mut [0; 64]);
        for body in [&b"first"[..], b"old", b"new"] {
            push(&mut tx, array, body);
        }
        assert_eq!(pending(&mut tx, array), b"\0\x05first");
        tx.advance(2);
        assert!(tx.drop_oldest(array));
        assert_eq!(pending(&mut tx, array), b"first");
        assert!(tx.advance(5));
        assert!(tx.drop_oldest(array) && !tx.drop_oldest(array) && tx.is_empty());
        push(&mut tx, array, b"after");
        assert_eq!(pending(&mut tx, array), b"\0\x05after");
    }

    #[test]
    fn a_topic_is_the_first_of_several_parts() {
        let (mut tx, array) = (Tx::EMPTY, &mut [0; 64]);
        for parts in [&[&b"a"[..], b"1"][..], &[b"a"], &[b"b", b"2", b"3"], &[b"a", b"4", b"5"]] {
            push_parts(&mut tx, array, parts);
        }
        assert_eq!((tx.drop_topic::<Clear>(array, b"a"), tx.drop_topic::<Clear>(array, b"")), (2, 1));
        assert_eq!(tx.discard(), 1);
    }

    #[test]
    fn a_message_that_is_cut_again_and_again_makes_way() {
        let (mut tx, array) = (Tx::EMPTY, &mut [0; 32]);
        push(&mut tx, array, b"long");
        push(&mut tx, array, b"next");
        for dropped in [0, 0, 1] {
            assert_eq!(pending(&mut tx, array), b"\0\x04long");
            tx.advance(3);
            assert_eq!(tx.rewind(array, true), dropped);
        }
        assert_eq!(pending(&mut tx, array), b"\0\x04next");
        assert_eq!((tx.rewind(array, true), pending(&mut tx, array)), (0, &b"\0\x04next"[..]));
        assert_eq!(tx.discard(), 1);
    }

    #[test]
    fn what_is_discarded_is_what_has_neither_left_nor_made_way() {
        let (mut tx, array) = (Tx::EMPTY, &mut [0; 64]);
        for body in [&b"leaves"[..], b"is begun", b"makes way", b"waits"] {
            push(&mut tx, array, body);
        }
        pending(&mut tx, array);
        assert!(tx.advance(8));
        pending(&mut tx, array);
        assert!(!tx.advance(1) && tx.drop_oldest(array));
        assert_eq!(tx.discard(), 2);
    }

    #[test]
    fn a_message_is_not_cut_for_one_that_made_way_for_it() {
        let (mut tx, array) = (Tx::EMPTY, &mut [0; 32]);
        push(&mut tx, array, b"older");
        for _ in 0..2 {
            pending(&mut tx, array);
            tx.advance(3);
            assert_eq!(tx.rewind(array, true), 0);
        }
        push(&mut tx, array, b"newer");
        assert!(tx.drop_oldest(array));
        assert_eq!(pending(&mut tx, array), b"\0\x05newer");
        tx.advance(3);
        assert_eq!(tx.rewind(array, true), 0);
        assert_eq!(pending(&mut tx, array), b"\0\x05newer");
    }
}
