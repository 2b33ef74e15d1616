//! How does a socket work that has its memory in fixed arrays? It carries out what its pattern decides, over links that
//! somebody else connects.
//!
//! This is the poll face: every call is told the time, none blocks, and [`FixedSocket::poll_timeout`] says when to call
//! again though nothing arrived. The caller opens and accepts connections and moves their octets: see [`crate::io`].

mod error;
mod sending;

pub use error::{Failure, SendError};

use crate::link::{FixedLink, FixedMessage, Setup, Stepped, TOPIC_LEN_MAX};
use crate::mechanism::Mechanism;
use crate::message::Parts;
use crate::pattern::rotation::Rotation;
use crate::pattern::{Arrival, Drops, Identity, Pattern, Reason, Receives, Refused, Rep, Sub, TakeError, Verdict};
use crate::peer::{PeerId, Side};
use crate::storage::{FIXED_TOPIC_LEN_MAX, Fixed, Full, Storage};
use crate::time::Instant;
use crate::wire::{PeerInfo, Subscription};

/// A socket of pattern `P` with at most `PEERS` peers (32 at the most), each with `RX` octets for what arrives and `TX`
/// octets for what leaves.
pub struct FixedSocket<P, M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize> {
    pattern: P,
    setup: Setup,
    slots: [Slot<M, RX, TX>; PEERS],
    /// Whose message waits to be taken.
    waiting: Rotation<Fixed<PEERS>>,
    shown: Shown,
    /// What was dropped with no peer in mind, or with peers whose slot has another tenant.
    former_drops: Drops,
}

struct Slot<M: Mechanism, const RX: usize, const TX: usize> {
    link: FixedLink<M, RX, TX>,
    turn: u16,
    tenant: Tenant,
    failed: Option<Failure>,
    drops: Drops,
}

impl<M: Mechanism, const RX: usize, const TX: usize> Slot<M, RX, TX> {
    const EMPTY: Self =
        Self { link: FixedLink::NEW, turn: 0, tenant: Tenant::Nobody, failed: None, drops: Drops::NONE };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tenant {
    Nobody,
    /// Accepted, and unknown to the pattern until the handshake is over.
    Stranger,
    Peer(Side),
}

/// The message that the user was shown last; it lies in its link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shown {
    Nothing,
    Message(PeerId),
    /// Its first parts are the envelope of the reply that is owed.
    Request {
        from: PeerId,
        envelope: usize,
    },
}

/// A message that was taken. It lies in the socket until the next call that changes the socket.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    identity: Option<Identity<'a>>,
    message: FixedMessage<'a>,
    skip: usize,
}

impl<P: Pattern, M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize> FixedSocket<P, M, PEERS, RX, TX> {
    /// A socket without peers.
    pub const fn new(pattern: P, setup: Setup) -> Self {
        const { assert!(PEERS <= 32, "a fixed socket has at most 32 peers") };
        const { assert!(FIXED_TOPIC_LEN_MAX <= TOPIC_LEN_MAX, "a topic that is wanted can be told") };
        Self {
            pattern,
            setup,
            slots: [const { Slot::EMPTY }; PEERS],
            waiting: Rotation::EMPTY,
            shown: Shown::Nothing,
            former_drops: Drops::NONE,
        }
    }

    /// Makes a queue for a peer that the caller is going to connect to, now and each time the connection is lost.
    pub fn connect(&mut self) -> Result<PeerId, Refused> {
        let peer = self.let_in(Tenant::Peer(Side::Connect))?;
        let opened = self.pattern.open(peer, Side::Connect);
        if let (Err(_), Some(slot)) = (opened, find(&mut self.slots, peer)) {
            slot.tenant = Tenant::Nobody;
        }
        opened.map(|()| peer)
    }

    /// A connection was accepted: the handshake begins.
    pub fn accept(&mut self, mechanism: M, now: Instant) -> Result<PeerId, Refused> {
        let peer = self.let_in(Tenant::Stranger)?;
        self.attach(peer, mechanism, now);
        Ok(peer)
    }

