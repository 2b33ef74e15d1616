//! Does a handshake end the same way however the octets arrive, and do two of ours understand each other?
#![no_main]

use libfuzzer_sys::fuzz_target;
use zeptomq_core::link::{Handshake, HandshakeError};
use zeptomq_core::mechanism::Null;
use zeptomq_core::time::Instant;
use zeptomq_core::wire::metadata::check_identity;
use zeptomq_core::wire::{PeerInfo, SocketType, Version};

fuzz_target!(|data: &[u8]| {
    let Some((&[ours, theirs, window, piece], wire)) = data.split_first_chunk() else { return };
    let (ours, theirs) = (socket_type(ours), socket_type(theirs));
    let window = 64 + usize::from(window) * 4;
    let whole = shake(ours, wire, window, usize::MAX);
    assert_eq!(whole, shake(ours, wire, window, 1), "octet by octet");
    assert_eq!(whole, shake(ours, wire, window, usize::from(piece).max(1)), "in pieces");
    if check_identity(wire).is_ok() {
        introduce(ours, theirs, wire);
    }
});

/// Who the peer is, and how many octets of the wire said so; or why not; or nothing yet.
type Ending = Result<Option<(Option<SocketType>, Vec<u8>, Version, usize)>, HandshakeError>;

fn shake(ours: SocketType, wire: &[u8], window: usize, piece: usize) -> Ending {
    let mut handshake = Handshake::new(Null::NEW, ours, window, Instant::from_ms(0));
    let (mut arrived, mut held, mut total) = (wire.iter().copied(), Vec::new(), 0);
    loop {
        match handshake.handle(&mut held)? {
            (used, Some(peer)) => {
                let info = PeerInfo::decode(&held[peer.metadata]).expect("the metadata was checked");
                return Ok(Some((info.socket_type, info.identity.to_vec(), peer.version, total + used)));
            }
            (0, None) => {
                assert!(held.len() < window, "awaits more than the window holds");
                let before = held.len();
                held.extend(arrived.by_ref().take(piece.min(window - before)));
                if held.len() == before {
                    return Ok(None);
                }
            }
            (used, None) => {
                total += used;
                held.drain(..used);
            }
        }
    }
}

/// What one of ours sends introduces it to the other, exactly when the two types may talk.
fn introduce(ours: SocketType, theirs: SocketType, identity: &[u8]) {
    let mut handshake = Handshake::new(Null::NEW, ours, 64, Instant::from_ms(0));
    let (mut wire, mut out) = (Vec::new(), [0; 512]);
    loop {
        let written = handshake.poll_transmit(identity, &mut |_| (), &mut out).expect("512 octets are enough");
        if written.is_empty() {
            break;
        }
        wire.extend_from_slice(&out[written]);
    }
    let ending = shake(theirs, &wire, 512, usize::MAX);
    if !theirs.accepts(ours) {
        assert_eq!(ending, Err(HandshakeError::Incompatible(theirs, ours)));
        return;
    }
    let identity = if ours.has_identity() { identity } else { &[] };
    assert_eq!(ending, Ok(Some((Some(ours), identity.to_vec(), Version::V3_1, wire.len()))));
}

fn socket_type(octet: u8) -> SocketType {
    SocketType::ALL[usize::from(octet) % SocketType::ALL.len()]
}
