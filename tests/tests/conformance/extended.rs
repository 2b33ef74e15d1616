//! Do XPUB and XSUB keep to RFC 29, and to what libzmq's show?

use zeptomq_core::pattern::{Drops, Verbosity};
use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket};
use zeptomq_tests::wire::{Wire, cancel, greeting_of, message, more, ready, subscribe};

/// XPB1: a subscription is shown as one part, in whichever form it came; messages match as a PUB's do.
/// Guards `Xpub::arrived`, `Xpub::route`.
fn xpub_shows_who_subscribes_and_sends_it_what_it_wants<E: Executor>(executor: &mut E) {
    let mut xpub = executor.bound(Kind::Xpub);
    let mut wire = xpub.peer("SUB");
    wire.send(&[subscribe(b"a"), message(&[b"\x01b\0"])].concat());
    xpub.expect(&[b"\x01a"]);
    xpub.expect(&[b"\x01b\0"]);
    for parts in [&[&b"ab"[..], b"1"][..], &[b"z"], &[b"b"], &[b"b\0"]] {
        xpub.send(parts).unwrap();
    }
    wire.expect(&[message(&[b"ab", b"1"]), message(&[b"b\0"])].concat());
    wire.send(&[message(&[b"\0a"]), cancel(b"b\0")].concat());
    xpub.expect(&[b"\0a"]);
    xpub.expect(&[b"\0b\0"]);
    xpub.send(&[b"ab"]).unwrap();
    wire.expect_quiet();
    assert_eq!(xpub.drops(), Drops::NONE);
}

/// XPB4: what others want already, or still, is no news, nor is a cancel of what was never wanted.
/// Guards `Xpub::shows`.
fn xpub_shows_the_first_subscription_and_the_last_cancel<E: Executor>(executor: &mut E) {
    let mut xpub = executor.bound(Kind::Xpub);
    let [mut one, mut other] = [xpub.peer("SUB"), xpub.peer("XSUB")];
    one.send(&[subscribe(b"t"), subscribe(b"t"), cancel(b"never")].concat());
    xpub.expect(&[b"\x01t"]);
    one.settle();
    other.send(&[subscribe(b"t"), subscribe(b"u")].concat());
    xpub.expect(&[b"\x01u"]);
    one.send(&[cancel(b"t"), cancel(b"t")].concat());
    one.settle();
    xpub.nothing_to_receive();
    other.send(&cancel(b"t"));
    xpub.expect(&[b"\0t"]);
    xpub.nothing_to_receive();
}

/// XPB4: told to, it shows what is said again too.
/// Guards `Xpub::shows`.
fn xpub_may_be_told_to_show_more<E: Executor>(executor: &mut E) {
    for (verbosity, cancels) in [(Verbosity::Subscriptions, 1), (Verbosity::Everything, 3)] {
        let mut xpub = executor.bound_with(Kind::Xpub, Config { verbosity, ..Config::default() });
        let [mut one, mut other] = [xpub.peer("SUB"), xpub.peer("SUB")];
        for wire in [&mut one, &mut other] {
            wire.send(&[subscribe(b"t"), subscribe(b"t")].concat());
            xpub.expect(&[b"\x01t"]);
            xpub.expect(&[b"\x01t"]);
            wire.settle();
        }
        one.send(&[cancel(b"t"), cancel(b"t")].concat());
        one.settle();
        other.send(&cancel(b"t"));
        for _ in 0..cancels {
            xpub.expect(&[b"\0t"]);
        }
        other.settle();
        xpub.nothing_to_receive();
    }
}

