//! Does a task that only sends, or only receives, let the others run?
//!
//! Counted where it can be, for a count is the same on a busy machine: how many messages the task moves in one poll.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use support::soon;
use tokio::runtime::{Handle, RuntimeFlavor};
use zeptomq::core::pattern::Sends;
use zeptomq::{Dealer, Event, Limit, Message, Options, Policy, Pub, Pull, Push, Rep, Router, Socket, Sub};

on_both_runtimes![
    a_push_that_only_sends_lets_others_run,
    a_push_that_sends_long_messages_lets_others_run,
    a_push_that_drops_all_it_sends_lets_others_run,
    a_push_that_is_refused_lets_others_run,
    a_pub_that_only_sends_lets_others_run,
    a_pub_that_nobody_hears_lets_others_run,
    a_router_that_knows_nobody_lets_others_run,
    a_pull_that_only_receives_lets_others_run,
    a_rep_that_only_answers_lets_others_run,
];

async fn a_push_that_only_sends_lets_others_run() {
    let (push, mut pull) = (Push::new(), Pull::new());
    push.connect(&pull.bind(LOOPBACK).await.unwrap().to_string()).unwrap();
    push.wait_for_peers(1).await;
    let receiving = tokio::spawn(async move {
        for _ in 0..MANY {
            pull.recv().await.unwrap();
        }
    });
    watched(CALLS_MAX, async |moved| send_many(&push, MANY, SHORT, moved).await).await;
    soon("the messages", receiving).await.unwrap();
}

async fn a_push_that_sends_long_messages_lets_others_run() {
    let (push, mut pull) = (Push::new(), Pull::new());
    push.connect(&pull.bind(LOOPBACK).await.unwrap().to_string()).unwrap();
    push.wait_for_peers(1).await;
    let receiving = tokio::spawn(async move {
        for _ in 0..MANY / 10 {
            pull.recv().await.unwrap();
        }
    });
    watched(OCTETS_MAX / LONG + 1, async |moved| send_many(&push, MANY / 10, LONG, moved).await).await;
    soon("the messages", receiving).await.unwrap();
}

async fn a_push_that_drops_all_it_sends_lets_others_run() {
    let push = Push::with(Options::new().overload(Policy::DropNewest)).unwrap();
    watched(CALLS_MAX, async |moved| send_many(&push, MANY, SHORT, moved).await).await;
    assert_eq!(push.drops().queue_full, MANY as u32);
}

async fn a_push_that_is_refused_lets_others_run() {
    let push = Push::with(Options::new().overload(Policy::Error)).unwrap();
    let refused = async |moved: &AtomicUsize| {
        for _ in 0..MANY {
            push.send("hi").await.unwrap_err();
            moved.fetch_add(1, Ordering::Relaxed);
        }
    };
    watched(CALLS_MAX, refused).await;
}

async fn a_pub_that_only_sends_lets_others_run() {
    let (publisher, mut sub) = (Pub::new(), Sub::new());
    sub.subscribe("");
    sub.connect(&publisher.bind(LOOPBACK).await.unwrap().to_string()).unwrap();
    soon("the subscriber", publisher.wait_for_subscribers("", 1)).await;
    let receiving = tokio::spawn(async move { while sub.recv().await.is_ok() {} });
    watched(CALLS_MAX, async |moved| send_many(&publisher, MANY, SHORT, moved).await).await;
    receiving.abort();
}

async fn a_pub_that_nobody_hears_lets_others_run() {
    let publisher = Pub::new();
    watched(CALLS_MAX, async |moved| send_many(&publisher, MANY, SHORT, moved).await).await;
}

async fn a_router_that_knows_nobody_lets_others_run() {
    let router = Router::new();
    let to_nobody = async |moved: &AtomicUsize| {
        for _ in 0..MANY {
            router.send(Message::multipart(["nobody", "hi"])).await.unwrap_err();
            moved.fetch_add(1, Ordering::Relaxed);
        }
    };
    watched(CALLS_MAX, to_nobody).await;
}

