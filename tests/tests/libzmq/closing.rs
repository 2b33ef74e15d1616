//! Does all that a socket accepted arrive when it is closed or dropped? However slow the other end is.

use crate::{Binds, join, run, until_disconnected, whoever_binds};
use std::time::{Duration, Instant};
use tokio::sync::oneshot::{self, Receiver};
use zeptomq::core::pattern::{Pattern, Sends};
use zeptomq::{Dealer, Options, Push, Socket, Undelivered};
use zeptomq_tests::python::{Peer, free_port, numbered};

#[test]
fn close_lingers_until_their_slow_pull_has_everything() {
    whoever_binds(async |binds| {
        let endpoint = endpoint();
        let mut pull = slow("PULL", binds, &endpoint).await;
        pull.tell(take_slowly(MANY)).await;
        program(Push::with(patient()).unwrap(), binds, endpoint, MANY).await;
        pull.says(&[&took(MANY)]).await;
    });
}

/// What our system took over arrives even when the other end begins to take it after our program is over.
#[test]
fn what_left_arrives_after_our_end_is_gone() {
    whoever_binds(async |binds| {
        let endpoint = endpoint();
        let mut pull = slow("PULL", binds, &endpoint).await;
        program(Push::with(patient()).unwrap(), binds, endpoint, FEW).await;
        pull.must(take_slowly(FEW), &took(FEW)).await;
    });
}

