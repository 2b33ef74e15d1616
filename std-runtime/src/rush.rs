//! Is a driver to write what is queued, or is whoever queues it still at it? One on another thread is better left alone.
//!
//! A driver on the caller's own thread comes when the caller has let others run, and finds much. One on another thread comes
//! at once, finds little, and the next send is written alone and calls it again: a system call and a change of threads for
//! a few messages each. So it looks again instead, while messages come in quick succession; who has queued much writes it
//! himself, and the driver what is left when he pauses.

use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// What a driver knows of whoever queues messages on another thread.
#[derive(Default)]
pub(crate) struct Rush {
    /// Where the caller was that wrote last.
    thread: Option<ThreadId>,
    /// How many calls the senders had left at the last look.
    calls_left: u32,
    /// When the driver looked first, or a caller wrote since then; none when it is not to look again.
    since: Option<Instant>,
    /// Whether few messages had come at the last look.
    is_ebbing: bool,
}

impl Rush {
    /// A caller has written.
    pub(crate) fn wrote(&mut self, calls_left: u32) {
        self.thread = Some(thread::current().id());
        self.calls_left = calls_left;
        self.since = self.since.and(Some(Instant::now()));
    }

    /// Whether the driver is to look again soon, instead of writing what is queued.
    pub(crate) fn is_on(&mut self, calls_left: u32, is_writing: bool) -> bool {
        if self.thread.is_none_or(|thread| thread == thread::current().id()) {
            return false;
        }
        self.look(calls_left, is_writing, Instant::now())
    }

    fn look(&mut self, calls_left: u32, is_writing: bool, now: Instant) -> bool {
        // The count begins anew when it has come to nothing.
        let is_quick = calls_left > self.calls_left || self.calls_left - calls_left >= QUICK;
        self.calls_left = calls_left;
        let since = self.since.unwrap_or(now);
        // While a caller writes none can come: whether many did before tells, if it was looked.
        let is_worth_it = is_quick || !(self.is_ebbing || is_writing && self.since.is_none());
        let is_on = is_worth_it && now.saturating_duration_since(since) < LONGEST;
        self.since = is_on.then_some(since);
        self.is_ebbing = is_on && !is_quick && (self.is_ebbing || !is_writing);
        is_on
    }
}

/// So many sends between two looks, a microsecond or two apart, are more to come.
const QUICK: u32 = 8;
/// A message waits no longer for others.
const LONGEST: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::{Instant, LONGEST, QUICK, Rush};
    use std::thread;

    #[test]
    fn a_driver_looks_again_while_many_messages_come_and_once_more() {
        let (mut rush, now) = (Rush { calls_left: 1000, ..Rush::default() }, Instant::now());
        let mut looks = |calls_left| rush.look(calls_left, false, now);
        assert_eq!([990, 980, 1020, 1019, 1000, 999, 998].map(&mut looks), [true, true, true, true, true, true, false]);
        // And from the beginning.
        assert_eq!([998, 998, 998 - QUICK].map(looks), [true, false, true]);
    }

    #[test]
    fn a_caller_that_writes_is_waited_for_when_many_messages_came_before() {
        let (mut rush, now) = (Rush { calls_left: 1000, ..Rush::default() }, Instant::now());
        let mut looks = |(calls_left, is_writing)| rush.look(calls_left, is_writing, now);
        assert!(!looks((999, true)));
        assert_eq!([(990, true), (990, true), (990, true), (980, false)].map(&mut looks), [true; 4]);
        assert_eq!([(979, false), (979, true), (979, true)].map(&mut looks), [true, false, false]);
    }

    #[test]
    fn nobody_is_waited_for_any_longer_than_that() {
        let (mut rush, now) = (Rush { calls_left: 1000, ..Rush::default() }, Instant::now());
        assert!(rush.look(500, false, now) && !rush.look(100, false, now + LONGEST));
        // From when a caller wrote it is another rush.
        assert!(rush.look(50, false, now + LONGEST));
        rush.wrote(40);
        assert!(rush.since.is_some_and(|since| since < now + LONGEST));
    }

    #[test]
    fn on_the_callers_own_thread_or_before_it_wrote_nobody_is_waited_for() {
        let mut rush = Rush::default();
        assert!(!rush.is_on(10, false));
        rush.wrote(1000);
        assert!(rush.since.is_none() && !rush.is_on(10, false));
        assert!(thread::scope(|scope| scope.spawn(|| rush.is_on(10, false)).join().unwrap()));
    }
}
