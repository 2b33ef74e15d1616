//! How does a message get into the arrays of the peers that it is for?

use super::judge::{Sender, Way};
use super::{Base, FixedSocket, SendError};
use crate::mechanism::Mechanism;
use crate::pattern::overload::Policy;
use crate::pattern::{Reason, RouteError, Sends, To};
use crate::storage::{Full as TopicsFull, Slots};
use crate::time::Instant;

impl<P: Sends, M: Mechanism + Clone> FixedSocket<'_, P, M> {
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
        let policy = P::overload(policy);
        if !P::TO_ALL {
            return self.base.send_to_one(&mut self.pattern, policy, message, now);
        }
        let audience = match self.pattern.route(message).map_err(SendError::Route)?.to {
            To::One(to) => bit(to.slot()),
            To::All(audience) => audience.iter().fold(0, |bits, slot| bits | bit(slot)),
        };
        self.base.send_to_all(audience, policy, message)
    }
}

impl<M: Mechanism + Clone> Base<'_, M> {
    fn send_to_all(&mut self, audience: u32, policy: Policy, message: &[&[u8]]) -> Result<(), SendError> {
        if self.places.publish(policy, audience, message)? { Ok(()) } else { self.overloaded(policy) }
    }

    fn send_to_one(
        &mut self,
        pattern: &mut dyn Sender<M>,
        policy: Policy,
        message: &[&[u8]],
        now: Instant,
    ) -> Result<(), SendError> {
        let mut making_room = false;
        // Each round but two at the most takes room away from one peer.
        for _ in 0..self.places.slots.len() + 2 {
            let Way { to, skip, prefix } = match pattern.route(message) {
                Ok(way) => way,
                Err(RouteError::NoPeer) if policy.makes_room() && !making_room => {
                    making_room = true;
                    self.links(pattern.judge()).forget_full();
                    continue;
                }
                Err(RouteError::NoPeer) => break,
                Err(error) => return Err(SendError::Route(error)),
            };
            let mut links = self.links(pattern.judge());
            if links.put(policy, making_room, to, &prefix, message.get(skip..).unwrap_or_default())? {
                // What lies behind the shown message came before this one is sent, and is judged so.
                links.release_shown(now);
                links.common.make_way = None;
                pattern.sent(to);
                return Ok(());
            }
            pattern.judge().room(to, false);
        }
        if self.common.make_way.is_none() {
            self.common.make_way = Some((now.after_ms(self.setup.handshake_ms), |links, now| links.make_way(now)));
        }
        self.overloaded(policy)
    }

    fn overloaded(&mut self, policy: Policy) -> Result<(), SendError> {
        match policy {
            Policy::Wait => Err(SendError::WouldBlock),
            Policy::Error => Err(SendError::Full),
            Policy::DropNewest | Policy::DropOldest | Policy::KeepLatest => {
                self.common.former_drops.count(Reason::QueueFull);
                Ok(())
            }
        }
    }
}

/// The bit of a slot, if it can be one of this socket's.
fn bit(slot: u16) -> u32 {
    1u32.checked_shl(slot.into()).unwrap_or(0)
}
