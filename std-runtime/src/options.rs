//! How is a socket set up? Once, checked once, everything finite.

use crate::connection::{Security, Template};
use crate::transport::inproc::Names;
use crate::transport::tcp::Setup;
use bytes::Bytes;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use zeptomq_core::link::HeartbeatSetup;
use zeptomq_core::mechanism::{Mechanism, Null};
use zeptomq_core::pattern::overload::{Load, Policy};
use zeptomq_core::pattern::{TopicLimits, Verbosity};
use zeptomq_core::wire::metadata::check_identity;

/// How a socket is set up. Every limit has a finite default. A socket is made in the context whose
/// [`options`](crate::Context::options) it begins with, or in the [`global`](crate::Context::global) one.
///
/// ```
/// use std::time::Duration;
/// use zeptomq::{Limit, Options, Push};
/// let options = Options::new().linger(Duration::from_secs(5)).send_limit(Limit { messages: 100, octets: 1 << 20 });
/// let push = Push::with(options)?;
/// # Ok::<(), zeptomq::OptionsError>(())
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) identity: Bytes,
    pub(crate) linger: Duration,
    pub(crate) unauthenticated: bool,
    pub(crate) send_limit: Limit,
    pub(crate) receive_limit: Limit,
    pub(crate) receive_total: usize,
    pub(crate) frame_len_max: usize,
    pub(crate) message_len_max: usize,
    pub(crate) overload: Option<Policy>,
    pub(crate) topics: TopicLimits,
    pub(crate) verbosity: Verbosity,
    pub(crate) reconnect: (Duration, Duration),
    pub(crate) handshake_timeout: Duration,
    pub(crate) handshakes_max: usize,
    pub(crate) heartbeat: HeartbeatSetup,
    pub(crate) strict_requests: bool,
    pub(crate) tcp: Setup,
    pub(crate) security: Arc<dyn Security>,
    pub(crate) names: Names,
}

/// How much a queue holds per peer. A queue below both takes one more message, however long.
pub type Limit = Load;

