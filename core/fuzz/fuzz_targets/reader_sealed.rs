//! Is what a sealing mechanism opens always the beginning of what was sealed, even when a stranger changes an octet?
#![no_main]

use libfuzzer_sys::fuzz_target;
use zeptomq_core::link::{Limits, ReadError, Writer};
use zeptomq_core::wire::{FrameKind, Window};
use zeptomq_core_fuzz::reading::{End, Item, read_in_every_way};
use zeptomq_core_fuzz::tag::Tag;

fuzz_target!(|data: &[u8]| {
    let Some((&[piece, window, frame, message, change, at_high, at_low], script)) = data.split_first_chunk() else {
        return;
    };
    let limits = Limits {
        window: 9 + usize::from(window),
        frame_len_max: usize::from(frame) * 4,
        message_len_max: usize::from(message) * 16,
    };
    let sent = items(script);
    let mut wire = sealed(&sent);
    let at = usize::from(u16::from_be_bytes([at_high, at_low]));
    let changed = wire.get_mut(at).map(|octet| *octet ^= change).is_some() && change != 0;

    let (read, end) = read_in_every_way(Tag::default(), limits, &wire, usize::from(piece));
    assert!(sent.starts_with(&read));
    match end {
        End::Starved => assert!(read == sent || changed),
        End::Broken(ReadError::FrameTooLong(_) | ReadError::MessageTooLong | ReadError::CommandTooLong) => {}
        End::Broken(_) => assert!(changed),
    }
});

/// Parts and commands, each from an octet that says which, one that says how long, and one to fill it with.
fn items(script: &[u8]) -> Vec<Item> {
    let item = |&[what, len, fill]: &[u8; 3]| {
        let body = vec![fill; usize::from(len) << (what >> 6)];
        match what & 3 {
            0 => Item::Command(body),
            1 => Item::Part(body, true),
            _ => Item::Part(body, false),
        }
    };
    script.as_chunks().0.iter().take(16).map(item).collect()
}

/// The frames of the items. Each is refused once for want of room, which must leave no trace.
fn sealed(items: &[Item]) -> Vec<u8> {
    let (mut writer, mut wire) = (Writer::new(Tag::default()), Vec::new());
    for item in items {
        let (kind, body) = match item {
            Item::Part(body, more) => (FrameKind::part(*more), body),
            Item::Command(body) => (FrameKind::Command, body),
        };
        let mut short = vec![0; body.len() + 10];
        let mut room = Window::new(&mut short);
        assert!(writer.frame(kind, body, &mut room).is_err() && room.is_empty());
        writer.frame(kind, body, &mut wire).expect("a vector has room");
    }
    wire
}
