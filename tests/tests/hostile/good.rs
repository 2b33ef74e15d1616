//! Is a good peer served, whatever others did or do?

use crate::types::{Service, is_exclusive, service};
use zeptomq_tests::executor::{Kind, Socket, Untaken};
use zeptomq_tests::wire::{Wire, message};

/// A good peer comes, is served and leaves, while so many others are up, which may have filled their queues.
#[track_caller]
pub(crate) fn serves<S: Socket>(socket: &mut S, others: usize) {
    if others > 0 && is_exclusive(socket.kind()) {
        return;
    }
    let mut peer = socket.peer(socket.kind().partner());
    exchange(socket, &mut peer, others);
    socket.lose(peer);
}

/// A good peer that is up is served. Sockets that serve in turn may serve the others first.
#[track_caller]
pub(crate) fn exchange<S: Socket>(socket: &mut S, peer: &mut S::Wire, others: usize) {
    match service(socket.kind()) {
        Service::Hears => {
            // A peer that is about to be lost may still have a turn.
            for _ in 0..others + 2 {
                socket.send(&[b"good"]).unwrap();
            }
            peer.expect(&message(&[b"good"]));
        }
        Service::Speaks => {
            peer.send(&message(&[b"good"]));
            peer.settle();
            take(socket, others);
        }
        Service::Subscribes => {
            peer.send(&message(&[b"\x01good"]));
            peer.settle();
            socket.send(&[b"good"]).unwrap();
            peer.expect(&message(&[b"good"]));
        }
        Service::Shows => {
            peer.send(&message(&[b"\x01good"]));
            peer.settle();
            take_last(socket, b"\x01good", others);
            socket.send(&[b"good"]).unwrap();
            peer.expect(&message(&[b"good"]));
            // Otherwise it is shown when the peer is gone, and the next finds it in its turn.
            peer.send(&message(&[b"\0good"]));
            peer.settle();
            take_last(socket, b"\0good", others);
        }
        Service::Publishes => {
            socket.subscribe(b"good");
            peer.send(&message(&[b"good"]));
            peer.settle();
            take(socket, others);
            socket.unsubscribe(b"good");
        }
        Service::Asks => {
            peer.send(&message(&[b"", b"good"]));
            peer.settle();
            take(socket, others);
            socket.send(&[b"reply"]).unwrap();
            peer.expect(&message(&[b"", b"reply"]));
        }
        Service::AsksByName => {
            peer.send(&message(&[b"good"]));
            peer.settle();
            let request = take(socket, others);
            socket.send(&[&request[0], b"reply"]).unwrap();
            peer.expect(&message(&[b"reply"]));
        }
        Service::Answers => {
            let asked = (0..others + 2).any(|_| {
                socket.send(&[b"ask"]).unwrap();
                // The first PONG may overtake what was queued before it, the second cannot.
                peer.settle();
                peer.settle();
                peer.unread() > 0
            });
            assert!(asked, "the good peer had no turn");
            peer.expect(&[1, 4]);
            let id = peer.receive(4);
            peer.expect(&message(&[b"", b"ask"]));
            peer.send(&message(&[&id, b"", b"good"]));
            peer.settle();
            take(socket, others);
        }
    }
}

/// Takes messages until the good peer's comes, whose turn comes after one of each other.
#[track_caller]
fn take<S: Socket>(socket: &mut S, others: usize) -> Vec<Vec<u8>> {
    take_last(socket, b"good", others)
}

/// The same of a message whose last part is this one.
#[track_caller]
fn take_last<S: Socket>(socket: &mut S, last: &[u8], others: usize) -> Vec<Vec<u8>> {
    for _ in 0..2 * (others + 1) {
        let taken = socket.recv().unwrap();
        if taken.last().is_some_and(|part| part == last) {
            return taken;
        }
        answer_nothing(socket);
    }
    panic!("the good peer had no turn");
}

/// Takes all that is there, and answers nothing of it.
pub(crate) fn drain<S: Socket>(socket: &mut S) {
    if matches!(service(socket.kind()), Service::Hears | Service::Subscribes) {
        return;
    }
    loop {
        match socket.try_recv() {
            Ok(Some(_)) => answer_nothing(socket),
            Ok(None) | Err(Untaken::PeerGone) => return,
            Err(Untaken::OutOfTurn) if socket.kind() == Kind::Rep => answer_nothing(socket),
            Err(Untaken::OutOfTurn) => return,
        }
    }
}

/// A REP that took a request has to reply before it takes another.
fn answer_nothing<S: Socket>(socket: &mut S) {
    if socket.kind() == Kind::Rep {
        let _ = socket.try_send(&[b"no"]);
    }
}
