//! Do our sockets and those of the crate `zeromq` understand each other? It announces ZMTP 3.0, so that it is told in
//! messages what we want to hear, and is sent no PING, which it would take for an error.
//!
//! "Their" sockets are of that crate. What it is known not to do, and is not asked for here: to queue for a peer that is
//! not there yet (it gives the message back), to send on what is queued when a socket is dropped, to connect again (but
//! for SUB and XSUB), to know commands other than READY.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

use std::time::Duration;
use zeptomq::core::pattern::Pattern;
use zeptomq::{Dealer, Event, Message, Options, Pub, Pull, Push, Rep, Req, Router, Socket, Sub};
use zeptomq_tests::python::{Payload, number, numbered};
use zeromq::{
    DealerSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, Socket as _, SocketRecv,
    SocketSend, SubSocket, XPubSocket, XSubSocket, ZmqError, ZmqMessage,
};

#[test]
fn our_push_talks_to_their_pull() {
    whoever_binds(async |binds| {
        let (push, mut pull) = (Push::new(), PullSocket::new());
        join(&push, &mut pull, binds).await;
        for payload in payloads() {
            push.send(payload.message()).await.unwrap();
            payload.is(&heard(&mut pull).await);
        }
    });
}

#[test]
fn our_pull_talks_to_their_push() {
    whoever_binds(async |binds| {
        let (mut pull, mut push) = (Pull::new(), PushSocket::new());
        join(&pull, &mut push, binds).await;
        for payload in payloads() {
            say(&mut push, payload.message()).await;
            payload.is(&pull.recv().await.unwrap());
        }
    });
}

#[test]
fn our_pub_talks_to_their_sub_and_xsub() {
    whoever_binds(async |binds| {
        let (publisher, mut sub) = (Pub::new(), SubSocket::new());
        sub.subscribe("a").await.unwrap();
        sub.subscribe("no more").await.unwrap();
        join(&publisher, &mut sub, binds).await;
        publisher.wait_for_subscribers("no more", 1).await;
        while wants(&publisher, "no more").await {
            sub.unsubscribe("no more").await.unwrap();
        }
        is_sent_what_it_wants(&publisher, &mut sub).await;

        let (publisher, mut xsub) = (Pub::new(), XSubSocket::new());
        join(&publisher, &mut xsub, binds).await;
        for topic in ["no more", "a"] {
            while !wants(&publisher, topic).await {
                say(&mut xsub, format!("\u{1}{topic}").into()).await;
            }
        }
        while wants(&publisher, "no more").await {
            say(&mut xsub, "\0no more".into()).await;
        }
        is_sent_what_it_wants(&publisher, &mut xsub).await;
    });
}

/// Whether somebody wants the topic, in a moment. What theirs say while they make a peer of us they say to nobody, so it is
/// said again until it was heard.
async fn wants(publisher: &Pub, topic: &str) -> bool {
    // Nothing tells that a cancel was heard.
    tokio::time::sleep(MOMENT).await;
    tokio::time::timeout(MOMENT, publisher.wait_for_subscribers(topic, 1)).await.is_ok()
}

/// They want what begins with "a".
async fn is_sent_what_it_wants(publisher: &Pub, theirs: &mut impl SocketRecv) {
    publisher.wait_for_subscribers("a", 1).await;
    for payload in payloads() {
        for topic in [&b"b"[..], b"no more", b"ab"] {
            publisher.send(payload.behind(&[topic])).await.unwrap();
        }
        payload.follows(&[b"ab"], &heard(theirs).await);
    }
}

#[test]
fn our_sub_talks_to_their_pub() {
    whoever_binds(async |binds| {
        let (mut sub, mut publisher) = (Sub::new(), PubSocket::new());
        sub.subscribe("no more");
        sub.subscribe("a");
        join(&sub, &mut publisher, binds).await;
        sub.unsubscribe("no more");
        sub.subscribe("ready");
        // Nothing says when a PUB of theirs has heard what we want.
        let until_ready = async {
            loop {
                say(&mut publisher, "ready".into()).await;
                if tokio::time::timeout(MOMENT, sub.recv()).await.is_ok() {
                    break;
                }
            }
        };
        until_ready.await;
        sub.unsubscribe("ready");
        for payload in payloads() {
            for topic in [&b"b"[..], b"no more", b"ab"] {
                say(&mut publisher, payload.behind(&[topic])).await;
            }
            let mut next = sub.recv().await.unwrap();
            while next == Message::from("ready") {
                next = sub.recv().await.unwrap();
            }
            payload.follows(&[b"ab"], &next);
        }
    });
}

