//! What does a network do to the frames between two stacks? All that it may, as a seed says.

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use zeptomq_tests::chance::Chance;

/// What may happen to a frame.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    pub(crate) medium: Medium,
    /// The longest frame, in octets.
    pub(crate) mtu: usize,
    /// How long a frame takes, in milliseconds; those that overtake others are reordered.
    pub(crate) delay_ms: Range<u64>,
    /// How often in a thousand times.
    pub(crate) lost: u64,
    pub(crate) corrupted: u64,
    pub(crate) duplicated: u64,
    /// When nothing passes, in milliseconds.
    pub(crate) outages: Vec<Range<i64>>,
}

impl Faults {
    /// A good network.
    pub(crate) fn none() -> Self {
        let (medium, mtu, delay_ms) = (Medium::Ip, 1500, 1..2);
        Self { medium, mtu, delay_ms, lost: 0, corrupted: 0, duplicated: 0, outages: Vec::new() }
    }
}

/// A segment that all stacks hear.
pub(crate) struct Wire {
    pub(crate) faults: Faults,
    pub(crate) now_ms: i64,
    /// How many frames were sent.
    pub(crate) frames: usize,
    chance: Chance,
    /// What is to arrive at whom, by when and in which order.
    coming: Vec<BTreeMap<(i64, usize), Vec<u8>>>,
}

pub(crate) type Shared = Rc<RefCell<Wire>>;

impl Wire {
    pub(crate) fn new(faults: Faults, ends: usize, seed: u64, now_ms: i64) -> Shared {
        let coming = vec![BTreeMap::new(); ends];
        Rc::new(RefCell::new(Self { faults, now_ms, frames: 0, chance: Chance(seed ^ 0x77), coming }))
    }

    /// When the next frame arrives there.
    pub(crate) fn next_at(&self, end: usize) -> Option<i64> {
        self.coming[end].first_key_value().map(|((at, _), _)| *at)
    }

    /// Puts a frame there that no stack sent.
    pub(crate) fn inject(&mut self, end: usize, frame: Vec<u8>) {
        self.frames += 1;
        self.coming[end].insert((self.now_ms, self.frames), frame);
    }

    /// What is on its way there is lost, for whoever was there is gone.
    pub(crate) fn clear(&mut self, end: usize) {
        self.coming[end].clear();
    }

    fn send(&mut self, from: usize, frame: &[u8]) {
        for to in (0..self.coming.len()).filter(|to| *to != from) {
            for _ in 0..1 + u32::from(self.chance.per_mille(self.faults.duplicated)) {
                self.carry(to, frame.to_vec());
            }
        }
    }

    fn carry(&mut self, to: usize, mut frame: Vec<u8>) {
        let now = self.now_ms;
        if self.chance.per_mille(self.faults.lost) || self.faults.outages.iter().any(|outage| outage.contains(&now)) {
            return;
        }
        if self.chance.per_mille(self.faults.corrupted) {
            corrupt(&mut frame, self.faults.medium, &mut self.chance);
        }
        self.frames += 1;
        let at = now + self.chance.of(self.faults.delay_ms.clone()) as i64;
        self.coming[to].insert((at, self.frames), frame);
    }
}

/// Changes an octet that a checksum covers: the network's own cards drop what is corrupted elsewhere.
fn corrupt(frame: &mut [u8], medium: Medium, chance: &mut Chance) {
    let start = match medium {
        Medium::Ip => 0,
        Medium::Ethernet if frame[12..14] == [8, 0] => 14,
        Medium::Ethernet => return,
    };
    let at = chance.of(start as u64..frame.len() as u64) as usize;
    frame[at] ^= chance.of(1..256) as u8;
}

/// A stack's end of the wire.
pub(crate) struct End {
    pub(crate) wire: Shared,
    pub(crate) index: usize,
}

pub(crate) struct Frame(Vec<u8>);

impl RxToken for Frame {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for &End {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        self.wire.borrow_mut().send(self.index, &frame);
        result
    }
}

impl Device for End {
    type RxToken<'a> = Frame;
    type TxToken<'a> = &'a Self;

    fn receive(&mut self, _: Instant) -> Option<(Frame, &Self)> {
        let mut wire = self.wire.borrow_mut();
        let now = wire.now_ms;
        let first = wire.coming[self.index].first_entry().filter(|entry| entry.key().0 <= now)?;
        let frame = Frame(first.remove());
        drop(wire);
        Some((frame, self))
    }

    fn transmit(&mut self, _: Instant) -> Option<&Self> {
        Some(self)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        let wire = self.wire.borrow();
        (capabilities.medium, capabilities.max_transmission_unit) = (wire.faults.medium, wire.faults.mtu);
        capabilities
    }
}
