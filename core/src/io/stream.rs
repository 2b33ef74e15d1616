//! How do octets get from one stream into its link and back?

use crate::mechanism::Mechanism;
use crate::peer::PeerId;
use crate::socket::Links;
use crate::time::Instant;
use embedded_io::{Read, ReadReady, Write, WriteReady};

/// What became of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Streamed {
    /// It goes on.
    Open,
    /// The peer closed it: detach the peer.
    Closed,
}

/// Moves what can be moved between the stream and the peer's link, without blocking; at most 32 reads, so that a peer
/// that never stops does not keep the others waiting. While the stream is ready to be read, and the peer's
/// [`Links::receive_window`] is not empty, there is more.
///
/// An error of the stream means that it is gone: detach the peer.
pub fn poll_stream<M, S>(
    links: &mut Links<'_, M>,
    peer: PeerId,
    stream: &mut S,
    entropy: &mut dyn FnMut(&mut [u8]),
    now: Instant,
) -> Result<Streamed, S::Error>
where
    M: Mechanism + Clone,
    S: Read + ReadReady + Write + WriteReady,
{
    for _ in 0..READS_MAX {
        // A stream that takes nothing more may have something to be read still: it is gone when that was read.
        let flushed = flush(links, peer, stream, entropy, now);
        let window = links.receive_window(peer, now);
        if window.is_empty() {
            return Ok(Streamed::Open);
        }
        if !stream.read_ready()? {
            return flushed;
        }
        match stream.read(window)? {
            0 => return Ok(Streamed::Closed),
            len => links.commit(peer, len, now),
        }
    }
    // Whether it is gone shows when it is polled again.
    let _ = flush(links, peer, stream, entropy, now);
    Ok(Streamed::Open)
}

/// Writes what is pending for the peer, as far as the stream takes it.
pub fn flush<M, S>(
    links: &mut Links<'_, M>,
    peer: PeerId,
    stream: &mut S,
    entropy: &mut dyn FnMut(&mut [u8]),
    now: Instant,
) -> Result<Streamed, S::Error>
where
    M: Mechanism + Clone,
    S: Write + WriteReady,
{
    loop {
        let pending = links.pending(peer, entropy, now);
        if pending.is_empty() || !stream.write_ready()? {
            return Ok(Streamed::Open);
        }
        match stream.write(pending)? {
            0 => return Ok(Streamed::Closed),
            len => links.advance(peer, len, now),
        }
    }
}

const READS_MAX: usize = 32;
