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

/// The phase, and who waits for another. A watch channel, which says the same, takes six times the memory.
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
        until(&self.passed, || self.has_reached(phase)).await;
    }

    /// Waits for the future, unless the socket is closed first. It is pinned elsewhere, or would be in this one twice.
    pub(crate) async fn unless_closed<T>(&self, future: impl Future<Output = T> + Unpin) -> Option<T> {
        tokio::select! {
            done = future => Some(done),
            () = self.reach(Phase::Closed) => None,
        }
    }
}

/// Waits until it is so, looking again at all news.
pub(crate) async fn until(news: &Notify, is_so: impl Fn() -> bool) {
    loop {
        // From before the look, so that nothing is missed.
        let next = news.notified();
        if is_so() {
            return;
        }
        next.await;
    }
}
