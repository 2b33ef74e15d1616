//! Does everybody get a turn, though one peer is greedy or slow?
//!
//! Counted in messages and not in time, for a count is the same on a busy machine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::future::poll_fn;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use support::{peer, soon};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use zeptomq::core::pattern::Receives;
use zeptomq::{Dealer, Endpoint, Event, Limit, Message, Options, Pub, Pull, Push, Rep, Req, Router, Socket, Sub};

on_both_runtimes![
    what_is_here_is_taken_in_turn,
    a_pull_hears_the_modest_beside_the_greedy,
    a_router_hears_the_modest_beside_the_greedy,
    a_sub_hears_the_modest_beside_the_greedy,
    a_rep_answers_the_modest_beside_the_greedy,
    a_push_goes_on_beside_a_peer_that_does_not_read,
    a_pub_goes_on_beside_a_subscriber_that_does_not_read,
];

/// One sent a thousand messages and the others a few each, before the first is taken.
async fn what_is_here_is_taken_in_turn() {
    taken_in_turn(Pull::new(), "PUSH", b"").await;
    taken_in_turn(Router::new(), "DEALER", b"").await;
    taken_in_turn(Dealer::new(), "DEALER", b"").await;
    let sub = Sub::new();
    sub.subscribe("");
    taken_in_turn(sub, "PUB", b"").await;
    taken_in_turn(Rep::new(), "DEALER", b"\x01\0").await;
}

async fn taken_in_turn<P: Receives + Send + 'static>(mut socket: Socket<P>, theirs: &str, delimiter: &[u8]) {
    let endpoint = socket.bind(LOOPBACK).await.unwrap();
    let mut monitor = socket.monitor();
    for (name, count) in [(b"a", FEW), (b"b", 1000), (b"c", FEW), (b"d", FEW)] {
        let mut wire = peer(&endpoint, theirs).await;
        wire.write_all(&[delimiter, b"\0\x01", name].concat().repeat(count)).await.unwrap();
        drop(wire);
        let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
        soon("the end of a peer", gone).await;
    }
    for turn in 0..FEW {
        let mut heard = Vec::new();
        for _ in 0..4 {
            heard.extend_from_slice(soon("a message", socket.recv()).await.unwrap().parts().last().unwrap());
        }
        heard.sort_unstable();
        assert_eq!(heard, b"abcd", "in turn {turn} of a {theirs}'s peer");
    }
}

async fn a_pull_hears_the_modest_beside_the_greedy() {
    hears_the_modest(Pull::new(), "PUSH").await;
}

async fn a_router_hears_the_modest_beside_the_greedy() {
    hears_the_modest(Router::new(), "DEALER").await;
}

async fn a_sub_hears_the_modest_beside_the_greedy() {
    let sub = Sub::new();
    sub.subscribe("");
    hears_the_modest(sub, "PUB").await;
}

async fn hears_the_modest<P: Receives + Send + 'static>(mut socket: Socket<P>, theirs: &str) {
    let endpoint = socket.bind(LOOPBACK).await.unwrap();
    let _greedy = Greedy::start(&endpoint, theirs, b"").await;
    for _ in 0..AT_SPEED {
        soon("a message of the greedy peer", socket.recv()).await.unwrap();
    }
    let mut modest = peer(&endpoint, theirs).await;
    modest.set_nodelay(true).unwrap();
    for number in 0..TIMES {
        modest.write_all(b"\0\x06modest").await.unwrap();
        let mut passed = 0;
        while soon("a message", socket.recv()).await.unwrap().parts().last().unwrap() != b"modest" {
            passed += 1;
            assert!(passed < AT_MOST, "message {number} waits for {passed} of the greedy peer's");
        }
    }
}

