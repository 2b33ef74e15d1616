//! How do two strangers become peers?
//!
//! ```text
//!   Greeting ───────────► Commands ────────────► Introduced
//!      64 octets            the mechanism's, until one holds the peer's metadata
//! ```
//! Each side sends its greeting and its mechanism's first command at once, and no message before it has the other's
//! metadata: libzmq closes the connection on a message that arrives with READY.

use super::COMMAND_LEN_MAX;
use crate::mechanism::{Mechanism, Rejected};
use crate::time::Instant;
use crate::wire::command::CommandError;
use crate::wire::frame::{FrameError, HEADER_LEN_MAX};
use crate::wire::greeting::{self, GreetingError};
use crate::wire::metadata::MetadataError;
use crate::wire::{Command, FrameKind, Greeting, Header, PeerInfo, Short, SocketType, Version, Window};
use core::ops::Range;

/// The opening of one connection.
#[derive(Debug)]
pub struct Handshake<M> {
    mechanism: M,
    socket_type: SocketType,
    awaits: Awaits,
    greeted: bool,
    window: usize,
    deadline: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Awaits {
    Greeting,
    Commands(Version),
}

/// The peer said who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introduced {
    /// Where in the octets that were lent its metadata is. It was checked: `PeerInfo::decode` reads it.
    pub metadata: Range<usize>,
    /// The version that both speak.
    pub version: Version,
}

/// Why two sides do not become peers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum HandshakeError {
    /// The greeting is none that we accept.
    Greeting(GreetingError),
    /// The peer uses another mechanism.
    OtherMechanism,
    /// A frame is malformed.
    Frame(FrameError),
    /// A message arrived before the handshake was over.
    MessageTooEarly,
    /// A command is longer than is read.
    CommandTooLong,
    /// A command is malformed.
    Command(CommandError),
    /// The mechanism rejected the peer.
    Rejected(Rejected),
    /// The metadata is refused.
    Metadata(MetadataError),
    /// Sockets of these two types do not talk to each other: ours, then the peer's.
    Incompatible(SocketType, SocketType),
    /// The peer refused us with an ERROR command; [`refusal`] reads why.
    Refused,
    /// The peer took longer than it may.
    TimedOut,
}

impl<M: Mechanism> Handshake<M> {
    /// A handshake that fails when it is not over by `deadline`. `window` is how many octets the executor can hold of
    /// what arrives.
    pub fn new(mechanism: M, socket_type: SocketType, window: usize, deadline: Instant) -> Self {
        Self { mechanism, socket_type, awaits: Awaits::Greeting, greeted: false, window, deadline }
    }

    /// Takes octets that arrived and says how many it used; 0 when it awaits more. Call it again with the rest, until
    /// it used none or introduces the peer.
    pub fn handle(&mut self, input: &mut [u8]) -> Result<(usize, Option<Introduced>), HandshakeError> {
        match self.awaits {
            Awaits::Greeting => self.handle_greeting(input).map(|used| (used, None)),
            Awaits::Commands(version) => self.handle_command(version, input),
        }
    }

    /// Writes the next of what is to be sent into `out`: the greeting, then the mechanism's commands, each as a whole
    /// frame. Returns where it lies, nowhere when there is none for now. Call it until then, before reading.
    pub fn poll_transmit(
        &mut self,
        identity: &[u8],
        entropy: &mut dyn FnMut(&mut [u8]),
        out: &mut [u8],
    ) -> Result<Range<usize>, Short> {
        if !self.greeted {
            let greeting = out.first_chunk_mut().ok_or(Short)?;
            Greeting::encode(M::NAME, self.mechanism.as_server(), greeting);
            self.greeted = true;
            return Ok(0..greeting::LEN);
        }
        let info = PeerInfo { socket_type: Some(self.socket_type), identity };
        // The header comes first but is known last: there is room for the longest.
        let (header, body) = out.split_at_mut_checked(HEADER_LEN_MAX).ok_or(Short)?;
        let len = self.mechanism.poll_command(&info, entropy, body)?;
        if len == 0 {
            return Ok(0..0);
        }
        let start = HEADER_LEN_MAX - Header::len_for(len);
        Header::encode(FrameKind::Command, len, &mut Window::new(header.get_mut(start..).ok_or(Short)?))?;
        Ok(start..HEADER_LEN_MAX + len)
    }

    /// When the handshake fails for having taken too long.
    pub fn poll_timeout(&self) -> Instant {
        self.deadline
    }

