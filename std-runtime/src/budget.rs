//! How much may a task do at a stretch before it lets others run?
//!
//! The runtime's own count is of calls that might have waited, and gives a task fewer of them than a batch has messages.

/// What is left of it.
pub(crate) struct Budget {
    calls: u32,
    octets: usize,
}

impl Budget {
    pub(crate) const FULL: Self = Self { calls: 1024, octets: 64 * 1024 };

    #[inline]
    pub(crate) fn spend(&mut self, octets: usize) {
        self.calls = self.calls.saturating_sub(1);
        self.octets = self.octets.saturating_sub(octets);
    }

    pub(crate) fn calls_left(&self) -> u32 {
        self.calls
    }

    /// Whether the task has to let others run. Then the budget is full again.
    #[inline]
    pub(crate) fn is_spent(&mut self) -> bool {
        let spent = self.calls == 0 || self.octets == 0;
        if spent {
            *self = Self::FULL;
        }
        spent
    }
}
