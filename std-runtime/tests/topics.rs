//! Do publishers and subscribers meet?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::time::Duration;
use support::{peer, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeptomq::{Options, Pub, Sub, Verbosity, Xpub};

const LOOPBACK: &str = "tcp://127.0.0.1:0";

#[tokio::test]
async fn a_publisher_waits_until_somebody_listens() {
    let publisher = Pub::new();
    let endpoint = publisher.bind(LOOPBACK).await.unwrap().to_string();
    let [mut one, mut other] = [Sub::new(), Sub::new()];
    for sub in [&one, &other] {
        sub.connect(&endpoint).unwrap();
    }
    publisher.wait_for_peers(2).await;
    let early = publisher.wait_for_subscribers("news of today", 1);
    assert!(tokio::time::timeout(10 * MOMENT, early).await.is_err());
    one.subscribe("news");
    soon("a subscriber", publisher.wait_for_subscribers("news of today", 1)).await;
    other.subscribe("");
    soon("both", publisher.wait_for_subscribers("news", 2)).await;
    publisher.send("news").await.unwrap();
    publisher.send("other").await.unwrap();
    assert_eq!(&soon("news", one.recv()).await.unwrap()[0], b"news");
    assert_eq!(&soon("news", other.recv()).await.unwrap()[0], b"news");
    assert_eq!(&soon("the other", other.recv()).await.unwrap()[0], b"other");
    assert_eq!(one.try_recv(), Ok(None));
    drop(other);
    let gone = async {
        while tokio::time::timeout(MOMENT, publisher.wait_for_subscribers("news", 2)).await.is_ok() {
            tokio::time::sleep(MOMENT).await;
        }
    };
    soon("one to leave", gone).await;
}

/// More topics than the publisher keeps, or longer ones: the subscriber is sent everything, and filters that itself.
#[tokio::test]
async fn a_subscriber_of_too_many_topics_is_sent_everything() {
    let options = Options::new;
    for (options, topics) in [
        (options().topics(2, 100), ["a", "b", "c"]),
        (options().topics(100, 1), ["a", "b", "cc"]),
        (options().topics_memory(500), ["a", "b", "c"]),
    ] {
        let publisher = Pub::with(options).unwrap();
        let mut wire = peer(&publisher.bind(LOOPBACK).await.unwrap(), "SUB").await;
        for topic in &topics[..2] {
            wire.write_all(&[&[0, 2, 1], topic.as_bytes()].concat()).await.unwrap();
        }
        soon("two topics", publisher.wait_for_subscribers("b", 1)).await;
        assert_eq!(publisher.drops().widened, 0);
        wire.write_all(&[&[0, topics[2].len() as u8 + 1, 1], topics[2].as_bytes()].concat()).await.unwrap();
        soon("everything", publisher.wait_for_subscribers("z", 1)).await;
        assert_eq!(publisher.drops().widened, 1);
        publisher.send("z").await.unwrap();
        let mut heard = [0; 3];
        soon("the message", wire.read_exact(&mut heard)).await.unwrap();
        assert_eq!(&heard, b"\0\x01z");
    }
}

/// Not the topic for which there was no room: a forwarder passes on what it is shown, and its subscriber is sent everything.
#[tokio::test]
async fn an_xpub_shows_a_topic_without_room_as_a_subscription_to_everything() {
    let (a, b, everything) = (&b"\x01a"[..], &b"\x01b"[..], &b"\x01"[..]);
    for (options, topics, shown) in [
        (Options::new().topics(2, 100), ["a", "b", "c"], &[a, b, everything][..]),
        (Options::new().topics(100, 1), ["a", "b", "cc"], &[a, b, everything]),
        (Options::new().topics(1, 100), ["a", "b", "c"], &[a, everything]),
    ] {
        let mut xpub = Xpub::with(options).unwrap();
        let mut wire = peer(&xpub.bind(LOOPBACK).await.unwrap(), "SUB").await;
        for topic in topics {
            wire.write_all(&[&[0, topic.len() as u8 + 1, 1], topic.as_bytes()].concat()).await.unwrap();
        }
        // A message of the subscriber is the end of what is shown.
        wire.write_all(b"\0\x01z").await.unwrap();
        for subscription in shown {
            assert_eq!(&soon("what is shown", xpub.recv()).await.unwrap()[0], *subscription, "{topics:?}");
        }
        assert_eq!(&soon("the message", xpub.recv()).await.unwrap()[0], b"z", "{topics:?}");
        assert_eq!(xpub.drops().widened, 1, "{topics:?}");
        drop(wire);
        let mut cancelled = Vec::new();
        for _ in shown {
            cancelled.push(soon("a cancel", xpub.recv()).await.unwrap()[0].to_vec());
        }
        cancelled.sort();
        let mut wanted: Vec<Vec<u8>> = shown.iter().map(|topic| [&[0], &topic[1..]].concat()).collect();
        wanted.sort();
        assert_eq!(cancelled, wanted);
        assert_eq!(xpub.try_recv(), Ok(None));
    }
}

/// Of a topic that two want, each subscription and each cancel is shown, or the first and the last.
#[tokio::test]
async fn verbosity_is_how_much_an_xpub_shows() {
    for (verbosity, shown) in [
        (Verbosity::Changes, &[1, 0][..]),
        (Verbosity::Subscriptions, &[1, 1, 0]),
        (Verbosity::Everything, &[1, 1, 0, 0]),
    ] {
        let mut xpub = Xpub::with(Options::new().verbosity(verbosity)).unwrap();
        let endpoint = xpub.bind(LOOPBACK).await.unwrap();
        let mut wires = [peer(&endpoint, "SUB").await, peer(&endpoint, "SUB").await];
        for octet in [1, 0] {
            for (wire, left) in wires.iter_mut().zip([1, 0]) {
                wire.write_all(&[0, 2, octet, b't']).await.unwrap();
                let subscribers = if octet == 1 { 2 - left } else { left };
                soon("the subscription", heard(&xpub, subscribers)).await;
            }
        }
        for octet in shown {
            assert_eq!(&soon("what is shown", xpub.recv()).await.unwrap()[0], [*octet, b't'], "{verbosity:?}");
        }
        assert_eq!(xpub.try_recv(), Ok(None));
    }
}

/// So many want the topic, and no more.
async fn heard(xpub: &Xpub, subscribers: usize) {
    xpub.wait_for_subscribers("t", subscribers).await;
    while tokio::time::timeout(MOMENT, xpub.wait_for_subscribers("t", subscribers + 1)).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

const MOMENT: Duration = Duration::from_millis(5);
