//! What does it take to keep the links of a socket going, whatever its type and its sizes?

use super::judge::{Judge, Kind};
use super::memory::{Counts, Dial, Failed, Place, Places, Tenant};
use super::{Common, Failure, SendError, Shown};
use crate::link::{FixedLink, FixedMessage, Outgoing, Setup, Stepped};
use crate::mechanism::Mechanism;
use crate::pattern::overload::Policy;
use crate::pattern::{Arrival, Prefix, Reason, Refused};
use crate::peer::{PeerId, Side};
use crate::time::Instant;
use core::ops::Range;

/// The links of a socket, as who moves octets and opens connections sees them. [`crate::io::Connections`] is one who does.
///
/// A call for a peer that is gone does nothing.
pub struct Links<'a, M: Mechanism> {
    pub(super) pattern: &'a mut dyn Judge<M>,
    pub(super) kind: &'a Kind<M>,
    pub(super) common: &'a mut Common<M>,
    pub(super) setup: &'a Setup,
    pub(super) places: Places<'a, M>,
}

impl<M: Mechanism + Clone> Links<'_, M> {
    /// Makes a queue for a peer that is to be connected to, now and each time the connection is lost: see
    /// [`Links::poll_connect`].
    pub fn connect(&mut self) -> Result<PeerId, Refused> {
        self.common.lost = Some(|links, peer, failed| links.lost(peer, failed));
        let peer = self.let_in(Tenant::Peer(Side::Connect))?;
        let opened = self.pattern.open(peer, Side::Connect);
        if let Some(slot) = self.places.slot_mut(peer) {
            match opened {
                Ok(()) => (slot.dial, slot.step_ms) = (Dial::Now, 0),
                Err(_) => slot.tenant = Tenant::Nobody,
            }
        }
        opened.map(|()| peer)
    }

    /// The next peer that is to be connected to: open a connection, then say [`Links::attach`], or [`Links::detach`] when
    /// that failed. A peer waits longer after each attempt: see [`crate::backoff`].
    pub fn poll_connect(&mut self, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> Option<PeerId> {
        self.release_shown_message(now);
        for (slot, index) in self.places.slots.iter_mut().zip(0u16..) {
            if slot.dial == Dial::Lost && slot.link.is_down() {
                let mut random = [0; 4];
                entropy(&mut random);
                slot.dial =
                    Dial::At(now.after_ms(self.setup.reconnect.next_ms(&mut slot.step_ms, u32::from_ne_bytes(random))));
            }
            if slot.dial.is_due(now) {
                slot.dial = Dial::Settled;
                return Some(PeerId::new(index, slot.turn));
            }
        }
        None
    }

    /// A connection was accepted: the handshake begins.
    pub fn accept(&mut self, now: Instant) -> Result<PeerId, Refused> {
        let peer = self.let_in(Tenant::Stranger)?;
        self.attach(peer, now);
        Ok(peer)
    }

    /// Which peer in its handshake is to make way for another: who has not sent a greeting before who has, and then who
    /// came first. Who has no room may abort its connection and [`Links::detach`] it, so that whoever sits there in silence
    /// locks nobody out.
    pub fn least_stranger(&self) -> Option<PeerId> {
        let mut least: Option<(PeerId, bool, Instant)> = None;
        for (slot, index) in self.places.slots.iter().zip(0u16..) {
            let Some((greeted, deadline)) = slot.link.handshake() else { continue };
            let goes_first = least.is_none_or(|(_, other_greeted, other)| match greeted == other_greeted {
                true => !other.has_come(deadline),
                false => other_greeted,
            });
            if slot.tenant == Tenant::Stranger && goes_first {
                least = Some((PeerId::new(index, slot.turn), greeted, deadline));
            }
        }
        least.map(|(peer, ..)| peer)
    }

    /// A connection to a peer of `connect` is there: the handshake begins. Only when [`Links::can_attach`].
    #[inline(never)]
    pub fn attach(&mut self, peer: PeerId, now: Instant) {
        let rx_len = usize::from(self.places.rx_len);
        if let Some(slot) = self.places.slot_mut(peer).filter(|slot| slot.tenant != Tenant::Nobody) {
            (slot.failed, slot.dial) = (Failed::No, Dial::Settled);
            let Kind { mechanism, socket_type, .. } = self.kind;
            slot.link.attach(mechanism.clone(), *socket_type, self.setup, rx_len, now);
        }
    }

    /// Whether the peer has no connection and nothing of a former one is left to be taken.
    pub fn can_attach(&self, peer: PeerId) -> bool {
        self.places.slot(peer).is_some_and(|slot| slot.link.is_down())
    }

    /// Whether the peer has a connection, or something of a former one is left.
    pub(crate) fn is_attached(&self, peer: PeerId) -> bool {
        self.places.slot(peer).is_some_and(|slot| !slot.link.is_down())
    }

    /// Whether messages can pass to and from the peer.
    pub fn is_up(&self, peer: PeerId) -> bool {
        self.places.slot(peer).is_some_and(|slot| slot.link.is_up())
    }

    /// The peer's connection is gone. What arrived whole can still be taken, and keeps the peer's place until it is; but
    /// when a message found no room, and nothing is taken for as long as a handshake may last, it is dropped. What waits to
    /// leave stays for a peer that we connect to, and is dropped for one that was accepted: for both see
    /// [`crate::pattern::Drops::undelivered`]. A peer that failed for good ([`Failure::is_final`]) is disconnected.
    pub fn detach(&mut self, peer: PeerId, now: Instant) {
        self.release_shown_message(now);
        let Some(slot) = self.places.slot_mut(peer) else { return };
        let failed = core::mem::replace(&mut slot.failed, Failed::No);
        slot.link.detach();
        match slot.tenant {
            Tenant::Nobody => (),
            Tenant::Stranger => slot.tenant = Tenant::Nobody,
            Tenant::Peer(side) => {
                self.pattern.down(peer);
                // A message that cannot be started over has made room.
                self.pattern.room(peer, true);
                match self.common.lost {
                    Some(lost) if side == Side::Connect => lost(self, peer, failed),
                    _ => slot.counts.drops.count_many(Reason::Undelivered, slot.link.discard()),
                }
            }
        }
        self.read(peer, now);
    }

    /// The connection to a peer of `connect` is lost: what waits to leave waits for the next.
    fn lost(&mut self, peer: PeerId, failed: Failed) {
        // RFC 37 "Error Handling": whom an ERROR sent away does not come back by itself.
        if let Failed::Untold(failure) | Failed::Told(failure) = failed
            && failure.is_final()
        {
            return self.disconnect(peer);
        }
        let Some(Place { slot, tx, .. }) = self.places.find(peer) else { return };
        slot.counts.drops.count_many(Reason::Undelivered, slot.link.start_over(tx));
        if slot.dial == Dial::Settled {
            slot.dial = Dial::Lost;
        }
    }

    /// The peer of `connect` will not be connected to any more: what waits to leave is dropped, see
    /// [`crate::pattern::Drops::undelivered`], and its place is free.
    /// [`crate::io::Connections`] closes its connection; who moves octets himself closes it first, and says `detach`.
    pub fn disconnect(&mut self, peer: PeerId) {
        let Some(slot) = self.places.slot_mut(peer) else { return };
        if slot.tenant == Tenant::Peer(Side::Connect) {
            (slot.tenant, slot.dial, slot.failed) = (Tenant::Nobody, Dial::Settled, Failed::No);
            slot.link.detach();
            slot.counts.drops.count_many(Reason::Undelivered, slot.link.discard());
            slot.link.clear();
            self.common.waiting.set(peer.slot(), false);
            if self.common.shown.is_from(peer) {
                (self.common.shown, self.common.release) = (Shown::Nothing, None);
            }
            self.pattern.close(peer);
        }
    }

    /// Where octets from the peer are to be put; empty while a message waits to be taken and nothing more fits.
    pub fn receive_window(&mut self, peer: PeerId, now: Instant) -> &mut [u8] {
        self.release_shown_message(now);
        self.places.find(peer).map_or(&mut [], |Place { slot, rx, .. }| slot.link.receive_window(rx))
    }

    /// So many octets from the peer were put into the window.
    pub fn commit(&mut self, peer: PeerId, len: usize, now: Instant) {
        let rx_len = usize::from(self.places.rx_len);
        if let Some(slot) = self.places.slot_mut(peer) {
            slot.link.commit(len, rx_len, now);
            self.read(peer, now);
        }
    }

    /// What is to be sent to the peer next; empty when there is nothing. Then call [`Links::advance`].
    pub fn pending(&mut self, peer: PeerId, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> &[u8] {
        self.release_shown_message(now);
        let Some(Place { slot, tx, .. }) = self.places.find(peer) else { return &[] };
        if slot.link.takes_command(self.setup, entropy, now) {
            self.pattern.tell_subscription(peer, &mut slot.link);
        }
        slot.link.pending(tx)
    }

    /// So many of the pending octets were sent.
    pub fn advance(&mut self, peer: PeerId, len: usize, now: Instant) {
        let Some(slot) = self.places.slot_mut(peer) else { return };
        if slot.link.advance(len) {
            slot.counts.sent = slot.counts.sent.wrapping_add(1);
            self.pattern.room(peer, true);
        }
        // Our last command may be what the handshake waited for, and what arrived behind it.
        if slot.link.may_read() {
            self.read(peer, now);
        }
    }

    /// A link that has to be closed: send what is pending on it, close its connection and [`Links::detach`] it.
    pub fn poll_failed(&mut self, now: Instant) -> Option<(PeerId, Failure)> {
        self.release_shown_message(now);
        if let Some((at, make_way)) = self.common.make_way
            && at.has_come(now)
        {
            make_way(self, now);
        }
        for index in 0..self.places.slots.len() as u16 {
            let mut found = self.places.at(index);
            let place = found.as_mut()?;
            if let Err(error) = place.slot.link.handle_timeout(place.rx.len(), now) {
                place.fail(Failure::Link(error));
            }
            if let Failed::Untold(failure) = place.slot.failed {
                place.slot.failed = Failed::Told(failure);
                return Some((PeerId::new(index, place.slot.turn), failure));
            }
        }
        None
    }

    /// When to look again for failed links, pending octets and peers that are to be connected to though nothing arrived;
    /// `None` when never. Whoever sent or received looks at once.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let make_way = self.common.make_way.map(|(at, _)| at);
        self.places.slots.iter().fold(make_way, |earliest, slot| Instant::earlier(earliest, slot.poll_timeout()))
    }

    fn let_in(&mut self, tenant: Tenant) -> Result<PeerId, Refused> {
        let mut slots = self.places.slots.iter_mut().zip(0u16..);
        let (slot, index) = slots.find(|(slot, _)| slot.is_free()).ok_or(Refused::NoRoom)?;
        slot.tenant = tenant;
        slot.turn = slot.turn.wrapping_add(1);
        self.common.former_drops.take_over(&mut slot.counts.drops);
        slot.counts = Counts::NONE;
        Ok(PeerId::new(index, slot.turn))
    }

    /// Reads what has arrived from the peer, as far as the next message that the user may take.
    fn read(&mut self, peer: PeerId, now: Instant) {
        let Self { pattern, kind, common: Common { waiting, shown, .. }, setup, places } = self;
        let mut found = places.find(peer);
        while let Some(place) = &mut found {
            let Place { slot, rx, .. } = &mut *place;
            match slot.link.step(rx, setup, now, kind.wants) {
                Ok(Stepped::On) => (),
                Ok(Stepped::Idle) => {
                    let judged = waiting.contains(peer.slot()) || shown.is_from(peer);
                    if !judged && slot.link.has_piece() {
                        waiting.set(peer.slot(), true);
                        break;
                    }
                    if judged {
                        break;
                    }
                    match pattern.arrived(peer, &mut slot.link, rx) {
                        None => break,
                        Some(Arrival::Queue) => waiting.set(peer.slot(), true),
                        Some(Arrival::Consumed) => slot.link.drop_message(),
                        Some(Arrival::Widened) => {
                            slot.counts.drops.count(Reason::Widened);
                            waiting.set(peer.slot(), true);
                        }
                        Some(Arrival::Drop(reason)) => {
                            slot.counts.drops.count(reason);
                            slot.link.drop_message();
                        }
                    }
                }
                Ok(Stepped::Introduced(metadata)) => {
                    let admitted = admit(*pattern, peer, places, metadata);
                    found = places.find(peer);
                    let Some(place) = &mut found else { break };
                    if let Err(error) = admitted {
                        place.fail(Failure::Refused(error));
                        break;
                    }
                    place.slot.step_ms = 0;
                    place.slot.counts.connections = place.slot.counts.connections.wrapping_add(1);
                }
                Ok(Stepped::Ended) => {
                    if pattern.put_cancelled(peer, &mut slot.link, rx) {
                        waiting.set(peer.slot(), true);
                        break;
                    }
                    if slot.tenant == Tenant::Peer(Side::Accept) {
                        slot.tenant = Tenant::Nobody;
                        pattern.close(peer);
                    }
                    break;
                }
                Err(error) => {
                    place.fail(Failure::Link(error));
                    break;
                }
            }
        }
    }

    /// Lets go of the message that the user was shown; a request stays until it is answered, for its envelope.
    pub(super) fn release_shown_message(&mut self, now: Instant) {
        if let Some(release) = self.common.release {
            release(self, now);
        }
    }

    /// Lets go of what the user was shown, and looks for the next message of that peer.
    pub(super) fn release_shown(&mut self, now: Instant) {
        let (Shown::Message(peer) | Shown::Request { from: peer, .. }) = self.common.shown else { return };
        (self.common.shown, self.common.release) = (Shown::Nothing, None);
        self.release(peer, now);
    }

    fn release(&mut self, peer: PeerId, now: Instant) {
        self.common.waiting.set(peer.slot(), false);
        if let Some(slot) = self.places.slot_mut(peer) {
            slot.link.release_message();
            self.read(peer, now);
        }
    }

    /// A message is dropped when its turn came, and its peer with it if it is to be closed.
    pub(super) fn refuse(&mut self, peer: PeerId, reason: Reason, close: bool, now: Instant) {
        if let Some(place) = &mut self.places.find(peer) {
            place.slot.counts.drops.count(reason);
            if close {
                place.fail(Failure::Message(reason));
            }
            place.slot.link.drop_message();
            self.common.waiting.set(peer.slot(), false);
            self.read(peer, now);
        }
    }

    /// What lost peers had sent is dropped, but for what the user has the beginning of: he does not take it while a message
    /// of his waits for room, and it keeps them from coming back, or others from coming.
    pub(super) fn make_way(&mut self, now: Instant) {
        self.common.make_way = None;
        for index in 0..self.places.slots.len() as u16 {
            while let Some(slot) = self.places.slots.get(usize::from(index))
                && let peer = (PeerId::new(index, slot.turn))
                && slot.link.is_leaving()
                && !self.common.shown.is_from(peer)
            {
                self.refuse(peer, Reason::Undelivered, false, now);
            }
        }
    }

    /// Queues a message for one peer; whether there was room. Where that is to be, the policy makes some.
    pub(super) fn put(
        &mut self,
        policy: Policy,
        making_room: bool,
        to: PeerId,
        prefix: &Prefix,
        parts: &[&[u8]],
    ) -> Result<bool, SendError> {
        let shown = self.common.shown;
        let Place { slot, rx, tx } = self.places.find(to).ok_or(SendError::WouldBlock)?;
        let request;
        let before = match prefix {
            Prefix::Nothing => FixedMessage::NONE,
            Prefix::Delimiter => FixedMessage::plain(&DELIMITER),
            Prefix::Request([a, b, c, d]) => {
                let [flags, len] = DELIMITER;
                request = [flags, 4, *a, *b, *c, *d, flags, len];
                FixedMessage::plain(&request)
            }
            Prefix::Envelope => match (shown, slot.link.message(rx)) {
                (Shown::Request { from, envelope_len }, Some(request)) if from == to => request.first(envelope_len),
                _ => FixedMessage::NONE,
            },
        };
        let message = Outgoing::new(before, parts);
        let len = FixedLink::<M>::len_of(&message);
        if len > tx.len() { Err(SendError::TooLong) } else { Ok(slot.push(tx, policy, making_room, &message, len)) }
    }

    /// Nobody is taken to have no room.
    pub(super) fn forget_full(&mut self) {
        for (slot, index) in self.places.slots.iter().zip(0u16..) {
            self.pattern.room(PeerId::new(index, slot.turn), true);
        }
    }
}

/// The frame of an empty part: which of a message it is, its place says.
const DELIMITER: [u8; 2] = [0, 0];

/// The peer said who it is: the pattern lets it in.
fn admit<M: Mechanism>(
    pattern: &mut dyn Judge<M>,
    peer: PeerId,
    places: &mut Places<'_, M>,
    metadata: Range<usize>,
) -> Result<(), Refused> {
    if let Some(slot) = places.slot_mut(peer).filter(|slot| slot.tenant == Tenant::Stranger) {
        pattern.open(peer, Side::Accept)?;
        slot.tenant = Tenant::Peer(Side::Accept);
    }
    pattern.up(peer, places, metadata)
}
