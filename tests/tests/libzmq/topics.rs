//! Do publishers and subscribers of both sides understand each other?

use crate::{Binds, LOOPBACK, join, run, until_disconnected, whoever_binds};
use zeptomq::{Options, Policy, Pub, Sub};
use zeptomq_tests::python::{Payload, Peer, number, numbered};

const LEN: usize = 40;

#[test]
fn our_pub_talks_to_their_sub_and_xsub() {
    whoever_binds(async |binds| {
        for (kind, subscribe) in [("SUB", SUBSCRIBE_A), ("XSUB", r#""do": "send", "parts": ["\u0001a"]"#)] {
            let publisher = Pub::new();
            let mut theirs = Peer::start(kind).await;
            join(&publisher, &mut theirs, binds).await;
            theirs.ask(subscribe).await;
            // A libzmq socket subscribes while its user receives, and not before.
            for payload in payloads() {
                theirs.tell(payload.expect(1)).await;
            }
            publisher.wait_for_subscribers("a", 1).await;
            for payload in payloads() {
                publisher.send(payload.behind(&[b"b"])).await.unwrap();
                publisher.send(payload.behind(&[b"ab"])).await.unwrap();
            }
            theirs.says(&vec!["same"; payloads().len()]).await;
        }
    });
}

#[test]
fn our_sub_talks_to_their_pub_and_xpub() {
    whoever_binds(async |binds| {
        for kind in ["PUB", "XPUB"] {
            let mut sub = Sub::new();
            sub.subscribe("a");
            let mut theirs = Peer::start(kind).await;
            join(&sub, &mut theirs, binds).await;
            until_heard(&mut sub, &mut theirs, "a").await;
            for payload in payloads() {
                theirs.must(payload.send_behind("b"), "sent").await;
                theirs.must(payload.send_behind("ab"), "sent").await;
                payload.follows(&[b"ab"], &sub.recv().await.unwrap());
            }
        }
    });
}

/// libzmq's XPUB shows what it hears: the first subscription to a topic and the last cancel, and no others.
#[test]
fn their_xpub_hears_what_our_sub_wants() {
    whoever_binds(async |binds| {
        let sub = Sub::new();
        let mut theirs = Peer::start("XPUB").await;
        join(&sub, &mut theirs, binds).await;
        sub.subscribe("one");
        theirs.must(shown(1, "one"), "same").await;
        sub.subscribe("one");
        sub.unsubscribe("one");
        sub.subscribe("");
        theirs.must(shown(1, ""), "same").await;
        sub.unsubscribe("one");
        theirs.must(shown(0, "one"), "same").await;
        drop(sub);
        // One that connects waits for us to come back.
        if binds == Binds::They {
            theirs.must(shown(0, ""), "same").await;
        }
    });
}

/// A publisher that crashes and comes back is told again what is wanted.
#[test]
fn our_sub_subscribes_again_to_their_restarted_pub() {
    run(async {
        let mut sub = Sub::with(eager()).unwrap();
        let mut monitor = sub.monitor();
        sub.subscribe("a");
        let mut theirs = Peer::start("PUB").await;
        let endpoint = join(&sub, &mut theirs, Binds::They).await;
        for _ in 0..3 {
            until_heard(&mut sub, &mut theirs, "a").await;
            theirs.kill().await;
            until_disconnected(&mut monitor).await;
            theirs = Peer::start("PUB").await;
            theirs.bind(&endpoint).await;
        }
        until_heard(&mut sub, &mut theirs, "a").await;
    });
}

/// And so does libzmq's, when it is ours that comes back.
#[test]
fn their_sub_hears_our_pub_again() {
    run(async {
        let mut sub = Peer::start("SUB").await;
        sub.ask(SUBSCRIBE_A).await;
        let first = Pub::new();
        let endpoint = join(&first, &mut sub, Binds::We).await;
        let payload = Payload::new(&[7], 3);
        sub.tell(payload.expect(1)).await;
        first.wait_for_subscribers("a", 1).await;
        first.send(payload.behind(&[b"a"])).await.unwrap();
        sub.says(&["same"]).await;
        assert_eq!(first.close().await, Ok(()));
        let second = Pub::new();
        while second.bind(&endpoint).await.is_err() {
            tokio::task::yield_now().await;
        }
        sub.tell(payload.expect(1)).await;
        second.wait_for_subscribers("a", 1).await;
        second.send(payload.behind(&[b"a"])).await.unwrap();
        sub.says(&["same"]).await;
    });
}

/// A publisher that waits for room loses nothing, though their subscriber is slow.
#[test]
fn our_lossless_pub_loses_nothing_to_their_slow_sub() {
    whoever_binds(async |binds| {
        let publisher = Pub::with(Options::new().overload(Policy::Wait)).unwrap();
        let mut sub = Peer::with("SUB", r#""RCVHWM": 10, "RCVBUF": 16384"#).await;
        sub.ask(r#""do": "subscribe", "topic": """#).await;
        join(&publisher, &mut sub, binds).await;
        let step =
            format!(r#""do": "take", "first": 1, "last": {MANY}, "len": {LEN}, "pause_every": 5000, "pause_ms": 20"#);
        sub.tell(step).await;
        publisher.wait_for_subscribers("", 1).await;
        for message in 1..=MANY {
            publisher.send(numbered(message, LEN)).await.unwrap();
        }
        sub.says(&[&format!("took 1 to {MANY}")]).await;
    });
}

/// Subscriptions that come and go while messages pass: what comes is in order, and the end comes to those that want it.
#[test]
fn subscriptions_change_under_load() {
    run(async {
        let mut theirs = Peer::start("PUB").await;
        let endpoint = theirs.bind(LOOPBACK).await;
        let mut sub = Sub::new();
        sub.subscribe("");
        sub.connect(&endpoint).unwrap();
        until_heard(&mut sub, &mut theirs, "x").await;
        theirs.tell(format!(r#""do": "pour", "first": 1, "last": {MANY}, "len": {LEN}"#)).await;
        let mut last = 0;
        for round in 0..200 {
            let topic = format!("topic {round}");
            sub.subscribe(&topic);
            let next = number(&sub.recv().await.unwrap(), LEN);
            assert!(next > last, "{next} after {last}");
            last = next;
            assert!(sub.unsubscribe(&topic));
        }
        theirs.says(&["poured"]).await;
    });
}

/// Publishes until our subscriber hears: before its subscription has come there nobody is sent anything.
async fn until_heard(sub: &mut Sub, theirs: &mut Peer, topic: &str) {
    let probe = Payload::new(&[1], 0);
    loop {
        theirs.must(probe.send_behind(topic), "sent").await;
        if let Ok(heard) = tokio::time::timeout(std::time::Duration::from_millis(20), sub.recv()).await {
            probe.follows(&[topic.as_bytes()], &heard.unwrap());
            break;
        }
    }
    // Those of the probes that had been heard too late.
    while let Ok(late) = tokio::time::timeout(std::time::Duration::from_millis(100), sub.recv()).await {
        probe.follows(&[topic.as_bytes()], &late.unwrap());
    }
}

/// The step in which an XPUB shows a subscription.
fn shown(octet: u8, topic: &str) -> String {
    format!(r#""do": "expect", "parts": ["\u000{octet}{topic}"]"#)
}

fn eager() -> Options {
    Options::new().reconnect(std::time::Duration::from_millis(10), std::time::Duration::from_millis(50))
}

fn payloads() -> Vec<Payload> {
    [&[0][..], &[1], &[255], &[65_536], &[0, 5, 0], &[1_000_000]].iter().map(|lens| Payload::new(lens, 1)).collect()
}

const SUBSCRIBE_A: &str = r#""do": "subscribe", "topic": "a""#;
const MANY: u64 = 50_000;
