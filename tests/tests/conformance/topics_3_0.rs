//! Do PUB and SUB talk to peers of ZMTP 3.0, which know no commands for what is wanted (RFC 23)?

use zeptomq_core::pattern::Drops;
use zeptomq_tests::executor::{Config, Executor, Kind, Listener, Socket};
use zeptomq_tests::tokio::Tokio;
use zeptomq_tests::wire::{Wire, command, greeting_of, long_frame, message, more, ready};

/// A peer of 3.0 opens behind us, and we have seen that.
fn shake<W: Wire>(mut wire: W, ours: Kind, theirs: &str) -> W {
    wire.expect_opening(ours);
    wire.send(&[&greeting_of(3, 0)[..], &ready(theirs, b"")].concat());
    wire.settle();
    wire
}

fn peer<S: Socket>(socket: &mut S, theirs: &str) -> S::Wire {
    shake(socket.accept(), socket.kind(), theirs)
}

/// 1.10: it says so in messages; one that sends commands all the same is understood, and so is a mixture.
fn pub_hears_a_subscriber_of_3_0_in_either_form<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let (on, off) = (message(&[b"\x01t"]), message(&[b"\0t"]));
    let (on_command, off_command) = (command(b"SUBSCRIBE", b"t"), command(b"CANCEL", b"t"));
    for theirs in ["SUB", "XSUB"] {
        let mut wire = peer(&mut publisher, theirs);
        for (on, off) in [(&on, &off), (&on_command, &off_command), (&on, &off_command), (&on_command, &off)] {
            wire.send(on);
            wire.settle();
            publisher.send(&[b"topic", b"body"]).unwrap();
            publisher.send(&[b"other"]).unwrap();
            wire.expect(&message(&[b"topic", b"body"]));
            wire.send(off);
            wire.settle();
            publisher.send(&[b"topic"]).unwrap();
            wire.expect_quiet();
        }
    }
    assert_eq!(publisher.drops(), Drops::NONE);
}

/// 1.10: the message may be in the long form, and be the first part of several.
fn pub_hears_a_subscription_in_any_frame<E: Executor>(executor: &mut E) {
    for said in [long_frame(0, 2, b"\x01t"), [more(b"\x01t"), message(&[b"rest"])].concat()] {
        let mut publisher = executor.bound(Kind::Pub);
        let mut wire = peer(&mut publisher, "SUB");
        wire.send(&said);
        wire.settle();
        publisher.send(&[b"topic"]).unwrap();
        wire.expect(&message(&[b"topic"]));
    }
}

/// S3: the empty topic, which is everything, is one octet; and the set of a peer has each topic once.
fn pub_keeps_the_set_of_a_subscriber_of_3_0<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let mut wire = peer(&mut publisher, "SUB");
    wire.send(b"\0\x01\x01\0\x02\x01t\0\x02\x01t\0\x01\0");
    wire.settle();
    publisher.send(&[b"other"]).unwrap();
    publisher.send(&[b"t"]).unwrap();
    wire.expect(&message(&[b"t"]));
    wire.send(b"\0\x02\0t");
    wire.settle();
    publisher.send(&[b"t"]).unwrap();
    wire.expect_quiet();
}

/// PUB1: what else it sends is dropped and counted, a subscription without its first octet too.
fn pub_drops_what_a_subscriber_of_3_0_says_else<E: Executor>(executor: &mut E) {
    let mut publisher = executor.bound(Kind::Pub);
    let mut wire = peer(&mut publisher, "XSUB");
    wire.send(&[message(&[b""]), message(&[b"\x02t"]), message(&[b"", b"\x01t"])].concat());
    publisher.expect_drops(Drops { not_for_us: 3, ..Drops::NONE });
    publisher.send(&[b"t"]).unwrap();
    wire.expect_quiet();
}

