//! Does the reader find the frames that RFC 37 says are there, however they arrive?
#![no_main]

use libfuzzer_sys::fuzz_target;
use zeptomq_core::link::{Limits, ReadError};
use zeptomq_core::mechanism::Clear;
use zeptomq_core_fuzz::reading::{End, Item, read_in_every_way};

fuzz_target!(|data: &[u8]| {
    let Some((&[piece, window, frame, message_high, message_low], wire)) = data.split_first_chunk() else { return };
    let limits = Limits {
        window: 9 + usize::from(window),
        frame_len_max: usize::from(frame) * 8,
        message_len_max: usize::from(u16::from_be_bytes([message_high, message_low])),
    };
    let (items, end) = read_in_every_way(Clear, limits, wire, usize::from(piece));
    let (expected, broken) = reference(wire, limits);
    match end {
        // The reference has no window, so it has no limit to a command but that of a frame.
        End::Broken(ReadError::CommandTooLong) => assert!(expected.starts_with(&items)),
        End::Starved => assert_eq!((items, false), (expected, broken)),
        End::Broken(_) => assert_eq!((items, true), (expected, broken)),
    }
});

/// The frames of `wire` by the letter of RFC 37 "Framing", and whether a rule or a limit was broken behind them.
fn reference(mut wire: &[u8], limits: Limits) -> (Vec<Item>, bool) {
    let (mut items, mut message_len) = (Vec::new(), 0);
    while let Some((&flags, rest)) = wire.split_first() {
        let (more, long, command) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        if flags & 0b1111_1000 != 0 || more && command {
            return (items, true);
        }
        let size_len = if long { 8 } else { 1 };
        let Some((size, rest)) = rest.split_at_checked(size_len) else { break };
        let size = size.iter().fold(0, |size, octet| size << 8 | u64::from(*octet));
        if size >> 63 != 0 || size > limits.frame_len_max as u64 {
            return (items, true);
        }
        let len = message_len + size;
        let window_holds = 1 + size_len as u64 + size <= limits.window as u64;
        let too_long = !command && len > limits.message_len_max as u64;
        if too_long && !window_holds {
            return (items, true);
        }
        let Some((body, rest)) = rest.split_at_checked(size as usize) else { break };
        if too_long {
            return (items, true);
        }
        wire = rest;
        if command {
            items.push(Item::Command(body.to_vec()));
            continue;
        }
        message_len = if more { len + 72 } else { 0 };
        items.push(Item::Part(body.to_vec(), more));
    }
    (items, false)
}
