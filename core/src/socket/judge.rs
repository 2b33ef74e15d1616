//! What does the code that is the same for all socket types ask of a pattern?

use crate::link::{FixedMessage, Wants};
use crate::pattern::{
    Arrival, Identity, Pattern, Prefix, Receives, Refused, Route, RouteError, Sends, TakeError, To, Verdict,
};
use crate::peer::{PeerId, Side};
use crate::wire::{PeerInfo, SocketType, Subscription};

/// A pattern whose type was forgotten, so that sockets of all types share one code.
pub(super) trait Judge {
    fn socket_type(&self) -> SocketType;
    fn wants(&self, large_len_max: usize) -> Wants;
    fn open(&mut self, peer: PeerId, side: Side) -> Result<(), Refused>;
    fn up(&mut self, peer: PeerId, info: &PeerInfo<'_>) -> Result<Option<PeerId>, Refused>;
    fn down(&mut self, peer: PeerId);
    fn close(&mut self, peer: PeerId);
    fn room(&mut self, peer: PeerId, room: bool);
    fn arrived(&mut self, peer: PeerId, message: &FixedMessage<'_>) -> Arrival;
    fn poll_subscription(&mut self, peer: PeerId) -> Option<Subscription<'_>>;
    fn poll_cancelled(&mut self, peer: PeerId) -> Option<&[u8]>;
}

impl<P: Pattern> Judge for P {
    fn socket_type(&self) -> SocketType {
        P::TYPE
    }

    fn wants(&self, large_len_max: usize) -> Wants {
        Wants { subscriptions: P::LISTENS, large_len_max: if P::IN_PIECES { large_len_max } else { 0 } }
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

    fn arrived(&mut self, peer: PeerId, message: &FixedMessage<'_>) -> Arrival {
        Pattern::arrived(self, peer, message)
    }

    fn poll_subscription(&mut self, peer: PeerId) -> Option<Subscription<'_>> {
        Pattern::poll_subscription(self, peer)
    }

    fn poll_cancelled(&mut self, peer: PeerId) -> Option<&[u8]> {
        Pattern::poll_cancelled(self, peer)
    }
}

/// One that receives.
pub(super) trait Taker: Judge {
    fn may_take(&self) -> Result<(), TakeError>;
    fn take(&mut self, peer: PeerId, message: &FixedMessage<'_>) -> Verdict;
    fn identity(&self, peer: PeerId) -> Option<Identity<'_>>;
}

impl<P: Receives> Taker for P {
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
pub(super) trait Sender: Judge {
    fn route(&mut self, message: &[&[u8]]) -> Result<Way, RouteError>;
    fn sent(&mut self, to: PeerId);
}

/// Whom a message goes to, without its first `skip` parts and with something before it.
pub(super) struct Way {
    pub(super) to: PeerId,
    pub(super) skip: usize,
    pub(super) prefix: Prefix,
}

impl<P: Sends> Sender for P {
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
