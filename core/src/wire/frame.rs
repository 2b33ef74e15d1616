//! How is a frame's header written and read?
//!
//! ```text
//!  flags  size (1 octet, or 8 when LONG)  body
//!  bit 0 MORE · bit 1 LONG · bit 2 COMMAND · bits 3-7 zero
//! ```
//! RFC 37 "Framing". The size does not count the header.

use super::{Octets, Short};

/// The longest header, in octets.
pub const HEADER_LEN_MAX: usize = 9;
/// The longest body that fits the short form, in octets.
pub const SHORT_LEN_MAX: usize = 255;

/// What a frame is: RFC 37's `message-more`, `message-last` and `command`.
// Each has the value of its flags, so that neither way takes a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FrameKind {
    /// Part of a message that goes on with the next frame.
    More = MORE,
    /// The last, or only, part of a message.
    Last = 0b000,
    /// A command, never shown to the user.
    Command = COMMAND,
}

/// A frame's header: all but its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the frame is.
    pub kind: FrameKind,
    /// How long the header itself was on the wire, 2 or 9 octets.
    pub len: usize,
    /// How long the body is, in octets; `usize::MAX` when it is longer than memory can be.
    pub body_len: usize,
}

/// Why octets are no frame. The peer is at fault; the connection cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FrameError {
    /// A reserved flag is set, or MORE on a command. The octet of flags.
    BadFlags(u8),
    /// The size has its highest bit set.
    BadSize,
}

impl FrameKind {
    /// The flags of a frame of this kind, LONG aside.
    pub const fn flags(self) -> u8 {
        self as u8
    }

    /// The kind of a part of a message, by whether another follows.
    pub const fn part(more: bool) -> Self {
        if more { Self::More } else { Self::Last }
    }

    /// The kind that `flags` announce.
    #[inline]
    pub const fn from_flags(flags: u8) -> Result<Self, FrameError> {
        // RFC 37 "Framing": bits 7-3 are reserved and MUST be zero; MORE MUST be zero on a command.
        match flags & !LONG {
            0b000 => Ok(Self::Last),
            MORE => Ok(Self::More),
            COMMAND => Ok(Self::Command),
            _ => Err(FrameError::BadFlags(flags)),
        }
    }
}

impl Header {
    /// Reads the header at the start of `input`; `None` while it has not arrived whole.
    ///
    /// A long form with a short body is accepted, as RFC 37 asks.
    #[cfg_attr(feature = "alloc", inline)]
    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub fn decode(input: &[u8]) -> Result<Option<Self>, FrameError> {
        let Some(&flags) = input.first() else { return Ok(None) };
        let kind = FrameKind::from_flags(flags)?;
        if flags & LONG == 0 {
            return Ok(input.get(1).map(|&len| Self { kind, len: 2, body_len: usize::from(len) }));
        }
        let Some(size) = input.get(1..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
        let size = u64::from_be_bytes(*size);
        // RFC 37 "Framing": the most significant bit of a long size MUST be zero.
        if size >> 63 != 0 {
            return Err(FrameError::BadSize);
        }
        let body_len = usize::try_from(size).unwrap_or(usize::MAX);
        Ok(Some(Self { kind, len: HEADER_LEN_MAX, body_len }))
    }

    /// Writes the header of a frame, in the short form whenever it fits.
    #[cfg_attr(feature = "alloc", inline)]
    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub fn encode(kind: FrameKind, body_len: usize, out: &mut impl Octets) -> Result<(), Short> {
        if let Ok(short) = u8::try_from(body_len) {
            return out.put(&[kind.flags(), short]);
        }
        let [a, b, c, d, e, f, g, h] = (body_len as u64).to_be_bytes();
        out.put(&[kind.flags() | LONG, a, b, c, d, e, f, g, h])
    }

    /// How long the header of a body of `body_len` octets is, as we write it.
    #[inline]
    pub const fn len_for(body_len: usize) -> usize {
        if body_len <= SHORT_LEN_MAX { 2 } else { HEADER_LEN_MAX }
    }
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::BadFlags(flags) => write!(f, "a frame has illegal flags {flags:#04x}"),
            Self::BadSize => f.write_str("a frame has a size above 2^63 - 1"),
        }
    }
}

impl core::error::Error for FrameError {}

const MORE: u8 = 0b001;
const LONG: u8 = 0b010;
const COMMAND: u8 = 0b100;

#[cfg(test)]
mod tests {
    use super::{FrameError, FrameKind, Header};
    use crate::wire::Window;

    fn encoded(kind: FrameKind, len: usize) -> ([u8; 9], usize) {
        let mut out = [0; 9];
        let mut window = Window::new(&mut out);
        Header::encode(kind, len, &mut window).unwrap();
        let used = window.len();
        (out, used)
    }

    #[test]
    fn a_header_takes_the_short_form_up_to_255_octets() {
        for (kind, len, wire) in [
            (FrameKind::Last, 2, &[0x00, 2][..]),
            (FrameKind::More, 1, &[0x01, 1]),
            (FrameKind::Last, 0, &[0x00, 0]),
            (FrameKind::Command, 0x1a, &[0x04, 0x1a]),
            (FrameKind::Last, 255, &[0x00, 0xff]),
            (FrameKind::Last, 256, &[0x02, 0, 0, 0, 0, 0, 0, 1, 0]),
            (FrameKind::More, 65536, &[0x03, 0, 0, 0, 0, 0, 1, 0, 0]),
            (FrameKind::Command, 256, &[0x06, 0, 0, 0, 0, 0, 0, 1, 0]),
        ] {
            let (out, used) = encoded(kind, len);
            assert_eq!(&out[..used], wire);
            assert_eq!(used, Header::len_for(len));
            let header = Header::decode(wire).unwrap().unwrap();
            assert_eq!(header, Header { kind, len: used, body_len: len });
            for cut in 0..wire.len() {
                assert_eq!(Header::decode(&wire[..cut]), Ok(None));
            }
        }
    }

    #[test]
    fn a_long_form_with_a_short_body_is_accepted() {
        let header = Header::decode(&[0x02, 0, 0, 0, 0, 0, 0, 0, 5]).unwrap().unwrap();
        assert_eq!((header.len, header.body_len), (9, 5));
    }

    #[test]
    fn reserved_bits_and_more_on_a_command_are_refused() {
        for flags in 0..=255u8 {
            let legal = matches!(flags, 0..=4 | 6);
            assert_eq!(Header::decode(&[flags, 0, 0, 0, 0, 0, 0, 0, 0]).is_ok(), legal, "{flags:#04x}");
            assert_eq!(Header::decode(&[flags]).is_ok(), legal, "{flags:#04x} alone");
        }
    }

    #[test]
    fn a_size_of_63_bits_is_a_size_and_one_of_64_is_not() {
        assert_eq!(
            Header::decode(&[2, 0x7f, 255, 255, 255, 255, 255, 255, 255]).unwrap().unwrap().body_len,
            usize::try_from(u64::MAX >> 1).unwrap_or(usize::MAX)
        );
        assert_eq!(Header::decode(&[2, 0x80, 0, 0, 0, 0, 0, 0, 0]), Err(FrameError::BadSize));
        assert_eq!(Header::decode(&[2, 255, 255, 255, 255, 255, 255, 255, 255]), Err(FrameError::BadSize));
    }
}
