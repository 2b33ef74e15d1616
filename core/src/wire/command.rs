//! What does a command's body say?
//!
//! ```text
//!  name length (1)   name   data
//! ```
//! RFC 37 "Commands". The mechanism's own commands are read by the mechanism.

use super::names::Names;
use super::{FrameKind, Header, Octets, Short, Subscription};

/// A command, its data borrowed from the frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command<'a> {
    /// READY: ends the handshake; the data is metadata.
    Ready(&'a [u8]),
    /// ERROR: the peer gave up on the handshake, for this reason.
    Error(&'a [u8]),
    /// PING: to be answered by PONG with the same context.
    Ping {
        /// After this many tenths of a second of silence the link should be dropped; 0 says nothing.
        ttl_ds: u16,
        /// What the PONG must carry back.
        context: Context<'a>,
    },
    /// PONG: the answer to our PING.
    Pong(Context<'a>),
    /// SUBSCRIBE or CANCEL: what a subscriber wants, or not any more.
    Subscription(Subscription<'a>),
    /// Any other command, which a peer may send and we may ignore.
    Other {
        /// The command's name.
        name: &'a [u8],
        /// What follows the name.
        data: &'a [u8],
    },
}

/// What a PING asks its PONG to carry back: at most 16 octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Context<'a>(&'a [u8]);

/// Why a command's body is malformed. The peer is at fault; the connection cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum CommandError {
    /// The body is empty, or the name is empty, overruns the body or is not made of letters.
    BadName,
    /// The data of an ERROR does not hold the reason that it announces.
    BadError,
    /// A PING without its time to live, or a context of more than 16 octets.
    BadHeartbeat,
}

/// The longest context of a PING, in octets.
pub const CONTEXT_LEN_MAX: usize = 16;

impl<'a> Command<'a> {
    /// Reads the body of a command frame.
    pub fn decode(body: &'a [u8]) -> Result<Self, CommandError> {
        let (&len, rest) = body.split_first().ok_or(CommandError::BadName)?;
        let (name, data) = rest.split_at_checked(usize::from(len)).ok_or(CommandError::BadName)?;
        // RFC 37 grammar: command-name = OCTET 1*255 command-name-char, command-name-char = ALPHA.
        if name.is_empty() || !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(CommandError::BadName);
        }
        match NAMES.find(name) {
            Some(READY) => Ok(Self::Ready(data)),
            Some(ERROR) => reason(data).map(Self::Error),
            Some(PING) => {
                let (ttl, context) = data.split_first_chunk().ok_or(CommandError::BadHeartbeat)?;
                Ok(Self::Ping { ttl_ds: u16::from_be_bytes(*ttl), context: Context::new(context)? })
            }
            Some(PONG) => Context::new(data).map(Self::Pong),
            Some(SUBSCRIBE) => Ok(Self::Subscription(Subscription { topic: data, wanted: true })),
            Some(CANCEL) => Ok(Self::Subscription(Subscription { topic: data, wanted: false })),
            _ => Ok(Self::Other { name, data }),
        }
    }

    /// Writes the command as a whole frame, or nothing.
    pub fn encode(&self, out: &mut impl Octets) -> Result<(), Short> {
        let mut number = [0; 2];
        let body = self.body(&mut number)?;
        let len = body.iter().map(|piece| piece.len()).sum();
        out.fits(Header::len_for(len) + len)?;
        Header::encode(FrameKind::Command, len, out)?;
        body.iter().try_for_each(|piece| out.put(piece))
    }

    /// The pieces of its body; of no command that a peer is sent are there more. Numbers are written into `number`.
    #[inline]
    pub(crate) fn body<'b>(&'b self, number: &'b mut [u8; 2]) -> Result<[&'b [u8]; 3], Short> {
        let (name, number_len, data) = match *self {
            Self::Ready(metadata) => (READY, 0, metadata),
            Self::Error(reason) => {
                let reason = reason.get(..255).unwrap_or(reason);
                number[0] = reason.len() as u8;
                (ERROR, 1, reason)
            }
            Self::Ping { ttl_ds, context } => {
                *number = ttl_ds.to_be_bytes();
                (PING, 2, context.as_octets())
            }
            Self::Pong(context) => (PONG, 0, context.as_octets()),
            Self::Subscription(Subscription { topic, wanted }) => return Ok([subscription(wanted), &[], topic]),
            Self::Other { name, data } => {
                number[0] = u8::try_from(name.len()).map_err(|_| Short)?;
                return Ok([&number[..1], name, data]);
            }
        };
        Ok([NAMES.at(name), number.get(..number_len).unwrap_or_default(), data])
    }
}

/// The name of the command that says a subscription, behind its length.
pub(super) fn subscription(wanted: bool) -> &'static [u8] {
    NAMES.at(if wanted { SUBSCRIBE } else { CANCEL })
}

