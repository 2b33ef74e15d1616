//! What survives a crash of the other end? What was queued here; and nothing comes twice.

use crate::{Binds, join, run, until_disconnected, whoever_binds};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zeptomq::{Message, Options, Pull, Push, RecvError, Rep, Req, RequestError};
use zeptomq_tests::python::{Payload, Peer, free_port, number, numbered};

/// What was accepted while nobody was there waits for the next life; what was delivered before is not sent again.
#[test]
fn our_push_keeps_its_queue_while_their_pull_restarts() {
    run(async {
        let push = Push::with(eager()).unwrap();
        let mut monitor = push.monitor();
        let endpoint = endpoint();
        push.connect(&endpoint).unwrap();
        let mut next = 1;
        for _ in 0..3 {
            let mut pull = Peer::start("PULL").await;
            pull.bind(&endpoint).await;
            let last = next + 999;
            // The first half was queued while nobody was there.
            for number in (next..=last).skip(if next == 1 { 0 } else { 500 }) {
                push.send(numbered(number, LEN)).await.unwrap();
            }
            pull.must(take(next, last), &format!("took {next} to {last}")).await;
            pull.kill().await;
            until_disconnected(&mut monitor).await;
            next = last + 1;
            for number in next..next + 500 {
                push.send(numbered(number, LEN)).await.unwrap();
            }
        }
        assert_eq!(push.drops().undelivered, 0);
    });
}

