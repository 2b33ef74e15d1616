//! Are commands answered, ignored or refused as they should, and never shown?

use crate::served::{answer, refused, serves};
use zeptomq_tests::executor::{Executor, Kind, Socket};
use zeptomq_tests::wire::{Wire, command, frame, message, more, ping, pong};

/// P1, P2, P3; 1.13: the PONG carries the context back.
fn a_ping_is_answered_by_a_pong<E: Executor>(executor: &mut E) {
    for kind in Kind::ALL {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        for (ping, pong) in [
            (&b"\x04\x07\x04PING\0\0"[..], &b"\x04\x05\x04PONG"[..]),
            (b"\x04\x07\x04PING\0\x32", b"\x04\x05\x04PONG"),
            (b"\x04\x0f\x04PING\0\0ctx12345", b"\x04\x0d\x04PONGctx12345"),
            (b"\x04\x17\x04PING\0\x000123456789abcdef", b"\x04\x15\x04PONG0123456789abcdef"),
        ] {
            wire.send(ping);
            wire.expect(pong);
        }
    }
}

/// 1.5: a PING may come between the parts of a message.
fn a_ping_between_two_parts_is_answered_and_the_message_whole<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    wire.send(&more(b"A"));
    wire.send(&ping(0, b"one"));
    wire.expect(&pong(b"one"));
    wire.send(&more(b"B"));
    wire.send(&[ping(0, b"two"), command(b"WXYZ", b"data")].concat());
    wire.expect(&pong(b"two"));
    wire.send(&message(&[b"C"]));
    pull.expect(&[b"A", b"B", b"C"]);
}

/// 7.4 item 6.
fn heartbeats_of_a_wrong_length_are_refused<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    for (name, lens) in [(b"PING", &[0, 1, 19, 200][..]), (b"PONG", &[17, 200])] {
        for &len in lens {
            let mut wire = pull.peer("PUSH");
            wire.send(&command(name, &[0; 200][..len]));
            refused(&mut wire);
        }
    }
    serves(&mut pull);
}

/// 7.4 item 6.
fn a_pong_that_nobody_asked_for_is_ignored<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    wire.send(&[pong(b""), pong(b"ctx"), message(&[b"hi"])].concat());
    pull.expect(&[b"hi"]);
    wire.expect_quiet();
}

/// 7.4 item 6; 1.13: a flood may be answered in part, but the last of it is.
fn a_flood_of_pings_stops_nobody<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    let flood = ping(0, b"again").repeat(10_000);
    wire.send(&flood);
    serves(&mut pull);
    wire.send(&ping(0, b"!last"));
    let pong_len = pong(b"!last").len();
    let mut pongs = 0;
    loop {
        let heard = wire.receive(pong_len);
        if heard == pong(b"!last") {
            break;
        }
        assert_eq!(heard, pong(b"again"));
        pongs += 1;
    }
    assert!(pongs <= 10_000);
    wire.send(&message(&[b"hi"]));
    pull.expect(&[b"hi"]);
}

/// 7.4 item 3: a command's name is of letters, within its body and not empty.
fn commands_without_a_valid_name_are_refused<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    for body in
        [&b""[..], b"\x00", b"\x00PING", b"\x05PING", b"\xffPING", b"\x04PI-G\0\0", b"\x04PI G", b"\x5eRROR\x03400"]
    {
        let mut wire = pull.peer("PUSH");
        wire.send(&frame(4, body));
        refused(&mut wire);
    }
    serves(&mut pull);
}

/// 1.5; 7.4 item 3: an unknown command is ignored, also one without data.
fn an_unknown_command_is_ignored<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    wire.send(&[command(b"WXYZ", b""), command(&[b'N'; 255], b"data"), message(&[b"hi"])].concat());
    pull.expect(&[b"hi"]);
    wire.expect_quiet();
    pull.nothing_to_receive();
}

/// 7.4 item 7; 1.5: what is meant for another socket type is dropped and never shown.
fn commands_for_other_types_are_never_shown<E: Executor>(executor: &mut E) {
    let others = [
        command(b"SUBSCRIBE", b"topic"),
        command(b"CANCEL", b"topic"),
        command(b"JOIN", b"g"),
        command(b"LEAVE", b"g"),
    ]
    .concat();
    for kind in Kind::ALL {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        wire.send(&others);
        wire.expect_quiet();
        match kind {
            // These are for it, and harmless; topics.rs and extended.rs say what they do.
            Kind::Pub => serves(&mut socket),
            Kind::Xpub => {
                socket.expect(&[b"\x01topic"]);
                socket.expect(&[b"\0topic"]);
                serves(&mut socket);
            }
            Kind::Sub => {
                wire.send(&others);
                wire.expect_quiet();
                serves(&mut socket);
            }
            Kind::Push => {
                socket.send(&[b"hi"]).unwrap();
                wire.expect(&message(&[b"hi"]));
            }
            Kind::Req => {
                socket.send(&[b"ask"]).unwrap();
                wire.send(&others);
                answer(&mut wire, b"ask", b"hi");
                socket.expect(&[b"hi"]);
            }
            Kind::Rep | Kind::Router | Kind::Pull | Kind::Dealer | Kind::Pair | Kind::Xsub => {
                socket.nothing_to_receive();
                wire.send(&[more(b""), others.clone(), message(&[b"hi"])].concat());
                let heard = socket.recv().unwrap();
                assert_eq!(heard.last().unwrap(), b"hi");
                assert_eq!(
                    heard.len(),
                    match kind {
                        Kind::Rep => 1,
                        Kind::Router => 3,
                        _ => 2,
                    }
                );
            }
        }
        assert_eq!(socket.drops(), Default::default());
    }
}

/// 7.4 item 7: a command of any length is not read.
fn an_overlong_command_is_refused<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    for len in [5000, 1 << 20] {
        let mut wire = pull.peer("PUSH");
        wire.send(&command(b"SUBSCRIBE", &vec![b't'; len]));
        refused(&mut wire);
    }
    serves(&mut pull);
}

on_both![
    a_ping_is_answered_by_a_pong,
    a_ping_between_two_parts_is_answered_and_the_message_whole,
    heartbeats_of_a_wrong_length_are_refused,
    a_pong_that_nobody_asked_for_is_ignored,
    a_flood_of_pings_stops_nobody,
    commands_without_a_valid_name_are_refused,
    an_unknown_command_is_ignored,
    commands_for_other_types_are_never_shown,
    an_overlong_command_is_refused,
];