/// The other end has sent us far more than we read: a system that closes on that would have it lose what we sent.
#[test]
fn what_left_arrives_though_we_did_not_read_what_they_sent() {
    whoever_binds(async |binds| {
        let endpoint = endpoint();
        let mut theirs = slow("DEALER", binds, &endpoint).await;
        let dealer = Dealer::with(patient()).unwrap();
        let flood = format!(r#""do": "pour_until_blocked", "first": 1, "len": {LEN}, "quiet_ms": 200"#);
        let (flooded, start) = oneshot::channel();
        let ours = program_from(start, dealer, binds, endpoint, FEW);
        let all = async {
            theirs.must(flood, "blocked").await;
            flooded.send(()).unwrap();
        };
        tokio::join!(ours, all);
        theirs.must(take_slowly(FEW), &took(FEW)).await;
    });
}

/// The other end answers each message, slowly, and we are gone before it has taken the last.
#[test]
fn what_left_arrives_though_they_go_on_sending() {
    whoever_binds(async |binds| {
        let endpoint = endpoint();
        let mut theirs = slow("DEALER", binds, &endpoint).await;
        theirs.tell(format!(r#""do": "answer_if_heard", "count": {FEW}, "pause_every": 100, "pause_ms": 80"#)).await;
        program(Dealer::with(patient()).unwrap(), binds, endpoint, FEW).await;
        theirs.says(&["all taken"]).await;
    });
}

#[test]
fn a_dropped_socket_goes_on_sending_in_the_background() {
    whoever_binds(async |binds| {
        let push = Push::with(patient()).unwrap();
        let mut pull = Peer::with("PULL", SMALL).await;
        join(&push, &mut pull, binds).await;
        for number in 1..=MANY {
            push.send(numbered(number, LEN)).await.unwrap();
            if number == 1 {
                pull.tell(take_slowly(MANY)).await;
            }
        }
        drop(push);
        pull.says(&[&took(MANY)]).await;
    });
}

/// Nobody takes anything, so the linger time ends it; the messages that we say were not delivered are those that never
/// arrive, and no others.
#[test]
fn close_counts_what_did_not_leave_in_time() {
    whoever_binds(async |binds| {
        let push = Push::with(Options::new().linger(LINGER)).unwrap();
        let mut pull = Peer::with("PULL", SMALL).await;
        join(&push, &mut pull, binds).await;
        let mut accepted = 0;
        while let Ok(sent) = tokio::time::timeout(LINGER, push.send(numbered(accepted + 1, LEN))).await {
            sent.unwrap();
            accepted += 1;
        }
        let start = Instant::now();
        let Err(Undelivered { messages }) = push.close().await else { panic!("all was delivered to who took nothing") };
        assert!((LINGER..10 * LINGER).contains(&start.elapsed()), "after {:?}", start.elapsed());
        let arrived = accepted - messages as u64;
        pull.must(format!(r#""do": "take", "first": 1, "last": {arrived}, "len": {LEN}"#), &took(arrived)).await;
        pull.must(r#""do": "nothing", "ms": 100"#, "nothing").await;
    });
}

/// The same without anybody who waits; when all is over, so are the events.
#[test]
fn a_dropped_socket_hangs_up_when_the_linger_time_is_over() {
    whoever_binds(async |binds| {
        let push = Push::with(Options::new().linger(LINGER)).unwrap();
        let mut monitor = push.monitor();
        let mut pull = Peer::with("PULL", SMALL).await;
        pull.must(r#""do": "monitor""#, "watching").await;
        join(&push, &mut pull, binds).await;
        let mut next = 1;
        while let Ok(sent) = tokio::time::timeout(LINGER, push.send(numbered(next, LEN))).await {
            sent.unwrap();
            next += 1;
        }
        let start = Instant::now();
        drop(push);
        while monitor.recv().await.is_some() {}
        assert!((LINGER..10 * LINGER).contains(&start.elapsed()), "after {:?}", start.elapsed());
        pull.must(r#""do": "drop_all", "quiet_ms": 200"#, "dropped").await;
        pull.must(r#""do": "event", "names": ["DISCONNECTED"]"#, "DISCONNECTED").await;
    });
}

/// A peer that never came.
#[test]
fn close_counts_what_was_queued_for_nobody() {
    run(async {
        let push = Push::with(Options::new().linger(LINGER)).unwrap();
        push.connect(&endpoint()).unwrap();
        for number in 1..=10 {
            push.send(numbered(number, LEN)).await.unwrap();
        }
        assert_eq!(push.close().await, Err(Undelivered { messages: 10 }));
    });
}

/// A peer that comes back within the linger time is waited for.
#[test]
fn close_lingers_for_a_peer_that_is_away() {
    run(async {
        let options = patient().reconnect(Duration::from_millis(10), Duration::from_millis(50));
        let push = Push::with(options).unwrap();
        let mut monitor = push.monitor();
        let mut pull = Peer::start("PULL").await;
        let endpoint = join(&push, &mut pull, Binds::They).await;
        pull.kill().await;
        until_disconnected(&mut monitor).await;
        for number in 1..=FEW {
            push.send(numbered(number, LEN)).await.unwrap();
        }
        let again = async {
            let mut pull = Peer::start("PULL").await;
            pull.bind(&endpoint).await;
            pull.must(take_slowly(FEW), &took(FEW)).await;
        };
        let (closed, ()) = tokio::join!(push.close(), again);
        assert_eq!(closed, Ok(()));
    });
}

/// A whole program of ours: it sends so many messages, closes its socket and is over, its runtime too.
async fn program<P>(socket: Socket<P>, binds: Binds, endpoint: String, messages: u64)
where
    P: Pattern + Sends + Send + 'static,
{
    let (now, start) = oneshot::channel();
    now.send(()).unwrap();
    program_from(start, socket, binds, endpoint, messages).await;
}

/// The same, and it sends nothing before it is told to.
async fn program_from<P>(start: Receiver<()>, socket: Socket<P>, binds: Binds, endpoint: String, messages: u64)
where
    P: Pattern + Sends + Send + 'static,
{
    let work = async move {
        match binds {
            Binds::We => drop(socket.bind(&endpoint).await.unwrap()),
            Binds::They => socket.connect(&endpoint).unwrap(),
        }
        start.await.unwrap();
        for number in 1..=messages {
            socket.send(numbered(number, LEN)).await.unwrap();
        }
        assert_eq!(socket.close().await, Ok(()));
    };
    let program = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work);
    };
    tokio::task::spawn_blocking(program).await.unwrap();
}

/// A peer with room for little, which comes first.
async fn slow(kind: &str, binds: Binds, endpoint: &str) -> Peer {
    let mut peer = Peer::with(kind, SMALL).await;
    match binds {
        Binds::We => peer.connect(endpoint).await,
        Binds::They => drop(peer.bind(endpoint).await),
    }
    peer
}

fn endpoint() -> String {
    format!("tcp://127.0.0.1:{}", free_port())
}

fn patient() -> Options {
    Options::new().linger(Duration::from_secs(20))
}

fn take_slowly(last: u64) -> String {
    format!(r#""do": "take", "first": 1, "last": {last}, "len": {LEN}, "pause_every": 2000, "pause_ms": 20"#)
}

fn took(last: u64) -> String {
    format!("took 1 to {last}")
}

const MANY: u64 = 50_000;
const FEW: u64 = 1_500;
const LEN: usize = 100;
const LINGER: Duration = Duration::from_millis(300);
const SMALL: &str = r#""RCVHWM": 10, "SNDHWM": 10, "RCVBUF": 16384"#;
