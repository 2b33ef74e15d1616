//! Is what no peer may say refused by a socket of any type, and what means nothing to it passed over?

use crate::alone::Alone;
use crate::attack::expect_closed;
use crate::good::{drain, serves};
use crate::types::{is_exclusive, kinds};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use zeptomq::Options;
use zeptomq_tests::executor::{Executor, Socket};
use zeptomq_tests::tokio::{DEADLINE, TokioSubject};
use zeptomq_tests::wire::{
    Wire, command, error, frame, greeting, greeting_of, message, opening, ping, pong, property, ready,
};

/// 7.4 item 9.
fn greetings() -> Vec<Vec<u8>> {
    let spoilt = |at: usize, octets: &[u8]| {
        let mut greeting = greeting();
        greeting[at..at + octets.len()].copy_from_slice(octets);
        greeting.to_vec()
    };
    vec![
        spoilt(0, b"\xfe"),
        spoilt(9, b"\x7e"),
        greeting_of(0, 0).to_vec(),
        greeting_of(1, 0).to_vec(),
        greeting_of(2, 1).to_vec(),
        // CVE-2014-7202: a mechanism is compared whole.
        spoilt(12, b"null"),
        spoilt(12, b"NULLNULLNULLNULLNULL"),
        spoilt(12, b"NULL\0X"),
        spoilt(12, b"\0\0\0\0"),
    ]
}

/// 7.4 items 4, 5, 6, 7 and 11: in place of READY.
fn instead_of_ready(theirs: &str) -> Vec<Vec<u8>> {
    let type_of = |name: &[u8]| property(name, theirs.as_bytes());
    let own = type_of(b"Socket-Type");
    let ready_of = |more: &[u8]| command(b"READY", &[&own, more].concat());
    let mut cut = ready(theirs, b"");
    cut[1] -= 1;
    vec![
        message(&[b"early"]),
        message(&[b"\x05READY"]),
        frame(4, b""),
        frame(5, b"\x05READY"),
        ping(0, b""),
        pong(b""),
        command(b"SUBSCRIBE", b""),
        command(b"HELLO", b""),
        error("400"),
        ready_of(&type_of(b"socket-type")),
        command(b"READY", &property(b"Socket-Type", b"NULL")),
        command(b"READY", &property(b"Socket-Type", b"")),
        ready_of(&property(b"", b"value")),
        ready_of(&property(b"a name", b"value")),
        ready_of(b"\x01x\x80\0\0\0"),
        ready_of(b"\x01x\xff\xff\xff\xff"),
        ready_of(b"x"),
        // A READY that ends an octet too soon.
        cut[..cut.len() - 1].to_vec(),
        ready_of(&property(b"X-much", &[0; 1 << 16])),
        ready_of(&[property(b"Identity", b"a"), property(b"Identity", b"b")].concat()),
        ready_of(&property(b"Identity", &[b'i'; 256])),
        ready_of(&property(b"Identity", b"\0made")),
    ]
}

/// 7.4 items 2, 3 and 6: behind READY.
fn instead_of_traffic() -> Vec<Vec<u8>> {
    // Reserved bits, and a command with MORE.
    let flags = [5, 7, 8, 16, 32, 64, 128, 255].map(|flags| frame(flags, b"\x04WXYZ"));
    let names = [&b""[..], b"\0", b"\0PING", b"\x05PING", b"\xffPING", b"\x04PI-G\0\0"].map(|body| frame(4, body));
    let beats = [(b"PING", 0), (b"PING", 1), (b"PING", 19), (b"PONG", 17), (b"PONG", 1000)];
    let beats = beats.map(|(name, len)| command(name, &[0; 1000][..len]));
    flags.into_iter().chain(names).chain(beats).collect()
}

/// 7.4 items 5, 6, 7 and 8: what means nothing here.
fn harmless(theirs: &str) -> Vec<Vec<u8>> {
    let groups = [&b""[..], b"g", &[b'g'; 255], &[b'g'; 256], b"with \0 zero"];
    let groups = groups.into_iter().flat_map(|group| [command(b"JOIN", group), command(b"LEAVE", group)]);
    let beats = [ping(0, b""), ping(u16::MAX, b"0123456789abcdef"), pong(b""), pong(b"0123456789abcdef")];
    let others = [ready(theirs, b"other"), error("400"), command(b"WXYZ", b""), command(&[b'N'; 255], &[0; 500])];
    groups.chain(beats).chain(others).collect()
}

/// And a good peer is served after each kind of them.
fn what_no_peer_may_say_is_refused_by_all_types<E: Executor>(executor: &mut E, alone: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let memory = alone.memory();
        let stages = [
            (Vec::new(), greetings()),
            (greeting().to_vec(), instead_of_ready(kind.partner())),
            (opening(kind.partner(), b""), instead_of_traffic()),
        ];
        for (before, sayings) in stages {
            for said in sayings {
                let mut wire = socket.accept();
                wire.expect_opening(kind);
                wire.send(&before);
                wire.send(&said);
                wire.until_closed();
            }
            serves(&mut socket, 0);
        }
        memory.expect_peak(2 << 20);
    }
}

fn what_means_nothing_is_passed_over_by_all_types<E: Executor>(executor: &mut E, _: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        for said in harmless(kind.partner()) {
            wire.send(&said);
            wire.settle();
        }
        serves(&mut socket, 1);
        wire.leave();
        drain(&mut socket);
        serves(&mut socket, 0);
    }
}

on_both![what_no_peer_may_say_is_refused_by_all_types, what_means_nothing_is_passed_over_by_all_types];

/// 7.4 item 10: octets are no excuse for a handshake that takes too long.
#[test]
fn a_stranger_that_dribbles_is_sent_away_in_time() {
    let _alone = Alone::begin();
    let time = Duration::from_millis(600);
    let options = Options::new().handshake_timeout(time);
    let mut sockets: Vec<_> = kinds().map(|kind| TokioSubject::bound(kind, options.clone(), &[])).collect();
    let start = Instant::now();
    let strangers: Vec<_> = sockets
        .iter()
        .map(|socket| (TcpStream::connect(socket.address()).unwrap(), opening(socket.kind().partner(), b"")))
        .collect();
    // So slow that the deadline comes first, on any machine.
    for at in 0..time.as_millis() as usize / 10 {
        for (mut stream, octets) in strangers.iter().map(|(stream, octets)| (stream, octets)) {
            let _ = stream.write_all(&octets[at..=at]);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    for (stream, _) in strangers {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        expect_closed(stream);
    }
    assert!(start.elapsed() >= time);
    sockets.iter_mut().for_each(|socket| serves(socket, 0));
}

/// 7.4 item 10: so many strangers may shake hands at a time, and no more; the last who came is let in.
#[test]
fn a_stranger_too_many_sends_the_oldest_away() {
    let _alone = Alone::begin();
    for kind in kinds() {
        let options = Options::new().handshakes_max(8).handshake_timeout(2 * DEADLINE);
        let mut socket = TokioSubject::bound(kind, options, &[]);
        let mut strangers: Vec<_> = (0..20)
            .map(|_| {
                let mut wire = socket.accept();
                wire.expect_opening(kind);
                wire
            })
            .collect();
        let mut last = strangers.split_off(20 - 8);
        strangers.iter_mut().for_each(|wire| drop(wire.until_closed()));
        // One more is the good peer.
        serves(&mut socket, 0);
        last[0].until_closed();
        for wire in &mut last[1..] {
            wire.send(&opening(kind.partner(), b""));
            if !is_exclusive(kind) {
                wire.settle();
            }
        }
    }
}
