//! May a greeting and READY be cut, or come octet by octet, at a socket of any type?

use crate::alone::Alone;
use crate::good::{exchange, serves};
use crate::types::kinds;
use zeptomq_tests::executor::{Executor, Listener, Socket};
use zeptomq_tests::wire::{Wire, opening};

/// 7.4 items 9 and 13.
fn a_stranger_may_leave_at_any_octet_of_its_opening<E: Executor>(executor: &mut E, alone: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let memory = alone.memory();
        let octets = opening(kind.partner(), b"");
        for len in 0..octets.len() {
            let mut wire = socket.accept();
            wire.send(&octets[..len]);
            // With our opening heard, and without.
            match len % 2 {
                0 => wire.leave(),
                _ => wire.close(),
            }
        }
        serves(&mut socket, 0);
        memory.expect_peak(1 << 20);
    }
}

/// N2, for each type.
fn an_opening_may_come_octet_by_octet<E: Executor>(executor: &mut E, _: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let mut wire = socket.accept();
        wire.expect_opening(kind);
        for octet in opening(kind.partner(), b"") {
            wire.send(&[octet]);
        }
        wire.settle();
        exchange(&mut socket, &mut wire, 0);
        socket.lose(wire);
        serves(&mut socket, 0);
    }
}

/// The same of a server that we connect to: it is connected to again, until it is one.
fn a_server_may_leave_at_any_octet_of_its_opening<E: Executor>(executor: &mut E, _: &Alone) {
    for kind in kinds() {
        let mut socket = executor.bound(kind);
        let mut listener = socket.dial();
        let octets = opening(kind.partner(), b"");
        // Each time costs the delay before connecting again.
        for len in (0..octets.len()).step_by(9).chain([octets.len() - 1]) {
            let mut wire = listener.accept();
            wire.expect_opening(kind);
            wire.send(&octets[..len]);
            wire.leave();
        }
        let mut wire = listener.accept();
        wire.expect_opening(kind);
        for octet in octets {
            wire.send(&[octet]);
        }
        wire.settle();
        exchange(&mut socket, &mut wire, 0);
    }
}

on_both![
    a_stranger_may_leave_at_any_octet_of_its_opening,
    an_opening_may_come_octet_by_octet,
    a_server_may_leave_at_any_octet_of_its_opening,
];
