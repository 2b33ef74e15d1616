//! How does a message pass through a fixed socket whose memory is smaller than its last part?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

use zeptomq_core::link::{Extent, LinkError, Setup};
use zeptomq_core::mechanism::Null;
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::{Pull, Receives, Rep, Req, Router, Sub, TakeError, req};
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{Failure, FixedSocket, Memory};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;
use zeptomq_tests::wire::{message, more, opening, ping};

const NOW: Instant = Instant::from_ms(0);
const LEN: usize = 512;
const SETUP: Setup = Setup { large_len_max: 1 << 20, ..Setup::DEFAULT };

type Room = Memory<Null, 2, LEN, 64>;

/// Octets of which no two places nearby are alike.
fn body(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 % 251) as u8).collect()
}

/// Puts as many octets into the socket as it takes. How many.
fn feed<P: zeptomq_core::pattern::Pattern>(
    socket: &mut FixedSocket<'_, P, Null>,
    peer: PeerId,
    octets: &[u8],
) -> usize {
    let mut links = socket.links();
    let window = links.receive_window(peer, NOW);
    let len = window.len().min(octets.len());
    window[..len].copy_from_slice(&octets[..len]);
    links.commit(peer, len, NOW);
    while let len @ 1.. = links.pending(peer, &mut |_| (), NOW).len() {
        links.advance(peer, len, NOW);
    }
    len
}

/// A peer of that type that is up.
fn up<P: zeptomq_core::pattern::Pattern>(
    socket: &mut FixedSocket<'_, P, Null>,
    theirs: &str,
    identity: &[u8],
) -> PeerId {
    let peer = socket.links().accept(NOW).unwrap();
    let octets = opening(theirs, identity);
    assert_eq!(feed(socket, peer, &octets), octets.len());
    assert!(socket.links().is_up(peer));
    peer
}

/// What a user puts together of what he receives: the parts of the beginning, and how many pieces it was.
#[derive(Debug, Default, PartialEq)]
struct Whole {
    parts: Vec<Vec<u8>>,
    pieces: usize,
}

/// Sends octets in portions and receives, until a message is whole.
fn pass<P: Receives>(
    socket: &mut FixedSocket<'_, P, Null>,
    peer: PeerId,
    mut octets: &[u8],
    portion: usize,
) -> Result<Whole, Extent> {
    let mut whole = Whole::default();
    for _ in 0..1_000_000 {
        let len = feed(socket, peer, &octets[..portion.min(octets.len())]);
        octets = &octets[len..];
        let Some(received) = socket.try_recv(NOW).unwrap() else { continue };
        assert_eq!(received.from(), peer);
        let parts: Vec<Vec<u8>> = received.parts().map(<[u8]>::to_vec).collect();
        whole.pieces += 1;
        let left = match received.extent() {
            Extent::Whole => 0,
            Extent::Begin { left } => left,
            Extent::More { left } => {
                assert_eq!(parts.len(), 1);
                whole.parts.last_mut().unwrap().extend(&parts[0]);
                if left == 0 {
                    assert!(octets.is_empty());
                    return Ok(whole);
                }
                continue;
            }
            Extent::Torn => return Err(Extent::Torn),
        };
        whole.parts = parts;
        if left == 0 {
            return Ok(whole);
        }
    }
    panic!("it never ends; {} octets are left, {whole:?}", octets.len());
}

#[test]
fn a_megabyte_passes_through_512_octets() {
    let mut memory = Room::NEW;
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &SETUP);
    let peer = up(&mut pull, "PUSH", b"");
    for (len, portion) in [(1 << 20, 1460), (10_000, 1), (513, 7), (LEN - 9 + 1, 512), (1024, 3), (511, 600)] {
        let octets = [more(b"name"), more(b""), message(&[&body(len)])].concat();
        let whole = pass(&mut pull, peer, &octets, portion).unwrap();
        assert_eq!(whole.parts, [b"name".to_vec(), Vec::new(), body(len)], "{len} by {portion}");
        assert!(whole.pieces >= len / LEN, "{} pieces", whole.pieces);
        // What comes behind is whole again.
        assert_eq!(pass(&mut pull, peer, &message(&[b"small"]), portion).unwrap().parts, [b"small"]);
    }
}

