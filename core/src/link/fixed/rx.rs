//! Where do octets that arrive lie until the user has taken them?
//!
//! ```text
//!   │ used │ first message │ next message, so far │ not read yet │ window │
//!          head            first_end              cursor         end
//! ```
//! One whole message waits for the user. Reading goes on behind it, for the commands that follow, up to the end of the
//! next message.

use core::ops::Range;

/// An array that is filled at one end and used up at the other.
pub(super) struct Rx<const LEN: usize> {
    octets: [u8; LEN],
    head: u16,
    /// Where the message ends that waits; `head` when none does.
    first_end: u16,
    cursor: u16,
    end: u16,
    /// Whether the next message is whole too, so that reading stops.
    next_is_whole: bool,
}

impl<const LEN: usize> Rx<LEN> {
    pub(super) const EMPTY: Self = {
        assert!(LEN <= u16::MAX as usize, "a link's array holds at most 65,535 octets");
        Self { octets: [0; LEN], head: 0, first_end: 0, cursor: 0, end: 0, next_is_whole: false }
    };

    pub(super) fn clear(&mut self) {
        (self.head, self.first_end, self.cursor, self.end, self.next_is_whole) = (0, 0, 0, 0, false);
    }

    pub(super) fn window(&mut self) -> &mut [u8] {
        if usize::from(self.end) == LEN {
            self.shift();
        }
        self.octets.get_mut(usize::from(self.end)..).unwrap_or_default()
    }

    pub(super) fn commit(&mut self, len: usize) {
        let len = len.min(LEN - usize::from(self.end).min(LEN));
        self.end += len as u16;
    }

    /// Whether nothing can be read before the user takes a message.
    pub(super) fn is_full(&self) -> bool {
        self.next_is_whole || (self.message().is_some() && usize::from(self.end - self.head) == LEN)
    }

    pub(super) fn unread(&mut self) -> &mut [u8] {
        self.octets.get_mut(usize::from(self.cursor)..usize::from(self.end)).unwrap_or_default()
    }

    /// Where the unread octets begin, for `at`.
    pub(super) fn position(&self) -> usize {
        usize::from(self.cursor)
    }

    /// Octets where they lie, used up or not.
    pub(super) fn at(&self, range: Range<usize>) -> &[u8] {
        self.octets.get(range).unwrap_or_default()
    }

    /// So many unread octets are part of a message.
    pub(super) fn take_in(&mut self, len: usize) {
        self.cursor = self.end.min(self.cursor.saturating_add(len as u16));
    }

    /// So many unread octets are used up. Where they lie behind others that are not, the gap is closed, so that a
    /// message lies together and takes no more room than its frames.
    pub(super) fn skip(&mut self, len: usize) {
        let start = self.cursor;
        self.take_in(len);
        if self.head == start {
            (self.head, self.first_end) = (self.cursor, self.cursor);
            self.settle();
        } else {
            super::shift_down(&mut self.octets, usize::from(self.cursor), usize::from(self.end), usize::from(start));
            self.end -= self.cursor - start;
            self.cursor = start;
        }
    }

    /// Whether a frame that ends `len` octets behind the cursor fits with what its message has already, be it only when
    /// the user has taken the message before it.
    pub(super) fn can_hold(&self, len: usize) -> bool {
        usize::from(self.cursor - self.first_end).saturating_add(len) <= LEN
    }

    /// The message up to the cursor is whole.
    pub(super) fn finish_message(&mut self) {
        if self.head == self.first_end {
            self.first_end = self.cursor;
        } else {
            self.next_is_whole = true;
        }
    }

    /// The message that waits.
    pub(super) fn message(&self) -> Option<&[u8]> {
        let message = self.octets.get(usize::from(self.head)..usize::from(self.first_end));
        message.filter(|message| !message.is_empty())
    }

    pub(super) fn release_message(&mut self) {
        self.head = self.first_end;
        if self.next_is_whole {
            (self.first_end, self.next_is_whole) = (self.cursor, false);
        }
        self.settle();
    }

    fn settle(&mut self) {
        if self.head == self.end {
            self.clear();
        }
    }

    fn shift(&mut self) {
        super::shift_down(&mut self.octets, usize::from(self.head), usize::from(self.end), 0);
        self.first_end -= self.head;
        self.cursor -= self.head;
        self.end -= self.head;
        self.head = 0;
    }
}
