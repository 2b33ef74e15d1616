//! Under what does every test here run? Alone in its process, its memory counted, and failed by a panic in any task.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use zeptomq_tests::tokio::DEADLINE;

/// A test's turn. All tests of the process share one count of memory, so they take turns.
pub(crate) struct Alone {
    _turn: MutexGuard<'static, ()>,
}

/// The memory that is asked for from some moment on.
pub(crate) struct Memory {
    before: usize,
}

impl Alone {
    /// Waits for its turn.
    pub(crate) fn begin() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        HOOK.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                // The threads of tests report for themselves.
                if thread::current().name().is_some_and(|name| name.starts_with("tokio")) {
                    panics().push(info.to_string());
                }
                usual(info);
            }));
        });
        panics().clear();
        Self { _turn: turn }
    }

    /// Begins to count memory.
    pub(crate) fn memory(&self) -> Memory {
        let before = at_rest();
        PEAK.store(before, Relaxed);
        LARGEST.store(0, Relaxed);
        Memory { before }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let panics = std::mem::take(&mut *panics());
        if !thread::panicking() {
            assert!(panics.is_empty(), "tasks panicked: {panics:?}");
        }
    }
}

impl Memory {
    /// No more than so many octets were held at any moment, beside what was held before.
    #[track_caller]
    pub(crate) fn expect_peak(&self, octets: usize) {
        let peak = PEAK.load(Relaxed).saturating_sub(self.before);
        assert!(peak <= octets, "{peak} octets were held at once, more than {octets}");
    }

    /// Nothing as long as that was asked for in one piece.
    #[track_caller]
    pub(crate) fn expect_pieces_below(&self, octets: usize) {
        let largest = LARGEST.load(Relaxed);
        assert!(largest < octets, "{largest} octets were asked for at once");
    }

    /// No more than so many octets are still held when all has come to rest for a while.
    #[track_caller]
    pub(crate) fn expect_left(&self, octets: usize) {
        let end = Instant::now() + DEADLINE;
        loop {
            let left = at_rest().saturating_sub(self.before);
            if left <= octets {
                return;
            }
            // What is kept for the next burst goes when there was none for a second.
            assert!(Instant::now() < end, "{left} octets are still held, more than {octets}");
        }
    }
}

/// What is held when it does not change any more.
pub(crate) fn at_rest() -> usize {
    let (mut held, mut same) = (LIVE.load(Relaxed), 0);
    for _ in 0..1000 {
        // That nothing happens can only be waited for.
        thread::sleep(Duration::from_millis(5));
        let now = LIVE.load(Relaxed);
        same = if now == held { same + 1 } else { 0 };
        held = now;
        if same == 4 {
            break;
        }
    }
    held
}

fn panics() -> MutexGuard<'static, Vec<String>> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner)
}

static TURN: Mutex<()> = Mutex::new(());
static HOOK: Once = Once::new();
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn grow(octets: usize) {
    let live = LIVE.fetch_add(octets, Relaxed) + octets;
    PEAK.fetch_max(live, Relaxed);
    LARGEST.fetch_max(octets, Relaxed);
}

// SAFETY: every call is handed to the system's allocator as it came; what is counted beside it touches no memory of its.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    /// Both pieces are counted while one is copied into the other.
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        grow(len);
        // SAFETY: as above.
        let moved = unsafe { System.realloc(pointer, layout, len) };
        LIVE.fetch_sub(layout.size(), Relaxed);
        moved
    }
}
