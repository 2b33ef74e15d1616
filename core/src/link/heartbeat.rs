//! Is the peer still there, and does it know that we are?
//!
//! Octets are life, whole frames or not: a slow large frame keeps a link alive. PING goes only to peers of ZMTP 3.1
//! (RFC 37 "Connection Heartbeating"); one of 3.0 may close on a command that it does not know.

use crate::time::Instant;
use crate::wire::command::{CONTEXT_LEN_MAX, Context};
use crate::wire::{Command, SocketType, Version, copy};

/// The heartbeat of one link.
#[derive(Debug)]
pub struct Heartbeat {
    setup: HeartbeatSetup,
    pings: bool,
    next_ping: Instant,
    heard: Instant,
    /// Whether silence may mean that the peer's user is slow, and no more.
    patient: bool,
    /// The last PING that came, with the last time to live that any said.
    ping: Ping,
    /// Whether that PING is to be answered.
    owes: bool,
}

/// A PING that was kept, to be handled or answered later.
#[derive(Clone, Copy, Debug)]
pub struct Ping {
    ttl_ds: u16,
    context: [u8; CONTEXT_LEN_MAX],
    context_len: u8,
}

/// How a link is kept alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeartbeatSetup {
    /// Milliseconds between two PINGs; 0 sends none.
    pub interval_ms: u32,
    /// After this many milliseconds without an octet the link is given up, while PINGs are sent; 0 never.
    pub timeout_ms: u32,
}

impl HeartbeatSetup {
    /// A PING every 10 s, and the link is given up after 30 s of silence.
    pub const DEFAULT: Self = Self { interval_ms: 10_000, timeout_ms: 30_000 };
    /// No PING, and no limit to silence but one that the peer asks for.
    pub const OFF: Self = Self { interval_ms: 0, timeout_ms: 0 };
}

impl Heartbeat {
    /// The heartbeat of a link of a socket of type `ours` that has just come up.
    ///
    /// A PUSH or a publisher hears nothing from a peer but its heartbeats, and some peers (libzmq's) read nothing while their user takes
    /// nothing, not even a PING. So it gives up a silent peer only when that has sent a PING of its own before.
    pub fn new(setup: HeartbeatSetup, ours: SocketType, version: Version, now: Instant) -> Self {
        Self {
            setup,
            pings: version >= Version::V3_1 && setup.interval_ms > 0,
            next_ping: now.after_ms(setup.interval_ms),
            heard: now,
            patient: matches!(ours, SocketType::Push | SocketType::Pub | SocketType::Xpub),
            ping: Ping { ttl_ds: 0, context: [0; CONTEXT_LEN_MAX], context_len: 0 },
            owes: false,
        }
    }

    /// Octets arrived; or we do not listen for now, and the peer is not to be held dead for that.
    #[inline]
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// A PING or PONG arrived; any other command is not for us.
    ///
    /// Of PINGs that arrive faster than their PONGs leave, the last is answered: a flood of them costs one PONG.
    pub fn handle(&mut self, command: &Command<'_>) {
        if let Command::Ping { ttl_ds, context } = command {
            // RFC 37 "Connection Heartbeating": the PONG SHALL hold the same context.
            self.ping.set(if *ttl_ds > 0 { *ttl_ds } else { self.ping.ttl_ds }, *context);
            self.owes = true;
            self.patient = false;
        }
    }

    /// The PONG that is owed, or the PING that is due. What comes back must be sent.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Command<'_>> {
        if core::mem::take(&mut self.owes) {
            return Some(Command::Pong(self.ping.context()));
        }
        if !self.pings || !self.next_ping.has_come(now) {
            return None;
        }
        self.next_ping = now.after_ms(self.setup.interval_ms);
        Some(Command::Ping { ttl_ds: self.ttl_ds(), context: Context::EMPTY })
    }

    /// When something is next to be done; `None` when never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        Instant::earlier(self.next_ping(), self.expiry())
    }

    /// When a PING is next to be sent; `None` when never.
    pub fn next_ping(&self) -> Option<Instant> {
        self.pings.then_some(self.next_ping)
    }

    /// Whether the peer was silent for too long.
    pub fn is_expired(&self, now: Instant) -> bool {
        self.expiry().is_some_and(|expiry| expiry.has_come(now))
    }

    /// When the silence will have lasted too long; `None` when never.
    pub fn expiry(&self) -> Option<Instant> {
        let ours_ms = if self.pings && !self.patient { self.setup.timeout_ms } else { 0 };
        let silence_ms = match (ours_ms, u32::from(self.ping.ttl_ds) * 100) {
            (0, ms) | (ms, 0) => ms,
            (ours_ms, theirs_ms) => ours_ms.min(theirs_ms),
        };
        (silence_ms > 0).then(|| self.heard.after_ms(silence_ms))
    }

    // libzmq computes with the time to live in 16 bits of milliseconds: above 65.5 s it drops the link at once.
    fn ttl_ds(&self) -> u16 {
        (self.setup.timeout_ms / 100).min(TTL_DS_MAX) as u16
    }
}

