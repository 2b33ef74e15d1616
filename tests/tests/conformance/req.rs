//! Does a REQ ask one peer at a time and take no other answer, as RFC 28 says?

use crate::served::{answer, asked, first_to_hear, refused, serves};
use zeptomq_core::pattern::Drops;
use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket, Unsent, Untaken};
use zeptomq_tests::wire::{Wire, message};

const STRICT: Config = Config { strict: true, ..Config::PLAIN };

/// Q1; REQ2: the delimiter is put on and taken off.
fn a_strict_req_sends_a_delimiter_and_takes_it_off<E: Executor>(executor: &mut E) {
    let mut req = executor.bound_with(Kind::Req, STRICT);
    let mut wire = req.peer("REP");
    for _ in 0..3 {
        req.send(&[b"Q"]).unwrap();
        wire.expect(b"\x01\x00\x00\x01Q");
        wire.send(b"\x01\x00\x00\x01R");
        req.expect(&[b"R"]);
    }
}

/// Q2; REQ7: each request has a number of its own, before the delimiter.
fn a_relaxed_req_numbers_its_requests<E: Executor>(executor: &mut E) {
    let mut req = executor.bound(Kind::Req);
    let mut wire = req.peer("REP");
    let mut ids = Vec::new();
    for _ in 0..4 {
        req.send(&[b"Q", b"", b"more"]).unwrap();
        wire.expect(b"\x01\x04");
        let id = wire.receive(4);
        wire.expect(b"\x01\x00\x01\x01Q\x01\x00\x00\x04more");
        wire.send(&message(&[&id, b"", b"R", b""]));
        req.expect(&[b"R", b""]);
        assert!(!ids.contains(&id));
        ids.push(id);
    }
    wire.expect_quiet();
}

/// REQ1.
fn a_strict_req_keeps_its_turns<E: Executor>(executor: &mut E) {
    let mut req = executor.bound_with(Kind::Req, STRICT);
    let mut wire = req.peer("REP");
    assert_eq!(req.try_recv(), Err(Untaken::OutOfTurn));
    req.send(&[b"Q"]).unwrap();
    assert_eq!(req.send(&[b"again"]), Err(Unsent::OutOfTurn));
    req.nothing_to_receive();
    wire.expect(&message(&[b"", b"Q"]));
    wire.send(&message(&[b"", b"R"]));
    req.expect(&[b"R"]);
    assert_eq!(req.try_recv(), Err(Untaken::OutOfTurn));
    req.send(&[b"Q"]).unwrap();
    wire.expect(&message(&[b"", b"Q"]));
    wire.expect_quiet();
}

/// REQ1, REQ7: a relaxed one need not wait for the reply, but there is none without a request.
fn a_relaxed_req_may_ask_again_and_only_the_last_reply_counts<E: Executor>(executor: &mut E) {
    let mut req = executor.bound(Kind::Req);
    let mut wire = req.peer("ROUTER");
    assert_eq!(req.try_recv(), Err(Untaken::OutOfTurn));
    req.send(&[b"one"]).unwrap();
    let one = asked(&mut wire, b"one");
    req.send(&[b"two"]).unwrap();
    let two = asked(&mut wire, b"two");
    wire.send(&message(&[&one, b"", b"late"]));
    wire.send(&message(&[&two, b"", b"reply"]));
    req.expect(&[b"reply"]);
    req.expect_drops(Drops { unasked: 1, ..Drops::NONE });
    assert_eq!(req.try_recv(), Err(Untaken::OutOfTurn));
}

/// REQ7: the late reply is there before the new request is sent.
fn a_reply_that_waited_is_not_the_answer_to_the_next_request<E: Executor>(executor: &mut E) {
    let mut req = executor.bound(Kind::Req);
    let mut wire = req.peer("ROUTER");
    req.send(&[b"one"]).unwrap();
    let one = asked(&mut wire, b"one");
    wire.send(&message(&[&one, b"", b"late"]));
    // It waits to be taken now, and is not.
    wire.settle();
    req.send(&[b"two"]).unwrap();
    answer(&mut wire, b"two", b"reply");
    req.expect(&[b"reply"]);
}

