//! What becomes of two sockets that are not each other's peers? They are told so, and do not try again.

use crate::{LOOPBACK, run, until};
use std::time::Duration;
use zeptomq::core::pattern::Pattern;
use zeptomq::{Dealer, Event, Options, Pull, Push, Rep, Req, Router, Socket};
use zeptomq_tests::python::Peer;

#[test]
fn we_give_up_on_a_peer_of_the_wrong_type() {
    run(async {
        gives_up(Push::with(eager()).unwrap(), "PUSH").await;
        gives_up(Pull::with(eager()).unwrap(), "ROUTER").await;
        gives_up(Req::with(eager()).unwrap(), "DEALER").await;
        gives_up(Rep::with(eager()).unwrap(), "PUB").await;
        gives_up(Dealer::with(eager()).unwrap(), "SUB").await;
        gives_up(Router::with(eager()).unwrap(), "REP").await;
    });
}

#[test]
fn they_give_up_on_us_when_we_are_of_the_wrong_type() {
    run(async {
        is_given_up(Push::new(), "PUSH", "").await;
        is_given_up(Pull::new(), "DEALER", "").await;
        is_given_up(Req::new(), "REQ", "").await;
        is_given_up(Rep::new(), "XSUB", "").await;
        is_given_up(Dealer::new(), "PAIR", "").await;
        is_given_up(Router::new(), "PULL", "").await;
    });
}

#[test]
fn they_give_up_on_us_when_we_speak_another_mechanism() {
    run(async { is_given_up(Pull::new(), "PUSH", r#""PLAIN_USERNAME": "user", "PLAIN_PASSWORD": "word""#).await });
}

/// A socket of the right type is let in at the endpoint where one of the wrong type was not.
#[test]
fn a_stranger_does_no_harm_to_others() {
    run(async {
        let mut pull = Pull::new();
        let endpoint = pull.bind(LOOPBACK).await.unwrap().to_string();
        let mut peer = Peer::start("REQ").await;
        peer.add("PUSH", "").await;
        peer.must(r#""do": "monitor""#, "watching").await;
        peer.connect_on(0, &endpoint).await;
        assert_ne!(peer.ask(ends()).await, "no such event");
        peer.connect_on(1, &endpoint).await;
        peer.must(r#""do": "send", "parts": ["welcome"], "on": 1"#, "sent").await;
        assert_eq!(&pull.recv().await.unwrap()[0], b"welcome");
    });
}

async fn gives_up<P: Pattern + Send + 'static>(ours: Socket<P>, theirs: &str) {
    let mut monitor = ours.monitor();
    let mut peer = Peer::start(theirs).await;
    peer.must(r#""do": "monitor""#, "watching").await;
    let endpoint = peer.bind(LOOPBACK).await;
    ours.connect(&endpoint).unwrap();
    let event = until(&mut monitor, |event| matches!(event, Event::Refused { .. })).await;
    let Event::Refused { endpoint: at, reason } = event else { unreachable!() };
    assert_eq!(at.to_string(), endpoint);
    assert!(reason.contains(theirs), "{reason:?} does not name the {theirs}");
    // What they saw so far is one attempt, or more where they hung up before we heard who they are.
    peer.must(r#""do": "no_event", "names": ["NONE"], "ms": 50"#, "none").await;
    peer.must(r#""do": "no_event", "names": ["ACCEPTED"], "ms": 300"#, "none").await;
}

async fn is_given_up<P: Pattern + Send + 'static>(ours: Socket<P>, theirs: &str, options: &str) {
    let mut monitor = ours.monitor();
    let endpoint = ours.bind(LOOPBACK).await.unwrap().to_string();
    let mut peer = Peer::with(theirs, options).await;
    peer.must(r#""do": "monitor""#, "watching").await;
    peer.connect(&endpoint).await;
    until(&mut monitor, |event| matches!(event, Event::HandshakeFailed { .. })).await;
    assert_ne!(peer.ask(ends()).await, "no such event");
    peer.must(r#""do": "no_event", "names": ["CONNECT_RETRIED", "CONNECTED"], "ms": 300"#, "none").await;
    let again = tokio::time::timeout(Duration::from_millis(1), monitor.recv()).await;
    assert!(again.is_err(), "{again:?}");
}

/// The step that waits until libzmq has done with a connection.
fn ends() -> &'static str {
    r#""do": "event", "names": ["HANDSHAKE_FAILED_NO_DETAIL", "HANDSHAKE_FAILED_PROTOCOL", "DISCONNECTED", "CLOSED"]"#
}

fn eager() -> Options {
    Options::new().reconnect(Duration::from_millis(20), Duration::from_millis(20))
}
