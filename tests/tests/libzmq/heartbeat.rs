//! Do both ends know when the other is alive, and when it is not?

use crate::{Binds, join, run, until, until_disconnected, whoever_binds};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeptomq::{Event, Options, Pull, Push};
use zeptomq_tests::python::{Payload, Peer};

/// Our PONGs keep the connection, though there is no message for many of their timeouts.
#[test]
fn their_heartbeats_are_answered() {
    whoever_binds(async |binds| {
        let push = Push::new();
        let mut pull = Peer::with("PULL", IMPATIENT).await;
        pull.must(MONITOR, "watching").await;
        join(&push, &mut pull, binds).await;
        pull.must(r#""do": "no_event", "names": ["DISCONNECTED"], "ms": 1600"#, "none").await;
        let payload = Payload::new(&[9], 0);
        push.send(payload.message()).await.unwrap();
        pull.must(payload.expect(0), "same").await;
    });
}

/// Our PINGs are answered, so that neither silence ends the connection.
#[test]
fn their_pongs_keep_the_connection() {
    whoever_binds(async |binds| {
        let pull = Pull::with(beating()).unwrap();
        let mut monitor = pull.monitor();
        let mut push = Peer::start("PUSH").await;
        join(&pull, &mut push, binds).await;
        let ended = tokio::time::timeout(3 * TIMEOUT, until_disconnected(&mut monitor)).await;
        assert!(ended.is_err(), "{ended:?}");
    });
}

/// A stopped process keeps its connections and answers nothing.
#[test]
fn a_stopped_peer_is_given_up_after_the_timeout() {
    whoever_binds(async |binds| {
        let pull = Pull::with(beating()).unwrap();
        let mut monitor = pull.monitor();
        let mut push = Peer::start("PUSH").await;
        join(&pull, &mut push, binds).await;
        push.must(r#""do": "stop""#, "stopping").await;
        let event = tokio::time::timeout(10 * TIMEOUT, until_disconnected(&mut monitor)).await;
        let Ok(Event::Disconnected { reason, .. }) = event else { panic!("the connection is still up") };
        assert_eq!(reason, "the peer was silent for too long");
    });
}

/// The octets of a frame are signs of life: no PONG comes while it lasts, which is longer than the timeout.
#[test]
fn a_slow_large_frame_is_no_silence() {
    run(async {
        let mut pull = Pull::with(beating()).unwrap();
        let mut monitor = pull.monitor();
        let mut push = Peer::start("PUSH").await;
        let theirs = push.bind("tcp://127.0.0.1:*").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        pull.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
        let slow = tokio::spawn(async move {
            let (ours, _) = listener.accept().await.unwrap();
            slow_down(ours, TcpStream::connect(&theirs["tcp://".len()..]).await.unwrap()).await;
        });
        pull.wait_for_peers(1).await;
        let payload = Payload::new(&[2_000_000], 0);
        push.must(payload.send(), "sent").await;
        let start = std::time::Instant::now();
        tokio::select! {
            message = pull.recv() => payload.is(&message.unwrap()),
            event = until_disconnected(&mut monitor) => panic!("{event}"),
        }
        assert!(start.elapsed() > 2 * TIMEOUT, "the frame was not slow: {:?}", start.elapsed());
        slow.abort();
    });
}

/// A PONG is always due while messages are written that leave in several pieces, the first after a quiet moment.
#[test]
fn pongs_leave_between_messages_and_never_within_one() {
    run(async {
        let push = Push::new();
        let mut monitor = push.monitor();
        let mut pull = Peer::with("PULL", RESTLESS).await;
        join(&push, &mut pull, Binds::We).await;
        until(&mut monitor, |event| matches!(event, Event::Accepted { .. })).await;
        let payload = Payload::new(&[6_000_000, 7], 0);
        let message = payload.message();
        for _ in 0..ROUNDS {
            for _ in 0..2 {
                pull.tell(payload.expect(0)).await;
                push.send(message.clone()).await.unwrap();
            }
            tokio::select! {
                () = pull.says(&["same", "same"]) => (),
                event = until_disconnected(&mut monitor) => panic!("{event}"),
            }
        }
    });
}

/// Passes on what one says at once, and what the other says a little at a time.
async fn slow_down(ours: TcpStream, theirs: TcpStream) {
    let (mut from_us, mut to_us) = ours.into_split();
    let (mut from_them, mut to_them) = theirs.into_split();
    let forth = async { tokio::io::copy(&mut from_us, &mut to_them).await.map(drop) };
    let back = async {
        let mut piece = vec![0; 60_000];
        loop {
            let len = from_them.read(&mut piece).await?;
            to_us.write_all(&piece[..len]).await?;
            tokio::time::sleep(TIMEOUT / 12).await;
        }
    };
    let _: std::io::Result<()> = tokio::select! { ended = forth => ended, ended = back => ended };
}

pub(crate) fn beating() -> Options {
    Options::new().heartbeat(TIMEOUT / 4, TIMEOUT).reconnect(Duration::from_secs(9), Duration::from_secs(9))
}

pub(crate) const TIMEOUT: Duration = Duration::from_millis(600);
pub(crate) const IMPATIENT: &str = r#""HEARTBEAT_IVL": 100, "HEARTBEAT_TIMEOUT": 500, "HEARTBEAT_TTL": 500"#;
const RESTLESS: &str = r#""HEARTBEAT_IVL": 1, "HEARTBEAT_TIMEOUT": 20000"#;
pub(crate) const MONITOR: &str = r#""do": "monitor""#;
const ROUNDS: usize = 30;
