//! What can go wrong, by who has to act?

use crate::message::Message;
use std::fmt;
use std::time::Duration;
use zeptomq_core::pattern::{RouteError, TakeError};

/// A message that was not sent, and why. The message is still yours.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError {
    /// The message, unchanged.
    pub message: Message,
    /// Why it was not sent.
    pub reason: NotSent,
}

/// Why a message was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NotSent {
    /// No queue has room, and the call or the policy was not to wait.
    Full,
    /// The message has no parts.
    Empty,
    /// The pattern has nobody for it.
    Route(RouteError),
    /// The socket is closed.
    Closed,
}

/// Why no message can be received.
// A word, for it lies where the first of a message's words does: see `Octets`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[repr(u64)]
pub enum RecvError {
    /// A REQ has asked nothing, or a REP owes a reply.
    OutOfTurn,
    /// The peer that was asked is gone, and its reply with it. A new request may be sent.
    PeerGone,
    /// The socket is closed, and all that had arrived was taken.
    Closed,
}

/// Why a request has no reply.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RequestError {
    /// The request was not sent.
    Send(SendError),
    /// The reply cannot come.
    Recv(RecvError),
    /// No reply came in time. One that comes later is dropped.
    TimedOut(Duration),
}

/// What a socket accepted and, when it was closed, had not delivered: it is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Undelivered {
    /// How many messages.
    pub messages: usize,
}

impl From<TakeError> for RecvError {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::PeerGone => Self::PeerGone,
            _ => Self::OutOfTurn,
        }
    }
}

impl fmt::Debug for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("no peer has room for the message"),
            Self::Empty => f.write_str("a message has at least one part"),
            Self::Route(error) => error.fmt(f),
            Self::Closed => f.write_str("the socket is closed"),
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfTurn => TakeError::OutOfTurn.fmt(f),
            Self::PeerGone => TakeError::PeerGone.fmt(f),
            Self::Closed => f.write_str("the socket is closed"),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => error.fmt(f),
            Self::Recv(error) => error.fmt(f),
            Self::TimedOut(after) => write!(f, "no reply within {after:?}"),
        }
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.messages == 1 { "message was" } else { "messages were" };
        write!(f, "{} {plural} accepted and not delivered: the peer left, or the linger time was over", self.messages)
    }
}

impl std::error::Error for SendError {}
impl std::error::Error for NotSent {}
impl std::error::Error for RecvError {}
impl std::error::Error for RequestError {}
impl std::error::Error for Undelivered {}
