//! Do our XPUB and XSUB and theirs understand each other, and everybody that subscribes or publishes?

use crate::{Binds, LOOPBACK, join, run, whoever_binds};
use zeptomq::{Verbosity, Xpub, Xsub};
use zeptomq_tests::python::{Payload, Peer};

/// A SUB and an XSUB of libzmq: what they want is shown, and they are sent it; cancels too, said and unsaid.
#[test]
fn our_xpub_shows_what_their_subscribers_want_and_sends_it() {
    whoever_binds(async |binds| {
        for (kind, wants) in [("SUB", subscribe("a")), ("XSUB", say("\\u0001a"))] {
            let mut xpub = Xpub::new();
            let mut theirs = Peer::start(kind).await;
            join(&xpub, &mut theirs, binds).await;
            theirs.ask(&wants).await;
            for payload in payloads() {
                theirs.tell(payload.expect(1)).await;
            }
            assert_eq!(&xpub.recv().await.unwrap()[0], b"\x01a");
            for payload in payloads() {
                xpub.send(payload.behind(&[b"b"])).await.unwrap();
                xpub.send(payload.behind(&[b"ab"])).await.unwrap();
            }
            theirs.says(&vec!["same"; payloads().len()]).await;
            theirs.ask(r#""do": "close", "linger": 0"#).await;
            assert_eq!(&xpub.recv().await.unwrap()[0], b"\0a");
        }
    });
}

/// Of two that want the same the first subscription is shown and the last cancel; told to, each is.
#[test]
fn our_xpub_shows_of_two_subscribers_of_theirs_what_theirs_would() {
    run(async {
        for (verbosity, shown) in [
            (Verbosity::Changes, &[&b"\x01t"[..], b"\0t"][..]),
            (Verbosity::Subscriptions, &[b"\x01t", b"\x01t", b"\0t"]),
            (Verbosity::Everything, &[b"\x01t", b"\x01t", b"\0t", b"\0t"]),
        ] {
            let mut xpub = Xpub::with(zeptomq::Options::new().verbosity(verbosity)).unwrap();
            let endpoint = xpub.bind(LOOPBACK).await.unwrap().to_string();
            let mut theirs = [Peer::start("SUB").await, Peer::start("SUB").await];
            for (peers, sub) in (1..).zip(&mut theirs) {
                sub.connect(&endpoint).await;
                sub.ask(&subscribe("t")).await;
                sub.tell(r#""do": "expect", "parts": ["t"]"#.to_owned()).await;
                xpub.wait_for_subscribers("t", peers).await;
            }
            xpub.send("t").await.unwrap();
            for mut sub in theirs {
                sub.says(&["same"]).await;
                sub.kill().await;
            }
            for expected in shown {
                assert_eq!(&xpub.recv().await.unwrap()[0], *expected, "{verbosity:?}");
            }
        }
    });
}

/// What a libzmq XSUB sends upstream is received, in order with what it wants.
#[test]
fn our_xpub_receives_from_their_xsub() {
    whoever_binds(async |binds| {
        let mut xpub = Xpub::new();
        let mut theirs = Peer::start("XSUB").await;
        join(&xpub, &mut theirs, binds).await;
        for payload in payloads() {
            theirs.tell(payload.send_behind("up")).await;
            theirs.tell(say("\\u0001t")).await;
            theirs.tell(say("\\u0000t")).await;
        }
        for payload in payloads() {
            payload.follows(&[b"up"], &xpub.recv().await.unwrap());
            assert_eq!(&xpub.recv().await.unwrap()[0], b"\x01t");
            assert_eq!(&xpub.recv().await.unwrap()[0], b"\0t");
        }
    });
}

/// Our XSUB receives from a PUB and an XPUB of libzmq what it subscribed to by messages.
#[test]
fn our_xsub_receives_from_their_publishers() {
    whoever_binds(async |binds| {
        for kind in ["PUB", "XPUB"] {
            let mut xsub = Xsub::new();
            xsub.send(&b"\x01a"[..]).await.unwrap();
            let mut theirs = Peer::start(kind).await;
            join(&xsub, &mut theirs, binds).await;
            until_heard(&mut xsub, &mut theirs).await;
            for payload in payloads() {
                theirs.must(payload.send_behind("b"), "sent").await;
                theirs.must(payload.send_behind("ab"), "sent").await;
                payload.follows(&[b"ab"], &xsub.recv().await.unwrap());
            }
        }
    });
}

/// libzmq's XPUB shows what our XSUB says: the first subscription and the last cancel; and receives what else it sends.
#[test]
fn their_xpub_hears_our_xsub() {
    whoever_binds(async |binds| {
        let xsub = Xsub::new();
        let mut theirs = Peer::start("XPUB").await;
        join(&xsub, &mut theirs, binds).await;
        for said in [&b"\x01one"[..], b"\x01one", b"\0one", b"up"] {
            xsub.send(said).await.unwrap();
        }
        theirs.must(r#""do": "expect", "parts": ["\u0001one"]"#.to_owned(), "same").await;
        theirs.must(r#""do": "expect", "parts": ["up"]"#.to_owned(), "same").await;
        for payload in payloads() {
            theirs.tell(payload.expect(1)).await;
            xsub.send(payload.behind(&[b"up"])).await.unwrap();
        }
        theirs.says(&vec!["same"; payloads().len()]).await;
        xsub.send(&b"\0one"[..]).await.unwrap();
        theirs.must(r#""do": "expect", "parts": ["\u0000one"]"#.to_owned(), "same").await;
        // What it had to say has left when it is closed.
        xsub.send(&b"\x01last"[..]).await.unwrap();
        assert_eq!(xsub.close().await, Ok(()));
        theirs.must(r#""do": "expect", "parts": ["\u0001last"]"#.to_owned(), "same").await;
    });
}

/// A forwarder of our two between a publisher and a subscriber of libzmq: subscriptions go one way, messages the other.
#[test]
fn our_two_forward_between_theirs() {
    run(async {
        let (mut xsub, mut xpub) = (Xsub::new(), Xpub::new());
        let mut publisher = Peer::start("XPUB").await;
        let mut subscriber = Peer::start("SUB").await;
        join(&xsub, &mut publisher, Binds::They).await;
        join(&xpub, &mut subscriber, Binds::We).await;
        subscriber.ask(&subscribe("a")).await;
        let forwarding = async {
            loop {
                tokio::select! {
                    up = xpub.recv() => xsub.send(up.unwrap()).await.unwrap(),
                    down = xsub.recv() => xpub.send(down.unwrap()).await.unwrap(),
                }
            }
        };
        let talking = async {
            for payload in payloads() {
                subscriber.tell(payload.expect(1)).await;
            }
            publisher.must(r#""do": "expect", "parts": ["\u0001a"]"#.to_owned(), "same").await;
            for payload in payloads() {
                publisher.must(payload.send_behind("b"), "sent").await;
                publisher.must(payload.send_behind("ab"), "sent").await;
            }
            subscriber.says(&vec!["same"; payloads().len()]).await;
            subscriber.ask(r#""do": "close", "linger": 0"#).await;
            publisher.must(r#""do": "expect", "parts": ["\u0000a"]"#.to_owned(), "same").await;
        };
        tokio::select! {
            () = forwarding => (),
            () = talking => (),
        }
    });
}

/// Publishes until our subscription has come there.
async fn until_heard(xsub: &mut Xsub, theirs: &mut Peer) {
    let probe = Payload::new(&[1], 0);
    loop {
        theirs.must(probe.send_behind("a"), "sent").await;
        if let Ok(heard) = tokio::time::timeout(std::time::Duration::from_millis(20), xsub.recv()).await {
            probe.follows(&[b"a"], &heard.unwrap());
            break;
        }
    }
    // Those of the probes that had been heard too late.
    while let Ok(late) = tokio::time::timeout(std::time::Duration::from_millis(100), xsub.recv()).await {
        probe.follows(&[b"a"], &late.unwrap());
    }
}

fn subscribe(topic: &str) -> String {
    format!(r#""do": "subscribe", "topic": "{topic}""#)
}

fn say(said: &str) -> String {
    format!(r#""do": "send", "parts": ["{said}"]"#)
}

fn payloads() -> Vec<Payload> {
    [&[0][..], &[1], &[255], &[65_536], &[0, 5, 0], &[1_000_000]].iter().map(|lens| Payload::new(lens, 1)).collect()
}
