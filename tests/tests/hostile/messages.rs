//! Do messages that are many, or of many parts, or never whole, cost what the options allow?

use crate::alone::Alone;
use crate::attack::{Flood, expect_closed, hear_last, leave, shaken, wait_for_room};
use crate::good::{drain, serves};
use crate::types::{is_exclusive, kinds};
use std::io::Write;
use std::time::Instant;
use zeptomq::Options;
use zeptomq_tests::executor::{Kind, Socket};
use zeptomq_tests::tokio::{DEADLINE, TokioSubject};
use zeptomq_tests::wire::{command, frame, message, more, ping};

const MIB: usize = 1 << 20;

/// A socket that is flooded.
fn socket(kind: Kind, options: Options) -> TokioSubject {
    let mut socket = TokioSubject::bound(kind, options, &[]);
    if kind == Kind::Sub {
        // A SUB keeps what it wants.
        socket.subscribe(b"");
    }
    socket
}

/// 7.1: the queue of a peer is full at 16,384 messages or 2 MiB, what a message costs beside its octets counted.
#[test]
fn a_million_messages_that_nobody_takes_are_left_to_the_system() {
    let alone = Alone::begin();
    for kind in kinds() {
        let mut socket = socket(kind, Options::new());
        let memory = alone.memory();
        let flood = Flood::begin(shaken(&socket), frame(0, b"x").repeat(1000), 1000);
        flood.wait();
        serves(&mut socket, 1);
        flood.end();
        // Rooms grow by doubling; and blocks to read into.
        memory.expect_peak(5 * MIB);
        // A peer that is not read is not known to be gone.
        drain(&mut socket);
        wait_for_room(&mut socket);
        serves(&mut socket, 0);
        memory.expect_left(3 * MIB);
    }
}

/// Who fills a queue, leaves and comes again fills what all queues may hold together, and no more.
#[test]
fn queues_that_were_left_full_are_bounded_together() {
    let alone = Alone::begin();
    for kind in [Kind::Pull, Kind::Router, Kind::Dealer, Kind::Xpub] {
        let mut socket = socket(kind, Options::new().receive_total(8 * MIB));
        let memory = alone.memory();
        let mut strangers = Vec::new();
        for _ in 0..20 {
            let mut stream = shaken(&socket);
            stream.set_nonblocking(true).unwrap();
            // As much as it takes; the rest is the system's to hold.
            let _ = stream.write(&frame(0, &[b'x'; 1000]).repeat(2000));
            strangers.push(stream);
        }
        // A block each, and what is being read.
        memory.expect_peak(8 * MIB + strangers.len() * (300 << 10) + 4 * MIB);
        strangers.clear();
        let end = Instant::now() + DEADLINE;
        while socket.peers() > 0 {
            drain(&mut socket);
            assert!(Instant::now() < end, "the strangers of a {kind:?} do not end");
        }
        serves(&mut socket, 0);
        memory.expect_left(MIB);
    }
}

/// 7.1: each part counts for 72 octets beside its own.
#[test]
fn a_million_frames_of_one_message_are_a_message_too_long() {
    let alone = Alone::begin();
    for kind in kinds() {
        let mut socket = socket(kind, Options::new().message_len_max(4 * MIB));
        let memory = alone.memory();
        let stream = shaken(&socket);
        let flood = Flood::begin(stream.try_clone().unwrap(), frame(1, b"x").repeat(1000), 1000);
        serves(&mut socket, 1);
        expect_closed(stream);
        flood.end();
        // The parts are kept in a room that doubles, and is there twice while it grows.
        memory.expect_peak(3 * 4 * MIB + 2 * MIB);
        serves(&mut socket, 0);
        memory.expect_left(3 * MIB);
    }
}

