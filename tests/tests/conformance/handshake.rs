//! Do two strangers become peers as RFC 37 says, and only then?

use crate::served::{opening_len, refused, refused_with_error, serves};
use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket};
use zeptomq_tests::wire::{GREETING_LEN, Wire, command, error, greeting, greeting_of, message, opening, ping, ready};

/// G1, R1, R2; D2: greeting and READY leave at once, whoever connected, before the peer has said a word.
fn every_type_opens_with_the_exact_greeting_and_ready<E: Executor>(executor: &mut E) {
    for kind in Kind::ALL {
        let mut socket = executor.bound(kind);
        let mut accepted = socket.accept();
        let mut dialled = socket.dial().accept();
        for wire in [&mut accepted, &mut dialled] {
            wire.expect(&greeting());
            wire.expect(&ready(kind.name(), b""));
        }
    }
    let mut push = executor.bound(Kind::Push);
    let mut wire = push.accept();
    wire.expect(b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x01NULL");
    wire.expect(&[0; 16 + 1 + 31]);
    wire.expect(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH");
}

/// R3: the types that have an identity say it.
fn a_chosen_identity_is_in_ready<E: Executor>(executor: &mut E) {
    let named = Config { identity: b"cli1", ..Config::default() };
    for kind in Kind::ALL {
        let mut socket = executor.bound_with(kind, named);
        socket.accept().expect(&opening(kind.name(), b"cli1"));
    }
    let mut dealer = executor.bound_with(Kind::Dealer, named);
    let mut wire = dealer.accept();
    wire.receive(GREETING_LEN);
    wire.expect(b"\x04\x2d\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x04cli1");
}

/// N2.
fn an_opening_may_come_octet_by_octet<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.accept();
    wire.expect_opening(Kind::Pull);
    for octet in opening("PUSH", b"") {
        wire.send(&[octet]);
    }
    wire.send(&message(&[b"hi"]));
    pull.expect(&[b"hi"]);
}

/// 7.4 item 9.
fn a_greeting_may_be_split_anywhere<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let octets = [opening("PUSH", b""), message(&[b"hi"])].concat();
    for split in 1..octets.len() {
        let mut wire = pull.accept();
        wire.expect_opening(Kind::Pull);
        wire.send(&octets[..split]);
        wire.send(&octets[split..]);
        pull.expect(&[b"hi"]);
        pull.lose(wire);
    }
}

/// 7.4 item 9; D15: 3.0 and whatever comes after it are peers, what came before is not.
fn versions_below_3_are_refused_and_all_others_accepted<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    for (major, minor, accepted) in [
        (0, 0, false),
        (1, 0, false),
        (2, 0, false),
        (2, 1, false),
        (3, 0, true),
        (3, 1, true),
        (3, 255, true),
        (4, 0, true),
        (255, 0, true),
    ] {
        let mut wire = pull.accept();
        wire.expect_opening(Kind::Pull);
        wire.send(&greeting_of(major, minor));
        if accepted {
            wire.send(&ready("PUSH", b""));
            wire.send(&message(&[b"hi"]));
            pull.expect(&[b"hi"]);
            pull.lose(wire);
        } else {
            refused(&mut wire);
        }
    }
    serves(&mut pull);
}

/// 7.4 item 9.
fn a_greeting_that_is_none_is_refused<E: Executor>(executor: &mut E) {
    let spoilt = |at: usize, octets: &[u8]| {
        let mut greeting = greeting();
        greeting[at..at + octets.len()].copy_from_slice(octets);
        greeting.to_vec()
    };
    let mut pull = executor.bound(Kind::Pull);
    for bad in [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"\0".to_vec(),
        spoilt(0, b"\xfe"),
        spoilt(9, b"\x7e"),
        spoilt(12, b"null"),
        spoilt(12, b"PLAIN"),
        spoilt(12, b"NULLNULLNULLNULLNULL"),
        spoilt(12, b"NULL\0\0\0X"),
        spoilt(12, b"\0\0\0\0"),
    ] {
        let mut wire = pull.accept();
        wire.expect_opening(Kind::Pull);
        wire.send(&bad);
        refused(&mut wire);
        serves(&mut pull);
    }
}

