//! What does a future lose when it is dropped, and whom does it keep waiting?

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use support::soon;
use zeptomq::{Dealer, Limit, NotSent, Options, Pull, Push, RecvError, Rep, Req, RequestError, Router};

const LOOPBACK: &str = "tcp://127.0.0.1:0";

#[test]
fn all_futures_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let (push, mut pull, mut req, mut rep) = (Push::new(), Pull::new(), Req::new(), Rep::new());
    is_send(push.bind(LOOPBACK));
    is_send(push.wait_for_peers(1));
    is_send(push.send("x"));
    is_send(pull.recv());
    is_send(req.request("x").timeout(Duration::from_secs(1)));
    is_send(rep.accept());
    is_send(push.close());
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Push>();
    is_shared::<Router>();
}

#[tokio::test]
async fn a_cancelled_send_is_not_sent() {
    let push = Push::with(Options::new().send_limit(Limit { messages: 4, octets: 1 << 20 })).unwrap();
    let mut pull = Pull::new();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let (mut cancelled, mut sent) = (0, Vec::new());
    push.connect(&endpoint.to_string()).unwrap();
    for number in 0..500u32 {
        let mut sending = pin!(push.send(number.to_be_bytes().to_vec()));
        let polled = poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx))).await;
        match polled {
            Poll::Ready(done) => {
                done.unwrap();
                sent.push(number);
            }
            Poll::Pending => {
                cancelled += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(cancelled > 0);
    for number in sent {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0], number.to_be_bytes());
    }
    assert_eq!(pull.try_recv(), Ok(None));
}