    /// A connection to a peer of `connect` is there: the handshake begins. Only when [`FixedSocket::can_attach`].
    pub fn attach(&mut self, peer: PeerId, mechanism: M, now: Instant) {
        let Self { slots, setup, .. } = self;
        if let Some(slot) = find(slots, peer) {
            slot.failed = None;
            slot.link.attach(mechanism, P::TYPE, setup, now);
        }
    }

    /// Whether the peer has no connection and nothing of a former one is left to be taken.
    pub fn can_attach(&self, peer: PeerId) -> bool {
        self.find(peer).is_some_and(|slot| slot.link.is_down())
    }

    /// Whether messages can pass to and from the peer.
    pub fn is_up(&self, peer: PeerId) -> bool {
        self.find(peer).is_some_and(|slot| slot.link.is_up())
    }

    /// The peer's connection is gone. What arrived whole can still be taken. What waits to leave stays for a peer that
    /// we connect to, and is dropped for one that was accepted: see [`Drops::undelivered`].
    pub fn detach(&mut self, peer: PeerId, now: Instant) {
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
                if side == Side::Accept {
                    dropped += slot.link.discard();
                }
            }
        }
        slot.drops.count_many(Reason::Undelivered, dropped);
        self.read(peer, now);
    }

    /// The peer of `connect` will not be connected to any more: what waits to leave is dropped, see
    /// [`Drops::undelivered`], and its place is free. Call it after `detach`.
    pub fn disconnect(&mut self, peer: PeerId) {
        let Some(slot) = find(&mut self.slots, peer) else { return };
        if slot.tenant == Tenant::Peer(Side::Connect) {
            slot.tenant = Tenant::Nobody;
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

    /// Where octets from the peer are to be put; empty while a message waits to be taken and nothing more fits.
    pub fn receive_window(&mut self, peer: PeerId, now: Instant) -> &mut [u8] {
        self.release_shown_message(now);
        find(&mut self.slots, peer).map_or(&mut [], |slot| slot.link.receive_window())
    }

    /// So many octets from the peer were put into the window.
    pub fn commit(&mut self, peer: PeerId, len: usize, now: Instant) {
        if let Some(slot) = find(&mut self.slots, peer) {
            slot.link.commit(len, now);
            self.read(peer, now);
        }
    }

    /// What is to be sent to the peer next; empty when there is nothing. Then call [`FixedSocket::advance`].
    pub fn pending(&mut self, peer: PeerId, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> &[u8] {
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

    /// So many of the pending octets were sent.
    pub fn advance(&mut self, peer: PeerId, len: usize, now: Instant) {
        let Some(slot) = find(&mut self.slots, peer) else { return };
        if slot.link.advance(len) {
            self.pattern.room(peer, true);
        }
        // Our last command may be what the handshake waited for.
        self.read(peer, now);
    }

    /// A link that has to be closed: send what is pending on it, close its connection and [`FixedSocket::detach`] it.
    pub fn poll_failed(&mut self, now: Instant) -> Option<(PeerId, Failure)> {
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

    /// When to look again for failed links and pending octets though nothing arrived; `None` when never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.slots.iter().fold(None, |earliest, slot| Instant::earlier(earliest, slot.link.poll_timeout()))
    }

    /// How many messages were dropped, by reason.
    pub fn drops(&self) -> Drops {
        self.slots.iter().fold(self.former_drops, |mut drops, slot| {
            drops += slot.drops;
            drops
        })
    }

    /// How many messages from the peer or for it were dropped, by reason; readable until its slot has another tenant.
    pub fn drops_of(&self, peer: PeerId) -> Option<Drops> {
        self.find(peer).map(|slot| slot.drops)
    }

    fn find(&self, peer: PeerId) -> Option<&Slot<M, RX, TX>> {
        self.slots.get(usize::from(peer.slot)).filter(|slot| slot.turn == peer.turn)
    }

    fn let_in(&mut self, tenant: Tenant) -> Result<PeerId, Refused> {
        let mut slots = self.slots.iter_mut().zip(0u16..);
        let (slot, index) = slots.find(|(slot, _)| slot.is_free()).ok_or(Refused::NoRoom)?;
        slot.tenant = tenant;
        slot.turn = slot.turn.wrapping_add(1);
        self.former_drops += core::mem::take(&mut slot.drops);
        Ok(PeerId { slot: index, turn: slot.turn })
    }

    /// Reads what has arrived from the peer, as far as the next message that the user may take.
    fn read(&mut self, peer: PeerId, now: Instant) {
        let mut displaced = None;
        let Some(slot) = find(&mut self.slots, peer) else { return };
        loop {
            match slot.link.step(&self.setup, now, P::LISTENS) {
                Ok(Stepped::On) => (),
                Ok(Stepped::Idle) => {
                    let judged = self.waiting.contains(peer.slot) || self.shown.is_from(peer);
                    let Some(message) = slot.link.message().filter(|_| !judged) else { break };
                    match self.pattern.arrived(peer, &message) {
                        Arrival::Queue => self.waiting.set(peer.slot, true),
                        Arrival::Consumed => slot.link.release_message(),
                        Arrival::Widened => {
                            slot.drops.count(Reason::Widened);
                            slot.link.put_subscription(&Subscription { topic: &[], wanted: true });
                            self.waiting.set(peer.slot, true);
                        }
                        Arrival::Drop(reason) => {
                            slot.drops.count(reason);
                            slot.link.release_message();
                        }
                    }
                }
                Ok(Stepped::Introduced(info)) => match admit(&mut self.pattern, &mut slot.tenant, peer, &info) {
                    Ok(other) => displaced = other,
                    Err(error) => {
                        slot.fail(Failure::Refused(error));
                        break;
                    }
                },
                Ok(Stepped::Ended) => {
                    if let Some(topic) = self.pattern.poll_cancelled(peer) {
                        slot.link.put_subscription(&Subscription { topic, wanted: false });
                        self.waiting.set(peer.slot, true);
                        break;
                    }
                    if slot.tenant == Tenant::Peer(Side::Accept) {
                        slot.tenant = Tenant::Nobody;
                        self.pattern.close(peer);
                    }
                    break;
                }
                Err(error) => {
                    slot.fail(Failure::Link(error));
                    break;
                }
            }
        }
        if let Some(other) = displaced.filter(|other| *other != peer).and_then(|other| find(&mut self.slots, other)) {
            other.fail(Failure::Displaced);
        }
    }

    /// Lets go of the message that the user was shown; a request stays until it is answered, for its envelope.
    fn release_shown_message(&mut self, now: Instant) {
        if matches!(self.shown, Shown::Message(_)) {
            self.release_shown(now);
        }
    }

    /// Lets go of what the user was shown, and looks for the next message of that peer.
    fn release_shown(&mut self, now: Instant) {
        let (Shown::Message(peer) | Shown::Request { from: peer, .. }) = self.shown else { return };
        self.shown = Shown::Nothing;
        self.release(peer, now);
    }

    fn release(&mut self, peer: PeerId, now: Instant) {
        self.waiting.set(peer.slot, false);
        if let Some(slot) = find(&mut self.slots, peer) {
            slot.link.release_message();
            self.read(peer, now);
        }
    }
}

impl<P: Receives, M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize> FixedSocket<P, M, PEERS, RX, TX> {
    /// Takes the next message, in turn over the peers that sent one; `None` when none has arrived.
    pub fn try_recv(&mut self, now: Instant) -> Result<Option<Received<'_>>, TakeError> {
        self.pattern.may_take()?;
        self.release_shown(now);
        // Each round but the last uses up a message that has arrived. It may end the turn.
        while let Some(index) = self.waiting.turn() {
            self.pattern.may_take()?;
            let Some(slot) = self.slots.get_mut(usize::from(index)) else { break };
            let peer = PeerId { slot: index, turn: slot.turn };
            self.waiting.took(index);
            match slot.link.message().map(|message| self.pattern.take(peer, &message)) {
                Some(Verdict::Deliver { skip, keep }) => {
                    self.waiting.set(index, false);
                    self.shown =
                        if keep { Shown::Request { from: peer, envelope: skip } } else { Shown::Message(peer) };
                    return Ok(self.show(peer, skip));
                }
                Some(Verdict::Drop(reason)) => {
                    slot.drops.count(reason);
                    self.release(peer, now);
                }
                Some(Verdict::Close(reason)) => {
                    slot.drops.count(reason);
                    slot.fail(Failure::Message(reason));
                    self.release(peer, now);
                }
                None => self.waiting.set(index, false),
            }
        }
        Ok(None)
    }

    fn show(&self, peer: PeerId, skip: usize) -> Option<Received<'_>> {
        let message = self.find(peer)?.link.message()?;
        Some(Received { identity: self.pattern.identity(peer), message, skip })
    }
}

impl<S: Storage, M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize>
    FixedSocket<Rep<S>, M, PEERS, RX, TX>
{
    /// Gives up on answering the request that was taken last: the requester hears nothing, and the next may be taken.
    pub fn abandon(&mut self, now: Instant) {
        self.pattern.abandon();
        self.release_shown(now);
    }
}

impl<S: Storage, M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize>
    FixedSocket<Sub<S>, M, PEERS, RX, TX>
{
    /// Wants all messages whose first part begins with the topic; each publisher is told when octets pending for it are
    /// next asked for. Subscriptions are counted: each is taken back on its own.
    pub fn subscribe(&mut self, topic: &[u8]) -> Result<(), Full> {
        self.pattern.subscribe(topic)
    }

    /// Takes one subscription back. Whether there was one.
    pub fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        self.pattern.unsubscribe(topic)
    }
}

