//! Who may come first? Either, and what was sent before the other came arrives in order.

use crate::{join, run, whoever_binds};
use std::time::Duration;
use zeptomq::{Dealer, Options, Pull, Push, Rep, Req};
use zeptomq_tests::python::{Payload, Peer, free_port, number, numbered};

#[test]
fn our_push_connects_and_sends_before_their_pull_binds() {
    run(async {
        let endpoint = endpoint();
        let push = Push::with(eager()).unwrap();
        push.connect(&endpoint).unwrap();
        for number in 1..=MESSAGES {
            push.send(numbered(number, LEN)).await.unwrap();
        }
        let mut pull = Peer::start("PULL").await;
        pull.bind(&endpoint).await;
        pull.must(take_all(), TOOK_ALL).await;
    });
}

#[test]
fn their_push_connects_and_sends_before_our_pull_binds() {
    run(async {
        let endpoint = endpoint();
        let mut push = Peer::with("PUSH", r#""SNDHWM": 0"#).await;
        push.connect(&endpoint).await;
        push.must(pour_all(), "poured").await;
        let mut pull = Pull::new();
        pull.bind(&endpoint).await.unwrap();
        expect_all(&mut pull).await;
    });
}

#[test]
fn our_pull_connects_before_their_push_binds() {
    run(async {
        let endpoint = endpoint();
        let mut pull = Pull::with(eager()).unwrap();
        pull.connect(&endpoint).unwrap();
        let mut push = Peer::start("PUSH").await;
        push.bind(&endpoint).await;
        push.tell(pour_all()).await;
        expect_all(&mut pull).await;
        push.says(&["poured"]).await;
    });
}

#[test]
fn their_pull_connects_before_our_push_binds() {
    run(async {
        let endpoint = endpoint();
        let mut pull = Peer::start("PULL").await;
        pull.connect(&endpoint).await;
        let push = Push::new();
        push.bind(&endpoint).await.unwrap();
        for number in 1..=MESSAGES {
            push.send(numbered(number, LEN)).await.unwrap();
        }
        pull.must(take_all(), TOOK_ALL).await;
    });
}

#[test]
fn our_req_asks_before_their_rep_binds() {
    run(async {
        let endpoint = endpoint();
        let mut req = Req::with(eager()).unwrap();
        req.connect(&endpoint).unwrap();
        let (question, answer) = (Payload::new(&[300, 0], 1), Payload::new(&[0, 300], 2));
        let theirs = async {
            let mut rep = Peer::start("REP").await;
            rep.bind(&endpoint).await;
            rep.must(question.expect(0), "same").await;
            rep.must(answer.send(), "sent").await;
            rep
        };
        let (reply, _rep) = tokio::join!(req.request(question.message()), theirs);
        answer.is(&reply.unwrap());
    });
}

#[test]
fn their_req_asks_before_our_rep_binds() {
    run(async {
        let endpoint = endpoint();
        let (question, answer) = (Payload::new(&[300, 0], 1), Payload::new(&[0, 300], 2));
        let mut req = Peer::start("REQ").await;
        req.connect(&endpoint).await;
        req.must(question.send(), "sent").await;
        let mut rep = Rep::new();
        rep.bind(&endpoint).await.unwrap();
        let (request, responder) = rep.accept().await.unwrap();
        question.is(&request);
        responder.reply(answer.message()).await.unwrap();
        req.must(answer.expect(0), "same").await;
    });
}

/// One task sends while another receives, and libzmq sends all before it takes any.
#[test]
fn both_directions_of_a_dealer_keep_their_order_at_once() {
    whoever_binds(async |binds| {
        let dealer = Dealer::new();
        let mut theirs = Peer::with("DEALER", r#""SNDHWM": 0, "RCVHWM": 0"#).await;
        join(&dealer, &mut theirs, binds).await;
        theirs.tell(pour_all()).await;
        theirs.tell(take_all()).await;
        let (sender, mut receiver) = dealer.split();
        let sending = tokio::spawn(async move {
            for number in 1..=MESSAGES {
                sender.send(numbered(number, LEN)).await.unwrap();
            }
            sender
        });
        for expected in 1..=MESSAGES {
            assert_eq!(number(&receiver.recv().await.unwrap(), LEN), expected);
        }
        theirs.says(&["poured", TOOK_ALL]).await;
        sending.await.unwrap();
    });
}

async fn expect_all(pull: &mut Pull) {
    for expected in 1..=MESSAGES {
        assert_eq!(number(&pull.recv().await.unwrap(), LEN), expected);
    }
}

fn endpoint() -> String {
    format!("tcp://127.0.0.1:{}", free_port())
}

fn eager() -> Options {
    Options::new().reconnect(Duration::from_millis(10), Duration::from_millis(50))
}

fn pour_all() -> String {
    format!(r#""do": "pour", "first": 1, "last": {MESSAGES}, "len": {LEN}"#)
}

fn take_all() -> String {
    format!(r#""do": "take", "first": 1, "last": {MESSAGES}, "len": {LEN}"#)
}

const MESSAGES: u64 = 5_000;
const TOOK_ALL: &str = "took 1 to 5000";
const LEN: usize = 60;
