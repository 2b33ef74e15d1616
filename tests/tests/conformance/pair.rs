//! Does a PAIR keep to one peer, as RFC 31 says?

use zeptomq_tests::executor::{Executor, Kind, Listener, Socket, Unsent};
use zeptomq_tests::wire::{Wire, message};

/// PAR1.
/// Guards `Pair::take`, `Pair::route`.
fn pair_alters_nothing_in_either_direction<E: Executor>(executor: &mut E) {
    let mut pair = executor.bound(Kind::Pair);
    let mut wire = pair.peer("PAIR");
    for parts in [&[&b""[..]][..], &[b"", b"body"], &[b"id", b"", b"body"], &[b"body"], &[b"", b"", b""]] {
        pair.send(parts).unwrap();
        wire.expect(&message(parts));
        wire.send(&message(parts));
        pair.expect(parts);
    }
}

/// PAR1: a second peer is not let in, and the first keeps its place.
/// Guards `Pair::open`.
fn pair_has_one_peer<E: Executor>(executor: &mut E) {
    let mut pair = executor.bound(Kind::Pair);
    let mut first = pair.peer("PAIR");
    let mut second = pair.accept();
    second.expect_opening(Kind::Pair);
    second.send(&zeptomq_tests::wire::opening("PAIR", b""));
    second.expect_closed();
    pair.send(&[b"still"]).unwrap();
    first.expect(&message(&[b"still"]));
    first.send(&message(&[b"here"]));
    pair.expect(&[b"here"]);
}

/// PAR1: the place of one that left is free, and what it had sent is not lost.
/// Guards `Pair::down`, `Pair::open`.
fn pair_takes_another_peer_when_the_first_has_left<E: Executor>(executor: &mut E) {
    let mut pair = executor.bound(Kind::Pair);
    let mut first = pair.peer("PAIR");
    first.send(&message(&[b"last words"]));
    first.settle();
    pair.lose(first);
    let mut second = pair.peer("PAIR");
    pair.send(&[b"welcome"]).unwrap();
    second.expect(&message(&[b"welcome"]));
    second.send(&message(&[b"thanks"]));
    pair.expect(&[b"last words"]);
    pair.expect(&[b"thanks"]);
}

/// PAR1: it keeps the place of whom it connects to, who comes back.
/// Guards `Pair::open`.
fn pair_keeps_its_place_for_whom_it_connects_to<E: Executor>(executor: &mut E) {
    let mut pair = executor.bound(Kind::Pair);
    let (mut listener, wire) = pair.dialled_peer("PAIR");
    pair.lose(wire);
    let mut stranger = pair.accept();
    stranger.expect_opening(Kind::Pair);
    stranger.send(&zeptomq_tests::wire::opening("PAIR", b""));
    stranger.expect_closed();
    pair.send(&[b"queued"]).unwrap();
    let mut again = listener.accept();
    again.shake(Kind::Pair, "PAIR", b"");
    again.expect(&message(&[b"queued"]));
}

/// PAR1: without a peer it waits.
/// Guards `Pair::route`.
fn pair_without_a_peer_waits<E: Executor>(executor: &mut E) {
    let mut pair = executor.bound(Kind::Pair);
    assert_eq!(pair.try_send(&[b"nobody"]), Err(Unsent::WouldBlock));
    let wire = pair.peer("PAIR");
    pair.lose(wire);
    assert_eq!(pair.try_send(&[b"nobody"]), Err(Unsent::WouldBlock));
    let mut wire = pair.peer("PAIR");
    pair.try_send(&[b"somebody"]).unwrap();
    wire.expect(&message(&[b"somebody"]));
}

on_both![
    pair_alters_nothing_in_either_direction,
    pair_has_one_peer,
    pair_takes_another_peer_when_the_first_has_left,
    pair_keeps_its_place_for_whom_it_connects_to,
    pair_without_a_peer_waits,
];
