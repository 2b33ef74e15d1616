//! How fast is the wire under any library: ZMTP frames over a bare tokio stream.

use std::convert::Infallible;
use std::future::Future;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Peer;
use crate::body::{Checks, SEQUENCE_LEN};
use crate::child::Child;

pub(super) const PEER: Peer = Peer {
    name: "raw-tokio",
    about: || {
        Ok(format!(
            "tokio 1, current_thread, no library: ZMTP frames, {} KiB writes, {} KiB reads, copies in pieces of {COPY_LEN} B",
            WRITE_LEN / 1024,
            READ_LEN / 1024
        ))
    },
    push: |child| block_on(push(child)),
    pull: |child| block_on(pull(child)),
    req: |child| block_on(req(child)),
    rep: |child| block_on(rep(child)),
};

async fn push(child: &Child) -> Result<Infallible, String> {
    let mut stream = connect(child).await?;
    let mut stamps = child.stamps();
    let mut writes = Writes::default();
    loop {
        writes.frame(stamps.next_body(), &mut stream).await?;
    }
}

async fn pull(child: &Child) -> Result<Infallible, String> {
    let mut stream = accept(child).await?;
    let mut frames = Frames::new(child.checks());
    let mut block = vec![0; READ_LEN];
    let mut filled = 0;
    loop {
        filled += read(&mut stream, &mut block[filled..]).await?;
        let used = frames.take(&block[..filled])?;
        block.copy_within(used..filled, 0);
        filled -= used;
    }
}

async fn req(child: &Child) -> Result<Infallible, String> {
    let mut stream = connect(child).await?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let mut trips = child.round_trips();
    let mut writes = Writes::default();
    let mut block = vec![0; HEADER_LEN_MAX + child.body_len()];
    loop {
        let start_ns = crate::machine::now_ns();
        writes.frame(stamps.next_body(), &mut stream).await?;
        writes.flush(&mut stream).await?;
        checks.take(read_frame(&mut stream, &mut block).await?)?;
        trips.record(start_ns, crate::machine::now_ns());
    }
}

async fn rep(child: &Child) -> Result<Infallible, String> {
    let mut stream = accept(child).await?;
    let mut checks = child.checks();
    let mut writes = Writes::default();
    let mut block = vec![0; HEADER_LEN_MAX + child.body_len()];
    loop {
        let body = read_frame(&mut stream, &mut block).await?;
        checks.take(body)?;
        writes.frame(body, &mut stream).await?;
        writes.flush(&mut stream).await?;
    }
}

/// Frames on their way into writes of at most `WRITE_LEN` octets.
struct Writes {
    block: Box<[u8]>,
    filled: usize,
}

impl Default for Writes {
    fn default() -> Self {
        Self { block: vec![0; WRITE_LEN].into_boxed_slice(), filled: 0 }
    }
}

impl Writes {
    /// Copies a frame behind the others; whatever fills a write goes out.
    #[inline]
    async fn frame(&mut self, body: &[u8], stream: &mut (impl AsyncWrite + Unpin)) -> Result<(), String> {
        if self.fits(body) { Ok(()) } else { self.frame_by_pieces(body, stream).await }
    }