/// REQ3.
fn req_asks_in_turn<E: Executor>(executor: &mut E) {
    let mut req = executor.bound(Kind::Req);
    let mut reps = [req.peer("REP"), req.peer("REP"), req.peer("REP")];
    for _ in 0..2 {
        let mut turns = Vec::new();
        for _ in 0..3 {
            req.send(&[b"Q"]).unwrap();
            let turn = first_to_hear(&mut req, &mut reps);
            answer(&mut reps[turn], b"Q", b"R");
            req.expect(&[b"R"]);
            turns.push(turn);
        }
        turns.sort_unstable();
        assert_eq!(turns, [0, 1, 2]);
    }
}

/// REQ5: only the one that was asked can answer, and nobody before a request; others are heard again later.
fn a_reply_of_somebody_else_is_dropped<E: Executor>(executor: &mut E) {
    for strict in [false, true] {
        let mut req = executor.bound_with(Kind::Req, Config { strict, ..Config::default() });
        let mut reps = [req.peer("REP"), req.peer("REP")];
        reps[0].send(&message(&[b"", b"unasked"]));
        reps[1].send(&message(&[&[0; 4], b"", b"unasked"]));
        req.expect_drops(Drops { unasked: 2, ..Drops::NONE });

        req.send(&[b"Q"]).unwrap();
        let turn = first_to_hear(&mut req, &mut reps);
        let prefix = if strict { Vec::new() } else { asked(&mut reps[turn], b"Q").to_vec() };
        let reply = |body: &[u8]| match strict {
            true => message(&[b"", body]),
            false => message(&[&prefix, b"", body]),
        };
        reps[1 - turn].send(&reply(b"wrong"));
        req.expect_drops(Drops { unasked: 3, ..Drops::NONE });
        req.nothing_to_receive();
        reps[turn].send(&reply(b"right"));
        req.expect(&[b"right"]);

        req.send(&[b"Q2"]).unwrap();
        assert_eq!(first_to_hear(&mut req, &mut reps[1 - turn..2 - turn]), 0);
    }
}

/// REQ7: a reply with the number of another request, or with none, answers nothing, and the peer is kept.
fn a_reply_with_another_number_is_dropped<E: Executor>(executor: &mut E) {
    let mut req = executor.bound(Kind::Req);
    let mut wire = req.peer("REP");
    req.send(&[b"Q"]).unwrap();
    let id = asked(&mut wire, b"Q");
    let other = (u32::from_be_bytes(id) ^ 1).to_be_bytes();
    for (dropped, stale) in (1..).zip([message(&[&other, b"", b"R"]), message(&[b"", b"R"])]) {
        wire.send(&stale);
        wire.settle();
        req.nothing_to_receive();
        req.expect_drops(Drops { unasked: dropped, ..Drops::NONE });
    }
    wire.send(&message(&[&id, b"", b"R"]));
    req.expect(&[b"R"]);
}

/// REQ6: a reply without its envelope, or with nothing behind it, costs the peer its connection.
fn a_malformed_reply_closes_the_connection<E: Executor>(executor: &mut E) {
    for bad in [&[&b"R"[..]][..], &[b"R", b"", b"R"], &[b"R", b"R"], &[b"12345", b"", b"R"]] {
        for strict in [false, true] {
            let mut req = executor.bound_with(Kind::Req, Config { strict, ..Config::default() });
            let mut wire = req.peer("REP");
            req.send(&[b"Q"]).unwrap();
            wire.receive(if strict { 5 } else { 11 });
            wire.send(&message(bad));
            // The one that was asked is gone, and with it the answer.
            assert_eq!(req.recv(), Err(Untaken::PeerGone), "{bad:?} {strict}");
            wire.expect_closed();
            req.expect_drops(Drops { bad_envelope: 1, ..Drops::NONE });
            if strict {
                let _peer = req.peer("REP");
                req.send(&[b"Q"]).unwrap();
            } else {
                serves(&mut req);
            }
        }
    }
    for cut in [&[][..], &[&b""[..]]] {
        let mut req = executor.bound(Kind::Req);
        let mut wire = req.peer("REP");
        req.send(&[b"Q"]).unwrap();
        let id = asked(&mut wire, b"Q");
        wire.send(&message(&[&[&id[..]], cut].concat()));
        assert_eq!(req.recv(), Err(Untaken::PeerGone), "{cut:?}");
        refused(&mut wire);
    }
}

