//! What does a socket keep for each of its peers?

use crate::bell::Bell;
use crate::endpoint::Endpoint;
use crate::inbox::Inbox;
use crate::junction::Junction;
use crate::options::{Limit, Options};
use crate::outbox::Outbox;
use crate::rush::Rush;
use crate::transport::Outgoing;
use std::sync::Arc;
use std::task::Waker;
use zeptomq_core::link::Heartbeat;
use zeptomq_core::pattern::{Drops, Reason};
use zeptomq_core::peer::{PeerId, Side};
use zeptomq_core::wire::SocketType;

/// The peers of one socket, by slot.
#[derive(Default)]
pub(crate) struct Peers {
    slots: Vec<Slot>,
    free: Vec<u16>,
}

#[derive(Default)]
struct Slot {
    turn: u16,
    peer: Option<Peer>,
}

/// One peer: its queues, which for one that we connect to outlive its connections, and its connection.
pub(crate) struct Peer {
    pub(crate) side: Side,
    /// Where it was connected to, or where it was accepted.
    pub(crate) endpoint: Endpoint,
    pub(crate) introduced: Introduced,
    pub(crate) inbox: Inbox,
    pub(crate) outbox: Outbox,
    pub(crate) writer: Writer,
    /// Apart, for its place in the table stays when it is gone.
    pub(crate) line: Option<Box<Line>>,
    pub(crate) drops: Drops,
}

/// What a peer said of itself, the last time that it shook hands.
#[derive(Default)]
pub(crate) struct Introduced {
    pub(crate) socket_type: Option<SocketType>,
    pub(crate) identity: Box<[u8]>,
}

/// Who writes to the connection.
///
/// ```text
///           send             written            comes            nothing left
///   Idle ─────────► Caller ───────────► Roused ────────► Driver ──────────────► Idle
///                    │  ▲                 │               ▲
///                    │  └─────────────────┘               │
///                    │      much is queued                │
///                    └────────────────────────────────────┘
///                          the system took not all of it
/// ```
/// The first send after a quiet moment is written by its caller; but not that of a task which has just let others run, and is
/// likely to go on. From then on the connection is hot: sends are only encoded, until its driver has written them all and
/// finds nothing more. Who queues much before the driver comes writes it
/// too; a driver on another thread leaves it to him while he is at it (see `rush`). So only one writes at a time; a driver
/// with a command to write is a writer too. A REQ or REP has one message on its way, so a caller that has written it leaves
/// nothing to come for: `Caller` becomes `Idle`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Writer {
    Idle,
    Caller,
    Roused,
    Driver,
}

/// A connection that is up.
pub(crate) struct Line {
    pub(crate) out: Arc<Outgoing>,
    /// Whether frames travel as they are queued over a stream that takes them from anyone, so that a caller can write them.
    pub(crate) clear: bool,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) reading: bool,
    /// Whether octets came since the last tick: so the time is asked for then only.
    pub(crate) heard: bool,
    /// Whether the peer seems to have been silent for too long. What it said may only not have been read yet.
    pub(crate) suspect: bool,
    /// Whether the driver has come while a caller wrote, and could say nothing of its own.
    pub(crate) missed: bool,
    /// Whom to wake so that it is looked after; none while that is to come still.
    pub(crate) roused: Option<Waker>,
    /// How many messages came the last time.
    pub(crate) came: usize,
    pub(crate) rush: Rush,
    /// How whoever waits for its messages looks after it.
    pub(crate) driver: Option<Arc<dyn Drive>>,
    pub(crate) end: Option<End>,
}

/// A connection that is up, for whoever looks after it.
pub(crate) trait Drive: Send + Sync {
    fn bell(&self) -> &Bell;

    /// Writes and reads what can be, unless somebody else does so now.
    fn drive(&self, junction: &dyn Junction);
}

/// Why a connection is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// The socket closes, and all was sent.
    Finished,
    /// The socket closes, and the time for sending the rest is over.
    Abandoned,
    /// The peer was silent for too long.
    Silent,
    /// The peer came back over another connection.
    Displaced,
    /// A message broke the rules of the pattern.
    Message(Reason),
}

impl Peers {
    /// Gives the peer a slot; `None` when 65,536 are taken.
    pub(crate) fn insert(&mut self, side: Side, endpoint: Endpoint) -> Option<PeerId> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u16::try_from(self.slots.len()).ok()?;
                if slot == 0 {
                    // Most sockets that connect have one peer, and a slot is large.
                    self.slots.reserve_exact(1);
                }
                self.slots.push(Slot::default());
                slot
            }
        };
        let place = self.slots.get_mut(usize::from(slot))?;
        place.turn = place.turn.wrapping_add(1);
        place.peer = Some(Peer {
            side,
            endpoint,
            introduced: Introduced::default(),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            writer: Writer::Idle,
            line: None,
            drops: Drops::NONE,
        });
        Some(PeerId::new(slot, place.turn))
    }

    #[inline]
    pub(crate) fn find(&mut self, peer: PeerId) -> Option<&mut Peer> {
        self.slots.get_mut(usize::from(peer.slot())).filter(|slot| slot.turn == peer.turn())?.peer.as_mut()
    }

    /// The tenant of a slot.
    #[inline]
    pub(crate) fn tenant(&mut self, slot: u16) -> Option<(PeerId, &mut Peer)> {
        let place = self.slots.get_mut(usize::from(slot))?;
        Some((PeerId::new(slot, place.turn), place.peer.as_mut()?))
    }

    /// How much may wait to be taken from each: the limit, or less when there are many, so that what all of them send in turn
    /// stays near.
    pub(crate) fn receive_share(&self, options: &Options) -> Limit {
        let peers = (self.slots.len() - self.free.len()).max(1);
        let share = (options.receive_total / SHARED_PART / peers).max(SHARE_MIN);
        Limit { octets: options.receive_limit.octets.min(share), ..options.receive_limit }
    }

    pub(crate) fn remove(&mut self, peer: PeerId) -> Option<Peer> {
        let slot = self.slots.get_mut(usize::from(peer.slot())).filter(|slot| slot.turn == peer.turn())?;
        let removed = slot.peer.take()?;
        self.free.push(peer.slot());
        Some(removed)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.slots.iter_mut().filter_map(|slot| slot.peer.as_mut())
    }
}

impl Line {
    /// Whom to wake so that the connection is looked after; each waker wakes once.
    pub(crate) fn rouse(&mut self) -> Option<Waker> {
        self.roused.take()
    }

    /// The connection is to end.
    pub(crate) fn doom(&mut self, end: End) -> Option<Waker> {
        self.end.get_or_insert(end);
        self.rouse()
    }
}

/// Of what may wait from all peers together, so much is shared out.
const SHARED_PART: usize = 8;
/// The least that may wait from each peer, in octets.
const SHARE_MIN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::{Endpoint, Peers};
    use zeptomq_core::peer::Side;

    #[test]
    fn who_had_the_slot_before_is_somebody_else() {
        let mut peers = Peers::default();
        let endpoint: Endpoint = "tcp://127.0.0.1:1".parse().unwrap();
        let before = peers.insert(Side::Accept, endpoint.clone()).unwrap();
        peers.remove(before);
        let after = peers.insert(Side::Accept, endpoint).unwrap();
        assert_eq!(before.slot(), after.slot());
        assert!(peers.find(before).is_none() && peers.find(after).is_some());
    }
}
