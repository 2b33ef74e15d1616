//! What can a fixed socket not do, by who has to act?

use crate::link::LinkError;
use crate::pattern::{Reason, Refused, RouteError};

/// Why a connection has to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// A word: on a device it is moved as one, where four octets would be moved one by one.
#[repr(align(4))]
pub enum Failure {
    /// The link cannot go on.
    Link(LinkError),
    /// The pattern has no place for the peer.
    Refused(Refused),
    /// The peer came back over another connection.
    Displaced,
    /// A message broke the rules of the pattern.
    Message(Reason),
}

/// Why a message was not sent. It is still the caller's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SendError {
    /// No room now; try again when the links have sent something.
    WouldBlock,
    /// No room now, and the policy is not to wait.
    Full,
    /// It never fits: it is longer than a link's array, its frames included.
    TooLong,
    /// It has no parts.
    Empty,
    /// The pattern has nobody for it.
    Route(RouteError),
}

impl Failure {
    /// Whether trying again would end the same way: then a peer is not connected to any more.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Link(LinkError::Handshake(error)) if error.is_final())
    }

    /// What to tell the peer before closing, where it can be told.
    pub(super) const fn reason_for_peer(&self) -> Option<&'static str> {
        match self {
            Self::Link(error) => error.reason_for_peer(),
            // An ERROR keeps the peer from coming back, and room there may be later.
            Self::Refused(Refused::NoRoom | Refused::Taken) | Self::Displaced | Self::Message(_) => None,
            Self::Refused(_) => Some("unacceptable identity"),
        }
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Link(error) => error.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::Displaced => f.write_str("the peer came back over another connection"),
            Self::Message(reason) => write!(f, "the peer sent {reason}"),
        }
    }
}

impl core::error::Error for Failure {}

impl core::fmt::Display for SendError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::WouldBlock => f.write_str("no room for the message now"),
            Self::Full => f.write_str("the queue is full"),
            Self::TooLong => f.write_str("the message is longer than the buffer"),
            Self::Empty => f.write_str("a message has at least one part"),
            Self::Route(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SendError {}
