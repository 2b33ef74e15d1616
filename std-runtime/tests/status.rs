//! Is it known how each peer is doing?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::time::Duration;
use support::{peer, soon};
use tokio::io::AsyncWriteExt;
use zeptomq::{Dealer, Drops, Limit, Options, PeerStatus, Pub, Pull, Push, Router, SocketType};

const LOOPBACK: &str = "tcp://127.0.0.1:0";

#[tokio::test]
async fn a_peer_is_known_by_what_it_said_and_by_where_it_is() {
    let router = Router::new();
    let endpoint = router.bind(LOOPBACK).await.unwrap();
    assert_eq!(router.peers(), []);
    let dealer = Dealer::with(Options::new().identity("device-7")).unwrap();
    dealer.connect(&endpoint.to_string()).unwrap();
    soon("the peer", router.wait_for_peers(1)).await;
    let [PeerStatus { endpoint: at, address: Some(address), is_up: true, socket_type, identity, .. }] =
        &router.peers()[..]
    else {
        panic!("{:?}", router.peers())
    };
    assert_eq!((at, *socket_type, identity.as_slice()), (&endpoint, Some(SocketType::Dealer), &b"device-7"[..]));
    assert!(address.ip().is_loopback() && !endpoint.to_string().ends_with(&format!(":{}", address.port())));
    soon("the other side", dealer.wait_for_peers(1)).await;
    assert_eq!(dealer.peers()[0].address.map(|address| format!("tcp://{address}")), Some(endpoint.to_string()));
}

#[tokio::test]
async fn what_waits_and_what_was_dropped_is_known_of_each_peer() {
    let limit = Limit { messages: 2, octets: 1 << 20 };
    let publisher = Pub::with(Options::new().send_limit(limit)).unwrap();
    let endpoint = publisher.bind(LOOPBACK).await.unwrap();
    // Nobody reads what is sent to the one.
    let mut deaf = peer(&endpoint, "SUB").await;
    let _uninterested = peer(&endpoint, "SUB").await;
    deaf.write_all(b"\0\x01\x01").await.unwrap();
    soon("the subscription", publisher.wait_for_subscribers("", 1)).await;
    let body = vec![0; 1 << 20];
    let dropped = async {
        while publisher.drops().queue_full < 5 {
            publisher.send(body.clone()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    soon("a full queue", dropped).await;
    let peers = publisher.peers();
    assert_eq!(peers.iter().map(|peer| peer.drops.queue_full).collect::<Vec<_>>(), [5, 0]);
    assert!(peers[0].unsent.messages > 0 && peers[1].unsent == Limit::default(), "{peers:?}");
    let queued = peers[0].unsent.messages as u32;
    drop(deaf);
    let gone = async {
        while publisher.peers().len() > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the end of the peer", gone).await;
    // What it was to get is counted with what it missed, though it is gone; the system may have taken some of it.
    let undelivered = publisher.drops().undelivered;
    assert!((1..=queued).contains(&undelivered), "{undelivered} of {queued}");
    assert_eq!(publisher.drops(), Drops { queue_full: 5, undelivered, ..Drops::NONE });
}

#[tokio::test]
async fn what_arrived_is_known_until_it_is_taken_though_its_peer_is_gone() {
    let mut pull = Pull::new();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let push = Push::new();
    push.connect(&endpoint.to_string()).unwrap();
    for body in ["one", "two"] {
        push.send(body).await.unwrap();
    }
    soon("closing", push.close()).await.unwrap();
    let gone = async {
        while pull.peers().iter().any(|peer| peer.is_up) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the end of the peer", gone).await;
    for left in [2, 1] {
        assert_eq!(pull.peers()[0].unreceived.messages, left);
        soon("a message", pull.recv()).await.unwrap();
    }
    assert_eq!(pull.peers(), []);
}
