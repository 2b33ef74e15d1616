//! Where do messages lie until they have left?

use super::PushError;
use crate::link::CUTS_MAX;
use crate::link::writer::{self, Writer};
use crate::mechanism::Seal;
use crate::wire::{FrameKind, Header, Octets, Short};

/// An array of whole messages, each laid out as its frames will be on the wire and sealed when its turn comes.
#[derive(Debug)]
pub(super) struct Tx<const LEN: usize> {
    octets: [u8; LEN],
    /// Where the first message begins.
    start: u16,
    /// What was sent of it.
    sent: u16,
    /// Where the frame ends that is being sent; `sent` between two frames.
    frame_end: u16,
    /// Whether that frame is the last of its message.
    last: bool,
    /// Where the room begins.
    end: u16,
    /// How many connections were lost with the first message in the middle.
    cuts: u8,
}

impl<const LEN: usize> Tx<LEN> {
    pub(super) const EMPTY: Self = {
        assert!(LEN <= u16::MAX as usize, "a link's array holds at most 65,535 octets");
        Self { octets: [0; LEN], start: 0, sent: 0, frame_end: 0, last: true, end: 0, cuts: 0 }
    };

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the next octet to be sent is the first of a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.sent == self.frame_end
    }

    /// Whether a message of so many octets can be appended.
    pub(super) fn room_for(&self, len: usize) -> Result<(), PushError> {
        match LEN.checked_sub(len) {
            None => Err(PushError::NeverFits),
            Some(rest) if rest < usize::from(self.end - self.start) => Err(PushError::NoRoom),
            Some(_) => Ok(()),
        }
    }

    /// Appends a message of at least one part, whole or not at all.
    pub(super) fn push<'a, S: Seal>(&mut self, parts: impl Iterator<Item = &'a [u8]> + Clone) -> Result<(), Short> {
        self.make_room(message_len::<S>(parts.clone()))?;
        let mut parts = parts.peekable();
        while let Some(part) = parts.next() {
            writer::frame_room::<S>(FrameKind::part(parts.peek().is_some()), part, self)?;
        }
        Ok(())
    }

    /// The rest of the frame that is being sent, or else the next frame, sealed now.
    pub(super) fn pending<S: Seal>(&mut self, writer: &mut Writer<S>) -> &[u8] {
        if self.is_between_frames() && self.sent != self.end {
            let (start, end) = (usize::from(self.sent), usize::from(self.end));
            let rest = self.octets.get_mut(start..end).unwrap_or_default();
            if let Ok(Some(header)) = Header::decode(rest) {
                let len = header.len + header.body_len as usize;
                if let Some(frame) = rest.get_mut(..len) {
                    writer.seal_in_place(header.kind, frame);
                    self.last = header.kind == FrameKind::Last;
                    self.frame_end = self.sent + len as u16;
                }
            }
        }
        self.octets.get(usize::from(self.sent)..usize::from(self.frame_end)).unwrap_or_default()
    }

    /// So many octets of the pending frame were sent. Whether a message was sent with them.
    pub(super) fn advance(&mut self, len: usize) -> bool {
        self.sent = self.frame_end.min(self.sent.saturating_add(len as u16));
        let message_sent = self.last && self.is_between_frames() && self.sent != self.start;
        if message_sent {
            (self.start, self.cuts) = (self.sent, 0);
            if self.is_empty() {
                self.clear();
            }
        }
        message_sent
    }

    /// Starts the first message over. Frames that were sealed cannot be: then their message is dropped, and counted. So
    /// is one that was cut several times in a row: it is taken to be what ends the connections.
    pub(super) fn rewind(&mut self, clear: bool) -> usize {
        let begun = if clear { self.sent != self.start } else { self.frame_end != self.start };
        self.cuts += u8::from(begun);
        if !begun || (clear && self.cuts < CUTS_MAX) {
            (self.sent, self.frame_end) = (self.start, self.start);
            return 0;
        }
        let (mut at, mut last) = (self.frame_end, self.last);
        while !last {
            let Some(header) = self.header(at) else { break };
            last = header.kind == FrameKind::Last;
            at = self.end.min(at.saturating_add((header.len + header.body_len as usize) as u16));
        }
        (self.start, self.sent, self.frame_end, self.cuts) = (at, at, at, 0);
        if self.is_empty() {
            self.clear();
        }
        1
    }

    /// Drops all messages and counts them.
    pub(super) fn discard(&mut self) -> usize {
        let (mut at, mut count) = (self.frame_end, 0);
        if self.frame_end != self.start && self.last {
            count += 1;
        }
        while let Some(header) = self.header(at) {
            count += usize::from(header.kind == FrameKind::Last);
            at = self.end.min(at.saturating_add((header.len + header.body_len as usize) as u16));
        }
        self.clear();
        count
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.sent, self.frame_end, self.last, self.end, self.cuts) = (0, 0, 0, true, 0, 0);
    }

    fn header(&self, at: u16) -> Option<Header> {
        Header::decode(self.octets.get(usize::from(at)..usize::from(self.end))?).ok().flatten()
    }

    fn make_room(&mut self, len: usize) -> Result<(), Short> {
        let used = usize::from(self.end - self.start);
        if len > LEN - used.min(LEN) {
            return Err(Short);
        }
        if self.fits(len).is_err() {
            super::shift_down(&mut self.octets, usize::from(self.start), usize::from(self.end), 0);
            self.sent -= self.start;
            self.frame_end -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        Ok(())
    }
}