/// S1 to S3: each publisher is told in the form that it knows, and hears nothing else.
fn sub_tells_each_publisher_in_its_own_form<E: Executor>(executor: &mut E) {
    let mut sub = executor.bound(Kind::Sub);
    sub.subscribe(b"A");
    let mut new = sub.peer("PUB");
    let [mut old, mut old_x] = [peer(&mut sub, "PUB"), peer(&mut sub, "XPUB")];
    sub.subscribe(b"");
    sub.unsubscribe(b"A");
    new.expect(&[command(b"SUBSCRIBE", b"A"), command(b"SUBSCRIBE", b""), command(b"CANCEL", b"A")].concat());
    new.expect_quiet();
    for wire in [&mut old, &mut old_x] {
        wire.expect(b"\0\x02\x01A\0\x01\x01\0\x02\0A");
        wire.expect_quiet();
    }
}

/// 1.1: nothing is resumed on a new connection; and who comes back as another version is told in its form.
fn sub_says_all_again_to_a_publisher_of_3_0<E: Executor>(executor: &mut E) {
    let mut sub = executor.bound(Kind::Sub);
    sub.subscribe(b"one");
    sub.subscribe(b"two");
    let mut listener = sub.dial();
    let mut wire = shake(listener.accept(), Kind::Sub, "PUB");
    wire.expect(&[message(&[b"\x01one"]), message(&[b"\x01two"])].concat());
    sub.lose(wire);
    sub.unsubscribe(b"one");
    let mut wire = shake(listener.accept(), Kind::Sub, "PUB");
    wire.expect(&message(&[b"\x01two"]));
    wire.expect_quiet();
    sub.lose(wire);
    let mut wire = listener.accept();
    wire.shake(Kind::Sub, "PUB", b"");
    wire.expect(&command(b"SUBSCRIBE", b"two"));
    wire.expect_quiet();
}

/// S4; 1.10 "libzmq bug to survive": where the body has 256 octets the frame is a long one, in either form. A fixed socket
/// takes no topics of such lengths.
#[test]
fn sub_says_long_topics_in_either_form() {
    for len in [245, 246, 254, 255, 256] {
        let mut sub = Tokio.bound(Kind::Sub);
        let (mut new, mut old) = (sub.peer("PUB"), peer(&mut sub, "PUB"));
        let topic = vec![b'T'; len];
        sub.subscribe(&topic);
        new.expect(&command(b"SUBSCRIBE", &topic));
        old.expect(&message(&[&[&[1], &topic[..]].concat()]));
        sub.unsubscribe(&topic);
        new.expect(&command(b"CANCEL", &topic));
        old.expect(&message(&[&[&[0], &topic[..]].concat()]));
    }
}

/// SUB1, SUB2: it filters what a publisher of 3.0 sends as it does any other's.
fn sub_hears_a_publisher_of_3_0<E: Executor>(executor: &mut E) {
    let mut sub = executor.bound_with(Kind::Sub, Config { heartbeat: true, ..Config::default() });
    sub.subscribe(b"a");
    let mut wire = peer(&mut sub, "PUB");
    wire.expect(&message(&[b"\x01a"]));
    wire.send(&[message(&[b"b"]), message(&[b"ab", b"", b"c"]), message(&[b""]), message(&[b"a"])].concat());
    sub.expect(&[b"ab", b"", b"c"]);
    sub.expect(&[b"a"]);
    wire.settle();
    sub.nothing_to_receive();
    assert_eq!(sub.drops(), Drops::NONE);
}

on_both![
    pub_hears_a_subscriber_of_3_0_in_either_form,
    pub_hears_a_subscription_in_any_frame,
    pub_keeps_the_set_of_a_subscriber_of_3_0,
    pub_drops_what_a_subscriber_of_3_0_says_else,
    sub_tells_each_publisher_in_its_own_form,
    sub_says_all_again_to_a_publisher_of_3_0,
    sub_hears_a_publisher_of_3_0,
];
