//! Is anything that octets are read from and written to as good a connection as TCP?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use support::{DEADLINE, is_closed, shake, soon};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, DuplexStream, ReadBuf, duplex};
use zeptomq::{BindError, EndpointError, Event, Limit, Options, Pull, Push, Rep, Req};

#[tokio::test]
async fn calls_and_answers_of_every_size_pass_through_any_buffer() {
    for (buffer, most) in [(1024, 100_000), (64 * 1024, 1_000_000)] {
        let (one, other) = duplex(buffer);
        let (mut req, mut rep) = (Req::new(), Rep::new());
        rep.serve(one, "server").unwrap();
        req.serve(other, "client").unwrap();
        soon("the handshake", req.wait_for_peers(1)).await;
        let serving = tokio::spawn(async move {
            while let Ok((request, responder)) = rep.accept().await {
                responder.reply(request).await.unwrap();
            }
        });
        for len in [0, 1, 31, 32, 255, 256, most, 0] {
            let body = vec![len as u8; len];
            let reply = soon("the reply", req.request(body.clone())).await.unwrap();
            assert!(reply[0] == body, "{len} octets through {buffer}");
        }
        serving.abort();
    }
}

/// More than fits anywhere: the sender waits, the receiver is not read, and nothing is lost nor out of order.
#[tokio::test]
async fn a_stream_that_takes_no_more_is_waited_for() {
    let limit = Limit { messages: 10, octets: 1 << 20 };
    let (one, other) = duplex(1000);
    let push = Push::with(Options::new().send_limit(limit)).unwrap();
    let mut pull = Pull::with(Options::new().receive_limit(limit)).unwrap();
    push.serve(one, "one").unwrap();
    pull.serve(other, "other").unwrap();
    push.wait_for_peers(1).await;
    let sending = tokio::spawn(async move {
        for number in 0..5000u32 {
            push.send(number.to_be_bytes().repeat(20)).await.unwrap();
        }
        push.close().await
    });
    for number in 0..5000u32 {
        assert_eq!(soon("a message", pull.recv()).await.unwrap()[0], number.to_be_bytes().repeat(20));
    }
    soon("closing", sending).await.unwrap().unwrap();
}

/// A stream that collects octets until it is told to let go of them, as one with TLS may.
#[tokio::test]
async fn a_stream_is_flushed_when_there_is_no_more_for_now() {
    let (one, other) = duplex(64 * 1024);
    let (push, mut pull) = (Push::new(), Pull::new());
    push.serve(BufStream::new(one), "one").unwrap();
    pull.serve(BufStream::new(other), "other").unwrap();
    for round in 0..10 {
        push.send(vec![round]).await.unwrap();
        assert_eq!(soon("the message", pull.recv()).await.unwrap()[0], [round]);
    }
}

#[tokio::test]
async fn a_closed_socket_has_sent_everything_and_hangs_up() {
    let (one, mut other) = duplex(1 << 20);
    let push = Push::new();
    push.serve(BufStream::new(one), "one").unwrap();
    shake(&mut other, "PULL").await;
    push.wait_for_peers(1).await;
    for _ in 0..1000 {
        push.send("hi").await.unwrap();
    }
    let closing = tokio::spawn(push.close());
    let mut heard = Vec::new();
    soon("the end", other.read_to_end(&mut heard)).await.unwrap();
    assert!(heard == b"\0\x02hi".repeat(1000));
    drop(other);
    soon("closing", closing).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_peer_that_goes_on_speaking_hears_that_a_socket_hangs_up() {
    let (one, mut other) = duplex(1000);
    let pull = Pull::with(Options::new().linger(Duration::from_secs(60))).unwrap();
    pull.serve(one, "one").unwrap();
    shake(&mut other, "PUSH").await;
    pull.wait_for_peers(1).await;
    let speaking = tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(other);
        let speaking = async { while to.write_all(b"\0\x02hi").await.is_ok() {} };
        tokio::select! {
            () = speaking => false,
            end = from.read_u8() => end.is_err(),
        }
    });
    soon("closing", pull.close()).await.unwrap();
    assert!(speaking.await.unwrap(), "the stream was cut");
}