impl<const LEN: usize> Octets for Tx<LEN> {
    fn fits(&self, len: usize) -> Result<(), Short> {
        if len <= LEN - usize::from(self.end).min(LEN) { Ok(()) } else { Err(Short) }
    }

    fn put(&mut self, octets: &[u8]) -> Result<(), Short> {
        crate::wire::copy(self.extend(octets.len())?, octets);
        Ok(())
    }

    fn extend(&mut self, len: usize) -> Result<&mut [u8], Short> {
        let start = usize::from(self.end);
        let end = start.checked_add(len).ok_or(Short)?;
        let room = self.octets.get_mut(start..end).ok_or(Short)?;
        self.end = end as u16;
        Ok(room)
    }
}

/// How long a message is on the wire, in octets.
pub(super) fn message_len<'a, S: Seal>(parts: impl Iterator<Item = &'a [u8]>) -> usize {
    parts.fold(0, |len: usize, part| len.saturating_add(writer::frame_len::<S>(part.len())))
}

#[cfg(test)]
mod tests {
    use super::Tx;
    use crate::link::Writer;
    use crate::mechanism::Clear;

    fn push<const LEN: usize>(tx: &mut Tx<LEN>, body: &[u8]) {
        assert!(tx.push::<Clear>([body].into_iter()).is_ok());
    }

    fn pending<const LEN: usize>(tx: &mut Tx<LEN>) -> &[u8] {
        tx.pending(&mut Writer::new(Clear))
    }

    #[test]
    fn room_is_made_while_a_message_is_being_sent() {
        let mut tx = Tx::<12>::EMPTY;
        push(&mut tx, b"abc");
        push(&mut tx, b"de");
        assert_eq!(pending(&mut tx), b"\0\x03abc");
        assert!(tx.advance(5));
        assert_eq!(pending(&mut tx), b"\0\x02de");
        assert!(!tx.advance(3));
        push(&mut tx, b"fghij");
        assert_eq!(pending(&mut tx), b"e");
        assert!(tx.advance(1));
        assert_eq!(pending(&mut tx), b"\0\x05fghij");
    }

    #[test]
    fn a_message_that_is_cut_again_and_again_makes_way() {
        let mut tx = Tx::<32>::EMPTY;
        push(&mut tx, b"long");
        push(&mut tx, b"next");
        for dropped in [0, 0, 1] {
            assert_eq!(pending(&mut tx), b"\0\x04long");
            tx.advance(3);
            assert_eq!(tx.rewind(true), dropped);
        }
        assert_eq!(pending(&mut tx), b"\0\x04next");
        assert_eq!((tx.rewind(true), pending(&mut tx)), (0, &b"\0\x04next"[..]));
    }
}
