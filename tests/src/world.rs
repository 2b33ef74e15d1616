//! What does a `FixedSocket` need around it? Its connections, and a clock that somebody turns.

use crate::machine::{Machine, PEERS};
use crate::pipe::Stream;
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use std::collections::{BTreeMap, VecDeque};
use zeptomq_core::io::{Connections, State, Transport};
use zeptomq_core::mechanism::Mechanism;
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{Failure, Links};
use zeptomq_core::time::Instant;

/// A socket, its connections and its time.
pub struct World {
    /// The socket.
    pub machine: Box<dyn Machine>,
    /// Milliseconds since the beginning.
    pub elapsed_ms: u32,
    around: Around,
}

/// What is around a socket: its connections, and what it draws chance from.
pub struct Around {
    connections: Connections<u32, PEERS>,
    streams: Streams,
    entropy: u64,
}

impl Around {
    /// Lets the socket with these links do what it can do now.
    pub fn poll<M: Mechanism + Clone>(&mut self, links: &mut Links<'_, M>, now: Instant) -> Option<Instant> {
        let Self { connections, streams, entropy } = self;
        connections.poll(links, streams, &mut |octets| fill(entropy, octets), now)
    }

    fn handle(&self, peer: PeerId) -> Option<&u32> {
        self.connections.iter().find(|(known, _)| *known == peer).map(|(_, handle)| handle)
    }
}

impl World {
    /// A socket without connections.
    pub fn new(machine: Box<dyn Machine>) -> Self {
        let entropy = 0x9e37_79b9_7f4a_7c15;
        let around = Around { connections: Connections::NEW, streams: Streams::default(), entropy };
        Self { machine, elapsed_ms: 0, around }
    }

    /// The clock wraps soon after the beginning.
    pub fn now(&self) -> Instant {
        Instant::from_ms((u32::MAX - 1500).wrapping_add(self.elapsed_ms))
    }

    /// Why connections were closed from this side, in order.
    pub fn failed(&self) -> &[(PeerId, Failure)] {
        &self.around.streams.failed
    }

    /// A connection comes. `None` when it is gone already.
    pub fn accept(&mut self, stream: impl Stream + 'static) -> Option<PeerId> {
        let before = self.around.streams.next;
        self.around.streams.coming.push_back(Box::new(stream));
        self.poll();
        let peer = self.around.connections.iter().find(|(_, handle)| **handle == before).map(|(peer, _)| peer);
        self.pump();
        peer
    }

    /// The socket connects to the peer, and there is the connection.
    pub fn attach(&mut self, peer: PeerId, stream: impl Stream + 'static) {
        let mut stream: Option<Box<dyn Stream>> = Some(Box::new(stream));
        let attached = self.wait(60_000, |world| {
            let handle = world.around.handle(peer).copied();
            let place = handle.and_then(|handle| world.around.streams.places.get_mut(&handle));
            if let Some(place @ None) = place {
                *place = stream.take();
            }
            stream.is_none()
        });
        assert!(attached, "the socket does not connect");
        self.pump();
    }

    /// The peer's connection is gone, if it was not before.
    pub fn lose(&mut self, peer: PeerId) {
        let Some(handle) = self.around.handle(peer).copied() else { return };
        self.around.streams.places.remove(&handle);
        self.pump();
    }

    /// Whether the peer has a connection.
    pub fn is_connected(&self, peer: PeerId) -> bool {
        let handle = self.around.handle(peer);
        handle.is_some_and(|handle| matches!(self.around.streams.places.get(handle), Some(Some(_))))
    }

    /// Whether the socket would connect to the peer.
    pub fn awaits(&self, peer: PeerId) -> bool {
        self.around.handle(peer).is_some() && !self.is_connected(peer)
    }

    /// How many octets have moved so far.
    pub fn moved(&self) -> usize {
        self.around.streams.places.values().flatten().map(|stream| stream.moved()).sum()
    }

    /// Moves octets until nothing moves any more.
    pub fn pump(&mut self) {
        for _ in 0..100_000 {
            let before = (self.moved(), self.around.streams.places.len());
            self.poll();
            if before == (self.moved(), self.around.streams.places.len()) {
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
            let next = self.poll().map_or(ms, |at| at.ms_from(self.now()).max(1));
            self.elapsed_ms = end.min(self.elapsed_ms.saturating_add(next));
        }
    }

    /// Lets the socket do what it can do now; when it wants to be let again.
    pub fn poll(&mut self) -> Option<Instant> {
        let now = self.now();
        self.machine.poll(&mut self.around, now)
    }
}

/// Streams that a test brings. One that the socket opens is being opened until the test brings it.
#[derive(Default)]
struct Streams {
    coming: VecDeque<Box<dyn Stream>>,
    places: BTreeMap<u32, Option<Box<dyn Stream>>>,
    next: u32,
    failed: Vec<(PeerId, Failure)>,
    gone: Gone,
}

impl Streams {
    fn put(&mut self, stream: Option<Box<dyn Stream>>) -> u32 {
        let handle = self.next;
        self.places.insert(handle, stream);
        self.next += 1;
        handle
    }
}

impl Transport for Streams {
    type Handle = u32;
    type Stream<'a> = &'a mut dyn Stream;

    fn accept(&mut self, _now: Instant) -> Option<u32> {
        let stream = self.coming.pop_front()?;
        Some(self.put(Some(stream)))
    }

    fn open(&mut self, _peer: PeerId, _now: Instant) -> Option<u32> {
        Some(self.put(None))
    }

    fn state(&mut self, handle: &u32) -> State {
        match self.places.get(handle) {
            Some(Some(_)) => State::Open,
            Some(None) => State::Opening,
            None => State::Gone,
        }
    }

    fn stream<'a>(&'a mut self, handle: &'a mut u32) -> &'a mut dyn Stream {
        match self.places.get_mut(handle) {
            Some(Some(stream)) => stream.as_mut(),
            _ => &mut self.gone,
        }
    }

    fn close(&mut self, handle: u32, _now: Instant) {
        self.places.remove(&handle);
    }

    fn abort(&mut self, handle: u32, _now: Instant) {
        self.places.remove(&handle);
    }

    fn failed(&mut self, peer: PeerId, failure: &Failure) {
        self.failed.push((peer, *failure));
    }
}

/// A stream that is no more.
#[derive(Default)]
struct Gone;

impl Stream for Gone {
    fn moved(&self) -> usize {
        0
    }
}

impl ErrorType for Gone {
    type Error = ErrorKind;
}

impl Read for Gone {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::ConnectionReset)
    }
}

impl ReadReady for Gone {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Err(ErrorKind::ConnectionReset)
    }
}

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::ConnectionReset)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl WriteReady for Gone {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Err(ErrorKind::ConnectionReset)
    }
}

/// Octets that are the same in each run (xorshift).
fn fill(state: &mut u64, octets: &mut [u8]) {
    for octet in octets {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *octet = *state as u8;
    }
}
