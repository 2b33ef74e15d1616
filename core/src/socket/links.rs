//! What does it take to keep the links of a socket going, whatever its type and its sizes?

use super::{Dial, Failure, FixedSocket, Shown, Slot, Tenant, find};
use crate::link::FixedLink;
use crate::mechanism::Mechanism;
use crate::pattern::{Pattern, Reason, Refused};
use crate::peer::{PeerId, Side};
use crate::time::Instant;

/// The links of a socket, as who moves octets and opens connections sees them. [`crate::io::Connections`] is one who does.
///
/// A call for a peer that is gone does nothing.
pub trait Links {
    /// Makes a queue for a peer that is to be connected to, now and each time the connection is lost: see
    /// [`Links::poll_connect`].
    fn connect(&mut self) -> Result<PeerId, Refused>;

    /// The next peer that is to be connected to: open a connection, then say [`Links::attach`], or [`Links::detach`] when
    /// that failed. A peer waits longer after each attempt: see [`crate::backoff`].
    fn poll_connect(&mut self, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> Option<PeerId>;

    /// A connection was accepted: the handshake begins.
    fn accept(&mut self, now: Instant) -> Result<PeerId, Refused>;

    /// The peer that has been in its handshake for the longest time. Who has no room for another may abort its
    /// connection and [`Links::detach`] it: whoever sits there in silence locks nobody out.
    fn oldest_stranger(&self) -> Option<PeerId>;

    /// A connection to a peer of `connect` is there: the handshake begins. Only when [`Links::can_attach`].
    fn attach(&mut self, peer: PeerId, now: Instant);

    /// Whether the peer has no connection and nothing of a former one is left to be taken.
    fn can_attach(&self, peer: PeerId) -> bool;

    /// Whether messages can pass to and from the peer.
    fn is_up(&self, peer: PeerId) -> bool;

    /// The peer's connection is gone. What arrived whole can still be taken. What waits to leave stays for a peer that
    /// we connect to, and is dropped for one that was accepted: see [`crate::pattern::Drops::undelivered`]. A peer that
    /// failed for good ([`Failure::is_final`]) is disconnected.
    fn detach(&mut self, peer: PeerId, now: Instant);

    /// The peer of `connect` will not be connected to any more: what waits to leave is dropped, see
    /// [`crate::pattern::Drops::undelivered`], and its place is free. Call it after `detach`.
    fn disconnect(&mut self, peer: PeerId);

    /// Where octets from the peer are to be put; empty while a message waits to be taken and nothing more fits.
    fn receive_window(&mut self, peer: PeerId, now: Instant) -> &mut [u8];

    /// So many octets from the peer were put into the window.
    fn commit(&mut self, peer: PeerId, len: usize, now: Instant);

    /// What is to be sent to the peer next; empty when there is nothing. Then call [`Links::advance`].
    fn pending(&mut self, peer: PeerId, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> &[u8];

    /// So many of the pending octets were sent.
    fn advance(&mut self, peer: PeerId, len: usize, now: Instant);

    /// A link that has to be closed: send what is pending on it, close its connection and [`Links::detach`] it.
    fn poll_failed(&mut self, now: Instant) -> Option<(PeerId, Failure)>;

    /// When to look again for failed links, pending octets and peers that are to be connected to though nothing arrived;
    /// `None` when never. Whoever sent or received looks at once.
    fn poll_timeout(&self) -> Option<Instant>;
}

impl<P: Pattern, M: Mechanism + Clone, const PEERS: usize, const RX: usize, const TX: usize> Links
    for FixedSocket<P, M, PEERS, RX, TX>
{
    fn connect(&mut self) -> Result<PeerId, Refused> {
        let peer = self.let_in(Tenant::Peer(Side::Connect))?;
        let opened = self.pattern.open(peer, Side::Connect);
        if let Some(slot) = find(&mut self.slots, peer) {
            match opened {
                Ok(()) => (slot.dial, slot.backoff) = (Dial::Now, self.setup.reconnect),
                Err(_) => slot.tenant = Tenant::Nobody,
            }
        }
        opened.map(|()| peer)
    }

    fn poll_connect(&mut self, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> Option<PeerId> {
        self.release_shown_message(now);
        for (slot, index) in self.slots.iter_mut().zip(0u16..) {
            if slot.dial == Dial::Lost && slot.link.is_down() {
                let mut random = [0; 4];
                entropy(&mut random);
                slot.dial = Dial::At(now.after_ms(slot.backoff.next_ms(u32::from_ne_bytes(random))));
            }
            if slot.dial.is_due(now) {
                slot.dial = Dial::Settled;
                return Some(PeerId { slot: index, turn: slot.turn });
            }
        }
        None
    }

    fn accept(&mut self, now: Instant) -> Result<PeerId, Refused> {
        let peer = self.let_in(Tenant::Stranger)?;
        self.attach(peer, now);
        Ok(peer)
    }

    fn oldest_stranger(&self) -> Option<PeerId> {
        let strangers = self.slots.iter().zip(0u16..).filter(|(slot, _)| slot.tenant == Tenant::Stranger);
        let mut oldest: Option<(PeerId, Instant)> = None;
        for (slot, index) in strangers {
            // The deadline of its handshake.
            let Some(deadline) = slot.link.poll_timeout() else { continue };
            if oldest.is_none_or(|(_, other)| !other.has_come(deadline)) {
                oldest = Some((PeerId { slot: index, turn: slot.turn }, deadline));
            }
        }
        oldest.map(|(peer, _)| peer)
    }

    fn attach(&mut self, peer: PeerId, now: Instant) {
        let Self { slots, setup, mechanism, .. } = self;
        if let Some(slot) = find(slots, peer) {
            (slot.failed, slot.dial) = (None, Dial::Settled);
            slot.link.attach(mechanism.clone(), P::TYPE, setup, now);
        }
    }

    fn can_attach(&self, peer: PeerId) -> bool {
        self.find(peer).is_some_and(|slot| slot.link.is_down())
    }

    fn is_up(&self, peer: PeerId) -> bool {
        self.find(peer).is_some_and(|slot| slot.link.is_up())
    }

    fn detach(&mut self, peer: PeerId, now: Instant) {
        self.release_shown_message(now);
        let Some(slot) = find(&mut self.slots, peer) else { return };
        slot.failed = None;
        let mut dropped = slot.link.detach();
        match slot.tenant {
            Tenant::Nobody => (),
            Tenant::Stranger => slot.tenant = Tenant::Nobody,
            Tenant::Peer(side) => {
                self.pattern.down(peer);
                // A message that cannot be started over has made room.
                self.pattern.room(peer, true);
                match side {
                    Side::Accept => dropped += slot.link.discard(),
                    Side::Connect if slot.dial == Dial::Settled => slot.dial = Dial::Lost,
                    Side::Connect => (),
                }
            }
        }
        slot.drops.count_many(Reason::Undelivered, dropped);
        // RFC 37 "Error Handling": whom an ERROR sent away does not come back by itself.
        if slot.dial == Dial::Never {
            return self.disconnect(peer);
        }
        self.read(peer, now);
    }

    fn disconnect(&mut self, peer: PeerId) {
        let Some(slot) = find(&mut self.slots, peer) else { return };
        if slot.tenant == Tenant::Peer(Side::Connect) {
            (slot.tenant, slot.dial) = (Tenant::Nobody, Dial::Settled);
            slot.link.detach();
            slot.drops.count_many(Reason::Undelivered, slot.link.discard());
            slot.link = FixedLink::NEW;
            self.waiting.set(peer.slot, false);
            if self.shown.is_from(peer) {
                self.shown = Shown::Nothing;
            }
            self.pattern.close(peer);
        }
    }

    fn receive_window(&mut self, peer: PeerId, now: Instant) -> &mut [u8] {
        self.release_shown_message(now);
        find(&mut self.slots, peer).map_or(&mut [], |slot| slot.link.receive_window())
    }

    fn commit(&mut self, peer: PeerId, len: usize, now: Instant) {
        if let Some(slot) = find(&mut self.slots, peer) {
            slot.link.commit(len, now);
            self.read(peer, now);
        }
    }

    fn pending(&mut self, peer: PeerId, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> &[u8] {
        self.release_shown_message(now);
        let Self { slots, setup, pattern, .. } = self;
        let Some(slot) = find(slots, peer) else { return &[] };
        if slot.link.takes_command()
            && let Some(subscription) = pattern.poll_subscription(peer)
        {
            slot.link.subscribe(&subscription);
        }
        slot.link.pending(setup, entropy, now)
    }

    fn advance(&mut self, peer: PeerId, len: usize, now: Instant) {
        let Some(slot) = find(&mut self.slots, peer) else { return };
        if slot.link.advance(len) {
            self.pattern.room(peer, true);
        }
        // Our last command may be what the handshake waited for.
        self.read(peer, now);
    }

    fn poll_failed(&mut self, now: Instant) -> Option<(PeerId, Failure)> {
        self.release_shown_message(now);
        for (slot, index) in self.slots.iter_mut().zip(0u16..) {
            if let Err(error) = slot.link.handle_timeout(now) {
                slot.fail(Failure::Link(error));
            }
            if let Some(error) = slot.failed.take() {
                return Some((PeerId { slot: index, turn: slot.turn }, error));
            }
        }
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.slots.iter().fold(None, |earliest, slot| Instant::earlier(earliest, slot.poll_timeout()))
    }
}

impl<P: Pattern, M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize> FixedSocket<P, M, PEERS, RX, TX> {
    fn let_in(&mut self, tenant: Tenant) -> Result<PeerId, Refused> {
        let mut slots = self.slots.iter_mut().zip(0u16..);
        let (slot, index) = slots.find(|(slot, _)| slot.is_free()).ok_or(Refused::NoRoom)?;
        slot.tenant = tenant;
        slot.turn = slot.turn.wrapping_add(1);
        self.former_drops += core::mem::take(&mut slot.drops);
        Ok(PeerId { slot: index, turn: slot.turn })
    }
}

impl<M: Mechanism, const RX: usize, const TX: usize> Slot<M, RX, TX> {
    fn is_free(&self) -> bool {
        self.tenant == Tenant::Nobody && self.link.is_down()
    }

    /// The link is to be closed.
    pub(super) fn fail(&mut self, failure: Failure) {
        if self.failed.is_none() {
            if self.tenant == Tenant::Peer(Side::Connect) && failure.is_final() {
                self.dial = Dial::Never;
            }
            self.failed = Some(failure);
            self.drops.count_many(Reason::Undelivered, self.link.fail(failure.reason_for_peer()));
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self.dial {
            Dial::At(at) => Some(at),
            Dial::Settled | Dial::Now | Dial::Lost | Dial::Never => self.link.poll_timeout(),
        }
    }
}

impl Dial {
    fn is_due(self, now: Instant) -> bool {
        match self {
            Self::Now => true,
            Self::At(at) => at.has_come(now),
            Self::Settled | Self::Lost | Self::Never => false,
        }
    }
}
