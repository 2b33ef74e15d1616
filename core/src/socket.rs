//! How does a socket work that has its memory in fixed arrays? It carries out what its pattern decides, over links that
//! somebody else connects.
//!
//! This is the poll face: every call is told the time, none blocks, and [`Links::poll_timeout`] says when to call again
//! though nothing arrived. [`crate::io`] moves the octets of the connections, and keeps them up.

mod error;
mod links;
mod sending;

pub use error::{Failure, SendError};
pub use links::Links;

use crate::backoff::Backoff;
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
    /// What the handshake of each connection begins with.
    mechanism: M,
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
    dial: Dial,
    backoff: Backoff,
    failed: Option<Failure>,
    drops: Drops,
}

impl<M: Mechanism, const RX: usize, const TX: usize> Slot<M, RX, TX> {
    const EMPTY: Self = Self {
        link: FixedLink::NEW,
        turn: 0,
        tenant: Tenant::Nobody,
        dial: Dial::Settled,
        backoff: Backoff::DEFAULT,
        failed: None,
        drops: Drops::NONE,
    };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tenant {
    Nobody,
    /// Accepted, and unknown to the pattern until the handshake is over.
    Stranger,
    Peer(Side),
}

/// Whether a peer wants to be connected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dial {
    /// It does not: it is connected, is being connected to, or came by itself.
    Settled,
    /// At once.
    Now,
    /// Its connection was lost, and how long to wait is not settled yet.
    Lost,
    /// Then.
    At(Instant),
    /// Not any more: its handshake failed for good.
    Never,
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
    /// How many octets of memory the socket takes.
    pub const SIZE: usize = size_of::<Self>();

    /// A socket without peers. The handshake of each connection begins with a clone of `mechanism`.
    pub const fn new(pattern: P, mechanism: M, setup: Setup) -> Self {
        const { assert!(PEERS <= 32, "a fixed socket has at most 32 peers") };
        const { assert!(FIXED_TOPIC_LEN_MAX <= TOPIC_LEN_MAX, "a topic that is wanted can be told") };
        Self {
            pattern,
            mechanism,
            setup,
            slots: [const { Slot::EMPTY }; PEERS],
            waiting: Rotation::EMPTY,
            shown: Shown::Nothing,
            former_drops: Drops::NONE,
        }
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
                    Ok(other) => {
                        displaced = other;
                        slot.backoff = self.setup.reconnect;
                    }
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
