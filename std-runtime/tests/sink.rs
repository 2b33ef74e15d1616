//! Does a socket stand where a stream or a sink of messages is wanted, and what is lost when it is given up?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use futures_util::{FutureExt, SinkExt, StreamExt, TryStreamExt, stream};
use std::future::poll_fn;
use std::mem::replace;
use std::task::Poll;
use std::time::Duration;
use support::soon;
use zeptomq::{
    Context, Dealer, Event, Limit, Message, MessageSink, NotSent, Options, Policy, Pull, Push, RecvError, Rep, Req,
    Router,
};

/// A PUSH with room for few messages, whose peer comes when the test binds it.
fn push(context: &Context, policy: Policy) -> Push {
    let options = context.options().send_limit(Limit { messages: 2, octets: 1 << 20 }).overload(policy);
    let push = Push::with(options.linger(Duration::ZERO)).unwrap();
    push.connect("inproc://pull").unwrap();
    push
}

async fn pull(context: &Context) -> Pull {
    let pull = Pull::within(context);
    pull.bind("inproc://pull").await.unwrap();
    pull
}

#[test]
fn sinks_and_streams_can_move_between_threads() {
    fn is_sink<T: futures_util::Sink<Message> + Send + Sync + Unpin>(_: &T) {}
    fn is_stream<T: futures_util::Stream + Send + Sync + Unpin>(_: &T) {}
    is_sink(&Push::new().sink());
    is_stream(&Pull::new());
    let (sender, receiver) = Router::new().split();
    is_sink(&sender.sink());
    is_stream(&receiver);
}

#[tokio::test]
async fn a_stream_of_messages_is_forwarded_to_the_last() {
    let context = Context::new();
    let push = push(&context, Policy::Wait);
    let mut sink = push.sink();
    let sending = tokio::spawn(async move {
        let numbers = stream::iter(0..5000u32).map(|number| Ok(Message::from(number.to_be_bytes().to_vec())));
        numbers.forward(&mut sink).await.unwrap();
        // Closed, the sink holds the socket no more, and sends no more.
        let error = sink.send("late".into()).await.unwrap_err();
        assert_eq!((error.reason, &error.message[0]), (NotSent::Closed, &b"late"[..]));
        sink.close().await.unwrap();
    });
    let received: Vec<Message> = soon("all", pull(&context).await.take(5000).try_collect()).await.unwrap();
    assert!(received.iter().zip(0..5000u32).all(|(message, number)| message[0] == number.to_be_bytes()));
    soon("the sender", sending).await.unwrap();
    // The socket itself is open still.
    push.send("on").await.unwrap();
}

#[tokio::test]
async fn a_socket_closes_with_its_last_sink() {
    let context = Context::new();
    let mut pull = pull(&context).await;
    let mut monitor = pull.monitor();
    let push = Push::within(&context);
    push.connect("inproc://pull").unwrap();
    let mut sink = push.sink();
    drop(push);
    sink.send("one".into()).await.unwrap();
    sink.feed("two".into()).await.unwrap();
    sink.close().await.unwrap();
    for expected in ["one", "two"] {
        assert_eq!(soon("a message", pull.next()).await.unwrap().unwrap()[0], *expected.as_bytes());
    }
    let gone = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
    soon("the end of the connection", gone).await;
}

/// On a runtime of one thread.
#[tokio::test]
async fn a_sink_that_is_fed_without_pause_starves_nobody() {
    let push = Push::with(Options::new().overload(Policy::DropNewest)).unwrap();
    let mut sink = push.sink();
    let feeding = tokio::spawn(async move {
        for _ in 0..100_000 {
            sink.feed("x".into()).await.unwrap();
        }
    });
    let neighbour = tokio::spawn(async move {
        let mut turns = 0;
        while !feeding.is_finished() {
            let mut woken = false;
            let turn = poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if replace(&mut woken, true) { Poll::Ready(()) } else { Poll::Pending }
            });
            turn.await;
            turns += 1;
        }
        turns
    });
    let turns = soon("the neighbour", neighbour).await.unwrap();
    assert!(turns >= 90, "{turns}");
}

