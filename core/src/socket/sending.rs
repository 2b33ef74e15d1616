//! How does a message get into the arrays of the peers that it is for?

use super::{FixedSocket, SendError, Shown, find};
use crate::link::PushError;
use crate::mechanism::Mechanism;
use crate::pattern::overload::{Full, Policy};
use crate::pattern::{Prefix, Reason, Route, RouteError, Sends, To};
use crate::peer::PeerId;
use crate::storage::{Full as TopicsFull, Slots};
use crate::time::Instant;

impl<P: Sends, M: Mechanism, const PEERS: usize, const RX: usize, const TX: usize> FixedSocket<P, M, PEERS, RX, TX> {
    /// Queues a message, whole or not at all. Where no queue has room, the policy of the socket type decides.
    pub fn try_send(&mut self, message: &[&[u8]], now: Instant) -> Result<(), SendError> {
        self.try_send_or(P::OVERLOAD, message, now)
    }

    /// Queues a message, whole or not at all. Where no queue has room, `policy` decides.
    pub fn try_send_or(&mut self, policy: Policy, message: &[&[u8]], now: Instant) -> Result<(), SendError> {
        if message.is_empty() {
            return Err(SendError::Empty);
        }
        if let Some(handled) = self.pattern.handle_subscription(message) {
            return handled.map_err(|TopicsFull| SendError::Route(RouteError::NoRoomForTopic));
        }
        // Each round but the last takes room away from one peer.
        for _ in 0..=PEERS {
            let Route { to, skip, prefix } = match self.pattern.route(message) {
                Ok(route) => route,
                Err(RouteError::NoPeer) => break,
                Err(error) => return Err(SendError::Route(error)),
            };
            let to = match to {
                To::One(to) => to,
                To::All(audience) => {
                    let audience = audience.clone();
                    return self.publish(policy, &audience, message);
                }
            };
            match self.put(to, &prefix, message.iter().copied().skip(skip)) {
                Ok(()) => {
                    // What lies behind the shown message came before this one is sent, and is judged so.
                    self.release_shown(now);
                    self.pattern.sent(to);
                    return Ok(());
                }
                Err(PushError::NeverFits) => return Err(SendError::TooLong),
                Err(PushError::NoRoom) => self.pattern.room(to, false),
            }
        }
        self.overloaded(policy)
    }

    /// Queues a message for each of many peers; or for none, where the policy is not to drop and one has no room.
    fn publish(&mut self, policy: Policy, audience: &P::Audience, message: &[&[u8]]) -> Result<(), SendError> {
        let mut full = audience.iter().filter_map(|slot| self.slots.get(usize::from(slot))?.link.fits(message).err());
        match full.find(|error| *error == PushError::NeverFits || P::on_full(policy) != Full::Drop) {
            None => (),
            Some(PushError::NeverFits) => return Err(SendError::TooLong),
            Some(PushError::NoRoom) => return self.overloaded(policy),
        }
        for slot in audience.iter() {
            if let Some(slot) = self.slots.get_mut(usize::from(slot))
                && slot.link.push(0, message.iter().copied()).is_err()
            {
                slot.drops.count(Reason::QueueFull);
            }
        }
        Ok(())
    }

    fn overloaded(&mut self, policy: Policy) -> Result<(), SendError> {
        match P::on_full(policy) {
            Full::Wait => Err(SendError::WouldBlock),
            Full::Refuse => Err(SendError::Full),
            Full::Drop => {
                self.former_drops.count(Reason::QueueFull);
                Ok(())
            }
        }
    }

    fn put<'a>(
        &mut self,
        to: PeerId,
        prefix: &Prefix,
        parts: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<(), PushError> {
        let envelope = match self.shown {
            Shown::Request { from, envelope } if from == to && *prefix == Prefix::Envelope => envelope,
            _ => 0,
        };
        let request;
        let prefix: &[&[u8]] = match prefix {
            Prefix::Nothing | Prefix::Envelope => &[],
            Prefix::Delimiter => &[&[]],
            Prefix::Request(id) => {
                request = [id.as_slice(), &[]];
                &request
            }
        };
        let slot = find(&mut self.slots, to).ok_or(PushError::NoRoom)?;
        slot.link.push(envelope, prefix.iter().copied().chain(parts.map(|part| -> &[u8] { part })))
    }
}
