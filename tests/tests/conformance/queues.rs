//! How long does a queue live: as long as the `connect` that made it, or as long as the peer that was accepted?

use crate::served::{answer, refused, serves};
use zeptomq_tests::executor::{Executor, Kind, Listener, Socket, Unsent};
use zeptomq_tests::wire::{Wire, error, greeting, message, more};

/// G6: the queue is there from `connect`.
fn what_is_sent_before_the_peer_is_there_waits_for_it<E: Executor>(executor: &mut E) {
    for kind in [Kind::Push, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        let mut listener = socket.dial();
        for body in [b"one", b"two"] {
            assert_eq!(socket.try_send(&[body]), Ok(()));
        }
        let mut wire = listener.accept();
        wire.shake(kind, kind.partner(), b"");
        wire.expect(&[message(&[b"one"]), message(&[b"two"])].concat());
    }
    let mut req = executor.bound(Kind::Req);
    let mut listener = req.dial();
    assert_eq!(req.try_send(&[b"ask"]), Ok(()));
    let mut wire = listener.accept();
    wire.shake(Kind::Req, "ROUTER", b"");
    answer(&mut wire, b"ask", b"reply");
    req.expect(&[b"reply"]);
}

/// G2, G6: the connection comes back, and the socket with it.
fn a_connecter_comes_back_when_the_connection_is_lost<E: Executor>(executor: &mut E) {
    let mut dealer = executor.bound(Kind::Dealer);
    let (mut listener, mut wire) = dealer.dialled_peer("ROUTER");
    for round in 0..3u8 {
        dealer.send(&[&[round]]).unwrap();
        wire.expect(&message(&[&[round]]));
        wire.send(&message(&[&[round], b"back"]));
        dealer.expect(&[&[round], b"back"]);
        dealer.lose(wire);
        // Sent while nobody is there.
        dealer.try_send(&[&[round], b"gap"]).unwrap();
        wire = listener.accept();
        wire.shake(Kind::Dealer, "ROUTER", b"");
        wire.expect(&message(&[&[round], b"gap"]));
    }
    wire.expect_quiet();
}

/// G2: also while the user does nothing at all.
fn a_socket_at_rest_comes_back_when_the_connection_is_lost<E: Executor>(executor: &mut E) {
    for kind in [Kind::Pull, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        let (mut listener, mut wire) = socket.dialled_peer(kind.partner());
        wire.send(&message(&[b"one"]));
        socket.expect(&[b"one"]);
        wire.close();
        let mut wire = listener.accept();
        wire.shake(kind, kind.partner(), b"");
        wire.send(&message(&[b"two"]));
        socket.expect(&[b"two"]);
    }
}

/// G3, G4, G6: a message that had left in part is sent again whole, and the next follows once.
fn a_half_written_message_is_sent_again_whole<E: Executor>(executor: &mut E) {
    let bulk = vec![b'b'; E::BULK_LEN];
    for parts in [&[&bulk[..]][..], &[b"A", b"", &bulk, b"Z"]] {
        let mut push = executor.bound(Kind::Push);
        let (mut listener, mut wire) = push.dialled_peer("PULL");
        push.try_send(parts).unwrap();
        wire.expect(&message(parts)[..100]);
        push.lose(wire);
        push.send(&[b"next"]).unwrap();
        let mut wire = listener.accept();
        wire.shake(Kind::Push, "PULL", b"");
        wire.expect(&message(parts));
        wire.expect(&message(&[b"next"]));
        wire.expect_quiet();
    }
}

/// G6, PSH2: what an accepted peer did not get dies with it, and goes to nobody else.
fn the_queue_of_an_accepted_peer_dies_with_it<E: Executor>(executor: &mut E) {
    let bulk = vec![b'b'; E::BULK_LEN];
    for kind in [Kind::Push, Kind::Dealer] {
        let mut socket = executor.bound(kind);
        let mut wire = socket.peer(kind.partner());
        socket.try_send(&[b"A", &bulk]).unwrap();
        socket.try_send(&[b"second"]).unwrap();
        wire.expect(&message(&[b"A", &bulk])[..100]);
        socket.lose(wire);
        let mut other = socket.peer(kind.partner());
        other.expect_quiet();
        socket.send(&[b"third"]).unwrap();
        other.expect(&message(&[b"third"]));
    }
}

/// PSH1: nothing is accepted for a peer that will never be there: nobody would ever hear of it again.
fn a_peer_that_refused_us_takes_no_more_messages<E: Executor>(executor: &mut E) {
    let mut push = executor.bound(Kind::Push);
    let mut listener = push.dial();
    let mut wire = listener.accept();
    wire.expect_opening(Kind::Push);
    wire.send(&[&greeting()[..], &error("no")].concat());
    refused(&mut wire);
    listener.expect_nobody();
    assert_eq!(push.try_send(&[b"lost"]), Err(Unsent::WouldBlock));
    serves(&mut push);
}

/// G3, G8: a message of which a part was lost with the connection is not finished by the next one.
fn a_message_is_not_continued_on_the_next_connection<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let (mut listener, mut wire) = pull.dialled_peer("PUSH");
    wire.send(&[message(&[b"whole"]), more(b"A")].concat());
    wire.settle();
    pull.lose(wire);
    pull.expect(&[b"whole"]);
    pull.nothing_to_receive();
    let mut wire = listener.accept();
    wire.shake(Kind::Pull, "PUSH", b"");
    wire.send(&message(&[b"B"]));
    pull.expect(&[b"B"]);
}

/// G1: one socket connects and is connected to, to several peers and from several.
fn a_socket_connects_and_is_connected_to<E: Executor>(executor: &mut E) {
    let mut pull = executor.bound(Kind::Pull);
    let (_one, mut a) = pull.dialled_peer("PUSH");
    let (_two, mut b) = pull.dialled_peer("PUSH");
    let mut c = pull.peer("PUSH");
    for (wire, body) in [(&mut a, b"a"), (&mut b, b"b"), (&mut c, b"c")] {
        wire.send(&message(&[body]));
        pull.expect(&[body]);
    }
    serves(&mut pull);
}

/// G5: order is kept.
fn order_is_kept_between_two_peers<E: Executor>(executor: &mut E) {
    let mut dealer = executor.bound(Kind::Dealer);
    let mut wire = dealer.peer("DEALER");
    for round in 0..20u8 {
        for at in 0..20u8 {
            wire.send(&message(&[&[round, at]]));
            dealer.send(&[&[at, round]]).unwrap();
        }
        for at in 0..20u8 {
            dealer.expect(&[&[round, at]]);
            wire.expect(&message(&[&[at, round]]));
        }
    }
}

on_both![
    what_is_sent_before_the_peer_is_there_waits_for_it,
    a_connecter_comes_back_when_the_connection_is_lost,
    a_socket_at_rest_comes_back_when_the_connection_is_lost,
    a_half_written_message_is_sent_again_whole,
    the_queue_of_an_accepted_peer_dies_with_it,
    a_peer_that_refused_us_takes_no_more_messages,
    a_message_is_not_continued_on_the_next_connection,
    a_socket_connects_and_is_connected_to,
    order_is_kept_between_two_peers,
];