#[test]
fn a_short_frame_behind_long_parts_comes_in_pieces_too() {
    let mut memory = Room::NEW;
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &SETUP);
    let peer = up(&mut pull, "PUSH", b"");
    for long in 400..LEN - 4 {
        let octets = [more(&body(long - 9)), message(&[&body(200)])].concat();
        match pass(&mut pull, peer, &octets, 100) {
            Ok(whole) => assert_eq!(whole.parts, [body(long - 9), body(200)], "{long}"),
            Err(extent) => panic!("{extent:?}"),
        }
    }
}

#[test]
fn others_have_their_turns_between_the_pieces() {
    let mut memory = Room::NEW;
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &SETUP);
    let (large, small) = (up(&mut pull, "PUSH", b""), up(&mut pull, "PUSH", b""));
    let octets = message(&[&body(2000)]);
    let (mut sent, mut got, mut between) = (0, Vec::new(), 0);
    loop {
        sent += feed(&mut pull, large, &octets[sent..]);
        feed(&mut pull, small, &message(&[b"s"]));
        let received = pull.try_recv(NOW).unwrap().expect("something");
        if received.from() == small {
            assert_eq!((received.first(), received.extent()), (&b"s"[..], Extent::Whole));
            between += 1;
            continue;
        }
        got.extend_from_slice(received.first());
        if received.extent() == (Extent::More { left: 0 }) {
            break;
        }
    }
    assert_eq!(got, body(2000));
    assert!(between >= 3);
}

#[test]
fn a_message_that_nobody_wants_is_passed_over() {
    let mut memory = Room::NEW;
    let mut sub = FixedSocket::new(Sub::<Fixed<2>>::NEW, Null::NEW, &mut memory, &SETUP);
    sub.subscribe(b"wanted").unwrap();
    let peer = up(&mut sub, "PUB", b"");
    let octets = [more(b"other"), message(&[&body(3000)]), more(b"wanted"), message(&[&body(3000)])].concat();
    assert_eq!(pass(&mut sub, peer, &octets, 300).unwrap().parts, [b"wanted".to_vec(), body(3000)]);
}

#[test]
fn a_reply_may_be_long_and_a_request_may_not() {
    let mut memory = Room::NEW;
    let mut req = FixedSocket::new(Req::<Fixed<2>>::new(req::Mode::Strict, 0), Null::NEW, &mut memory, &SETUP);
    let peer = up(&mut req, "REP", b"");
    for _ in 0..2 {
        req.try_send(&[b"image"], NOW).unwrap();
        let whole = pass(&mut req, peer, &[more(b""), message(&[&body(5000)])].concat(), 99).unwrap_or_default();
        assert_eq!(whole.parts, [body(5000)]);
    }
    assert_eq!(req.try_recv(NOW).err(), Some(TakeError::OutOfTurn));

    let mut memory = Room::NEW;
    let mut rep = FixedSocket::new(Rep::<Fixed<2>>::NEW, Null::NEW, &mut memory, &SETUP);
    let peer = up(&mut rep, "REQ", b"");
    feed(&mut rep, peer, &[more(b""), message(&[&body(5000)])].concat());
    let failed = rep.links().poll_failed(NOW);
    assert_eq!(failed, Some((peer, Failure::Link(LinkError::MessageTooLong))));
}

#[test]
fn a_router_is_told_the_identity_with_the_beginning() {
    let mut memory = Room::NEW;
    let mut router = FixedSocket::new(Router::<Fixed<2>>::NEW, Null::NEW, &mut memory, &SETUP);
    let peer = up(&mut router, "DEALER", b"me");
    let whole = pass(&mut router, peer, &message(&[b"kind", &body(900)]), 64).unwrap();
    assert_eq!(whole.parts, [b"me".to_vec(), b"kind".to_vec(), body(900)]);
}