/// The defaults take 900,000 parts of an octet, and not a million.
#[test]
fn with_the_defaults_a_message_has_as_many_parts_as_64_mib_allow() {
    let alone = Alone::begin();
    let mut pull = socket(Kind::Pull, Options::new());
    let memory = alone.memory();
    let mut stream = shaken(&pull);
    let parts = frame(1, b"x").repeat(1000);
    for _ in 0..900 {
        stream.write_all(&parts).unwrap();
    }
    stream.write_all(&frame(0, b"last")).unwrap();
    // What the test makes of it is four times as large.
    let taken = pull.recv().unwrap();
    assert_eq!((taken.len(), taken.last().unwrap().as_slice()), (900_001, &b"last"[..]));
    drop(taken);
    let flood = Flood::begin(stream.try_clone().unwrap(), parts, 1000);
    expect_closed(stream);
    flood.end();
    memory.expect_peak(5 * 64 * MIB);
    serves(&mut pull, 0);
    memory.expect_left(3 * MIB);
}

/// G3, CVE-2021-20234: a message that never ends costs what of it has come, and nothing when its peer is gone.
#[test]
fn half_messages_cost_what_has_come() {
    let alone = Alone::begin();
    for kind in kinds() {
        let mut socket = socket(kind, Options::new());
        let memory = alone.memory();
        let halves = [more(b"half"), b"\x01\x05ha".to_vec(), b"\x02\0\0\0".to_vec(), more(&[b'h'; 300])];
        for _ in 0..5 {
            let streams: Vec<_> = (0..if is_exclusive(kind) { 1 } else { 40 })
                .map(|at| {
                    let mut stream = shaken(&socket);
                    stream.write_all(&halves[at % 4]).unwrap();
                    stream
                })
                .collect();
            serves(&mut socket, streams.len());
            streams.into_iter().for_each(leave);
        }
        memory.expect_peak(2 * MIB);
        serves(&mut socket, 0);
        memory.expect_left(MIB);
    }
}

/// A peer that said much once, and is silent now, costs as much as one that never did.
#[test]
fn a_burst_leaves_nothing_behind() {
    let alone = Alone::begin();
    // What these do not want, they do not keep: all that could be left is of the connections.
    for (kind, octets) in [
        (Kind::Push, frame(0, b"x").repeat(10_000)),
        (Kind::Push, [frame(1, b"x").repeat(2000), frame(0, b"")].concat()),
        (Kind::Push, frame(0, &[7; 100_000])),
        (Kind::Push, frame(0, &[7; 500_000])),
        (Kind::Push, ping(0, b"again").repeat(10_000)),
        (Kind::Push, command(b"SUBSCRIBE", b"topic").repeat(5000)),
        (Kind::Pub, [message(&[b"\x01topic"]), message(&[b"\0topic"])].concat().repeat(5000)),
        (Kind::Pub, [command(b"SUBSCRIBE", b"topic"), command(b"CANCEL", b"topic")].concat().repeat(5000)),
    ] {
        let mut socket = socket(kind, Options::new());
        serves(&mut socket, 0);
        let memory = alone.memory();
        let streams: Vec<_> = (0..100)
            .map(|_| {
                let mut stream = shaken(&socket);
                stream.write_all(&octets).unwrap();
                hear_last(&mut stream);
                stream
            })
            .collect();
        // What those cost who never said a word, and blocks to read into.
        memory.expect_left(streams.len() * (8 << 10) + 2 * MIB);
        serves(&mut socket, streams.len());
        streams.into_iter().for_each(leave);
    }
}

/// And so does its queue, when it was taken.
#[test]
fn a_long_queue_leaves_nothing_behind() {
    let alone = Alone::begin();
    let mut pull = socket(Kind::Pull, Options::new());
    let octets = frame(0, b"x").repeat(9_000);
    let memory = alone.memory();
    let mut streams: Vec<_> = (0..50).map(|_| shaken(&pull)).collect();
    for stream in &mut streams {
        stream.write_all(&octets).unwrap();
        hear_last(stream);
        (0..9_000).for_each(|_| drop(pull.recv().unwrap()));
    }
    // 1,024 messages of 72 octets are room that is kept.
    memory.expect_left(streams.len() * (80 << 10) + 2 * MIB);
    streams.into_iter().for_each(leave);
    serves(&mut pull, 0);
}
