//! How does a board in memory run the demo node? As a board of its own would: octets, the node, octets, sleep.

use std::hash::{BuildHasher, RandomState};

use tokio::time::{Duration, Instant as Clock};
use zeptomq::core::io::{Connections, State, Transport};
use zeptomq::core::peer::PeerId;
use zeptomq::core::time::Instant;
use zeptomq_demo_app::{Memory, Node, PEERS_MAX, Role};

use super::pipeline::Never;
use super::wire::{DeviceEnd, Wire};
use crate::failure::Failure;

/// Runs the node at the end of the wire, for ever.
pub(super) async fn run(wire: Wire) -> Result<Never, Failure> {
    let mut memory = Box::new(Memory::NEW);
    let mut node = Node::new(&mut memory, chance());
    let mut board = Board::new(wire);
    board.connect(&mut node)?;
    let begun = Clock::now();
    loop {
        let now = Instant::from_ms(begun.elapsed().as_millis() as u32);
        board.move_octets(&mut node, now);
        let due = node.poll(now);
        let due = Instant::earlier(due, board.move_octets(&mut node, now));
        match due.map(|at| at.ms_from(now)) {
            // The others have their turn.
            Some(0) => tokio::task::yield_now().await,
            Some(ms) => tokio::select! {
                () = board.wire.moved() => (),
                () = tokio::time::sleep(Duration::from_millis(ms.into())) => (),
            },
            None => board.wire.moved().await,
        }
    }
}

/// What a board has around the node.
struct Board {
    wire: Wire,
    connections: [Connections<DeviceEnd, PEERS_MAX>; 6],
    chance: u32,
}

impl Board {
    fn new(wire: Wire) -> Self {
        Self { wire, connections: [const { Connections::NEW }; 6], chance: chance() | 1 }
    }

    fn connect(&self, node: &mut Node<'_>) -> Result<(), Failure> {
        for (mut links, role) in node.sockets() {
            if let Role::Connect(_) = role {
                links.connect().map_err(Failure::failed)?;
            }
        }
        Ok(())
    }

    /// When to move them again though nothing came and nothing could leave.
    fn move_octets(&mut self, node: &mut Node<'_>, now: Instant) -> Option<Instant> {
        let Self { wire, connections, chance } = self;
        let sockets = node.sockets().into_iter().zip(connections);
        sockets.fold(None, |next, ((mut links, role), connections)| {
            let mut streams = Streams { wire, role };
            let at = connections.poll(&mut links, &mut streams, &mut |octets| fill(chance, octets), now);
            Instant::earlier(next, at)
        })
    }
}

/// The streams of one socket.
struct Streams<'a> {
    wire: &'a Wire,
    role: Role,
}

impl Transport for Streams<'_> {
    type Handle = DeviceEnd;
    type Stream<'a>
        = &'a mut DeviceEnd
    where
        Self: 'a;

    fn accept(&mut self, _now: Instant) -> Option<DeviceEnd> {
        match self.role {
            Role::Bind(port) => self.wire.accept(port),
            Role::Connect(_) => None,
        }
    }

    fn open(&mut self, _peer: PeerId, _now: Instant) -> Option<DeviceEnd> {
        match self.role {
            Role::Bind(_) => None,
            Role::Connect(port) => self.wire.dial_host(port),
        }
    }

    fn state(&mut self, _end: &DeviceEnd) -> State {
        State::Open
    }

    fn stream<'a>(&'a mut self, end: &'a mut DeviceEnd) -> &'a mut DeviceEnd {
        end
    }

    fn close(&mut self, _end: DeviceEnd, _now: Instant) {}

    fn abort(&mut self, _end: DeviceEnd, _now: Instant) {}
}

/// A number that is another in each run.
fn chance() -> u32 {
    RandomState::new().hash_one(0) as u32
}

/// Octets by chance enough for delays (xorshift).
fn fill(state: &mut u32, octets: &mut [u8]) {
    for octet in octets {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        *octet = *state as u8;
    }
}
