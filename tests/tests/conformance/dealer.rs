//! Does a DEALER send and take in turn and alter nothing, as RFC 28 says?

use zeptomq_tests::executor::{Executor, Kind, Socket};
use zeptomq_tests::wire::{Wire, message};

/// DLR1.
fn dealer_alters_nothing<E: Executor>(executor: &mut E) {
    let mut dealer = executor.bound(Kind::Dealer);
    for theirs in ["REP", "ROUTER", "DEALER"] {
        let mut wire = dealer.peer(theirs);
        for parts in [&[&b""[..]][..], &[b"", b"body"], &[b"id", b"", b"body"], &[b"body"], &[b"", b"", b""]] {
            dealer.send(parts).unwrap();
            wire.expect(&message(parts));
            wire.send(&message(parts));
            dealer.expect(parts);
        }
        dealer.lose(wire);
    }
}

/// DLR2.
fn dealer_sends_and_takes_in_turn<E: Executor>(executor: &mut E) {
    let mut dealer = executor.bound(Kind::Dealer);
    let mut peers = [dealer.peer("DEALER"), dealer.peer("REP")];
    for round in 0..3u8 {
        dealer.send(&[&[round]]).unwrap();
        dealer.send(&[&[round]]).unwrap();
        for peer in &mut peers {
            peer.expect(&message(&[&[round]]));
        }
    }
    for (peer, name) in peers.iter_mut().zip([b"a", b"b"]) {
        peer.send(&message(&[name]).repeat(3));
        peer.settle();
    }
    let taken: Vec<u8> = (0..6).map(|_| dealer.recv().unwrap()[0][0]).collect();
    assert!(taken == b"ababab" || taken == b"bababa", "{}", taken.escape_ascii());
}

on_both![dealer_alters_nothing, dealer_sends_and_takes_in_turn];
