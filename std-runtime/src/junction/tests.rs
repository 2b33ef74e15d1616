//! Is what passes between a socket and its connections right where no peer could show it?

use super::{By, Caller, Junction, Written, line};
use crate::bell::Bell;
use crate::error::NotSent;
use crate::hand::Hand;
use crate::hub::{After, Hub};
use crate::life::Phase;
use crate::message::Message;
use crate::options::Options;
use crate::peers::Drive;
use crate::receiving::{Guest, Receiving};
use crate::sending::Sending;
use crate::transport::Outgoing;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use tokio::net::UnixStream;
use zeptomq_core::link::{Heartbeat, HeartbeatSetup};
use zeptomq_core::pattern::overload::Load;
use zeptomq_core::pattern::{Dealer, Pattern, Pull, Push, Rep, Req, req};
use zeptomq_core::peer::PeerId;
use zeptomq_core::storage::Heap;
use zeptomq_core::time::Instant;
use zeptomq_core::wire::{PeerInfo, Version};

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A socket with a connection that is up; the other end is the last.
pub(crate) fn connected<P: Pattern + Send>(pattern: P, options: Options) -> (Arc<Hub<P>>, PeerId, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let hub = Hub::new(pattern, options);
    let endpoint = "tcp://127.0.0.1:1".parse().unwrap();
    let peer = hub.open(&endpoint).unwrap();
    let heartbeat = Heartbeat::new(HeartbeatSetup::DEFAULT, P::TYPE, Version::V3_1, Instant::from_ms(0));
    let line = line(Arc::new(Outgoing::Ipc(ours.into_split().1)), true, heartbeat);
    let info = PeerInfo { socket_type: None, identity: &[] };
    hub.admit(Caller { known: Some(peer), endpoint: &endpoint }, &info, line).unwrap();
    (hub, peer, theirs)
}

/// A request that left whole is all there is to do; unless the driver came in between and was to wait.
#[tokio::test]
async fn a_requests_driver_is_woken_when_there_is_something_for_it() {
    let (hub, peer, _theirs) = connected(Req::<Heap>::new(req::Mode::Relaxed, 0), Options::new());
    let woken = Arc::new(Woken::default());
    let drive = || {
        let mut written = Written { hungry: true, ..Written::default() };
        hub.collect(peer, &Waker::from(woken.clone()), &mut written, &mut |_| ());
    };
    drive();
    assert_eq!(hub.poll_send(&"alone".into(), None), Poll::Ready(Ok(())));
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    let mut after = After::default();
    hub.decide(&mut hub.lock(), &"together".into(), &mut after).unwrap();
    drive();
    hub.finish(&mut after);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    // Nor when another message was queued in between, or the socket closes.
    drive();
    hub.decide(&mut hub.lock(), &"one".into(), &mut after).unwrap();
    hub.decide(&mut hub.lock(), &"and another".into(), &mut after).unwrap();
    hub.finish(&mut after);
    assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    let batch =
        hub.collect(peer, Waker::noop(), &mut Written { hungry: true, ..Written::default() }, &mut |_| ()).batch;
    let load = hub.lock().peers.find(peer).unwrap().outbox.load();
    let mut batch = batch.unwrap();
    batch.advance(load.octets);
    let mut written = Written { batch: Some(batch), load, hungry: true };
    hub.collect(peer, &Waker::from(woken.clone()), &mut written, &mut |_| ());
    hub.decide(&mut hub.lock(), &"last".into(), &mut after).unwrap();
    hub.lock().phase = Phase::Closing;
    hub.finish(&mut after);
    assert_eq!(woken.0.load(Ordering::Relaxed), 3);
}

/// Else every other write would be of one message.
#[tokio::test]
async fn who_goes_on_after_others_had_their_turn_does_not_write_his_first_message_alone() {
    let (hub, peer, _theirs) = connected(Push::<Heap>::NEW, Options::new());
    let mut cx = Context::from_waker(Waker::noop());
    let mut send = || Sending::new(&hub, "hi".into()).poll(&mut cx).is_ready();
    let drive = || {
        let mut written = Written { hungry: true, ..Written::default() };
        while let Some(mut batch) = hub.collect(peer, Waker::noop(), &mut written, &mut |_| ()).batch {
            written.load = batch.advance(batch.next_octets().len());
            assert!(batch.is_empty());
            written.batch = Some(batch);
        }
    };
    assert!(send());
    assert_eq!(hub.queued(peer), 0);
    while send() {}
    drive();
    assert!(send() && send());
    assert_eq!(hub.queued(peer), 2);
    drive();
    assert!(send());
    assert_eq!(hub.queued(peer), 0);
}

