//! How is a `FixedSocket` of any type driven alike?

use crate::executor::{Config, Kind};
use crate::pipe::Stream;
use crate::world::Around;
use embedded_io::ErrorKind;
use std::any::Any;
use zeptomq_core::io::{Streamed, poll_stream};
use zeptomq_core::link::{HeartbeatSetup, Name, Setup};
use zeptomq_core::mechanism::{Mechanism, Null};
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_core::pattern::{
    Dealer, Drops, Pair, Pattern, Pub, Pull, Push, Receives, Refused, Rep, Req, Router, Sends, Sub, TakeError,
    TopicLimits, Xpub, Xsub, req,
};
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{FixedSocket, Links, Memory, PeerStatus, SendError};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;

/// How many peers a socket here has at most.
pub const PEERS: usize = 8;
/// How many octets a link here holds of what arrives, and as many of what leaves.
pub const LINK_LEN: usize = 1024;

/// A `FixedSocket` whose type was forgotten.
#[allow(missing_docs, reason = "each is the method of FixedSocket that it is called after")]
pub trait Machine {
    /// Its links, when its mechanism is NULL.
    fn links(&mut self) -> Option<Links<'_, Null>>;
    fn connect(&mut self) -> Result<PeerId, Refused>;
    fn accept(&mut self, now: Instant) -> Result<PeerId, Refused>;
    fn attach(&mut self, peer: PeerId, now: Instant);
    fn detach(&mut self, peer: PeerId, now: Instant);
    fn can_attach(&mut self, peer: PeerId) -> bool;
    fn is_up(&mut self, peer: PeerId) -> bool;
    fn poll_timeout(&mut self) -> Option<Instant>;
    fn poll_stream(&mut self, peer: PeerId, stream: &mut dyn Stream, now: Instant) -> Result<Streamed, ErrorKind>;
    fn poll(&mut self, around: &mut Around, now: Instant) -> Option<Instant>;
    fn try_send(&mut self, message: &[&[u8]], now: Instant) -> Result<(), SendError>;
    fn try_recv(&mut self, now: Instant) -> Result<Option<Vec<Vec<u8>>>, TakeError>;
    fn subscribe(&mut self, topic: &[u8]) -> bool;
    fn unsubscribe(&mut self, topic: &[u8]) -> bool;
    fn drops(&self) -> Drops;
    fn status_of(&self, peer: PeerId) -> Option<PeerStatus>;
}

/// A socket of that kind, each of whose connections begins with a copy of `mechanism`.
pub fn machine<M: Mechanism + Clone + 'static>(kind: Kind, config: Config, mechanism: M) -> Box<dyn Machine> {
    match kind {
        Kind::Push => Box::new(Ours::new(Push::<Store>::NEW, config, mechanism, send, never)),
        Kind::Pull => Box::new(Ours::new(Pull, config, mechanism, mute, recv)),
        Kind::Req => {
            let mode = if config.strict { req::Mode::Strict } else { req::Mode::Relaxed };
            // The first ids run over the end of their range.
            Box::new(Ours::new(Req::<Store>::new(mode, u32::MAX - 1), config, mechanism, send, recv))
        }
        Kind::Rep => Box::new(Ours::new(Rep::<Store>::NEW, config, mechanism, send, recv)),
        Kind::Dealer => Box::new(Ours::new(Dealer::<Store>::NEW, config, mechanism, send, recv)),
        Kind::Router => Box::new(Ours::new(Router::<Store>::NEW, config, mechanism, send, recv)),
        Kind::Pair => Box::new(Ours::new(Pair::NEW, config, mechanism, send, recv)),
        Kind::Pub => Box::new(Ours::new(Pub::<Store>::new(topics(config)), config, mechanism, send, never)),
        Kind::Xpub => {
            Box::new(Ours::new(Xpub::<Store>::new(topics(config), config.verbosity), config, mechanism, send, recv))
        }
        Kind::Xsub => Box::new(Ours::new(Xsub::<Store>::NEW, config, mechanism, send, recv)),
        Kind::Sub => Box::new(Ours { want, ..Ours::new(Sub::<Store>::NEW, config, mechanism, mute, recv) }),
    }
}

/// The milliseconds of a beat.
pub const BEAT_MS: u32 = 1000;

/// The longest identity is kept.
type Store = Fixed<PEERS, 255>;
type Socket<P, M> = FixedSocket<'static, P, M>;
type SendFn<P, M> = fn(&mut Socket<P, M>, Option<Policy>, &[&[u8]], Instant) -> Result<(), SendError>;
type WantFn<P, M> = fn(&mut Socket<P, M>, &[u8], bool) -> bool;
type RecvFn<P, M> = fn(&mut Socket<P, M>, Instant) -> Result<Option<Vec<Vec<u8>>>, TakeError>;

struct Ours<P, M: Mechanism + 'static> {
    socket: Socket<P, M>,
    overload: Option<Policy>,
    send: SendFn<P, M>,
    recv: RecvFn<P, M>,
    want: WantFn<P, M>,
}