#[tokio::test]
async fn a_served_stranger_has_as_long_as_any() {
    let pull = Pull::with(Options::new().handshake_timeout(Duration::from_millis(100))).unwrap();
    let mut monitor = pull.monitor();
    let (one, mut silent) = duplex(1000);
    pull.serve(one, "silent").unwrap();
    assert!(is_closed(&mut silent).await);
    let event = soon("an event", monitor.recv()).await.unwrap();
    assert!(matches!(&event, Event::HandshakeFailed { .. }), "{event}");
    assert!(event.to_string().contains("stream://silent"), "{event}");
}

#[tokio::test]
async fn served_strangers_are_counted() {
    let pull = Pull::with(Options::new().handshakes_max(2)).unwrap();
    let [mut first, _second, mut third] = [1, 2, 3].map(|number| {
        let (one, other) = duplex(1000);
        pull.serve(one, &number.to_string()).unwrap();
        other
    });
    assert!(is_closed(&mut first).await);
    shake(&mut third, "PUSH").await;
    soon("the peer", pull.wait_for_peers(1)).await;
}

/// Streams that are handed out to who dials, their other ends to the test.
#[derive(Clone, Default)]
struct Exchange(Arc<Mutex<Vec<DuplexStream>>>);

impl Exchange {
    fn offer(&self) -> DuplexStream {
        let (one, other) = duplex(1000);
        self.0.lock().unwrap().push(one);
        other
    }

    fn take(&self) -> io::Result<DuplexStream> {
        self.0.lock().unwrap().pop().ok_or_else(|| io::Error::other("the line is busy"))
    }
}

#[tokio::test]
async fn who_dials_is_asked_again_when_the_connection_is_lost() {
    let options = Options::new().reconnect(Duration::from_millis(5), Duration::from_millis(5));
    let push = Push::with(options).unwrap();
    let mut monitor = push.monitor();
    let exchange = Exchange::default();
    let dial = exchange.clone();
    push.connect_with("modem", move || std::future::ready(dial.take())).unwrap();
    push.send("early").await.unwrap();
    let event = soon("a retry", monitor.recv()).await.unwrap();
    assert_eq!(event.to_string(), "stream://modem: the line is busy; again in 5ms".replace("5ms", &delay(&event)));
    for expected in ["early", "later", "last"] {
        let mut line = exchange.offer();
        shake(&mut line, "PULL").await;
        let connected = async { while !matches!(monitor.recv().await, Some(Event::Connected { .. })) {} };
        soon("the connection", connected).await;
        if expected != "early" {
            push.send(expected).await.unwrap();
        }
        let mut heard = vec![0; 2 + expected.len()];
        soon(expected, line.read_exact(&mut heard)).await.unwrap();
        assert_eq!(&heard[2..], expected.as_bytes());
        drop(line);
        let lost = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
        soon("the end of the line", lost).await;
    }
}

fn delay(event: &Event) -> String {
    let Event::Retrying { delay, .. } = event else { panic!("{event}") };
    format!("{delay:?}")
}

