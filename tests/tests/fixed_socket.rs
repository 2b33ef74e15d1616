//! What holds of a `FixedSocket` alone: its slots, its arrays and its poll face?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

use zeptomq_core::io::{Streamed, poll_stream};
use zeptomq_core::link::{HeartbeatSetup, Setup};
use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_core::pattern::{Drops, Push, Refused, Rep, Req, Router, req};
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{Failure, FixedSocket, Memory, SendError};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;
use zeptomq_tests::executor::{Config, Kind, Socket};
use zeptomq_tests::fixed::{Fixed as Executor, FixedSubject};
use zeptomq_tests::machine::{BEAT_MS, LINK_LEN, PEERS, machine};
use zeptomq_tests::pipe::{End, pipe};
use zeptomq_tests::wire::{Wire, error, message, more, opening, ping, pong, subscribe};
use zeptomq_tests::world::World;

const NOW: Instant = Instant::from_ms(0);

const SETUP: Setup = Setup { heartbeat: HeartbeatSetup::OFF, handshake_ms: 1000, ..Setup::DEFAULT };

fn world(kind: Kind) -> World {
    World::new(machine(kind, Config::default(), Null::NEW))
}

fn bound(kind: Kind, config: Config) -> FixedSubject {
    zeptomq_tests::executor::Executor::bound_with(&mut Executor, kind, config)
}

/// Puts octets into a socket of its own, as far as it takes them.
macro_rules! feed {
    ($socket:expr, $peer:expr, $octets:expr) => {{
        let octets: &[u8] = $octets;
        let mut links = $socket.links();
        let window = links.receive_window($peer, NOW);
        let len = window.len().min(octets.len());
        window[..len].copy_from_slice(&octets[..len]);
        links.commit($peer, len, NOW);
        len
    }};
}

/// Takes all that a socket of its own has to say to the peer.
macro_rules! drain {
    ($socket:expr, $peer:expr) => {
        loop {
            let len = $socket.links().pending($peer, &mut |_| (), NOW).len();
            if len == 0 {
                break;
            }
            $socket.links().advance($peer, len, NOW);
        }
    };
}

#[test]
fn a_stranger_whose_identity_does_not_fit_leaves_its_slot() {
    let mut memory = Memory::<Null, 2, 256, 256>::NEW;
    let mut router = FixedSocket::<Router<Fixed<2, 4>>, _>::new(Router::NEW, Null::NEW, &mut memory, &SETUP);
    for _ in 0..5 {
        let peer = router.links().accept(NOW).expect("a free slot");
        drain!(router, peer);
        feed!(router, peer, &opening("DEALER", b"longer"));
        let (failed, failure) = router.links().poll_failed(NOW).expect("a failure");
        assert_eq!((failed, failure), (peer, Failure::Refused(Refused::IdentityTooLong)));
        drain!(router, peer);
        router.links().detach(peer, NOW);
        assert_eq!(router.links().poll_failed(NOW), None);
    }
}

#[test]
fn a_peer_that_comes_back_under_its_name_displaces_its_former_link() {
    let mut memory = Memory::<Null, 2, 256, 256>::NEW;
    let mut router = FixedSocket::<Router<Fixed<2, 4>>, _>::new(Router::NEW, Null::NEW, &mut memory, &SETUP);
    let peers = [NOW; 2].map(|now| router.links().accept(now).expect("a free slot"));
    for peer in peers {
        drain!(router, peer);
        feed!(router, peer, &opening("DEALER", b"name"));
    }
    let failed = [NOW; 2].map(|now| router.links().poll_failed(now));
    assert_eq!(failed, [Some((peers[0], Failure::Displaced)), None]);
}

#[test]
fn a_stranger_that_leaves_before_our_ready_has_left_leaves_its_slot() {
    for len in [0, 10, 63, 64, 70] {
        let mut pull = world(Kind::Pull);
        for _ in 0..3 * PEERS {
            let (ours, mut theirs) = pipe(len);
            theirs.put(&opening("PUSH", b""));
            pull.accept(ours);
            drop(theirs);
            pull.pump();
        }
    }
}