impl<P: Pattern, M: Mechanism + Clone + 'static> Ours<P, M> {
    fn new(pattern: P, config: Config, mechanism: M, send: SendFn<P, M>, recv: RecvFn<P, M>) -> Self {
        let setup = Setup {
            identity: Name::new(config.identity).expect("an identity of at most 32 octets"),
            heartbeat: match config.heartbeat {
                true => HeartbeatSetup { interval_ms: BEAT_MS, timeout_ms: 3 * BEAT_MS },
                false => HeartbeatSetup::OFF,
            },
            handshake_ms: config.handshake_ms,
            ..Setup::DEFAULT
        };
        // As a device would place it: once and for good.
        let setup = Box::leak(Box::new(setup));
        let socket = if config.two_peers {
            let memory = Box::leak(Box::new(Memory::<M, 2, LINK_LEN, LINK_LEN>::NEW));
            FixedSocket::new(pattern, mechanism, memory, setup)
        } else {
            let memory = Box::leak(Box::new(Memory::<M, PEERS, LINK_LEN, LINK_LEN>::NEW));
            FixedSocket::new(pattern, mechanism, memory, setup)
        };
        Self { socket, overload: config.overload, send, recv, want: wants_nothing }
    }
}

impl<P: Pattern + 'static, M: Mechanism + Clone + 'static> Machine for Ours<P, M> {
    fn links(&mut self) -> Option<Links<'_, Null>> {
        let socket: &mut dyn Any = &mut self.socket;
        socket.downcast_mut::<Socket<P, Null>>().map(FixedSocket::links)
    }

    fn connect(&mut self) -> Result<PeerId, Refused> {
        self.socket.links().connect()
    }

    fn accept(&mut self, now: Instant) -> Result<PeerId, Refused> {
        self.socket.links().accept(now)
    }

    fn attach(&mut self, peer: PeerId, now: Instant) {
        self.socket.links().attach(peer, now);
    }

    fn detach(&mut self, peer: PeerId, now: Instant) {
        self.socket.links().detach(peer, now);
    }

    fn can_attach(&mut self, peer: PeerId) -> bool {
        self.socket.links().can_attach(peer)
    }

    fn is_up(&mut self, peer: PeerId) -> bool {
        self.socket.links().is_up(peer)
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.socket.links().poll_timeout()
    }

    fn poll_stream(&mut self, peer: PeerId, mut stream: &mut dyn Stream, now: Instant) -> Result<Streamed, ErrorKind> {
        poll_stream(&mut self.socket.links(), peer, &mut stream, &mut |_| (), now)
    }

    fn poll(&mut self, around: &mut Around, now: Instant) -> Option<Instant> {
        around.poll(&mut self.socket.links(), now)
    }

    fn try_send(&mut self, message: &[&[u8]], now: Instant) -> Result<(), SendError> {
        (self.send)(&mut self.socket, self.overload, message, now)
    }

    fn try_recv(&mut self, now: Instant) -> Result<Option<Vec<Vec<u8>>>, TakeError> {
        (self.recv)(&mut self.socket, now)
    }

    fn subscribe(&mut self, topic: &[u8]) -> bool {
        (self.want)(&mut self.socket, topic, true)
    }

    fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        (self.want)(&mut self.socket, topic, false)
    }

    fn drops(&self) -> Drops {
        self.socket.drops()
    }

    fn status_of(&self, peer: PeerId) -> Option<PeerStatus> {
        self.socket.status_of(peer)
    }
}

fn topics(config: Config) -> TopicLimits {
    TopicLimits { topics: config.topics_max, ..TopicLimits::NONE }
}

fn send<P: Sends, M: Mechanism + Clone>(
    socket: &mut Socket<P, M>,
    overload: Option<Policy>,
    message: &[&[u8]],
    now: Instant,
) -> Result<(), SendError> {
    match overload {
        Some(policy) => socket.try_send_or(policy, message, now),
        None => socket.try_send(message, now),
    }
}

fn recv<P: Receives, M: Mechanism + Clone>(
    socket: &mut Socket<P, M>,
    now: Instant,
) -> Result<Option<Vec<Vec<u8>>>, TakeError> {
    let message = socket.try_recv(now)?;
    Ok(message.map(|message| message.parts().map(<[u8]>::to_vec).collect()))
}

fn want<M: Mechanism>(socket: &mut Socket<Sub<Store>, M>, topic: &[u8], wanted: bool) -> bool {
    if wanted { socket.subscribe(topic).is_ok() } else { socket.unsubscribe(topic) }
}

fn wants_nothing<P, M: Mechanism>(_: &mut Socket<P, M>, _: &[u8], _: bool) -> bool {
    panic!("this type does not subscribe")
}

fn mute<P, M: Mechanism>(_: &mut Socket<P, M>, _: Option<Policy>, _: &[&[u8]], _: Instant) -> Result<(), SendError> {
    panic!("this type does not send")
}

fn never<P, M: Mechanism>(_: &mut Socket<P, M>, _: Instant) -> Result<Option<Vec<Vec<u8>>>, TakeError> {
    panic!("this type does not receive")
}