impl Ping {
    /// Keeps a PING.
    pub fn new(ttl_ds: u16, context: Context<'_>) -> Self {
        let mut ping = Self { ttl_ds: 0, context: [0; CONTEXT_LEN_MAX], context_len: 0 };
        ping.set(ttl_ds, context);
        ping
    }

    /// The PING again.
    pub fn command(&self) -> Command<'_> {
        Command::Ping { ttl_ds: self.ttl_ds, context: self.context() }
    }

    fn set(&mut self, ttl_ds: u16, context: Context<'_>) {
        copy(&mut self.context, context.as_octets());
        (self.ttl_ds, self.context_len) = (ttl_ds, context.as_octets().len() as u8);
    }

    fn context(&self) -> Context<'_> {
        let context = self.context.get(..usize::from(self.context_len)).unwrap_or_default();
        Context::new(context).unwrap_or(Context::EMPTY)
    }
}

const TTL_DS_MAX: u32 = 655;

#[cfg(test)]
mod tests {
    use super::{Heartbeat, HeartbeatSetup};
    use crate::time::Instant;
    use crate::wire::command::Context;
    use crate::wire::{Command, SocketType, Version};

    const SETUP: HeartbeatSetup = HeartbeatSetup { interval_ms: 1000, timeout_ms: 3000 };

    fn at(ms: u32) -> Instant {
        Instant::from_ms(ms)
    }

    fn heartbeat(setup: HeartbeatSetup, version: Version) -> Heartbeat {
        Heartbeat::new(setup, SocketType::Pull, version, at(0))
    }

    fn ping(ttl_ds: u16, context: &[u8]) -> Command<'_> {
        Command::Ping { ttl_ds, context: Context::new(context).unwrap() }
    }

    #[test]
    fn a_ping_leaves_each_interval_and_silence_ends_the_link() {
        let mut heartbeat = heartbeat(SETUP, Version::V3_1);
        assert_eq!(heartbeat.poll_timeout(), Some(at(1000)));
        assert_eq!(heartbeat.poll_transmit(at(999)), None);
        assert_eq!(heartbeat.poll_transmit(at(1000)), Some(ping(30, b"")));
        assert_eq!(heartbeat.poll_transmit(at(1000)), None);
        assert_eq!(heartbeat.poll_timeout(), Some(at(2000)));
        assert!(!heartbeat.is_expired(at(2999)) && heartbeat.is_expired(at(3000)));
        heartbeat.heard(at(2999));
        assert!(!heartbeat.is_expired(at(5998)) && heartbeat.is_expired(at(5999)));
    }

    #[test]
    fn a_ping_is_answered_with_its_context_and_a_flood_with_one_pong() {
        let mut heartbeat = heartbeat(HeartbeatSetup::OFF, Version::V3_0);
        for context in [&b"one"[..], b"two"] {
            heartbeat.handle(&ping(0, context));
        }
        assert_eq!(heartbeat.poll_transmit(at(0)), Some(Command::Pong(Context::new(b"two").unwrap())));
        assert_eq!(heartbeat.poll_transmit(at(0)), None);
    }

    #[test]
    fn a_peer_of_3_0_gets_no_ping_and_may_be_silent() {
        let mut heartbeat = heartbeat(SETUP, Version::V3_0);
        assert_eq!((heartbeat.poll_timeout(), heartbeat.poll_transmit(at(9000))), (None, None));
        assert!(!heartbeat.is_expired(at(1_000_000)));
    }

    #[test]
    fn the_peers_own_time_to_live_is_honoured() {
        let mut silent = heartbeat(HeartbeatSetup::OFF, Version::V3_1);
        silent.handle(&ping(5, b""));
        assert!(!silent.is_expired(at(499)) && silent.is_expired(at(500)));
        let mut long = heartbeat(SETUP, Version::V3_1);
        long.handle(&ping(600, b""));
        assert!(long.is_expired(at(3000)));
    }

    #[test]
    fn who_only_sends_gives_up_a_silent_peer_only_when_that_has_sent_a_ping() {
        for ours in [SocketType::Push, SocketType::Pub, SocketType::Xpub] {
            let mut patient = Heartbeat::new(SETUP, ours, Version::V3_1, at(0));
            assert_eq!(patient.poll_transmit(at(1000)), Some(ping(30, b"")));
            assert!(!patient.is_expired(at(1_000_000)));
            patient.handle(&ping(0, b""));
            assert!(!patient.is_expired(at(2999)) && patient.is_expired(at(3000)));
        }
    }

    #[test]
    fn no_time_to_live_above_655_is_sent() {
        let setup = HeartbeatSetup { interval_ms: 1000, timeout_ms: 120_000 };
        assert_eq!(heartbeat(setup, Version::V3_1).poll_transmit(at(1000)), Some(ping(655, b"")));
    }
}
