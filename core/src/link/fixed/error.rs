//! What can a link not do, and whose fault is it?

use crate::link::{HandshakeError, ReadError};
use crate::mechanism::Rejected;
use crate::wire::command::CommandError;
use crate::wire::frame::FrameError;

/// Why a link has to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LinkError {
    /// The handshake failed.
    Handshake(HandshakeError),
    /// A frame is malformed.
    Frame(FrameError),
    /// A frame does not open.
    Rejected(Rejected),
    /// A command is malformed.
    Command(CommandError),
    /// A command is longer than is read.
    CommandTooLong,
    /// A message does not fit in the array for what arrives.
    MessageTooLong,
    /// The peer was silent for too long.
    Silent,
}

// Without the length of what was too long: an error takes one word.
impl From<ReadError> for LinkError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Frame(error) => Self::Frame(error),
            ReadError::FrameTooLong(_) | ReadError::MessageTooLong => Self::MessageTooLong,
            ReadError::CommandTooLong => Self::CommandTooLong,
            ReadError::Rejected(error) => Self::Rejected(error),
        }
    }
}

impl LinkError {
    /// What to tell the peer in an ERROR command before closing, where it can be told.
    pub const fn reason_for_peer(&self) -> Option<&'static str> {
        match self {
            Self::Handshake(error) => error.reason_for_peer(),
            _ => None,
        }
    }
}

impl core::fmt::Display for LinkError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Handshake(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
            Self::Rejected(error) => error.fmt(f),
            Self::Command(error) => error.fmt(f),
            Self::CommandTooLong => f.write_str("the peer sent an overlong command"),
            Self::MessageTooLong => f.write_str("the peer sent a message longer than the buffer"),
            Self::Silent => f.write_str("the peer was silent for too long"),
        }
    }
}

impl core::error::Error for LinkError {}

#[cfg(test)]
mod tests {
    use super::{HandshakeError, LinkError};
    use crate::link::{FixedLink, Setup};
    use crate::mechanism::Null;
    use crate::time::Instant;
    use crate::wire::SocketType;

    #[test]
    fn who_does_not_shake_hands_in_time_is_not_called_silent() {
        let (mut link, setup) = (FixedLink::<Null>::NEW, Setup::DEFAULT);
        link.attach(Null::NEW, SocketType::Pull, &setup, 64, Instant::from_ms(0));
        let end = Instant::from_ms(setup.handshake_ms);
        assert_eq!(link.poll_timeout(), Some(end));
        assert_eq!(link.handle_timeout(64, Instant::from_ms(setup.handshake_ms - 1)), Ok(()));
        assert_eq!(link.handle_timeout(64, end), Err(LinkError::Handshake(HandshakeError::TimedOut)));
    }
}
