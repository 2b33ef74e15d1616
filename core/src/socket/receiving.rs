//! How does the user come to a message that has arrived?

use super::judge::Taker;
use super::memory::{Place, Slot};
use super::{Base, FixedSocket, Shown};
use crate::link::{Extent, FixedMessage};
use crate::mechanism::Mechanism;
use crate::message::Parts;
use crate::pattern::{Identity, Receives, TakeError, Verdict};
use crate::peer::PeerId;
use crate::time::Instant;

/// A message that was taken. It lies in the socket until the next call that changes the socket.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    from: PeerId,
    identity: Option<&'a [u8]>,
    message: FixedMessage<'a>,
    extent: Extent,
}

impl<P: Receives, M: Mechanism + Clone> FixedSocket<'_, P, M> {
    /// Takes the next message, in turn over the peers that sent one; `None` when none has arrived.
    ///
    /// Where [`Setup::large_len_max`](crate::link::Setup::large_len_max) allows it, a message whose last part does not fit
    /// comes in pieces, between which other peers have their turns: see [`Received::extent`].
    pub fn try_recv(&mut self, now: Instant) -> Result<Option<Received<'_>>, TakeError> {
        self.base.try_recv(&mut self.pattern, now)
    }
}

impl<M: Mechanism + Clone> Base<'_, M> {
    fn try_recv<'a>(
        &'a mut self,
        pattern: &'a mut dyn Taker<M>,
        now: Instant,
    ) -> Result<Option<Received<'a>>, TakeError> {
        match pattern.may_take() {
            Ok(()) => {
                self.common.make_way = None;
                self.links(pattern.judge()).release_shown(now);
            }
            Err(_) => self.links(pattern.judge()).release_shown_message(now),
        }
        // Each round but the last uses up a message that has arrived. It may end the turn.
        loop {
            // What follows a message that was taken needs no turn.
            let index = match pattern.may_take() {
                Ok(()) => self.common.waiting.turn(),
                Err(error) if !self.places.slots.iter().any(|slot| slot.link.is_passing()) => return Err(error),
                Err(_) => self.places.piece(),
            };
            let Some(index) = index else { return Ok(None) };
            let Some(Place { slot, rx, .. }) = self.places.at(index) else { return Ok(None) };
            let peer = PeerId::new(index, slot.turn);
            self.common.waiting.took(index);
            let verdict = match slot.link.message(rx) {
                _ if slot.link.has_piece() => Verdict::Deliver { skip: 0, keep: false },
                Some(message) => pattern.take(peer, &message),
                None => {
                    self.common.waiting.set(index, false);
                    continue;
                }
            };
            match verdict {
                Verdict::Deliver { skip, keep } => {
                    self.common.waiting.set(index, false);
                    if !keep {
                        self.common.shown = Shown::Message(peer);
                        self.common.release = Some(|links, now| links.release_shown(now));
                    }
                    // More of a message does not count again.
                    if !slot.link.has_piece() {
                        slot.counts.received = slot.counts.received.wrapping_add(1);
                    }
                    return Ok(self.show(pattern, peer, skip, keep));
                }
                Verdict::Drop(reason) => self.links(pattern.judge()).refuse(peer, reason, false, now),
                Verdict::Close(reason) => self.links(pattern.judge()).refuse(peer, reason, true, now),
            }
        }
    }

    fn show<'a>(
        &'a mut self,
        pattern: &'a dyn Taker<M>,
        from: PeerId,
        skip: usize,
        keep: bool,
    ) -> Option<Received<'a>> {
        let Place { slot: Slot { link, .. }, rx, .. } = self.places.find(from)?;
        let identity = match pattern.identity(from) {
            Some(_) if link.has_piece() => None,
            Some(Identity::Chosen(name)) => Some(name),
            Some(Identity::Made(name)) => {
                self.common.made = name;
                Some(self.common.made.as_slice())
            }
            None => None,
        };
        let whole = link.message(rx).unwrap_or(FixedMessage::NONE);
        let message = whole.behind(skip);
        if keep {
            self.common.shown = Shown::Request { from, envelope_len: whole.len() - message.len() };
        }
        Some(Received { from, identity, message, extent: link.extent() })
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
        self.identity.into_iter().chain(self.message.parts())
    }
}