impl<M: Mechanism, const RX: usize, const TX: usize> Slot<M, RX, TX> {
    fn is_free(&self) -> bool {
        self.tenant == Tenant::Nobody && self.link.is_down()
    }

    /// The link is to be closed.
    fn fail(&mut self, failure: Failure) {
        if self.failed.is_none() {
            self.failed = Some(failure);
            self.drops.count_many(Reason::Undelivered, self.link.fail(failure.reason_for_peer()));
        }
    }
}

impl Shown {
    fn is_from(self, peer: PeerId) -> bool {
        matches!(self, Self::Message(from) | Self::Request { from, .. } if from == peer)
    }
}

impl Received<'_> {
    /// The only part of a message that has one, or else the first.
    pub fn first(&self) -> &[u8] {
        self.parts().next().unwrap_or_default()
    }
}

impl Parts for Received<'_> {
    fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.identity.as_ref().map(AsRef::as_ref).into_iter().chain(self.message.parts().skip(self.skip))
    }
}

fn find<M: Mechanism, const RX: usize, const TX: usize>(
    slots: &mut [Slot<M, RX, TX>],
    peer: PeerId,
) -> Option<&mut Slot<M, RX, TX>> {
    slots.get_mut(usize::from(peer.slot)).filter(|slot| slot.turn == peer.turn)
}

/// The peer said who it is: the pattern lets it in, and names a peer that it displaces.
fn admit<P: Pattern>(
    pattern: &mut P,
    tenant: &mut Tenant,
    peer: PeerId,
    info: &PeerInfo<'_>,
) -> Result<Option<PeerId>, Refused> {
    if *tenant == Tenant::Stranger {
        pattern.open(peer, Side::Accept)?;
        *tenant = Tenant::Peer(Side::Accept);
    }
    pattern.up(peer, info)
}
