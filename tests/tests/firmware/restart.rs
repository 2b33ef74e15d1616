//! Does the node go on, whoever of the host comes, goes, crashes or comes back?

use crate::board::{Board, REPORTS_PORT};
use crate::host::{self, ask, client, collector, counter, give_jobs, hear, producer, send, subscriber};
use crate::load::verdict;
use crate::run;
use zeptomq_tests::python::Peer;

/// Each of them amid what it does, and all at the same time.
#[test]
fn peers_that_crash_and_come_back_are_served_again() {
    run(async |board| {
        let board = &*board;
        tokio::join!(
            collectors_crash(board),
            commanders_crash(board),
            time_servers_crash(),
            subscribers_crash(board),
            clients_crash(board)
        );
        let mut client = client(board).await;
        assert_eq!(client.ask(ask("ping")).await, "pong");
    });
}

/// What had left for a collector that crashes is gone with it. The others are answered, in order and once.
async fn collectors_crash(board: &Board) {
    let mut producer = producer(board).await;
    let mut collector = found_collector().await;
    collector.must(hear(1), "boot").await;
    let mut answered = None;
    for life in 0..LIVES {
        let first = life * 10_000;
        producer.tell(give_jobs(first, 2000)).await;
        answered = hear_more(&mut collector, answered, first + 99).await;
        collector.kill().await;
        collector = found_collector().await;
        producer.says(&["given"]).await;
        producer.must(give_jobs(first + 2000, 1), "given").await;
        answered = hear_more(&mut collector, answered, first + 2000).await;
    }
    // A producer crashes too, and takes with it what it had not sent.
    producer.tell(give_jobs(100_000, 2000)).await;
    answered = hear_more(&mut collector, answered, 100_099).await;
    producer.kill().await;
    let mut producer = host::producer(board).await;
    producer.must(give_jobs(200_000, 1), "given").await;
    answered = hear_more(&mut collector, answered, 200_000).await;
    assert_eq!(answered, Some(200_000));
}

/// Hears answers up to this one, each behind the last and right.
async fn hear_more(collector: &mut Peer, mut answered: Option<u64>, last: u64) -> Option<u64> {
    while answered.is_none_or(|answered| answered < last) {
        let number = verdict(&collector.ask(hear(1)).await);
        assert!(answered.is_none_or(|answered| answered < number), "{number} behind {answered:?}");
        answered = Some(number);
    }
    answered
}

async fn commanders_crash(board: &Board) {
    let mut client = client(board).await;
    for life in 1..=LIVES {
        let mut commander = host::commander().await;
        commander.must(hear(1), "\u{1}cmd.").await;
        commander.must(send("cmd.rate 100"), "sent").await;
        while counter(&mut client, "commands").await < life {}
        commander.kill().await;
    }
    client.kill().await;
}

/// The first takes the question with it.
async fn time_servers_crash() {
    for _ in 0..2 {
        let mut server = host::time_server().await;
        server.must(hear(1), "time?").await;
        server.kill().await;
        asks_time_server(host::time_server().await).await;
    }
}

async fn subscribers_crash(board: &Board) {
    let mut stays = subscriber(board).await;
    for _ in 0..2 * LIVES {
        let mut leaves = subscriber(board).await;
        leaves.must(hear(3), "telemetry.").await;
        stays.must(hear(3), "telemetry.").await;
        leaves.kill().await;
    }
}

/// With a reply on its way to each.
async fn clients_crash(board: &Board) {
    for _ in 0..3 * LIVES {
        let mut client = client(board).await;
        client.must(ask("echo once"), "once").await;
        client.must(send("stats"), "sent").await;
        client.kill().await;
    }
}

/// The node has been alone for long enough to miss the time server. Then they come, go all at once, and come in another
/// order.
#[test]
fn the_ends_on_the_host_come_and_go_in_any_order() {
    run(async |board| {
        let mut client = client(board).await;
        while counter(&mut client, "missed").await == 0 {}
        let mut producer = producer(board).await;
        // More than the node keeps; it takes the others when it can.
        producer.must(give_jobs(0, 500), "given").await;
        for (round, order) in (0..).zip([[0, 1, 2], [2, 0, 1], [1, 2, 0]]) {
            let (mut collector, mut commander, mut server) = (None, None, None);
            for role in order {
                match role {
                    0 => collector = Some(watched_collector().await),
                    1 => commander = Some(host::commander().await),
                    _ => server = Some(host::time_server().await),
                }
            }
            tokio::join!(
                serves_collector(collector.unwrap(), &mut producer, round),
                serves_commander(commander.unwrap(), &mut client, round),
                asks_time_server(server.unwrap())
            );
        }
    });
}

async fn serves_collector(mut collector: Peer, producer: &mut Peer, round: u64) {
    collector.must(FOUND, "HANDSHAKE").await;
    let mut number = 1_000_000 + round;
    if round == 0 {
        collector.must(hear(1), "boot").await;
        number = 0;
    } else {
        producer.must(give_jobs(number, 500), "given").await;
    }
    for answer in collector.ask(hear(500)).await.split(',') {
        assert_eq!(verdict(answer), number);
        number += 1;
    }
    collector.kill().await;
}

async fn serves_commander(mut commander: Peer, client: &mut Peer, round: u64) {
    commander.must(hear(1), "\u{1}cmd.").await;
    commander.must(send("cmd.loud"), "sent").await;
    while counter(client, "commands").await <= round {}
    commander.kill().await;
}

async fn asks_time_server(mut server: Peer) {
    server.must(r#""do": "answer", "text": "noon""#, "time?").await;
    server.kill().await;
}

/// To whom the node has connected: what it sends from now on goes there.
async fn found_collector() -> Peer {
    let mut collector = watched_collector().await;
    collector.must(FOUND, "HANDSHAKE").await;
    collector
}

async fn watched_collector() -> Peer {
    let mut collector = Peer::start("PULL").await;
    collector.must(r#""do": "monitor""#, "watching").await;
    collector.bind(&format!("tcp://127.0.0.1:{REPORTS_PORT}")).await;
    collector
}

/// The whole board stands still for a while, amid all that it does.
#[test]
fn a_board_that_was_stopped_for_seconds_goes_on() {
    run(async |board| {
        let (mut collector, mut producer) = (collector().await, producer(board).await);
        let (mut client, mut subscriber) = (client(board).await, subscriber(board).await);
        collector.must(hear(1), "boot").await;
        subscriber.must(hear(1), "telemetry.").await;
        producer.tell(give_jobs(0, 3000)).await;
        collector.must(hear(500), "done 0 false,").await;
        board.signal("STOP");
        client.tell(ask("ping")).await;
        tokio::time::sleep(STOPPED).await;
        board.signal("CONT");
        assert_eq!(client.hear().await, "pong");
        let answers = collector.ask(hear(2500)).await;
        for (number, answer) in (500..).zip(answers.split(',')) {
            assert_eq!(verdict(answer), number);
        }
        producer.says(&["given"]).await;
        subscriber.must(r#""do": "hear_for", "ms": 300"#, "telemetry.").await;
        subscriber.must(hear(20), "telemetry.").await;
    });
}

/// The node has connected.
const FOUND: &str = r#""do": "event", "names": ["HANDSHAKE_SUCCEEDED"]"#;
const LIVES: u64 = 3;
const STOPPED: std::time::Duration = std::time::Duration::from_secs(4);
