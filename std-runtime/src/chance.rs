//! What happens in tests that try many things? The same in each run.

use crate::message::Message;

/// Numbers that look random (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, below: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % below) as usize
    }

    /// Of any shape that is kept in a way of its own.
    pub(crate) fn message(&mut self) -> Message {
        let lens = [0, 1, 31, 32, 255, 256, 3000, 9000, 70_000];
        let body = vec![self.below(256) as u8; lens[self.below(40).min(8)]];
        match self.below(6) {
            0 => Message::from(body),
            1 => Message::multipart([&[][..], &body]),
            topic => Message::multipart([&b"abcdef"[..topic], &body, b"end"]),
        }
    }
}
