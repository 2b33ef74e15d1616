//! Is a size that a peer announces a claim, for which nothing is allocated?

use crate::alone::Alone;
use crate::attack::{expect_closed, leave, shaken};
use crate::good::{drain, serves};
use crate::types::kinds;
use std::io::{Read, Write};
use zeptomq::Options;
use zeptomq_core::link::COMMAND_LEN_MAX;
use zeptomq_tests::executor::{Executor, Kind, Socket};
use zeptomq_tests::tokio::TokioSubject;
use zeptomq_tests::wire::{Wire, command, greeting, long_frame};

/// Last and more parts of a message, and a command.
const FLAGS: [u8; 3] = [0, 1, 4];
/// 7.4 item 1: what no machine holds, and what wraps.
const HUGE: [u64; 6] = [1 << 31, u32::MAX as u64, 1 << 32, u64::MAX >> 1, 1 << 63, u64::MAX];

/// What a socket here may hold for a peer or two: blocks of 128 KiB to read into, of which some rest.
const BLOCKS: usize = 2 << 20;

/// 7.4 item 1, CVE-2019-6250: before READY and after it, in messages and commands.
fn a_size_above_the_limit_is_refused<E: Executor>(executor: &mut E, alone: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let memory = alone.memory();
        for size in HUGE.into_iter().chain([E::FRAME_LEN_MAX as u64 + 1]) {
            for flags in FLAGS {
                let mut wire = socket.peer(kind.partner());
                wire.send(&long_frame(flags, size, b"begun"));
                wire.until_closed();
                let mut wire = socket.accept();
                wire.expect_opening(kind);
                wire.send(&greeting());
                wire.send(&long_frame(flags, size.max(COMMAND_LEN_MAX as u64 + 1), b"\x05READY"));
                wire.until_closed();
            }
        }
        memory.expect_peak(BLOCKS);
        serves(&mut socket, 0);
    }
}

/// 7.4 item 1: sizes within the limit, in the long form, of frames whose last octet never comes.
fn a_size_within_the_limit_may_be_said_and_not_kept<E: Executor>(executor: &mut E, alone: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let memory = alone.memory();
        for size in [1, 255, 256, E::FRAME_LEN_MAX] {
            for flags in FLAGS {
                let mut wire = socket.peer(kind.partner());
                wire.send(&long_frame(flags, size as u64, &vec![b'x'; size - 1]));
                wire.leave();
                let mut wire = socket.accept();
                wire.expect_opening(kind);
                wire.send(&greeting());
                wire.send(&long_frame(4, size as u64, &b"\x05READY\x01x\0\0\xff\xff"[..size.min(13) - 1]));
                wire.leave();
            }
        }
        memory.expect_peak(BLOCKS);
        serves(&mut socket, 0);
    }
}

/// 7.4 item 1: nothing is a message, but no command.
fn a_size_of_nothing_is_a_message_and_no_command<E: Executor>(executor: &mut E, _: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        wire.send(&[long_frame(1, 0, b""), long_frame(0, 0, b"")].concat());
        wire.settle();
        drain(&mut socket);
        wire.leave();
        let mut wire = socket.peer(kind.partner());
        wire.send(&long_frame(4, 0, b""));
        wire.until_closed();
        serves(&mut socket, 0);
    }
}

on_both![
    a_size_above_the_limit_is_refused,
    a_size_within_the_limit_may_be_said_and_not_kept,
    a_size_of_nothing_is_a_message_and_no_command,
];

/// The defaults take frames of 64 MiB, and commands of 4 KiB.
#[test]
fn with_the_defaults_the_longest_frame_may_be_said_and_costs_what_has_come() {
    let alone = Alone::begin();
    for kind in kinds() {
        let mut socket = TokioSubject::bound(kind, Options::new(), &[]);
        let memory = alone.memory();
        for (flags, size) in FLAGS.into_iter().flat_map(|flags| HUGE.map(|size| (flags, size))).chain([
            (0, LONGEST + 1),
            (1, LONGEST + 1),
            (4, COMMAND_LEN_MAX as u64 + 1),
        ]) {
            let mut stream = shaken(&socket);
            stream.write_all(&long_frame(flags, size, b"begun")).unwrap();
            expect_closed(stream);
        }
        let others = [0, 1, 0, 1].map(|flags| {
            let mut stream = shaken(&socket);
            stream.write_all(&long_frame(flags, LONGEST, b"begun")).unwrap();
            stream
        });
        serves(&mut socket, others.len());
        // Beside a block to read into, room for 256 KiB is made when a long body begins.
        memory.expect_peak(BLOCKS + others.len() * (256 << 10));
        memory.expect_pieces_below(1 << 20);
        others.into_iter().for_each(leave);
        let mut stream = shaken(&socket);
        stream.write_all(&command(b"X", &vec![0; COMMAND_LEN_MAX - 2])).unwrap();
        stream.write_all(&command(b"PING", b"\0\0last")).unwrap();
        let mut heard = [0; 11];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"\x04\x09\x04PONGlast");
        leave(stream);
        serves(&mut socket, 0);
    }
}

#[test]
fn with_the_defaults_the_longest_frame_arrives() {
    let alone = Alone::begin();
    let mut pull = TokioSubject::bound(Kind::Pull, Options::new(), &[]);
    let body = vec![7; LONGEST as usize];
    let memory = alone.memory();
    let mut stream = shaken(&pull);
    let sent = std::thread::spawn(move || {
        stream.write_all(&long_frame(0, LONGEST, b"")).unwrap();
        stream.write_all(&body).unwrap();
        leave(stream);
    });
    let taken = pull.recv().unwrap();
    assert!(taken.len() == 1 && taken[0].len() == LONGEST as usize && taken[0].iter().all(|octet| *octet == 7));
    sent.join().unwrap();
    // A body that grows exists twice for a moment, half of it at last; and the test makes a copy of what it took.
    memory.expect_peak(2 * LONGEST as usize + BLOCKS);
    drop(taken);
    serves(&mut pull, 0);
}

/// The longest frame of the defaults, in octets.
const LONGEST: u64 = 64 << 20;
