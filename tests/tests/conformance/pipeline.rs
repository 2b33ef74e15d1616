//! Do PUSH and PULL keep to RFC 30?

use crate::served::serves;
use zeptomq_core::pattern::Drops;
use zeptomq_tests::executor::{Executor, Kind, Listener, Socket};
use zeptomq_tests::wire::{Wire, message};

/// PSH1.
/// Guards `Balance::took`.
fn push_goes_round_robin<E: Executor>(executor: &mut E) {
    let mut push = executor.bound(Kind::Push);
    let mut pulls = [push.peer("PULL"), push.peer("PULL"), push.peer("PULL")];
    for round in 0..3u8 {
        for body in 0..3 {
            push.send(&[&[round, body]]).unwrap();
        }
        for pull in &mut pulls {
            let heard = pull.receive(4);
            assert_eq!(heard[..3], [0, 2, round]);
        }
    }
    pulls.iter_mut().for_each(|pull| pull.expect_quiet());
}

/// PSH1: and goes on so with those that are left.
/// Guards `Balance::close`.
fn push_goes_round_those_that_are_left<E: Executor>(executor: &mut E) {
    let mut push = executor.bound(Kind::Push);
    let [mut a, b, mut c] = [push.peer("PULL"), push.peer("PULL"), push.peer("PULL")];
    push.lose(b);
    for _ in 0..3 {
        push.send(&[b"one"]).unwrap();
        push.send(&[b"two"]).unwrap();
        let heard = [a.receive(5), c.receive(5)];
        assert!(heard.contains(&message(&[b"one"])) && heard.contains(&message(&[b"two"])), "{heard:?}");
    }
}

/// G6: nothing is parked for a peer that is not there while one that is there has room.
/// Guards `Balance::turn`.
fn push_prefers_who_is_there<E: Executor>(executor: &mut E) {
    let mut push = executor.bound(Kind::Push);
    let mut listener = push.dial();
    push.try_send(&[b"parked"]).unwrap();
    let mut here = push.peer("PULL");
    for body in [b"one", b"two"] {
        push.send(&[body]).unwrap();
        here.expect(&message(&[body]));
    }
    let mut late = listener.accept();
    late.shake(Kind::Push, "PULL", b"");
    late.expect(&message(&[b"parked"]));
    late.expect_quiet();
}

/// PSH1: it only sends; what a peer says to it is dropped and counted, and the peer kept.
/// Guards `Pattern::arrived`.
fn push_drops_what_it_is_sent<E: Executor>(executor: &mut E) {
    let mut push = executor.bound(Kind::Push);
    let mut wire = push.peer("PULL");
    wire.send(&[message(&[b"one"]), message(&[b"two", b"too"])].concat());
    push.expect_drops(Drops { not_for_us: 2, ..Drops::NONE });
    push.send(&[b"hi"]).unwrap();
    wire.expect(&message(&[b"hi"]));
}

/// PLL1: each peer has its turn, however much another has sent.
/// Guards `Rotation::took`.
fn pull_takes_in_turn<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let [mut a, mut b] = [pull.peer("PUSH"), pull.peer("PUSH")];
    a.send(&[message(&[b"a1"]), message(&[b"a2"]), message(&[b"a3"])].concat());
    b.send(&[message(&[b"b1"]), message(&[b"b2"]), message(&[b"b3"])].concat());
    a.settle();
    b.settle();
    let taken: Vec<u8> = (0..6).map(|_| pull.recv().unwrap()[0][0]).collect();
    assert!(taken == *b"ababab" || taken == *b"bababa", "{}", taken.escape_ascii());
    pull.nothing_to_receive();
}

/// PLL1: many peers come and go, and each message arrives once.
/// Guards `Peers::remove`, `Slot::is_free`.
fn pull_serves_many_one_after_the_other<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    for _ in 0..100 {
        serves(&mut pull);
    }
    pull.nothing_to_receive();
}

on_both![
    push_goes_round_robin,
    push_goes_round_those_that_are_left,
    push_prefers_who_is_there,
    push_drops_what_it_is_sent,
    pull_takes_in_turn,
    pull_serves_many_one_after_the_other,
];
