//! What is a mechanism that hides, proves and counts, and is quick? A stand-in for one with real secrets.
//!
//! ```text
//!  inner kind (1)  count (4)   the body, masked   hash of all before (4)
//! ```

use core::ops::Range;

use zeptomq_core::mechanism::{Mechanism, Null, Open, Rejected, Seal};
use zeptomq_core::wire::PeerInfo;
use zeptomq_core::wire::greeting::MechanismName;
use zeptomq_core::wire::{FrameKind, Short};

/// One direction: how many frames it has carried.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tag {
    count: u32,
}

/// The commands of NULL, then traffic with tags.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tagged(Null);

impl Mechanism for Tagged {
    const NAME: MechanismName = MechanismName::new("TAG");
    type Open = Tag;
    type Seal = Tag;

    fn as_server(&self) -> bool {
        false
    }

    fn handle(&mut self, command: &mut [u8]) -> Result<Option<Range<usize>>, Rejected> {
        self.0.handle(command)
    }

    fn poll_command(
        &mut self,
        info: &PeerInfo<'_>,
        entropy: &mut dyn FnMut(&mut [u8]),
        out: &mut [u8],
    ) -> Result<usize, Short> {
        self.0.poll_command(info, entropy, out)
    }

    fn traffic(&mut self) -> Option<(Tag, Tag)> {
        self.0.traffic().map(|_| (Tag::default(), Tag::default()))
    }
}

impl Open for Tag {
    const CLEAR: bool = false;
    const HEAD: usize = HEAD;
    const TAIL: usize = TAIL;

    fn open(&mut self, outer: FrameKind, body: &mut [u8]) -> Result<FrameKind, Rejected> {
        let (sealed, tail) = body.split_last_chunk().ok_or(Rejected)?;
        let hashed = hash(sealed) == u32::from_be_bytes(*tail);
        let len = sealed.len();
        let (head, plain) = body[..len].split_first_chunk_mut::<HEAD>().ok_or(Rejected)?;
        let [kind, count @ ..] = *head;
        if outer != FrameKind::Last || !hashed || u32::from_be_bytes(count) != self.count {
            return Err(Rejected);
        }
        self.count += 1;
        mask(plain);
        FrameKind::from_flags(kind).map_err(|_| Rejected)
    }
}

impl Seal for Tag {
    const CLEAR: bool = false;
    const HEAD: usize = HEAD;
    const TAIL: usize = TAIL;

    fn seal(&mut self, kind: FrameKind, body: &mut [u8]) -> FrameKind {
        let (sealed, tail) = body.split_last_chunk_mut::<TAIL>().expect("a sealed body has a tail");
        let (head, plain) = sealed.split_first_chunk_mut::<HEAD>().expect("a sealed body has a head");
        head[0] = kind.flags();
        head[1..].copy_from_slice(&self.count.to_be_bytes());
        self.count += 1;
        mask(plain);
        *tail = hash(sealed).to_be_bytes();
        FrameKind::Last
    }
}

const HEAD: usize = 5;
const TAIL: usize = 4;

fn mask(octets: &mut [u8]) {
    for octet in octets {
        *octet ^= 0xa5;
    }
}

/// FNV-1a.
fn hash(octets: &[u8]) -> u32 {
    octets.iter().fold(0x811c_9dc5, |hash, octet| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}
