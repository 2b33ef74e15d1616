//! What happens to a message for which no queue has room?

use zeptomq_core::pattern::Drops;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket, Unsent};
use zeptomq_tests::wire::{Wire, message, subscribe};

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

/// What has waited for the longest time makes room, in the queue whose turn it is and only when no other has any.
fn the_oldest_may_be_dropped<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Dealer] {
        let mut socket = executor.bound_with(kind, holds_two(Some(Policy::DropOldest)));
        let mut listeners = [socket.dial(), socket.dial()];
        for name in b'1'..=b'6' {
            assert_eq!(socket.try_send(&[&half(name)]), Ok(()), "{name}");
        }
        socket.expect_drops(Drops { queue_full: 2, ..Drops::NONE });
        for (listener, names) in listeners.iter_mut().zip([[b'3', b'5'], [b'4', b'6']]) {
            let mut wire = listener.accept();
            wire.shake(kind, kind.partner(), b"");
            for name in names {
                wire.expect(&message(&[&half(name)]));
            }
            wire.expect_quiet();
        }
    }
}

/// What has left in part is finished, whatever waits behind it.
fn a_message_that_has_left_in_part_is_not_dropped<E: Executor>(executor: &mut E) {
    for (kind, policy) in [
        (Kind::Pub, Policy::DropOldest),
        (Kind::Pub, Policy::KeepLatest),
        (Kind::Router, Policy::DropOldest),
        (Kind::Router, Policy::KeepLatest),
    ] {
        let mut socket = executor.bound_with(kind, holds_two(Some(policy)));
        let is_router = kind == Kind::Router;
        let mut wire = if is_router { socket.named_peer("DEALER", b"slow") } else { socket.peer("SUB") };
        if !is_router {
            wire.send(&subscribe(b""));
            wire.settle();
        }
        let mut send = |parts: &[&[u8]]| {
            let to: &[&[u8]] = if is_router { &[b"slow"] } else { &[] };
            assert_eq!(socket.try_send(&[to, parts].concat()), Ok(()));
        };
        let bulk = vec![b'b'; E::BULK_LEN];
        let (begun, rest) = (message(&[&bulk])[..9].to_vec(), message(&[&bulk])[9..].to_vec());
        send(&[&bulk]);
        wire.expect(&begun);
        for name in b'1'..=b'9' {
            send(&[b"t", &[name]]);
        }
        send(&[b"u", b"0"]);
        wire.expect(&rest);
        let drops = socket.drops();
        if policy == Policy::DropOldest {
            // The limits differ; what is there is the last of what was sent.
            for name in b'1' + drops.queue_full as u8..=b'9' {
                wire.expect(&message(&[b"t", &[name]]));
            }
            assert_eq!(drops, Drops { queue_full: drops.queue_full, ..Drops::NONE });
        } else {
            wire.expect(&message(&[b"t", b"9"]));
            assert_eq!(drops, Drops { replaced: 8, ..Drops::NONE });
        }
        wire.expect(&message(&[b"u", b"0"]));
        wire.expect_quiet();
    }
}

/// Of each topic the newest is kept, where it stood last; messages of one part have one topic.
fn the_latest_of_each_topic_may_be_kept<E: Executor>(executor: &mut E) {
    let config = Config { overload: Some(Policy::KeepLatest), ..Config::default() };
    let mut push = executor.bound_with(Kind::Push, config);
    let mut listener = push.dial();
    let messages: [&[&[u8]]; 7] =
        [&[b"a", b"1"], &[b"b", b"1", b"x"], &[b"1"], &[b"a", b"2"], &[b"2"], &[b"b", b"2"], &[b"a", b"3"]];
    for parts in messages {
        assert_eq!(push.try_send(parts), Ok(()));
    }
    push.expect_drops(Drops { replaced: 4, ..Drops::NONE });
    let mut wire = listener.accept();
    wire.shake(Kind::Push, "PULL", b"");
    for parts in [&[&b"2"[..]][..], &[b"b", b"2"], &[b"a", b"3"]] {
        wire.expect(&message(parts));
    }
    wire.expect_quiet();
    // What has left is not replaced.
    for parts in [[b"a", b"4"], [b"a", b"5"]] {
        push.send(&[parts[0], parts[1]]).unwrap();
        wire.expect(&message(&[parts[0], parts[1]]));
    }
    assert_eq!(push.drops().replaced, 4);
}

/// What does not fit beside the latest of other topics makes the oldest go.
fn topics_that_do_not_fit_make_room<E: Executor>(executor: &mut E) {
    let mut push = executor.bound_with(Kind::Push, holds_two(Some(Policy::KeepLatest)));
    let mut listener = push.dial();
    for name in b'a'..=b'e' {
        push.try_send(&[&[name], &half(name)]).unwrap();
    }
    push.expect_drops(Drops { queue_full: 3, ..Drops::NONE });
    let mut wire = listener.accept();
    wire.shake(Kind::Push, "PULL", b"");
    for name in b'd'..=b'e' {
        wire.expect(&message(&[&[name], &half(name)]));
    }
    wire.expect_quiet();
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
    the_oldest_may_be_dropped,
    a_message_that_has_left_in_part_is_not_dropped,
    the_latest_of_each_topic_may_be_kept,
    topics_that_do_not_fit_make_room,
    without_a_peer_a_message_is_not_accepted,
    a_type_that_keeps_turns_drops_nothing,
    a_router_is_told_of_a_full_peer_and_serves_the_others,
    a_full_peer_is_passed_over,
];