    /// Whether the handshake took too long.
    pub fn handle_timeout(&self, now: Instant) -> Result<(), HandshakeError> {
        if self.deadline.has_come(now) { Err(HandshakeError::TimedOut) } else { Ok(()) }
    }

    /// Whether the peer has sent its greeting.
    pub const fn is_greeted(&self) -> bool {
        matches!(self.awaits, Awaits::Commands(_))
    }

    /// What we are.
    pub const fn socket_type(&self) -> SocketType {
        self.socket_type
    }

    /// The two halves for traffic, once the peer was introduced and all was sent. Do not ask again.
    pub fn traffic(&mut self) -> Option<(M::Open, M::Seal)> {
        self.mechanism.traffic()
    }

    fn handle_greeting(&mut self, input: &[u8]) -> Result<usize, HandshakeError> {
        Greeting::check(input).map_err(HandshakeError::Greeting)?;
        let Some(octets) = input.first_chunk() else { return Ok(0) };
        let greeting = Greeting::decode(octets).map_err(HandshakeError::Greeting)?;
        // RFC 37 "Greeting": both sides SHALL use the same mechanism, or the connection is closed.
        if !M::NAME.is(greeting.mechanism) {
            return Err(HandshakeError::OtherMechanism);
        }
        self.awaits = Awaits::Commands(greeting.version);
        Ok(greeting::LEN)
    }

    fn handle_command(
        &mut self,
        version: Version,
        input: &mut [u8],
    ) -> Result<(usize, Option<Introduced>), HandshakeError> {
        let Some(header) = Header::decode(input).map_err(HandshakeError::Frame)? else { return Ok((0, None)) };
        // RFC 37 "Traffic": messages follow the handshake. CVE-2020-15166: nothing reaches the socket before that.
        if header.kind != FrameKind::Command {
            return Err(HandshakeError::MessageTooEarly);
        }
        let end = header.len.saturating_add(header.body_len);
        if header.body_len > COMMAND_LEN_MAX || end > self.window {
            return Err(HandshakeError::CommandTooLong);
        }
        let Some(body) = input.get_mut(header.len..end) else { return Ok((0, None)) };
        match Command::decode(body) {
            Ok(Command::Error(_)) => return Err(HandshakeError::Refused),
            Ok(_) => (),
            Err(error) => return Err(HandshakeError::Command(error)),
        }
        let metadata = self.mechanism.handle(body).map_err(HandshakeError::Rejected)?;
        let Some(metadata) = metadata else { return Ok((end, None)) };
        let info = body.get(metadata.clone()).map_or(Err(MetadataError::Malformed), PeerInfo::decode);
        match info.map_err(HandshakeError::Metadata)?.socket_type {
            Some(theirs) if !self.socket_type.accepts(theirs) => {
                Err(HandshakeError::Incompatible(self.socket_type, theirs))
            }
            _ => {
                let metadata = header.len + metadata.start..header.len + metadata.end;
                Ok((end, Some(Introduced { metadata, version })))
            }
        }
    }
}

impl HandshakeError {
    /// What to tell the peer in an ERROR command before closing, where it can be told.
    // RFC 37 "Socket Type Property": on a mismatch SHOULD send ERROR, then disconnect; it keeps libzmq from coming back.
    pub const fn reason_for_peer(&self) -> Option<&'static str> {
        match self {
            Self::Incompatible(..) => Some("incompatible socket types"),
            Self::Metadata(_) => Some("unacceptable metadata"),
            _ => None,
        }
    }

    /// Whether trying again would end the same way: then a connecting side gives up.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Incompatible(..) | Self::OtherMechanism | Self::Refused)
    }
}

/// The reason that the peer gave in the ERROR command at the start of `input`; it need not be text.
pub fn refusal(input: &[u8]) -> Option<&[u8]> {
    let header = Header::decode(input).ok().flatten()?;
    let body = input.get(header.len..)?.get(..header.body_len)?;
    match Command::decode(body) {
        Ok(Command::Error(reason)) => Some(reason),
        _ => None,
    }
}

impl core::fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Greeting(error) => error.fmt(f),
            Self::OtherMechanism => f.write_str("the peer uses another security mechanism"),
            Self::Frame(error) => error.fmt(f),
            Self::MessageTooEarly => f.write_str("the peer sent a message before the handshake was over"),
            Self::CommandTooLong => f.write_str("the peer sent an overlong command"),
            Self::Command(error) => error.fmt(f),
            Self::Rejected(error) => error.fmt(f),
            Self::Metadata(error) => error.fmt(f),
            Self::Incompatible(ours, theirs) => {
                write!(f, "the peer is a {theirs} socket, which a {ours} cannot talk to")
            }
            Self::Refused => f.write_str("the peer refused us"),
            Self::TimedOut => f.write_str("the peer did not finish the handshake in time"),
        }
    }
}