/// 1.2: padding, filler and, under NULL, as-server are not looked at.
fn what_means_nothing_in_a_greeting_is_tolerated<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.accept();
    wire.expect_opening(Kind::Pull);
    let mut odd = greeting();
    odd[1..9].copy_from_slice(b"\0\0\0\0\0\0\0\x04");
    odd[32] = 1;
    odd[33..].fill(0xaa);
    wire.send(&odd);
    wire.send(&ready("PUSH", b""));
    wire.send(&message(&[b"hi"]));
    pull.expect(&[b"hi"]);
}

/// 1.8; D12: a type that ours does not talk to gets an ERROR, and the connection is closed.
fn types_that_do_not_talk_to_each_other_part_with_an_error<E: Executor>(executor: &mut E) {
    let all = ["PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"];
    for (kind, accepted) in [
        (Kind::Push, &["PULL"][..]),
        (Kind::Pull, &["PUSH"]),
        (Kind::Req, &["REP", "ROUTER"]),
        (Kind::Rep, &["REQ", "DEALER"]),
        (Kind::Dealer, &["REP", "DEALER", "ROUTER"]),
        (Kind::Router, &["REQ", "DEALER", "ROUTER"]),
    ] {
        let mut socket = executor.bound(kind);
        for theirs in all {
            let mut wire = socket.accept();
            wire.expect_opening(kind);
            wire.send(&opening(theirs, b""));
            if accepted.contains(&theirs) {
                wire.settle();
                socket.lose(wire);
            } else {
                refused_with_error(&mut wire);
            }
        }
        serves(&mut socket);
    }
}

/// 7.4 item 11: nothing reaches the user from a peer that has not said who it is.
fn a_message_before_ready_is_refused<E: Executor>(executor: &mut E) {
    for kind in [Kind::Pull, Kind::Router, Kind::Rep, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        for early in [message(&[b"", b"early"]), message(&[b"\x05READY"])] {
            let mut wire = socket.accept();
            wire.expect_opening(kind);
            wire.send(&[&greeting()[..], &early, &ready(kind.partner(), b"")].concat());
            refused(&mut wire);
            socket.nothing_to_receive();
        }
        serves(&mut socket);
    }
}

/// D1; 7.4 item 11: what a peer sends right behind its READY is a message.
fn a_message_in_one_piece_with_ready_is_accepted<E: Executor>(executor: &mut E) {
    for kind in [Kind::Pull, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        let mut wire = socket.accept();
        wire.send(&[opening(kind.partner(), b""), message(&[b"one"]), message(&[b"two"])].concat());
        socket.expect(&[b"one"]);
        socket.expect(&[b"two"]);
        wire.expect_opening(kind);
    }
}

/// D1: libzmq closes the connection on a message that comes with READY, so none leaves before the peer's READY.
fn no_message_leaves_before_the_peers_ready<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        let mut listener = socket.dial();
        socket.try_send(&[b"early"]).unwrap();
        let mut wire = listener.accept();
        wire.expect_opening(kind);
        wire.send(&greeting());
        // That nothing comes can only be waited for.
        socket.pass(50);
        assert_eq!(wire.unread(), 0);
        wire.send(&ready(kind.partner(), b""));
        wire.expect(&message(&[b"early"]));
    }
}

/// 7.4 items 6, 7, 11: before READY only READY is heard.
fn other_commands_before_ready_are_refused<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    for early in [
        ping(0, b""),
        command(b"PONG", b""),
        command(b"SUBSCRIBE", b"topic"),
        command(b"HELLO", b""),
        command(b"ready", b""),
        error("400"),
        b"\x04\x00".to_vec(),
        b"\x04\x09\x5eRROR\x03400".to_vec(),
        b"\x05\x06\x05READY".to_vec(),
    ] {
        let mut wire = pull.accept();
        wire.expect_opening(Kind::Pull);
        wire.send(&greeting());
        wire.send(&early);
        refused(&mut wire);
    }
    serves(&mut pull);
}

