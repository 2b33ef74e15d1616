//! How does a socket work that has its memory in fixed arrays? It carries out what its pattern decides, over links that
//! somebody else connects.
//!
//! This is the poll face: every call is told the time, none blocks, and [`Links::poll_timeout`] says when to call again
//! though nothing arrived. [`crate::io`] moves the octets of the connections, and keeps them up.

mod error;
mod judge;
mod links;
mod memory;
mod sending;

pub use error::{Failure, SendError};
pub use links::Links;
pub use memory::Memory;

use crate::link::{Extent, FixedMessage, Setup, TOPIC_LEN_MAX};
use crate::mechanism::Mechanism;
use crate::message::Parts;
use crate::pattern::rotation::Rotation;
use crate::pattern::{Drops, Identity, Pattern, Receives, Rep, Sub, TakeError, Verdict};
use crate::peer::PeerId;
use crate::storage::{FIXED_TOPIC_LEN_MAX, Fixed, Full, Storage};
use crate::time::Instant;
use memory::{Places, Slot};

/// A socket of pattern `P`, in [`Memory`] that the caller lends it for as long as it lives.
pub struct FixedSocket<'m, P, M: Mechanism> {
    pattern: P,
    common: Common,
    /// What the handshake of each connection begins with.
    mechanism: M,
    setup: &'m Setup,
    places: Places<'m, M>,
}

/// What the links of a socket share.
struct Common {
    /// Whose message waits to be taken.
    waiting: Rotation<Fixed<32>>,
    shown: Shown,
    /// What was dropped with no peer in mind, or with peers whose slot has another tenant.
    former_drops: Drops,
}

impl Common {
    const NEW: Self = Self { waiting: Rotation::EMPTY, shown: Shown::Nothing, former_drops: Drops::NONE };
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
    from: PeerId,
    identity: Option<Identity<'a>>,
    message: FixedMessage<'a>,
    skip: usize,
    extent: Extent,
}

/// How a peer is doing, as of the call that returned it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PeerStatus {
    /// Whether messages can pass.
    pub is_up: bool,
    /// How many connections have carried messages.
    pub connections: u32,
    /// How many messages have left for it. It wraps.
    pub sent: u32,
    /// How many of its messages the user was given. It wraps.
    pub received: u32,
    /// What was dropped.
    pub drops: Drops,
}

impl<'m, P: Pattern, M: Mechanism + Clone> FixedSocket<'m, P, M> {
    /// A socket without peers. The handshake of each connection begins with a clone of `mechanism`.
    pub fn new<const PEERS: usize, const RX: usize, const TX: usize>(
        pattern: P,
        mechanism: M,
        memory: &'m mut Memory<M, PEERS, RX, TX>,
        setup: &'m Setup,
    ) -> Self {
        const { assert!(FIXED_TOPIC_LEN_MAX <= TOPIC_LEN_MAX, "a topic that is wanted can be told") };
        let places = memory.places();
        Self { pattern, common: Common::NEW, mechanism, setup, places }
    }

    /// What keeps its connections going: it connects and accepts, and moves octets.
    pub fn links(&mut self) -> Links<'_, M> {
        Links {
            pattern: &mut self.pattern,
            common: &mut self.common,
            mechanism: &self.mechanism,
            setup: self.setup,
            places: self.places.reborrow(),
        }
    }

    /// How many messages were dropped, by reason.
    pub fn drops(&self) -> Drops {
        self.places.slots.iter().fold(self.common.former_drops, |mut drops, slot| {
            drops += slot.status.drops;
            drops
        })
    }

    /// How a peer is doing; readable until its slot has another tenant.
    pub fn status_of(&self, peer: PeerId) -> Option<PeerStatus> {
        self.places.slot(peer).map(Slot::status)
    }

    /// How each slot's present or last tenant is doing.
    pub fn status(&self) -> impl Iterator<Item = (PeerId, PeerStatus)> {
        self.places
            .slots
            .iter()
            .zip(0u16..)
            .map(|(slot, index)| (PeerId { slot: index, turn: slot.turn }, slot.status()))
    }
}

impl<P: Receives, M: Mechanism + Clone> FixedSocket<'_, P, M> {
    /// Takes the next message, in turn over the peers that sent one; `None` when none has arrived.
    ///
    /// Where [`Setup::large_len_max`] allows it, a message whose last part does not fit comes in pieces, between which other
    /// peers have their turns: see [`Received::extent`].
    pub fn try_recv(&mut self, now: Instant) -> Result<Option<Received<'_>>, TakeError> {
        match self.pattern.may_take() {
            Ok(()) => self.links().release_shown(now),
            Err(_) => self.links().release_shown_message(now),
        }
        // Each round but the last uses up a message that has arrived. It may end the turn.
        loop {
            // What follows a message that was taken needs no turn.
            let index = match self.pattern.may_take() {
                Ok(()) => self.common.waiting.turn(),
                Err(error) if !self.places.slots.iter().any(|slot| slot.link.is_passing()) => return Err(error),
                Err(_) => self.places.piece(),
            };
            let Some(index) = index else { return Ok(None) };
            let Some(slot) = self.places.slots.get(usize::from(index)) else { return Ok(None) };
            let peer = PeerId { slot: index, turn: slot.turn };
            self.common.waiting.took(index);
            let verdict = match self.places.message(peer) {
                _ if slot.link.has_piece() => Verdict::Deliver { skip: 0, keep: false },
                Some(message) => self.pattern.take(peer, &message),
                None => {
                    self.common.waiting.set(index, false);
                    continue;
                }
            };
            match verdict {
                Verdict::Deliver { skip, keep } => {
                    self.common.waiting.set(index, false);
                    self.common.shown =
                        if keep { Shown::Request { from: peer, envelope: skip } } else { Shown::Message(peer) };
                    self.links().count_received(peer);
                    return Ok(self.show(peer, skip));
                }
                Verdict::Drop(reason) => self.links().refuse(peer, reason, false, now),
                Verdict::Close(reason) => self.links().refuse(peer, reason, true, now),
            }
        }
    }

    fn show(&self, from: PeerId, skip: usize) -> Option<Received<'_>> {
        let link = &self.places.slot(from)?.link;
        let identity = if link.has_piece() { None } else { self.pattern.identity(from) };
        let message = self.places.message(from).unwrap_or(FixedMessage::NONE);
        Some(Received { from, identity, message, skip, extent: link.extent() })
    }
}

impl<S: Storage, M: Mechanism + Clone> FixedSocket<'_, Rep<S>, M> {
    /// Gives up on answering the request that was taken last: the requester hears nothing, and the next may be taken.
    pub fn abandon(&mut self, now: Instant) {
        self.pattern.abandon();
        self.links().release_shown(now);
    }
}

impl<S: Storage, M: Mechanism> FixedSocket<'_, Sub<S>, M> {
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
    /// Whose message it is.
    pub const fn from(&self) -> PeerId {
        self.from
    }

    /// How much of a message it is. What follows its beginning has one part, octets of the last part, and no identity.
    pub const fn extent(&self) -> Extent {
        self.extent
    }

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
