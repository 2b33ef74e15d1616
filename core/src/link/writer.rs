//! How does a part of a message become octets that leave?

use crate::mechanism::Seal;
use crate::wire::{FrameKind, Header, Octets, Short, copy};

/// Frames parts and seals them.
#[derive(Debug)]
pub struct Writer<S> {
    seal: S,
}

impl<S: Seal> Writer<S> {
    /// A writer at the start of the traffic.
    pub const fn new(seal: S) -> Self {
        Self { seal }
    }

    /// Appends a frame, whole or not at all. A frame that was appended must be sent, or the connection given up.
    #[inline]
    pub fn frame(&mut self, kind: FrameKind, body: &[u8], out: &mut impl Octets) -> Result<(), Short> {
        if S::CLEAR {
            out.fits(frame_len::<S>(body.len()))?;
            Header::encode(kind, body.len(), out)?;
            return out.put(body);
        }
        let sealed_len = body.len() + S::HEAD + S::TAIL;
        out.fits(Header::len_for(sealed_len).saturating_add(sealed_len))?;
        let header_len = Header::len_for(sealed_len);
        let frame = out.extend(header_len + sealed_len)?;
        let (header, sealed) = frame.split_at_mut_checked(header_len).ok_or(Short)?;
        copy(sealed.get_mut(S::HEAD..).ok_or(Short)?, body);
        let outer = self.seal.seal(kind, sealed);
        Header::encode(outer, sealed_len, &mut crate::wire::Window::new(header))
    }

    /// Seals in place the frame at the start of `frame`, which was laid out with [`frame_room`]: a header, then the
    /// plain body between the mechanism's head and tail.
    pub(super) fn seal_in_place(&mut self, kind: FrameKind, frame: &mut [u8]) {
        if S::CLEAR {
            return;
        }
        let Ok(Some(header)) = Header::decode(frame) else { return };
        let Some(body) = frame.get_mut(header.len..) else { return };
        let outer = self.seal.seal(kind, body);
        rewrite_kind(frame, outer);
    }
}

/// How long the frame of a body of `len` octets is on the wire, at most `usize::MAX`.
#[inline]
pub(super) const fn frame_len<S: Seal>(len: usize) -> usize {
    let sealed = len.saturating_add(S::HEAD + S::TAIL);
    Header::len_for(sealed).saturating_add(sealed)
}

/// Lays out a frame whose body is still plain.
pub(super) fn frame_room<S: Seal>(kind: FrameKind, body: &[u8], out: &mut impl Octets) -> Result<(), Short> {
    out.fits(frame_len::<S>(body.len()))?;
    Header::encode(kind, body.len() + S::HEAD + S::TAIL, out)?;
    let room = out.extend(body.len() + S::HEAD + S::TAIL)?;
    copy(room.get_mut(S::HEAD..).ok_or(Short)?, body);
    Ok(())
}

/// Changes the kind that a frame's header shows; its length stays.
pub(super) fn rewrite_kind(frame: &mut [u8], kind: FrameKind) {
    if let Some(flags) = frame.first_mut() {
        *flags = kind.flags() | (*flags & LONG);
    }
}

const LONG: u8 = 0b010;

#[cfg(test)]
mod tests {
    use super::Writer;
    use crate::mechanism::Clear;
    use crate::wire::{FrameKind, Window};

    #[test]
    fn messages_are_the_vectors_m1_to_m5() {
        for (parts, wire) in [
            (&[&b"hi"[..]][..], &b"\0\x02hi"[..]),
            (&[b"A", b"B"], b"\x01\x01A\0\x01B"),
            (&[b""], b"\0\0"),
            (&[&[7; 255]], &[&[0, 255][..], &[7; 255]].concat()),
            (&[&[7; 256]], &[&[2, 0, 0, 0, 0, 0, 0, 1, 0][..], &[7; 256]].concat()),
        ] {
            let mut out = [0; 300];
            let mut window = Window::new(&mut out);
            for (at, part) in parts.iter().enumerate() {
                Writer::new(Clear).frame(FrameKind::part(at + 1 < parts.len()), part, &mut window).unwrap();
            }
            let len = window.len();
            assert_eq!(&out[..len], wire);
        }
    }

    #[test]
    fn a_frame_that_does_not_fit_leaves_nothing() {
        let mut out = [0; 4];
        let mut window = Window::new(&mut out);
        assert!(Writer::new(Clear).frame(FrameKind::Last, b"abc", &mut window).is_err());
        assert!(window.is_empty());
        assert!(Writer::new(Clear).frame(FrameKind::Last, b"ab", &mut window).is_ok());
    }
}
