//! When is the time server asked, and how long is its answer awaited?

use zeptomq_core::time::Instant;

/// The turn of the question.
///
/// ```text
///               asked                    answered
///   Rests(at) ─────────► Awaits ───────────────────────► Rests(5 s after it was asked)
///                        │   ▲
///                        └───┘ 2 s without an answer: asked again
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Question {
    /// It was never asked.
    New,
    /// It is asked then.
    Rests(Instant),
    /// It was asked.
    Awaits { asked: Instant },
}

impl Question {
    /// When there is something to do; at once where that is `None`.
    pub(crate) fn due(self) -> Option<Instant> {
        match self {
            Self::New => None,
            Self::Rests(at) => Some(at),
            Self::Awaits { asked } => Some(asked.after_ms(ANSWER_WITHIN_MS)),
        }
    }

    /// Whether it is to be asked now, for the first time or again.
    pub(crate) fn is_due(self, now: Instant) -> bool {
        self.due().is_none_or(|at| at.has_come(now))
    }

    pub(crate) fn asked(&mut self, now: Instant) {
        *self = Self::Awaits { asked: now };
    }

    pub(crate) fn answered(&mut self) {
        if let Self::Awaits { asked } = *self {
            *self = Self::Rests(asked.after_ms(PERIOD_MS));
        }
    }
}

const PERIOD_MS: u32 = 5000;
const ANSWER_WITHIN_MS: u32 = 2000;
