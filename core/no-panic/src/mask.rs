//! What does a mechanism look like that has room to add and may refuse? A stand-in, for code that is generic over one.

use core::ops::Range;

use zeptomq_core::mechanism::{Mechanism, Open, Rejected, Seal};
use zeptomq_core::wire::greeting::MechanismName;
use zeptomq_core::wire::{FrameKind, PeerInfo, Short, Window};

use crate::unknown::{either, keep, octet, octets, size};

/// A handshake that goes anywhere, before traffic behind a mask.
#[derive(Clone, Copy)]
pub struct Mask;

impl Mechanism for Mask {
    const NAME: MechanismName = MechanismName::new("MASK");
    type Open = Self;
    type Seal = Self;

    fn as_server(&self) -> bool {
        either()
    }

    fn handle(&mut self, command: &mut [u8]) -> Result<Option<Range<usize>>, Rejected> {
        octets(command);
        if either() { Ok(either().then(|| size()..size())) } else { Err(Rejected) }
    }

    fn poll_command(
        &mut self,
        info: &PeerInfo<'_>,
        entropy: &mut dyn FnMut(&mut [u8]),
        out: &mut [u8],
    ) -> Result<usize, Short> {
        keep(info.encode(&mut Window::new(out)));
        entropy(out);
        if either() { Ok(size()) } else { Err(Short) }
    }

    fn traffic(&mut self) -> Option<(Self, Self)> {
        either().then_some((Self, Self))
    }
}

impl Open for Mask {
    const CLEAR: bool = false;
    const HEAD: usize = 17;
    const TAIL: usize = 16;

    fn open(&mut self, _outer: FrameKind, body: &mut [u8]) -> Result<FrameKind, Rejected> {
        octets(body);
        FrameKind::from_flags(octet()).map_err(|_| Rejected)
    }
}

impl Seal for Mask {
    const CLEAR: bool = false;
    const HEAD: usize = 17;
    const TAIL: usize = 16;

    fn seal(&mut self, kind: FrameKind, body: &mut [u8]) -> FrameKind {
        octets(body);
        kind
    }
}
