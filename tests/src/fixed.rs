//! How does a case run on a `FixedSocket`? Over streams in memory, under a clock that only waiting turns.

use crate::executor::{Config, Executor, Kind, Listener, Socket, Unsent, Untaken};
use crate::machine::{self, machine};
use crate::pipe::{End, pipe};
use crate::wire::{Shown, Wire};
use crate::world::World;
use std::cell::RefCell;
use std::rc::Rc;
use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::{Drops, RouteError, TakeError};
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::SendError;

/// The executor in fixed memory.
#[derive(Debug)]
pub struct Fixed;

/// A socket of its.
pub struct FixedSubject {
    kind: Kind,
    world: Rc<RefCell<World>>,
}

/// A peer's end of a connection to it.
pub struct FixedWire {
    peer: PeerId,
    end: Option<End>,
    world: Rc<RefCell<World>>,
}

/// A peer that it connects to.
pub struct FixedListener {
    peer: PeerId,
    world: Rc<RefCell<World>>,
}

impl Executor for Fixed {
    type Socket = FixedSubject;

    const BULK_LEN: usize = 800;
    const BEAT_MS: u32 = machine::BEAT_MS;

    fn bound_with(&mut self, kind: Kind, config: Config) -> FixedSubject {
        FixedSubject { kind, world: Rc::new(RefCell::new(World::new(machine(kind, config, Null::NEW)))) }
    }
}

impl FixedSubject {
    /// How many messages were accepted and then dropped with their peer.
    pub fn undelivered(&self) -> u32 {
        self.world.borrow().machine.drops().undelivered
    }

    /// The socket and what is around it.
    pub fn world(&self) -> Rc<RefCell<World>> {
        self.world.clone()
    }
}

impl Socket for FixedSubject {
    type Wire = FixedWire;
    type Listener = FixedListener;

    fn kind(&self) -> Kind {
        self.kind
    }

    fn accept(&mut self) -> FixedWire {
        let (ours, theirs) = pipe(PIPE_LEN);
        // Of one that was turned away at once nothing more is asked.
        let peer = self.world.borrow_mut().accept(ours).unwrap_or(PeerId::new(u16::MAX, 0));
        FixedWire { peer, end: Some(theirs), world: self.world.clone() }
    }

    fn dial(&mut self) -> FixedListener {
        let peer = self.world.borrow_mut().machine.connect().expect("room for another peer");
        FixedListener { peer, world: self.world.clone() }
    }

    fn lose(&mut self, wire: FixedWire) {
        let peer = wire.peer;
        wire.close();
        // A socket that does not read for now is told by its transport.
        self.world.borrow_mut().lose(peer);
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<(), Unsent> {
        let mut sent = self.try_send(parts);
        if sent == Err(Unsent::WouldBlock) {
            let done = |world: &mut World| {
                sent = world.machine.try_send(parts, world.now()).map_err(unsent);
                sent != Err(Unsent::WouldBlock)
            };
            self.world.borrow_mut().wait(DEADLINE_MS, done);
            self.world.borrow_mut().pump();
        }
        sent
    }

    fn try_send(&mut self, parts: &[&[u8]]) -> Result<(), Unsent> {
        let mut world = self.world.borrow_mut();
        let now = world.now();
        let sent = world.machine.try_send(parts, now).map_err(unsent);
        world.pump();
        sent
    }

    fn recv(&mut self) -> Result<Vec<Vec<u8>>, Untaken> {
        let mut message = Ok(None);
        let mut world = self.world.borrow_mut();
        let came = world.wait(DEADLINE_MS, |world| {
            message = world.machine.try_recv(world.now());
            message != Ok(None)
        });
        assert!(came, "no message came");
        message.map(Option::unwrap_or_default).map_err(untaken)
    }

    fn try_recv(&mut self) -> Result<Option<Vec<Vec<u8>>>, Untaken> {
        let mut world = self.world.borrow_mut();
        world.pump();
        let now = world.now();
        world.machine.try_recv(now).map_err(untaken)
    }

    fn subscribe(&mut self, topic: &[u8]) {
        let mut world = self.world.borrow_mut();
        assert!(world.machine.subscribe(topic), "no room for the topic");
        world.pump();
    }

    fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        let mut world = self.world.borrow_mut();
        let wanted = world.machine.unsubscribe(topic);
        world.pump();
        wanted
    }

