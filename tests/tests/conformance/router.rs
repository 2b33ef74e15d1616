//! Does a ROUTER show who sent and send to whom it is told, as RFC 28 says?

use crate::served::{refused, serves};
use zeptomq_tests::executor::{Executor, Kind, Listener, Socket, Unsent};
use zeptomq_tests::wire::{Wire, message};

/// RTR1, RTR2, RTR4: a name that the peer chose.
fn a_chosen_identity_is_shown_and_selects_the_peer<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let [mut a, mut b] = [router.named_peer("DEALER", b"a"), router.named_peer("REQ", &[0xff; 255])];
    a.send(&message(&[b"", b"from a"]));
    router.expect(&[b"a", b"", b"from a"]);
    b.send(&message(&[b"", b"from b"]));
    router.expect(&[&[0xff; 255], b"", b"from b"]);
    router.send(&[&[0xff; 255], b"", b"to b"]).unwrap();
    router.send(&[b"a", b"to a", b""]).unwrap();
    a.expect(&message(&[b"to a", b""]));
    b.expect(&message(&[b"", b"to b"]));
    a.expect_quiet();
    b.expect_quiet();
}

/// RTR4: a name that is made: five octets, the first of them zero, one for each peer.
fn a_made_identity_is_unique_and_selects_the_peer<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut peers = [router.peer("DEALER"), router.peer("REQ"), router.peer("ROUTER")];
    let mut names = Vec::new();
    for (index, peer) in peers.iter_mut().enumerate() {
        peer.send(&message(&[&[index as u8]]));
        let heard = router.recv().unwrap();
        assert_eq!(heard[1..], [[index as u8]]);
        assert!(heard[0].len() == 5 && heard[0][0] == 0 && !names.contains(&heard[0]), "{heard:?}");
        names.push(heard[0].clone());
    }
    for (name, peer) in names.iter().zip(&mut peers) {
        router.send(&[name, name]).unwrap();
        peer.expect(&message(&[name]));
        peer.expect_quiet();
    }
}

/// RTR3: nobody is called so.
fn an_unknown_identity_is_told<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut wire = router.named_peer("DEALER", b"known");
    for unknown in [&b"unknown"[..], b"", b"know", b"\0\0\0\0\0", b"\0\xff\xff\xff\xff", &[b'x'; 300]] {
        assert_eq!(router.send(&[unknown, b"hi"]), Err(Unsent::UnknownIdentity));
    }
    wire.expect_quiet();
    serves(&mut router);
}

/// RTR4: a peer that chose a name does not answer to one that would have been made.
fn a_named_peer_answers_to_its_name_only<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut anonymous = router.peer("DEALER");
    anonymous.send(&message(&[b"hi"]));
    let made = router.recv().unwrap()[0].clone();
    router.lose(anonymous);
    assert_eq!(router.send(&[&made, b"gone"]), Err(Unsent::UnknownIdentity));
    // It may well have the same place.
    let mut named = router.named_peer("DEALER", b"name");
    let mut next = router.peer("DEALER");
    assert_eq!(router.send(&[&made, b"gone"]), Err(Unsent::UnknownIdentity));
    named.expect_quiet();
    next.expect_quiet();
}

/// RTR5: an identity and nothing behind it is no message.
fn a_message_of_an_identity_alone_is_not_sent<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut wire = router.named_peer("DEALER", b"known");
    assert_eq!(router.send(&[b"known"]), Err(Unsent::NoBody));
    wire.expect_quiet();
    router.send(&[b"known", b""]).unwrap();
    wire.expect(&message(&[b""]));
}

/// RTR1: a message of no octets is a message, and so are parts that look like an identity.
fn whatever_arrives_is_shown_behind_the_identity<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut wire = router.named_peer("DEALER", b"it");
    for parts in [&[&b""[..]][..], &[b"it"], &[b"", b""], &[b"\0\0\0\0\x01", b"x"]] {
        wire.send(&message(parts));
        router.expect(&[&[&b"it"[..]], parts].concat());
    }
}

/// RTR4; 7.4 item 5: a second peer of a name is the first come back: it answers to the name, and the old link is closed.
fn a_newcomer_takes_over_the_name<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut old = router.named_peer("DEALER", b"it");
    old.send(&message(&[b"before"]));
    old.settle();
    let mut new = router.named_peer("DEALER", b"it");
    refused(&mut old);
    // What had arrived is not lost.
    router.expect(&[b"it", b"before"]);
    router.send(&[b"it", b"hi"]).unwrap();
    new.expect(&message(&[b"hi"]));
    new.send(&message(&[b"after"]));
    router.expect(&[b"it", b"after"]);
    // The old one's end does not take the name with it.
    router.send(&[b"it", b"still"]).unwrap();
    new.expect(&message(&[b"still"]));
    router.lose(new);
    assert_eq!(router.send(&[b"it", b"gone"]), Err(Unsent::UnknownIdentity));
    let mut again = router.named_peer("DEALER", b"it");
    router.send(&[b"it", b"back"]).unwrap();
    again.expect(&message(&[b"back"]));
}

/// G6: the queue of a peer that it connected to has its name through a reconnect, and takes a new one.
fn a_peer_that_it_connected_to_keeps_its_queue<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut listener = router.dial();
    assert_eq!(router.send(&[b"it", b"early"]), Err(Unsent::UnknownIdentity));
    let mut wire = listener.accept();
    wire.shake(Kind::Router, "DEALER", b"it");
    router.send(&[b"it", b"one"]).unwrap();
    wire.expect(&message(&[b"one"]));
    router.lose(wire);
    router.send(&[b"it", b"two"]).unwrap();
    let mut wire = listener.accept();
    wire.shake(Kind::Router, "DEALER", b"renamed");
    wire.expect(&message(&[b"two"]));
    assert_eq!(router.send(&[b"it", b"gone"]), Err(Unsent::UnknownIdentity));
    router.send(&[b"renamed", b"three"]).unwrap();
    wire.expect(&message(&[b"three"]));
}

/// RTR1.
fn router_takes_in_turn<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut peers = [router.named_peer("DEALER", b"a"), router.named_peer("DEALER", b"b")];
    for peer in &mut peers {
        peer.send(&message(&[b"hi"]).repeat(3));
        peer.settle();
    }
    let taken: Vec<u8> = (0..6).map(|_| router.recv().unwrap()[0][0]).collect();
    assert!(taken == b"ababab" || taken == b"bababa", "{}", taken.escape_ascii());
}

on_both![
    a_chosen_identity_is_shown_and_selects_the_peer,
    a_made_identity_is_unique_and_selects_the_peer,
    an_unknown_identity_is_told,
    a_named_peer_answers_to_its_name_only,
    a_message_of_an_identity_alone_is_not_sent,
    whatever_arrives_is_shown_behind_the_identity,
    a_newcomer_takes_over_the_name,
    a_peer_that_it_connected_to_keeps_its_queue,
    router_takes_in_turn,
];