/// XPB2: a peer that goes cancels what nobody else wants, behind what it had sent.
/// Guards `Xpub::poll_cancelled`, `Topics::forget_next`.
fn xpub_cancels_for_a_peer_that_is_gone<E: Executor>(executor: &mut E) {
    for verbosity in [Verbosity::Changes, Verbosity::Everything] {
        let mut xpub = executor.bound_with(Kind::Xpub, Config { verbosity, ..Config::default() });
        let mut stays = xpub.peer("SUB");
        stays.send(&subscribe(b"both"));
        xpub.expect(&[b"\x01both"]);
        let (mut listener, mut goes) = xpub.dialled_peer("SUB");
        goes.send(&[subscribe(b"both"), subscribe(b""), subscribe(b"mine")].concat());
        if verbosity == Verbosity::Everything {
            xpub.expect(&[b"\x01both"]);
        }
        xpub.expect(&[b"\x01"]);
        xpub.expect(&[b"\x01mine"]);
        goes.send(&message(&[b"last words"]));
        goes.settle();
        xpub.lose(goes);
        // Nobody is there for it, though that was not yet shown.
        xpub.send(&[b"mine"]).unwrap();
        xpub.expect(&[b"last words"]);
        let mut gone: Vec<_> = (0..2).map(|_| xpub.recv().unwrap().concat()).collect();
        if verbosity == Verbosity::Everything {
            gone.push(xpub.recv().unwrap().concat());
        }
        gone.sort();
        let expected: &[&[u8]] = match verbosity {
            Verbosity::Everything => &[b"\0", b"\0both", b"\0mine"],
            _ => &[b"\0", b"\0mine"],
        };
        assert_eq!(gone, expected);
        xpub.nothing_to_receive();
        let mut back = listener.accept();
        back.shake(Kind::Xpub, "SUB", b"");
        back.send(&subscribe(b"mine"));
        xpub.expect(&[b"\x01mine"]);
        xpub.send(&[b"both"]).unwrap();
        stays.expect(&message(&[b"both"]));
        back.expect_quiet();
    }
}

/// A peer with more topics than are kept is given everything; that is shown, so that it can be passed on, and counted.
/// Guards `Topics::widen`, `Arrival::Widened`.
fn xpub_shows_that_a_peer_is_given_everything<E: Executor>(executor: &mut E) {
    let mut xpub = executor.bound_with(Kind::Xpub, Config { topics_max: 2, ..Config::default() });
    let mut wire = xpub.peer("SUB");
    wire.send(&[subscribe(b"a"), subscribe(b"b"), subscribe(b"ccc"), subscribe(b"d"), cancel(b"a")].concat());
    for shown in [&b"\x01a"[..], b"\x01b", b"\x01"] {
        xpub.expect(&[shown]);
    }
    wire.settle();
    xpub.nothing_to_receive();
    xpub.expect_drops(Drops { widened: 1, ..Drops::NONE });
    xpub.send(&[b"z"]).unwrap();
    wire.expect(&message(&[b"z"]));
    xpub.lose(wire);
    let mut gone: Vec<_> = (0..3).map(|_| xpub.recv().unwrap().concat()).collect();
    gone.sort();
    assert_eq!(gone, [&b"\0"[..], b"\0a", b"\0b"]);
    xpub.nothing_to_receive();
}

/// XPB3: what is no subscription is received, in turn; a subscription between its parts is shown before it.
/// Guards `Xpub::arrived`, `rx::rotate`, `Read::parse`.
fn xpub_receives_what_its_peers_send<E: Executor>(executor: &mut E) {
    let mut xpub = executor.bound(Kind::Xpub);
    let mut wire = xpub.peer("XSUB");
    wire.send(&[message(&[b"hello", b"\x01not a topic"]), message(&[b""]), message(&[b"\x02"])].concat());
    xpub.expect(&[b"hello", b"\x01not a topic"]);
    xpub.expect(&[b""]);
    xpub.expect(&[b"\x02"]);
    wire.send(&[message(&[b"first"]), more(b"second"), subscribe(b"t"), message(&[b"rest"])].concat());
    for parts in [&[&b"first"[..]][..], &[b"\x01t"], &[b"second", b"rest"]] {
        xpub.expect(parts);
    }
    wire.send(&message(&[b"\x01t", b"behind"]));
    xpub.expect(&[b"\x01t", b"behind"]);
    xpub.send(&[b"topic"]).unwrap();
    wire.expect(&message(&[b"topic"]));
}

