//! Do subscriptions, however many, long or often taken back, cost what the options allow?

use crate::alone::Alone;
use crate::attack::{Flood, expect_closed, hear_last, leave, shaken};
use crate::good::serves;
use crate::types::{Service, kinds, service};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use zeptomq::Options;
use zeptomq_tests::executor::{Kind, Socket};
use zeptomq_tests::tokio::TokioSubject;
use zeptomq_tests::wire::{command, message};

const MIB: usize = 1 << 20;

/// Of a topic beside its octets: a node of the tree, its place among its siblings, and the peer's note of it.
const TOPIC_COST: usize = 400;

/// A subscription, in the form of a command.
fn subscribe(topic: &[u8]) -> Vec<u8> {
    command(b"SUBSCRIBE", topic)
}

/// Taken back.
fn cancel(topic: &[u8]) -> Vec<u8> {
    command(b"CANCEL", topic)
}

/// So many different topics, subscribed to or taken back.
fn many(topics: std::ops::Range<usize>, say: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    topics.flat_map(|topic| say(format!("{topic}.of.many").as_bytes())).collect()
}

/// The defaults, without heartbeats among what is heard.
fn quiet() -> Options {
    Options::new().heartbeat(Duration::ZERO, Duration::ZERO)
}

/// The types that listen to subscriptions.
fn publishers() -> impl Iterator<Item = Kind> {
    kinds().filter(|kind| service(*kind) == Service::Subscribes)
}

/// The socket has read all that the peer said, and sends it this message; and has sent it nothing before.
#[track_caller]
fn hears(socket: &mut TokioSubject, stream: &mut TcpStream, subject: &[u8]) {
    hear_last(stream);
    socket.send(&[subject]).unwrap();
    let mut heard = vec![0; message(&[subject]).len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, message(&[subject]));
}

/// 7.4 item 7. More than 65,536 topics are not kept: who has so many is sent everything.
#[test]
fn two_hundred_thousand_topics_of_one_peer_are_everything() {
    let alone = Alone::begin();
    let (all, first) = (many(0..200_000, subscribe), many(0..60_000, subscribe));
    for kind in publishers() {
        let mut socket = TokioSubject::bound(kind, quiet(), &[]);
        let memory = alone.memory();
        let mut stream = shaken(&socket);
        stream.write_all(&all).unwrap();
        hears(&mut socket, &mut stream, b"what nobody asked for");
        memory.expect_peak(65_536 * TOPIC_COST + 2 * MIB);
        // Another one has fewer, and takes all of them back.
        let mut other = shaken(&socket);
        other.write_all(&first).unwrap();
        hears(&mut socket, &mut other, b"59999.of.many topics");
        serves(&mut socket, 2);
        other.write_all(&many(0..60_000, cancel)).unwrap();
        other.write_all(&subscribe(b"last")).unwrap();
        hear_last(&mut other);
        socket.send(&[b"7.of.many"]).unwrap();
        hears(&mut socket, &mut other, b"last");
        leave(other);
        leave(stream);
        serves(&mut socket, 0);
        // The numbers of nodes are kept, to be given again.
        memory.expect_left(65_536 * TOPIC_COST / 2);
    }
}

/// 7.4 item 7: and of many peers, that come back with others.
#[test]
fn two_hundred_thousand_topics_of_many_peers_go_with_them() {
    let alone = Alone::begin();
    for kind in publishers() {
        let mut socket = TokioSubject::bound(kind, quiet(), &[]);
        let memory = alone.memory();
        for _ in 0..2 {
            let mut streams: Vec<_> = (0..50)
                .map(|at| {
                    let mut stream = shaken(&socket);
                    stream.write_all(&many(at * 4000..(at + 1) * 4000, subscribe)).unwrap();
                    stream
                })
                .collect();
            streams.iter_mut().for_each(hear_last);
            hears(&mut socket, &mut streams[49], b"199999.of.many");
            serves(&mut socket, streams.len());
            streams.into_iter().for_each(leave);
        }
        memory.expect_peak(200_000 * TOPIC_COST + 2 * MIB);
        serves(&mut socket, 0);
        memory.expect_left(200_000 * TOPIC_COST / 2);
    }
}

/// CVE-2021-20236: a topic of 4 MB, which the defaults do not keep: who wants it is sent everything.
#[test]
fn with_the_defaults_a_topic_of_four_megabytes_is_everything() {
    let alone = Alone::begin();
    let long = vec![b't'; 4 << 20];
    for kind in publishers() {
        let mut socket = TokioSubject::bound(kind, quiet(), &[]);
        let memory = alone.memory();
        // No command is so long.
        let mut stream = shaken(&socket);
        let _ = stream.write_all(&subscribe(&long));
        expect_closed(stream);
        let mut stream = shaken(&socket);
        stream.write_all(&message(&[&[b"\x01", &long[..]].concat()])).unwrap();
        hears(&mut socket, &mut stream, b"anything");
        stream.write_all(&message(&[&[b"\0", &long[..]].concat()])).unwrap();
        hears(&mut socket, &mut stream, b"still");
        leave(stream);
        serves(&mut socket, 0);
        // What the test says, and what has come of it, in a room that is there twice while it grows.
        memory.expect_peak(2 * 4 * MIB + 3 * 4 * MIB);
        memory.expect_left(MIB);
    }
}