#[tokio::test]
async fn a_cancelled_recv_loses_nothing() {
    let (push, mut pull) = (Push::new(), Pull::new());
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    push.connect(&endpoint.to_string()).unwrap();
    let sending = tokio::spawn(async move {
        for number in 0..5000u32 {
            push.send(number.to_be_bytes().to_vec()).await.unwrap();
        }
        push.close().await
    });
    let (mut cancelled, mut next) = (0, 0u32);
    while next < 5000 {
        let mut receiving = pin!(pull.recv());
        match poll_fn(|cx| Poll::Ready(receiving.as_mut().poll(cx))).await {
            Poll::Ready(message) => {
                assert_eq!(message.unwrap()[0], next.to_be_bytes());
                next += 1;
            }
            Poll::Pending => {
                cancelled += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(cancelled > 0);
    soon("closing", sending).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_is_given_up_makes_way_for_the_next() {
    let (mut req, mut rep) = (Req::new(), Rep::new());
    let endpoint = rep.bind(LOOPBACK).await.unwrap();
    req.connect(&endpoint.to_string()).unwrap();
    for round in 0..20 {
        let given_up = req.request("slow").timeout(Duration::from_millis(5)).await;
        assert!(matches!(given_up, Err(RequestError::TimedOut(_))), "{given_up:?}");
        let serving = async {
            loop {
                let (request, responder) = rep.accept().await.unwrap();
                let answer = format!("{}{round}", String::from_utf8_lossy(&request[0]));
                responder.reply(answer).await.unwrap();
                if &request[0] == b"fast" {
                    return;
                }
            }
        };
        let (reply, ()) = soon("the reply", async { tokio::join!(req.request("fast"), serving) }).await;
        assert_eq!(reply.unwrap()[0], *format!("fast{round}").as_bytes());
    }
    assert!(req.drops().unasked > 0);
}

#[tokio::test]
async fn a_responder_that_is_dropped_frees_the_rep() {
    let (mut req, mut rep) = (Req::new(), Rep::new());
    let endpoint = rep.bind(LOOPBACK).await.unwrap();
    req.connect(&endpoint.to_string()).unwrap();
    req.send("one").await.unwrap();
    drop(soon("the request", rep.accept()).await.unwrap());
    req.send("two").await.unwrap();
    let (request, responder) = soon("the next request", rep.accept()).await.unwrap();
    assert_eq!(&request[0], b"two");
    responder.reply("done").await.unwrap();
    assert_eq!(&soon("the reply", req.recv()).await.unwrap()[0], b"done");
}

#[tokio::test]
async fn out_of_turn_is_an_error_and_not_a_wait() {
    let (mut req, rep) = (Req::new(), Rep::new());
    rep.bind(LOOPBACK).await.unwrap();
    assert_eq!(req.recv().await, Err(RecvError::OutOfTurn));
    let error = rep.send("unasked").await.unwrap_err();
    assert!(matches!(error.reason, NotSent::Route(_)));
    assert_eq!(&error.message[0], b"unasked");
}

#[tokio::test]
async fn a_sender_waits_until_there_is_room_and_goes_on() {
    let push = Push::with(Options::new().send_limit(Limit { messages: 10, octets: 1 << 20 })).unwrap();
    let mut pull = Pull::with(Options::new().receive_limit(Limit { messages: 10, octets: 1 << 20 })).unwrap();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    push.connect(&endpoint.to_string()).unwrap();
    let sending = tokio::spawn(async move {
        for number in 0..20_000u32 {
            push.send(vec![number as u8; 2000]).await.unwrap();
        }
        push.close().await
    });
    for number in 0..20_000u32 {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0], [number as u8; 2000]);
    }
    soon("closing", sending).await.unwrap().unwrap();
}

/// A neighbour's worst delay while a task sends without pause, on a runtime of one thread.
#[tokio::test]
async fn a_tight_send_loop_starves_nobody() {
    let (push, mut pull) = (Push::new(), Pull::new());
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    push.connect(&endpoint.to_string()).unwrap();
    let until = Instant::now() + Duration::from_millis(500);
    let sending = tokio::spawn(async move {
        while Instant::now() < until {
            push.send("0123456789abcdef").await.unwrap();
        }
        push.close().await
    });
    let receiving = tokio::spawn(async move {
        let mut count = 0u32;
        while tokio::time::timeout(Duration::from_secs(2), pull.recv()).await.is_ok() {
            count += 1;
        }
        count
    });
    let (mut turns, mut worst) = (0u32, Duration::ZERO);
    while Instant::now() < until {
        let before = Instant::now();
        tokio::task::yield_now().await;
        worst = worst.max(before.elapsed());
        turns += 1;
    }
    soon("closing", sending).await.unwrap().unwrap();
    assert!(soon("receiving", receiving).await.unwrap() > 0);
    // A loop that never lets go would leave the neighbour one turn, at the end.
    assert!(turns > 20 && worst < Duration::from_millis(250), "{turns} turns, the worst after {worst:?}");
}

#[tokio::test]
async fn a_closed_socket_says_so_and_hands_the_message_back() {
    let push = Push::new();
    let other = push.clone();
    push.close().await.unwrap();
    let error = other.send("late").await.unwrap_err();
    assert_eq!((error.reason, &error.message[0]), (NotSent::Closed, &b"late"[..]));
}

#[tokio::test]
async fn a_dropped_socket_goes_on_sending() {
    let mut pull = Pull::new();
    let endpoint = pull.bind(LOOPBACK).await.unwrap();
    let push = Push::new();
    push.connect(&endpoint.to_string()).unwrap();
    for number in 0..1000u32 {
        push.send(vec![number as u8; 3000]).await.unwrap();
    }
    drop(push);
    for number in 0..1000u32 {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0], [number as u8; 3000]);
    }
}

#[tokio::test]
async fn halves_work_in_two_tasks() {
    let (dealer, other) = (Dealer::new(), Dealer::new());
    let endpoint = dealer.bind(LOOPBACK).await.unwrap();
    other.connect(&endpoint.to_string()).unwrap();
    let (sender, mut receiver) = other.split();
    let (_, mut echo) = (sender.clone(), dealer);
    let echoing = tokio::spawn(async move {
        for _ in 0..100 {
            let message = echo.recv().await.unwrap();
            echo.send(message).await.unwrap();
        }
        echo.close().await
    });
    let sending = tokio::spawn(async move {
        for number in 0..100u8 {
            sender.send(vec![number]).await.unwrap();
        }
    });
    for number in 0..100u8 {
        assert_eq!(soon("an echo", receiver.recv()).await.unwrap()[0], [number]);
    }
    soon("both tasks", async { tokio::join!(echoing, sending) }).await.0.unwrap().unwrap();
}
