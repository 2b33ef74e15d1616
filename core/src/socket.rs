//! How does a socket work that has its memory in fixed arrays? It carries out what its pattern decides, over links that
//! somebody else connects.
//!
//! This is the poll face: every call is told the time, none blocks, and [`Links::poll_timeout`] says when to call again
//! though nothing arrived. [`crate::io`] moves the octets of the connections, and keeps them up.

mod error;
mod judge;
mod links;
mod memory;
mod receiving;
mod sending;
mod tally;

pub use error::{Failure, SendError};
pub use links::Links;
pub use memory::Memory;
pub use receiving::Received;

use crate::link::{Setup, TOPIC_LEN_MAX};
use crate::mechanism::Mechanism;
use crate::pattern::rotation::Rotation;
use crate::pattern::{Drops, Pattern, Rep, Sub};
use crate::peer::PeerId;
use crate::storage::{FIXED_TOPIC_LEN_MAX, Fixed, Full, Storage};
use crate::time::Instant;
use judge::{Judge, Kind};
use memory::{Failed, Places, Slot};
use tally::Tally;

/// A socket of pattern `P`, in [`Memory`] that the caller lends it for as long as it lives.
// In this order there are no gaps in its middle: the compiler fills in place what begins as zeros, and needs no memcpy.
#[repr(C)]
pub struct FixedSocket<'m, P, M: Mechanism> {
    base: Base<'m, M>,
    pattern: P,
}

/// All of a socket but what is its own. What it does is compiled once for sockets of all types.
struct Base<'m, M: Mechanism> {
    kind: Kind<M>,
    common: Common<M>,
    setup: &'m Setup,
    places: Places<'m, M>,
}

/// What the links of a socket share.
struct Common<M: Mechanism> {
    /// Whose message waits to be taken.
    waiting: Rotation<Fixed<32>>,
    shown: Shown,
    /// [`Links::release_shown`], while he is shown a message that he need not answer: so that it is linked only for who
    /// receives.
    release: Option<fn(&mut Links<'_, M>, Instant)>,
    /// What its peer is called, where that was made.
    made: [u8; 5],
    /// What was dropped with no peer in mind, or with peers whose slot has another tenant.
    former_drops: Tally,
    /// [`Links::lost`], once a peer is connected to: so that it is linked only for who connects.
    lost: Option<Lost<M>>,
    /// A message found no room, and nothing was taken since: from when on what lost peers had sent makes way, by
    /// [`Links::make_way`], which is linked only for who sends to one peer.
    make_way: Option<(Instant, MakeWay<M>)>,
}

type Lost<M> = fn(&mut Links<'_, M>, PeerId, Failed);
type MakeWay<M> = fn(&mut Links<'_, M>, Instant);

impl<M: Mechanism> Common<M> {
    const NEW: Self = Self {
        waiting: Rotation::EMPTY,
        shown: Shown::Nothing,
        release: None,
        made: [0; 5],
        former_drops: Tally::NONE,
        lost: None,
        make_way: None,
    };
}

/// The message that the user was shown last; it lies in its link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shown {
    Nothing,
    Message(PeerId),
    /// Its first octets are the envelope of the reply that is owed, in frames.
    Request {
        from: PeerId,
        envelope_len: usize,
    },
}

/// How a peer is doing, as of the call that returned it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PeerStatus {
    /// Whether messages can pass.
    pub is_up: bool,
    /// How many connections have carried messages. It wraps, as the others do.
    pub connections: u32,
    /// How many messages have left for it.
    pub sent: u32,
    /// How many of its messages the user was given.
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
        Self { base: Base { kind: Kind::of::<P>(mechanism, setup), common: Common::NEW, setup, places }, pattern }
    }

    /// What keeps its connections going: it connects and accepts, and moves octets.
    pub fn links(&mut self) -> Links<'_, M> {
        self.base.links(&mut self.pattern)
    }

    /// How many messages were dropped, by reason.
    pub fn drops(&self) -> Drops {
        self.base.places.slots.iter().fold(Drops::from(self.base.common.former_drops), |mut drops, slot| {
            drops += slot.counts.drops.into();
            drops
        })
    }

    /// How a peer is doing; readable until its slot has another tenant.
    pub fn status_of(&self, peer: PeerId) -> Option<PeerStatus> {
        self.base.places.slot(peer).map(Slot::status)
    }

    /// How each slot's present or last tenant is doing.
    pub fn status(&self) -> impl Iterator<Item = (PeerId, PeerStatus)> {
        let slots = self.base.places.slots.iter().zip(0u16..);
        slots.map(|(slot, index)| (PeerId::new(index, slot.turn), slot.status()))
    }
}

impl<M: Mechanism + Clone> Base<'_, M> {
    #[inline(never)]
    fn links<'a>(&'a mut self, pattern: &'a mut dyn Judge<M>) -> Links<'a, M> {
        let Self { kind, common, setup, places } = self;
        Links { pattern, kind, common, setup, places: places.reborrow() }
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
