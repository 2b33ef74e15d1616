//! Is nothing left of a socket that was closed, whatever its connections were at?
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod support;

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{shake, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};
use zeptomq::{Event, Options, Push};

const LINGER: Duration = Duration::from_secs(4);

/// By themselves all things take far longer than any test waits, on a clock that runs when there is nothing else to do.
fn patient() -> Push {
    let hour = Duration::from_secs(3600);
    Push::with(Options::new().linger(LINGER).handshake_timeout(hour).reconnect(hour, hour)).unwrap()
}

/// How long it takes from closing the socket until all its tasks are gone. Nothing is tried meanwhile that anybody hears of.
async fn gone(push: Push) -> Duration {
    let (mut monitor, start) = (push.monitor(), Instant::now());
    drop(push);
    let events = async {
        while let Some(event) = monitor.recv().await {
            assert!(matches!(event, Event::Disconnected { .. }), "{event}");
        }
    };
    soon("the end", events).await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_stranger_that_says_nothing() {
    let (push, (one, _other)) = (patient(), duplex(1000));
    push.serve(one, "stranger").unwrap();
    assert!(gone(push).await < LINGER);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing() {
    let push = patient();
    let (theirs, mut taken) = tokio::sync::mpsc::unbounded_channel();
    push.connect_with("server", move || {
        let (one, other) = duplex(1000);
        theirs.send(other).unwrap();
        std::future::ready(Ok::<_, io::Error>(one))
    })
    .unwrap();
    let _other = taken.recv().await.unwrap();
    assert!(gone(push).await < LINGER);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_to_connect() {
    let push = patient();
    push.connect_with("nowhere", pending::<io::Result<DuplexStream>>).unwrap();
    tokio::task::yield_now().await;
    assert!(gone(push).await < LINGER);
}

/// What waits for whom we may not come back to in time is waited for as long as the linger time says.
#[tokio::test(start_paused = true)]
async fn a_pause_between_two_attempts() {
    for (messages, least) in [(0, Duration::ZERO), (1, LINGER)] {
        let push = patient();
        let mut monitor = push.monitor();
        let busy = || std::future::ready(Err::<DuplexStream, _>(io::Error::other("the line is busy")));
        push.connect_with("busy", busy).unwrap();
        for _ in 0..messages {
            push.send("late").await.unwrap();
        }
        soon("a retry", monitor.recv()).await.unwrap();
        let took = gone(push).await;
        assert!((least..least + LINGER / 2).contains(&took), "{took:?}");
    }
}

/// The peer takes its time, and then goes on speaking.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_hang_up() {
    let (push, (one, mut other)) = (patient(), duplex(1000));
    push.serve(one, "peer").unwrap();
    shake(&mut other, "PULL").await;
    push.wait_for_peers(1).await;
    push.send(vec![7; 2000]).await.unwrap();
    let speaking = tokio::spawn(async move {
        sleep(LINGER / 2).await;
        other.read_exact(&mut vec![0; 2000 + 9]).await.unwrap();
        while other.write_all(b"\x04\x07\x04PING\0\0").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    let took = gone(push).await;
    assert!((LINGER..LINGER + LINGER / 4).contains(&took), "{took:?}");
    soon("the peer's end", speaking).await.unwrap();
}

/// Who is owed a message is come back to while the socket closes.
#[tokio::test(start_paused = true)]
async fn not_even_what_waited_for_a_peer_that_comes_in_time() {
    let second = Duration::from_secs(1);
    let push = Push::with(Options::new().linger(LINGER).reconnect(second, second)).unwrap();
    let mut monitor = push.monitor();
    let offered = Arc::new(Mutex::new(None::<DuplexStream>));
    let line = offered.clone();
    let dial = move || line.lock().unwrap().take().ok_or_else(|| io::Error::other("the line is busy"));
    push.connect_with("modem", move || std::future::ready(dial())).unwrap();
    push.send("late").await.unwrap();
    soon("a retry", monitor.recv()).await.unwrap();
    let closing = tokio::spawn(push.close());
    tokio::task::yield_now().await;
    let (one, mut other) = duplex(1000);
    *offered.lock().unwrap() = Some(one);
    shake(&mut other, "PULL").await;
    let mut heard = [0; 6];
    soon("the message", other.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"\0\x04late");
    drop(other);
    assert_eq!(soon("closing", closing).await.unwrap(), Ok(()));
}
