//! How does a message get into the arrays of the peers that it is for?

use super::{FixedSocket, SendError};
use crate::link::PushError;
use crate::mechanism::Mechanism;
use crate::pattern::overload::Policy;
use crate::pattern::{Reason, Route, RouteError, Sends, To};
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
        let mut making_room = false;
        // Each round but two at the most takes room away from one peer.
        for _ in 0..self.places.slots.len() + 2 {
            let Route { to, skip, prefix } = match self.pattern.route(message) {
                Ok(route) => route,
                Err(RouteError::NoPeer) if policy.makes_room() && !making_room => {
                    making_room = true;
                    self.links().forget_full();
                    continue;
                }
                Err(RouteError::NoPeer) => break,
                Err(error) => return Err(SendError::Route(error)),
            };
            let to = match to {
                To::One(to) => to,
                To::All(audience) => {
                    let audience =
                        audience.iter().fold(0, |bits, slot| bits | 1u32.checked_shl(slot.into()).unwrap_or(0));
                    return match self.links().publish(policy, audience, message) {
                        Ok(()) => Ok(()),
                        Err(PushError::NeverFits) => Err(SendError::TooLong),
                        Err(PushError::NoRoom) => self.overloaded(policy),
                    };
                }
            };
            let mut links = self.links();
            match links.put(policy, making_room, to, &prefix, message.get(skip..).unwrap_or_default()) {
                Ok(()) => {
                    // What lies behind the shown message came before this one is sent, and is judged so.
                    links.release_shown(now);
                    self.pattern.sent(to);
                    return Ok(());
                }
                Err(PushError::NeverFits) => return Err(SendError::TooLong),
                Err(PushError::NoRoom) => self.pattern.room(to, false),
            }
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