#[tokio::test]
async fn what_two_sockets_receive_is_one_stream() {
    let context = Context::new();
    let [one, other] = [Pull::within(&context), Pull::within(&context)];
    one.bind("inproc://one").await.unwrap();
    other.bind("inproc://other").await.unwrap();
    let mut sending = Vec::new();
    for name in ["one", "other"] {
        let push = Push::within(&context);
        push.connect(&format!("inproc://{name}")).unwrap();
        sending.push(tokio::spawn(async move {
            for number in 0..1000u32 {
                push.send(Message::multipart([name.as_bytes(), &number.to_be_bytes()])).await.unwrap();
            }
            push.close().await.unwrap();
        }));
    }
    let mut both = stream::select(one, other);
    let mut next = [0u32; 2];
    for _ in 0..2000 {
        let message = soon("a message", both.next()).await.unwrap().unwrap();
        let next = &mut next[usize::from(&message[0] == b"other")];
        assert_eq!(message[1], next.to_be_bytes());
        *next += 1;
    }
    assert_eq!(next, [1000, 1000]);
    for sending in sending {
        soon("closing", sending).await.unwrap();
    }
}

#[tokio::test]
async fn a_cancelled_next_loses_nothing() {
    let context = Context::new();
    let mut pull = pull(&context).await;
    let push = push(&context, Policy::Wait);
    let sending = tokio::spawn(async move {
        for number in 0..2000u32 {
            push.send(number.to_be_bytes().to_vec()).await.unwrap();
        }
        push
    });
    let (mut cancelled, mut expected) = (0, 0u32);
    while expected < 2000 {
        match pull.next().now_or_never() {
            Some(message) => {
                assert_eq!(message.unwrap().unwrap()[0], expected.to_be_bytes());
                expected += 1;
            }
            None => {
                cancelled += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(cancelled > 0);
    soon("the sender", sending).await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_its_socket_when_all_was_taken() {
    let context = Context::new();
    let (one, other) = (Dealer::within(&context), Dealer::within(&context));
    one.bind("inproc://dealer").await.unwrap();
    other.connect("inproc://dealer").unwrap();
    let (sender, mut receiver) = one.split();
    for number in 0..10u8 {
        other.send(vec![number]).await.unwrap();
    }
    let first = soon("the first", receiver.next()).await.unwrap().unwrap();
    assert_eq!(first[0], [0]);
    let (closed, rest) =
        soon("both", async { tokio::join!(sender.close(), receiver.by_ref().take(100).count()) }).await;
    closed.unwrap();
    assert_eq!(rest, 9);
    assert!(receiver.next().await.is_none());
    assert_eq!(receiver.recv().await, Err(RecvError::Closed));
}

#[tokio::test]
async fn out_of_turn_is_an_item() {
    let mut req = Req::new();
    for _ in 0..2 {
        assert_eq!(req.next().await, Some(Err(RecvError::OutOfTurn)));
    }
}

/// Only the message in its place, fed and not flushed; and whoever waits for room as it did is not kept waiting.
#[tokio::test]
async fn a_sink_that_is_dropped_while_it_waits_for_room_loses_one_message() {
    let context = Context::new();
    let push = push(&context, Policy::Wait);
    let mut sink = push.sink();
    for number in 1..=2 {
        assert_eq!(sink.send(vec![number].into()).now_or_never(), Some(Ok(())));
    }
    // The first waits in the place; the other is dropped with its future before it gets there.
    assert_eq!(sink.feed(vec![3].into()).now_or_never(), Some(Ok(())));
    assert_eq!(sink.send(vec![4].into()).now_or_never(), None);
    assert_eq!(sink.flush().now_or_never(), None);
    let waiting = push.clone();
    let waiting = tokio::spawn(async move { waiting.send(vec![5]).await });
    tokio::task::yield_now().await;
    drop(sink);
    let mut pull = pull(&context).await;
    for expected in [1, 2, 5] {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0], [expected]);
    }
    soon("the sender", waiting).await.unwrap().unwrap();
    assert_eq!(pull.try_recv(), Ok(None));
}

#[tokio::test]
async fn closing_a_sink_waits_for_the_message_in_its_place() {
    let context = Context::new();
    let push = push(&context, Policy::Wait);
    let mut sink = push.sink();
    for number in 1..=3 {
        assert_eq!(sink.feed(vec![number].into()).now_or_never(), Some(Ok(())));
    }
    assert_eq!(sink.close().now_or_never(), None);
    let mut pull = pull(&context).await;
    soon("closing", sink.close()).await.unwrap();
    for expected in 1..=3 {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0], [expected]);
    }
}