/// All that was sent is here, so that nothing but the receiver itself makes it wait.
async fn a_pull_that_only_receives_lets_others_run() {
    let limit = Limit { messages: MANY + 1, octets: 1 << 30 };
    let mut pull = Pull::with(Options::new().receive_limit(limit)).unwrap();
    let push = Push::with(Options::new().send_limit(limit)).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap().to_string();
    let mut monitor = pull.monitor();
    push.connect(&endpoint).unwrap();
    for _ in 0..MANY {
        push.send(vec![7; SHORT]).await.unwrap();
    }
    soon("closing", push.close()).await.unwrap();
    let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
    soon("the end of the sender", gone).await;
    let receive = async |moved: &AtomicUsize| {
        for _ in 0..MANY {
            pull.recv().await.unwrap();
            moved.fetch_add(1, Ordering::Relaxed);
        }
    };
    watched(CALLS_MAX, receive).await;
}

/// It is asked faster than its answers are heard, so there is room for all of them.
async fn a_rep_that_only_answers_lets_others_run() {
    let mut rep = Rep::with(Options::new().send_limit(Limit { messages: MANY, octets: 1 << 30 })).unwrap();
    let dealer = Dealer::new();
    dealer.connect(&rep.bind(LOOPBACK).await.unwrap().to_string()).unwrap();
    let (sender, mut receiver) = dealer.split();
    let asking = tokio::spawn(async move {
        for _ in 0..MANY / 2 {
            sender.send(Message::multipart(["", "hi"])).await.unwrap();
        }
    });
    let hearing = tokio::spawn(async move {
        for _ in 0..MANY / 2 {
            receiver.recv().await.unwrap();
        }
    });
    let answer = async |moved: &AtomicUsize| {
        for _ in 0..MANY / 2 {
            let (request, responder) = rep.accept().await.unwrap();
            responder.reply(request).await.unwrap();
            moved.fetch_add(1, Ordering::Relaxed);
        }
    };
    watched(CALLS_MAX, answer).await;
    soon("the questions", asking).await.unwrap();
    soon("the answers", hearing).await.unwrap();
}

async fn send_many<P: Sends + Send + 'static>(socket: &Socket<P>, count: usize, len: usize, moved: &AtomicUsize) {
    let message = Message::from(vec![7; len]);
    for _ in 0..count {
        socket.send(message.clone()).await.unwrap();
        moved.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs a loop that counts the messages it moves. It may move so many in one poll, and meanwhile no neighbour on the
/// same runtime waits for long.
async fn watched(most: usize, busy: impl AsyncFnOnce(&AtomicUsize)) {
    let neighbour = Neighbour::spawn();
    let moved = Arc::new(AtomicUsize::new(0));
    let mut busy = pin!(busy(&moved));
    let mut worst = 0;
    std::future::poll_fn(|cx| {
        let before = moved.load(Ordering::Relaxed);
        let polled = busy.as_mut().poll(cx);
        worst = worst.max(moved.load(Ordering::Relaxed) - before);
        polled
    })
    .await;
    assert!(worst <= most, "{worst} messages in one poll, where {most} are the most");
    let (gap, turns) = neighbour.over().await;
    assert!(gap < GAP_MAX, "a neighbour waited {gap:?}");
    // On several threads the system decides when a neighbour runs.
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        let moved = moved.load(Ordering::Relaxed);
        assert!(turns * most >= moved, "a neighbour had {turns} turns while {moved} messages moved");
    }
}

/// A task that only takes its turns, each time behind those that are ready too.
struct Neighbour {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<(Duration, usize)>,
}

impl Neighbour {
    fn spawn() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = stop.clone();
        let (mut last, mut worst, mut turns) = (Instant::now(), Duration::ZERO, 0);
        let task = tokio::spawn(std::future::poll_fn(move |cx: &mut Context<'_>| {
            worst = worst.max(last.elapsed());
            last = Instant::now();
            turns += 1;
            if is_over.load(Ordering::Relaxed) {
                return Poll::Ready((worst, turns));
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        Self { stop, task }
    }

    /// The longest time between two of its turns, and how many it had.
    async fn over(self) -> (Duration, usize) {
        self.stop.store(true, Ordering::Relaxed);
        soon("the neighbour", self.task).await.unwrap()
    }
}

const LOOPBACK: &str = "tcp://127.0.0.1:0";
/// Octets of a message.
const SHORT: usize = 16;
const LONG: usize = 4096;
const MANY: usize = 300_000;
/// What a task moves before others have their turn: so many messages, or messages of so many octets.
const CALLS_MAX: usize = 1024;
const OCTETS_MAX: usize = 256 * 1024;
/// Far more than a turn takes on a machine that others use too.
const GAP_MAX: Duration = Duration::from_millis(200);