/// REQ6: when it was we who connected, we connect again, and the next request is answered.
fn a_connecter_that_was_answered_badly_asks_again<E: Executor>(executor: &mut E) {
    let mut req = executor.bound(Kind::Req);
    let (mut listener, mut wire) = req.dialled_peer("REP");
    req.send(&[b"one"]).unwrap();
    asked(&mut wire, b"one");
    wire.send(&message(&[b"R"]));
    assert_eq!(req.recv(), Err(Untaken::PeerGone));
    refused(&mut wire);
    let mut wire = listener.accept();
    wire.shake(Kind::Req, "REP", b"");
    req.send(&[b"two"]).unwrap();
    answer(&mut wire, b"two", b"reply");
    req.expect(&[b"reply"]);
}

/// REQ5: a peer that was accepted and is gone answers nothing any more; the next is asked.
fn a_lost_peer_ends_the_turn<E: Executor>(executor: &mut E) {
    for strict in [false, true] {
        let mut req = executor.bound_with(Kind::Req, Config { strict, ..Config::default() });
        let wire = req.peer("REP");
        req.send(&[b"Q"]).unwrap();
        req.lose(wire);
        assert_eq!(req.recv(), Err(Untaken::PeerGone));
        let mut wire = req.peer("REP");
        wire.expect_quiet();
        req.send(&[b"Q"]).unwrap();
        wire.receive(if strict { 5 } else { 11 });
    }
}

/// But a reply that had arrived before is taken.
fn the_reply_of_a_peer_that_left_is_taken<E: Executor>(executor: &mut E) {
    let mut req = executor.bound(Kind::Req);
    let mut wire = req.peer("REP");
    req.send(&[b"Q"]).unwrap();
    answer(&mut wire, b"Q", b"R");
    wire.settle();
    req.lose(wire);
    req.expect(&[b"R"]);
    serves(&mut req);
}

/// REQ1, REQ5: a peer that answers twice has not answered the next request.
fn a_doubled_reply_is_not_the_answer_to_the_next_request<E: Executor>(executor: &mut E) {
    for strict in [false, true] {
        let mut req = executor.bound_with(Kind::Req, Config { strict, ..Config::default() });
        let mut wire = req.peer("REP");
        req.send(&[b"one"]).unwrap();
        let id = if strict { Vec::new() } else { asked(&mut wire, b"one").to_vec() };
        let reply = |body: &[u8]| match strict {
            true => message(&[b"", body]),
            false => message(&[&id, b"", body]),
        };
        wire.send(&[reply(b"first"), reply(b"doubled")].concat());
        wire.settle();
        req.expect(&[b"first"]);
        req.send(&[b"two"]).unwrap();
        if strict {
            wire.receive(message(&[b"", b"one"]).len());
            wire.expect(&message(&[b"", b"two"]));
            wire.send(&reply(b"second"));
        } else {
            answer(&mut wire, b"two", b"second");
        }
        req.expect(&[b"second"]);
    }
}

on_both![
    a_strict_req_sends_a_delimiter_and_takes_it_off,
    a_relaxed_req_numbers_its_requests,
    a_strict_req_keeps_its_turns,
    a_relaxed_req_may_ask_again_and_only_the_last_reply_counts,
    a_reply_that_waited_is_not_the_answer_to_the_next_request,
    req_asks_in_turn,
    a_reply_of_somebody_else_is_dropped,
    a_reply_with_another_number_is_dropped,
    a_malformed_reply_closes_the_connection,
    a_connecter_that_was_answered_badly_asks_again,
    a_lost_peer_ends_the_turn,
    the_reply_of_a_peer_that_left_is_taken,
    a_doubled_reply_is_not_the_answer_to_the_next_request,
];
