//! When do sockets look after heartbeats, and after memory that is not used any more? When a thread of the program's tells
//! them to, all of them the same one.
//!
//! It is no timer of the runtime, for an event loop that has one asks the time and arms a clock at each turn, which costs a
//! round trip 3 %.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::{io, thread};

/// Who is told.
pub(crate) trait Tick: Send + Sync {
    fn tick(&self);
}

/// The thread, which is there while there is anybody to be told.
pub(crate) struct Ticker {
    rounds: Mutex<Rounds>,
    changed: Condvar,
}

struct Rounds {
    each: Vec<Round>,
    has_thread: bool,
}

struct Round {
    of: Weak<dyn Tick>,
    period: Duration,
    due: Instant,
}

/// That of all sockets.
pub(crate) static TICKER: Ticker = Ticker::new();

impl Ticker {
    const fn new() -> Self {
        Self { rounds: Mutex::new(Rounds { each: Vec::new(), has_thread: false }), changed: Condvar::new() }
    }

    /// Tells them once in a period, until they are gone.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub(crate) fn add(&'static self, of: Weak<dyn Tick>, period: Duration) -> io::Result<()> {
        let mut rounds = self.lock();
        if !rounds.has_thread {
            thread::Builder::new().name("zeptomq-ticker".into()).spawn(|| self.run())?;
            rounds.has_thread = true;
        }
        rounds.each.push(Round { of, period, due: Instant::now() + period });
        self.changed.notify_one();
        Ok(())
    }

    fn run(&self) {
        let mut due: Vec<Arc<dyn Tick>> = Vec::new();
        let mut rounds = self.lock();
        loop {
            let next = rounds.begin(Instant::now(), &mut due);
            if !due.is_empty() {
                drop(rounds);
                for of in due.drain(..) {
                    // A user's waker that panics is not to stop the heartbeats of all others.
                    let _ = catch_unwind(AssertUnwindSafe(move || of.tick()));
                }
                rounds = self.lock();
                continue;
            }
            let wait = next.map_or(LINGER, |next| next.saturating_duration_since(Instant::now()));
            let (woken, waited) = self.changed.wait_timeout(rounds, wait).unwrap_or_else(PoisonError::into_inner);
            rounds = woken;
            if next.is_none() && waited.timed_out() && rounds.each.is_empty() {
                rounds.has_thread = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rounds> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rounds {
    /// Collects who is due, and forgets who is gone. When the next will be, if there is any.
    fn begin(&mut self, now: Instant, due: &mut Vec<Arc<dyn Tick>>) -> Option<Instant> {
        let mut next = None::<Instant>;
        self.each.retain_mut(|round| {
            if round.due <= now {
                let Some(of) = round.of.upgrade() else { return false };
                due.push(of);
                round.due = now + round.period;
            }
            next = Some(next.map_or(round.due, |next| next.min(round.due)));
            true
        });
        next
    }
}

/// How long the thread waits for somebody to be told when there is nobody: programs make and drop sockets in a row.
const LINGER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, LINGER, Tick, Ticker};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Weak};

    #[derive(Default)]
    struct Told(AtomicU32);

    impl Tick for Told {
        fn tick(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_is_told_in_its_period_until_it_is_gone_and_then_the_thread_goes() {
        static TICKER: Ticker = Ticker::new();
        let (often, seldom) = (Arc::new(Told::default()), Arc::new(Told::default()));
        for (told, period_ms) in [(&often, 1), (&seldom, 3_600_000)] {
            let of: Weak<Told> = Arc::downgrade(told);
            TICKER.add(of, Duration::from_millis(period_ms)).unwrap();
        }
        until(|| often.0.load(Ordering::Relaxed) >= 3);
        assert_eq!(seldom.0.load(Ordering::Relaxed), 0);
        drop(often);
        until(|| TICKER.lock().each.len() == 1);
        drop(seldom);
        // Who is seldom told is forgotten then.
        TICKER.lock().each.clear();
        TICKER.changed.notify_one();
        until(|| !TICKER.lock().has_thread);
        let again = Arc::new(Told::default());
        let of: Weak<Told> = Arc::downgrade(&again);
        TICKER.add(of, Duration::from_millis(1)).unwrap();
        until(|| again.0.load(Ordering::Relaxed) >= 1);
    }

    fn until(done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < 20 * LINGER);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