/// Theirs shows what it is told.
#[test]
fn our_sub_talks_to_their_xpub() {
    whoever_binds(async |binds| {
        let (mut sub, mut publisher) = (Sub::new(), XPubSocket::new());
        sub.subscribe("no more");
        join(&sub, &mut publisher, binds).await;
        assert_eq!(heard(&mut publisher).await, Message::from("\u{1}no more"));
        sub.subscribe("a");
        sub.unsubscribe("no more");
        for said in ["\u{1}a", "\0no more"] {
            assert_eq!(heard(&mut publisher).await, Message::from(said));
        }
        for payload in payloads() {
            for topic in [&b"b"[..], b"no more", b"ab"] {
                say(&mut publisher, payload.behind(&[topic])).await;
            }
            payload.follows(&[b"ab"], &sub.recv().await.unwrap());
        }
    });
}

#[test]
fn our_req_talks_to_their_rep_and_router() {
    for strict in [false, true] {
        whoever_binds(async |binds| {
            let (mut req, mut rep) = (requester(strict), RepSocket::new());
            join(&req, &mut rep, binds).await;
            for payload in payloads() {
                let answer = async {
                    let question = heard(&mut rep).await;
                    payload.is(&question);
                    say(&mut rep, question).await;
                };
                let (reply, ()) = tokio::join!(req.request(payload.message()), answer);
                payload.is(&reply.unwrap());
            }

            let (mut req, mut router) = (requester(strict), RouterSocket::new());
            join(&req, &mut router, binds).await;
            for payload in payloads() {
                let answer = async {
                    let question = heard(&mut router).await;
                    say(&mut router, question).await;
                };
                let (reply, ()) = tokio::join!(req.request(payload.message()), answer);
                payload.is(&reply.unwrap());
            }
        });
    }
}

#[test]
fn our_rep_talks_to_their_req_and_dealer() {
    whoever_binds(async |binds| {
        let (mut rep, mut req) = (Rep::new(), ReqSocket::new());
        join(&rep, &mut req, binds).await;
        for payload in payloads() {
            say(&mut req, payload.message()).await;
            answer_with_itself(&mut rep, &payload).await;
            payload.is(&heard(&mut req).await);
        }

        let (mut rep, mut dealer) = (Rep::new(), DealerSocket::new());
        join(&rep, &mut dealer, binds).await;
        for payload in payloads() {
            say(&mut dealer, payload.behind(&[b"id", b""])).await;
            answer_with_itself(&mut rep, &payload).await;
            payload.follows(&[b"id", b""], &heard(&mut dealer).await);
        }
    });
}

async fn answer_with_itself(rep: &mut Rep, payload: &Payload) {
    let (request, responder) = rep.accept().await.unwrap();
    payload.is(&request);
    responder.reply(request).await.unwrap();
}

#[test]
fn our_dealer_talks_to_their_rep_router_and_dealer() {
    whoever_binds(async |binds| {
        let (mut ours, mut rep) = (Dealer::new(), RepSocket::new());
        join(&ours, &mut rep, binds).await;
        for payload in payloads() {
            ours.send(payload.behind(&[b""])).await.unwrap();
            let question = heard(&mut rep).await;
            payload.is(&question);
            say(&mut rep, question).await;
            payload.follows(&[b""], &ours.recv().await.unwrap());
        }

        let (mut ours, mut router) = (Dealer::with(Options::new().identity("ours")).unwrap(), RouterSocket::new());
        join(&ours, &mut router, binds).await;
        for payload in payloads() {
            ours.send(payload.message()).await.unwrap();
            let message = heard(&mut router).await;
            payload.follows(&[b"ours"], &message);
            say(&mut router, message).await;
            payload.is(&ours.recv().await.unwrap());
        }

        let (mut ours, mut theirs) = (Dealer::new(), DealerSocket::new());
        join(&ours, &mut theirs, binds).await;
        for payload in payloads() {
            ours.send(payload.message()).await.unwrap();
            payload.is(&heard(&mut theirs).await);
            say(&mut theirs, payload.message()).await;
            payload.is(&ours.recv().await.unwrap());
        }
    });
}

#[test]
fn our_router_talks_to_their_req_dealer_and_router() {
    whoever_binds(async |binds| {
        let (mut router, mut req) = (Router::new(), ReqSocket::new());
        join(&router, &mut req, binds).await;
        for payload in payloads() {
            say(&mut req, payload.message()).await;
            let question = router.recv().await.unwrap();
            payload.follows(&[&question[0], b""], &question);
            router.send(question).await.unwrap();
            payload.is(&heard(&mut req).await);
        }

        let (mut router, mut dealer) = (Router::new(), DealerSocket::with_options(named("theirs")));
        join(&router, &mut dealer, binds).await;
        for payload in payloads() {
            router.send(payload.behind(&[b"theirs"])).await.unwrap();
            payload.is(&heard(&mut dealer).await);
            say(&mut dealer, payload.message()).await;
            payload.follows(&[b"theirs"], &router.recv().await.unwrap());
        }

        let mut router = Router::with(Options::new().identity("ours")).unwrap();
        let mut theirs = RouterSocket::with_options(named("theirs"));
        join(&router, &mut theirs, binds).await;
        for payload in payloads() {
            router.send(payload.behind(&[b"theirs"])).await.unwrap();
            payload.follows(&[b"ours"], &heard(&mut theirs).await);
            say(&mut theirs, payload.behind(&[b"ours"])).await;
            payload.follows(&[b"theirs"], &router.recv().await.unwrap());
        }
    });
}

