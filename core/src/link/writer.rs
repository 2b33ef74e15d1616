//! How does a part of a message become octets that leave?

use crate::mechanism::{Clear, Seal};
use crate::wire::{Command, FrameKind, Header, Octets, Short, Subscription, Version, Window, copy};

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
        self.gathered(kind, [body], out)
    }

    /// The same of a body in pieces.
    #[inline]
    pub(super) fn gathered<const N: usize>(
        &mut self,
        kind: FrameKind,
        body: [&[u8]; N],
        out: &mut impl Octets,
    ) -> Result<(), Short> {
        let body_len = body.iter().fold(0usize, |len, piece| len.saturating_add(piece.len()));
        out.fits(frame_len::<S>(body_len))?;
        if S::CLEAR {
            Header::encode(kind, body_len, out)?;
            return body.iter().try_for_each(|piece| out.put(piece));
        }
        let sealed_len = body_len + S::HEAD + S::TAIL;
        let header_len = Header::len_for(sealed_len);
        let frame = out.extend(header_len + sealed_len)?;
        let (header, sealed) = frame.split_at_mut_checked(header_len).ok_or(Short)?;
        let mut at = S::HEAD;
        for piece in body {
            copy(sealed.get_mut(at..).ok_or(Short)?, piece);
            at += piece.len();
        }
        let outer = self.seal.seal(kind, sealed);
        Header::encode(outer, sealed_len, &mut Window::new(header))
    }

    /// Appends what a subscriber says to a publisher of this version, whole or not at all.
    pub fn subscription(
        &mut self,
        subscription: &Subscription<'_>,
        version: Version,
        out: &mut impl Octets,
    ) -> Result<(), Short> {
        let (kind, body) = subscription.frame(version);
        self.gathered(kind, body, out)
    }

    /// Appends a command, whole or not at all.
    pub fn command(&mut self, command: &Command<'_>, out: &mut impl Octets) -> Result<(), Short> {
        if S::CLEAR {
            return command.encode(out);
        }
        self.gathered(FrameKind::Command, command.body(&mut [0; 2])?, out)
    }

    /// Appends the frame that lies plain at the start of `plain`, sealed. Its body lies behind its header, or else is
    /// all of `elsewhere`. Returns how long it was plain, header and body; nothing when there is no such frame.
    pub fn seal_plain(&mut self, plain: &[u8], elsewhere: &[u8], out: &mut impl Octets) -> Option<usize> {
        let header = Header::decode(plain).ok().flatten()?;
        let len = header.len.checked_add(header.body_len)?;
        let body = match plain.get(header.len..len) {
            Some(body) => body,
            None => Some(elsewhere).filter(|body| body.len() == header.body_len)?,
        };
        self.frame(header.kind, body, out).ok()?;
        Some(len)
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

impl Writer<Clear> {
    /// Appends the header of a frame whose body the caller sends from where it lies.
    pub fn header(&mut self, kind: FrameKind, body_len: usize, out: &mut impl Octets) -> Result<(), Short> {
        Header::encode(kind, body_len, out)
    }
}

/// How long the frame of a body of `len` octets is on the wire, at most `usize::MAX`.
#[inline]
pub(super) const fn frame_len<S: Seal>(len: usize) -> usize {
    let sealed = len.saturating_add(S::HEAD + S::TAIL);
    Header::len_for(sealed).saturating_add(sealed)
}

/// How long a message of these parts is on the wire where nothing seals it, in octets, at most `usize::MAX`.
pub fn message_len<'a>(parts: impl Iterator<Item = &'a [u8]>) -> usize {
    parts.fold(0, |len: usize, part| len.saturating_add(frame_len::<Clear>(part.len())))
}

/// Lays out a frame whose body is still plain. What did not fit may be there in part.
pub(super) fn frame_room<S: Seal>(kind: FrameKind, body: &[u8], out: &mut impl Octets) -> Result<(), Short> {
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
    use super::{Clear, Writer};
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
