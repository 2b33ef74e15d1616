//! Is a peer that keeps to the rules served, whatever others did before?

use zeptomq_tests::executor::{Kind, Socket};
use zeptomq_tests::wire::{GREETING_LEN, Wire, cancel, message, ready, subscribe};

/// A well-behaved peer comes, is served and leaves.
#[track_caller]
pub(crate) fn serves<S: Socket>(socket: &mut S) {
    let kind = socket.kind();
    let mut peer = socket.peer(kind.partner());
    match kind {
        Kind::Push => {
            // One of two goes to it, should a peer that is about to be lost be taken for alive.
            for _ in 0..2 {
                socket.send(&[b"ok"]).unwrap();
            }
            peer.expect(&message(&[b"ok"]));
        }
        Kind::Pull | Kind::Dealer | Kind::Pair | Kind::Xsub => {
            peer.send(&message(&[b"ok"]));
            socket.expect(&[b"ok"]);
        }
        Kind::Rep => {
            peer.send(&message(&[b"", b"ask"]));
            socket.expect(&[b"ask"]);
            socket.send(&[b"ok"]).unwrap();
            peer.expect(&message(&[b"", b"ok"]));
        }
        Kind::Router => {
            peer.send(&message(&[b"ask"]));
            let asked = socket.recv().unwrap();
            socket.send(&[&asked[0], b"ok"]).unwrap();
            peer.expect(&message(&[b"ok"]));
        }
        Kind::Pub => {
            peer.send(&message(&[b"\x01ok"]));
            peer.settle();
            socket.send(&[b"ok"]).unwrap();
            peer.expect(&message(&[b"ok"]));
        }
        Kind::Xpub => {
            peer.send(&subscribe(b"ok"));
            socket.expect(&[b"\x01ok"]);
            socket.send(&[b"ok"]).unwrap();
            peer.expect(&message(&[b"ok"]));
            peer.send(&cancel(b"ok"));
            socket.expect(&[b"\0ok"]);
        }
        Kind::Sub => {
            socket.subscribe(b"served");
            peer.expect(&subscribe(b"served"));
            peer.send(&message(&[b"served"]));
            socket.expect(&[b"served"]);
            socket.unsubscribe(b"served");
            peer.expect(&cancel(b"served"));
        }
        Kind::Req => {
            socket.send(&[b"ask"]).unwrap();
            answer(&mut peer, b"ask", b"ok");
            socket.expect(&[b"ok"]);
        }
    }
    socket.lose(peer);
}

/// Hears the request of a REQ that numbers them, and says its number.
#[track_caller]
pub(crate) fn asked(wire: &mut impl Wire, request: &[u8]) -> [u8; 4] {
    wire.expect(&[1, 4]);
    let id = wire.receive(4).try_into().unwrap();
    wire.expect(&message(&[b"", request]));
    id
}

/// Hears a request and answers it.
#[track_caller]
pub(crate) fn answer(wire: &mut impl Wire, request: &[u8], reply: &[u8]) {
    let id = asked(wire, request);
    wire.send(&message(&[&id, b"", reply]));
}

/// The connection is closed, with or without an ERROR before that.
#[track_caller]
pub(crate) fn refused(wire: &mut impl Wire) {
    let rest = wire.until_closed();
    assert!(rest.is_empty() || is_error(&rest), "{}", rest.escape_ascii());
}

/// The connection is closed after an ERROR.
#[track_caller]
pub(crate) fn refused_with_error(wire: &mut impl Wire) {
    let rest = wire.until_closed();
    assert!(is_error(&rest), "{}", rest.escape_ascii());
}

/// The index of the first of them that hears something.
#[track_caller]
pub(crate) fn first_to_hear<S: Socket>(socket: &mut S, wires: &mut [S::Wire]) -> usize {
    for _ in 0..5000 {
        if let Some(heard) = wires.iter_mut().position(|wire| wire.unread() > 0) {
            return heard;
        }
        // Whom a message goes to is the socket's choice: there is no event to wait for on one wire.
        socket.pass(1);
    }
    panic!("nobody heard anything")
}

/// A frame that is an ERROR with a reason, and nothing behind it.
fn is_error(octets: &[u8]) -> bool {
    match octets {
        [4, len, 5, b'E', b'R', b'R', b'O', b'R', reason_len, reason @ ..] => {
            usize::from(*len) == octets.len() - 2 && usize::from(*reason_len) == reason.len()
        }
        _ => false,
    }
}

/// How long the opening of a peer is.
pub(crate) fn opening_len(theirs: &str) -> usize {
    GREETING_LEN + ready(theirs, b"").len()
}
