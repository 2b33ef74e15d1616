//! Is nothing lost nor torn when a future is dropped wherever it waits?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::net::TcpListener;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use support::{shake, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use zeptomq::{Context, Event, Limit, Options, Policy, Pub, Pull, Push, Rep, Req, Sub};

/// Where a future is dropped: after so many polls in vain, at once or when it is woken once more.
#[derive(Clone, Copy, Debug)]
enum Cut {
    After(u32),
    WokenAfter(u32),
}

const CUTS: [Cut; 6] =
    [Cut::After(1), Cut::WokenAfter(1), Cut::After(2), Cut::WokenAfter(2), Cut::After(3), Cut::WokenAfter(3)];

/// The future's output, unless it was dropped before.
async fn cut<T>(cut: Cut, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|cx| {
        if matches!(cut, Cut::WokenAfter(most) if polls == most) {
            return Poll::Ready(None);
        }
        polls += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if matches!(cut, Cut::After(most) if polls == most) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Two that are connected, with room for few messages.
async fn pipeline() -> (Push, Pull) {
    let few = Limit { messages: 3, octets: 1 << 20 };
    let context = Context::with(Options::new().send_limit(few).receive_limit(few)).unwrap();
    let (push, pull) = (Push::within(&context), Pull::within(&context));
    pull.bind("inproc://pipeline").await.unwrap();
    push.connect("inproc://pipeline").unwrap();
    (push, pull)
}

/// Senders that are woken for the same room, and often leave without having used it.
#[tokio::test]
async fn a_message_is_sent_when_its_future_says_so_and_only_then() {
    let (push, mut pull) = pipeline().await;
    let mut sending = Vec::new();
    for sender in 0..3u32 {
        let push = push.clone();
        sending.push(tokio::spawn(async move {
            let (mut sent, mut interrupted) = (Vec::new(), 0);
            for number in 0..600u32 {
                let name = (sender * 1000 + number).to_be_bytes();
                // Large enough to leave in several writes.
                let sending = push.send([&name[..], &[7; 60_000]].concat());
                match cut(CUTS[number as usize % CUTS.len()], sending).await {
                    Some(done) => {
                        done.unwrap();
                        sent.push(name);
                    }
                    None => interrupted += 1,
                }
            }
            (sent, interrupted)
        }));
    }
    let receiving = tokio::spawn(async move {
        let mut received = Vec::new();
        loop {
            let message = soon("a message", pull.recv()).await.unwrap();
            if &message[0] == b"over" {
                return received;
            }
            assert!(message[0][4..] == [7; 60_000]);
            received.push(<[u8; 4]>::try_from(&message[0][..4]).unwrap());
        }
    });
    let (mut expected, mut interrupted) = (BTreeSet::new(), 0);
    for sending in sending {
        let (sent, cut_short) = soon("a sender", sending).await.unwrap();
        expected.extend(sent);
        interrupted += cut_short;
    }
    soon("the end", push.send("over")).await.unwrap();
    let received = soon("the receiver", receiving).await.unwrap();
    assert!(interrupted > 0 && !expected.is_empty());
    assert_eq!(received.len(), expected.len());
    assert_eq!(received.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn a_message_stays_where_it_is_until_somebody_has_received_it() {
    let (push, mut pull) = pipeline().await;
    let sending = tokio::spawn(async move {
        for number in 0..3000u32 {
            push.send(number.to_be_bytes().to_vec()).await.unwrap();
        }
        push.close().await
    });
    let (mut interrupted, mut next) = (0, 0u32);
    for turn in CUTS.into_iter().cycle() {
        if next == 3000 {
            break;
        }
        match soon("a message", cut(turn, pull.recv())).await {
            Some(message) => {
                assert_eq!(message.unwrap()[0], next.to_be_bytes());
                next += 1;
            }
            None => {
                interrupted += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(interrupted > 0);
    soon("closing", sending).await.unwrap().unwrap();
}

/// A request is sent once or not at all, and nobody is given the reply to another's.
#[tokio::test]
async fn a_request_that_is_dropped_leaves_nothing_to_the_next() {
    let context = Context::new();
    let (mut req, mut rep) = (Req::within(&context), Rep::within(&context));
    rep.bind("inproc://calls").await.unwrap();
    let serving = tokio::spawn(async move {
        let mut asked = Vec::new();
        loop {
            let (request, responder) = rep.accept().await.unwrap();
            asked.push(<[u8; 4]>::try_from(&request[0]).unwrap());
            // The requester may have gone on already.
            tokio::task::yield_now().await;
            responder.reply(request).await.unwrap();
            if asked.last() == Some(&[0xff; 4]) {
                return asked;
            }
        }
    });
    req.connect("inproc://calls").unwrap();
    let (mut interrupted, mut answered) = (0, Vec::new());
    for number in 0..600u32 {
        let name = number.to_be_bytes();
        let timeout = Duration::from_secs(20);
        match cut(CUTS[number as usize % CUTS.len()], req.request(name.to_vec()).timeout(timeout)).await {
            Some(reply) => {
                assert_eq!(reply.unwrap()[0], name);
                answered.push(name);
            }
            None => interrupted += 1,
        }
    }
    let reply = soon("the last reply", req.request(vec![0xff; 4])).await.unwrap();
    assert_eq!(reply[0], [0xff; 4]);
    let asked = soon("the server", serving).await.unwrap();
    assert!(interrupted > 0 && !answered.is_empty());
    assert!(asked.windows(2).all(|two| two[0] < two[1]), "asked twice, or out of order");
    assert!(answered.iter().all(|name| asked.contains(name)));
}

#[tokio::test]
async fn an_accept_that_is_dropped_leaves_the_request_to_the_next() {
    let context = Context::new();
    let (mut req, mut rep) = (Req::within(&context), Rep::within(&context));
    rep.bind("inproc://calls").await.unwrap();
    req.connect("inproc://calls").unwrap();
    let asking = tokio::spawn(async move {
        for number in 0..300u32 {
            let reply = soon("the reply", req.request(number.to_be_bytes().to_vec())).await.unwrap();
            assert_eq!(reply[0], number.to_be_bytes());
        }
    });
    let (mut interrupted, mut next) = (0, 0u32);
    for turn in CUTS.into_iter().cycle() {
        if next == 300 {
            break;
        }
        match soon("a request", cut(turn, rep.accept())).await {
            Some(accepted) => {
                let (request, responder) = accepted.unwrap();
                assert_eq!(request[0], next.to_be_bytes());
                responder.reply(request).await.unwrap();
                next += 1;
            }
            None => {
                interrupted += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    soon("the client", asking).await.unwrap();
    assert!(interrupted > 0);
}

/// The requester takes nothing for now: the second reply has no room.
#[tokio::test]
async fn a_reply_that_is_dropped_is_not_sent_and_frees_the_rep() {
    let options = Options::new().overload(Policy::Wait).send_limit(Limit { messages: 1, octets: 1 << 20 });
    let mut rep = Rep::with(options).unwrap();
    let (one, mut requester) = duplex(1024);
    rep.serve(one, "requester").unwrap();
    shake(&mut requester, "DEALER").await;
    rep.wait_for_peers(1).await;
    for number in b"123" {
        requester.write_all(&[1, 0, 0, 1, *number]).await.unwrap();
    }
    let mut interrupted = 0;
    for number in b"12" {
        let (request, responder) = soon("a request", rep.accept()).await.unwrap();
        assert_eq!(request[0], [*number]);
        interrupted += u32::from(cut(Cut::After(1), responder.reply(vec![*number; 10_000])).await.is_none());
    }
    assert_eq!(interrupted, 1);
    let (request, responder) = soon("the request", rep.accept()).await.unwrap();
    assert_eq!(&request[0], b"3");
    let hearing = async {
        for number in b"13" {
            let mut reply = vec![0; 2 + 9 + 10_000];
            soon("a reply", requester.read_exact(&mut reply)).await.unwrap();
            assert!(reply[11..] == [*number; 10_000], "{}", reply[11]);
        }
    };
    let ((), replied) = tokio::join!(hearing, responder.reply(vec![b'3'; 10_000]));
    replied.unwrap();
}

#[tokio::test]
async fn a_socket_goes_on_closing_when_nobody_waits_for_it() {
    let mut interrupted = 0;
    for turn in [Cut::WokenAfter(0)].into_iter().chain(CUTS) {
        let (push, mut pull) = pipeline().await;
        let mut monitor = pull.monitor();
        for number in 0..3u8 {
            push.send(vec![number; 200_000]).await.unwrap();
        }
        interrupted += u32::from(soon("closing", cut(turn, push.close())).await.is_none());
        for number in 0..3u8 {
            assert!(soon("a message", pull.recv()).await.unwrap()[0] == [number; 200_000]);
        }
        let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
        soon("the end of the connection", gone).await;
    }
    assert!(interrupted > 1, "{interrupted}");
}

#[tokio::test]
async fn whoever_waits_for_peers_or_events_may_give_up() {
    let context = Context::new();
    let (publisher, sub) = (Pub::within(&context), Sub::within(&context));
    let mut monitor = publisher.monitor();
    publisher.bind("inproc://news").await.unwrap();
    let mut interrupted = 0;
    for _ in 0..10 {
        interrupted += u32::from(cut(Cut::After(1), publisher.wait_for_peers(1)).await.is_none());
        interrupted += u32::from(cut(Cut::After(1), publisher.wait_for_subscribers("x", 1)).await.is_none());
        interrupted += u32::from(cut(Cut::After(1), monitor.recv()).await.is_none());
    }
    assert_eq!(interrupted, 30);
    sub.connect("inproc://news").unwrap();
    // Woken for what they wait for, and dropped without having seen it.
    assert!(soon("a peer", cut(Cut::WokenAfter(1), publisher.wait_for_peers(1))).await.is_none());
    soon("the peer", publisher.wait_for_peers(1)).await;
    let event = soon("the event", monitor.recv()).await.unwrap();
    assert!(matches!(event, Event::Accepted { .. }), "{event}");
    sub.subscribe("x");
    let subscribers = publisher.wait_for_subscribers("x", 1);
    assert!(soon("a subscriber", cut(Cut::WokenAfter(1), subscribers)).await.is_none());
    soon("the subscriber", publisher.wait_for_subscribers("x", 1)).await;
}

#[tokio::test]
async fn a_bind_that_is_dropped_binds_nothing() {
    let mut interrupted = 0;
    for turn in CUTS {
        let address = TcpListener::bind("localhost:0").unwrap().local_addr().unwrap();
        let pull = Pull::new();
        if soon("binding", cut(turn, pull.bind(&format!("tcp://localhost:{}", address.port())))).await.is_none() {
            interrupted += 1;
            TcpListener::bind(address).unwrap();
        }
    }
    assert!(interrupted > 0);
}
