//! Where does a fixed socket keep its links and their octets?

use super::tally::Tally;
use super::{Failure, PeerStatus, SendError};
use crate::link::{FixedLink, FixedMessage, Outgoing};
use crate::mechanism::Mechanism;
use crate::pattern::Reason;
use crate::pattern::overload::Policy;
use crate::peer::{PeerId, Side};
use crate::time::Instant;

/// The memory of a socket with at most `PEERS` peers (32 at the most), each with `RX` octets for what arrives and `TX`
/// octets for what leaves, 65,535 at the most.
///
/// One message that arrives has to fit in `RX` octets, its frames included; all that wait to leave to a peer, in `TX`. A new
/// one is all zeros, so that one in a static takes no room in flash.
pub struct Memory<M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize> {
    slots: [Slot<M>; PEERS],
    rx: [[u8; RX]; PEERS],
    tx: [[u8; TX]; PEERS],
}

impl<M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize> Memory<M, PEERS, RX, TX> {
    /// Memory that no socket uses yet.
    pub const NEW: Self = {
        assert!(PEERS <= 32, "a fixed socket has at most 32 peers");
        assert!(RX <= u16::MAX as usize && TX <= u16::MAX as usize, "a link's array holds at most 65,535 octets");
        Self { slots: [const { Slot::VACANT }; PEERS], rx: [[0; RX]; PEERS], tx: [[0; TX]; PEERS] }
    };

    /// How many octets it takes, the links' own state included.
    pub const fn size() -> usize {
        size_of::<Self>()
    }

    /// The memory for another socket than the one that used it before.
    pub(super) fn places(&mut self) -> Places<'_, M> {
        let Self { slots, rx, tx } = self;
        vacate(slots);
        Places { slots, rx: rx.as_flattened_mut(), rx_len: RX as u16, tx: tx.as_flattened_mut(), tx_len: TX as u16 }
    }
}

// Compiled once for memory of all sizes.
#[inline(never)]
fn vacate<M: Mechanism>(slots: &mut [Slot<M>]) {
    for slot in slots {
        // Who was its peer is not to be taken for another.
        let turn = slot.turn;
        *slot = Slot::VACANT;
        slot.turn = turn;
    }
}

/// The slots of a socket and their arrays, whatever their number and their sizes.
pub(super) struct Places<'m, M: Mechanism> {
    pub(super) slots: &'m mut [Slot<M>],
    rx: &'m mut [u8],
    pub(super) rx_len: u16,
    tx: &'m mut [u8],
    pub(super) tx_len: u16,
}

/// A slot with its arrays.
pub(super) struct Place<'a, M: Mechanism> {
    pub(super) slot: &'a mut Slot<M>,
    pub(super) rx: &'a mut [u8],
    pub(super) tx: &'a mut [u8],
}

/// A link and whose it is.
// In this order: what is asked for most is reached by shorter instructions.
#[repr(C)]
pub(super) struct Slot<M: Mechanism> {
    pub(super) link: FixedLink<M>,
    pub(super) turn: u16,
    pub(super) tenant: Tenant,
    pub(super) dial: Dial,
    /// How far the delay before connecting again has grown.
    pub(super) step_ms: u32,
    pub(super) failed: Failed,
    pub(super) counts: Counts,
}

/// What is counted of a peer: see [`PeerStatus`].
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) connections: u32,
    pub(super) sent: u32,
    pub(super) received: u32,
    pub(super) drops: Tally,
}

/// Who has a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Tenant {
    Nobody,
    /// Accepted, and unknown to the pattern until the handshake is over.
    Stranger,
    Peer(Side),
}

/// Whether a peer wants to be connected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Dial {
    /// It does not: it is connected, is being connected to, or came by itself.
    Settled,
    /// At once.
    Now,
    /// Its connection was lost, and how long to wait is not settled yet.
    Lost,
    /// Then.
    At(Instant),
}

/// Whether a link has to be closed.
#[repr(u8)]
pub(super) enum Failed {
    No,
    /// Nobody was told yet.
    Untold(Failure),
    /// It waits for its connection to be closed.
    Told(Failure),
}