#[tokio::test]
async fn a_dial_that_takes_too_long_is_dropped_and_tried_again() {
    let options = Options::new().handshake_timeout(Duration::from_millis(20));
    let push = Push::with(options.reconnect(Duration::from_millis(1), Duration::from_millis(1))).unwrap();
    let (dialled, dropped) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (begun, given_up) = (dialled.clone(), dropped.clone());
    push.connect_with("nowhere", move || {
        begun.fetch_add(1, Ordering::Relaxed);
        let _when_dropped = OnDrop::new({
            let given_up = given_up.clone();
            move || {
                given_up.fetch_add(1, Ordering::Relaxed);
            }
        });
        async move {
            let _ours = _when_dropped;
            std::future::pending::<io::Result<DuplexStream>>().await
        }
    })
    .unwrap();
    let mut monitor = push.monitor();
    for _ in 0..3 {
        let event = soon("a retry", monitor.recv()).await;
        assert!(matches!(event, Some(Event::Retrying { .. })), "{event:?}");
    }
    assert!(dropped.load(Ordering::Relaxed) >= 3);
    drop(push);
    let all_dropped = async {
        while dialled.load(Ordering::Relaxed) != dropped.load(Ordering::Relaxed) {
            // Only time passes until the socket has closed.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    soon("the last attempt's end", all_dropped).await;
}

/// A stream whose reader hears of no end when nothing more can be written, as that of a line with two directions.
#[tokio::test]
async fn a_stream_that_takes_nothing_more_ends_when_all_it_brought_is_read() {
    let (one, mut other) = duplex(1000);
    let broken = Arc::new(AtomicBool::new(false));
    let mut rep = Rep::new();
    let mut monitor = rep.monitor();
    rep.serve(Odd { inner: one, broken: broken.clone(), when_dropped: OnDrop::new(|| ()) }, "odd").unwrap();
    shake(&mut other, "REQ").await;
    rep.wait_for_peers(1).await;
    other.write_all(b"\x01\0\0\x03one\x01\0\0\x03two").await.unwrap();
    let (request, responder) = soon("the request", rep.accept()).await.unwrap();
    assert_eq!(&request[0], b"one");
    broken.store(true, Ordering::Relaxed);
    responder.reply("into nothing").await.unwrap();
    let lost = async {
        loop {
            if let Some(Event::Disconnected { reason, .. }) = monitor.recv().await {
                return reason;
            }
        }
    };
    assert_eq!(soon("the end", lost).await, "the wire is cut; 1 messages for it were dropped");
    let (request, _) = soon("the request behind it", rep.accept()).await.unwrap();
    assert_eq!(&request[0], b"two");
}

/// What a user's stream does when it goes, it does outside the socket's lock, which it may want.
#[test]
fn a_stream_may_call_the_socket_when_it_is_dropped() {
    let (done, all_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for linger in [Duration::ZERO, Duration::from_secs(1)] {
                let push = Push::with(Options::new().linger(linger)).unwrap();
                let (one, mut other) = duplex(1000);
                let hold = push.clone();
                let when_dropped = OnDrop::new(move || assert_eq!(hold.drops().queue_full, 0));
                push.serve(Odd { inner: one, broken: Arc::default(), when_dropped }, "odd").unwrap();
                shake(&mut other, "PULL").await;
                push.wait_for_peers(1).await;
                push.send(vec![0; 10_000]).await.unwrap();
                assert!(push.close().await.is_err());
            }
        });
        done.send(()).unwrap();
    });
    // A lock that is held for ever cannot be waited out within a runtime.
    all_done.recv_timeout(DEADLINE).unwrap();
}

#[tokio::test]
async fn what_cannot_be_served_is_said() {
    let push = Push::new();
    for name in ["", &"n".repeat(256)] {
        let error = push.serve(duplex(1).0, name).unwrap_err();
        assert!(matches!(error, BindError::Endpoint(EndpointError::BadName(_))), "{error}");
        let dial = || std::future::ready(Ok(duplex(1).0));
        assert!(matches!(push.connect_with(name, dial), Err(EndpointError::BadName(_))));
    }
    let error = push.bind("stream://x").await.unwrap_err().to_string();
    assert!(error.contains("serve") && push.connect("stream://x").unwrap_err().to_string() == error, "{error}");
    let other = push.clone();
    push.close().await.unwrap();
    assert!(matches!(other.serve(duplex(1).0, "late"), Err(BindError::Closed)));
}

/// A stream that can be broken to its writer only, and that does something when it is dropped.
struct Odd {
    inner: DuplexStream,
    broken: Arc<AtomicBool>,
    #[allow(dead_code, reason = "it is there to be dropped")]
    when_dropped: OnDrop,
}

struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl OnDrop {
    fn new(act: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(act)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

impl AsyncRead for Odd {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Odd {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if self.broken.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::Error::other("the wire is cut")));
        }
        Pin::new(&mut self.inner).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