    /// Copies a whole short frame, or does nothing.
    #[inline]
    fn fits(&mut self, body: &[u8]) -> bool {
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

    async fn flush(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> Result<(), String> {
        stream.write_all(&self.block[..self.filled]).await.map_err(|error| format!("write: {error}"))?;
        self.filled = 0;
        Ok(())
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
struct Frames {
    checks: Checks,
    /// Octets of the last frame's body that are still to come.
    rest: usize,
}

impl Frames {
    fn new(checks: Checks) -> Self {
        Self { checks, rest: 0 }
    }

    /// Takes whole frame heads and what there is of bodies; returns the octets used.
    fn take(&mut self, input: &[u8]) -> Result<usize, String> {
        let mut at = self.rest.min(input.len());
        self.rest -= at;
        while let Some((header_len, body_len)) = header(&input[at..])? {
            let body = &input[at + header_len..];
            let Some(head) = body.first_chunk::<SEQUENCE_LEN>() else { break };
            self.checks.take_head(*head, body_len)?;
            let here = body_len.min(body.len());
            self.rest = body_len - here;
            at += header_len + here;
        }
        Ok(at)
    }
}

/// Lengths of a frame's header and body, when the header is whole.
#[inline]
fn header(input: &[u8]) -> Result<Option<(usize, usize)>, String> {
    match *input {
        [0, len, ..] => Ok(Some((2, usize::from(len)))),
        [LONG, ref rest @ ..] => Ok(rest.first_chunk().map(|len| (HEADER_LEN_MAX, u64::from_be_bytes(*len) as usize))),
        [] | [0] => Ok(None),
        [flags, ..] => Err(format!("frame flags 0x{flags:02X} are not those of a single message")),
    }
}

/// Reads exactly one frame, and no octet of the next, which is not asked for yet.
async fn read_frame<'a>(stream: &mut TcpStream, block: &'a mut [u8]) -> Result<&'a [u8], String> {
    let mut filled = 0;
    loop {
        filled += read(stream, &mut block[filled..]).await?;
        if let Some((header_len, body_len)) = header(&block[..filled])? {
            let len = header_len + body_len;
            if len > block.len() {
                return Err(format!("a body of {body_len} octets was received"));
            }
            if filled >= len {
                return Ok(&block[header_len..len]);
            }
        }
    }
}

async fn read(stream: &mut TcpStream, block: &mut [u8]) -> Result<usize, String> {
    match stream.read(block).await {
        Ok(0) => Err(String::from("the connection was closed")),
        Ok(len) => Ok(len),
        Err(error) => Err(format!("read: {error}")),
    }
}

async fn connect(child: &Child) -> Result<TcpStream, String> {
    let endpoint = child.endpoint()?;
    let stream = TcpStream::connect(endpoint).await.map_err(|error| format!("connect to {endpoint}: {error}"))?;
    without_delay(stream)
}

async fn accept(child: &Child) -> Result<TcpStream, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("bind: {error}"))?;
    child.announce(listener.local_addr().map_err(|error| format!("bind: {error}"))?);
    let (stream, _) = listener.accept().await.map_err(|error| format!("accept: {error}"))?;
    without_delay(stream)
}

fn without_delay(stream: TcpStream) -> Result<TcpStream, String> {
    stream.set_nodelay(true).map_err(|error| format!("set TCP_NODELAY: {error}"))?;
    Ok(stream)
}

fn block_on(role: impl Future<Output = Result<Infallible, String>>) -> Result<Infallible, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(|error| format!("start tokio: {error}"))?
        .block_on(role)
}

const WRITE_LEN: usize = 64 * 1024;
const READ_LEN: usize = 256 * 1024;
const COPY_LEN: usize = 1024;
const HEADER_LEN_MAX: usize = 9;
/// RFC 23 "Framing": bit 1 says that the length has eight octets.
const LONG: u8 = 0b10;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::body::Stamps;
    use crate::child::Meter;

    #[test]
    fn frames_are_found_wherever_a_read_ends() {
        for (body_len, read_len) in [(16, 1), (16, 7), (255, 100), (256, 11), (5000, 4096), (100_000, 9000)] {
            let sent = sent(body_len, 5);
            let meter = Arc::new(Meter::default());
            let mut frames = Frames::new(Checks::new(body_len, Arc::clone(&meter)));
            let mut input = Vec::new();
            for read in sent.chunks(read_len) {
                input.extend_from_slice(read);
                let used = frames.take(&input).unwrap();
                input.drain(..used);
            }
            assert_eq!((meter.counted(), input.len()), (5, 0), "{body_len} octets read by {read_len}");
        }
    }

    fn sent(body_len: usize, messages: usize) -> Vec<u8> {
        let mut stamps = Stamps::new(body_len);
        let mut writes = Writes::default();
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
