//! How much may a task do at a stretch before it lets others run?
//!
//! The runtime's own count is of calls that might have waited, and gives a task fewer of them than a batch has messages.

/// What tasks have done, and what the last has left.
pub(crate) struct Budget {
    /// Calls there were ever, and when others ran last; the counts wrap.
    calls: u32,
    calls_before: u32,
    octets_left: usize,
    /// Whether others had their turn, and nothing was done since.
    resumes: bool,
}

impl Budget {
    pub(crate) const FULL: Self = Self { calls: 0, calls_before: 0, octets_left: OCTETS, resumes: false };

    #[inline]
    pub(crate) fn spend(&mut self, octets: usize) {
        self.calls = self.calls.wrapping_add(1);
        self.octets_left = self.octets_left.saturating_sub(octets);
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls
    }

    /// How many calls there may be before others have their turn.
    #[inline]
    pub(crate) fn calls_left(&self) -> usize {
        CALLS.saturating_sub(self.calls.wrapping_sub(self.calls_before)) as usize
    }

    /// Whether this is the first that a task does after others had their turn: it is likely to go on.
    #[inline]
    pub(crate) fn resumes(&mut self) -> bool {
        std::mem::take(&mut self.resumes)
    }

    /// Whether the task has to let others run. Then the budget is full again.
    #[inline]
    pub(crate) fn is_spent(&mut self) -> bool {
        let spent = self.calls.wrapping_sub(self.calls_before) >= CALLS || self.octets_left == 0;
        if spent {
            (self.calls_before, self.octets_left, self.resumes) = (self.calls, OCTETS, true);
        }
        spent
    }
}

const CALLS: u32 = 1024;
/// Octets, which take as long as so many calls. They are written in one piece too, by whoever queues the last of them: the
/// pieces into which the system cuts a stream are a little shorter than 64 KiB, and with each write ends one.
pub(crate) const OCTETS: usize = 256 * 1024;