/// Which option is out of its range.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum OptionsError {
    /// An identity is 1 to 255 octets, the first of them not zero.
    Identity,
    /// A limit of zero would let nothing pass.
    Zero(&'static str),
    /// A duration above 24 days.
    TooLong(&'static str),
    /// A size in octets beyond 2 GiB.
    TooLarge(&'static str),
    /// A time of TCP's keepalive is below a second, or above 32,767 s.
    Keepalive,
    /// The time without a sign of life is shorter than the interval of the heartbeats.
    Heartbeat,
}

impl Options {
    /// The defaults, which each setter names.
    pub fn new() -> Self {
        Self {
            identity: Bytes::new(),
            linger: Duration::from_secs(5),
            unauthenticated: false,
            send_limit: Limit { messages: 16_384, octets: 2 << 20 },
            receive_limit: Limit { messages: 16_384, octets: 2 << 20 },
            receive_total: 256 << 20,
            frame_len_max: 64 << 20,
            message_len_max: 64 << 20,
            overload: None,
            topics: TopicLimits { topics: 65_536, octets: 1024, memory: 128 << 20 },
            verbosity: Verbosity::Changes,
            reconnect: (Duration::from_millis(100), Duration::from_secs(10)),
            handshake_timeout: Duration::from_secs(10),
            handshakes_max: 1024,
            heartbeat: HeartbeatSetup::DEFAULT,
            strict_requests: false,
            tcp: Setup::DEFAULT,
            security: Arc::new(Template(Null::NEW)),
            names: Names::global(),
        }
    }

    /// What REQ, DEALER and ROUTER sockets call themselves: 1 to 255 octets, the first not zero. Default: none, and a
    /// ROUTER makes one up.
    pub fn identity(mut self, identity: impl Into<Bytes>) -> Self {
        self.identity = identity.into();
        self
    }

    /// How long a closed or dropped socket goes on sending what it accepted, and then listens to peers that go on
    /// sending: one that is cut off loses what it has not read yet. Default: 5 s.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Lets the socket bind beyond loopback though the NULL mechanism lets anyone in and hides nothing.
    pub fn allow_unauthenticated(mut self) -> Self {
        self.unauthenticated = true;
        self
    }

    /// How much waits to leave, per peer. Default: 16,384 messages, 2 MiB.
    pub fn send_limit(mut self, limit: Limit) -> Self {
        self.send_limit = limit;
        self
    }

    /// How much waits to be received, per peer; beyond it the peer is not read. Of many peers less, down to 64 KiB of each: an
    /// eighth of [`receive_total`](Self::receive_total) is shared out. Default: 16,384 messages, 2 MiB.
    pub fn receive_limit(mut self, limit: Limit) -> Self {
        self.receive_limit = limit;
        self
    }

    /// How many octets may wait to be received from all peers together, those included that are gone; then nobody is read
    /// until half of it was taken. Default: 256 MiB.
    pub fn receive_total(mut self, octets: usize) -> Self {
        self.receive_total = octets;
        self
    }

    /// The longest frame that is received, in octets; the connection of a peer that sends a longer one is closed.
    /// Default: 64 MiB.
    pub fn frame_len_max(mut self, octets: usize) -> Self {
        self.frame_len_max = octets;
        self
    }

    /// The longest message that is received, in octets: its parts, and 72 octets for each but the first. Default:
    /// 64 MiB.
    pub fn message_len_max(mut self, octets: usize) -> Self {
        self.message_len_max = octets;
        self
    }

    /// What happens to a message for which no queue has room. Default: REP and ROUTER give it back, PUB, XPUB and XSUB drop
    /// it, the others wait. A PUB that waits loses nothing, and goes as fast as its slowest subscriber.
    ///
    /// With [`DropOldest`](Policy::DropOldest) or [`KeepLatest`](Policy::KeepLatest) older messages make room: in the queue
    /// whose turn it is, when no other has room; at a PUB in that of each subscriber. What is being written stays, one message
    /// or about 64 KiB, and does not count against [`send_limit`](Self::send_limit). A message that a newer one of its topic
    /// replaced is counted in [`drops`](crate::Socket::drops), apart from those that made room. REQ and REP give a message
    /// back where it would be dropped.
    pub fn overload(mut self, policy: Policy) -> Self {
        self.overload = Some(policy);
        self
    }

    /// How many topics a PUB keeps for each subscriber, and of how many octets each may be. A subscriber that wants more is
    /// sent everything, which is counted in [`drops`](crate::Socket::drops); it filters what it receives. Default: 65,536
    /// topics, 1024 octets.
    pub fn topics(mut self, topics: usize, octets: usize) -> Self {
        self.topics = TopicLimits { topics, octets, ..self.topics };
        self
    }

    /// How much memory the topics of all subscribers of a PUB or XPUB may take, in octets, about; who wants more then is sent
    /// everything, as above. Default: 128 MiB.
    pub fn topics_memory(mut self, octets: usize) -> Self {
        self.topics.memory = octets;
        self
    }

    /// Which subscriptions an XPUB shows. Default: a topic's first subscription and its last cancel.
    pub fn verbosity(mut self, verbosity: Verbosity) -> Self {
        self.verbosity = verbosity;
        self
    }

    /// The delay before connecting again: it doubles from `least` to `most`, and is jittered. Default: 100 ms to 10 s.
    pub fn reconnect(mut self, least: Duration, most: Duration) -> Self {
        self.reconnect = (least, most);
        self
    }

    /// How long connecting and shaking hands may take. Default: 10 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// How many strangers may be shaking hands on one bound endpoint, or over streams that were served; one more sends the
    /// oldest away. Default: 1,024.
    pub fn handshakes_max(mut self, strangers: usize) -> Self {
        self.handshakes_max = strangers;
        self
    }

    /// How often a PING is sent, and after how long a silence the peer is given up; zero for never. Peers of ZMTP 3.0
    /// are sent none. Default: 10 s and 30 s.
    ///
    /// A PUSH, PUB or XPUB gives up a silent peer only when that has sent a PING itself before: some peers, libzmq's among them,
    /// read nothing while their user takes nothing.
    pub fn heartbeat(mut self, interval: Duration, timeout: Duration) -> Self {
        self.heartbeat = HeartbeatSetup { interval_ms: ms(interval), timeout_ms: ms(timeout) };
        self
    }

    /// Makes a REQ send, receive, send, receive to the letter of RFC 28, and send no number with its requests. Default:
    /// a new request may be sent at any time, and numbers keep late replies apart.
    pub fn strict_requests(mut self) -> Self {
        self.strict_requests = true;
        self
    }

    /// Whether TCP sends what it is given at once. Off, it may hold small messages back until earlier ones were
    /// acknowledged, and sends fewer packets. Default: on.
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.tcp.nodelay = nodelay;
        self
    }

    /// After how long a silence TCP asks the other machine for a sign of life, and how often then: whole seconds, 1 to
    /// 32,767 each; a zero `idle` for never. Peers of ZMTP 3.0, which are sent no PING, are found gone by nothing else.
    /// Default: 30 s and 30 s.
    pub fn keepalive(mut self, idle: Duration, interval: Duration) -> Self {
        self.tcp.keepalive = (idle, interval);
        self
    }

    /// How many octets the system keeps for each TCP stream until the other machine has them; it may use its own bounds,
    /// and count its own cost. Default: the system's, which grows with the need.
    pub fn send_buffer(mut self, octets: usize) -> Self {
        self.tcp.send_buffer = Some(octets);
        self
    }

    /// How many octets the system keeps for each TCP stream until the socket reads them; it may use its own bounds, and
    /// count its own cost. Default: the system's, which grows with the need.
    pub fn receive_buffer(mut self, octets: usize) -> Self {
        self.tcp.receive_buffer = Some(octets);
        self
    }

    /// The security mechanism: each connection begins with a copy of this one. Default: NULL.
    pub fn mechanism<M>(mut self, mechanism: M) -> Self
    where
        M: Mechanism + Clone + Send + Sync + 'static,
        M::Open: Send,
        M::Seal: Send,
    {
        self.security = Arc::new(Template(mechanism));
        self
    }

    pub(crate) fn check(&self) -> Result<(), OptionsError> {
        check_identity(&self.identity).map_err(|_| OptionsError::Identity)?;
        for (limit, name) in [
            (self.send_limit.messages, "send_limit.messages"),
            (self.send_limit.octets, "send_limit.octets"),
            (self.receive_limit.messages, "receive_limit.messages"),
            (self.receive_limit.octets, "receive_limit.octets"),
            (self.receive_total, "receive_total"),
            (self.frame_len_max, "frame_len_max"),
            (self.message_len_max, "message_len_max"),
            (self.handshakes_max, "handshakes_max"),
            (self.tcp.send_buffer.unwrap_or(1), "send_buffer"),
            (self.tcp.receive_buffer.unwrap_or(1), "receive_buffer"),
        ] {
            if limit == 0 {
                return Err(OptionsError::Zero(name));
            }
        }
        for (duration, name) in
            [(self.linger, "linger"), (self.reconnect.1, "reconnect"), (self.handshake_timeout, "handshake_timeout")]
        {
            if duration.as_millis() > MS_MAX {
                return Err(OptionsError::TooLong(name));
            }
        }
        for (octets, name) in [(self.tcp.send_buffer, "send_buffer"), (self.tcp.receive_buffer, "receive_buffer")] {
            if octets.is_some_and(|octets| octets > BUFFER_MAX) {
                return Err(OptionsError::TooLarge(name));
            }
        }
        let (idle, interval) = self.tcp.keepalive;
        if !idle.is_zero() && [idle, interval].iter().any(|time| !KEEPALIVE_S.contains(&time.as_secs())) {
            return Err(OptionsError::Keepalive);
        }
        let HeartbeatSetup { interval_ms, timeout_ms } = self.heartbeat;
        if timeout_ms > 0 && timeout_ms < interval_ms {
            return Err(OptionsError::Heartbeat);
        }
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("identity", &self.identity)
            .field("linger", &self.linger)
            .field("send_limit", &self.send_limit)
            .field("receive_limit", &self.receive_limit)
            .field("overload", &self.overload)
            .field("heartbeat", &self.heartbeat)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("an identity is 1 to 255 octets, the first of them not zero"),
            Self::Zero(name) => write!(f, "{name} is zero, which would let nothing pass"),
            Self::TooLong(name) => write!(f, "{name} is longer than 24 days"),
            Self::TooLarge(name) => write!(f, "{name} is larger than 2 GiB"),
            Self::Keepalive => f.write_str("keepalive counts in seconds, 1 to 32767; a zero idle time turns it off"),
            Self::Heartbeat => f.write_str("the heartbeat's timeout is shorter than its interval"),
        }
    }
}

impl std::error::Error for OptionsError {}

/// The milliseconds of a duration, at most 24.8 days of them.
pub(crate) fn ms(duration: Duration) -> u32 {
    duration.as_millis().min(MS_MAX) as u32
}

const MS_MAX: u128 = i32::MAX as u128;
/// The system counts in integers.
const BUFFER_MAX: usize = i32::MAX as usize;
/// What Linux takes.
const KEEPALIVE_S: RangeInclusive<u64> = 1..=32_767;
