//! What becomes of a message where older ones make room for it?
//!
//! As in `hub`, under its lock; but messages go into the backlogs of the peers' outboxes. A pattern is told of a peer
//! without room only while another one is looked for.

use crate::backlog::Kept;
use crate::error::NotSent;
use crate::hub::{After, COPIES_FREE, Hub, State};
use crate::message::Message;
use crate::peers::Peers;
use zeptomq_core::pattern::overload::{Load, Policy};
use zeptomq_core::pattern::{Route, RouteError, Sends, To};
use zeptomq_core::peer::PeerId;
use zeptomq_core::storage::Slots;

impl<P: Sends> Hub<P> {
    /// Queues the message for whom the pattern names. Without a peer it is refused, as one for which there is no room.
    #[cold]
    pub(crate) fn decide_making_room(
        &self,
        state: &mut State<P>,
        message: &Message,
        after: &mut After,
    ) -> Result<(), NotSent> {
        let mut passed = Vec::new();
        let decided = self.pass_on(state, message, &mut passed, after);
        passed.into_iter().for_each(|peer| state.pattern.room(peer, true));
        decided
    }

    /// Gives the message to the next peer that has room; when all were passed over, to the one whose turn it is.
    fn pass_on(
        &self,
        state: &mut State<P>,
        message: &Message,
        passed: &mut Vec<PeerId>,
        after: &mut After,
    ) -> Result<(), NotSent> {
        let limit = self.shared.options.send_limit;
        let policy = P::overload(self.policy());
        let mut message_kept = None;
        let mut all_passed = false;
        // Each round but the last two passes over a peer.
        loop {
            let State { pattern, peers, sends, .. } = &mut *state;
            let (to, skip) = match pattern.route(message) {
                Ok(Route { to: To::One(to), skip, .. }) => (to, skip),
                Ok(Route { to: To::All(audience), .. }) => {
                    sends.spend(publish(peers, audience, policy, limit, message, after));
                    return Ok(());
                }
                Err(RouteError::NoPeer) if !all_passed && !passed.is_empty() => {
                    all_passed = true;
                    passed.iter().for_each(|&peer| pattern.room(peer, true));
                    continue;
                }
                Err(RouteError::NoPeer) => return Err(NotSent::Full),
                Err(error) => return Err(NotSent::Route(error)),
            };
            let kept: &Kept = message_kept.get_or_insert_with(|| Kept::new(message, skip));
            let Some(peer) = peers.find(to) else { return Ok(()) };
            // A pattern that does not ask for room names the same peer again.
            if !all_passed && !peer.outbox.has_room_for(kept, limit) && passed.last() != Some(&to) {
                pattern.room(to, false);
                passed.push(to);
                continue;
            }
            peer.outbox.keep(kept.clone(), policy, limit, &mut peer.drops);
            sends.spend(kept.len());
            pattern.sent(to);
            peer.start(to, sends.resumes(), after);
            return Ok(());
        }
    }
}

/// Queues a message for each of many peers. Returns what it spends of a task's budget.
fn publish(
    peers: &mut Peers,
    audience: &impl Slots,
    policy: Policy,
    limit: Load,
    message: &Message,
    after: &mut After,
) -> usize {
    let (mut message_kept, mut copies) = (None, 0);
    for slot in audience.iter() {
        let Some((_, peer)) = peers.tenant(slot) else { continue };
        let kept: &Kept = message_kept.get_or_insert_with(|| Kept::new(message, 0));
        peer.outbox.keep(kept.clone(), policy, limit, &mut peer.drops);
        copies += 1;
        peer.rouse(after);
    }
    let len = message_kept.as_ref().map_or(0, Kept::len);
    len * copies / copies.clamp(1, COPIES_FREE)
}