impl<M: Mechanism> Places<'_, M> {
    /// The same, for a shorter time.
    pub(super) fn reborrow(&mut self) -> Places<'_, M> {
        Places { slots: self.slots, rx: self.rx, rx_len: self.rx_len, tx: self.tx, tx_len: self.tx_len }
    }

    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub(super) fn at(&mut self, index: u16) -> Option<Place<'_, M>> {
        let slot = self.slots.get_mut(usize::from(index))?;
        let (rx_start, tx_start) =
            (usize::from(index) * usize::from(self.rx_len), usize::from(index) * usize::from(self.tx_len));
        Some(Place {
            slot,
            rx: self.rx.get_mut(rx_start..)?.get_mut(..usize::from(self.rx_len))?,
            tx: self.tx.get_mut(tx_start..)?.get_mut(..usize::from(self.tx_len))?,
        })
    }

    #[inline(never)]
    pub(super) fn find(&mut self, peer: PeerId) -> Option<Place<'_, M>> {
        self.slot(peer)?;
        self.at(peer.slot())
    }

    /// The slot of the peer.
    pub(super) fn slot(&self, peer: PeerId) -> Option<&Slot<M>> {
        self.slots.get(usize::from(peer.slot())).filter(|slot| slot.turn == peer.turn())
    }

    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub(super) fn slot_mut(&mut self, peer: PeerId) -> Option<&mut Slot<M>> {
        self.slots.get_mut(usize::from(peer.slot())).filter(|slot| slot.turn == peer.turn())
    }

    /// A slot with more of a message whose beginning was taken.
    pub(super) fn piece(&self) -> Option<u16> {
        self.slots.iter().zip(0u16..).find(|(slot, _)| slot.link.has_piece()).map(|(_, index)| index)
    }

    /// The peer came back over another connection.
    pub(super) fn displace(&mut self, peer: PeerId) {
        if let Some(place) = &mut self.find(peer) {
            place.fail(Failure::Displaced);
        }
    }

    /// Queues a message for each peer of an audience, by slot; or for none, where the policy is not to drop and one has no
    /// room. Whether it did.
    pub(super) fn publish(&mut self, policy: Policy, audience: u32, message: &[&[u8]]) -> Result<bool, SendError> {
        let message = Outgoing::new(FixedMessage::NONE, message);
        let (len, tx_len) = (FixedLink::<M>::len_of(&message), usize::from(self.tx_len));
        if len > tx_len {
            return Err(SendError::TooLong);
        }
        if !policy.drops() && !members(self.slots, audience).all(|slot| slot.link.fits(len, tx_len)) {
            return Ok(false);
        }
        for index in 0..self.slots.len() as u16 {
            if audience >> index & 1 == 1
                && let Some(Place { slot, tx, .. }) = self.at(index)
                && !slot.push(tx, policy, true, &message, len)
            {
                slot.counts.drops.count(Reason::QueueFull);
            }
        }
        Ok(true)
    }
}

/// The slots of an audience.
fn members<M: Mechanism>(slots: &[Slot<M>], audience: u32) -> impl Iterator<Item = &Slot<M>> {
    slots.iter().zip(0u32..).filter(move |(_, index)| audience >> index & 1 == 1).map(|(slot, _)| slot)
}

impl<M: Mechanism> Place<'_, M> {
    /// The link is to be closed.
    pub(super) fn fail(&mut self, failure: Failure) {
        let slot = &mut *self.slot;
        if matches!(slot.failed, Failed::No) {
            slot.link.fail(failure.reason_for_peer());
            slot.failed = Failed::Untold(failure);
        }
    }
}

impl<M: Mechanism> Slot<M> {
    /// Without a tenant ever; all zeros.
    const VACANT: Self = Self {
        link: FixedLink::NEW,
        turn: 0,
        tenant: Tenant::Nobody,
        dial: Dial::Settled,
        step_ms: 0,
        failed: Failed::No,
        counts: Counts::NONE,
    };

    /// Queues a message that is not longer than the array; whether there was room. Where that is to be, the policy makes
    /// some.
    pub(super) fn push(
        &mut self,
        tx: &mut [u8],
        policy: Policy,
        making_room: bool,
        message: &Outgoing<'_>,
        len: usize,
    ) -> bool {
        // Nothing is dropped in vain.
        if policy.makes_room() && !self.link.fits_when_emptied(len, tx) {
            return false;
        }
        if policy == Policy::KeepLatest {
            let replaced = self.link.drop_topic_of(tx, message);
            self.counts.drops.count_many(Reason::Replaced, replaced);
        }
        loop {
            let pushed = self.link.push(tx, message, len);
            let may_drop = making_room && policy.makes_room();
            if pushed || !may_drop || !self.link.drop_oldest(tx) {
                return pushed;
            }
            self.counts.drops.count(Reason::QueueFull);
        }
    }

    pub(super) fn status(&self) -> PeerStatus {
        let Counts { connections, sent, received, drops } = self.counts;
        PeerStatus { is_up: self.link.is_up(), connections, sent, received, drops: drops.into() }
    }

    pub(super) fn is_free(&self) -> bool {
        self.tenant == Tenant::Nobody && self.link.is_down()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.dial {
            Dial::At(at) => Some(at),
            Dial::Settled | Dial::Now | Dial::Lost => self.link.poll_timeout(),
        }
    }
}

impl Counts {
    pub(super) const NONE: Self = Self { connections: 0, sent: 0, received: 0, drops: Tally::NONE };
}

impl Dial {
    pub(super) fn is_due(self, now: Instant) -> bool {
        match self {
            Self::Now => true,
            Self::At(at) => at.has_come(now),
            Self::Settled | Self::Lost => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::link::Setup;
    use crate::mechanism::Null;
    use crate::pattern::Pull;
    use crate::socket::FixedSocket;
    use crate::time::Instant;

    #[test]
    fn in_memory_that_is_used_again_nobody_is_taken_for_a_former_peer() {
        let mut memory = Memory::<Null, 1, 64, 64>::NEW;
        let mut accept = || {
            let mut pull = FixedSocket::new(Pull, Null::NEW, &mut memory, &Setup::DEFAULT);
            pull.links().accept(Instant::from_ms(0)).unwrap()
        };
        let (former, peer) = (accept(), accept());
        assert!(former.slot() == peer.slot() && former != peer);
    }
}
