//! What does the code that is the same for all socket types ask of a pattern?
//!
//! What a link does only for some types is done here, where the type is known: what a pattern never asks for is not
//! linked into a device that has no other.

use crate::link::{FixedLink, FixedMessage, Wants};
use crate::mechanism::Mechanism;
use crate::pattern::{
    Arrival, Identity, Pattern, Prefix, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict,
};
use crate::peer::{PeerId, Side};
use crate::wire::{PeerInfo, SocketType, Subscription};

/// A pattern whose type was forgotten, so that sockets of all types share one code.
pub(super) trait Judge<M: Mechanism> {
    fn socket_type(&self) -> SocketType;
    fn wants(&self, large_len_max: usize) -> Wants;
    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused>;
    fn up(&mut self, peer: PeerId, info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused>;
    fn down(&mut self, peer: PeerId);
    fn close(&mut self, peer: PeerId);
    fn room(&mut self, peer: PeerId, room: bool);
    /// Judges the message that waits in the link. A widened one was replaced.
    fn arrived(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> Arrival;
    /// Tells the peer over the link what is wanted next.
    fn tell_subscription(&mut self, peer: PeerId, link: &mut FixedLink<M>);
    /// Puts a topic whose cancel is to be shown into the link of the peer that is gone. Whether there was one.
    fn put_cancelled(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> bool;
}

impl<P: Pattern, M: Mechanism> Judge<M> for P {
    fn socket_type(&self) -> SocketType {
        P::TYPE
    }

    fn wants(&self, large_len_max: usize) -> Wants {
        Wants::new(P::LISTENS, if P::IN_PIECES { large_len_max } else { 0 })
    }

    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused> {
        Pattern::open(self, peer, side)
    }

    fn up(&mut self, peer: PeerId, info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused> {
        Pattern::up(self, peer, info)
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

    fn arrived(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> Arrival {
        let message = link.message(rx).unwrap_or(FixedMessage::NONE);
        let arrival = Pattern::arrived(self, peer, &message);
        if arrival == Arrival::Widened {
            link.put_subscription(rx, &Subscription { topic: &[], wanted: true });
        }
        arrival
    }

    fn tell_subscription(&mut self, peer: PeerId, link: &mut FixedLink<M>) {
        if let Some(subscription) = self.poll_subscription(peer) {
            link.subscribe(&subscription);
        }
    }

    fn put_cancelled(&mut self, peer: PeerId, link: &mut FixedLink<M>, rx: &mut [u8]) -> bool {
        let Some(topic) = self.poll_cancelled(peer) else { return false };
        link.put_subscription(rx, &Subscription { topic, wanted: false });
        true
    }
}

/// One that receives.
pub(super) trait Taker<M: Mechanism>: Judge<M> {
    fn may_take(&self) -> Result<(), TakeError>;
    fn take(&mut self, peer: PeerId, message: &FixedMessage<'_>) -> Verdict;
    fn identity(&self, peer: PeerId) -> Option<Identity<'_>>;
}

impl<P: Receives, M: Mechanism> Taker<M> for P {
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
pub(super) trait Sender<M: Mechanism>: Judge<M> {
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