/// 1.5: a repeated READY and an ERROR mean nothing after the handshake.
fn ready_and_error_after_the_handshake_are_ignored<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    wire.send(&ready("PUSH", b""));
    wire.send(&ready("SUB", b""));
    wire.send(&error("400"));
    wire.send(&message(&[b"hi"]));
    pull.expect(&[b"hi"]);
}

/// 7.4 item 10: strangers that hold their handshake open keep nobody out, and are sent away in time.
fn half_handshakes_keep_nobody_out_and_time_out<E: Executor>(executor: &mut E) {
    let config = Config { handshake_ms: 5 * E::BEAT_MS, ..Config::default() };
    let mut pull = executor.bound_with(Kind::Pull, config);
    let octets = opening("PUSH", b"");
    let mut strangers = [0, 1, GREETING_LEN, octets.len() - 1].map(|len| {
        let mut wire = pull.accept();
        wire.expect_opening(Kind::Pull);
        wire.send(&octets[..len]);
        wire
    });
    serves(&mut pull);
    assert!(pull.elapsed_ms() < config.handshake_ms, "the machine is too slow for this case");
    strangers.iter_mut().for_each(refused);
    assert!(pull.elapsed_ms() >= config.handshake_ms);
    serves(&mut pull);
}

/// 7.4 item 13.
fn a_peer_may_leave_at_any_octet<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let octets = [opening("PUSH", b""), message(&[b"A", b"B"]), ping(0, b"ctx")].concat();
    let whole = opening_len("PUSH") + message(&[b"A", b"B"]).len();
    for len in 0..octets.len() {
        let mut wire = pull.accept();
        wire.expect_opening(Kind::Pull);
        wire.send(&octets[..len]);
        wire.close();
        if len >= whole {
            pull.expect(&[b"A", b"B"]);
        }
        serves(&mut pull);
    }
}

/// E1; 1.12: a stranger that is no ZMTP may be one next time; who says ERROR, or is of a wrong type, will say so again.
fn a_connecter_comes_back_unless_it_was_told_not_to<E: Executor>(executor: &mut E) {
    let mut push = executor.bound(Kind::Push);
    let mut listener = push.dial();
    for garbage in [b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), greeting_of(1, 0).to_vec(), Vec::new()] {
        let mut wire = listener.accept();
        wire.expect_opening(Kind::Push);
        wire.send(&garbage);
        if garbage.is_empty() {
            wire.close();
        } else {
            refused(&mut wire);
        }
    }
    let mut wire = listener.accept();
    wire.shake(Kind::Push, "PULL", b"");
    push.send(&[b"hi"]).unwrap();
    wire.expect(&message(&[b"hi"]));

    for last_word in [b"\x04\x0a\x05ERROR\x03400".to_vec(), ready("PUB", b"")] {
        let mut listener = push.dial();
        let mut wire = listener.accept();
        wire.expect_opening(Kind::Push);
        wire.send(&greeting());
        wire.send(&last_word);
        refused(&mut wire);
        listener.expect_nobody();
    }
}

on_both![
    every_type_opens_with_the_exact_greeting_and_ready,
    a_chosen_identity_is_in_ready,
    an_opening_may_come_octet_by_octet,
    a_greeting_may_be_split_anywhere,
    versions_below_3_are_refused_and_all_others_accepted,
    a_greeting_that_is_none_is_refused,
    what_means_nothing_in_a_greeting_is_tolerated,
    types_that_do_not_talk_to_each_other_part_with_an_error,
    a_message_before_ready_is_refused,
    a_message_in_one_piece_with_ready_is_accepted,
    no_message_leaves_before_the_peers_ready,
    other_commands_before_ready_are_refused,
    ready_and_error_after_the_handshake_are_ignored,
    half_handshakes_keep_nobody_out_and_time_out,
    a_peer_may_leave_at_any_octet,
    a_connecter_comes_back_unless_it_was_told_not_to,
];