/// The same where such topics may be kept; no depth of the tree is a depth of the stack.
#[test]
fn a_topic_of_four_megabytes_may_be_wanted_and_taken_back() {
    let alone = Alone::begin();
    let long = vec![b't'; 4 << 20];
    let say = |wanted: u8, len: usize| message(&[&[&[wanted], &long[..len]].concat()]);
    for kind in publishers() {
        let mut socket = TokioSubject::bound(kind, quiet().topics(65_536, 8 << 20), &[]);
        let memory = alone.memory();
        let mut stream = shaken(&socket);
        stream.write_all(&say(1, long.len())).unwrap();
        hear_last(&mut stream);
        serves(&mut socket, 1);
        hears(&mut socket, &mut stream, &long);
        stream.write_all(&say(0, long.len())).unwrap();
        // Each of these begins with all before it.
        for len in 0..2000 {
            stream.write_all(&say(1, 2 * len)).unwrap();
        }
        hears(&mut socket, &mut stream, &long);
        for len in 0..2000 {
            stream.write_all(&say(0, 2 * len)).unwrap();
        }
        stream.write_all(&say(1, 1)).unwrap();
        hear_last(&mut stream);
        socket.send(&[b"nothing that begins so"]).unwrap();
        hears(&mut socket, &mut stream, b"t");
        leave(stream);
        serves(&mut socket, 0);
        memory.expect_peak(10 * 4 * MIB);
        memory.expect_left(2 * MIB);
    }
}

/// 7.4 item 7, in both forms: what was never wanted may be taken back, and taken back again.
#[test]
fn what_was_never_wanted_may_be_taken_back() {
    let alone = Alone::begin();
    for kind in publishers() {
        let mut socket = TokioSubject::bound(kind, quiet(), &[]);
        let memory = alone.memory();
        let mut stream = shaken(&socket);
        let never = |topic: &[u8]| [cancel(topic), message(&[&[b"\0", topic].concat()])].concat();
        let said: [Vec<u8>; 7] = [
            never(b""),
            never(b"never"),
            subscribe(b"ab"),
            [never(b"a"), never(b"abc"), never(b"")].concat(),
            [cancel(b"ab"), cancel(b"ab"), never(b"ab")].concat(),
            many(0..100_000, cancel),
            subscribe(b"last"),
        ];
        said.iter().for_each(|said| stream.write_all(said).unwrap());
        hear_last(&mut stream);
        socket.send(&[b"abc"]).unwrap();
        hears(&mut socket, &mut stream, b"last");
        memory.expect_peak(10 * MIB);
        leave(stream);
        serves(&mut socket, 0);
    }
}

/// 7.4 item 7: to a type that they mean nothing to, and to those that they do.
#[test]
fn any_type_may_be_flooded_with_subscriptions() {
    let alone = Alone::begin();
    let flood = [subscribe(b"topic"), cancel(b"topic"), command(b"JOIN", b"g"), command(b"LEAVE", b"g")].concat();
    let flood = flood.repeat(25_000);
    // One that shows them does not read on before they are taken.
    for kind in kinds().filter(|kind| service(*kind) != Service::Shows) {
        let mut socket = TokioSubject::bound(kind, quiet(), &[]);
        let memory = alone.memory();
        let mut stream = shaken(&socket);
        stream.write_all(&flood).unwrap();
        serves(&mut socket, 1);
        hear_last(&mut stream);
        memory.expect_peak(2 * MIB);
        leave(stream);
        serves(&mut socket, 0);
    }
}

/// What an XPUB is to show waits in the queue of who said it: when that is full only he has to wait.
#[test]
fn subscriptions_that_are_not_taken_hold_up_only_who_floods() {
    let alone = Alone::begin();
    let mut socket = TokioSubject::bound(Kind::Xpub, quiet(), &[]);
    let memory = alone.memory();
    let flood = Flood::begin(shaken(&socket), many(0..2000, subscribe), 100);
    flood.wait();
    serves(&mut socket, 1);
    memory.expect_peak(16_384 * 2 * TOPIC_COST + 4 * MIB);
    // Of the hundred times that each is said the first is shown.
    let mut shown = 0;
    while let Some(parts) = socket.try_recv().unwrap() {
        assert_eq!(parts[0][0], 1);
        shown += 1;
    }
    let mut stream = flood.finish();
    hear_last(&mut stream);
    while let Some(parts) = socket.try_recv().unwrap() {
        assert_eq!(parts[0][0], 1);
        shown += 1;
    }
    assert!((1900..=2000).contains(&shown), "{shown}");
    leave(stream);
    for _ in 0..2000 {
        assert_eq!(socket.recv().unwrap()[0][0], 0);
    }
    serves(&mut socket, 0);
}

/// Two hundred thousand topics, none of which is taken: the attacker waits, and the good peer is served.
#[test]
fn two_hundred_thousand_topics_that_nobody_is_shown_are_not_read() {
    let alone = Alone::begin();
    let mut socket = TokioSubject::bound(Kind::Xpub, quiet(), &[]);
    let memory = alone.memory();
    let flood = Flood::begin(shaken(&socket), many(0..200_000, subscribe), 1);
    flood.wait();
    serves(&mut socket, 1);
    memory.expect_peak(17_000 * 2 * TOPIC_COST + 12 * MIB);
    flood.end();
    // What it had said is shown, and taken back.
    let mut held = 0_i32;
    loop {
        held += if socket.recv().unwrap()[0][0] == 1 { 1 } else { -1 };
        if held == 0 {
            break;
        }
    }
    serves(&mut socket, 0);
}
