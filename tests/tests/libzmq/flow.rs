//! What happens when one end is faster than the other, or when there are many? Nobody is overrun and nobody is left out.

use crate::{LOOPBACK, join, run, until_disconnected, whoever_binds};
use std::collections::HashSet;
use std::time::Duration;
use zeptomq::{Dealer, Endpoint, Limit, Message, Options, Pull, Push, Router};
use zeptomq_tests::python::{Peer, number, numbered};

/// Their PULL takes nothing at first, so our PUSH comes to wait; then it takes everything, in order.
#[test]
fn our_push_waits_for_their_slow_pull_and_loses_nothing() {
    whoever_binds(async |binds| {
        let push = Push::with(Options::new().send_limit(Limit { messages: 1000, octets: 100_000 })).unwrap();
        let mut pull = Peer::with("PULL", r#""RCVHWM": 10, "RCVBUF": 65536"#).await;
        join(&push, &mut pull, binds).await;
        let mut next = 1;
        while let Ok(sent) = tokio::time::timeout(STUCK, push.send(numbered(next, LEN))).await {
            sent.unwrap();
            next += 1;
        }
        assert!(next < MANY / 2, "{next} messages were accepted for a peer that took none");
        pull.tell(take_slowly()).await;
        for number in next..=MANY {
            push.send(numbered(number, LEN)).await.unwrap();
        }
        pull.says(&[&format!("took 1 to {MANY}")]).await;
        assert_eq!(push.drops().undelivered, 0);
    });
}

/// Our PULL takes nothing at first, so their PUSH comes to wait; then it takes everything, in order.
#[test]
fn their_push_waits_for_our_slow_pull_and_loses_nothing() {
    whoever_binds(async |binds| {
        let mut pull = Pull::with(Options::new().receive_limit(Limit { messages: 1000, octets: 100_000 })).unwrap();
        let mut push = Peer::with("PUSH", r#""SNDHWM": 10, "SNDBUF": 65536"#).await;
        join(&pull, &mut push, binds).await;
        let step = format!(r#""do": "pour_until_blocked", "first": 1, "len": {LEN}, "quiet_ms": 200"#);
        let answer = push.must(step, "blocked before ").await;
        let next: u64 = answer["blocked before ".len()..].parse().unwrap();
        assert!(next < MANY / 2, "{next} messages were accepted for us, who took none");
        push.tell(format!(r#""do": "pour", "first": {next}, "last": {MANY}, "len": {LEN}"#)).await;
        for expected in 1..=MANY {
            if expected % 10_000 == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(number(&pull.recv().await.unwrap(), LEN), expected);
        }
        push.says(&["poured"]).await;
    });
}

/// Both directions at once, each end slow in one of them.
#[test]
fn our_dealer_and_their_router_are_slow_and_lose_nothing() {
    whoever_binds(async |binds| {
        let limit = Limit { messages: 200, octets: 20_000 };
        let options = Options::new().identity("ours").send_limit(limit).receive_limit(limit);
        let dealer = Dealer::with(options).unwrap();
        // Theirs drops what is for a peer whose queue is full, unless it is told to wait for it.
        let mut router = Peer::with("ROUTER", r#""ROUTER_MANDATORY": 1, "SNDHWM": 10, "RCVHWM": 10"#).await;
        join(&dealer, &mut router, binds).await;
        let (sender, mut receiver) = dealer.split();
        sender.send("hello").await.unwrap();
        router.must(r#""do": "expect", "parts": ["ours", "hello"]"#, "same").await;
        router.tell(r#""do": "echo", "count": 20000"#).await;
        let sending = tokio::spawn(async move {
            for number in 1..=20_000 {
                sender.send(numbered(number, LEN)).await.unwrap();
            }
        });
        for expected in 1..=20_000 {
            if expected % 2_000 == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(number(&receiver.recv().await.unwrap(), LEN), expected);
        }
        router.says(&["echoed"]).await;
        sending.await.unwrap();
    });
}

/// All that they sent is here and they are gone, so that nothing but our own turns decides who is next.
#[test]
fn fifty_of_their_pushes_have_their_turns_one_after_the_other() {
    run(async {
        let mut pull = Pull::new();
        let mut monitor = pull.monitor();
        let mut pushes = fifty("PUSH", r#""SNDHWM": 0"#, pull.bind(LOOPBACK).await.unwrap()).await;
        for on in 0..FIFTY {
            pushes.must(label(on, 100), "labelled").await;
            pushes.must(format!(r#""do": "close", "linger": 20000, "on": {on}"#), "closed").await;
        }
        for _ in 0..FIFTY {
            until_disconnected(&mut monitor).await;
        }
        for turn in 0..100 {
            let mut left: HashSet<_> = (0..FIFTY).collect();
            for _ in 0..FIFTY {
                let (on, number) = labelled(&pull.recv().await.unwrap());
                assert!(left.remove(&on) && number == turn, "number {number} of {on} in turn {turn}");
            }
        }
        assert_eq!(pull.try_recv(), Ok(None));
    });
}

/// Each has far more to send than we take of it at a time; when the first is done, nobody has waited for that.
#[test]
fn none_of_fifty_of_their_pushes_is_left_out() {
    run(async {
        let mut pull = Pull::with(Options::new().receive_limit(Limit { messages: 10, octets: 1 << 20 })).unwrap();
        let mut pushes = fifty("PUSH", r#""SNDHWM": 0"#, pull.bind(LOOPBACK).await.unwrap()).await;
        pull.wait_for_peers(FIFTY).await;
        for on in 0..FIFTY {
            pushes.must(label(on, EACH), "labelled").await;
        }
        let mut counts = vec![0; FIFTY];
        while counts.iter().all(|&count| count < EACH) {
            let (on, number) = labelled(&pull.recv().await.unwrap());
            assert_eq!(number, counts[on], "the order of {on}");
            counts[on] += 1;
        }
        assert!(!counts.contains(&0), "one of them is done and another was never heard: {counts:?}");
        for _ in counts.iter().sum()..FIFTY * EACH {
            pull.recv().await.unwrap();
        }
        assert_eq!(pull.try_recv(), Ok(None));
    });
}

/// Work is dealt out evenly, and comes back to one socket.
#[test]
fn our_push_deals_out_to_all_of_their_pulls_in_turn() {
    run(async {
        let push = Push::new();
        let endpoint = push.bind(LOOPBACK).await.unwrap().to_string();
        let mut pulls = Peer::bare();
        for on in 0..10 {
            pulls.add("PULL", "").await;
            pulls.connect_on(on, &endpoint).await;
        }
        push.wait_for_peers(10).await;
        for number in 0..100 {
            push.send(format!("{number}")).await.unwrap();
        }
        for on in 0..10 {
            for _ in 0..10 {
                pulls.must(format!(r#""do": "expect", "parts": [], "keep": 1, "on": {on}"#), "same").await;
            }
        }
    });
}

/// Fifty requesters at once, each of which gets its own answers.
#[test]
fn fifty_of_their_dealers_are_answered_by_our_router() {
    run(async {
        let router = Router::new();
        let endpoint = router.bind(LOOPBACK).await.unwrap();
        let (sender, mut receiver) = router.split();
        let answering = tokio::spawn(async move {
            while let Ok(question) = receiver.recv().await {
                sender.send(question).await.unwrap();
            }
        });
        let mut dealers = fifty("DEALER", "", endpoint).await;
        for on in 0..FIFTY {
            dealers.must(label(on, 20), "labelled").await;
        }
        for on in 0..FIFTY {
            for number in 0..20 {
                let parts = format!(r#"["{on}", "{number}", [2000, {on}]]"#);
                dealers.tell(format!(r#""do": "expect", "parts": {parts}, "on": {on}"#)).await;
            }
        }
        dealers.says(&vec!["same"; FIFTY * 20]).await;
        answering.abort();
    });
}

async fn fifty(kind: &str, options: &str, endpoint: Endpoint) -> Peer {
    let mut peer = Peer::bare();
    for on in 0..FIFTY {
        peer.add(kind, options).await;
        peer.connect_on(on, &endpoint.to_string()).await;
    }
    peer
}

/// The step that sends so many messages, which say from which socket they are and have numbers from 0 on.
fn label(on: usize, count: usize) -> String {
    format!(r#""do": "label", "text": "{on}", "count": {count}, "filling": [2000, {on}], "on": {on}"#)
}

fn labelled(message: &Message) -> (usize, usize) {
    let number = |part: &[u8]| std::str::from_utf8(part).unwrap().parse().unwrap();
    (number(&message[0]), number(&message[1]))
}

fn take_slowly() -> String {
    format!(r#""do": "take", "first": 1, "last": {MANY}, "len": {LEN}, "pause_every": 10000, "pause_ms": 2"#)
}

const MANY: u64 = 200_000;
const LEN: usize = 100;
const FIFTY: usize = 50;
const EACH: usize = 400;
/// A message that is not accepted in this time waits for room.
const STUCK: Duration = Duration::from_millis(200);
