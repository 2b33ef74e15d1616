//! Where do octets that arrive lie until the user has taken them?
//!
//! ```text
//!   │ used │ first message │ next message │ the one behind it, so far │ not read yet │ window │
//!          head            first_end      next_end                    cursor         end
//! ```
//! One whole message waits for the user. Reading goes on behind it, for the commands that follow, up to the end of the
//! next message. A subscription in a command becomes a message where it stands; one in the middle of a message goes
//! before it.

use crate::mechanism::Open;
use crate::wire::{FrameKind, Header, Subscription, Window, copy};

/// How an array is used that is filled at one end and used up at the other. The array itself is lent to each call, always
/// the same one.
pub(super) struct Rx {
    head: u16,
    /// Where the message ends that waits; `head` when none does.
    first_end: u16,
    /// Where the next message ends; `first_end` when it is not whole. Reading stops when it is.
    next_end: u16,
    cursor: u16,
    end: u16,
}

/// [`Rx::finish_subscription`].
pub(super) type Listen = fn(&mut Rx, &mut [u8], bool, usize, usize);

impl Rx {
    pub(super) const EMPTY: Self = Self { head: 0, first_end: 0, next_end: 0, cursor: 0, end: 0 };

    pub(super) fn clear(&mut self) {
        (self.head, self.first_end, self.next_end, self.cursor, self.end) = (0, 0, 0, 0, 0);
    }

    #[inline(never)]
    pub(super) fn window<'a>(&mut self, octets: &'a mut [u8]) -> &'a mut [u8] {
        if usize::from(self.end) == octets.len() {
            self.shift(octets);
        }
        octets.get_mut(usize::from(self.end)..).unwrap_or_default()
    }

    pub(super) fn commit(&mut self, len: usize, array_len: usize) {
        self.end = usize::from(self.end).saturating_add(len).min(array_len) as u16;
    }

    /// Whether nothing can be read before the user takes a message.
    pub(super) fn is_full(&self, array_len: usize) -> bool {
        self.next_end != self.first_end || (self.has_message() && self.has_no_room(array_len))
    }

    /// Whether no more octets fit, before something is used up.
    pub(super) fn has_no_room(&self, array_len: usize) -> bool {
        usize::from(self.end - self.head) == array_len
    }

    pub(super) fn unread<'a>(&self, octets: &'a mut [u8]) -> &'a mut [u8] {
        super::between_mut(octets, self.cursor, self.end)
    }

    pub(super) fn has_unread(&self) -> bool {
        self.cursor != self.end
    }

    /// Where the unread octets begin, for `at`.
    pub(super) fn position(&self) -> usize {
        usize::from(self.cursor)
    }

    /// So many unread octets are part of a message.
    pub(super) fn take_in(&mut self, len: usize) {
        self.cursor = self.end.min(self.cursor.saturating_add(len as u16));
    }

    /// So many unread octets are used up. Where they lie behind others that are not, the gap is closed, so that a
    /// message lies together and takes no more room than its frames.
    pub(super) fn skip(&mut self, octets: &mut [u8], len: usize) {
        let start = self.cursor;
        self.take_in(len);
        if self.head == start {
            (self.head, self.first_end, self.next_end) = (self.cursor, self.cursor, self.cursor);
            self.settle();
        } else {
            super::close_gap(super::between_mut(octets, start, self.end), usize::from(self.cursor - start));
            self.end -= self.cursor - start;
            self.cursor = start;
        }
    }

    /// Whether a frame that ends `len` octets behind the cursor fits with what its message has already, be it only when
    /// the user has taken the message before it.
    pub(super) fn can_hold(&self, len: usize, array_len: usize) -> bool {
        usize::from(self.cursor - self.first_end).saturating_add(len) <= array_len
    }

    /// The message up to the cursor is whole.
    pub(super) fn finish_message(&mut self) {
        self.end_message_at(self.cursor);
    }

    /// The command of `used` octets at the cursor says what the peer wants: it becomes the message that says the same, whose
    /// frame ends with the same topic, and is shorter.
    pub(super) fn finish_subscription<O: Open>(
        &mut self,
        octets: &mut [u8],
        wanted: bool,
        topic_len: usize,
        used: usize,
    ) {
        let frame = Frame::new::<O>(topic_len);
        self.skip(octets, used.saturating_sub(frame.len));
        frame.write_head(wanted, self.unread(octets));
        self.take_in(frame.len);
        rotate(super::between_mut(octets, self.next_end, self.cursor), frame.len);
        self.end_message_at(self.next_end + frame.len as u16);
    }

    /// Puts a subscription there as the message that waits; in the place of the one that waited, which is longer.
    pub(super) fn put_subscription<O: Open>(&mut self, octets: &mut [u8], subscription: &Subscription<'_>) {
        let frame = Frame::new::<O>(subscription.topic.len());
        if !self.has_message() {
            self.clear();
            (self.cursor, self.end) = (frame.len as u16, frame.len as u16);
            self.end_message_at(self.cursor);
        }
        let at = usize::from(self.first_end).saturating_sub(frame.len);
        self.head = at as u16;
        let octets = super::between_mut(octets, self.head, self.first_end);
        if octets.is_empty() {
            return self.clear();
        }
        frame.write_head(subscription.wanted, octets);
        copy(octets.get_mut(frame.topic_at..).unwrap_or_default(), subscription.topic);
    }

    fn end_message_at(&mut self, end: u16) {
        if self.head == self.first_end {
            self.first_end = end;
        }
        self.next_end = end;
    }

    /// The message that waits.
    pub(super) fn message<'a>(&self, octets: &'a [u8]) -> Option<&'a [u8]> {
        Some(super::between(octets, self.head, self.first_end)).filter(|message| !message.is_empty())
    }

    /// Whether a message waits.
    pub(super) fn has_message(&self) -> bool {
        self.head != self.first_end
    }

    #[inline(never)]
    pub(super) fn release_message(&mut self) {
        self.head = self.first_end;
        self.first_end = self.next_end;
        self.settle();
    }

    fn settle(&mut self) {
        if self.head == self.end {
            self.clear();
        }
    }

    fn shift(&mut self, octets: &mut [u8]) {
        super::close_gap(octets, usize::from(self.head));
        self.first_end -= self.head;
        self.next_end -= self.head;
        self.cursor -= self.head;
        self.end -= self.head;
        self.head = 0;
    }
}

