//! Is a connection looked after, whoever waits for its messages, and whoever stops to?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use support::{is_closed, peer, shake, soon};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use zeptomq::core::pattern;
use zeptomq::core::storage::Heap;
use zeptomq::{Dealer, Endpoint, Event, Message, Monitor, Options, Receiver, Rep, Req, Sender};

on_both_runtimes![
    who_stops_to_wait_leaves_the_connection_to_its_task,
    who_was_called_and_does_not_come_leaves_it_to_its_task,
    who_waits_and_is_busy_elsewhere_leaves_it_to_its_task,
    who_waits_may_move_to_another_task,
    who_waits_finds_the_end_of_a_connection,
    who_waits_for_one_hears_another,
    who_asks_is_called_once_for_each_answer,
    who_takes_a_message_answers_what_came_with_it,
    who_waits_says_what_is_due_though_a_message_has_come,
];

async fn who_stops_to_wait_leaves_the_connection_to_its_task() {
    let (mut rep, mut wire, _) = attended().await;
    {
        let mut recv = pin!(rep.recv());
        assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    }
    answers(&mut wire).await;
}

async fn who_was_called_and_does_not_come_leaves_it_to_its_task() {
    let (mut rep, mut wire, _) = attended().await;
    let called = Arc::new(Called::default());
    {
        let mut recv = pin!(rep.recv());
        assert!(poll(recv.as_mut(), &called.clone().into()).is_pending());
        wire.write_all(PING).await.unwrap();
        soon("a call", called.wait()).await;
    }
    hears_pong(&mut wire).await;
    answers(&mut wire).await;
}

async fn who_waits_and_is_busy_elsewhere_leaves_it_to_its_task() {
    let (mut rep, mut wire, _) = attended().await;
    let mut recv = pin!(rep.recv());
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    answers(&mut wire).await;
    answers(&mut wire).await;
    wire.write_all(b"\x01\0\0\x02hi").await.unwrap();
    assert_eq!(&soon("a message", recv).await.unwrap()[0], b"hi");
}

async fn who_waits_may_move_to_another_task() {
    let (mut rep, mut wire, _) = attended().await;
    let mut recv = Box::pin(async move { rep.recv().await });
    let called = Arc::new(Called::default());
    assert!(poll(recv.as_mut(), &called.into()).is_pending());
    let other = tokio::spawn(recv);
    tokio::task::yield_now().await;
    wire.write_all(b"\x01\0\0\x02hi").await.unwrap();
    assert_eq!(&soon("a message", other).await.unwrap().unwrap()[0], b"hi");
}

async fn who_waits_finds_the_end_of_a_connection() {
    let (mut rep, wire, endpoint) = attended().await;
    let mut monitor = rep.monitor();
    let mut recv = pin!(rep.recv());
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    drop(wire);
    let ended = async { while !matches!(monitor.recv().await, Some(Event::Disconnected { .. })) {} };
    let both = async {
        tokio::select! {
            _ = &mut recv => panic!("a message that nobody sent"),
            () = ended => (),
        }
    };
    soon("the end", both).await;
    let mut next = peer(&endpoint, "REQ").await;
    next.write_all(b"\x01\0\0\x02hi").await.unwrap();
    assert_eq!(&soon("a message", recv).await.unwrap()[0], b"hi");
}

async fn who_waits_for_one_hears_another() {
    let (mut rep, mut wire, endpoint) = attended().await;
    let mut other = peer(&endpoint, "REQ").await;
    for _ in 0..10 {
        for (wire, said) in [(&mut wire, b"\x01\0\0\x03one"), (&mut other, b"\x01\0\0\x03two")] {
            let called = Arc::new(Called::default());
            {
                let mut recv = pin!(rep.recv());
                assert!(poll(recv.as_mut(), &called.clone().into()).is_pending());
                wire.write_all(said).await.unwrap();
                soon("a call", called.wait()).await;
                assert_eq!(&soon("a message", recv).await.unwrap()[0], &said[4..]);
            }
            rep.abandon();
        }
    }
}

/// By the stream, and not by the connection's task too. On two threads the answer may come while the question is being
/// looked after still.
async fn who_asks_is_called_once_for_each_answer() {
    let (mut req, mut rep) = (Req::new(), Rep::new());
    req.connect(&rep.bind(LOOPBACK).await.unwrap().to_string()).unwrap();
    let answering = tokio::spawn(async move {
        while let Ok((request, responder)) = rep.accept().await {
            let _ = responder.reply(request).await;
        }
    });
    assert_eq!(&req.request("before").await.unwrap()[0], b"before");
    let mut polls = 0;
    for _ in 0..ASKED {
        let mut request = req.request("hi");
        let mut request = Pin::new(&mut request);
        poll_fn(|cx| {
            polls += 1;
            request.as_mut().poll(cx)
        })
        .await
        .unwrap();
    }
    answering.abort();
    if Handle::current().runtime_flavor() == tokio::runtime::RuntimeFlavor::CurrentThread {
        assert!(polls <= 2 * ASKED + ASKED / 10, "{polls} polls for {ASKED} answers");
    }
}