#[tokio::test]
async fn a_long_envelope_goes_with_its_answer_and_none_into_another() {
    let (hub, peer, _theirs) = connected(Rep::<Heap>::NEW, Options::new());
    let ask = |envelope: &[u8]| {
        let mut messages = VecDeque::from([Message::from([envelope, b"", b"hi"])]);
        hub.deliver(peer, &mut messages, &mut Vec::new(), By::Task);
        assert!(hub.poll_recv(None, &mut Hand::default()).is_ready());
        let len = hub.lock().envelope.len();
        assert_eq!(hub.poll_send(&"answer".into(), None), Poll::Ready(Ok(())));
        (len, hub.lock().envelope.capacity())
    };
    assert_eq!(ask(&[7; 5000]), (9 + 5000 + 2, 0));
    for _ in 0..2 {
        assert_eq!(ask(b"id").0, 4 + 2);
    }
}

#[tokio::test]
async fn what_is_taken_ahead_counts_before_others_have_their_turn() {
    let limit = Load { messages: 3000, octets: 1 << 20 };
    let (hub, peer, _theirs) = connected(Pull, Options::new().receive_limit(limit));
    let (mut hand, mut cx) = (Hand::default(), Context::from_waker(Waker::noop()));
    let mut take = || hand.poll_recv(&hub, Some(Guest { cx: &mut cx, seat: None })).is_ready();
    let arrive = |count| {
        let mut messages = std::iter::repeat_n(Message::from("hi"), count).collect();
        hub.deliver(peer, &mut messages, &mut Vec::new(), By::Task);
    };
    // So few that each is taken by itself.
    arrive(5);
    assert!((0..5).all(|_| take()) && !take());
    arrive(2000);
    assert_eq!(std::iter::from_fn(|| take().then_some(())).count(), 1024 - 5);
    assert!(take());
}

struct Attended(Arc<Bell>);

impl Drive for Attended {
    fn bell(&self) -> &Bell {
        &self.0
    }

    fn drive(&self, _: &dyn Junction) {}
}

/// Who waits for messages is called for the connection and does not come, for he waits for room by now: on that very
/// connection, or on one that it is to make room for.
#[tokio::test]
async fn who_waits_for_room_leaves_the_connection_that_he_looked_after_to_its_task() {
    let options = Options::new().send_limit(Load { messages: 1, octets: 1 });
    let (hub, peer, _theirs) = connected(Dealer::<Heap>::NEW, options);
    let (bell, task) = (Arc::new(Bell::default()), Arc::new(Woken::default()));
    bell.serve(&task.clone().into());
    if let Some(line) = &mut hub.lock().peers.find(peer).unwrap().line {
        line.driver = Some(Arc::new(Attended(bell.clone())));
        line.clear = false;
    }
    hub.lock().last = Some(peer);
    let mut receiving = Receiving::new(&hub);
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(receiving.poll(cx, |hub, guest| hub.poll_recv(Some(guest), &mut Hand::default())).is_pending());
    hub.decide(&mut hub.lock(), &"one".into(), &mut After::default()).unwrap();
    let mut sending = Sending::new(&hub, "another".into());
    assert!(sending.poll(cx).is_pending());
    assert_eq!(task.0.load(Ordering::Relaxed), 0);
    Waker::from(bell).wake();
    assert_eq!(task.0.load(Ordering::Relaxed), 0);
    assert!(sending.poll(cx).is_pending());
    assert_eq!(task.0.load(Ordering::Relaxed), 1);
}

/// The system refuses the write behind the one that took all: the connection ends before it says what it wrote.
#[test]
fn a_full_queue_whose_messages_left_with_the_connection_has_room_again() {
    let options = Options::new().send_limit(Load { messages: 2, octets: 1000 });
    let hub = Hub::new(Push::<Heap>::NEW, options);
    let peer = hub.open(&"tcp://127.0.0.1:1".parse().unwrap()).unwrap();
    let send = || hub.poll_send(&Message::from("hi"), None);
    assert_eq!([send(), send(), send()], [Ok(()), Ok(()), Err(NotSent::Full)].map(Poll::Ready));
    let mut batch = hub.lock().peers.find(peer).unwrap().outbox.take();
    let load = batch.advance(8);
    hub.lost(peer, Written { batch: Some(batch), load, hungry: true });
    assert_eq!(hub.queued(peer), 0);
    assert_eq!(send(), Poll::Ready(Ok(())));
}
