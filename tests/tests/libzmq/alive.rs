//! Which types notice that the other end is silent? All that can, on both sides.

use crate::heartbeat::{IMPATIENT, MONITOR, TIMEOUT, beating};
use crate::{Binds, LOOPBACK, join, run, until_disconnected};
use std::sync::mpsc;
use zeptomq::core::pattern::Pattern;
use zeptomq::{Dealer, Event, Pair, Pub, Pull, Push, Rep, Req, Router, Socket, Sub};
use zeptomq_tests::python::Peer;

/// A stopped process keeps its connections and answers nothing.
#[test]
fn each_of_our_types_gives_up_a_stopped_peer() {
    run(async {
        tokio::join!(
            gives_up(Sub::with(beating()).unwrap(), "PUB", ""),
            gives_up(Req::with(beating()).unwrap(), "REP", ""),
            gives_up(Rep::with(beating()).unwrap(), "REQ", ""),
            gives_up(Dealer::with(beating()).unwrap(), "ROUTER", ""),
            gives_up(Router::with(beating()).unwrap(), "DEALER", ""),
            gives_up(Pair::with(beating()).unwrap(), "PAIR", ""),
        );
    });
}

/// Those that only send give up one that sent a PING before, and no other: libzmq reads nothing while its user takes
/// nothing.
#[test]
fn our_push_and_pub_give_up_a_stopped_peer_that_was_heard() {
    run(async {
        tokio::join!(
            gives_up(Push::with(beating()).unwrap(), "PULL", PINGING),
            gives_up(Pub::with(beating()).unwrap(), "SUB", PINGING),
            keeps(Push::with(beating()).unwrap(), "PULL"),
            keeps(Pub::with(beating()).unwrap(), "SUB"),
        );
    });
}

async fn gives_up<P: Pattern + Send + 'static>(ours: Socket<P>, theirs: &str, options: &str) {
    let mut monitor = ours.monitor();
    let mut peer = Peer::with(theirs, options).await;
    join(&ours, &mut peer, Binds::We).await;
    // By then it has sent its PINGs, if it sends any.
    tokio::time::sleep(TIMEOUT / 2).await;
    peer.must(r#""do": "stop""#, "stopping").await;
    match tokio::time::timeout(10 * TIMEOUT, until_disconnected(&mut monitor)).await {
        Ok(Event::Disconnected { reason, .. }) => assert_eq!(reason, "the peer was silent for too long"),
        other => panic!("the connection to a {theirs} is still up: {other:?}"),
    }
}

async fn keeps<P: Pattern + Send + 'static>(ours: Socket<P>, theirs: &str) {
    let mut monitor = ours.monitor();
    let mut peer = Peer::start(theirs).await;
    join(&ours, &mut peer, Binds::We).await;
    peer.must(r#""do": "stop""#, "stopping").await;
    let ended = tokio::time::timeout(3 * TIMEOUT, until_disconnected(&mut monitor)).await;
    assert!(ended.is_err(), "{ended:?}");
}

#[test]
fn each_of_our_types_answers_their_heartbeats() {
    run(async {
        tokio::join!(
            is_kept(Pull::new(), "PUSH"),
            is_kept(Pub::new(), "SUB"),
            is_kept(Sub::new(), "PUB"),
            is_kept(Req::new(), "REP"),
            is_kept(Rep::new(), "REQ"),
            is_kept(Dealer::new(), "DEALER"),
            is_kept(Router::new(), "ROUTER"),
            is_kept(Pair::new(), "PAIR"),
        );
    });
}

async fn is_kept<P: Pattern + Send + 'static>(ours: Socket<P>, theirs: &str) {
    let mut peer = Peer::with(theirs, IMPATIENT).await;
    peer.must(MONITOR, "watching").await;
    join(&ours, &mut peer, Binds::They).await;
    let quiet = r#""do": "no_event", "names": ["DISCONNECTED"], "ms": 1600"#;
    assert_eq!(peer.ask(quiet).await, "none", "{theirs}");
}

/// A program of ours that is held up is given up, and is there again when it goes on.
#[test]
fn they_give_us_up_while_we_are_silent() {
    run(async {
        let mut peer = Peer::with("PUSH", IMPATIENT).await;
        peer.must(MONITOR, "watching").await;
        let endpoint = peer.bind(LOOPBACK).await;
        let (go_on, held_up) = mpsc::channel::<()>();
        let (up, is_up) = tokio::sync::oneshot::channel();
        let program = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut pull = Pull::new();
            runtime.block_on(async {
                pull.connect(&endpoint).unwrap();
                pull.wait_for_peers(1).await;
            });
            up.send(()).unwrap();
            held_up.recv().unwrap();
            runtime.block_on(pull.recv()).unwrap()
        });
        is_up.await.unwrap();
        peer.must(r#""do": "event", "names": ["DISCONNECTED"]"#, "DISCONNECTED").await;
        go_on.send(()).unwrap();
        peer.must(r#""do": "send", "parts": ["welcome back"]"#, "sent").await;
        let message = tokio::task::spawn_blocking(|| program.join().unwrap()).await.unwrap();
        assert_eq!(&message[0], b"welcome back");
    });
}

/// It sends PINGs and asks for nothing in them.
const PINGING: &str = r#""HEARTBEAT_IVL": 100, "HEARTBEAT_TIMEOUT": 5000"#;