#[test]
fn many_small_messages_keep_their_order() {
    whoever_binds(async |binds| {
        let (push, mut pull) = (Push::new(), PullSocket::new());
        join(&push, &mut pull, binds).await;
        let sending = async {
            for next in 1..=MANY {
                push.send(numbered(next, LEN)).await.unwrap();
            }
        };
        let receiving = async {
            for next in 1..=MANY {
                assert_eq!(number(&heard(&mut pull).await, LEN), next);
            }
        };
        tokio::join!(sending, receiving);

        let (mut pull, mut push) = (Pull::new(), PushSocket::new());
        join(&pull, &mut push, binds).await;
        let sending = async {
            for next in 1..=MANY {
                say(&mut push, numbered(next, LEN)).await;
            }
        };
        let receiving = async {
            for next in 1..=MANY {
                assert_eq!(number(&pull.recv().await.unwrap(), LEN), next);
            }
        };
        tokio::join!(sending, receiving);
    });
}

/// It is sent no PING, and is not given up though it sends none.
#[test]
fn a_quiet_connection_stays() {
    whoever_binds(async |binds| {
        let options = Options::new().heartbeat(MOMENT, 4 * MOMENT);
        let (mut dealer, mut theirs) = (Dealer::with(options).unwrap(), DealerSocket::new());
        let mut monitor = dealer.monitor();
        join(&dealer, &mut theirs, binds).await;
        let lost = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
        assert!(tokio::time::timeout(20 * MOMENT, lost).await.is_err(), "the connection was lost");
        dealer.send("still").await.unwrap();
        assert_eq!(heard(&mut theirs).await, Message::from("still"));
        say(&mut theirs, "here".into()).await;
        assert_eq!(&dealer.recv().await.unwrap()[0], b"here");
    });
}

/// Who binds; the other connects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Binds {
    We,
    They,
}

/// Runs a test once for each end that may bind, each time within the deadline.
fn whoever_binds(test: impl AsyncFn(Binds)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for binds in [Binds::We, Binds::They] {
        let over = runtime.block_on(async { tokio::time::timeout(DEADLINE, test(binds)).await });
        over.unwrap_or_else(|_| panic!("not over in {DEADLINE:?} when binds {binds:?}"));
    }
}

/// Connects the two, and waits until they are peers.
async fn join<P: Pattern + Send + 'static>(ours: &Socket<P>, theirs: &mut impl zeromq::Socket, binds: Binds) {
    match binds {
        Binds::We => theirs.connect(&ours.bind(LOOPBACK).await.unwrap().to_string()).await.unwrap(),
        Binds::They => ours.connect(&theirs.bind(LOOPBACK).await.unwrap().to_string()).unwrap(),
    }
    ours.wait_for_peers(1).await;
}

/// They send. One that does not know of us yet gives the message back.
async fn say(theirs: &mut impl SocketSend, message: Message) {
    let parts: Vec<_> = message.parts().map(bytes::Bytes::copy_from_slice).collect();
    let mut message = ZmqMessage::try_from(parts).unwrap();
    while let Err(error) = theirs.send(message).await {
        let ZmqError::ReturnToSender { message: back, .. } = error else { panic!("{error}") };
        message = back;
        tokio::task::yield_now().await;
    }
}

/// What they receive next.
async fn heard(theirs: &mut impl SocketRecv) -> Message {
    Message::multipart(theirs.recv().await.unwrap().into_vec())
}

fn requester(strict: bool) -> Req {
    if strict { Req::with(Options::new().strict_requests()).unwrap() } else { Req::new() }
}

fn named(name: &str) -> zeromq::SocketOptions {
    let mut options = zeromq::SocketOptions::default();
    options.peer_identity(name.parse().unwrap());
    options
}

/// Both forms of a frame, and empty parts at every place.
fn payloads() -> Vec<Payload> {
    let lens: [&[usize]; 8] = [&[0], &[1], &[255], &[256], &[0, 5], &[5, 0, 5], &[5, 0], &[300, 0, 9000]];
    lens.iter().enumerate().map(|(at, lens)| Payload::new(lens, at)).collect()
}

const LOOPBACK: &str = "tcp://127.0.0.1:0";
const LEN: usize = 40;
const MANY: u64 = 20_000;
const MOMENT: Duration = Duration::from_millis(20);
const DEADLINE: Duration = Duration::from_secs(20);
