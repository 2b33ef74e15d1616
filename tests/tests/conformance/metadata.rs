//! Is what a peer says of itself read as RFC 37 says, and refused when it is malformed?

use crate::served::{refused, serves};
use zeptomq_tests::executor::{Executor, Kind, Socket};
use zeptomq_tests::wire::{Wire, command, greeting, message, property, ready};

/// Says READY with this metadata to a ROUTER.
fn say<S: Socket>(router: &mut S, metadata: &[u8]) -> S::Wire {
    let mut wire = router.accept();
    wire.expect_opening(Kind::Router);
    wire.send(&greeting());
    wire.send(&command(b"READY", metadata));
    wire
}

fn dealer() -> Vec<u8> {
    property(b"Socket-Type", b"DEALER")
}

/// D6, D17; 1.6: names are read in any case, what is unknown is passed over, and a type need not be said.
fn names_are_read_in_any_case_and_others_passed_over<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let named = |name: &[u8]| property(name, b"it");
    for (metadata, identity) in [
        (Vec::new(), &b""[..]),
        (dealer(), b""),
        (property(b"SOCKET-TYPE", b"DEALER"), b""),
        ([dealer(), named(b"identity")].concat(), b"it"),
        ([named(b"iDENTITY"), dealer()].concat(), b"it"),
        ([dealer(), property(b"Identity", b"")].concat(), b""),
        ([dealer(), property(b"Resource", b"/x"), named(b"X-a.b_c+9"), named(b"X-a.b_c+9")].concat(), b""),
        ([dealer(), property(&[b'N'; 255], &[0; 400])].concat(), b""),
    ] {
        let mut wire = say(&mut router, &metadata);
        wire.send(&message(&[b"hi"]));
        let heard = router.recv().unwrap();
        assert_eq!(heard[1..], [b"hi"]);
        assert!(heard[0] == identity || identity.is_empty() && heard[0].len() == 5, "{heard:?}");
        router.lose(wire);
    }
}

/// 7.4 item 4; N1.
fn malformed_metadata_is_refused<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    for bad in [
        [dealer(), dealer()].concat(),
        [dealer(), property(b"socket-type", b"REQ")].concat(),
        [dealer(), property(b"Identity", b"a"), property(b"Identity", b"b")].concat(),
        property(b"Socket-Type", b"NULL"),
        property(b"Socket-Type", b"dealer"),
        property(b"Socket-Type", b""),
        [dealer(), property(b"", b"value")].concat(),
        [dealer(), property(b"a name", b"value")].concat(),
        [dealer(), b"\x01x\x80\0\0\0".to_vec()].concat(),
        [dealer(), b"\x01x\xff\xff\xff\xff".to_vec()].concat(),
        [dealer(), b"x".to_vec()].concat(),
        [dealer(), property(b"X-much", &[0; 65_536])].concat(),
    ] {
        let mut wire = say(&mut router, &bad);
        refused(&mut wire);
    }
    serves(&mut router);
}

/// 7.4 item 4; N1: a whole frame whose metadata ends too soon.
fn metadata_cut_at_any_octet_is_refused<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let body = &ready("DEALER", b"cli1")[2..];
    // Without any property it is whole, and with the first one alone.
    let whole = [6, 6 + dealer().len()];
    for len in (0..body.len()).filter(|len| !whole.contains(len)) {
        let mut wire = router.accept();
        wire.expect_opening(Kind::Router);
        wire.send(&greeting());
        wire.send(&[4, len as u8]);
        wire.send(&body[..len]);
        refused(&mut wire);
    }
    serves(&mut router);
}

/// 7.4 item 5; 1.6: an identity is 0 to 255 octets, the first of them not zero.
fn an_identity_is_at_most_255_octets_and_never_begins_with_zero<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    for (identity, good) in [
        (&[b'i'; 1][..], true),
        (&[b'i'; 255], true),
        (b"\xff\0\0", true),
        (&[b'i'; 256], false),
        (&[b'i'; 300], false),
        (b"\0", false),
        (b"\0\0\0\0\x01", false),
    ] {
        let mut wire = say(&mut router, &[dealer(), property(b"Identity", identity)].concat());
        if good {
            wire.send(&message(&[b"hi"]));
            router.expect(&[identity, b"hi"]);
            router.lose(wire);
        } else {
            refused(&mut wire);
        }
    }
    serves(&mut router);
}

/// 7.4 item 4: a READY in the long form is a READY.
fn a_ready_in_the_long_form_is_accepted<E: Executor>(executor: &mut E) {
    let mut router = executor.bound(Kind::Router);
    let mut wire = router.accept();
    wire.expect_opening(Kind::Router);
    let body = &ready("DEALER", b"it")[2..];
    wire.send(&greeting());
    wire.send(&zeptomq_tests::wire::long_frame(4, body.len() as u64, body));
    wire.send(&message(&[b"hi"]));
    router.expect(&[b"it", b"hi"]);
}

on_both![
    names_are_read_in_any_case_and_others_passed_over,
    malformed_metadata_is_refused,
    metadata_cut_at_any_octet_is_refused,
    an_identity_is_at_most_255_octets_and_never_begins_with_zero,
    a_ready_in_the_long_form_is_accepted,
];
