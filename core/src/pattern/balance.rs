//! Which peer takes the next message of a PUSH, a DEALER or a REQ?
//!
//! Those that are up, in turn, while they have room; then those that we connect to and that are not up, whose queues
//! exist all the same. So nothing is parked on a dead endpoint while a live one has room.

use super::Refused;
use super::rotation::Rotation;
use crate::peer::{PeerId, Side};
use crate::storage::{Storage, Table};

/// The peers that messages are balanced over.
pub(super) struct Balance<S: Storage> {
    peers: S::Table<Entry>,
    up: Rotation<S>,
    dialling: Rotation<S>,
}

#[derive(Debug)]
struct Entry {
    side: Side,
    up: bool,
    room: bool,
}

impl<S: Storage> Balance<S> {
    pub(super) const EMPTY: Self = Self { peers: S::Table::EMPTY, up: Rotation::EMPTY, dialling: Rotation::EMPTY };

    pub(super) fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused> {
        self.peers.insert(peer, Entry { side, up: false, room: true })?;
        self.settle(peer);
        Ok(())
    }

    pub(super) fn up(&mut self, peer: PeerId) {
        self.change(peer, |entry| entry.up = true);
    }

    pub(super) fn down(&mut self, peer: PeerId) {
        self.change(peer, |entry| entry.up = false);
    }

    pub(super) fn room(&mut self, peer: PeerId, room: bool) {
        self.change(peer, |entry| entry.room = room);
    }

    pub(super) fn close(&mut self, peer: PeerId) {
        if self.peers.remove(peer).is_some() {
            self.up.set(peer.slot(), false);
            self.dialling.set(peer.slot(), false);
        }
    }

    /// Who takes the next message. A question only.
    #[cfg_attr(feature = "alloc", inline(always))]
    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub(super) fn turn(&self) -> Option<PeerId> {
        let slot = self.up.turn().or_else(|| self.dialling.turn())?;
        self.peers.tenant(slot)
    }

    /// The peer took a message.
    #[inline]
    pub(super) fn took(&mut self, peer: PeerId) {
        self.up.took(peer.slot());
        self.dialling.took(peer.slot());
    }

    fn change(&mut self, peer: PeerId, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.peers.find_mut(peer) {
            change(entry);
            self.settle(peer);
        }
    }

    fn settle(&mut self, peer: PeerId) {
        let Some(entry) = self.peers.find(peer) else { return };
        let dialling = !entry.up && entry.side == Side::Connect;
        self.up.set(peer.slot(), entry.room && entry.up);
        self.dialling.set(peer.slot(), entry.room && dialling);
    }
}
