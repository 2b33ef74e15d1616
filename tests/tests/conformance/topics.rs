//! Do PUB and SUB keep to RFC 29, and say what they want as RFC 37 and RFC 23 have it?

use zeptomq_core::pattern::Drops;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket, Unsent};
use zeptomq_tests::wire::{Wire, cancel, greeting_of, message, more, ready, subscribe};

/// PUB3, PUB4: a subscription is compared, octet for octet, with the beginning of the first part.
/// Guards `Topics::collect`.
fn pub_sends_what_begins_with_a_subscription<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let mut wire = publisher.peer("SUB");
    wire.send(&[subscribe(b"a\0"), subscribe(b"zz")].concat());
    wire.settle();
    for parts in [&[&b"a\0bc"[..]][..], &[b"a"], &[b"b", b"a\0"], &[b"a\0", b"", b"z"], &[b"zzz"], &[b"z"], &[b""]] {
        publisher.send(parts).unwrap();
    }
    wire.expect(&[message(&[b"a\0bc"]), message(&[b"a\0", b"", b"z"]), message(&[b"zzz"])].concat());
    wire.expect_quiet();
    assert_eq!(publisher.drops(), Drops::NONE);
}

/// PUB3: the empty subscription is everything, and none is nothing.
/// Guards `Topics::collect`.
fn pub_sends_everything_for_the_empty_subscription<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let [mut all, mut nothing] = [publisher.peer("SUB"), publisher.peer("XSUB")];
    all.send(&subscribe(b""));
    all.settle();
    for parts in [&[&b""[..]][..], &[b"", b"body"], &[b"anything"]] {
        publisher.send(parts).unwrap();
        all.expect(&message(parts));
    }
    nothing.expect_quiet();
}

/// 1.10: both forms are understood on every connection, in any frame.
/// Guards `Subscription::from_message`, `Rx::finish_subscription`, `Read::parse`.
fn pub_understands_both_forms_of_a_subscription<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let mut wire = publisher.peer("SUB");
    let forms = [(subscribe(b"t"), message(&[b"\0t"])), (message(&[b"\x01t"]), cancel(b"t"))];
    for (on, off) in forms {
        wire.send(&on);
        wire.settle();
        publisher.send(&[b"topic"]).unwrap();
        wire.expect(&message(&[b"topic"]));
        wire.send(&off);
        wire.settle();
        publisher.send(&[b"topic"]).unwrap();
        wire.expect_quiet();
    }
}

/// What is said in one form is not overtaken by what is said in the other, however they arrive together.
/// Guards `Read::parse`, `Rx::finish_subscription`.
fn pub_hears_both_forms_in_order<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let mut wire = publisher.peer("SUB");
    wire.send(&[message(&[b"\x01t"]), cancel(b"t"), subscribe(b"u"), message(&[b"\0u"])].concat());
    wire.settle();
    publisher.send(&[b"t"]).unwrap();
    publisher.send(&[b"u"]).unwrap();
    wire.expect_quiet();
    wire.send(&[message(&[b"\0t"]), subscribe(b"t")].concat());
    wire.settle();
    publisher.send(&[b"t"]).unwrap();
    wire.expect(&message(&[b"t"]));
}

/// 1.10 "counting trap": a publisher keeps a set for each peer, as libzmq's subscribers take for granted.
/// Guards `Topics::add`, `Topics::remove`.
fn pub_keeps_a_set_for_each_peer<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let [mut twice, mut once] = [publisher.peer("SUB"), publisher.peer("SUB")];
    twice.send(&[subscribe(b"t"), subscribe(b"t"), cancel(b"never"), cancel(b"t"), cancel(b"t")].concat());
    once.send(&subscribe(b"t"));
    twice.settle();
    once.settle();
    publisher.send(&[b"t"]).unwrap();
    once.expect(&message(&[b"t"]));
    twice.expect_quiet();
}

/// PUB1: what is no subscription is dropped and counted, and the peer kept.
/// Guards `Pub::arrived`.
fn pub_drops_what_it_is_sent<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let mut wire = publisher.peer("XSUB");
    wire.send(&[message(&[b"hello"]), message(&[b""]), message(&[b"\x02", b"x"]), subscribe(b"")].concat());
    publisher.expect_drops(Drops { not_for_us: 3, ..Drops::NONE });
    wire.settle();
    publisher.send(&[b"hi"]).unwrap();
    wire.expect(&message(&[b"hi"]));
}

