//! What do all links of a socket have in common?

use crate::backoff::Backoff;
use crate::link::HeartbeatSetup;
use crate::wire::copy;
use crate::wire::metadata::{MetadataError, check_identity};

/// What the links of a socket have in common. In a constant: `Setup { handshake_ms: 500, ..Setup::DEFAULT }`.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// What we call ourselves.
    pub identity: Name,
    /// How links are kept alive.
    pub heartbeat: HeartbeatSetup,
    /// How long a handshake may take, in milliseconds.
    pub handshake_ms: u32,
    /// How long to wait before connecting again.
    pub reconnect: Backoff,
    /// With the feature `pieces`: the longest frame that is received though it does not fit, in octets. It comes in pieces:
    /// see [`Extent`](super::Extent). 0: none is, and who sends one is disconnected.
    pub large_len_max: usize,
}

/// A name of at most 32 octets.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    octets: [u8; NAME_LEN_MAX],
    len: u8,
}

impl Setup {
    /// No name, a PING every 10 s, 2 s for a handshake, and a delay from 100 ms to 10 s before connecting again.
    pub const DEFAULT: Self = Self {
        identity: Name::NONE,
        heartbeat: HeartbeatSetup::DEFAULT,
        handshake_ms: 2000,
        reconnect: Backoff::DEFAULT,
        large_len_max: 0,
    };
}

impl Name {
    /// No name.
    pub const NONE: Self = Self { octets: [0; NAME_LEN_MAX], len: 0 };

    /// A name of at most 32 octets, the first of them not zero; empty for none.
    pub fn new(octets: &[u8]) -> Result<Self, MetadataError> {
        check_identity(octets)?;
        let mut name = Self::NONE;
        copy(name.octets.get_mut(..octets.len()).ok_or(MetadataError::BadIdentity)?, octets);
        name.len = octets.len() as u8;
        Ok(name)
    }

    /// Its octets.
    pub fn as_octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

const NAME_LEN_MAX: usize = 32;
