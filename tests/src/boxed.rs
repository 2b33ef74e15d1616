//! What does a mechanism look like that hides frames and makes them longer? TESTBOX: the shape of one, and no security.
//!
//! ```text
//!  client          server          a frame:  07 "MESSAGE"  counter (8)  kind  body  checksum (16)
//!    HELLO ────────►                         └───────── HEAD, 17 ─────────┘        └─ TAIL, 16 ─┘
//!         ◄──────── WELCOME
//!    INITIATE ─────►  metadata, sealed       kind, body and checksum are mixed with a keystream that the counter
//!         ◄──────── READY  metadata, sealed  and both sides' nonces choose
//! ```

use crate::chance::mix;
use std::ops::Range;
use zeptomq_core::mechanism::{Mechanism, Open, Rejected, Seal};
use zeptomq_core::wire::greeting::MechanismName;
use zeptomq_core::wire::{FrameKind, PeerInfo, Short};

/// One side of its handshake.
#[derive(Clone, Copy, Debug)]
pub struct TestBox {
    secret: u64,
    awaits: Awaits,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Awaits {
    // The client.
    SendingHello,
    Welcome { client: u64 },
    SendingInitiate(Keys),
    Ready(Keys),
    // The server.
    Hello,
    SendingWelcome { client: u64 },
    Initiate(Keys),
    SendingReady(Keys),
    // Both.
    Traffic { inward: Key, outward: Key },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Keys {
    to_server: Key,
    to_client: Key,
}

/// A direction's key, and the number of its next box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Key {
    key: u64,
    counter: u64,
}

/// Opens what arrives.
#[derive(Debug)]
pub struct BoxOpen(Key);

/// Seals what leaves.
#[derive(Debug)]
pub struct BoxSeal(Key);

impl TestBox {
    /// The side that connects, or speaks first at any rate.
    pub const fn client(secret: u64) -> Self {
        Self { secret, awaits: Awaits::SendingHello }
    }

    /// The side that is connected to.
    pub const fn server(secret: u64) -> Self {
        Self { secret, awaits: Awaits::Hello }
    }

    fn keys(&self, client: u64, server: u64) -> Keys {
        let key = |direction| Key { key: mix(mix(mix(self.secret) ^ client) ^ server) ^ direction, counter: 0 };
        Keys { to_server: key(1), to_client: key(2) }
    }
}

impl Mechanism for TestBox {
    const NAME: MechanismName = MechanismName::new("TESTBOX");
    type Open = BoxOpen;
    type Seal = BoxSeal;

    fn as_server(&self) -> bool {
        matches!(
            self.awaits,
            Awaits::Hello | Awaits::SendingWelcome { .. } | Awaits::Initiate(_) | Awaits::SendingReady(_)
        )
    }

    fn handle(&mut self, command: &mut [u8]) -> Result<Option<Range<usize>>, Rejected> {
        let (name, range) = match self.awaits {
            Awaits::Welcome { client } => {
                let server = nonce(command, b"\x07WELCOME")?;
                self.awaits = Awaits::SendingInitiate(self.keys(client, server));
                return Ok(None);
            }
            Awaits::Hello => {
                self.awaits = Awaits::SendingWelcome { client: nonce(command, b"\x05HELLO")? };
                return Ok(None);
            }
            Awaits::Ready(_) => (&b"\x05READY"[..], 6..command.len()),
            Awaits::Initiate(_) => (&b"\x08INITIATE"[..], 9..command.len()),
            _ => return Err(Rejected),
        };
        if !command.starts_with(name) {
            return Err(Rejected);
        }
        let sealed = command.get_mut(range.clone()).ok_or(Rejected)?;
        self.awaits = match self.awaits {
            Awaits::Ready(mut keys) => {
                keys.to_client.open(sealed)?;
                Awaits::Traffic { inward: keys.to_client, outward: keys.to_server }
            }
            Awaits::Initiate(mut keys) => {
                keys.to_server.open(sealed)?;
                Awaits::SendingReady(keys)
            }
            _ => return Err(Rejected),
        };
        Ok(Some(range.start..range.end - CHECKSUM_LEN))
    }

