//! Where do octets that arrive lie until the user has taken them?

/// An array that is filled at one end and used up at the other.
#[derive(Debug)]
pub(super) struct Rx<const LEN: usize> {
    octets: [u8; LEN],
    /// Where the message begins that is being read or waits for the user.
    head: u16,
    /// Where the next frame begins.
    cursor: u16,
    /// Where the window begins.
    end: u16,
    /// Whether the message from `head` to `cursor` is whole.
    whole: bool,
}

impl<const LEN: usize> Rx<LEN> {
    pub(super) const EMPTY: Self = {
        assert!(LEN <= u16::MAX as usize, "a link's array holds at most 65,535 octets");
        Self { octets: [0; LEN], head: 0, cursor: 0, end: 0, whole: false }
    };

    pub(super) fn clear(&mut self) {
        (self.head, self.cursor, self.end, self.whole) = (0, 0, 0, false);
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

    pub(super) fn unread(&mut self) -> &mut [u8] {
        self.octets.get_mut(usize::from(self.cursor)..usize::from(self.end)).unwrap_or_default()
    }

    /// Where the unread octets begin, for `at`.
    pub(super) fn position(&self) -> usize {
        usize::from(self.cursor)
    }

    /// Octets where they lie, used up or not.
    pub(super) fn at(&self, range: core::ops::Range<usize>) -> &[u8] {
        self.octets.get(range).unwrap_or_default()
    }

    /// So many unread octets are part of the message now.
    pub(super) fn take_in(&mut self, len: usize) {
        self.cursor = self.end.min(self.cursor.saturating_add(len as u16));
    }

    /// So many unread octets are used up. Within a message they are closed up, so that it lies together and takes no
    /// more room than its frames.
    pub(super) fn skip(&mut self, len: usize) {
        let start = self.cursor;
        self.take_in(len);
        if self.head == start {
            self.head = self.cursor;
            self.settle();
        } else {
            super::shift_down(&mut self.octets, usize::from(self.cursor), usize::from(self.end), usize::from(start));
            self.end -= self.cursor - start;
            self.cursor = start;
        }
    }

    /// Whether a frame that ends `len` octets after where the unread ones begin fits, with what its message has already.
    pub(super) fn can_hold(&self, len: usize) -> bool {
        usize::from(self.cursor - self.head).saturating_add(len) <= LEN
    }

    pub(super) fn finish_message(&mut self) {
        self.whole = true;
    }

    pub(super) fn message(&self) -> Option<&[u8]> {
        self.octets.get(usize::from(self.head)..usize::from(self.cursor)).filter(|_| self.whole)
    }

    pub(super) fn release_message(&mut self) {
        if self.whole {
            self.whole = false;
            self.head = self.cursor;
            self.settle();
        }
    }

    fn settle(&mut self) {
        if self.head == self.end {
            self.clear();
        }
    }

    fn shift(&mut self) {
        let head = usize::from(self.head);
        super::shift_down(&mut self.octets, head, usize::from(self.end), 0);
        self.cursor -= self.head;
        self.end -= self.head;
        self.head = 0;
    }
}
