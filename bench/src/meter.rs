//! What do the threads of a measured process tell each other: who was heard, what was counted, when the window is.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::case::SUBSCRIBERS;
use crate::machine::now_ns;

/// What the playing threads and the sampling thread share.
pub(crate) struct Meter {
    lanes: [Lane; SUBSCRIBERS],
    parties: usize,
    heard: AtomicUsize,
    complete_ns: AtomicU64,
    flood: AtomicBool,
    window: OnceLock<Window>,
}

/// The counts of one receiver, which no other receiver writes to.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Lane {
    received: AtomicU64,
    lost: AtomicU64,
}

/// Messages so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// That were received.
    pub(crate) received: u64,
    /// That were sent and never received.
    pub(crate) lost: u64,
}

/// The measured span of the shared clock.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    /// Where it opens.
    pub(crate) start_ns: u64,
    /// Where it closes.
    pub(crate) end_ns: u64,
}

impl Meter {
    /// Of a case with so many senders to one receiver, or receivers of one sender.
    pub(crate) fn new(parties: usize) -> Self {
        Self {
            lanes: Default::default(),
            parties,
            heard: AtomicUsize::new(0),
            complete_ns: AtomicU64::new(0),
            flood: AtomicBool::new(false),
            window: OnceLock::new(),
        }
    }

    /// The counts of one receiver.
    #[inline]
    pub(crate) fn lane(&self, receiver: usize) -> &Lane {
        &self.lanes[receiver % SUBSCRIBERS]
    }

    /// Notes the first message from one sender, or at one receiver.
    pub(crate) fn heard_another(&self) {
        if self.heard.fetch_add(1, Ordering::Relaxed) + 1 == self.parties {
            self.complete_ns.store(now_ns(), Ordering::Release);
        }
    }

    /// How many were heard, of how many.
    pub(crate) fn heard(&self) -> (usize, usize) {
        (self.heard.load(Ordering::Relaxed), self.parties)
    }

    /// When all had been heard.
    pub(crate) fn complete_ns(&self) -> Option<u64> {
        Some(self.complete_ns.load(Ordering::Acquire)).filter(|at_ns| *at_ns > 0)
    }

    /// What all receivers counted so far.
    pub(crate) fn counts(&self) -> Counts {
        self.lanes.iter().fold(Counts::default(), |sum, lane| Counts {
            received: sum.received + lane.received.load(Ordering::Relaxed),
            lost: sum.lost + lane.lost.load(Ordering::Relaxed),
        })
    }

    /// Lets those go on who connected and waited.
    pub(crate) fn let_flood(&self) {
        self.flood.store(true, Ordering::Release);
    }

    /// Whether they may.
    pub(crate) fn may_flood(&self) -> bool {
        self.flood.load(Ordering::Acquire)
    }

    /// Sets the window, once.
    pub(crate) fn open_window(&self, window: Window) {
        let _ = self.window.set(window);
    }

    /// The window, when it is known.
    #[inline]
    pub(crate) fn window(&self) -> Option<Window> {
        self.window.get().copied()
    }
}

impl Lane {
    /// Sets how many messages this receiver has received so far.
    #[inline]
    pub(crate) fn received(&self, messages: u64) {
        self.received.store(messages, Ordering::Relaxed);
    }

    /// Adds messages that this receiver will never receive.
    pub(crate) fn lost(&self, messages: u64) {
        self.lost.fetch_add(messages, Ordering::Relaxed);
    }
}
