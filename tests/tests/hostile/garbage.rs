//! What becomes of those who speak something else, before a greeting, in place of READY or behind it?

use crate::alone::Alone;
use crate::attack::is_gone;
use crate::good::{drain, exchange, serves};
use crate::types::kinds;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use zeptomq_tests::chance::Chance;
use zeptomq_tests::executor::{Executor, Kind, Listener, Socket};
use zeptomq_tests::tokio::{DEADLINE, TokioSubject, options};
use zeptomq_tests::wire::{Wire, greeting, greeting_of, long_frame, opening};

/// What other programs say first, and 7.2: telnet.
fn foreign() -> Vec<Vec<u8>> {
    let tls =
        b"\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03abcdefghijklmnopqrstuvwxyz012345\0\0\x04\x13\x01\x13\x02\x01\0\0\0";
    vec![
        b"asdf\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        tls.to_vec(),
        b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
        // ZMTP 1.0 says how long its identity is, 2.0 its revision.
        b"\x05\0abcd\x03\0hi".to_vec(),
        greeting_of(1, 0)[..12].to_vec(),
        greeting_of(0, 8).to_vec(),
        // 7.4, N1: sizes that nobody has.
        long_frame(0, u64::MAX, b""),
        long_frame(1, u64::MAX >> 1, b"begun"),
        long_frame(4, 1 << 63, b"\x05READY"),
        long_frame(0, 1 << 31, b"begun"),
        vec![0; 300],
        vec![0xff; 300],
        greeting().repeat(3),
    ]
}

/// What is said, and what for, as a failing test shows it.
fn sayings() -> impl Iterator<Item = (String, Vec<u8>)> {
    let foreign = foreign().into_iter().map(|octets| (octets.escape_ascii().to_string(), octets));
    // As libzmq's test_bind_null_fuzzer does.
    foreign.chain((0..SEEDS).map(|seed| (format!("the random octets of seed {seed}"), Chance(seed).babble())))
}

/// Before it come: nothing, a greeting, an opening.
fn stages(theirs: &str) -> [Vec<u8>; 3] {
    [Vec::new(), greeting().to_vec(), opening(theirs, b"")]
}

/// 7.2, 7.4: in whatever state it meets the socket.
fn strangers_that_speak_something_else_harm_nobody<E: Executor>(executor: &mut E, alone: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let memory = alone.memory();
        for (at, (what, octets)) in sayings().enumerate() {
            for stage in stages(kind.partner()) {
                let what = Shouting(kind, &what, stage.len());
                let mut wire = socket.accept();
                wire.expect_opening(kind);
                wire.send(&stage);
                wire.send(&octets);
                wire.leave();
                drain(&mut socket);
                drop(what);
            }
            if at % 8 == 0 {
                serves(&mut socket, 0);
            }
        }
        serves(&mut socket, 0);
        memory.expect_peak(4 << 20);
    }
}

/// libzmq's test_connect_null_fuzzer: the same of a server that we connect to, which then thinks better of it.
fn servers_that_speak_something_else_are_tried_again<E: Executor>(executor: &mut E, _: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let mut listener = socket.dial();
        // Each time costs the delay before connecting again.
        for (at, (what, octets)) in sayings().take(32).enumerate() {
            let stage = &stages(kind.partner())[at % 3];
            let what = Shouting(kind, &what, stage.len());
            let mut wire = listener.accept();
            wire.expect_opening(kind);
            wire.send(stage);
            wire.send(&octets);
            wire.leave();
            drain(&mut socket);
            drop(what);
        }
        let mut wire = listener.accept();
        wire.shake(kind, kind.partner(), b"");
        exchange(&mut socket, &mut wire, 0);
    }
}

on_both![strangers_that_speak_something_else_harm_nobody, servers_that_speak_something_else_are_tried_again];

#[test]
fn over_ipc_it_is_the_same() {
    let _alone = Alone::begin();
    for kind in kinds() {
        let path = std::env::temp_dir().join(format!("zeptomq-hostile-{}-{}", std::process::id(), kind.name()));
        let endpoint = format!("ipc://{}", path.display());
        let mut socket = TokioSubject::bound(kind, options(Default::default()), &[&endpoint]);
        for (what, octets) in sayings() {
            for stage in stages(kind.partner()) {
                let what = Shouting(kind, &what, stage.len());
                let mut stream = UnixStream::connect(&path).unwrap();
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                for octets in [&stage, &octets] {
                    let said = stream.write_all(octets);
                    assert!(said.as_ref().err().is_none_or(is_gone), "{said:?}");
                }
                let _ = stream.shutdown(Shutdown::Write);
                let heard = stream.read_to_end(&mut Vec::new());
                assert!(heard.as_ref().err().is_none_or(is_gone), "{heard:?}");
                drain(&mut socket);
                drop(what);
            }
        }
        serves(&mut socket, 0);
    }
}

/// Says what was being said when a test fails.
struct Shouting<'a>(Kind, &'a str, usize);

impl Drop for Shouting<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to a {}, behind {} good octets: {}", self.0.name(), self.2, self.1);
        }
    }
}

/// How many random sayings there are.
const SEEDS: u64 = 40;
