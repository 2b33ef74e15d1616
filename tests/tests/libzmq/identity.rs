//! Do both kinds of ROUTER know a peer by its name, also when it comes back?

use crate::{Binds, join, run, until_disconnected, whoever_binds};
use std::time::Duration;
use zeptomq::core::pattern::RouteError;
use zeptomq::{Dealer, Message, NotSent, Options, Req, Router};
use zeptomq_tests::python::{Payload, Peer};

#[test]
fn our_router_knows_their_names() {
    whoever_binds(async |binds| {
        let mut router = Router::new();
        let name = "n".repeat(255);
        let mut dealer = Peer::with("DEALER", &named(&name)).await;
        join(&router, &mut dealer, binds).await;
        dealer.must(r#""do": "send", "parts": ["hello"]"#, "sent").await;
        assert_eq!(router.recv().await.unwrap(), Message::multipart([&name[..], "hello"]));
        let payload = Payload::new(&[0, 9], 0);
        router.send(payload.behind(&[name.as_bytes()])).await.unwrap();
        dealer.must(payload.expect(0), "same").await;
        let unknown = router.send(Message::multipart(["nobody", "hello"])).await;
        assert_eq!(unknown.unwrap_err().reason, NotSent::Route(RouteError::UnknownIdentity));
    });
}

#[test]
fn our_router_knows_the_names_of_their_reqs_and_routers() {
    run(async {
        let mut router = Router::new();
        let endpoint = router.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        let mut req = Peer::with("REQ", &named("their req")).await;
        req.connect(&endpoint).await;
        req.must(r#""do": "send", "parts": ["hello"]"#, "sent").await;
        assert_eq!(router.recv().await.unwrap(), Message::multipart(["their req", "", "hello"]));
        router.send(Message::multipart(["their req", "", "well"])).await.unwrap();
        req.must(r#""do": "expect", "parts": ["well"]"#, "same").await;

        let mut theirs = Peer::with("ROUTER", &named("their router")).await;
        theirs.connect(&endpoint).await;
        router.wait_for_peers(2).await;
        router.send(Message::multipart(["their router", "hello"])).await.unwrap();
        theirs.must(r#""do": "expect", "parts": ["hello"], "keep": 1"#, "same").await;
        theirs.must(Payload::new(&[3], 0).reply(), "sent").await;
        Payload::new(&[3], 0).follows(&[b"their router"], &router.recv().await.unwrap());
    });
}

#[test]
fn their_router_knows_our_names() {
    whoever_binds(async |binds| {
        let dealer = Dealer::with(Options::new().identity("our dealer")).unwrap();
        let mut router = Peer::start("ROUTER").await;
        join(&dealer, &mut router, binds).await;
        dealer.send("hello").await.unwrap();
        router.must(r#""do": "expect", "parts": ["our dealer", "hello"]"#, "same").await;

        let req = Req::with(Options::new().identity("our req").strict_requests()).unwrap();
        let mut router = Peer::start("ROUTER").await;
        join(&req, &mut router, binds).await;
        req.send("hello").await.unwrap();
        router.must(r#""do": "expect", "parts": ["our req", "", "hello"]"#, "same").await;
    });
}

/// Their ROUTER tells which of two peers it means, and each gets its own.
#[test]
fn their_router_sends_to_whom_it_names() {
    run(async {
        let mut router = Peer::start("ROUTER").await;
        let endpoint = router.bind("tcp://127.0.0.1:*").await;
        let mut dealers = ["left", "right"].map(|name| Dealer::with(Options::new().identity(name)).unwrap());
        for (dealer, name) in dealers.iter().zip(["left", "right"]) {
            dealer.connect(&endpoint).unwrap();
            dealer.send("hello").await.unwrap();
            router.must(format!(r#""do": "expect", "parts": ["{name}", "hello"]"#), "same").await;
        }
        for name in ["right", "left", "right"] {
            router.must(format!(r#""do": "send", "parts": ["{name}", "for {name}"]"#), "sent").await;
        }
        let [left, right] = &mut dealers;
        assert_eq!(&left.recv().await.unwrap()[0], b"for left");
        assert_eq!(&right.recv().await.unwrap()[0], b"for right");
        assert_eq!(&right.recv().await.unwrap()[0], b"for right");
    });
}

/// The newcomer is the same peer come back; the former connection is closed.
#[test]
fn our_router_hands_a_name_over_to_the_newcomer() {
    run(async {
        let mut router = Router::new();
        let mut monitor = router.monitor();
        let endpoint = router.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        // The former socket does not come back: the two would take the name from each other for ever.
        let mut dealers = Peer::with("DEALER", &(named("twin") + r#", "RECONNECT_IVL": -1"#)).await;
        dealers.add("DEALER", &named("twin")).await;
        for on in [0, 1] {
            dealers.connect_on(on, &endpoint).await;
            dealers.must(format!(r#""do": "send", "parts": ["from {on}"], "on": {on}"#), "sent").await;
            let message = router.recv().await.unwrap();
            assert_eq!(message, Message::multipart(["twin".to_owned(), format!("from {on}")]));
        }
        until_disconnected(&mut monitor).await;
        router.send(Message::multipart(["twin", "for the newcomer"])).await.unwrap();
        dealers.must(r#""do": "expect", "parts": ["for the newcomer"], "on": 1"#, "same").await;
        dealers.must(r#""do": "nothing", "ms": 100, "on": 0"#, "nothing").await;
    });
}

#[test]
fn their_router_hands_a_name_over_to_our_newcomer() {
    run(async {
        let mut router = Peer::with("ROUTER", r#""ROUTER_HANDOVER": 1"#).await;
        let endpoint = router.bind("tcp://127.0.0.1:*").await;
        let twin = || {
            let once = Duration::from_secs(60);
            Dealer::with(Options::new().identity("twin").reconnect(once, once)).unwrap()
        };
        let (mut former, mut newcomer) = (twin(), twin());
        for (dealer, text) in [(&former, "first"), (&newcomer, "second")] {
            dealer.connect(&endpoint).unwrap();
            dealer.send(text).await.unwrap();
            router.must(format!(r#""do": "expect", "parts": ["twin", "{text}"]"#), "same").await;
        }
        router.must(r#""do": "send", "parts": ["twin", "for the newcomer"]"#, "sent").await;
        assert_eq!(&newcomer.recv().await.unwrap()[0], b"for the newcomer");
        // libzmq keeps the former connection and uses it no more.
        assert_eq!(former.try_recv(), Ok(None));
    });
}

/// Killed and started again, it is still who it was: nothing that we sent before is for another.
#[test]
fn our_router_finds_their_dealer_again_after_a_crash() {
    run(async {
        let mut router = Router::new();
        let mut monitor = router.monitor();
        let endpoint = router.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        for life in ["first life", "second life", "third life"] {
            let mut dealer = Peer::with("DEALER", &named("phoenix")).await;
            dealer.connect(&endpoint).await;
            dealer.must(format!(r#""do": "send", "parts": ["{life}"]"#), "sent").await;
            assert_eq!(router.recv().await.unwrap(), Message::multipart(["phoenix", life]));
            router.send(Message::multipart(["phoenix", life])).await.unwrap();
            dealer.must(format!(r#""do": "expect", "parts": ["{life}"]"#), "same").await;
            dealer.kill().await;
            until_disconnected(&mut monitor).await;
            let gone = router.send(Message::multipart(["phoenix", life])).await.unwrap_err();
            assert_eq!(gone.reason, NotSent::Route(RouteError::UnknownIdentity));
        }
    });
}

#[test]
fn their_router_finds_our_dealer_again_after_its_own_crash() {
    run(async {
        let options = Options::new().identity("ours").reconnect(Duration::from_millis(10), Duration::from_millis(50));
        let mut dealer = Dealer::with(options).unwrap();
        let mut monitor = dealer.monitor();
        let mut router = Peer::start("ROUTER").await;
        let endpoint = join(&dealer, &mut router, Binds::They).await;
        for life in ["first life", "second life", "third life"] {
            dealer.send(life).await.unwrap();
            router.must(format!(r#""do": "expect", "parts": ["{life}"], "keep": 1"#), "same").await;
            router.must(r#""do": "send", "parts": ["ours", "answer"]"#, "sent").await;
            assert_eq!(&dealer.recv().await.unwrap()[0], b"answer");
            router.kill().await;
            until_disconnected(&mut monitor).await;
            router = Peer::start("ROUTER").await;
            router.bind(&endpoint).await;
        }
    });
}

fn named(name: &str) -> String {
    format!(r#""IDENTITY": "{name}""#)
}
