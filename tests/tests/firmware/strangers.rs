//! Who is served, when there are more than the node has places for, or some who keep one for nothing?

use crate::garbage::all_are_served;
use crate::host::{ask, client, hear, send, subscriber};
use crate::run;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use zeptomq_tests::python::Peer;
use zeptomq_tests::wire::greeting;

/// Two on each listener, and then more than there are places.
#[test]
fn strangers_that_sit_there_in_silence_lock_nobody_out() {
    run(async |board| {
        for many in [2, 8] {
            let mut silent = Vec::new();
            for port in [board.telemetry, board.requests, board.work] {
                for _ in 0..many {
                    silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
                }
            }
            all_are_served(board).await;
            drop(silent);
        }
    });
}

/// Whoever is turned away comes back after 20 ms, with nothing or a greeting.
#[test]
fn strangers_that_come_back_for_ever_lock_nobody_out() {
    run(async |board| {
        let mut strangers = tokio::task::JoinSet::new();
        for port in [board.telemetry, board.requests, board.work] {
            for number in 0..4 {
                strangers.spawn(async move {
                    loop {
                        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                        if number % 2 == 0 {
                            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &greeting()).await;
                        }
                        let _ = stream.read_to_end(&mut Vec::new()).await;
                        drop(stream);
                        // Faster than any peer that reconnects; without a pause they would come faster than a handshake
                        // of two round trips through QEMU's network ends.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                });
            }
        }
        for _ in 0..3 {
            all_are_served(board).await;
        }
        strangers.shutdown().await;
    });
}

/// The others are told so, come again, and have the place of the first who leaves.
#[test]
fn subscribers_beyond_the_four_wait_for_a_place() {
    run(async |board| {
        let mut subscribers = Vec::new();
        for _ in 0..4 {
            let mut subscriber = subscriber(board).await;
            subscriber.must(hear(1), "telemetry.").await;
            subscribers.push(subscriber);
        }
        let mut late = [subscriber(board).await, subscriber(board).await];
        for _ in 0..3 {
            assert_eq!(who_hears(&mut late).await, 0);
            assert_eq!(who_hears(&mut subscribers).await, 4);
        }
        for subscriber in subscribers.drain(..2) {
            subscriber.kill().await;
        }
        for subscriber in &mut late {
            subscriber.must(hear(1), "telemetry.").await;
        }
        assert_eq!(who_hears(&mut subscribers).await + who_hears(&mut late).await, 4);
    });
}

/// As for the third client.
#[test]
fn a_client_beyond_the_two_is_served_when_one_leaves() {
    run(async |board| {
        let mut clients = [client(board).await, client(board).await];
        for client in &mut clients {
            client.must(ask("ping"), "pong").await;
        }
        let mut third = client(board).await;
        third.must(send("ping"), "sent").await;
        third.must(r#""do": "nothing", "ms": 1000"#, "nothing").await;
        let [first, mut second] = clients;
        second.must(ask("ping"), "pong").await;
        first.kill().await;
        third.must(hear(1), "pong").await;
        second.must(ask("ping"), "pong").await;
    });
}

/// How many of them hear something within some periods.
async fn who_hears(subscribers: &mut [Peer]) -> usize {
    for subscriber in subscribers.iter_mut() {
        subscriber.tell(r#""do": "hear_for", "ms": 500"#).await;
    }
    let mut count = 0;
    for subscriber in subscribers {
        count += usize::from(!subscriber.hear().await.is_empty());
    }
    count
}
