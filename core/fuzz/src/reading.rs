//! What does an executor read from a link, however the octets arrive and however small its window?

use zeptomq_core::link::{Limits, ReadError, Reader, Step};
use zeptomq_core::mechanism::Open;
use zeptomq_core::wire::FrameKind;

/// What was read, plain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// A part of a message, and whether another follows.
    Part(Vec<u8>, bool),
    /// The body of a command.
    Command(Vec<u8>),
}

/// Why reading came to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// All that arrived was used, or is the beginning of something.
    Starved,
    /// The peer broke a rule or a limit.
    Broken(ReadError),
}

/// Reads all of `wire`, which arrives in pieces of `piece` octets, into a window as large as the limits say.
pub fn read(open: impl Open, limits: Limits, wire: &[u8], piece: usize) -> (Vec<Item>, End) {
    let mut reader = Reader::new(open, limits);
    let mut wire = wire.iter().copied();
    let (mut window, mut items, mut needed) = (Vec::new(), Vec::new(), 0);
    loop {
        let (step, used) = match reader.next(&mut window) {
            Ok(next) => next,
            Err(error) => return (items, End::Broken(error)),
        };
        assert!(used <= window.len());
        match step {
            Step::Need(len) => {
                assert!(used == 0 && len > window.len() && len <= limits.window, "{len}");
                needed = len;
                let room = limits.window - window.len();
                let before = window.len();
                window.extend(wire.by_ref().take(piece.min(room)));
                if window.len() == before {
                    return (items, End::Starved);
                }
                continue;
            }
            Step::Frame { kind, body } => {
                assert!(body.end <= used && window.len() >= needed);
                items.push(part(kind, &window[body]));
                window.drain(..used);
            }
            Step::Command(body) => {
                assert!(body.end <= used && window.len() >= needed);
                items.push(Item::Command(window[body].to_vec()));
                window.drain(..used);
            }
            Step::Large { kind, len } => {
                assert!(used + len > limits.window);
                window.drain(..used);
                let mut body: Vec<u8> = window.drain(..len.min(window.len())).collect();
                body.extend(wire.by_ref().take(len - body.len()));
                if body.len() < len {
                    return (items, End::Starved);
                }
                match reader.open_large(kind, &mut body) {
                    Ok((kind, plain)) => items.push(part(kind, &body[plain])),
                    Err(error) => return (items, End::Broken(error)),
                }
            }
        }
        needed = 0;
    }
}

/// Reads it whole, in pieces, and through a wider window, and fails where that makes a difference.
pub fn read_in_every_way(open: impl Open + Copy, limits: Limits, wire: &[u8], piece: usize) -> (Vec<Item>, End) {
    let whole = read(open, limits, wire, usize::MAX);
    assert_eq!(whole, read(open, limits, wire, 1), "octet by octet");
    assert_eq!(whole, read(open, limits, wire, piece.max(1)), "in pieces");
    let wide = Limits { window: limits.window + wire.len(), ..limits };
    let (items, end) = read(open, wide, wire, usize::MAX);
    let next = items.get(whole.0.len());
    match (&whole.1, &end) {
        // What is too long for a command depends on the window.
        (End::Broken(ReadError::CommandTooLong), _) => assert!(items.starts_with(&whole.0), "wider window"),
        // Too much is refused before it has arrived only where it could not be kept: it may stay away, or be a
        // command, or not open.
        (End::Broken(ReadError::MessageTooLong), _) if !matches!(next, Some(Item::Part(..))) => {
            assert!(items.starts_with(&whole.0), "wider window");
        }
        (same, other) => assert_eq!((&whole.0, same), (&items, other), "wider window"),
    }
    whole
}

fn part(kind: FrameKind, body: &[u8]) -> Item {
    assert_ne!(kind, FrameKind::Command);
    Item::Part(body.to_vec(), kind == FrameKind::More)
}
