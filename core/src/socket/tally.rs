//! How many messages were dropped, in a device's memory? A row of numbers, one for each reason: the fields of [`Drops`] take
//! an instruction each to clear and to add, and a device looks at them seldom.

use crate::pattern::{Drops, Reason};

/// What was dropped. Each number wraps.
#[derive(Clone, Copy)]
pub(super) struct Tally([u32; REASONS]);

const REASONS: usize = Reason::Undelivered as usize + 1;

impl Tally {
    pub(super) const NONE: Self = Self([0; REASONS]);

    pub(super) fn count(&mut self, reason: Reason) {
        self.count_many(reason, 1);
    }

    pub(super) fn count_many(&mut self, reason: Reason, messages: usize) {
        if let Some(counter) = self.0.get_mut(reason as usize) {
            *counter = counter.wrapping_add(messages as u32);
        }
    }

    /// Counts what another tally has, which is empty then.
    pub(super) fn take_over(&mut self, other: &mut Self) {
        for (counter, more) in self.0.iter_mut().zip(&mut other.0) {
            *counter = counter.wrapping_add(core::mem::take(more));
        }
    }
}

impl From<Tally> for Drops {
    fn from(Tally(counters): Tally) -> Self {
        // Each reason by its name, so that none can stand in another's place.
        let of = |reason: Reason| counters.get(reason as usize).copied().unwrap_or_default();
        Self {
            unasked: of(Reason::Unasked),
            bad_envelope: of(Reason::BadEnvelope),
            queue_full: of(Reason::QueueFull),
            replaced: of(Reason::Replaced),
            not_for_us: of(Reason::NotForUs),
            widened: of(Reason::Widened),
            undelivered: of(Reason::Undelivered),
        }
    }
}
