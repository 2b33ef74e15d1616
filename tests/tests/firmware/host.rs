//! Who on this machine talks to the node? Peers of libzmq, one for each of its sockets.

use crate::board::{Board, COMMANDS_PORT, REPORTS_PORT, TIME_PORT};
use zeptomq_tests::python::Peer;

/// A libzmq peer that hears the telemetry.
pub(crate) async fn subscriber(board: &Board) -> Peer {
    let mut peer = connected("SUB", board.telemetry).await;
    peer.must(r#""do": "subscribe", "topic": "telemetry.""#, "subscribed").await;
    peer
}

/// One that asks the node.
pub(crate) async fn client(board: &Board) -> Peer {
    connected("REQ", board.requests).await
}

/// One that gives it jobs.
pub(crate) async fn producer(board: &Board) -> Peer {
    connected("PUSH", board.work).await
}

/// One that takes the answers to jobs.
pub(crate) async fn collector() -> Peer {
    bound("PULL", REPORTS_PORT).await
}

/// One that gives commands. It sees who subscribes.
pub(crate) async fn commander() -> Peer {
    bound("XPUB", COMMANDS_PORT).await
}

/// One that knows the time.
pub(crate) async fn time_server() -> Peer {
    bound("REP", TIME_PORT).await
}

async fn connected(kind: &str, port: u16) -> Peer {
    let mut peer = Peer::start(kind).await;
    peer.connect(&format!("tcp://127.0.0.1:{port}")).await;
    peer
}

async fn bound(kind: &str, port: u16) -> Peer {
    let mut peer = Peer::start(kind).await;
    peer.bind(&format!("tcp://127.0.0.1:{port}")).await;
    peer
}

/// The step that sends one part.
pub(crate) fn send(text: &str) -> String {
    format!(r#""do": "send", "parts": ["{text}"]"#)
}

/// The step that receives so many messages.
pub(crate) fn hear(count: usize) -> String {
    format!(r#""do": "hear", "count": {count}"#)
}

/// The step that sends a request and receives its reply.
pub(crate) fn ask(text: &str) -> String {
    format!(r#""do": "ask", "text": "{text}""#)
}

/// The step that gives so many jobs, with numbers from the first on.
pub(crate) fn give_jobs(first: u64, count: u64) -> String {
    format!(r#""do": "give_jobs", "first": {first}, "count": {count}"#)
}

/// One of the node's counters.
pub(crate) async fn counter(client: &mut Peer, name: &str) -> u64 {
    let stats = client.ask(ask("stats")).await;
    let value = stats.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {stats}"))
}
