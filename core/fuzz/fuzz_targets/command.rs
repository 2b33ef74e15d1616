//! Is what a command or its metadata says written back as it was read?
#![no_main]

use libfuzzer_sys::fuzz_target;
use zeptomq_core::wire::{Command, FrameKind, Header, PeerInfo, Window};

fuzz_target!(|body: &[u8]| {
    command(body);
    metadata(body);
});

fn command(body: &[u8]) {
    let Ok(command) = Command::decode(body) else { return };
    let mut frame = vec![0; body.len() + 9];
    let mut out = Window::new(&mut frame);
    command.encode(&mut out).expect("a frame is at most 9 octets longer than its body");
    let len = out.len();
    let header = Header::decode(&frame[..len]).expect("what we write is a frame").expect("and is whole");
    assert_eq!(header.kind, FrameKind::Command);
    assert_eq!(&frame[header.len..len], body);
    // A frame that has no room is refused, wherever the room ends.
    for room in 0..len {
        assert!(command.encode(&mut Window::new(&mut frame[..room])).is_err());
    }
    if let Command::Ready(data) = command {
        metadata(data);
    }
}

fn metadata(octets: &[u8]) {
    let Ok(info) = PeerInfo::decode(octets) else { return };
    assert!(info.identity.len() <= 255 && info.identity.first() != Some(&0));
    let mut written = [0; 300];
    let mut out = Window::new(&mut written);
    info.encode(&mut out).expect("an identity is at most 255 octets");
    let len = out.len();
    let again = PeerInfo::decode(&written[..len]).expect("what we write is metadata");
    assert_eq!(again.socket_type, info.socket_type);
    if info.socket_type.is_some_and(|socket_type| socket_type.has_identity()) {
        assert_eq!(again.identity, info.identity);
    }
}