/// A peer that is gone wants nothing, and says again what it wants when it is back.
/// Guards `Pub::down`.
fn pub_forgets_a_peer_that_is_gone<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let (mut listener, mut wire) = publisher.dialled_peer("SUB");
    wire.send(&subscribe(b"t"));
    wire.settle();
    publisher.lose(wire);
    publisher.send(&[b"t", b"meanwhile"]).unwrap();
    let mut wire = listener.accept();
    wire.shake(Kind::Pub, "SUB", b"");
    publisher.send(&[b"t", b"too early"]).unwrap();
    wire.expect_quiet();
    wire.send(&subscribe(b"t"));
    wire.settle();
    publisher.send(&[b"t", b"now"]).unwrap();
    wire.expect(&message(&[b"t", b"now"]));
}

/// PUB2: a subscriber whose queue is full misses messages, which are counted; the others do not.
/// Guards `Pub::OVERLOAD`, `hub::publish`, `FixedSocket::publish`.
fn pub_drops_for_who_is_slow_and_not_for_the_others<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound_with(Kind::Pub, Config { holds_two: true, ..Config::default() });
    let [mut slow, mut quick] = [publisher.peer("SUB"), publisher.peer("SUB")];
    for wire in [&mut slow, &mut quick] {
        wire.send(&subscribe(b""));
        wire.settle();
    }
    let bulk = vec![b'b'; E::BULK_LEN];
    for _ in 0..6 {
        assert_eq!(publisher.try_send(&[&bulk]), Ok(()));
        quick.expect(&message(&[&bulk]));
    }
    let dropped = publisher.drops().queue_full;
    assert!((1..6).contains(&dropped), "{dropped}");
    for _ in dropped..6 {
        slow.expect(&message(&[&bulk]));
    }
    slow.expect_quiet();
    publisher.send(&[b"again"]).unwrap();
    slow.expect(&message(&[b"again"]));
}

/// Under the policies that lose nothing, a message that one subscriber has no room for is sent to nobody.
/// Guards `hub::publish`, `FixedSocket::publish`.
fn pub_may_be_told_to_lose_nothing<E: Executor>(executor: &mut E) {
    for (policy, refused) in [(Policy::Wait, Unsent::WouldBlock), (Policy::Error, Unsent::Full)] {
        let config = Config { holds_two: true, overload: Some(policy), ..Config::default() };
        let mut publisher = executor.bound_with(Kind::Pub, config);
        let [mut slow, mut quick] = [publisher.peer("SUB"), publisher.peer("SUB")];
        for wire in [&mut slow, &mut quick] {
            wire.send(&subscribe(b""));
            wire.settle();
        }
        let bulk = vec![b'b'; E::BULK_LEN];
        let mut sent = 0;
        while publisher.try_send(&[&bulk]).is_ok() {
            quick.expect(&message(&[&bulk]));
            sent += 1;
            assert!(sent < 10, "the queue has no limit");
        }
        assert_eq!(publisher.try_send(&[&bulk]), Err(refused));
        quick.expect_quiet();
        for _ in 0..sent {
            slow.expect(&message(&[&bulk]));
        }
        slow.settle();
        publisher.send(&[b"more"]).unwrap();
        slow.expect(&message(&[b"more"]));
        quick.expect(&message(&[b"more"]));
        assert_eq!(publisher.drops(), Drops::NONE);
    }
}

/// SUB2, 1.10: only the first subscription to a topic and the last cancel are said; one never made is not.
/// Guards `Interest::add`, `Interest::remove`.
fn sub_says_the_first_and_the_last<E: Executor>(executor: &mut E) {
    let mut sub = executor.bound(Kind::Sub);
    let mut wire = sub.peer("PUB");
    sub.subscribe(b"t");
    wire.expect(&subscribe(b"t"));
    sub.subscribe(b"t");
    assert!(sub.unsubscribe(b"t"));
    wire.expect_quiet();
    assert!(sub.unsubscribe(b"t"));
    wire.expect(&cancel(b"t"));
    assert!(!sub.unsubscribe(b"t") && !sub.unsubscribe(b"never"));
    wire.expect_quiet();
}

