//! What happens to a message for which no queue has room?

use zeptomq_core::pattern::Drops;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket, Unsent};
use zeptomq_tests::wire::{Wire, message};

/// Two of these are all that a queue holds.
fn half(name: u8) -> Vec<u8> {
    vec![name; 490]
}

fn holds_two(overload: Option<Policy>) -> Config {
    Config { holds_two: true, overload, ..Config::default() }
}

/// G6, G7, PSH1, DLR3: the queue of a peer that is not there yet takes so much and no more; the policy says what then.
fn a_full_queue_does_what_the_policy_says<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Dealer] {
        for (policy, third, dropped) in [
            (None, Err(Unsent::WouldBlock), 0),
            (Some(Policy::Wait), Err(Unsent::WouldBlock), 0),
            (Some(Policy::Error), Err(Unsent::Full), 0),
            (Some(Policy::DropNewest), Ok(()), 1),
        ] {
            let mut socket = executor.bound_with(kind, holds_two(policy));
            let mut listener = socket.dial();
            assert_eq!(socket.try_send(&[&half(b'1')]), Ok(()));
            assert_eq!(socket.try_send(&[&half(b'2')]), Ok(()));
            assert_eq!(socket.try_send(&[&half(b'3')]), third, "{kind:?} {policy:?}");
            socket.expect_drops(Drops { queue_full: dropped, ..Drops::NONE });

            let mut wire = listener.accept();
            wire.shake(kind, kind.partner(), b"");
            wire.expect(&message(&[&half(b'1')]));
            wire.expect(&message(&[&half(b'2')]));
            // What was dropped stays dropped, and there is room again.
            socket.send(&[b"4"]).unwrap();
            wire.expect(&message(&[b"4"]));
        }
    }
}

/// REQ4, DLR3, PSH1: without a peer a message is not accepted, and not dropped.
fn without_a_peer_a_message_is_not_accepted<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Dealer, Kind::Req] {
        let mut socket = executor.bound(kind);
        assert_eq!(socket.try_send(&[b"early"]), Err(Unsent::WouldBlock));
        let mut wire = socket.peer(kind.partner());
        wire.expect_quiet();
        socket.lose(wire);
        assert_eq!(socket.try_send(&[b"late"]), Err(Unsent::WouldBlock));
        let mut wire = socket.peer(kind.partner());
        wire.expect_quiet();
        assert_eq!(socket.drops(), Drops::NONE);
        let mut refusing = executor.bound_with(kind, Config { overload: Some(Policy::Error), ..Config::default() });
        assert_eq!(refusing.try_send(&[b"early"]), Err(Unsent::Full));
    }
}

/// REQ4: a type that keeps turns drops nothing, for the turn would wait for the answer to a message that nobody got.
fn a_type_that_keeps_turns_drops_nothing<E: Executor>(executor: &mut E) {
    let config = Config { overload: Some(Policy::DropNewest), ..Config::default() };
    let mut req = executor.bound_with(Kind::Req, config);
    assert_eq!(req.try_send(&[b"early"]), Err(Unsent::Full));
    let mut rep = executor.bound_with(Kind::Rep, Config { holds_two: true, ..config });
    let mut slow = rep.peer("DEALER");
    let bulk = vec![b'b'; E::BULK_LEN];
    let refused = (0..10).find_map(|_| {
        slow.send(&message(&[b"", b"ask"]));
        rep.expect(&[b"ask"]);
        rep.try_send(&[&bulk]).err()
    });
    assert_eq!(refused, Some(Unsent::Full));
    assert_eq!((req.drops(), rep.drops()), (Drops::NONE, Drops::NONE));
}

/// RTR3: a ROUTER is told that its peer's queue is full, without waiting, and serves the others.
fn a_router_is_told_of_a_full_peer_and_serves_the_others<E: Executor>(executor: &mut E) {
    let mut router = executor.bound_with(Kind::Router, holds_two(None));
    let mut slow = router.named_peer("DEALER", b"slow");
    let mut quick = router.named_peer("DEALER", b"quick");
    let bulk = vec![b'b'; E::BULK_LEN];
    let mut accepted = 0;
    while router.try_send(&[b"slow", &bulk]).is_ok() {
        accepted += 1;
        assert!(accepted < 10, "the queue has no limit");
    }
    assert!(accepted > 0);
    assert_eq!(router.try_send(&[b"slow", &bulk]), Err(Unsent::Full));
    router.send(&[b"quick", b"hi"]).unwrap();
    quick.expect(&message(&[b"hi"]));
    for _ in 0..accepted {
        slow.expect(&message(&[&bulk]));
    }
    slow.expect_quiet();
    router.send(&[b"slow", b"hi"]).unwrap();
    slow.expect(&message(&[b"hi"]));
}

/// PSH1, DLR2: a peer whose queue is full is passed over while another has room.
fn a_full_peer_is_passed_over<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Dealer] {
        let mut socket = executor.bound_with(kind, holds_two(None));
        let mut listeners = [socket.dial(), socket.dial()];
        for name in b'1'..=b'4' {
            assert_eq!(socket.try_send(&[&half(name)]), Ok(()), "{name}");
        }
        assert_eq!(socket.try_send(&[&half(b'5')]), Err(Unsent::WouldBlock));
        let mut wire = listeners[0].accept();
        wire.shake(kind, kind.partner(), b"");
        wire.expect(&message(&[&half(b'1')]));
        wire.expect(&message(&[&half(b'3')]));
        for name in b'5'..=b'8' {
            assert_eq!(socket.send(&[&half(name)]), Ok(()));
            wire.expect(&message(&[&half(name)]));
        }
        let mut wire = listeners[1].accept();
        wire.shake(kind, kind.partner(), b"");
        wire.expect(&message(&[&half(b'2')]));
        wire.expect(&message(&[&half(b'4')]));
        wire.expect_quiet();
    }
}

on_both![
    a_full_queue_does_what_the_policy_says,
    without_a_peer_a_message_is_not_accepted,
    a_type_that_keeps_turns_drops_nothing,
    a_router_is_told_of_a_full_peer_and_serves_the_others,
    a_full_peer_is_passed_over,
];
