//! What counts as lost when a peer leaves, and what does not?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::time::Duration;
use support::{peer, soon};
use tokio::io::AsyncReadExt;
use zeptomq::{Event, Limit, Options, Push};

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
        assert_eq!(push.undelivered(), 0);
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
    let lost = push.undelivered();
    assert!((7..=8).contains(&lost), "{lost}");
    assert_eq!(push.close().await.unwrap_err().messages, lost);
}
