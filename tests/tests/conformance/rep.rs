//! Does a REP answer whoever asked, and nobody else, as RFC 28 says?

use crate::served::serves;
use zeptomq_core::pattern::Drops;
use zeptomq_tests::executor::{Executor, Kind, Listener, Socket, Unsent, Untaken};
use zeptomq_tests::wire::{Wire, message};

/// REP1, Q1.
fn rep_keeps_its_turns<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let mut wire = rep.peer("REQ");
    assert_eq!(rep.send(&[b"unasked"]), Err(Unsent::OutOfTurn));
    rep.nothing_to_receive();
    for _ in 0..2 {
        wire.send(b"\x01\x00\x00\x01Q");
        rep.expect(&[b"Q"]);
        assert_eq!(rep.try_recv(), Err(Untaken::OutOfTurn));
        rep.send(&[b"R"]).unwrap();
        wire.expect(b"\x01\x00\x00\x01R");
        assert_eq!(rep.send(&[b"again"]), Err(Unsent::OutOfTurn));
    }
    wire.expect_quiet();
}

/// REP3: all parts up to the first empty one come back before the reply; the rest is the user's, empty parts included.
fn rep_returns_the_envelope<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let mut wire = rep.peer("DEALER");
    let far = [b'r'; 255];
    for (envelope, request) in [
        (&[&b""[..]][..], &[&b"Q"[..]][..]),
        (&[b"id", b""], &[b"Q"]),
        (&[b"r1", b"r2", &far, b""], &[b"Q", b"", b"more"]),
        (&[b""], &[b""]),
        (&[b"id", b""], &[b"", b"", b"Q"]),
    ] {
        wire.send(&message(&[envelope, request].concat()));
        rep.expect(request);
        rep.send(&[b"R", b"", b"S"]).unwrap();
        wire.expect(&message(&[envelope, &[b"R", b"", b"S"]].concat()));
    }
}

/// REP5: a request without its envelope, or with nothing behind it, is dropped and counted, and the peer kept.
fn a_request_without_envelope_is_dropped<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let mut wire = rep.peer("REQ");
    let bad = [message(&[b"Q"]), message(&[b"id", b"Q"]), message(&[b""]), message(&[b"id", b""])];
    for (dropped, bad) in (1..).zip(bad) {
        wire.send(&bad);
        rep.expect_drops(Drops { bad_envelope: dropped, ..Drops::NONE });
        rep.nothing_to_receive();
    }
    wire.send(&message(&[b"", b"Q"]));
    rep.expect(&[b"Q"]);
}

/// REP2.
fn rep_takes_in_turn<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let mut reqs = [rep.peer("DEALER"), rep.peer("DEALER")];
    for (req, name) in reqs.iter_mut().zip([b"a", b"b"]) {
        req.send(&message(&[b"", name]).repeat(3));
        req.settle();
    }
    let mut taken = Vec::new();
    for _ in 0..6 {
        let request = rep.recv().unwrap().concat();
        rep.send(&[&request]).unwrap();
        let asker = usize::from(request == b"b");
        reqs[asker].expect(&message(&[b"", &request]));
        taken.extend(request);
    }
    assert!(taken == b"ababab" || taken == b"bababa", "{}", taken.escape_ascii());
}

/// Who asks while another is being answered is served afterwards, and gets its own answer.
fn a_second_client_in_mid_turn_is_served_afterwards<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let [mut one, mut two] = [rep.peer("REQ"), rep.peer("REQ")];
    one.send(&message(&[b"", b"one"]));
    rep.expect(&[b"one"]);
    two.send(&message(&[b"", b"two"]));
    two.settle();
    rep.send(&[b"for one"]).unwrap();
    rep.expect(&[b"two"]);
    one.expect(&message(&[b"", b"for one"]));
    rep.send(&[b"for two"]).unwrap();
    two.expect(&message(&[b"", b"for two"]));
    one.expect_quiet();
    two.expect_quiet();
}

/// REP4: the reply to one that is gone goes to nobody, and the next is served.
fn rep_forgets_a_lost_requester<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let mut other = rep.peer("REQ");
    for answers in [true, false] {
        let mut wire = rep.peer("REQ");
        wire.send(&message(&[b"", b"Q"]));
        rep.expect(&[b"Q"]);
        other.send(&message(&[b"", b"waiting"]));
        rep.lose(wire);
        if answers {
            assert_eq!(rep.send(&[b"R"]), Err(Unsent::PeerGone));
        }
        rep.expect(&[b"waiting"]);
        rep.send(&[b"R"]).unwrap();
        other.expect(&message(&[b"", b"R"]));
    }
    other.expect_quiet();
    serves(&mut rep);
}

/// G6: what a connecter's peer had asked is answered over the next connection: its queue is the same.
fn a_connected_requester_gets_its_answer_after_a_reconnect<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let (mut listener, mut wire) = rep.dialled_peer("DEALER");
    wire.send(&message(&[b"id", b"", b"Q"]));
    rep.expect(&[b"Q"]);
    rep.lose(wire);
    rep.send(&[b"R"]).unwrap();
    let mut wire = listener.accept();
    wire.shake(Kind::Rep, "DEALER", b"");
    wire.expect(&message(&[b"id", b"", b"R"]));
}

/// Requests that had arrived before their peer left are shown, and their replies go to nobody.
fn a_request_of_one_that_left_is_shown<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    for requests in [&[&b"one"[..]][..], &[b"one", b"two"]] {
        let mut wire = rep.peer("DEALER");
        for request in requests {
            wire.send(&message(&[b"", request]));
        }
        wire.settle();
        rep.lose(wire);
        for request in requests {
            rep.expect(&[request]);
            assert_eq!(rep.send(&[b"R"]), Err(Unsent::PeerGone));
        }
        serves(&mut rep);
    }
}

/// REP4: and least of all to who comes next.
fn a_reply_to_one_that_left_goes_to_nobody_else<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let mut wire = rep.peer("REQ");
    wire.send(&message(&[b"", b"Q"]));
    wire.settle();
    rep.lose(wire);
    rep.expect(&[b"Q"]);
    // Refused or dropped, as REP4 leaves it.
    let _ = rep.send(&[b"R"]);
    rep.nothing_to_receive();
    let mut next = rep.peer("REQ");
    next.expect_quiet();
}

on_both![
    rep_keeps_its_turns,
    rep_returns_the_envelope,
    a_request_without_envelope_is_dropped,
    rep_takes_in_turn,
    a_second_client_in_mid_turn_is_served_afterwards,
    rep_forgets_a_lost_requester,
    a_connected_requester_gets_its_answer_after_a_reconnect,
    a_request_of_one_that_left_is_shown,
    a_reply_to_one_that_left_goes_to_nobody_else,
];
