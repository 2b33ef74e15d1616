//! How does a new connection become a peer's?

use super::driver::{HANG_UP, hang_up};
use crate::junction::{Caller, Junction, line};
use crate::transport::{Incoming, Outgoing};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use zeptomq_core::link::{COMMAND_LEN_MAX, Handshake, HandshakeError, Heartbeat, refusal};
use zeptomq_core::mechanism::{Mechanism, Open};
use zeptomq_core::pattern::Refused;
use zeptomq_core::peer::PeerId;
use zeptomq_core::wire::{Command, PeerInfo, SocketType, Version};

/// A connection whose handshake is over.
pub(super) struct Opened<M: Mechanism> {
    pub(super) peer: PeerId,
    pub(super) version: Version,
    pub(super) socket_type: Option<SocketType>,
    pub(super) open: M::Open,
    pub(super) seal: M::Seal,
    pub(super) out: Arc<Outgoing>,
    /// What arrived behind the handshake.
    pub(super) rest: Vec<u8>,
}

/// Why a connection did not become a peer's.
#[derive(Debug)]
pub(super) enum Failed {
    Protocol(HandshakeError),
    /// The peer sent us away, and why.
    SentAway(String),
    Transport(io::Error),
    Refused(Refused),
}

impl Failed {
    /// The handshake failed at what stands at the start of `input`.
    fn said(error: HandshakeError, input: &[u8]) -> Self {
        match refusal(input) {
            Some(reason) if error == HandshakeError::Refused => Self::SentAway(reason.escape_ascii().to_string()),
            _ => Self::Protocol(error),
        }
    }
}

/// What the peer said of itself.
struct Peer {
    metadata: Vec<u8>,
    version: Version,
}

/// Shakes hands and has the socket let the peer in.
pub(super) async fn shake<M: Mechanism>(
    mechanism: M,
    incoming: &mut Incoming,
    outgoing: Outgoing,
    junction: &Arc<dyn Junction>,
    caller: Caller<'_>,
) -> Result<Opened<M>, Failed> {
    let shared = junction.shared();
    // The deadline is the caller's: it includes connecting.
    let deadline = shared.now().after_ms(u32::MAX);
    let mut handshake = Handshake::new(mechanism, junction.socket_type(), COMMAND_LEN_MAX + 9, deadline);
    let mut input = Vec::new();
    let (open, seal, peer) = match converse(&mut handshake, incoming, &outgoing, junction, &mut input).await {
        Ok(peer) => match handshake.traffic() {
            Some((open, seal)) => (open, seal, peer),
            // The mechanism named the peer and has nothing more to say, and yet is not done.
            None => return Err(Failed::Protocol(HandshakeError::Rejected(zeptomq_core::mechanism::Rejected))),
        },
        Err(failed) => {
            if let Failed::Protocol(error) = &failed
                && let Some(reason) = error.reason_for_peer()
            {
                Box::pin(refuse(incoming, outgoing, reason)).await;
            }
            return Err(failed);
        }
    };
    let info = PeerInfo::decode(&peer.metadata).map_err(|error| Failed::Protocol(HandshakeError::Metadata(error)))?;
    let out = Arc::new(outgoing);
    let version = peer.version;
    let heartbeat = Heartbeat::new(shared.options.heartbeat, junction.socket_type(), version, shared.now());
    let clear = M::Open::CLEAR && out.is_open_to_callers();
    match junction.admit(caller, &info, line(out.clone(), clear, heartbeat)) {
        Ok(peer) => Ok(Opened { peer, socket_type: info.socket_type, version, open, seal, out, rest: input }),
        Err(error) => Err(Failed::Refused(error)),
    }
}

async fn converse<M: Mechanism>(
    handshake: &mut Handshake<M>,
    incoming: &mut Incoming,
    outgoing: &Outgoing,
    junction: &Arc<dyn Junction>,
    input: &mut Vec<u8>,
) -> Result<Peer, Failed> {
    let identity = &junction.shared().options.identity;
    let mut peer = None;
    loop {
        loop {
            let said = next(handshake, identity)?;
            if said.is_empty() {
                break;
            }
            write_all(outgoing, &said).await.map_err(Failed::Transport)?;
        }
        if let Some(peer) = peer {
            return Ok(peer);
        }
        // Nothing is kept for a peer that says nothing.
        poll_fn(|cx| incoming.poll_ready(cx)).await.map_err(Failed::Transport)?;
        if incoming.read_buf(input).await.map_err(Failed::Transport)? == 0 {
            return Err(Failed::Transport(io::ErrorKind::UnexpectedEof.into()));
        }
        let mut used = 0;
        while peer.is_none() {
            let rest = input.get_mut(used..).unwrap_or_default();
            let (step, introduced) = handshake.handle(rest).map_err(|error| Failed::said(error, rest))?;
            peer = introduced.map(|introduced| Peer {
                metadata: rest.get(introduced.metadata).unwrap_or_default().to_vec(),
                version: introduced.version,
            });
            used += step;
            if step == 0 {
                break;
            }
        }
        input.drain(..used);
    }
}

/// What is to be said next; nothing for now, if it is empty. Its room is not in the future, of which there may be thousands.
fn next<M: Mechanism>(handshake: &mut Handshake<M>, identity: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut out = [0; OUT_LEN];
    let said = handshake
        .poll_transmit(identity, &mut entropy, &mut out)
        .map_err(|_| Failed::Transport(io::Error::other("a command of ours is too long")))?;
    Ok(out.get(said).unwrap_or_default().to_vec())
}

/// Tells the peer why not, and hangs up so that it can hear that.
async fn refuse(incoming: &mut Incoming, outgoing: Outgoing, reason: &str) {
    let mut command = Vec::new();
    if Command::Error(reason.as_bytes()).encode(&mut command).is_ok() && write_all(&outgoing, &command).await.is_ok() {
        drop(outgoing);
        hang_up(incoming, HANG_UP).await;
    }
}

pub(super) async fn write_all(outgoing: &Outgoing, mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        let len = poll_fn(|cx| outgoing.poll_write(cx, &[IoSlice::new(octets)])).await?;
        octets = octets.get(len..).unwrap_or_default();
    }
    poll_fn(|cx| outgoing.poll_flush(cx)).await
}

/// The system's. Where it has none, the mechanism gets zeros and its peer cannot open what was sealed with them.
fn entropy(out: &mut [u8]) {
    if getrandom::fill(out).is_err() {
        out.fill(0);
    }
}

/// Holds the longest command that a mechanism of ours sends.
const OUT_LEN: usize = 1024;