#[tokio::test]
async fn a_cancelled_flush_loses_nothing() {
    let context = Context::new();
    let push = push(&context, Policy::Wait);
    let mut pull = pull(&context).await;
    let mut sink = push.sink();
    let (mut cancelled, mut received) = (0, Vec::new());
    for number in 0..2000u32 {
        let message = Message::from(number.to_be_bytes().to_vec());
        // A message that is still the future's is dropped with it; one that the sink has stays there.
        while sink.feed(message.clone()).now_or_never().is_none() {
            cancelled += 1;
            tokio::task::yield_now().await;
            received.extend(pull.try_recv().unwrap());
        }
        cancelled += u32::from(sink.flush().now_or_never().is_none());
    }
    let flushed = soon("flushing", sink.flush());
    let rest = async {
        while received.len() < 2000 {
            received.push(soon("a message", pull.recv()).await.unwrap());
        }
    };
    tokio::join!(flushed, rest).0.unwrap();
    assert!(cancelled > 0);
    assert!(received.iter().zip(0..2000u32).all(|(message, number)| message[0] == number.to_be_bytes()));
}

#[tokio::test]
async fn a_message_that_is_not_sent_comes_back_and_the_sink_goes_on() {
    let context = Context::new();
    let push = push(&context, Policy::Error);
    let mut sink: MessageSink<_> = push.sink();
    for _ in 0..2 {
        sink.send("fits".into()).await.unwrap();
    }
    sink.feed("too many".into()).await.unwrap();
    // A second one finds the place taken.
    let error = futures_util::Sink::start_send(std::pin::Pin::new(&mut sink), "more".into()).unwrap_err();
    assert_eq!((error.reason, &error.message[0]), (NotSent::Full, &b"more"[..]));
    let error = sink.flush().await.unwrap_err();
    assert_eq!((error.reason, &error.message[0]), (NotSent::Full, &b"too many"[..]));
    let mut pull = pull(&context).await;
    assert_eq!(&soon("a message", pull.recv()).await.unwrap()[0], b"fits");
    assert_eq!(&soon("a message", pull.recv()).await.unwrap()[0], b"fits");
    let again = async { while sink.send("fits now".into()).await.is_err() {} };
    soon("room", again).await;
    assert_eq!(&soon("a message", pull.recv()).await.unwrap()[0], b"fits now");
}

#[tokio::test]
async fn a_rep_answers_through_its_halves() {
    let context = Context::new();
    let (mut req, rep) = (Req::within(&context), Rep::within(&context));
    rep.bind("inproc://rep").await.unwrap();
    req.connect("inproc://rep").unwrap();
    let (sender, receiver) = rep.split();
    tokio::spawn(async move {
        let echo = receiver.map(|request| Ok(request.unwrap()));
        echo.forward(sender.sink()).await
    });
    for number in 0..10u8 {
        let reply = soon("the reply", req.request(vec![number])).await.unwrap();
        assert_eq!(reply[0], [number]);
    }
}
