//! How far has a socket's life come? For those who have no business with its lock.

use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::Notify;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum Phase {
    Open,
    /// Nothing more is accepted; what was is still being sent.
    Closing,
    Closed,
}

/// The phase, and who waits for another. A watch channel says the same in 350 octets, and each that waits takes twice as many.
#[derive(Default)]
pub(crate) struct Life {
    phase: AtomicU8,
    passed: Notify,
}

impl Life {
    /// It has come to this phase, which is a later one.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
        self.passed.notify_waiters();
    }

    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Acquire) >= phase as u8
    }

    /// Waits until it has.
    pub(crate) async fn reach(&self, phase: Phase) {
        loop {
            // From before the look, so that nothing is missed.
            let passed = self.passed.notified();
            if self.has_reached(phase) {
                return;
            }
            passed.await;
        }
    }

    /// Waits for the future, unless the socket is closed first. It is pinned elsewhere, or would be in this one twice.
    pub(crate) async fn unless_closed<T>(&self, future: impl Future<Output = T> + Unpin) -> Option<T> {
        tokio::select! {
            done = future => Some(done),
            () = self.reach(Phase::Closed) => None,
        }
    }
}