/// A socket may be told to close one link and be given another before it was asked which.
#[test]
fn a_failure_is_told_though_the_slot_could_have_a_next_tenant() {
    let mut memory = Memory::<Null, 1, 256, 256>::NEW;
    let mut req = FixedSocket::<Req<Fixed<1>>, _>::new(Req::new(req::Mode::Strict, 0), Null::NEW, &mut memory, &SETUP);
    let peer = req.links().accept(NOW).expect("a free slot");
    drain!(req, peer);
    feed!(req, peer, &opening("REP", b""));
    req.try_send(&[b"ask"], NOW).unwrap();
    drain!(req, peer);
    feed!(req, peer, &message(&[b"no delimiter"]));
    let _ = req.try_recv(NOW);
    let next = req.links().accept(NOW);
    assert!(matches!(req.links().poll_failed(NOW), Some((failed, Failure::Message(_))) if failed == peer), "{next:?}");
    req.links().detach(peer, NOW);
    assert!(req.links().accept(NOW).is_ok());
}

#[test]
fn a_table_that_is_full_refuses_until_somebody_left() {
    let mut pull = world(Kind::Pull);
    let mut ends: Vec<End> = Vec::new();
    for _ in 0..PEERS {
        let (ours, mut theirs) = pipe(512);
        theirs.put(&opening("PUSH", b""));
        pull.accept(ours);
        ends.push(theirs);
    }
    let now = pull.now();
    assert_eq!(pull.machine.accept(now), Err(Refused::NoRoom));
    assert_eq!(pull.machine.connect(), Err(Refused::NoRoom));
    // Who has sent something keeps the slot until that was taken.
    ends[0].put(&message(&[b"last"]));
    drop(ends.remove(0));
    pull.pump();
    assert_eq!(pull.machine.accept(now), Err(Refused::NoRoom));
    assert_eq!(pull.machine.try_recv(now).unwrap().unwrap(), [b"last"]);
    assert_eq!(pull.machine.try_recv(now), Ok(None));
    assert!(pull.machine.connect().is_ok());
}

#[test]
fn what_never_fits_is_told_and_the_largest_that_fits_is_sent() {
    let mut push = bound(Kind::Push, Config::default());
    let mut wire = push.peer("PULL");
    let world = push.world();
    let now = world.borrow().now();
    let send = |message: &[&[u8]]| world.borrow_mut().machine.try_send(message, now);
    assert_eq!(send(&[]), Err(SendError::Empty));
    assert_eq!(send(&[&[0; LINK_LEN - 8]]), Err(SendError::TooLong));
    assert_eq!(send(&[&[0; 600], &[0; LINK_LEN - 600 - 17]]), Err(SendError::TooLong));
    assert_eq!(send(&[&[7; 600], &[8; LINK_LEN - 600 - 18]]), Ok(()));
    assert_eq!(send(&[b""]), Err(SendError::WouldBlock));
    wire.expect(&message(&[&[7; 600], &[8; LINK_LEN - 600 - 18]]));
    push.send(&[b"next"]).unwrap();
    wire.expect(&message(&[b"next"]));
    // Whoever listens, and if nobody does.
    let publisher = bound(Kind::Pub, Config::default()).world();
    assert_eq!(publisher.borrow_mut().machine.try_send(&[&[0; LINK_LEN]], now), Err(SendError::TooLong));
}