    fn poll_command(
        &mut self,
        info: &PeerInfo<'_>,
        entropy: &mut dyn FnMut(&mut [u8]),
        out: &mut [u8],
    ) -> Result<usize, Short> {
        let mut fresh = || {
            let mut octets = [0; 8];
            entropy(&mut octets);
            u64::from_be_bytes(octets)
        };
        let mut metadata = Vec::new();
        info.encode(&mut metadata)?;
        match self.awaits {
            Awaits::SendingHello => {
                let client = fresh();
                let len = write(out, &[b"\x05HELLO", &client.to_be_bytes()])?;
                self.awaits = Awaits::Welcome { client };
                Ok(len)
            }
            Awaits::SendingWelcome { client } => {
                let server = fresh();
                let len = write(out, &[b"\x07WELCOME", &server.to_be_bytes()])?;
                self.awaits = Awaits::Initiate(self.keys(client, server));
                Ok(len)
            }
            Awaits::SendingInitiate(mut keys) => {
                let len = write(out, &[b"\x08INITIATE", &metadata, &[0; CHECKSUM_LEN]])?;
                keys.to_server.seal(&mut out[9..len]);
                self.awaits = Awaits::Ready(keys);
                Ok(len)
            }
            Awaits::SendingReady(mut keys) => {
                let len = write(out, &[b"\x05READY", &metadata, &[0; CHECKSUM_LEN]])?;
                keys.to_client.seal(&mut out[6..len]);
                self.awaits = Awaits::Traffic { inward: keys.to_server, outward: keys.to_client };
                Ok(len)
            }
            _ => Ok(0),
        }
    }

    fn traffic(&mut self) -> Option<(BoxOpen, BoxSeal)> {
        match self.awaits {
            Awaits::Traffic { inward, outward } => Some((BoxOpen(inward), BoxSeal(outward))),
            _ => None,
        }
    }
}

impl Open for BoxOpen {
    const CLEAR: bool = false;
    const HEAD: usize = HEAD;
    const TAIL: usize = CHECKSUM_LEN;

    fn open(&mut self, outer: FrameKind, body: &mut [u8]) -> Result<FrameKind, Rejected> {
        if outer != FrameKind::Last || !body.starts_with(MESSAGE) || body[8..16] != self.0.counter.to_be_bytes() {
            return Err(Rejected);
        }
        self.0.open(&mut body[16..])?;
        match body[16] {
            0 => Ok(FrameKind::Last),
            1 => Ok(FrameKind::More),
            2 => Ok(FrameKind::Command),
            _ => Err(Rejected),
        }
    }
}

impl Seal for BoxSeal {
    const CLEAR: bool = false;
    const HEAD: usize = HEAD;
    const TAIL: usize = CHECKSUM_LEN;

    fn seal(&mut self, kind: FrameKind, body: &mut [u8]) -> FrameKind {
        body[..8].copy_from_slice(MESSAGE);
        body[8..16].copy_from_slice(&self.0.counter.to_be_bytes());
        body[16] = match kind {
            FrameKind::Last => 0,
            FrameKind::More => 1,
            FrameKind::Command => 2,
        };
        self.0.seal(&mut body[16..]);
        FrameKind::Last
    }
}

impl Key {
    /// Puts the checksum behind the text and hides both.
    fn seal(&mut self, octets: &mut [u8]) {
        let (text, checksum) = octets.split_at_mut(octets.len() - CHECKSUM_LEN);
        checksum.copy_from_slice(&self.checksum(text));
        self.stir(octets);
    }

    /// Shows the text and compares the checksum.
    fn open(&mut self, octets: &mut [u8]) -> Result<(), Rejected> {
        let text_len = octets.len().checked_sub(CHECKSUM_LEN).ok_or(Rejected)?;
        let before = *self;
        self.stir(octets);
        let (text, checksum) = octets.split_at(text_len);
        if checksum == before.checksum(text) { Ok(()) } else { Err(Rejected) }
    }

    /// Mixes the octets with the keystream of the present counter, and goes on to the next.
    fn stir(&mut self, octets: &mut [u8]) {
        let mut state = mix(self.key ^ mix(self.counter));
        for chunk in octets.chunks_mut(8) {
            state = mix(state);
            for (octet, key) in chunk.iter_mut().zip(state.to_be_bytes()) {
                *octet ^= key;
            }
        }
        self.counter += 1;
    }

    fn checksum(&self, text: &[u8]) -> [u8; CHECKSUM_LEN] {
        let word = |chunk: &[u8]| chunk.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
        let start = |counter| mix(self.key ^ mix(counter) ^ text.len() as u64);
        let sum = |counter| text.chunks(8).fold(start(counter), |sum, chunk| mix(sum ^ word(chunk)));
        let mut checksum = [0; CHECKSUM_LEN];
        checksum[..8].copy_from_slice(&sum(self.counter).to_be_bytes());
        checksum[8..].copy_from_slice(&sum(!self.counter).to_be_bytes());
        checksum
    }
}

const MESSAGE: &[u8] = b"\x07MESSAGE";
const HEAD: usize = 17;
const CHECKSUM_LEN: usize = 16;

fn nonce(command: &[u8], name: &[u8]) -> Result<u64, Rejected> {
    let octets = command.strip_prefix(name).and_then(|nonce| nonce.try_into().ok()).ok_or(Rejected)?;
    Ok(u64::from_be_bytes(octets))
}

fn write(out: &mut [u8], pieces: &[&[u8]]) -> Result<usize, Short> {
    let octets = pieces.concat();
    out.get_mut(..octets.len()).ok_or(Short)?.copy_from_slice(&octets);
    Ok(octets.len())
}
