//! What does a scripted peer say and hear? Octets, encoded here by hand and not by what is being tested.

use crate::executor::Kind;

/// The scripted peer's end of one connection. Everything that waits does so within a deadline, and fails with it.
pub trait Wire {
    /// Sends octets.
    fn send(&mut self, octets: &[u8]);

    /// The next octets, so many of them.
    fn receive(&mut self, len: usize) -> Vec<u8>;

    /// All that still comes until the socket closes the connection.
    fn until_closed(&mut self) -> Vec<u8>;

    /// Waits until all that was sent has been read as far as it is going to be. Only after the handshake.
    fn settle(&mut self);

    /// The octets that have come and were not received yet.
    fn unread(&mut self) -> usize;

    /// The peer closes the connection.
    fn close(self);

    /// The peer closes the connection, if the socket has not, and the socket knows. Only while it reads.
    fn leave(self);

    /// Exactly these octets come next.
    #[track_caller]
    fn expect(&mut self, octets: &[u8]) {
        let heard = self.receive(octets.len());
        assert_eq!(Shown(&heard), Shown(octets), "left: heard, right: expected");
    }

    /// The socket closes the connection and says nothing more.
    #[track_caller]
    fn expect_closed(&mut self) {
        let rest = self.until_closed();
        assert_eq!(Shown(&rest), Shown(b""), "left: heard, right: expected");
    }

    /// Nothing is on its way. Only after the handshake.
    #[track_caller]
    fn expect_quiet(&mut self) {
        self.settle();
        let unread = self.unread();
        let heard = self.receive(unread);
        assert_eq!(Shown(&heard), Shown(b""), "left: heard, right: expected");
    }

    /// Hears the opening of a socket without a name.
    #[track_caller]
    fn expect_opening(&mut self, ours: Kind) {
        self.expect(&opening(ours.name(), b""));
    }

    /// Both sides open, and the socket has seen that.
    #[track_caller]
    fn shake(&mut self, ours: Kind, theirs: &str, identity: &[u8]) {
        self.expect_opening(ours);
        self.send(&opening(theirs, identity));
        self.settle();
    }
}

/// Octets as a failing test shows them.
#[derive(PartialEq, Eq)]
pub struct Shown<'a>(pub &'a [u8]);

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = &self.0[..self.0.len().min(200)];
        write!(f, "{} octets \"{}\"", self.0.len(), head.escape_ascii())
    }
}

/// The length of a greeting.
pub const GREETING_LEN: usize = 64;

/// Vector G1: the greeting of ZMTP 3.1 under NULL.
pub fn greeting() -> [u8; GREETING_LEN] {
    greeting_of(3, 1)
}

/// A greeting of another version.
pub fn greeting_of(major: u8, minor: u8) -> [u8; GREETING_LEN] {
    let mut octets = [0; GREETING_LEN];
    octets[0] = 0xff;
    octets[9] = 0x7f;
    octets[10..16].copy_from_slice(&[major, minor, b'N', b'U', b'L', b'L']);
    octets
}

/// Greeting and READY, as a socket of the type sends them under NULL.
pub fn opening(socket_type: &str, identity: &[u8]) -> Vec<u8> {
    [&greeting()[..], &ready(socket_type, identity)].concat()
}

/// The READY of a socket of the type: those three that have an identity say it, empty or not.
pub fn ready(socket_type: &str, identity: &[u8]) -> Vec<u8> {
    let mut metadata = property(b"Socket-Type", socket_type.as_bytes());
    if ["REQ", "DEALER", "ROUTER"].contains(&socket_type) {
        metadata.extend(property(b"Identity", identity));
    }
    command(b"READY", &metadata)
}

/// A property of the metadata.
pub fn property(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[name.len() as u8], name, &(value.len() as u32).to_be_bytes(), value].concat()
}

/// A message as its frames.
pub fn message(parts: &[&[u8]]) -> Vec<u8> {
    let last = parts.len().saturating_sub(1);
    let frames: Vec<_> = parts.iter().enumerate().map(|(at, part)| frame(u8::from(at < last), part)).collect();
    frames.concat()
}

/// A part that another part follows.
pub fn more(part: &[u8]) -> Vec<u8> {
    frame(1, part)
}

/// A command.
pub fn command(name: &[u8], data: &[u8]) -> Vec<u8> {
    frame(4, &[&[name.len() as u8], name, data].concat())
}

/// What a subscriber of ZMTP 3.1 says that it wants.
pub fn subscribe(topic: &[u8]) -> Vec<u8> {
    command(b"SUBSCRIBE", topic)
}

/// What it says that it does not want any more.
pub fn cancel(topic: &[u8]) -> Vec<u8> {
    command(b"CANCEL", topic)
}

/// A PING; its time to live is in tenths of a second.
pub fn ping(ttl_ds: u16, context: &[u8]) -> Vec<u8> {
    command(b"PING", &[&ttl_ds.to_be_bytes(), context].concat())
}

/// A PONG.
pub fn pong(context: &[u8]) -> Vec<u8> {
    command(b"PONG", context)
}

/// An ERROR with its reason.
pub fn error(reason: &str) -> Vec<u8> {
    command(b"ERROR", &[&[reason.len() as u8], reason.as_bytes()].concat())
}

/// A frame in the short form when it fits.
pub fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(len) => [&[flags, len], body].concat(),
        Err(_) => long_frame(flags, body.len() as u64, body),
    }
}

/// A frame in the long form, which says a length of its own.
pub fn long_frame(flags: u8, len: u64, body: &[u8]) -> Vec<u8> {
    [&[flags | 2][..], &len.to_be_bytes(), body].concat()
}