#[test]
fn a_message_longer_than_the_array_closes_the_link_and_the_longest_that_fits_does_not() {
    let mut pull = bound(Kind::Pull, Config::default());
    let whole: [&[u8]; 3] = [&[1; 500], b"", &[2; LINK_LEN - 500 - 9 - 2 - 9]];
    let mut wire = pull.peer("PUSH");
    // Behind another message, and with commands in its midst.
    let pieces = [message(&[b"before"]), more(&[1; 500]), ping(0, b"one"), more(b""), ping(0, b"two")];
    wire.send(&pieces.concat());
    wire.send(&message(&[&[2; LINK_LEN - 500 - 9 - 2 - 9]]));
    pull.expect(&[b"before"]);
    pull.expect(&whole);
    pull.nothing_to_receive();
    let mut other = pull.peer("PUSH");
    other.send(&[more(&[1; 500]), more(&[2; 500]), message(&[b"12345"])].concat());
    other.expect_closed();
    pull.nothing_to_receive();
    // A PONG may have been overtaken by another, and no more.
    wire.send(&ping(0, b"three"));
    let (one, two) = (pong(b"one"), [pong(b"two"), pong(b"three")].concat());
    let heard_len = wire.unread();
    let heard = wire.receive(heard_len);
    assert!(heard.ends_with(&two) && (heard == two || heard.starts_with(&one)), "{}", heard.escape_ascii());
}

#[test]
fn what_an_accepted_peer_did_not_get_is_counted() {
    let mut push = bound(Kind::Push, Config::default());
    let wire = push.peer("PULL");
    // The pipe takes one and a part of the next.
    for body in [[1; 300], [2; 300], [3; 300]] {
        push.try_send(&[&body]).unwrap();
    }
    push.lose(wire);
    assert_eq!(push.drops().undelivered, 2);
}

#[test]
fn what_was_dropped_is_known_of_each_peer_until_its_slot_has_another() {
    let mut publisher = bound(Kind::Pub, Config::default());
    let [mut slow, mut quick] = [publisher.peer("SUB"), publisher.peer("SUB")];
    for wire in [&mut slow, &mut quick] {
        wire.send(&subscribe(b""));
    }
    for _ in 0..6 {
        publisher.send(&[&[1; 400]]).unwrap();
        quick.expect(&message(&[&[1; 400]]));
    }
    let of = |publisher: &FixedSubject, slot| {
        publisher
            .world()
            .borrow()
            .machine
            .status_of(PeerId::new(slot, 1))
            .map(|status| (status.drops.queue_full, status.drops.undelivered))
    };
    let Some((dropped @ 1.., 0)) = of(&publisher, 0) else { panic!("nothing dropped for the slow peer") };
    assert_eq!(of(&publisher, 1), Some((0, 0)));
    publisher.lose(slow);
    let Some((_, undelivered @ 1..)) = of(&publisher, 0) else { panic!("nothing was left for the slow peer") };
    let all = Drops { queue_full: dropped, undelivered, ..Drops::NONE };
    assert_eq!(publisher.drops(), all);
    let _another = publisher.peer("SUB");
    assert_eq!((of(&publisher, 0), publisher.drops()), (None, all));
}

/// Beside a message that has begun to leave there may be too little room, whatever else is dropped.
#[test]
fn nothing_makes_room_for_a_message_that_does_not_fit_all_the_same() {
    for policy in [Policy::DropOldest, Policy::KeepLatest] {
        let mut memory = Memory::<Null, 1, 256, 256>::NEW;
        let mut push = FixedSocket::new(Push::<Fixed<1>>::NEW, Null::NEW, &mut memory, &SETUP);
        let peer = push.links().accept(NOW).unwrap();
        drain!(push, peer);
        feed!(push, peer, &opening("PULL", b""));
        push.try_send(&[&[1; 150]], NOW).unwrap();
        assert_eq!(push.links().pending(peer, &mut |_| (), NOW).len(), 152);
        push.links().advance(peer, 10, NOW);
        push.try_send_or(policy, &[b"t", b"kept"], NOW).unwrap();
        assert_eq!(push.try_send_or(policy, &[b"t", &[2; 110]], NOW), Ok(()));
        assert_eq!(push.drops(), Drops { queue_full: 1, ..Drops::NONE }, "{policy:?}");
        let mut left = Vec::new();
        loop {
            let mut links = push.links();
            let pending = links.pending(peer, &mut |_| (), NOW);
            let len = pending.len();
            left.extend_from_slice(pending);
            links.advance(peer, len, NOW);
            if len == 0 {
                break;
            }
        }
        assert_eq!(left[142..], message(&[b"t", b"kept"]));
    }
}