/// The greedy one never waits for an answer before it asks again.
async fn a_rep_answers_the_modest_beside_the_greedy() {
    let mut rep = Rep::new();
    let endpoint = rep.bind(LOOPBACK).await.unwrap();
    let _greedy = Greedy::start(&endpoint, "DEALER", b"\x01\0").await;
    let answered = Arc::new(AtomicUsize::new(0));
    let answering = tokio::spawn({
        let answered = answered.clone();
        async move {
            loop {
                let (request, responder) = rep.accept().await.unwrap();
                // The queue of one that asks more than it hears is full.
                let _ = responder.reply(request).await;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    while answered.load(Ordering::Relaxed) < AT_SPEED {
        tokio::task::yield_now().await;
    }
    let mut req = Req::new();
    req.connect(&endpoint.to_string()).unwrap();
    for number in 0..TIMES {
        let before = answered.load(Ordering::Relaxed);
        assert_eq!(&soon("the answer", req.request("modest")).await.unwrap()[0], b"modest");
        let passed = answered.load(Ordering::Relaxed) - before;
        assert!(passed < AT_MOST, "request {number} waited for {passed} of the greedy peer's");
    }
    answering.abort();
}

/// It gets what its queue and the system hold for it, and the others get all the rest.
async fn a_push_goes_on_beside_a_peer_that_does_not_read() {
    let push = Push::with(Options::new().linger(Duration::ZERO)).unwrap();
    let endpoint = push.bind(LOOPBACK).await.unwrap();
    let _deaf = peer(&endpoint, "PULL").await;
    let mut pull = Pull::new();
    pull.connect(&endpoint.to_string()).unwrap();
    soon("both", push.wait_for_peers(2)).await;
    let (received, mut until) = watch::channel(0);
    let receiving = tokio::spawn(async move {
        while pull.recv().await.is_ok() {
            received.send_modify(|received| *received += 1);
        }
    });
    for _ in 0..BULK_COUNT {
        soon("room for a message", push.send(vec![7; BULK_LEN])).await.unwrap();
    }
    soon("the rest", until.wait_for(|received| *received >= BULK_COUNT - DEAF_MAX)).await.unwrap();
    receiving.abort();
}

/// It misses messages; the others get each.
async fn a_pub_goes_on_beside_a_subscriber_that_does_not_read() {
    let publisher = Pub::with(Options::new().linger(Duration::ZERO)).unwrap();
    let endpoint = publisher.bind(LOOPBACK).await.unwrap();
    let mut deaf = peer(&endpoint, "SUB").await;
    deaf.write_all(b"\0\x01\x01").await.unwrap();
    let mut sub = Sub::new();
    sub.subscribe("");
    sub.connect(&endpoint.to_string()).unwrap();
    soon("both", publisher.wait_for_subscribers("", 2)).await;
    for number in 0..BULK_COUNT {
        publisher.send(Message::multipart([number.to_be_bytes().to_vec(), vec![7; BULK_LEN]])).await.unwrap();
        assert_eq!(soon("a message", sub.recv()).await.unwrap()[0], number.to_be_bytes());
    }
    let dropped = publisher.drops().queue_full as usize;
    assert!((BULK_COUNT - DEAF_MAX..BULK_COUNT).contains(&dropped), "{dropped}");
}

/// A connection that has much to read lets others run in between: where nothing runs beside it, it can be seen how much
/// comes at a time.
#[test]
fn a_connection_reads_no_more_than_a_turn_at_a_time() {
    reads_in_turns(b"");
}

/// Answers that are due do not make its turn longer.
#[test]
fn a_connection_that_has_to_answer_reads_no_more_than_a_turn_at_a_time() {
    reads_in_turns(b"\x04\x07\x04PING\0\0");
}

fn reads_in_turns(between: &'static [u8]) {
    let case = async move || {
        let limit = Limit { messages: 1 << 20, octets: 1 << 30 };
        let mut pull = Pull::with(Options::new().receive_limit(limit)).unwrap();
        let wire = peer(&pull.bind(LOOPBACK).await.unwrap(), "PUSH").await.into_std().unwrap();
        soon("the peer", pull.wait_for_peers(1)).await;
        let messages = [between, &b"\0\x64"[..], &[7; 100]].concat().repeat(1000);
        // It takes no turn before this task waits, so that the system holds all that it can.
        let mut sent = 0;
        while let Ok(len @ 1..) = (&wire).write(&messages) {
            sent += len;
        }
        assert!(sent > 2 * TURN_MAX, "the system holds only {sent} octets");
        let (mut left, mut worst) = (sent / (messages.len() / 1000), 0);
        let draining = poll_fn(|cx| {
            let mut here = 0;
            while let Ok(Some(_)) = pull.try_recv() {
                here += 1;
            }
            left -= here;
            worst = worst.max(here * messages.len() / 1000);
            cx.waker().wake_by_ref();
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        });
        soon("all messages", draining).await;
        assert!(worst <= TURN_MAX, "{worst} octets at once, of {sent}");
    };
    support::run(tokio::runtime::Builder::new_current_thread(), case);
}

/// A peer that sends as fast as the system takes it, on a thread of its own, and drops what it is sent.
struct Greedy {
    wire: std::net::TcpStream,
}

impl Greedy {
    async fn start(endpoint: &Endpoint, theirs: &str, delimiter: &[u8]) -> Self {
        let wire = blocking(peer(endpoint, theirs).await);
        let [mut sending, mut hearing] = [wire.try_clone().unwrap(), wire.try_clone().unwrap()];
        let messages = [delimiter, b"\0\x64", &[b'g'; 100]].concat().repeat(1000);
        std::thread::spawn(move || while sending.write_all(&messages).is_ok() {});
        std::thread::spawn(move || while hearing.read(&mut [0; 65536]).is_ok_and(|len| len > 0) {});
        Self { wire }
    }
}

impl Drop for Greedy {
    fn drop(&mut self) {
        let _ = self.wire.shutdown(std::net::Shutdown::Both);
    }
}

fn blocking(wire: TcpStream) -> std::net::TcpStream {
    let wire = wire.into_std().unwrap();
    wire.set_nonblocking(false).unwrap();
    wire
}

const LOOPBACK: &str = "tcp://127.0.0.1:0";
const FEW: usize = 5;
const TIMES: usize = 50;
/// When the greedy peer has sent so many, it sends faster than it is heard.
const AT_SPEED: usize = 50_000;
/// A runtime looks what has arrived every 61 polls, in each of which a receiver takes up to 1,024 messages; and what comes
/// just behind a look waits for the next.
const AT_MOST: usize = 4 * 61 * 1024;
/// What a connection reads before others have their turn: half a block of 128 KiB, and the block that goes beyond it.
const TURN_MAX: usize = (64 + 128) * 1024;
const BULK_LEN: usize = 1000;
const BULK_COUNT: usize = 60_000;
/// More than a queue and the buffers of a loopback connection hold.
const DEAF_MAX: usize = 20_000;
