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
    /// How many calls of senders there had been at the last look.
    calls: u32,
    /// When the driver looked first, or a caller wrote since then; none when it is not to look again.
    since: Option<Instant>,
    /// Whether few messages had come at the last look.
    is_ebbing: bool,
}

impl Rush {
    /// A caller has written.
    pub(crate) fn wrote(&mut self, calls: u32) {
        self.thread = Some(thread::current().id());
        self.calls = calls;
        self.since = self.since.and(Some(Instant::now()));
    }

    /// Whether the driver is to look again soon, instead of writing what is queued.
    pub(crate) fn is_on(&mut self, calls: u32, is_writing: bool) -> bool {
        if self.thread.is_none_or(|thread| thread == thread::current().id()) {
            return false;
        }
        self.look(calls, is_writing, Instant::now())
    }

    fn look(&mut self, calls: u32, is_writing: bool, now: Instant) -> bool {
        let is_quick = calls.wrapping_sub(self.calls) >= QUICK;
        self.calls = calls;
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
    use crate::budget::OCTETS;
    use crate::error::NotSent;
    use crate::hub::Hub;
    use crate::junction::tests::connected;
    use crate::junction::{Junction, Written};
    use crate::options::Options;
    use crate::peers::Writer;
    use std::sync::Arc;
    use std::task::{Poll, Waker};
    use std::thread;
    use tokio::net::UnixStream;
    use zeptomq_core::link::HeartbeatSetup;
    use zeptomq_core::pattern::Push;
    use zeptomq_core::pattern::overload::Load;
    use zeptomq_core::peer::PeerId;
    use zeptomq_core::storage::Heap;
    use zeptomq_core::time::Instant as CoreInstant;

    /// A socket with a connection whose driver is called by hand.
    struct Driven {
        hub: Arc<Hub<Push<Heap>>>,
        peer: PeerId,
        _theirs: UnixStream,
    }

    /// What a driver finds.
    #[derive(PartialEq, Eq, Debug)]
    struct Found {
        /// Octets to be written.
        taken: Option<usize>,
        /// How many commands are to be written.
        said: usize,
        again: bool,
    }

    impl Driven {
        fn new(options: Options) -> Self {
            let (hub, peer, theirs) = connected(Push::<Heap>::NEW, options);
            Self { hub, peer, _theirs: theirs }
        }

        fn send(&self, count: usize) {
            (0..count).for_each(|_| assert_eq!(self.hub.poll_send(&"hi".into(), None), Poll::Ready(Ok(()))));
        }

        fn come(&self) -> Found {
            let (mut written, mut said) = (Written { hungry: true, ..Written::default() }, 0);
            let work = self.hub.collect(self.peer, Waker::noop(), &mut written, &mut |_| said += 1);
            let taken = work.batch.map(|mut batch| batch.advance(usize::MAX).octets);
            Found { taken, said, again: work.again }
        }

        fn come_elsewhere(&self) -> Found {
            thread::scope(|scope| scope.spawn(|| self.come()).join().unwrap())
        }
    }

    const AGAIN: Found = Found { taken: None, said: 0, again: true };

    /// A driver on another thread is not to take every few messages away from who queues many; but it takes them when there
    /// are no more, or no room for more.
    #[tokio::test]
    async fn what_is_queued_in_quick_succession_is_left_to_become_more() {
        let driven = Driven::new(Options::new().send_limit(Load { messages: 100, octets: 10_000 }));
        driven.send(1);
        driven.send(20);
        assert_eq!(driven.come_elsewhere(), AGAIN);
        driven.send(20);
        let taken = std::iter::repeat_with(|| driven.come_elsewhere()).find_map(|found| found.taken);
        assert_eq!(taken, Some(40 * 4));
        driven.send(60);
        assert_eq!(driven.hub.poll_send(&"hi".into(), None), Poll::Ready(Err(NotSent::Full)));
        assert_eq!(driven.come_elsewhere(), Found { taken: Some(60 * 4), said: 0, again: false });
    }

    /// Else a peer that answers each PING would be held silent, for none leaves.
    #[tokio::test]
    async fn a_heartbeat_that_is_due_leaves_though_messages_come_in_quick_succession() {
        let driven = Driven::new(Options::new());
        driven.hub.lock().ticked = CoreInstant::from_ms(HeartbeatSetup::DEFAULT.interval_ms);
        driven.send(1);
        driven.send(20);
        assert_eq!(driven.come_elsewhere(), Found { taken: Some(20 * 4), said: 1, again: false });
    }

    /// Who never waits never lets others run, and has none of the calls left after which others are.
    #[tokio::test]
    async fn who_never_waits_is_left_alone_too() {
        let driven = Driven::new(Options::new());
        driven.send(1);
        driven.send(2000);
        {
            let mut state = driven.hub.lock();
            let calls = state.sends.calls();
            let rush = &mut state.peers.find(driven.peer).unwrap().line.as_mut().unwrap().rush;
            (rush.calls, rush.is_ebbing) = (calls, true);
        }
        driven.send(20);
        assert_eq!(driven.come_elsewhere(), AGAIN);
    }

    /// Two that write at once would mix their octets.
    #[tokio::test]
    async fn a_driver_that_looks_again_leaves_the_writing_to_who_is_at_it() {
        let driven = Driven::new(Options::new());
        driven.send(1);
        driven.send(20);
        let find_writer = || driven.hub.lock().peers.find(driven.peer).unwrap().writer;
        driven.hub.lock().peers.find(driven.peer).unwrap().writer = Writer::Caller;
        assert_eq!((driven.come_elsewhere(), find_writer()), (AGAIN, Writer::Caller));
        // It comes by itself, so nobody has to say that it missed anything.
        assert!(!driven.hub.lock().peers.find(driven.peer).unwrap().line.as_ref().unwrap().missed);
    }

    #[tokio::test]
    async fn a_driver_has_nothing_to_wait_for_when_all_was_written() {
        let driven = Driven::new(Options::new());
        driven.send(1);
        let found = std::iter::repeat_with(|| driven.come_elsewhere()).find(|found| !found.again);
        assert_eq!(found, Some(Found { taken: None, said: 0, again: false }));
        // Others are sent much meanwhile.
        (0..100).for_each(|_| driven.hub.lock().sends.spend(1));
        assert_eq!(driven.come_elsewhere(), Found { taken: None, said: 0, again: false });
    }

    #[tokio::test]
    async fn a_driver_on_another_thread_takes_much() {
        let driven = Driven::new(Options::new().send_limit(Load { messages: 1 << 20, octets: 1 << 20 }));
        driven.send(1);
        // Nobody writes what is behind what somebody writes.
        driven.hub.lock().peers.find(driven.peer).unwrap().writer = Writer::Driver;
        driven.send(OCTETS / 4);
        assert_eq!(driven.come_elsewhere(), Found { taken: Some(OCTETS), said: 0, again: false });
    }

    #[test]
    fn a_driver_looks_again_while_many_messages_come_and_once_more() {
        let (mut rush, now) = (Rush { calls: u32::MAX - 14, ..Rush::default() }, Instant::now());
        let mut looks = |calls| rush.look(calls, false, now);
        assert_eq!([u32::MAX - 4, 5, 45, 46, 65, 66, 67].map(&mut looks), [true, true, true, true, true, true, false]);
        // And from the beginning.
        assert_eq!([67, 67, 67 + QUICK].map(looks), [true, false, true]);
    }

    #[test]
    fn a_caller_that_writes_is_waited_for_when_many_messages_came_before() {
        let (mut rush, now) = (Rush { calls: 1000, ..Rush::default() }, Instant::now());
        let mut looks = |(calls, is_writing)| rush.look(calls, is_writing, now);
        assert!(!looks((1001, true)));
        assert_eq!([(1010, true), (1010, true), (1010, true), (1020, false)].map(&mut looks), [true; 4]);
        assert_eq!([(1021, false), (1021, true), (1021, true)].map(&mut looks), [true, false, false]);
    }

    #[test]
    fn nobody_is_waited_for_any_longer_than_that() {
        let (mut rush, now) = (Rush { calls: 1000, ..Rush::default() }, Instant::now());
        assert!(rush.look(1500, false, now) && !rush.look(2000, false, now + LONGEST));
        // From when a caller wrote it is another rush.
        assert!(rush.look(2050, false, now + LONGEST));
        rush.wrote(2060);
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
