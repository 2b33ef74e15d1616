//! What is each publisher of a SUB or an XSUB to be told?

use super::Refused;
use crate::peer::PeerId;
use crate::storage::{Full, Interests, Slots, Storage, Table};
use crate::wire::Subscription;

/// What is wanted here, and who knows of it.
pub(super) struct Publishers<S: Storage> {
    interests: S::Interests,
    told: S::Table<Told>,
    up: S::Slots,
}

/// What a publisher that is up was told. In words, as the numbers of the changes are kept.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Told {
    /// It knows the changes up to this one.
    knows: u64,
    /// What was cancelled up to this one, it never heard of.
    came_at: u64,
}

impl<S: Storage> Publishers<S> {
    pub(super) const NEW: Self = Self { interests: S::Interests::EMPTY, told: S::Table::EMPTY, up: S::Slots::EMPTY };

    pub(super) fn subscribe(&mut self, topic: &[u8]) -> Result<(), Full> {
        self.interests.add(topic)
    }

    /// Takes one subscription back. Whether there was one.
    pub(super) fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        let wanted = self.interests.remove(topic);
        self.forget_cancelled();
        wanted
    }

    /// Whether a message with this first part is wanted.
    pub(super) fn wants(&self, subject: &[u8]) -> bool {
        self.interests.wants(subject)
    }

    /// Those that are up.
    pub(super) fn all(&self) -> &S::Slots {
        &self.up
    }

    // Each connection hears all that is wanted, as libzmq's do.
    pub(super) fn up(&mut self, peer: PeerId) -> Result<(), Refused> {
        self.told.insert(peer, Told { knows: 0, came_at: self.interests.latest() })?;
        self.up.set(peer.slot(), true);
        Ok(())
    }

    pub(super) fn down(&mut self, peer: PeerId) {
        if self.told.remove(peer).is_some() {
            self.up.set(peer.slot(), false);
            self.forget_cancelled();
        }
    }

    pub(super) fn poll_subscription(&mut self, peer: PeerId) -> Option<Subscription<'_>> {
        let told = self.told.find_mut(peer)?;
        while let Some(change) = self.interests.change_after(told.knows) {
            told.knows = change.number;
            if change.wanted || change.number > told.came_at {
                let number = change.number;
                // Asked for again, for what is found in the loop cannot leave it.
                let change = self.interests.change_after(number.saturating_sub(1))?;
                return Some(Subscription { topic: change.topic, wanted: change.wanted });
            }
        }
        self.forget_cancelled();
        None
    }

    /// What all publishers know to be cancelled need not be kept.
    fn forget_cancelled(&mut self) {
        if self.interests.has_cancelled() {
            let known = self.up.iter().filter_map(|slot| self.told.find(self.told.tenant(slot)?));
            let known = known.map(|told| told.knows).min().unwrap_or(self.interests.latest());
            self.interests.forget_cancelled(known);
        }
    }
}
