//! What does a `FixedSocket` need around it? Its connections, and a clock that somebody turns.

use crate::machine::Machine;
use crate::pipe::Stream;
use zeptomq_core::io::Streamed;
use zeptomq_core::link::LinkError;
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::Failure;
use zeptomq_core::time::Instant;

/// A socket, its connections and its time.
pub struct World {
    /// The socket.
    pub machine: Box<dyn Machine>,
    /// Milliseconds since the beginning.
    pub elapsed_ms: u32,
    /// Why connections were closed from this side, in order.
    pub failed: Vec<(PeerId, Failure)>,
    connections: Vec<(PeerId, Box<dyn Stream>)>,
}

impl World {
    /// A socket without connections.
    pub fn new(machine: Box<dyn Machine>) -> Self {
        Self { machine, elapsed_ms: 0, failed: Vec::new(), connections: Vec::new() }
    }

    /// The clock wraps soon after the beginning.
    pub fn now(&self) -> Instant {
        Instant::from_ms((u32::MAX - 1500).wrapping_add(self.elapsed_ms))
    }

    /// A connection comes.
    pub fn accept(&mut self, stream: impl Stream + 'static) -> PeerId {
        let peer = self.machine.accept(self.now()).expect("room for another peer");
        self.connections.push((peer, Box::new(stream)));
        self.pump();
        peer
    }

    /// A connection to a peer of `connect` is there.
    pub fn attach(&mut self, peer: PeerId, stream: impl Stream + 'static) {
        assert!(self.machine.can_attach(peer), "the former connection is still there");
        self.machine.attach(peer, self.now());
        self.connections.push((peer, Box::new(stream)));
        self.pump();
    }

    /// The peer's connection is gone, if it was not before.
    pub fn lose(&mut self, peer: PeerId) {
        if self.is_connected(peer) {
            self.connections.retain(|(known, _)| *known != peer);
            self.machine.detach(peer, self.now());
            self.pump();
        }
    }

    /// Whether the peer has a connection.
    pub fn is_connected(&self, peer: PeerId) -> bool {
        self.connections.iter().any(|(known, _)| *known == peer)
    }

    /// Whether the socket gave up on the peer for good.
    pub fn gave_up(&self, peer: PeerId) -> bool {
        self.failed.iter().any(|(failed, error)| *failed == peer && is_final(error))
    }

    /// How many octets have moved so far.
    pub fn moved(&self) -> usize {
        self.connections.iter().map(|(_, stream)| stream.moved()).sum()
    }

    /// Moves octets until nothing moves any more.
    pub fn pump(&mut self) {
        for _ in 0..100_000 {
            let before = (self.moved(), self.connections.len());
            self.pump_once();
            if before == (self.moved(), self.connections.len()) {
                return;
            }
        }
        panic!("the socket does not come to rest");
    }

    /// Lets time pass until `done`, at most so many milliseconds; whether it is done.
    pub fn wait(&mut self, ms: u32, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.elapsed_ms + ms;
        loop {
            self.pump();
            if done(self) {
                return true;
            }
            if self.elapsed_ms >= end {
                return false;
            }
            // At least a millisecond, whatever the socket says.
            let next = self.machine.poll_timeout().map_or(ms, |at| at.ms_from(self.now()).max(1));
            self.elapsed_ms = end.min(self.elapsed_ms.saturating_add(next));
        }
    }

    fn pump_once(&mut self) {
        let now = self.now();
        let Self { machine, connections, failed, .. } = self;
        connections.retain_mut(|(peer, stream)| {
            let open = machine.poll_stream(*peer, stream.as_mut(), now) == Ok(Streamed::Open);
            if !open {
                machine.detach(*peer, now);
            }
            open
        });
        while let Some((peer, error)) = machine.poll_failed(now) {
            connections.retain_mut(|(known, stream)| {
                let stays = *known != peer;
                if !stays {
                    let _ = machine.flush(peer, stream.as_mut(), now);
                }
                stays
            });
            machine.detach(peer, now);
            if is_final(&error) {
                machine.disconnect(peer);
            }
            failed.push((peer, error));
        }
    }
}

/// Whether trying again would end the same way.
fn is_final(failure: &Failure) -> bool {
    matches!(failure, Failure::Link(LinkError::Handshake(error)) if error.is_final())
}