/// XSB1, 1.10: a message of one part that begins with 1 or 0 subscribes or cancels; it is counted and said again to who
/// comes later, in the form that the peer knows.
/// Guards `Xsub::handle_subscription`.
fn xsub_subscribes_by_messages<E: Executor>(executor: &mut E) {
    let mut xsub = executor.bound(Kind::Xsub);
    let mut wire = xsub.peer("XPUB");
    xsub.send(&[b"\x01t"]).unwrap();
    wire.expect(&subscribe(b"t"));
    xsub.send(&[b"\x01t"]).unwrap();
    xsub.send(&[b"\x01"]).unwrap();
    wire.expect(&subscribe(b""));
    xsub.send(&[b"\0t"]).unwrap();
    xsub.send(&[b"\0never"]).unwrap();
    wire.expect_quiet();
    let mut late = xsub.accept();
    late.expect_opening(Kind::Xsub);
    late.send(&[&greeting_of(3, 0)[..], &ready("PUB", b"")].concat());
    late.expect(&[message(&[b"\x01t"]), message(&[b"\x01"])].concat());
    xsub.send(&[b"\0t"]).unwrap();
    wire.expect(&cancel(b"t"));
    late.expect(&message(&[b"\0t"]));
}

/// XSB1: all else goes to all publishers, unaltered.
/// Guards `Xsub::route`.
fn xsub_sends_to_all_publishers<E: Executor>(executor: &mut E) {
    let mut xsub = executor.bound(Kind::Xsub);
    xsub.send(&[b"to nobody"]).unwrap();
    let mut peers = [xsub.peer("XPUB"), xsub.peer("PUB")];
    for parts in [&[&b"hello"[..]][..], &[b""], &[b"a", b"", b"\x01z"], &[b"\x01", b"two parts"]] {
        xsub.send(parts).unwrap();
        peers.iter_mut().for_each(|wire| wire.expect(&message(parts)));
    }
}

/// XSB1: a publisher whose queue is full misses messages, which are counted; the others do not.
/// Guards `Xsub::OVERLOAD`.
fn xsub_drops_for_who_is_slow_and_not_for_the_others<E: Executor>(executor: &mut E) {
    let mut xsub = executor.bound_with(Kind::Xsub, Config { holds_two: true, ..Config::default() });
    let [mut slow, mut quick] = [xsub.peer("XPUB"), xsub.peer("XPUB")];
    let bulk = vec![b'b'; E::BULK_LEN];
    for _ in 0..6 {
        assert_eq!(xsub.try_send(&[&bulk]), Ok(()));
        quick.expect(&message(&[&bulk]));
    }
    let dropped = xsub.drops().queue_full;
    assert!((1..6).contains(&dropped), "{dropped}");
    for _ in dropped..6 {
        slow.expect(&message(&[&bulk]));
    }
    slow.expect_quiet();
}

/// XSUB does not filter (SUB2 does): it takes in turn what its publishers send.
/// Guards `Xsub::arrived`.
fn xsub_receives_whatever_arrives<E: Executor>(executor: &mut E) {
    let mut xsub = executor.bound(Kind::Xsub);
    let mut peers = [xsub.peer("PUB"), xsub.peer("XPUB")];
    for (wire, name) in peers.iter_mut().zip([b"1", b"2"]) {
        wire.send(&[message(&[b"a", name]), message(&[b"\x01b", b"", name])].concat());
        wire.settle();
    }
    let taken: Vec<_> = (0..4).map(|_| xsub.recv().unwrap()).collect();
    let last: Vec<u8> = taken.iter().map(|parts| parts.last().unwrap()[0]).collect();
    assert!(last == b"1212" || last == b"2121", "{taken:?}");
    xsub.nothing_to_receive();
}

on_both![
    xpub_shows_who_subscribes_and_sends_it_what_it_wants,
    xpub_shows_the_first_subscription_and_the_last_cancel,
    xpub_may_be_told_to_show_more,
    xpub_cancels_for_a_peer_that_is_gone,
    xpub_shows_that_a_peer_is_given_everything,
    xpub_receives_what_its_peers_send,
    xsub_subscribes_by_messages,
    xsub_sends_to_all_publishers,
    xsub_drops_for_who_is_slow_and_not_for_the_others,
    xsub_receives_whatever_arrives,
];