/// SUB2: each publisher is told all that is wanted, in order, when it comes and when it comes back.
/// Guards `Publishers::up`.
fn sub_says_all_again_on_each_connection<E: Executor>(executor: &mut E) {
    let mut sub = executor.bound(Kind::Sub);
    for topic in [&b"one"[..], b"two", b"", b"three"] {
        sub.subscribe(topic);
    }
    sub.unsubscribe(b"two");
    let wanted = [subscribe(b"one"), subscribe(b""), subscribe(b"three")].concat();
    let (mut listener, mut wire) = sub.dialled_peer("PUB");
    wire.expect(&wanted);
    sub.peer("XPUB").expect(&wanted);
    sub.lose(wire);
    sub.unsubscribe(b"");
    let mut wire = listener.accept();
    wire.shake(Kind::Sub, "PUB", b"");
    wire.expect(&[subscribe(b"one"), subscribe(b"three")].concat());
    wire.expect_quiet();
}

/// 1.10: a peer of ZMTP 3.0 is told in messages.
/// Guards `Subscription::frame`.
fn sub_says_it_in_messages_to_a_peer_of_3_0<E: Executor>(executor: &mut E) {
    let mut sub = executor.bound(Kind::Sub);
    sub.subscribe(b"t");
    let mut wire = sub.accept();
    wire.expect_opening(Kind::Sub);
    wire.send(&[&greeting_of(3, 0)[..], &ready("PUB", b"")].concat());
    wire.expect(&message(&[b"\x01t"]));
    sub.unsubscribe(b"t");
    wire.expect(&message(&[b"\0t"]));
}

/// SUB1, SUB2: it filters again what it is sent, takes in turn and alters nothing.
/// Guards `Sub::arrived`.
fn sub_receives_what_it_wants<E: Executor>(executor: &mut E) {
    let mut sub = executor.bound(Kind::Sub);
    sub.subscribe(b"a");
    let mut peers = [sub.peer("PUB"), sub.peer("XPUB")];
    for (wire, name) in peers.iter_mut().zip([b"1", b"2"]) {
        wire.expect(&subscribe(b"a"));
        wire.send(&[message(&[b"ab", name]), message(&[b"b"]), message(&[b""]), message(&[b"a", b"", name])].concat());
        wire.settle();
    }
    let taken: Vec<_> = (0..4).map(|_| sub.recv().unwrap()).collect();
    let last: Vec<u8> = taken.iter().map(|parts| parts.last().unwrap()[0]).collect();
    assert!(last == b"1212" || last == b"2121", "{taken:?}");
    assert_eq!(taken.iter().filter(|parts| parts[0] == b"ab" && parts.len() == 2).count(), 2);
    assert_eq!(taken.iter().filter(|parts| parts[0] == b"a" && parts[1].is_empty()).count(), 2);
    sub.nothing_to_receive();
    sub.unsubscribe(b"a");
    for wire in &mut peers {
        wire.expect(&cancel(b"a"));
        wire.send(&message(&[b"late"]));
        wire.settle();
    }
    sub.nothing_to_receive();
    assert_eq!(sub.drops(), Drops::NONE);
}

/// PUB5: a subscription in the middle of a message of many parts changes nothing of it.
/// Guards `rx::rotate`, `Read::parse`.
fn a_subscription_within_a_message_is_heard<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let mut wire = publisher.peer("XSUB");
    wire.send(&[more(b"\x02"), subscribe(b"t"), message(&[b"rest"])].concat());
    publisher.expect_drops(Drops { not_for_us: 1, ..Drops::NONE });
    publisher.send(&[b"t"]).unwrap();
    wire.expect(&message(&[b"t"]));
}

on_both![
    pub_sends_what_begins_with_a_subscription,
    pub_sends_everything_for_the_empty_subscription,
    pub_understands_both_forms_of_a_subscription,
    pub_hears_both_forms_in_order,
    pub_keeps_a_set_for_each_peer,
    pub_drops_what_it_is_sent,
    pub_forgets_a_peer_that_is_gone,
    pub_drops_for_who_is_slow_and_not_for_the_others,
    pub_may_be_told_to_lose_nothing,
    sub_says_the_first_and_the_last,
    sub_says_all_again_on_each_connection,
    sub_says_it_in_messages_to_a_peer_of_3_0,
    sub_receives_what_it_wants,
    a_subscription_within_a_message_is_heard,
];
