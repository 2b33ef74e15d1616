//! How does a subscriber say what it wants? In a command; or, to peers of ZMTP 3.0, in a message.
//!
//! ```text
//!   3.1   command  9 "SUBSCRIBE" topic      command  6 "CANCEL" topic       (RFC 37)
//!   3.0   message  1 topic                  message  0 topic                (RFC 23)
//! ```
//! Both are understood on every connection: an application that sends them itself sends the messages.

use super::{FrameKind, Version, command};

/// A topic that a peer wants from now on, or does not want any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subscription<'a> {
    /// What the first part of a message has to begin with.
    pub topic: &'a [u8],
    /// Whether it is wanted.
    pub wanted: bool,
}

impl<'a> Subscription<'a> {
    /// Reads the first part of a message; `None` when it is an ordinary message.
    pub fn from_message(body: &'a [u8]) -> Option<Self> {
        match body.split_first()? {
            (1, topic) => Some(Self { topic, wanted: true }),
            (0, topic) => Some(Self { topic, wanted: false }),
            _ => None,
        }
    }

    /// The frame that says it to a publisher of this version: its kind, and the pieces of its body.
    pub(crate) fn frame(self, version: Version) -> (FrameKind, [&'a [u8]; 3]) {
        let (kind, before): (_, &[u8]) = match self.wanted {
            _ if version >= Version::V3_1 => (FrameKind::Command, command::subscription(self.wanted)),
            true => (FrameKind::Last, &[1]),
            false => (FrameKind::Last, &[0]),
        };
        (kind, [before, self.topic, &[]])
    }

    /// What goes before the topic in a message.
    pub const fn octet(self) -> u8 {
        self.wanted as u8
    }
}