/// A frame with the octet and the topic of a subscription.
struct Frame {
    len: usize,
    topic_at: usize,
    body_len: usize,
}

impl Frame {
    fn new<O: Open>(topic_len: usize) -> Self {
        let body_len = O::HEAD + 1 + topic_len + O::TAIL;
        let header_len = Header::len_for(body_len);
        Self { len: header_len + body_len, topic_at: header_len + O::HEAD + 1, body_len }
    }

    /// Writes what stands before the topic.
    fn write_head(&self, wanted: bool, octets: &mut [u8]) {
        let _ = Header::encode(FrameKind::Last, self.body_len, &mut Window::new(octets));
        if let Some(octet) = octets.get_mut(self.topic_at - 1) {
            *octet = Subscription { topic: &[], wanted }.octet();
        }
    }
}

/// The last `len` octets go before the others.
fn rotate(octets: &mut [u8], len: usize) {
    reverse(octets);
    if let Some((first, rest)) = octets.split_at_mut_checked(len) {
        reverse(first);
        reverse(rest);
    }
}

#[inline(never)]
fn reverse(octets: &mut [u8]) {
    octets.reverse();
}

#[cfg(test)]
mod tests {
    use super::Rx;
    use crate::mechanism::{Clear, Open, Rejected};
    use crate::wire::{FrameKind, Subscription};

    /// An octet on each side of a body.
    struct Boxed;

    impl Open for Boxed {
        const CLEAR: bool = false;
        const HEAD: usize = 1;
        const TAIL: usize = 1;

        fn open(&mut self, outer: FrameKind, _body: &mut [u8]) -> Result<FrameKind, Rejected> {
            Ok(outer)
        }
    }

    fn commit(rx: &mut Rx, array: &mut [u8], octets: &[u8]) {
        rx.window(array)[..octets.len()].copy_from_slice(octets);
        rx.commit(octets.len(), array.len());
    }

    #[test]
    fn a_subscription_in_the_middle_of_a_message_goes_before_it() {
        let (mut rx, array) = (Rx::EMPTY, &mut [0; 64]);
        commit(&mut rx, array, b"\0\x01w\x01\x01p\x04\x0c\x09SUBSCRIBEto\0\x01q\0\x01z");
        rx.take_in(3);
        rx.finish_message();
        rx.take_in(3);
        rx.finish_subscription::<Clear>(array, true, 2, 14);
        assert!(rx.is_full(64));
        for message in [&b"\0\x01w"[..], b"\0\x03\x01to"] {
            assert_eq!(rx.message(array), Some(message));
            rx.release_message();
        }
        assert_eq!((rx.message(array), rx.is_full(64)), (None, false));
        rx.take_in(3);
        rx.finish_message();
        assert_eq!(rx.message(array), Some(&b"\x01\x01p\0\x01q"[..]));
        assert_eq!(rx.unread(array), b"\0\x01z");
    }

    #[test]
    fn a_message_is_replaced_by_a_shorter_one_and_what_follows_stays() {
        let (mut rx, array) = (Rx::EMPTY, &mut [0; 16]);
        commit(&mut rx, array, b"\0\x04\x01abc\0\x01n");
        rx.take_in(6);
        rx.finish_message();
        rx.put_subscription::<Boxed>(array, &Subscription { topic: b"", wanted: true });
        assert_eq!(rx.message(array).map(|frame| (frame.len(), frame[3])), Some((5, 1)));
        rx.release_message();
        assert_eq!(rx.message(array), None);
        assert_eq!(rx.unread(array), b"\0\x01n");
        rx.clear();
        rx.put_subscription::<Clear>(array, &Subscription { topic: b"gone", wanted: false });
        assert_eq!(rx.message(array), Some(&b"\0\x05\0gone"[..]));
        rx.release_message();
        rx.put_subscription::<Clear>(array, &Subscription { topic: &[7; 20], wanted: false });
        assert_eq!(rx.message(array), None);
    }
}