impl<'a> Context<'a> {
    /// The context of a PING that asks for nothing back.
    pub const EMPTY: Self = Self(&[]);

    /// A context of at most 16 octets.
    // RFC 37 "Connection Heartbeating": the context MUST NOT be longer than 16 octets.
    pub const fn new(context: &'a [u8]) -> Result<Self, CommandError> {
        if context.len() > CONTEXT_LEN_MAX { Err(CommandError::BadHeartbeat) } else { Ok(Self(context)) }
    }

    /// The octets to carry back.
    pub const fn as_octets(&self) -> &'a [u8] {
        self.0
    }
}

impl core::fmt::Display for CommandError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::BadName => "a command has no valid name",
            Self::BadError => "an ERROR command holds no reason",
            Self::BadHeartbeat => "a PING or PONG is malformed",
        })
    }
}

impl core::error::Error for CommandError {}

/// The names that mean something to us, in the order of their numbers.
const NAMES: Names = Names(b"\x05READY\x05ERROR\x04PING\x04PONG\x09SUBSCRIBE\x06CANCEL");

const READY: usize = 0;
const ERROR: usize = 1;
const PING: usize = 2;
const PONG: usize = 3;
const SUBSCRIBE: usize = 4;
const CANCEL: usize = 5;

// RFC 37 grammar: error-reason = OCTET 0*255VCHAR, and nothing behind it.
fn reason(data: &[u8]) -> Result<&[u8], CommandError> {
    match data.split_first() {
        Some((&len, reason)) if reason.len() == usize::from(len) => Ok(reason),
        _ => Err(CommandError::BadError),
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, CommandError, Context};
    use crate::wire::Window;

    fn encoded(command: Command<'_>) -> heapless::Vec<u8, 400> {
        let mut out = [0; 400];
        let mut window = Window::new(&mut out);
        command.encode(&mut window).unwrap();
        let len = window.len();
        heapless::Vec::from_slice(&out[..len]).unwrap()
    }

    #[test]
    fn heartbeats_and_errors_are_the_vectors_p1_p2_p3_and_e1() {
        let ping = |ttl_ds, context| Command::Ping { ttl_ds, context: Context::new(context).unwrap() };
        let context = b"ctx12345";
        assert_eq!(encoded(ping(0, b"")), *b"\x04\x07\x04PING\0\0");
        assert_eq!(encoded(ping(50, b"")), *b"\x04\x07\x04PING\0\x32");
        assert_eq!(encoded(ping(0, context)), *b"\x04\x0f\x04PING\0\0ctx12345");
        assert_eq!(encoded(Command::Pong(Context::new(context).unwrap())), *b"\x04\x0d\x04PONGctx12345");
        assert_eq!(encoded(Command::Error(b"400")), *b"\x04\x0a\x05ERROR\x03400");
        for command in [ping(50, context), Command::Pong(Context::EMPTY), Command::Error(b""), Command::Ready(b"data")]
        {
            assert_eq!(Command::decode(&encoded(command)[2..]), Ok(command));
        }
    }

    #[test]
    fn a_long_reason_is_cut_and_takes_the_long_form() {
        let frame = encoded(Command::Error(&[b'x'; 300]));
        assert_eq!(&frame[..9], [6, 0, 0, 0, 0, 0, 0, 1, 6]);
        assert_eq!(Command::decode(&frame[9..]), Ok(Command::Error(&[b'x'; 255])));
    }

    #[test]
    fn a_name_is_one_to_255_letters_within_the_body() {
        for body in [&b""[..], b"\x00", b"\x00PING", b"\x05PING", b"\x04PI-G\0\0", b"\x5eRROR\x03400"] {
            assert_eq!(Command::decode(body), Err(CommandError::BadName), "{body:?}");
        }
        assert_eq!(Command::decode(b"\x04WXYZ"), Ok(Command::Other { name: b"WXYZ", data: b"" }));
    }

    #[test]
    fn a_ping_holds_a_time_to_live_and_at_most_16_octets_of_context() {
        for (data, good) in [(0, false), (1, false), (2, true), (3, true), (18, true), (19, false)] {
            let body = [&b"\x04PING"[..], &[0; 32][..data]].concat();
            assert_eq!(Command::decode(&body).is_ok(), good, "{data}");
        }
        assert_eq!(Command::decode(b"\x04PONG01234567890123456"), Err(CommandError::BadHeartbeat));
    }

    #[test]
    fn an_error_holds_exactly_its_reason() {
        assert_eq!(Command::decode(b"\x05ERROR\x03400"), Ok(Command::Error(b"400")));
        for body in [&b"\x05ERROR"[..], b"\x05ERROR\x0340", b"\x05ERROR\x034000"] {
            assert_eq!(Command::decode(body), Err(CommandError::BadError));
        }
    }
}
