//! Do messages travel as their frames, whole or not at all, and are bad frames refused?

use crate::served::{refused, serves};
use zeptomq_tests::executor::{Executor, Kind, Socket};
use zeptomq_tests::wire::{Wire, frame, long_frame, message, more, ping, pong};

/// M1 to M5, with the bodies spelt out.
fn vectors() -> Vec<(Vec<Vec<u8>>, Vec<u8>)> {
    vec![
        (vec![b"hi".to_vec()], b"\x00\x02hi".to_vec()),
        (vec![b"A".to_vec(), b"B".to_vec()], b"\x01\x01A\x00\x01B".to_vec()),
        (vec![Vec::new()], b"\x00\x00".to_vec()),
        (vec![vec![7; 255]], [&b"\x00\xff"[..], &[7; 255]].concat()),
        (vec![vec![7; 256]], [&b"\x02\0\0\0\0\0\0\x01\x00"[..], &[7; 256]].concat()),
        (vec![vec![7; 256], Vec::new()], [&b"\x03\0\0\0\0\0\0\x01\x00"[..], &[7; 256], &b"\x00\x00"[..]].concat()),
    ]
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

/// M1 to M5, outward.
fn messages_leave_as_the_exact_frames<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        for (parts, octets) in vectors() {
            socket.send(&slices(&parts)).unwrap();
            wire.expect(&octets);
        }
        wire.expect_quiet();
    }
}

/// M1 to M5, inward; PLL1, DLR1: nothing is altered.
fn messages_arrive_from_the_exact_frames<E: Executor>(executor: &mut E) {
    for kind in [Kind::Pull, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        for (parts, octets) in vectors() {
            wire.send(&octets);
            socket.expect(&slices(&parts));
        }
        // G5: and all of them at once, in order.
        wire.send(&vectors().iter().flat_map(|(_, octets)| octets.clone()).collect::<Vec<_>>());
        for (parts, _) in vectors() {
            socket.expect(&slices(&parts));
        }
        wire.settle();
        socket.nothing_to_receive();
    }
}

/// N2.
fn messages_and_heartbeats_may_come_octet_by_octet<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    for (parts, octets) in vectors() {
        for octet in [ping(0, b"ctx12345"), octets].concat() {
            wire.send(&[octet]);
        }
        wire.expect(&pong(b"ctx12345"));
        pull.expect(&slices(&parts));
        pull.nothing_to_receive();
    }
}

/// 1.4; 7.4 item 1: a receiver accepts the long form of a short body.
fn the_long_form_is_accepted_for_any_body<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    for len in [0, 1, 255, 256, E::FRAME_LEN_MAX] {
        let body = vec![b'x'; len];
        wire.send(&long_frame(0, len as u64, &body));
        pull.expect(&[&body]);
        wire.send(&[long_frame(1, 1, b"A"), long_frame(0, 1, b"B")].concat());
        pull.expect(&[b"A", b"B"]);
    }
}

/// 7.4 item 1; N1: a frame above the limit is refused by its header alone.
fn a_size_above_the_limit_is_refused<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let limit = E::FRAME_LEN_MAX as u64;
    let sizes = [limit + 1, 65_536, 1 << 31, u64::from(u32::MAX), 1 << 32, u64::MAX >> 1, 1 << 63, u64::MAX];
    for (size, flags) in sizes.into_iter().flat_map(|size| [(size, 0), (size, 1), (size, 4)]) {
        let mut wire = pull.peer("PUSH");
        wire.send(&long_frame(flags, size, b""));
        refused(&mut wire);
    }
    pull.nothing_to_receive();
    serves(&mut pull);
}

/// 7.4 item 2: reserved bits are zero, and a command has no MORE.
fn flags_that_mean_nothing_are_refused<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    for flags in (0..=255).filter(|flags| ![0, 1, 2, 3, 4, 6].contains(flags)) {
        let mut wire = pull.peer("PUSH");
        wire.send(&frame(flags, b"\x04WXYZ"));
        refused(&mut wire);
    }
    pull.nothing_to_receive();
    serves(&mut pull);
}

/// G3, G8: what a peer did not finish is never seen, and spoils nothing that others send.
fn an_unfinished_message_dies_with_its_peer<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut other = pull.peer("PUSH");
    other.send(&more(b"C"));
    for unfinished in [more(b"A"), [more(b"A"), more(b"B")].concat(), b"\x01\x01A\x00\x05BB".to_vec(), b"\x00".to_vec()]
    {
        let mut wire = pull.peer("PUSH");
        wire.send(&unfinished);
        pull.lose(wire);
        serves(&mut pull);
    }
    other.send(&message(&[b"D"]));
    pull.expect(&[b"C", b"D"]);
    other.settle();
    pull.nothing_to_receive();
}

/// What arrived whole before the connection was lost is still delivered.
fn whole_messages_of_a_peer_that_left_are_delivered<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    wire.send(&[message(&[b"one"]), message(&[b"two", b"too"]), message(&[b"three"]), more(b"half")].concat());
    wire.close();
    pull.expect(&[b"one"]);
    pull.expect(&[b"two", b"too"]);
    pull.expect(&[b"three"]);
    serves(&mut pull);
}

/// And what came before the octets that were refused.
fn whole_messages_before_a_bad_frame_are_delivered<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let mut wire = pull.peer("PUSH");
    wire.send(&[message(&[b"one"]), message(&[b"two"]), more(b"half"), b"\xff\xff".to_vec()].concat());
    pull.expect(&[b"one"]);
    pull.expect(&[b"two"]);
    pull.nothing_to_receive();
    refused(&mut wire);
    serves(&mut pull);
}

/// G3, G5: messages that arrive in turns by piece are not mixed.
fn messages_of_two_peers_are_not_mixed<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let (mut one, mut two) = (pull.peer("PUSH"), pull.peer("PUSH"));
    one.send(&more(b"A"));
    two.send(&more(b"1"));
    one.send(&more(b"B"));
    two.send(&message(&[b"2"]));
    pull.expect(&[b"1", b"2"]);
    one.send(&message(&[b"C"]));
    pull.expect(&[b"A", b"B", b"C"]);
}

/// A message has as many parts as fit.
fn a_message_may_have_many_parts<E: Executor>(executor: &mut E) {
    let mut dealer = executor.bound(Kind::Dealer);
    let mut wire = dealer.peer("DEALER");
    let parts: Vec<Vec<u8>> = (0..250u8).map(|part| vec![part; usize::from(part % 3)]).collect();
    wire.send(&message(&slices(&parts)));
    dealer.expect(&slices(&parts));
    dealer.send(&slices(&parts)).unwrap();
    wire.expect(&message(&slices(&parts)));
}

on_both![
    messages_leave_as_the_exact_frames,
    messages_arrive_from_the_exact_frames,
    messages_and_heartbeats_may_come_octet_by_octet,
    the_long_form_is_accepted_for_any_body,
    a_size_above_the_limit_is_refused,
    flags_that_mean_nothing_are_refused,
    an_unfinished_message_dies_with_its_peer,
    whole_messages_of_a_peer_that_left_are_delivered,
    whole_messages_before_a_bad_frame_are_delivered,
    messages_of_two_peers_are_not_mixed,
    a_message_may_have_many_parts,
];
