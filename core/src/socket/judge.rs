//! What does the code that is the same for all socket types ask of a pattern?
//!
//! What a link does only for some types is done here, where the type is known: what a pattern never asks for is not
//! linked into a device that has no other.

use super::memory::Places;
use crate::link::{FixedLink, FixedMessage, Setup, Wants};
use crate::mechanism::Mechanism;
use crate::pattern::{
    Arrival, Identity, Pattern, Prefix, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict,
};
use crate::peer::{PeerId, Side};
use crate::wire::{PeerInfo, SocketType, Subscription};
use core::ops::Range;

/// What its type is to the links of a socket, in numbers.
pub(super) struct Kind<M> {
    /// What the handshake of each connection begins with.
    pub(super) mechanism: M,
    pub(super) socket_type: SocketType,
    pub(super) wants: Wants,
}

impl<M: Mechanism> Kind<M> {
    /// That of a pattern `P`.
    pub(super) fn of<P: Pattern>(mechanism: M, setup: &Setup) -> Self {
        let large_len_max = if P::IN_PIECES { setup.large_len_max } else { 0 };
        Self { mechanism, socket_type: P::TYPE, wants: Wants::new::<M>(P::LISTENS, large_len_max) }
    }
}

/// A pattern with its type forgotten, so that sockets of all types share one code.
pub(super) trait Judge<M: Mechanism> {
    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused>;
    /// The peer said who it is, in metadata that lies there in its array. One whose place it takes is displaced.
    fn up(&mut self, peer: PeerId, places: &mut Places<'_, M>, metadata: Range<usize>) -> Result<(), Refused>;
    fn down(&mut self, peer: PeerId);
    fn close(&mut self, peer: PeerId);
    fn room(&mut self, peer: PeerId, room: bool);
    /// Judges the message that waits in the link, if there is one. A widened one was replaced.
    fn arrived(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> Option<Arrival>;
    /// Tells the peer over the link what is wanted next.
    fn tell_subscription(&mut self, peer: PeerId, link: &mut FixedLink<M>);
    /// Puts a topic whose cancel is to be shown into the link of the peer that is gone. Whether there was one.
    fn put_cancelled(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> bool;
}

impl<P: Pattern, M: Mechanism> Judge<M> for P {
    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused> {
        Pattern::open(self, peer, side)
    }

    fn up(&mut self, peer: PeerId, places: &mut Places<'_, M>, metadata: Range<usize>) -> Result<(), Refused> {
        if !P::NAMED {
            return Pattern::up(self, peer, &PeerInfo::UNKNOWN).map(|_| ());
        }
        let place = places.find(peer);
        let metadata = place.as_ref().and_then(|place| place.rx.get(metadata)).unwrap_or_default();
        // It was checked.
        let displaced = Pattern::up(self, peer, &PeerInfo::decode(metadata).unwrap_or(PeerInfo::UNKNOWN))?;
        if let Some(other) = displaced.filter(|other| *other != peer) {
            places.displace(other);
        }
        Ok(())
    }

    fn down(&mut self, peer: PeerId) {
        Pattern::down(self, peer);
    }

    fn close(&mut self, peer: PeerId) {
        Pattern::close(self, peer);
    }

    fn room(&mut self, peer: PeerId, room: bool) {
        Pattern::room(self, peer, room);
    }

    fn arrived(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> Option<Arrival> {
        let arrival = Pattern::arrived(self, peer, &link.message(rx)?);
        if arrival == Arrival::Widened {
            link.put_subscription(rx, &Subscription { topic: &[], wanted: true });
        }
        Some(arrival)
    }

    fn tell_subscription(&mut self, peer: PeerId, link: &mut FixedLink<M>) {
        if let Some(subscription) = Pattern::poll_subscription(self, peer) {
            link.subscribe(&subscription);
        }
    }

    fn put_cancelled(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> bool {
        let Some(topic) = Pattern::poll_cancelled(self, peer) else { return false };
        link.put_subscription(rx, &Subscription { topic, wanted: false });
        true
    }
}

/// One that receives.
pub(super) trait Taker<M: Mechanism> {
    fn judge(&mut self) -> &mut dyn Judge<M>;
    fn may_take(&self) -> Result<(), TakeError>;
    fn take(&mut self, peer: PeerId, message: &FixedMessage<'_>) -> Verdict;
    fn identity(&self, peer: PeerId) -> Option<Identity<'_>>;
}

impl<P: Receives, M: Mechanism> Taker<M> for P {
    fn judge(&mut self) -> &mut dyn Judge<M> {
        self
    }

    fn may_take(&self) -> Result<(), TakeError> {
        Receives::may_take(self)
    }

    fn take(&mut self, peer: PeerId, message: &FixedMessage<'_>) -> Verdict {
        Receives::take(self, peer, message)
    }

    fn identity(&self, peer: PeerId) -> Option<Identity<'_>> {
        Receives::identity(self, peer)
    }
}

/// One whose messages go to one peer each.
pub(super) trait Sender<M: Mechanism> {
    fn judge(&mut self) -> &mut dyn Judge<M>;
    fn route(&mut self, message: &[&[u8]]) -> Result<Way, RouteError>;
    fn sent(&mut self, to: PeerId);
}

/// Whom a message goes to, without its first `skip` parts and with something before it.
pub(super) struct Way {
    pub(super) to: PeerId,
    pub(super) skip: usize,
    pub(super) prefix: Prefix,
}

impl<P: Sends, M: Mechanism> Sender<M> for P {
    fn judge(&mut self) -> &mut dyn Judge<M> {
        self
    }

    fn route(&mut self, message: &[&[u8]]) -> Result<Way, RouteError> {
        match Sends::route(self, message)? {
            Route { to: To::One(to), skip, prefix } => Ok(Way { to, skip, prefix }),
            Route { to: To::All(_), .. } => Err(RouteError::NoPeer),
        }
    }

    fn sent(&mut self, to: PeerId) {
        Sends::sent(self, to);
    }
}
