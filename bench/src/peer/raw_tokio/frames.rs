//! Frames of ZMTP, written in large blocks and found in what was read.

use std::mem;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::body::{Checks, SEQUENCE_LEN};

/// Frames on their way into large writes.
pub(super) struct Writes {
    block: Box<[u8]>,
    filled: usize,
}

impl Writes {
    /// Writes of at most `len` octets.
    pub(super) fn of(len: usize) -> Self {
        Self { block: vec![0; len].into_boxed_slice(), filled: 0 }
    }

    /// Copies a frame behind the others; whatever fills a write goes out.
    #[inline]
    pub(super) async fn frame(&mut self, body: &[u8], stream: &mut (impl AsyncWrite + Unpin)) -> Result<(), String> {
        if self.fits(body) { Ok(()) } else { self.frame_by_pieces(body, stream).await }
    }

    /// Copies a whole short frame, or does nothing.
    #[inline]
    pub(super) fn fits(&mut self, body: &[u8]) -> bool {
        let Ok(len) = u8::try_from(body.len()) else { return false };
        let Some(room) = self.block[self.filled..].get_mut(..2 + body.len()) else { return false };
        room[0] = 0;
        room[1] = len;
        room[2..].copy_from_slice(body);
        self.filled += room.len();
        true
    }

    async fn frame_by_pieces(&mut self, mut body: &[u8], stream: &mut (impl AsyncWrite + Unpin)) -> Result<(), String> {
        if self.room() < HEADER_LEN_MAX + body.len().min(COPY_LEN) {
            self.flush(stream).await?;
        }
        match u8::try_from(body.len()) {
            Ok(len) => self.copy(&[0, len]),
            Err(_) => {
                self.copy(&[LONG]);
                self.copy(&(body.len() as u64).to_be_bytes());
            }
        }
        while body.len() > self.room() {
            let (now, later) = body.split_at(self.room());
            self.copy(now);
            self.flush(stream).await?;
            body = later;
        }
        self.copy(body);
        Ok(())
    }

    pub(super) async fn flush(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> Result<(), String> {
        stream.write_all(&self.block[..self.filled]).await.map_err(|error| format!("write: {error}"))?;
        self.filled = 0;
        Ok(())
    }

    /// Whether a frame with this body fits behind the others.
    pub(super) fn has_room_for(&self, body_len: usize) -> bool {
        self.room() >= HEADER_LEN_MAX + body_len
    }

    /// The frames that no write has taken yet, which are forgotten then.
    pub(super) fn drain(&mut self) -> &[u8] {
        &self.block[..mem::take(&mut self.filled)]
    }

    fn room(&self) -> usize {
        self.block.len() - self.filled
    }

    /// glibc's copy of 2 KiB and more falls to 2 GB/s on some CPUs when the destination lies a few octets
    /// further into its page than the source, as a body behind its header does. Small pieces do not.
    fn copy(&mut self, octets: &[u8]) {
        for piece in octets.chunks(COPY_LEN) {
            self.block[self.filled..self.filled + piece.len()].copy_from_slice(piece);
            self.filled += piece.len();
        }
    }
}

/// Finds frames in what was read. Bodies are checked where they lie and never gathered, so that the wire's own
/// speed is measured at any length.
#[derive(Default)]
pub(super) struct Frames {
    /// Octets of the last frame's body that are still to come.
    rest: usize,
}

impl Frames {
    /// Takes whole frame heads and what there is of bodies; returns the octets used.
    pub(super) fn take(&mut self, input: &[u8], checks: &mut Checks) -> Result<usize, String> {
        let mut at = self.rest.min(input.len());
        self.rest -= at;
        while let Some((header_len, body_len)) = header(&input[at..])? {
            let body = &input[at + header_len..];
            let Some(head) = body.first_chunk::<SEQUENCE_LEN>() else { break };
            checks.take_head(*head, body_len)?;
            let here = body_len.min(body.len());
            self.rest = body_len - here;
            at += header_len + here;
        }
        Ok(at)
    }
}

/// Lengths of a frame's header and body, when the header is whole.
#[inline]
pub(super) fn header(input: &[u8]) -> Result<Option<(usize, usize)>, String> {
    match *input {
        [0, len, ..] => Ok(Some((2, usize::from(len)))),
        [LONG, ref rest @ ..] => Ok(rest.first_chunk().map(|len| (HEADER_LEN_MAX, u64::from_be_bytes(*len) as usize))),
        [] | [0] => Ok(None),
        [flags, ..] => Err(format!("frame flags 0x{flags:02X} are not those of a single message")),
    }
}

pub(super) const COPY_LEN: usize = 1024;
pub(super) const HEADER_LEN_MAX: usize = 9;
/// RFC 23 "Framing": bit 1 says that the length has eight octets.
const LONG: u8 = 0b10;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::body::{Order, Stamps};
    use crate::meter::Meter;

    #[test]
    fn frames_are_found_wherever_a_read_ends() {
        for (body_len, read_len) in [(16, 1), (16, 7), (255, 100), (256, 11), (5000, 4096), (100_000, 9000)] {
            let sent = sent(body_len, 5);
            let meter = Arc::new(Meter::new(1));
            let mut checks = Checks::new(body_len, 1, Order::Whole, 0, Arc::clone(&meter));
            let mut frames = Frames::default();
            let mut input = Vec::new();
            for read in sent.chunks(read_len) {
                input.extend_from_slice(read);
                let used = frames.take(&input, &mut checks).unwrap();
                input.drain(..used);
            }
            assert_eq!((meter.counts().received, input.len()), (5, 0), "{body_len} octets read by {read_len}");
        }
    }

    fn sent(body_len: usize, messages: usize) -> Vec<u8> {
        let mut stamps = Stamps::new(body_len, 0);
        let mut writes = Writes::of(64 * 1024);
        let mut wire = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..messages {
                writes.frame(stamps.next_body(), &mut wire).await.unwrap();
            }
            writes.flush(&mut wire).await.unwrap();
        });
        wire
    }

    #[test]
    fn a_frame_of_other_flags_is_a_fault() {
        assert!(header(&[1, 4]).is_err());
        assert!(header(&[4, 4]).is_err());
    }
}
