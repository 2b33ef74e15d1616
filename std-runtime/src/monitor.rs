//! What happens to a socket's connections? A stream of events for who wants to watch.

use crate::endpoint::Endpoint;
use std::fmt;
use std::time::Duration;
use tokio::sync::broadcast;
use zeptomq_core::wire::SocketType;

/// Something that happened to a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A peer that we connect to is up. Its type is `None` when it did not say.
    Connected {
        /// Where it is.
        endpoint: Endpoint,
        /// What it is.
        peer: Option<SocketType>,
    },
    /// A peer that connected to us is up.
    Accepted {
        /// Where we are bound.
        endpoint: Endpoint,
        /// What it is.
        peer: Option<SocketType>,
    },
    /// A peer's connection ended.
    Disconnected {
        /// Where it was, or where we are bound.
        endpoint: Endpoint,
        /// Why.
        reason: String,
    },
    /// We could not connect, and try again after a delay.
    Retrying {
        /// Where to.
        endpoint: Endpoint,
        /// Why not.
        error: String,
        /// When again; or as soon as the name of an `inproc://` endpoint is bound.
        delay: Duration,
    },
    /// We cannot be this peer's peer, and do not try again.
    Refused {
        /// Where it is.
        endpoint: Endpoint,
        /// Why.
        reason: String,
    },
    /// A stranger that connected to us was sent away.
    HandshakeFailed {
        /// Where we are bound.
        endpoint: Endpoint,
        /// Why.
        reason: String,
    },
}

/// The events of one socket from now on.
#[derive(Debug)]
pub struct Monitor {
    events: broadcast::Receiver<Event>,
}

impl Monitor {
    pub(crate) fn new(events: broadcast::Receiver<Event>) -> Self {
        Self { events }
    }

    /// The next event; `None` when the socket is gone. Who falls 256 events behind misses the oldest.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub async fn recv(&mut self) -> Option<Event> {
        loop {
            match self.events.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => (),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |peer: &Option<SocketType>| peer.map_or("peer of unknown type", SocketType::name);
        match self {
            Self::Connected { endpoint, peer } => write!(f, "connected to {endpoint}, a {}", name(peer)),
            Self::Accepted { endpoint, peer } => write!(f, "accepted a {} on {endpoint}", name(peer)),
            Self::Disconnected { endpoint, reason } => write!(f, "disconnected from {endpoint}: {reason}"),
            Self::Retrying { endpoint, error, delay } => write!(f, "{endpoint}: {error}; again in {delay:?}"),
            Self::Refused { endpoint, reason } => write!(f, "{endpoint}: {reason}"),
            Self::HandshakeFailed { endpoint, reason } => write!(f, "sent a stranger away from {endpoint}: {reason}"),
        }
    }
}