#[test]
fn a_peer_is_counted_what_it_sent_and_was_sent() {
    let mut memory = Memory::<Null, 2, 256, 256>::NEW;
    let mut dealer = FixedSocket::new(zeptomq_core::pattern::Dealer::<Fixed<2>>::NEW, Null::NEW, &mut memory, &SETUP);
    let peer = dealer.links().connect().unwrap();
    let mut before = dealer.status_of(peer).unwrap();
    assert_eq!((before.is_up, before.connections, before.sent, before.received), (false, 0, 0, 0));
    for connections in 1..3 {
        let mut now = NOW;
        while dealer.links().poll_connect(&mut |_| (), now).is_none() {
            now = now.after_ms(1000);
        }
        dealer.links().attach(peer, NOW);
        drain!(dealer, peer);
        feed!(dealer, peer, &opening("DEALER", b""));
        feed!(dealer, peer, &[message(&[b"one"]), message(&[b"two"])].concat());
        assert!(dealer.try_recv(NOW).unwrap().is_some());
        dealer.try_send(&[b"a", b"b"], NOW).unwrap();
        assert_eq!(dealer.status_of(peer).unwrap().sent, before.sent);
        drain!(dealer, peer);
        let status = dealer.status_of(peer).unwrap();
        let counted = (status.connections, status.sent - before.sent, status.received - before.received);
        assert_eq!((status.is_up, counted), (true, (connections, 1, 1)));
        assert!(dealer.try_recv(NOW).unwrap().is_some());
        dealer.links().detach(peer, NOW);
        before = dealer.status_of(peer).unwrap();
        assert!(!before.is_up);
    }
    assert_eq!(dealer.status().filter(|(known, _)| *known == peer).map(|(_, status)| status).next(), Some(before));
}

/// A peer whose messages the user does not take cannot be heard, and is not to be held dead; it goes on hearing PING.
#[test]
fn a_link_that_is_not_read_is_not_dead() {
    let mut pull = bound(Kind::Pull, Config { heartbeat: true, ..Config::default() });
    let mut wire = pull.peer("PUSH");
    // Reading stops at the end of the second message that waits.
    wire.send(&[message(&[b"one"]), message(&[b"two"]), message(&[b"three"])].concat());
    pull.pass(10 * BEAT_MS);
    assert_eq!(wire.receive(10 * 9), ping((3 * BEAT_MS / 100) as u16, b"").repeat(10));
    pull.expect(&[b"one"]);
    pull.pass(10 * BEAT_MS);
    wire.settle();
    pull.expect(&[b"two"]);
    // From now on it can be heard, though a message waits.
    pull.pass(3 * BEAT_MS - 1);
    wire.settle();
    pull.pass(1);
    wire.until_closed();
}

/// Otherwise whoever sleeps until then never sleeps.
#[test]
fn the_next_moment_never_lies_in_the_past_when_nothing_can_be_done() {
    let mut push = World::new(machine(Kind::Dealer, Config { heartbeat: true, ..Config::default() }, Null::NEW));
    let (ours, mut theirs) = pipe(512);
    theirs.put(&opening("DEALER", b""));
    push.accept(ours);
    let now = push.now();
    push.machine.try_send(&[&[0; 800]], now).unwrap();
    push.pump();
    for _ in 0..2 * BEAT_MS / 10 {
        push.elapsed_ms += 10;
        theirs.put(&pong(b""));
        push.pump();
        let (next, now) = (push.machine.poll_timeout(), push.now());
        assert!(next.is_some_and(|next| !next.has_come(now)), "after {} ms", push.elapsed_ms);
    }
}

