//! Do sockets of one program meet under a name, whoever comes first?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use support::soon;
use zeptomq::{
    BindError, Context, Dealer, Event, Limit, Options, OptionsError, Pair, Pub, Pull, Push, Rep, Req, Router, Sub,
};

const DAY: Duration = Duration::from_secs(86_400);

/// A context whose sockets, once refused, come back after half a day or when there is a reason to.
fn patient() -> Context {
    Context::with(Options::new().reconnect(DAY, DAY)).unwrap()
}

#[tokio::test]
async fn every_pattern_meets_under_a_name() {
    let context = Context::new();
    let (mut req, mut rep) = (Req::within(&context), Rep::within(&context));
    assert_eq!(rep.bind("inproc://calls").await.unwrap().to_string(), "inproc://calls");
    req.connect("inproc://calls").unwrap();
    let serving = async {
        let (request, responder) = rep.accept().await.unwrap();
        responder.reply(request).await.unwrap();
    };
    let (reply, ()) = soon("the reply", async { tokio::join!(req.request("question"), serving) }).await;
    assert_eq!(&reply.unwrap()[0], b"question");

    let (publisher, mut sub) = (Pub::within(&context), Sub::within(&context));
    sub.subscribe("news");
    sub.connect("inproc://news").unwrap();
    publisher.bind("inproc://news").await.unwrap();
    soon("the subscriber", publisher.wait_for_subscribers("news", 1)).await;
    publisher.send("other").await.unwrap();
    publisher.send("news").await.unwrap();
    assert_eq!(&soon("the news", sub.recv()).await.unwrap()[0], b"news");

    let dealer = Dealer::with(context.options().identity("dealer")).unwrap();
    let mut router = Router::within(&context);
    router.bind("inproc://router").await.unwrap();
    dealer.connect("inproc://router").unwrap();
    dealer.send("hello").await.unwrap();
    let message = soon("the message", router.recv()).await.unwrap();
    assert!(message.parts().eq([&b"dealer"[..], b"hello"]));

    let (one, mut other) = (Pair::within(&context), Pair::within(&context));
    one.bind("inproc://pair").await.unwrap();
    other.connect("inproc://pair").unwrap();
    one.send(vec![7; 1 << 20]).await.unwrap();
    assert!(soon("the message", other.recv()).await.unwrap()[0] == [7; 1 << 20]);
}

#[tokio::test]
async fn a_name_may_be_connected_before_it_is_bound_and_nothing_is_lost() {
    let context = patient();
    let pushes: Vec<Push> = (0..20u8).map(|_| Push::within(&context)).collect();
    let mut monitors: Vec<_> = pushes.iter().map(Push::monitor).collect();
    for ((number, push), monitor) in pushes.iter().enumerate().zip(&mut monitors) {
        push.connect("inproc://later").unwrap();
        push.send(vec![number as u8]).await.unwrap();
        let event = soon("a retry", monitor.recv()).await.unwrap().to_string();
        assert!(event.starts_with("inproc://later: no socket of the context is bound to it; again in "), "{event}");
    }
    // Whom the name of somebody else does not concern.
    let mut other = Pull::within(&context);
    other.bind("inproc://other").await.unwrap();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    let mut pull = Pull::within(&context);
    pull.bind("inproc://later").await.unwrap();
    let mut heard = Vec::new();
    for _ in 0..20 {
        heard.push(soon("a message", pull.recv()).await.unwrap()[0][0]);
    }
    heard.sort_unstable();
    assert!(heard.into_iter().eq(0..20));
    for monitor in &mut monitors {
        let event = soon("an event", monitor.recv()).await.unwrap();
        assert!(matches!(event, Event::Connected { .. }), "{event}");
    }
    assert_eq!(other.try_recv(), Ok(None));
}

#[tokio::test]
async fn a_name_has_one_owner_at_a_time_and_who_was_connected_comes_back_to_the_next() {
    let context = patient();
    let push = Push::within(&context);
    push.connect("inproc://name").unwrap();
    let mut monitor = push.monitor();
    for round in 0..5u8 {
        let mut pull = Pull::within(&context);
        pull.bind("inproc://name").await.unwrap();
        let error = Pull::within(&context).bind("inproc://name").await.unwrap_err();
        assert!(matches!(&error, BindError::Io(_, error) if error.kind() == std::io::ErrorKind::AddrInUse));
        assert_eq!(error.to_string(), "inproc://name is in use by another socket of the context");
        push.send(vec![round]).await.unwrap();
        assert_eq!(soon("the message", pull.recv()).await.unwrap()[0], [round]);
        // The name is free at once, though the socket may go on closing.
        if round % 2 == 0 {
            drop(pull);
        } else {
            pull.close().await.unwrap();
        }
        let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
        soon("the end of the connection", gone).await;
    }
}

