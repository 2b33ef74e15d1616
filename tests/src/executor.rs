//! How does a case drive a socket, whatever runs it?

use crate::wire::Wire;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_core::pattern::{Drops, Verbosity};

/// What runs sockets: fixed memory or tokio.
pub trait Executor {
    /// A socket that it runs.
    type Socket: Socket;

    /// The longest body of a frame that its sockets take here.
    const FRAME_LEN_MAX: usize = 1015;
    /// So long a message that a connection takes only part of it while the peer does not read.
    const BULK_LEN: usize;
    /// The interval of its heartbeats in these cases, in milliseconds.
    const BEAT_MS: u32;

    /// A socket that peers can connect to.
    fn bound_with(&mut self, kind: Kind, config: Config) -> Self::Socket;

    /// The same with nothing special about it.
    fn bound(&mut self, kind: Kind) -> Self::Socket {
        self.bound_with(kind, Config::default())
    }
}

/// A socket of ours, bound. What waits does so within a deadline, and fails with it.
pub trait Socket {
    /// The scripted peer's end of a connection.
    type Wire: Wire;
    /// What the socket connects to.
    type Listener: Listener<Wire = Self::Wire>;

    /// What it is.
    fn kind(&self) -> Kind;

    /// A peer connects to the socket.
    fn accept(&mut self) -> Self::Wire;

    /// The socket connects to a peer that listens; the queue exists from now on.
    fn dial(&mut self) -> Self::Listener;

    /// The peer closes its connection, and the socket knows.
    fn lose(&mut self, wire: Self::Wire);

    /// Sends, and waits for room where the socket's policy is to wait.
    fn send(&mut self, parts: &[&[u8]]) -> Result<(), Unsent>;

    /// Sends without waiting.
    fn try_send(&mut self, parts: &[&[u8]]) -> Result<(), Unsent>;

    /// Waits for the next message.
    fn recv(&mut self) -> Result<Vec<Vec<u8>>, Untaken>;

    /// The next message if it is there.
    fn try_recv(&mut self) -> Result<Option<Vec<Vec<u8>>>, Untaken>;

    /// A SUB wants the topic.
    fn subscribe(&mut self, topic: &[u8]);

    /// A SUB takes a subscription back. Whether there was one.
    fn unsubscribe(&mut self, topic: &[u8]) -> bool;

    /// What was dropped so far.
    fn drops(&self) -> Drops;

    /// Milliseconds since the socket was made.
    fn elapsed_ms(&self) -> u32;

    /// Lets so many milliseconds pass.
    fn pass(&mut self, ms: u32);

    /// Waits until what was dropped is so much; drops are counted behind the wire's back.
    #[track_caller]
    fn expect_drops(&mut self, drops: Drops) {
        let end = self.elapsed_ms() + 2000;
        while self.drops() != drops && self.elapsed_ms() < end {
            self.pass(5);
        }
        assert_eq!(self.drops(), drops, "left: dropped, right: expected");
    }

    /// The next message is this one.
    #[track_caller]
    fn expect(&mut self, parts: &[&[u8]]) {
        let message = self.recv();
        assert_eq!(message.as_ref().map(|parts| shown(parts)), Ok(shown(parts)), "left: received, right: expected");
    }

    /// Nothing is there to be taken. Only when the peers' wires have settled.
    #[track_caller]
    fn nothing_to_receive(&mut self) {
        let message = self.try_recv();
        assert_eq!(message.map(|message| message.map(|parts| shown(&parts))), Ok(None));
    }

    /// A peer of that type connects and is up.
    #[track_caller]
    fn peer(&mut self, theirs: &str) -> Self::Wire {
        self.named_peer(theirs, b"")
    }

    /// A peer that says who it is connects and is up.
    #[track_caller]
    fn named_peer(&mut self, theirs: &str, identity: &[u8]) -> Self::Wire {
        let mut wire = self.accept();
        wire.shake(self.kind(), theirs, identity);
        wire
    }

    /// The socket connects to a peer of that type, which is up.
    #[track_caller]
    fn dialled_peer(&mut self, theirs: &str) -> (Self::Listener, Self::Wire) {
        let mut listener = self.dial();
        let mut wire = listener.accept();
        wire.shake(self.kind(), theirs, b"");
        (listener, wire)
    }
}

/// A scripted peer that listens for our socket.
pub trait Listener {
    /// The peer's end of a connection.
    type Wire: Wire;

    /// The socket comes, for the first time or again.
    fn accept(&mut self) -> Self::Wire;

    /// The socket does not come any more.
    fn expect_nobody(&mut self);
}

/// A socket type of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Kind {
    Push,
    Pull,
    Req,
    Rep,
    Dealer,
    Router,
    Pair,
    Pub,
    Sub,
    Xpub,
    Xsub,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Push,
        Self::Pull,
        Self::Req,
        Self::Rep,
        Self::Dealer,
        Self::Router,
        Self::Pair,
        Self::Pub,
        Self::Sub,
        Self::Xpub,
        Self::Xsub,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "PUSH",
            Self::Pull => "PULL",
            Self::Req => "REQ",
            Self::Rep => "REP",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
            Self::Pair => "PAIR",
            Self::Pub => "PUB",
            Self::Sub => "SUB",
            Self::Xpub => "XPUB",
            Self::Xsub => "XSUB",
        }
    }

    /// A type that it talks to.
    pub const fn partner(self) -> &'static str {
        match self {
            Self::Push => "PULL",
            Self::Pull => "PUSH",
            Self::Req => "REP",
            Self::Rep => "REQ",
            Self::Dealer | Self::Router => "DEALER",
            Self::Pair => "PAIR",
            Self::Pub | Self::Xpub => "SUB",
            Self::Sub | Self::Xsub => "PUB",
        }
    }
}

/// What is special about a socket.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// What it calls itself.
    pub identity: &'static [u8],
    /// Whether a REQ keeps strictly to its turns and sends no request ids.
    pub strict: bool,
    /// What a full queue does, when not what the type does.
    pub overload: Option<Policy>,
    /// Whether a queue holds two messages of 490 octets and no third.
    pub holds_two: bool,
    /// Whether it sends PING each beat and gives up after three silent ones.
    pub heartbeat: bool,
    /// How long a handshake may take, in milliseconds.
    pub handshake_ms: u32,
    /// Which subscriptions an XPUB shows.
    pub verbosity: Verbosity,
    /// How many topics of a peer a publisher keeps.
    pub topics_max: usize,
    /// Whether a fixed socket has two peers at the most, as on a device.
    pub two_peers: bool,
}

impl Config {
    /// Nothing is special. A handshake may take longer than anything is waited for: who is to be refused is not to be sent
    /// away by that.
    pub const PLAIN: Self = Self {
        identity: b"",
        strict: false,
        overload: None,
        holds_two: false,
        heartbeat: false,
        handshake_ms: 120_000,
        verbosity: Verbosity::Changes,
        topics_max: 8,
        two_peers: false,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::PLAIN
    }
}

/// Why a message was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are those of the core's errors")]
pub enum Unsent {
    WouldBlock,
    Full,
    UnknownIdentity,
    NoBody,
    OutOfTurn,
    PeerGone,
}

/// Why nothing can be received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are those of the core's errors")]
pub enum Untaken {
    OutOfTurn,
    PeerGone,
}

/// A message as a failing test shows it.
fn shown(parts: &[impl AsRef<[u8]>]) -> Vec<String> {
    let text = |part: &[u8]| format!("{} ({} octets)", part[..part.len().min(60)].escape_ascii(), part.len());
    parts.iter().map(|part| text(part.as_ref())).collect()
}
