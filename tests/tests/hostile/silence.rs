//! What do two thousand connections cost that say nothing, or stop in the middle of a word?

use crate::alone::Alone;
use crate::attack::{expect_closed, leave, shake};
use crate::server::{Cost, Server};
use crate::types::{TYPES, is_exclusive};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
use zeptomq_tests::executor::Kind;
use zeptomq_tests::tokio::DEADLINE;
use zeptomq_tests::wire::{greeting, opening};

/// 7.1, CVE-2020-15166; 7.4 item 10: strangers keep nobody out, cost little, and are sent away in time.
#[test]
fn two_thousand_strangers_cost_little_and_are_sent_away() {
    let _alone = Alone::begin();
    let mut server = Server::start(TIME, Duration::ZERO);
    server.serve(0);
    let (before, start) = (server.cost(), Instant::now());
    let mut strangers = Vec::new();
    for (kind, address) in server.addresses.clone() {
        for at in 0..each(&server) {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            // Nothing, a signature, a greeting, or all but the last octet.
            let octets = opening(kind.partner(), b"");
            stream.write_all(&octets[..[0, 10, greeting().len(), octets.len() - 1][at % 4]]).unwrap();
            stream.read_exact(&mut vec![0; opening(kind.name(), b"").len()]).unwrap();
            strangers.push(stream);
        }
    }
    let during = server.cost();
    server.serve(0);
    // On a machine so slow some have been sent away already, which makes this only easier.
    assert!(start.elapsed() >= TIME || strangers.iter_mut().all(is_open));
    expect_little(before, during, strangers.len());
    strangers.into_iter().for_each(expect_closed);
    assert!(start.elapsed() >= TIME);
    expect_left(before, server.cost());
    server.serve(0);
    server.end();
}

/// The same of peers, who are given up when they have been silent for too long; but a PUSH, PUB or XPUB may have peers whose
/// user is slow.
#[test]
fn two_thousand_silent_peers_cost_little_and_are_given_up() {
    let _alone = Alone::begin();
    let mut server = Server::start(DEADLINE, TIME);
    server.serve(0);
    let before = server.cost();
    let peers = connect(&server, |_| Vec::new());
    let during = server.cost();
    server.serve(each(&server));
    expect_little(before, during, peers.len());
    for (kind, stream) in peers {
        match kind {
            Kind::Push | Kind::Pub | Kind::Xpub => leave(stream),
            _ => expect_closed(stream),
        }
    }
    expect_left(before, server.cost());
    server.serve(0);
    server.end();
}

/// And of those that stop in the middle of a frame.
#[test]
fn two_thousand_half_frames_cost_little() {
    let _alone = Alone::begin();
    let mut server = Server::start(DEADLINE, Duration::ZERO);
    server.serve(0);
    let before = server.cost();
    let halves = [&b"\0"[..], b"\0\x05ha", b"\x02\0\0\0\0", b"\x04\x07\x04PI"];
    let peers = connect(&server, |at| halves[at % halves.len()].to_vec());
    let during = server.cost();
    server.serve(each(&server));
    expect_little(before, during, peers.len());
    peers.into_iter().for_each(|(_, stream)| leave(stream));
    expect_left(before, server.cost());
    server.serve(0);
    server.end();
}

/// Peers that have shaken hands with each socket, and said what `says` has them say.
fn connect(server: &Server, says: impl Fn(usize) -> Vec<u8>) -> Vec<(Kind, TcpStream)> {
    let mut peers = Vec::new();
    for (kind, address) in &server.addresses {
        for at in 0..if is_exclusive(*kind) { 1 } else { each(server) } {
            let mut stream = shake(address, *kind);
            stream.write_all(&says(at)).unwrap();
            peers.push((*kind, stream));
        }
    }
    peers
}

/// Each costs at most 6 KiB that the server has asked for, and 8 KiB that the system has given it.
#[track_caller]
fn expect_little(before: Cost, during: Cost, connections: usize) {
    let heap = during.heap.saturating_sub(before.heap) / connections;
    let resident = during.resident.saturating_sub(before.resident) / connections;
    println!("{connections} connections, each {heap} octets of heap, {resident} resident");
    assert!(heap <= HEAP_EACH && resident <= RESIDENT_EACH, "each costs {heap} octets, {resident} resident");
}

/// Nothing of them is left, but for a block and room in tables at each socket.
#[track_caller]
fn expect_left(before: Cost, after: Cost) {
    let left = after.heap.saturating_sub(before.heap);
    assert!(left <= TYPES.len() * (128 << 10), "{left} octets are left");
}

/// Whether the socket has not closed the connection.
fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let open = stream.read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    open
}

/// How many connections to each socket make two thousand, as far as the system lets a process have so many files open.
fn each(server: &Server) -> usize {
    let sockets = server.addresses.len();
    (CONNECTIONS.min(files_max().saturating_sub(200))).div_ceil(sockets)
}

/// How many files this process, and those that it starts, may have open; what is not known is enough.
fn files_max() -> usize {
    let limit = Command::new("sh").args(["-c", "ulimit -Sn"]).output();
    limit.ok().and_then(|limit| String::from_utf8(limit.stdout).ok()?.trim().parse().ok()).unwrap_or(usize::MAX)
}

const CONNECTIONS: usize = 2000;
const HEAP_EACH: usize = 6 << 10;
const RESIDENT_EACH: usize = 8 << 10;
/// How long strangers may shake hands, and peers be silent: longer than it takes to have two thousand of them.
const TIME: Duration = Duration::from_secs(5);