#[tokio::test]
async fn a_name_is_free_as_soon_as_its_socket_begins_to_close_and_not_twice() {
    for _ in 0..20 {
        let pull = Pull::new();
        pull.bind("inproc://short-lived").await.unwrap();
        let mut closing = pin!(pull.close());
        let _ = poll_fn(|cx| Poll::Ready(closing.as_mut().poll(cx))).await;
        let next = Pull::new();
        next.bind("inproc://short-lived").await.unwrap();
        soon("closing", closing).await.unwrap();
        // What the former left to be done is done.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(Pull::new().bind("inproc://short-lived").await.is_err());
    }
}

#[tokio::test]
async fn contexts_know_nothing_of_each_other() {
    let [one, other] = [Context::new(), Context::new()];
    let mut pulls = [Pull::within(&one), Pull::within(&other), Pull::new()];
    let pushes = [Push::within(&one.clone()), Push::with(other.options()).unwrap(), Push::within(&Context::global())];
    for pull in &pulls {
        pull.bind("inproc://apart").await.unwrap();
    }
    for (number, push) in pushes.iter().enumerate() {
        push.connect("inproc://apart").unwrap();
        push.send(vec![number as u8]).await.unwrap();
    }
    for (number, pull) in pulls.iter_mut().enumerate() {
        assert_eq!(soon("the message", pull.recv()).await.unwrap()[0], [number as u8]);
        assert_eq!(pull.try_recv(), Ok(None));
    }
}

#[tokio::test]
async fn sockets_begin_with_the_options_of_their_context() {
    let zero = Limit { messages: 0, octets: 0 };
    let error = Context::with(Options::new().send_limit(zero)).unwrap_err();
    assert_eq!(error, OptionsError::Zero("send_limit.messages"));
    let one = Limit { messages: 1, octets: 1 << 20 };
    let context = Context::with(Options::new().send_limit(one).linger(Duration::ZERO)).unwrap();
    for push in [Push::within(&context), Push::with(context.options().identity("x")).unwrap()] {
        push.connect("inproc://nobody").unwrap();
        assert!(push.try_send("one").is_ok());
        assert!(push.try_send("two").is_err());
    }
}

#[tokio::test]
async fn who_waits_for_a_name_can_close() {
    let push = Push::with(Options::new().linger(Duration::from_millis(10))).unwrap();
    push.connect("inproc://never").unwrap();
    push.send("for nobody").await.unwrap();
    assert_eq!(soon("closing", push.close()).await.unwrap_err().messages, 1);
    let pull = Pull::new();
    pull.connect("inproc://never").unwrap();
    soon("closing", pull.close()).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_fit_is_refused() {
    let (rep, push) = (Rep::new(), Push::new());
    rep.bind("inproc://misfits").await.unwrap();
    let mut monitor = push.monitor();
    push.connect("inproc://misfits").unwrap();
    let event = soon("an event", monitor.recv()).await.unwrap();
    assert!(matches!(event, Event::Refused { .. }), "{event}");
}

/// Each side's tasks run on its own runtime, and the name goes with the runtime of its socket.
#[test]
fn a_name_reaches_across_runtimes() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let [one, other] = [runtime(), runtime()];
    let mut pull = Pull::new();
    one.block_on(pull.bind("inproc://across")).unwrap();
    let push = Push::new();
    let echo = std::thread::spawn(move || {
        one.block_on(async {
            for number in 0..1000u32 {
                assert_eq!(soon("a message", pull.recv()).await.unwrap()[0], number.to_be_bytes());
            }
        });
        (one, pull)
    });
    other.block_on(async {
        push.connect("inproc://across").unwrap();
        for number in 0..1000u32 {
            push.send(number.to_be_bytes().to_vec()).await.unwrap();
        }
    });
    let (one, _pull) = echo.join().unwrap();
    drop(one);
    other.block_on(async { Pull::new().bind("inproc://across").await.unwrap() });
}