async fn who_takes_a_message_answers_what_came_with_it() {
    let (mut rep, mut wire, _) = attended_with(silent()).await;
    let called = Arc::new(Called::default());
    let mut recv = pin!(rep.recv());
    assert!(poll(recv.as_mut(), &called.clone().into()).is_pending());
    wire.write_all(&[b"\x01\0\0\x02hi", PING].concat()).await.unwrap();
    soon("a call", called.wait()).await;
    assert_eq!(&soon("a message", recv).await.unwrap()[0], b"hi");
    hears_pong(&mut wire).await;
}

async fn who_waits_says_what_is_due_though_a_message_has_come() {
    let often = Options::new().heartbeat(Duration::from_millis(100), Duration::from_secs(60));
    let (mut rep, mut wire, _) = attended_with(often).await;
    {
        let mut recv = pin!(rep.recv());
        assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
        wire.write_all(b"\x01\0\0\x02hi").await.unwrap();
        assert_eq!(&soon("a message", recv).await.unwrap()[0], b"hi");
    }
    rep.abandon();
    let mut pings = vec![0; 3 * 9];
    tokio::select! {
        _ = rep.recv() => panic!("a message that nobody sent"),
        heard = soon("PING", wire.read_exact(&mut pings)) => assert_eq!(heard.unwrap(), pings.len()),
    }
    assert!(pings.chunks(9).all(|ping| ping.starts_with(b"\x04\x07\x04PING")), "{pings:?}");
}

/// A REP that has heard its only peer.
async fn attended() -> (Rep, TcpStream, Endpoint) {
    attended_with(Options::new()).await
}

async fn attended_with(options: Options) -> (Rep, TcpStream, Endpoint) {
    let mut rep = Rep::with(options).unwrap();
    let endpoint = rep.bind(LOOPBACK).await.unwrap();
    let mut wire = peer(&endpoint, "REQ").await;
    wire.set_nodelay(true).unwrap();
    wire.write_all(b"\x01\0\0\x05first").await.unwrap();
    assert_eq!(&soon("the first message", rep.recv()).await.unwrap()[0], b"first");
    rep.abandon();
    (rep, wire, endpoint)
}

/// The connection answers though nobody waits for its messages.
async fn answers(wire: &mut TcpStream) {
    wire.write_all(PING).await.unwrap();
    hears_pong(wire).await;
}

