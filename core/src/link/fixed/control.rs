//! Where do our own commands lie until they have left?

use crate::link::writer::Writer;
use crate::mechanism::Seal;
use crate::wire::{Command, Short, Window};

/// An array that is filled when it is empty and sent before the next message.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Control {
    start: u8,
    end: u8,
    octets: [u8; CONTROL_LEN],
}

/// A greeting; or a READY with an identity of 32 octets (77 octets); or what says a topic of 64, with 35 for a seal.
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
        super::between(&self.octets, self.start.into(), self.end.into())
    }

    pub(super) fn advance(&mut self, len: usize) {
        self.start = self.end.min(self.start.saturating_add(len.min(CONTROL_LEN) as u8));
        if self.start == self.end {
            self.clear();
        }
    }

    /// Writes a command behind what is there, by what seals if there is something yet; or nothing, where there is no room.
    #[inline(never)]
    pub(super) fn command<S: Seal>(&mut self, command: &Command<'_>, writer: Option<&mut Writer<S>>) {
        self.write(|room| match writer {
            Some(writer) => writer.command(command, room),
            None => command.encode(room),
        });
    }

    /// Writes behind what is there, as far as there is room.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Window<'_>) -> Result<(), Short>) {
        let mut room = Window::new(self.room());
        // Nothing partial counts as written.
        let len = write(&mut room).map_or(0, |()| room.len());
        self.commit(len);
    }

    /// All of the room, to be written from its start; then `commit`.
    pub(super) fn room(&mut self) -> &mut [u8] {
        super::between_mut(&mut self.octets, self.end.into(), CONTROL_LEN as u16)
    }

    pub(super) fn commit(&mut self, len: usize) {
        self.end = self.end.saturating_add(len as u8);
    }
}