/// A peer that took only a part of our opening when it is refused hears the rest of it before the ERROR, or nothing.
#[test]
fn an_error_never_stands_in_the_middle_of_our_opening() {
    let ours = opening("ROUTER", b"");
    for len in [1, 10, 63, 65, ours.len() - 1] {
        let mut memory = Memory::<Null, 1, 256, 256>::NEW;
        let mut router = FixedSocket::<Router<Fixed<1>>, _>::new(Router::NEW, Null::NEW, &mut memory, &SETUP);
        let peer = router.links().accept(NOW).unwrap();
        let mut heard = Vec::new();
        while heard.len() < len {
            let mut links = router.links();
            let pending = links.pending(peer, &mut |_| (), NOW);
            let some = pending.len().min(len - heard.len());
            heard.extend_from_slice(&pending[..some]);
            links.advance(peer, some, NOW);
        }
        feed!(router, peer, &opening("SUB", b""));
        assert!(router.links().poll_failed(NOW).is_some());
        loop {
            let mut links = router.links();
            let pending = links.pending(peer, &mut |_| (), NOW);
            let some = pending.len();
            heard.extend_from_slice(pending);
            links.advance(peer, some, NOW);
            if some == 0 {
                break;
            }
        }
        // What was begun is finished, and the ERROR comes behind it.
        let begun = if len < 64 { &ours[..64] } else { &ours[..] };
        assert_eq!(heard, [begun, &error("incompatible socket types")].concat(), "{len}: {}", heard.escape_ascii());
    }
}

/// Who gives up on a request takes the next, and the requester hears nothing.
#[test]
fn a_rep_may_give_up_on_a_request() {
    let mut memory = Memory::<Null, 1, 256, 256>::NEW;
    let mut rep = FixedSocket::<Rep<Fixed<1>>, _>::new(Rep::NEW, Null::NEW, &mut memory, &SETUP);
    let peer = rep.links().accept(NOW).unwrap();
    drain!(rep, peer);
    feed!(rep, peer, &opening("DEALER", b""));
    feed!(rep, peer, &[message(&[b"1", b"", b"one"]), message(&[b"2", b"", b"two"])].concat());
    assert_eq!(rep.try_recv(NOW).unwrap().unwrap().first(), b"one");
    assert!(rep.try_recv(NOW).is_err());
    rep.abandon(NOW);
    assert!(rep.try_send(&[b"late"], NOW).is_err());
    assert_eq!(rep.try_recv(NOW).unwrap().unwrap().first(), b"two");
    rep.try_send(&[b"reply"], NOW).unwrap();
    assert_eq!(rep.links().pending(peer, &mut |_| (), NOW), b"\x01\x012");
    rep.links().advance(peer, 3, NOW);
    assert_eq!(rep.links().pending(peer, &mut |_| (), NOW), b"\x01\0");
    rep.links().advance(peer, 2, NOW);
    assert_eq!(rep.links().pending(peer, &mut |_| (), NOW), b"\0\x05reply");
}

/// What was meant for a peer that left never reaches its successor.
#[test]
fn calls_for_a_former_tenant_of_a_slot_do_nothing() {
    let mut pull = world(Kind::Pull);
    let now = pull.now();
    let former = pull.machine.accept(now).unwrap();
    pull.machine.detach(former, now);
    let tenant = pull.machine.accept(now).unwrap();
    assert_eq!((former.slot(), former.turn() == tenant.turn()), (tenant.slot(), false));
    pull.machine.detach(former, now);
    pull.machine.attach(former, now);
    assert!(!pull.machine.can_attach(former) && !pull.machine.is_up(former));
    let (ours, mut theirs) = pipe(512);
    theirs.put(&opening("PUSH", b""));
    let mut ours = ours;
    pull.machine.poll_stream(tenant, &mut ours, now).unwrap();
    assert!(pull.machine.is_up(tenant));
    let other = PeerId::new(900, 0);
    pull.machine.detach(other, now);
    assert!(!pull.machine.is_up(other) && pull.machine.is_up(tenant));
}