/// Killed in the middle of the stream, it takes with it what had left for it, and no more: what comes next is in order,
/// was not taken before, and goes on to the end.
#[test]
fn a_crash_of_their_pull_amid_the_stream_repeats_nothing() {
    run(async {
        let push = Push::with(eager()).unwrap();
        let mut monitor = push.monitor();
        let endpoint = endpoint();
        push.connect(&endpoint).unwrap();
        let enough = Arc::new(AtomicBool::new(false));
        let sending = tokio::spawn({
            let enough = enough.clone();
            async move {
                for number in 1.. {
                    // Whatever is sent from then on is taken by the last life.
                    let last = enough.load(Ordering::Relaxed);
                    push.send(numbered(number, LEN)).await.unwrap();
                    if last {
                        return (push, number);
                    }
                }
                unreachable!()
            }
        });
        let mut taken = 0;
        for _ in 0..5 {
            let mut pull = Peer::with("PULL", r#""RCVBUF": 16384"#).await;
            pull.bind(&endpoint).await;
            let (first, last) = took(&pull.ask(format!(r#""do": "take", "count": 5000, "len": {LEN}"#)).await);
            assert!(first > taken, "{first} came again after {taken}");
            taken = last;
            pull.kill().await;
            until_disconnected(&mut monitor).await;
        }
        enough.store(true, Ordering::Relaxed);
        let mut pull = Peer::start("PULL").await;
        pull.bind(&endpoint).await;
        let (push, sent) = sending.await.unwrap();
        let (first, last) = took(&pull.ask(format!(r#""do": "take", "last": {sent}, "len": {LEN}"#)).await);
        assert!(first > taken && last == sent, "took {first} to {last} after {taken}, of {sent}");
        assert_eq!(push.close().await, Ok(()));
    });
}

/// Nobody is there, so the message waits for the next who connects.
#[test]
fn our_push_waits_for_the_next_pull_that_connects() {
    run(async {
        let push = Push::new();
        let mut monitor = push.monitor();
        let endpoint = push.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        for life in 0..3 {
            let payload = Payload::new(&[10, 0], life);
            let connecting = async {
                let mut pull = Peer::start("PULL").await;
                pull.connect(&endpoint).await;
                pull
            };
            let (sent, mut pull) = tokio::join!(push.send(payload.message()), connecting);
            sent.unwrap();
            pull.must(payload.expect(0), "same").await;
            pull.kill().await;
            until_disconnected(&mut monitor).await;
        }
    });
}

#[test]
fn our_pull_goes_on_with_their_restarted_push() {
    whoever_binds(async |binds| {
        let mut pull = Pull::with(eager()).unwrap();
        let mut monitor = pull.monitor();
        let endpoint = endpoint();
        match binds {
            Binds::We => drop(pull.bind(&endpoint).await.unwrap()),
            Binds::They => pull.connect(&endpoint).unwrap(),
        }
        for _ in 0..3 {
            let mut push = Peer::start("PUSH").await;
            match binds {
                Binds::We => push.connect(&endpoint).await,
                Binds::They => drop(push.bind(&endpoint).await),
            }
            push.tell(format!(r#""do": "pour", "first": 1, "last": 1000, "len": {LEN}"#)).await;
            for expected in 1..=1000 {
                assert_eq!(number(&pull.recv().await.unwrap(), LEN), expected);
            }
            push.kill().await;
            until_disconnected(&mut monitor).await;
        }
    });
}

/// The request that the crash took is given up after a time; the next one is answered, and only with its own answer.
#[test]
fn our_req_asks_again_after_a_crash_of_their_rep() {
    run(async {
        let mut req = Req::with(eager()).unwrap();
        let mut rep = Peer::start("REP").await;
        let endpoint = join(&req, &mut rep, Binds::They).await;
        for life in 0..3 {
            let [asked, lost, again] = [0, 1, 2].map(|seed| Payload::new(&[20], 10 * life + seed));
            rep.tell(asked.expect(0)).await;
            rep.tell(asked.send()).await;
            asked.is(&req.request(asked.message()).await.unwrap());
            rep.says(&["same", "sent"]).await;
            rep.kill().await;
            let patience = Duration::from_millis(200);
            let unanswered = req.request(lost.message()).timeout(patience).await;
            assert!(
                matches!(unanswered, Err(RequestError::TimedOut(_) | RequestError::Recv(RecvError::PeerGone))),
                "{unanswered:?}"
            );

            rep = Peer::start("REP").await;
            rep.bind(&endpoint).await;
            // It may still see the one that we gave up.
            rep.tell(r#""do": "answer_until", "text": "last""#).await;
            again.is(&req.request(again.message()).timeout(Duration::from_secs(10)).await.unwrap());
            assert_eq!(&req.request("last").await.unwrap()[0], b"last");
            rep.says(&["answered"]).await;
        }
    });
}

/// The reply to a requester that is gone goes nowhere, and the next one is served.
#[test]
fn our_rep_serves_the_next_after_a_crash_of_their_req() {
    run(async {
        let mut rep = Rep::new();
        let mut monitor = rep.monitor();
        let endpoint = rep.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        for life in 0..3 {
            let mut req = Peer::start("REQ").await;
            req.connect(&endpoint).await;
            let payload = Payload::new(&[20], life);
            req.must(payload.send(), "sent").await;
            let (request, responder) = rep.accept().await.unwrap();
            payload.is(&request);
            req.kill().await;
            until_disconnected(&mut monitor).await;
            responder.reply("nobody reads this").await.unwrap_err();
        }
        let mut req = Peer::start("REQ").await;
        req.connect(&endpoint).await;
        req.must(r#""do": "send", "parts": ["alive"]"#, "sent").await;
        let (request, responder) = rep.accept().await.unwrap();
        assert_eq!(request, Message::from("alive"));
        responder.reply("well").await.unwrap();
        req.must(r#""do": "expect", "parts": ["well"]"#, "same").await;
    });
}

/// A reply that comes after we gave up is not taken for the reply to the next request.
#[test]
fn our_req_drops_their_late_reply() {
    run(async {
        let mut req = Req::new();
        let mut router = Peer::start("ROUTER").await;
        join(&req, &mut router, Binds::They).await;
        let [early, late] = [Payload::new(&[5], 1), Payload::new(&[5], 2)];
        let given_up = req.request(early.message()).timeout(Duration::from_millis(1)).await;
        assert!(matches!(given_up, Err(RequestError::TimedOut(_))), "{given_up:?}");
        router.tell(early.expect(3)).await;
        router.tell(early.reply()).await;
        router.tell(late.expect(3)).await;
        router.tell(late.reply()).await;
        late.is(&req.request(late.message()).await.unwrap());
        router.says(&["same", "sent", "same", "sent"]).await;
        assert_eq!(req.drops().unasked, 1);
    });
}

fn endpoint() -> String {
    format!("tcp://127.0.0.1:{}", free_port())
}

fn eager() -> Options {
    Options::new().reconnect(Duration::from_millis(10), Duration::from_millis(50))
}

/// The first and the last number that a peer says it took.
#[track_caller]
fn took(answer: &str) -> (u64, u64) {
    let numbers = answer.strip_prefix("took ").and_then(|numbers| numbers.split_once(" to "));
    let (first, last) = numbers.unwrap_or_else(|| panic!("{answer}"));
    (first.parse().unwrap(), last.parse().unwrap())
}

fn take(first: u64, last: u64) -> String {
    format!(r#""do": "take", "first": {first}, "last": {last}, "len": {LEN}"#)
}

const LEN: usize = 100;
