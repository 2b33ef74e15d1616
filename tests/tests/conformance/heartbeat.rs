//! Is a link kept alive while the peer lives, and given up when it does not?
//!
//! A heartbeat is a matter of time, so time is let pass here: virtual in fixed memory, short on tokio.

use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket};
use zeptomq_tests::wire::{Wire, greeting_of, long_frame, message, ping, pong, ready};

const BEATING: Config = Config { heartbeat: true, ..Config::PLAIN };

/// Our PING says when the link should be given up: after three beats.
fn our_ping<E: Executor>() -> Vec<u8> {
    ping((3 * E::BEAT_MS / 100) as u16, b"")
}

/// 1.13: a PING each interval, which tells the peer our timeout; a peer that answers lives.
fn a_ping_leaves_each_interval_and_an_answer_keeps_the_link<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Pull] {
        let mut socket = executor.bound_with(kind, BEATING);
        let mut wire = socket.peer(kind.partner());
        let start = socket.elapsed_ms();
        for _ in 0..5 {
            wire.expect(&our_ping::<E>());
            wire.send(&pong(b""));
        }
        assert!(socket.elapsed_ms() - start >= 4 * E::BEAT_MS);
        wire.settle();
    }
}

/// A peer that says nothing any more is given up.
fn a_silent_peer_is_dropped<E: Executor>(executor: &mut E) {
    let mut socket = executor.bound_with(Kind::Pull, BEATING);
    let mut wire = socket.peer("PUSH");
    let start = socket.elapsed_ms();
    let pings = wire.until_closed();
    let silence = socket.elapsed_ms() - start;
    assert!(silence >= 3 * E::BEAT_MS - E::BEAT_MS / 2, "given up after {silence} ms");
    let len = our_ping::<E>().len();
    assert!(pings.chunks(len).all(|ping| ping == our_ping::<E>()), "{}", pings.escape_ascii());
    assert!(pings.len() >= 2 * len);
}

/// And connected to again, when it was we who connected.
fn a_silent_peer_is_dialled_again<E: Executor>(executor: &mut E) {
    let mut dealer = executor.bound_with(Kind::Dealer, BEATING);
    let (mut listener, mut wire) = dealer.dialled_peer("DEALER");
    wire.until_closed();
    let mut wire = listener.accept();
    wire.shake(Kind::Dealer, "DEALER", b"");
    dealer.send(&[b"hi"]).unwrap();
    wire.expect(&message(&[b"hi"]));
}

/// 1.13: octets are life, though their frame is not whole for long.
fn octets_of_an_unfinished_frame_are_life<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound_with(Kind::Pull, BEATING);
    let mut wire = pull.peer("PUSH");
    let start = pull.elapsed_ms();
    wire.send(&long_frame(0, 12, b""));
    for octet in b"twelve octet" {
        wire.send(&[*octet]);
        pull.pass(E::BEAT_MS / 2);
    }
    assert!(pull.elapsed_ms() - start >= 6 * E::BEAT_MS);
    pull.expect(&[b"twelve octet"]);
    wire.expect(&our_ping::<E>());
    wire.settle();
}

/// Messages are life as well as PONGs.
fn messages_are_life<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound_with(Kind::Pull, BEATING);
    let mut wire = pull.peer("PUSH");
    for _ in 0..6 {
        wire.send(&message(&[b"hi"]));
        pull.expect(&[b"hi"]);
        pull.pass(E::BEAT_MS);
    }
    wire.settle();
}

/// 1.13: one of 3.0 may close on a command that it does not know, so it gets no PING, and may be silent; its own PING is
/// answered.
fn a_peer_of_3_0_gets_no_ping_and_may_be_silent<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound_with(Kind::Pull, BEATING);
    let mut wire = pull.accept();
    wire.expect_opening(Kind::Pull);
    wire.send(&greeting_of(3, 0));
    wire.send(&ready("PUSH", b""));
    pull.pass(6 * E::BEAT_MS);
    wire.send(&ping(0, b"ctx"));
    wire.expect(&pong(b"ctx"));
    wire.send(&message(&[b"hi"]));
    pull.expect(&[b"hi"]);
}

/// 1.13: the peer may ask to be given up earlier.
fn the_peers_time_to_live_is_honoured<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    let start = pull.elapsed_ms();
    wire.send(&ping(3, b"ctx"));
    wire.expect(&pong(b"ctx"));
    wire.expect_closed();
    let silence = pull.elapsed_ms() - start;
    assert!((250..2000).contains(&silence), "given up after {silence} ms");
}

/// And a PING without a time to live asks for nothing.
fn a_ping_without_time_to_live_asks_for_nothing<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    wire.send(&ping(0, b"ctx"));
    wire.expect(&pong(b"ctx"));
    pull.pass(4 * E::BEAT_MS);
    wire.send(&message(&[b"hi"]));
    pull.expect(&[b"hi"]);
}

/// A socket at rest answers: a REQ whose reply was taken, a ROUTER and a DEALER whose message was.
fn a_socket_at_rest_answers_a_ping<E: Executor>(executor: &mut E) {
    for kind in [Kind::Req, Kind::Pull, Kind::Dealer, Kind::Router] {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        if kind == Kind::Req {
            socket.send(&[b"ask"]).unwrap();
            crate::served::answer(&mut wire, b"ask", b"reply");
        } else {
            wire.send(&message(&[b"hi"]));
        }
        socket.recv().unwrap();
        wire.send(&ping(0, b"rest"));
        wire.expect(&pong(b"rest"));
    }
}

/// A REP that works on a request for long is not dead to the one that asked.
fn a_rep_that_owes_a_reply_answers_a_ping<E: Executor>(executor: &mut E) {
    let mut rep = executor.bound(Kind::Rep);
    let mut wire = rep.peer("REQ");
    wire.send(&message(&[b"", b"ask"]));
    rep.expect(&[b"ask"]);
    wire.send(&ping(0, b"work"));
    wire.expect(&pong(b"work"));
    rep.send(&[b"reply"]).unwrap();
    wire.expect(&message(&[b"", b"reply"]));
}

on_both![
    a_ping_leaves_each_interval_and_an_answer_keeps_the_link,
    a_silent_peer_is_dropped,
    a_silent_peer_is_dialled_again,
    octets_of_an_unfinished_frame_are_life,
    messages_are_life,
    a_peer_of_3_0_gets_no_ping_and_may_be_silent,
    the_peers_time_to_live_is_honoured,
    a_ping_without_time_to_live_asks_for_nothing,
    a_socket_at_rest_answers_a_ping,
    a_rep_that_owes_a_reply_answers_a_ping,
];