/// A stream that takes our opening and nothing more, with octets that its peer sent before it was gone.
struct HalfGone {
    unread: Vec<u8>,
    takes: usize,
}

impl embedded_io::ErrorType for HalfGone {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for HalfGone {
    fn read(&mut self, window: &mut [u8]) -> Result<usize, Self::Error> {
        let len = window.len().min(self.unread.len());
        window[..len].copy_from_slice(&self.unread[..len]);
        self.unread.drain(..len);
        Ok(len)
    }
}

impl embedded_io::ReadReady for HalfGone {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

impl embedded_io::Write for HalfGone {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Self::Error> {
        let len = octets.len().min(self.takes);
        self.takes -= len;
        if len == 0 { Err(embedded_io::ErrorKind::BrokenPipe) } else { Ok(len) }
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl embedded_io::WriteReady for HalfGone {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

/// A PONG cannot be written any more while messages are still to be read.
#[test]
fn what_a_peer_sent_before_a_write_to_it_failed_is_received() {
    let mut memory = Memory::<Null, 1, 64, 64>::NEW;
    let mut pull = FixedSocket::new(zeptomq_core::pattern::Pull, Null::NEW, &mut memory, &SETUP);
    let peer = pull.links().accept(NOW).unwrap();
    let ping = b"\x04\x07\x04PING\0\0";
    let unread = [opening("PUSH", b""), ping.to_vec(), message(&[b"hi"]).repeat(50)].concat();
    let mut stream = HalfGone { unread, takes: opening("PULL", b"").len() };
    let mut taken = 0;
    let ended = loop {
        let streamed = poll_stream(&mut pull.links(), peer, &mut stream, &mut |_| (), NOW);
        let before = taken;
        while pull.try_recv(NOW).unwrap().is_some() {
            taken += 1;
        }
        if streamed != Ok(Streamed::Open) || taken == before && taken > 0 {
            break streamed;
        }
    };
    assert_eq!((ended, taken), (Ok(Streamed::Closed), 50));
}

#[test]
fn who_was_disconnected_while_it_was_dialled_takes_no_place() {
    let mut memory = Memory::<Null, 1, 256, 64>::NEW;
    let mut router = FixedSocket::new(Router::<Fixed<1>>::NEW, Null::NEW, &mut memory, &SETUP);
    let peer = router.links().connect().unwrap();
    assert_eq!(router.links().poll_connect(&mut |_| (), NOW), Some(peer));
    router.links().disconnect(peer);
    router.links().attach(peer, NOW);
    assert_eq!((router.links().poll_timeout(), router.links().accept(NOW).is_ok()), (None, true));
}

#[test]
fn what_a_disconnected_peer_did_is_not_held_against_the_next() {
    let mut memory = Memory::<Null, 1, 256, 64>::NEW;
    let pattern = Req::<Fixed<1>>::new(req::Mode::Strict, 0);
    let mut requester = FixedSocket::new(pattern, Null::NEW, &mut memory, &SETUP);
    let peer = requester.links().connect().unwrap();
    requester.links().attach(peer, NOW);
    feed!(requester, peer, &opening("REP", b""));
    while let len @ 1.. = requester.links().pending(peer, &mut |_| (), NOW).len() {
        requester.links().advance(peer, len, NOW);
    }
    requester.try_send(&[b"ask"], NOW).unwrap();
    feed!(requester, peer, &message(&[b"no reply"]));
    assert!(requester.try_recv(NOW).is_err());
    requester.links().disconnect(peer);
    let other = requester.links().connect().unwrap();
    assert_ne!(other, peer);
    assert_eq!(requester.links().poll_failed(NOW), None);
}