#[test]
fn a_connection_that_is_lost_in_the_middle_is_told() {
    for sent in [100, LEN - 1, LEN, LEN + 1, 2 * LEN, 2000] {
        let mut memory = Room::NEW;
        let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &SETUP);
        let peer = up(&mut pull, "PUSH", b"");
        let octets = message(&[&body(2500)]);
        let mut rest = &octets[..sent];
        let mut begun = false;
        while !rest.is_empty() {
            let len = feed(&mut pull, peer, rest);
            rest = &rest[len..];
            begun |= pull.try_recv(NOW).unwrap().is_some();
        }
        pull.links().detach(peer, NOW);
        let end = pull.try_recv(NOW).unwrap().map(|received| (received.extent(), received.parts().count()));
        assert_eq!(end, (sent >= LEN).then_some((Extent::Torn, 0)), "{sent}, {begun}");
        assert!(pull.try_recv(NOW).unwrap().is_none());
        // Its place is free, and the next message of whoever has it is whole.
        for _ in 0..2 {
            let next = up(&mut pull, "PUSH", b"");
            assert_eq!(pass(&mut pull, next, &message(&[b"next"]), 9).unwrap().parts, [b"next"]);
        }
    }
}

#[test]
fn octets_of_a_part_whose_rest_never_comes_are_no_messages() {
    for octet in [0, 1, 4] {
        let mut memory = Room::NEW;
        let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &SETUP);
        let peer = up(&mut pull, "PUSH", b"");
        let octets = message(&[&[octet; 2500]]);
        assert_eq!(feed(&mut pull, peer, &octets), LEN);
        assert!(pull.try_recv(NOW).unwrap().is_some());
        // Each frame of these would be an empty message, a part of one or a command.
        feed(&mut pull, peer, &octets[LEN..][..300]);
        pull.links().detach(peer, NOW);
        assert_eq!(pull.try_recv(NOW).unwrap().map(|received| received.extent()), Some(Extent::Torn));
        assert!(pull.try_recv(NOW).unwrap().is_none(), "{octet}");
        assert!(pull.links().accept(NOW).is_ok());
    }
}

#[test]
fn what_is_too_long_or_not_the_last_part_closes_the_link() {
    for octets in [message(&[&body((1 << 20) + 1)]), [more(&body(600)), message(&[b"x"])].concat()] {
        let mut memory = Room::NEW;
        let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &SETUP);
        let peer = up(&mut pull, "PUSH", b"");
        feed(&mut pull, peer, &octets);
        let failed = pull.links().poll_failed(NOW);
        assert_eq!(failed, Some((peer, Failure::Link(LinkError::MessageTooLong))));
    }
    // Without being asked for, nothing comes in pieces.
    let mut memory = Room::NEW;
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &Setup::DEFAULT);
    let peer = up(&mut pull, "PUSH", b"");
    feed(&mut pull, peer, &message(&[&body(600)]));
    assert!(pull.links().poll_failed(NOW).is_some());
}

#[test]
fn heartbeats_are_answered_before_and_behind_a_long_message() {
    let mut memory = Room::NEW;
    let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &SETUP);
    let peer = up(&mut pull, "PUSH", b"");
    let octets = [ping(0, b"a"), message(&[&body(700)])].concat();
    assert_eq!(pass(&mut pull, peer, &octets, 50).unwrap().parts, [body(700)]);
    let mut links = pull.links();
    let octets = ping(0, b"b");
    links.receive_window(peer, NOW)[..octets.len()].copy_from_slice(&octets);
    links.commit(peer, octets.len(), NOW);
    assert_eq!(links.pending(peer, &mut |_| (), NOW), zeptomq_tests::wire::pong(b"b"));
}
