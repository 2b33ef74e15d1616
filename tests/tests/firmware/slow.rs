//! Does somebody who does not read what is for him keep anybody from what is his?

use crate::board::Board;
use crate::host::{self, ask, client, counter, give_jobs, hear, producer, send, subscriber};
use crate::load::verdict;
use crate::run;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use zeptomq_tests::python::Peer;
use zeptomq_tests::wire::{greeting, message, opening, subscribe};

/// It reads nothing. The other hears every message, the jobs are done and the requests answered.
///
/// QEMU and this machine hold minutes of telemetry for it. What the node does when they are full is tested on a network
/// whose buffers are small, with the node itself.
#[test]
fn a_slow_subscriber_slows_nobody() {
    run(async |board| {
        let (mut collector, mut commander) = (host::collector().await, host::commander().await);
        let (mut client, mut quick, mut producer) =
            (client(board).await, subscriber(board).await, producer(board).await);
        collector.must(hear(1), "boot").await;
        commander.must(hear(1), "\u{1}cmd.").await;
        quick.must(hear(1), "telemetry.").await;
        let slow = slow_subscriber(board).await;

        let before = silence(&mut commander, &mut client, &mut quick).await;
        client.must(ask("rate 10"), "ok").await;
        commander.must(send("cmd.loud"), "sent").await;
        let mut heard = 0;
        for number in 0..ROUNDS {
            quick.tell(hear(AT_ONCE)).await;
            producer.must(give_jobs(number, 1), "given").await;
            assert_eq!(verdict(&collector.ask(hear(1)).await), number);
            heard += quick.hear().await.split(',').count() as u64;
            client.must(ask("ping"), "pong").await;
        }
        // What the quick one had not heard yet is on its way.
        commander.must(send("cmd.quiet"), "sent").await;
        heard += rest(&mut quick).await;
        assert_eq!(heard, counter(&mut client, "telemetry").await - before);
        drop(slow);
    });
}

/// Its replies fill all that there is between it and the node. Each that finds no room is given up after a second, in
/// which the telemetry goes on; then the others have their turn.
#[test]
fn a_client_that_fetches_no_reply_keeps_its_place_and_no_other() {
    run(async |board| {
        let (mut client, mut subscriber) = (client(board).await, subscriber(board).await);
        let mut greedy = small_receiver(board.requests).await;
        greedy.write_all(&opening("DEALER", b"")).await.unwrap();
        let mut heard = vec![0; opening("REP", b"").len()];
        greedy.read_exact(&mut heard).await.unwrap();
        let flood = message(&[b"", &[b"echo ".as_slice(), &[b'x'; 380]].concat()]).repeat(100);
        // Nor does the node take what it does not answer: in the end there is no room for a request either.
        let flooding = tokio::spawn(async move { greedy.write_all(&flood.repeat(1000)).await });
        while counter(&mut client, "abandoned").await == 0 {
            subscriber.must(hear(2), "telemetry.").await;
        }
        for _ in 0..2 {
            client.must(ask("ping"), "pong").await;
        }
        assert!(!flooding.is_finished());
        flooding.abort();
    });
}

/// Ends the telemetry, and returns how many messages there were.
async fn silence(commander: &mut Peer, client: &mut Peer, quick: &mut Peer) -> u64 {
    commander.must(send("cmd.quiet"), "sent").await;
    while counter(client, "commands").await == 0 {}
    rest(quick).await;
    counter(client, "telemetry").await
}

async fn rest(subscriber: &mut Peer) -> u64 {
    let heard = subscriber.must(r#""do": "hear_rest", "quiet_ms": 1000"#, "heard ").await;
    heard["heard ".len()..].parse().unwrap()
}

/// One whose subscription has come.
async fn slow_subscriber(board: &Board) -> TcpStream {
    let mut stream = small_receiver(board.telemetry).await;
    stream.write_all(&[opening("SUB", b""), subscribe(b"")].concat()).await.unwrap();
    let mut heard = vec![0; opening("PUB", b"").len() + 100];
    stream.read_exact(&mut heard).await.unwrap();
    assert!(heard.starts_with(&greeting()));
    stream
}

async fn small_receiver(port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    socket.connect(([127, 0, 0, 1], port).into()).await.unwrap()
}

const AT_ONCE: usize = 100;
const ROUNDS: u64 = 10;