async fn hears_pong(wire: &mut TcpStream) {
    let mut pong = [0; 9];
    soon("PONG", wire.read_exact(&mut pong)).await.unwrap();
    assert_eq!(pong, *b"\x04\x07\x04PONG\xab\xcd");
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Counts how often it was called.
#[derive(Default)]
struct Called(AtomicUsize);

impl Called {
    async fn wait(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

const LOOPBACK: &str = "tcp://127.0.0.1:0";
/// Without a time to live.
const PING: &[u8] = b"\x04\x09\x04PING\0\0\xab\xcd";
const ASKED: usize = 200;

/// No heartbeat helps.
fn silent() -> Options {
    Options::new().heartbeat(Duration::ZERO, Duration::ZERO)
}

/// A DEALER that has heard its only peer.
async fn dealing() -> (Sender<pattern::Dealer<Heap>>, Receiver<pattern::Dealer<Heap>>, TcpStream, Monitor) {
    let mut dealer = Dealer::with(silent()).unwrap();
    let monitor = dealer.monitor();
    let mut wire = peer(&dealer.bind(LOOPBACK).await.unwrap(), "DEALER").await;
    wire.set_nodelay(true).unwrap();
    wire.write_all(b"\0\x05first").await.unwrap();
    assert_eq!(&soon("the first message", dealer.recv()).await.unwrap()[0], b"first");
    let (sender, receiver) = dealer.split();
    (sender, receiver, wire, monitor)
}

/// Who has said all may hear still.
#[tokio::test]
async fn who_finds_the_end_has_written_what_was_queued_before() {
    let (sender, mut receiver, mut wire, _) = dealing().await;
    let called = Arc::new(Called::default());
    let mut recv = pin!(receiver.recv());
    assert!(poll(recv.as_mut(), &called.clone().into()).is_pending());
    wire.shutdown().await.unwrap();
    soon("a call", called.wait()).await;
    // One is written at once, and what comes behind it when somebody comes.
    for said in ["one", "two", "three"] {
        sender.try_send(said).unwrap();
    }
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    let mut heard = Vec::new();
    soon("the end", wire.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, b"\0\x03one\0\x03two\0\x05three");
}

/// By why it ends, not by what a further look at it shows.
#[tokio::test]
async fn who_finds_the_end_says_why() {
    let (_sender, mut receiver, wire, mut monitor) = dealing().await;
    let called = Arc::new(Called::default());
    let mut recv = pin!(receiver.recv());
    assert!(poll(recv.as_mut(), &called.clone().into()).is_pending());
    socket2::SockRef::from(&wire).set_linger(Some(Duration::ZERO)).unwrap();
    drop(wire);
    soon("a call", called.wait()).await;
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    let reason = async {
        loop {
            if let Some(Event::Disconnected { reason, .. }) = monitor.recv().await {
                return reason;
            }
        }
    };
    let reason = soon("the end", reason).await;
    assert!(reason.contains("reset"), "{reason}");
}

/// A short part with much behind it is made into a message at once, unless it is the end of one.
#[tokio::test]
async fn who_waits_hears_a_message_whole_whose_parts_come_apart() {
    let (_sender, mut receiver, mut wire, _) = dealing().await;
    let said = async {
        wire.write_all(&[b"\x01\x03one", PING].concat()).await.unwrap();
        hears_pong(&mut wire).await;
        wire.write_all(&[&b"\0\x03two\0\x50"[..], &[7; 80]].concat()).await.unwrap();
    };
    let heard = async { [receiver.recv().await.unwrap(), receiver.recv().await.unwrap()] };
    let (heard, ()) = tokio::join!(soon("the messages", heard), said);
    assert_eq!(heard, [Message::from(["one", "two"]), Message::from(&[7; 80])]);
}

/// Who receives need not be in a runtime; a stream that the program brought may need one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_the_programs_is_read_in_the_runtime_only() {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let outside = Arc::new(AtomicUsize::new(0));
    let mut rep = Rep::new();
    rep.serve(Within { stream: ours, outside: outside.clone() }, "memory").unwrap();
    shake(&mut theirs, "REQ").await;
    let receiving = std::thread::spawn(move || {
        for _ in 0..3 {
            block_on(rep.recv()).unwrap();
            rep.abandon();
        }
    });
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        theirs.write_all(b"\x01\0\0\x02hi").await.unwrap();
    }
    soon("the messages", tokio::task::spawn_blocking(|| receiving.join().unwrap())).await.unwrap();
    assert_eq!(outside.load(Ordering::Relaxed), 0);
}

/// Counts how often it is read outside a runtime.
struct Within {
    stream: DuplexStream,
    outside: Arc<AtomicUsize>,
}

impl AsyncRead for Within {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.outside.fetch_add(usize::from(Handle::try_current().is_err()), Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Within {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The future's output, waited for by a thread that is in no runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = pin!(future);
    loop {
        match poll(future.as_mut(), &waker) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// The task that would have hung up is gone with its runtime.
#[test]
fn a_connection_ends_with_its_runtime_though_somebody_waits_elsewhere() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ours, theirs) = (runtime(), runtime());
    let mut rep = Rep::new();
    let endpoint = ours.block_on(rep.bind(LOOPBACK)).unwrap();
    let peering =
        std::thread::spawn(move || theirs.block_on(async { is_closed(&mut peer(&endpoint, "REQ").await).await }));
    ours.block_on(rep.wait_for_peers(1));
    // The task's first look at the connection.
    ours.block_on(tokio::task::yield_now());
    let mut recv = pin!(rep.recv());
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    drop(ours);
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    assert!(peering.join().unwrap());
}

/// It and the connection's task come to the connection at the same time, again and again. No heartbeat helps.
#[test]
fn a_receiver_that_comes_while_the_task_is_there_is_not_forgotten() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (tell, told) = std::sync::mpsc::channel::<String>();
    let sender = std::thread::spawn(move || {
        runtime().block_on(async {
            let dealer = Dealer::with(silent()).unwrap();
            dealer.connect(&told.recv().unwrap()).unwrap();
            for _ in 0..MANY {
                soon("room", dealer.send([&[][..], &[7; 256]])).await.unwrap();
            }
            dealer.close().await.unwrap();
        });
    });
    runtime().block_on(async {
        let mut rep = Rep::with(silent()).unwrap();
        tell.send(rep.bind("tcp://127.0.0.1:0").await.unwrap().to_string()).unwrap();
        for at in 0..MANY {
            soon(&format!("message {at}"), rep.recv()).await.unwrap();
            rep.abandon();
        }
    });
    sender.join().unwrap();
}

const MANY: usize = 1_500_000;