    fn drops(&self) -> Drops {
        self.world.borrow().machine.drops()
    }

    fn elapsed_ms(&self) -> u32 {
        self.world.borrow().elapsed_ms
    }

    fn pass(&mut self, ms: u32) {
        self.world.borrow_mut().wait(ms, |_| false);
    }
}

impl Wire for FixedWire {
    fn send(&mut self, octets: &[u8]) {
        self.end().put(octets);
        self.world.borrow_mut().pump();
    }

    fn receive(&mut self, len: usize) -> Vec<u8> {
        let mut heard = Vec::new();
        let world = self.world.clone();
        let came = world.borrow_mut().wait(DEADLINE_MS, |_| {
            let end = self.end();
            heard.extend(end.take(end.unread().min(len - heard.len())));
            heard.len() == len
        });
        assert!(came, "{len} octets were to come, and {:?} came", Shown(&heard));
        heard
    }

    fn until_closed(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        let world = self.world.clone();
        let closed = world.borrow_mut().wait(DEADLINE_MS, |_| {
            let end = self.end();
            heard.extend(end.take(end.unread()));
            end.is_closed()
        });
        assert!(closed, "the connection was not closed; {:?} came", Shown(&heard));
        heard
    }

    fn settle(&mut self) {
        self.world.borrow_mut().pump();
        assert!(!self.end().is_closed(), "the connection was closed; {:?}", self.world.borrow().failed());
    }

    fn unread(&mut self) -> usize {
        self.end().unread()
    }

    fn close(mut self) {
        self.end = None;
        self.world.borrow_mut().pump();
    }

    fn leave(self) {
        let (world, peer) = (self.world.clone(), self.peer);
        self.close();
        world.borrow_mut().lose(peer);
    }
}

impl FixedWire {
    fn end(&mut self) -> &mut End {
        self.end.as_mut().expect("an open connection")
    }
}

impl Listener for FixedListener {
    type Wire = FixedWire;

    fn accept(&mut self) -> FixedWire {
        let mut world = self.world.borrow_mut();
        let (ours, theirs) = pipe(PIPE_LEN);
        world.attach(self.peer, ours);
        FixedWire { peer: self.peer, end: Some(theirs), world: self.world.clone() }
    }

    fn expect_nobody(&mut self) {
        let mut world = self.world.borrow_mut();
        let peer = self.peer;
        assert!(!world.wait(DEADLINE_MS, |world| world.awaits(peer)), "the socket came");
    }
}

/// How long anything is waited for, on a clock that costs nothing.
const DEADLINE_MS: u32 = 60_000;
/// What a connection takes of our socket while the peer does not read.
const PIPE_LEN: usize = 512;

fn unsent(error: SendError) -> Unsent {
    match error {
        SendError::WouldBlock => Unsent::WouldBlock,
        SendError::Full => Unsent::Full,
        SendError::Route(RouteError::UnknownIdentity) => Unsent::UnknownIdentity,
        SendError::Route(RouteError::NoBody) => Unsent::NoBody,
        SendError::Route(RouteError::OutOfTurn) => Unsent::OutOfTurn,
        SendError::Route(RouteError::PeerGone) => Unsent::PeerGone,
        other => panic!("{other}"),
    }
}

fn untaken(error: TakeError) -> Untaken {
    match error {
        TakeError::OutOfTurn => Untaken::OutOfTurn,
        TakeError::PeerGone => Untaken::PeerGone,
        other => panic!("{other}"),
    }
}
