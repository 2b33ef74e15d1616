//! May a peer say the same for ever, or come and go for ever?

use crate::alone::Alone;
use crate::attack::{Flood, hear_last, leave, shake, shaken, wait_for_room};
use crate::good::serves;
use crate::types::{is_exclusive, kinds};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use zeptomq::Options;
use zeptomq_tests::executor::Kind;
use zeptomq_tests::tokio::TokioSubject;
use zeptomq_tests::wire::{command, more, ping, pong, ready};

const MIB: usize = 1 << 20;

/// 7.4 item 6; and commands that are nobody's, or come too late.
#[test]
fn a_flood_of_commands_costs_nothing() {
    let alone = Alone::begin();
    let floods = [
        ping(0, b"0123456789abcdef"),
        pong(b"never asked"),
        [ping(600, b""), pong(b""), ping(u16::MAX, b"other")].concat(),
        command(b"ERROR", b"\x03400"),
        command(&[b'N'; 255], &[0; 3000]),
    ];
    for kind in kinds() {
        let mut socket = TokioSubject::bound(kind, Options::new(), &[]);
        let late = ready(kind.partner(), b"");
        for said in floods.iter().chain([&late]) {
            let memory = alone.memory();
            // Two million octets, and no answer is heard until the end.
            let flood = Flood::begin(shaken(&socket), said.repeat(20), 100_000 / said.len());
            serves(&mut socket, 1);
            let mut stream = flood.finish();
            hear_last(&mut stream);
            memory.expect_peak(2 * MIB);
            leave(stream);
        }
        serves(&mut socket, 0);
    }
}

/// 7.2: a port scanner; and who shakes hands before it goes, gently or not.
#[test]
fn who_comes_and_goes_for_ever_leaves_nothing_behind() {
    let alone = Alone::begin();
    for kind in kinds() {
        let mut socket = TokioSubject::bound(kind, Options::new(), &[]);
        serves(&mut socket, 0);
        let memory = alone.memory();
        let (address, over) = (socket.address().to_owned(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let flood = scope.spawn(|| reconnect(&address, kind, &over));
            if !is_exclusive(kind) {
                // As many as are up at a time, and those that are not known to be gone.
                (0..20).for_each(|_| serves(&mut socket, 64));
            }
            over.store(true, Relaxed);
            flood.join().unwrap();
        });
        wait_for_room(&mut socket);
        serves(&mut socket, 0);
        memory.expect_peak(8 * MIB);
        // A block or two to read into; and no peer.
        memory.expect_left(MIB / 4);
    }
}

/// Comes and goes in several ways, at least so often, until it is over.
fn reconnect(address: &str, kind: Kind, over: &AtomicBool) {
    for round in 0.. {
        if round >= ROUNDS && over.load(Relaxed) {
            return;
        }
        match round % 4 {
            // With our opening unread, which resets the connection.
            0 => drop(TcpStream::connect(address).unwrap()),
            1 => drop(shake(address, kind)),
            2 => {
                let mut stream = shake(address, kind);
                stream.write_all(&more(b"half")).unwrap();
            }
            _ => leave(shake(address, kind)),
        }
    }
}

const ROUNDS: usize = 1500;
