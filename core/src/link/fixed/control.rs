//! Where do our own commands lie until they have left?

use crate::link::writer::Writer;
use crate::mechanism::{Clear, Seal};
use crate::wire::{Command, FrameKind, Window};
use core::ops::Range;

/// An array that is filled when it is empty and sent before the next message.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Control {
    start: u16,
    end: u16,
    octets: [u8; CONTROL_LEN],
}

/// A greeting; or a READY with an identity of 32 octets (84 octets, its header as the longest); or what says a topic of 64,
/// with 35 for a seal.
const CONTROL_LEN: usize = 112;

impl Control {
    pub(super) const EMPTY: Self = Self { octets: [0; CONTROL_LEN], start: 0, end: 0 };

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn pending(&self) -> &[u8] {
        super::between(&self.octets, self.start, self.end)
    }

    pub(super) fn advance(&mut self, len: usize) {
        self.start = self.end.min(self.start.saturating_add(len.min(CONTROL_LEN) as u16));
        if self.start == self.end {
            self.clear();
        }
    }

    /// Writes a command behind what is there, by what seals if there is something yet; or nothing, where there is no room.
    #[inline]
    pub(super) fn command<S: Seal>(&mut self, command: &Command<'_>, writer: Option<&mut Writer<S>>) {
        let mut number = [0; 2];
        if let Ok(body) = command.body(&mut number) {
            self.frame(FrameKind::Command, body, writer);
        }
    }

    /// The same of a frame whose body is in pieces.
    #[inline(never)]
    pub(super) fn frame<S: Seal>(&mut self, kind: FrameKind, body: [&[u8]; 3], writer: Option<&mut Writer<S>>) {
        let mut room = Window::new(self.room());
        // One that does not seal writes no other octets than none: there is one code for both.
        let written = match writer.filter(|_| !S::CLEAR) {
            Some(writer) => writer.gathered(kind, body, &mut room),
            None => Writer::new(Clear).gathered(kind, body, &mut room),
        };
        // Nothing partial counts as written.
        let len = written.map_or(0, |()| room.len());
        self.end += len as u16;
    }

    /// All of the room. What is written there is not pending before `commit`, and only where nothing else is.
    pub(super) fn room(&mut self) -> &mut [u8] {
        super::between_mut(&mut self.octets, self.end, CONTROL_LEN as u16)
    }

    pub(super) fn commit(&mut self, written: Range<usize>) {
        (self.start, self.end) = (written.start as u16, written.end as u16);
    }
}