impl core::error::Error for HandshakeError {}

#[cfg(test)]
mod tests {
    use super::{Handshake, HandshakeError, refusal};
    use crate::mechanism::Null;
    use crate::time::Instant;
    use crate::wire::{SocketType, Version};
    use std::vec::Vec;

    fn handshake(socket_type: SocketType) -> Handshake<Null> {
        Handshake::new(Null::NEW, socket_type, 4096, Instant::from_ms(1000))
    }

    fn opening(socket_type: SocketType, identity: &[u8]) -> Vec<u8> {
        let (mut all, mut out, mut side) = (Vec::new(), [0; 400], handshake(socket_type));
        loop {
            let written = side.poll_transmit(identity, &mut |_| (), &mut out).unwrap();
            if written.is_empty() {
                return all;
            }
            all.extend_from_slice(&out[written]);
        }
    }

    fn feed(side: &mut Handshake<Null>, octets: &[u8], piece: usize) -> Result<Option<Version>, HandshakeError> {
        let mut pending = Vec::new();
        for piece in octets.chunks(piece) {
            pending.extend_from_slice(piece);
            loop {
                let (used, introduced) = side.handle(&mut pending)?;
                let version = introduced.map(|introduced| introduced.version);
                pending.drain(..used);
                if version.is_some() {
                    return Ok(version);
                }
                if used == 0 {
                    break;
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn an_opening_is_greeting_and_ready_in_one() {
        let octets = opening(SocketType::Push, b"");
        assert_eq!(&octets[64..], b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH");
        assert_eq!(opening(SocketType::Dealer, &[b'i'; 255])[64..73], [6, 0, 0, 0, 0, 0, 0, 1, 0x28]);
    }

    #[test]
    fn an_opening_is_understood_in_pieces_of_any_size() {
        let octets = opening(SocketType::Dealer, &[b'i'; 255]);
        for piece in 1..octets.len() {
            let mut side = handshake(SocketType::Router);
            assert_eq!(feed(&mut side, &octets, piece), Ok(Some(Version::V3_1)), "{piece}");
        }
    }

    #[test]
    fn a_message_before_the_handshake_is_over_is_refused() {
        let mut octets = opening(SocketType::Push, b"");
        octets.splice(64.., *b"\0\x02hi");
        assert_eq!(feed(&mut handshake(SocketType::Pull), &octets, 1), Err(HandshakeError::MessageTooEarly));
    }

    #[test]
    fn an_overlong_command_is_refused_by_its_header() {
        let mut octets = opening(SocketType::Push, b"");
        for size in [[0, 0, 0, 0, 0, 0, 0x10, 1], [0x7f, 255, 255, 255, 255, 255, 255, 255]] {
            octets.splice(64.., [6].into_iter().chain(size));
            assert_eq!(feed(&mut handshake(SocketType::Pull), &octets, 9), Err(HandshakeError::CommandTooLong));
        }
    }

    #[test]
    fn only_compatible_types_are_introduced() {
        let error = HandshakeError::Incompatible(SocketType::Pull, SocketType::Req);
        assert_eq!(feed(&mut handshake(SocketType::Pull), &opening(SocketType::Req, b""), 500), Err(error));
        assert!(error.is_final() && error.reason_for_peer().is_some());
    }

    #[test]
    fn an_error_command_is_a_refusal_with_its_reason() {
        let mut octets = opening(SocketType::Push, b"");
        octets.splice(64.., *b"\x04\x0a\x05ERROR\x03400");
        assert_eq!(feed(&mut handshake(SocketType::Pull), &octets, 500), Err(HandshakeError::Refused));
        assert_eq!(refusal(&octets[64..]), Some(&b"400"[..]));
    }

    #[test]
    fn the_deadline_ends_it() {
        let side = handshake(SocketType::Push);
        assert_eq!(side.poll_timeout(), Instant::from_ms(1000));
        assert_eq!(side.handle_timeout(Instant::from_ms(999)), Ok(()));
        assert_eq!(side.handle_timeout(Instant::from_ms(1000)), Err(HandshakeError::TimedOut));
    }
}
