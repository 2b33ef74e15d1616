//! What counts as lost when a peer leaves, and what does not?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::time::Duration;
use support::{is_closed, peer, shake, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zeptomq::{Event, Limit, Options, Pull, Push};

const LOOPBACK: &str = "tcp://127.0.0.1:0";

/// The peer leaves as soon as it has the message: often before the sender has come back from writing it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_peer_took_before_it_left_is_no_loss() {
    let push = Push::new();
    let endpoint = push.bind(LOOPBACK).await.unwrap();
    for _ in 0..500 {
        let mut monitor = push.monitor();
        let puller = peer(&endpoint, "PULL").await;
        push.wait_for_peers(1).await;
        let taking = std::thread::spawn(move || {
            let puller = puller.into_std().unwrap();
            puller.set_nonblocking(false).unwrap();
            std::io::Read::read_exact(&mut &puller, &mut [0; 4]).unwrap();
        });
        push.send("hi").await.unwrap();
        let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
        soon("the peer's end", gone).await;
        taking.join().unwrap();
        assert_eq!(push.drops().undelivered, 0);
    }
}

#[tokio::test]
async fn what_waited_for_a_peer_that_left_is_counted() {
    let push =
        Push::with(Options::new().linger(Duration::ZERO).send_limit(Limit { messages: 8, octets: 1 << 30 })).unwrap();
    let endpoint = push.bind(LOOPBACK).await.unwrap();
    let mut monitor = push.monitor();
    let mut puller = peer(&endpoint, "PULL").await;
    push.wait_for_peers(1).await;
    // More than the system takes.
    for _ in 0..8 {
        push.send(vec![7; 8 << 20]).await.unwrap();
    }
    soon("the first octets", puller.read_exact(&mut [0; 64])).await.unwrap();
    drop(puller);
    let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
    soon("the peer's end", gone).await;
    let lost = push.drops().undelivered;
    assert!((7..=8).contains(&lost), "{lost}");
    assert_eq!(push.close().await.unwrap_err().messages, lost as usize);
}

/// The peer has sent, said that it is done, and gone: writing a PING fails while what it sent is still to be read.
#[tokio::test]
async fn what_a_peer_sent_before_a_write_to_it_failed_is_received() {
    let limit = Limit { messages: 10, octets: 1 << 20 };
    let beat = Duration::from_millis(20);
    let mut pull = Pull::with(Options::new().receive_limit(limit).heartbeat(beat, 100 * beat)).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut pusher = peer(&endpoint, "PUSH").await;
    pusher.write_all(&b"\0\x02hi".repeat(1000)).await.unwrap();
    drop(pusher);
    tokio::time::sleep(10 * beat).await;
    for _ in 0..1000 {
        assert_eq!(&soon("a message", pull.recv()).await.unwrap()[0], b"hi");
    }
}

/// A message that is cut again and again is taken to be what ends the connections: it makes way, and is counted.
#[tokio::test]
async fn a_message_that_is_cut_three_times_is_dropped_and_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let moment = Duration::from_millis(10);
    let limit = Limit { messages: 10, octets: 64 << 20 };
    let push = Push::with(Options::new().reconnect(moment, moment).send_limit(limit)).unwrap();
    push.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    push.try_send(vec![1; 32 << 20]).unwrap();
    push.try_send("next").unwrap();
    for _ in 0..3 {
        let (mut served, _) = soon("a connection", listener.accept()).await.unwrap();
        shake(&mut served, "PULL").await;
        soon("the beginning of the message", served.read_exact(&mut [0; 1000])).await.unwrap();
    }
    let (mut served, _) = soon("the last connection", listener.accept()).await.unwrap();
    shake(&mut served, "PULL").await;
    let mut heard = [0; 6];
    soon("the next message", served.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"\0\x04next");
    assert_eq!((push.drops().undelivered, push.peers()[0].drops.undelivered), (1, 1));
}

/// A program that was away for longer than its heartbeat's timeout has not heard its peers, who spoke all the while.
#[tokio::test]
async fn a_program_that_was_away_keeps_its_live_peers() {
    let beat = Duration::from_millis(50);
    let pull = Pull::with(Options::new().heartbeat(beat, 4 * beat)).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let mut monitor = pull.monitor();
    let pusher = peer(&endpoint, "PUSH").await.into_std().unwrap();
    pull.wait_for_peers(1).await;
    let (over, stop) = std::sync::mpsc::channel::<()>();
    let beating = std::thread::spawn(move || {
        pusher.set_nonblocking(false).unwrap();
        while stop.recv_timeout(beat).is_err() {
            std::io::Write::write_all(&mut &pusher, b"\x04\x07\x04PING\0\0").unwrap();
        }
    });
    for _ in 0..3 {
        std::thread::sleep(10 * beat);
        tokio::time::sleep(2 * beat).await;
    }
    let accepted = matches!(monitor.recv().await, Some(Event::Accepted { .. }));
    let further = tokio::time::timeout(beat, monitor.recv()).await;
    over.send(()).unwrap();
    beating.join().unwrap();
    assert!(accepted && further.is_err(), "{further:?}");
}

/// A socket that closes and waits for one peer does not come back to another, to whom it owes nothing.
#[tokio::test]
async fn a_closing_socket_does_not_come_back_to_whom_it_owes_nothing() {
    let push = Push::with(Options::new().linger(Duration::from_millis(1500))).unwrap();
    push.connect("tcp://127.0.0.1:1").unwrap();
    push.send("for nobody").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    push.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    let (mut served, _) = soon("the first connection", listener.accept()).await.unwrap();
    shake(&mut served, "PULL").await;
    push.wait_for_peers(1).await;
    let again = async {
        assert!(is_closed(&mut served).await);
        drop(served);
        tokio::time::timeout(Duration::from_secs(1), listener.accept()).await.is_ok()
    };
    let (closed, again) = tokio::join!(push.close(), again);
    assert_eq!(closed.unwrap_err().messages, 1);
    assert!(!again, "the socket came back");
}

/// The runtime that would have lingered is gone, and closing is over at once.
#[test]
fn closing_ends_with_the_sockets_runtime() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = runtime();
    let push = first.block_on(async {
        let push = Push::new();
        push.connect("tcp://127.0.0.1:1").unwrap();
        push.send("for nobody").await.unwrap();
        push
    });
    drop(first);
    let closed = runtime().block_on(soon("closing", push.close()));
    assert_eq!(closed.unwrap_err().messages, 1);
}
