//! Can a socket in fixed memory panic, whatever its peers, its user and its streams do?

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use zeptomq_core::backoff::Backoff;
use zeptomq_core::io::{self, State, Transport};
use zeptomq_core::link::{HeartbeatSetup, Name, Setup};
use zeptomq_core::mechanism::{Mechanism, Null};
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_core::pattern::req::Mode;
use zeptomq_core::pattern::{
    Dealer, Pair, Pattern, Pub, Pull, Push, Receives, Rep, Req, Router, Sends, Sub, Xpub, Xsub,
};
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{Failure, FixedSocket, Memory};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;

use crate::mask::Mask;
use crate::unknown::{either, keep, octet, octets, say, size, some_of};

type Socket<'m, P, M> = FixedSocket<'m, P, M>;
type Room<M> = Memory<M, 4, 300, 200>;
type Few = Fixed<4, 16>;

/// Calls what `socket` and `io` offer, without security and with a mechanism that seals.
pub fn call() {
    every_type(Null::NEW);
    every_type(Mask);
}

fn every_type<M: Mechanism + Copy>(mechanism: M) {
    let mut memory = Room::<M>::NEW;
    let memory = &mut memory;
    let setup = &setup();
    pushes(Socket::new(Push::<Few>::NEW, mechanism, memory, setup));
    pulls(Socket::new(Pull, mechanism, memory, setup));
    pushes(Socket::new(Pub::<Few>::NEW, mechanism, memory, setup));
    let mut sub = Socket::new(Sub::<Few>::NEW, mechanism, memory, setup);
    let mut topic = [0; 80];
    keep(sub.subscribe(some_of(octets(&mut topic))));
    keep(sub.unsubscribe(some_of(octets(&mut topic))));
    pulls(sub);
    talks(Socket::new(Xpub::<Few>::NEW, mechanism, memory, setup));
    talks(Socket::new(Xsub::<Few>::NEW, mechanism, memory, setup));
    talks(Socket::new(Dealer::<Few>::NEW, mechanism, memory, setup));
    talks(Socket::new(Pair::NEW, mechanism, memory, setup));
    talks(Socket::new(Router::<Few>::NEW, mechanism, memory, setup));
    talks(Socket::new(Req::<Few>::new(Mode::Relaxed, size() as u32), mechanism, memory, setup));
    talks(Socket::new(Req::<Few>::new(Mode::Strict, size() as u32), mechanism, memory, setup));
    let mut rep = Socket::new(Rep::<Few>::NEW, mechanism, memory, setup);
    rep.abandon(now());
    talks(rep);
}

fn pushes<M: Mechanism + Copy>(mut socket: Socket<'_, impl Sends, M>) {
    while either() {
        connections(&mut socket);
        send(&mut socket);
    }
}

fn pulls<M: Mechanism + Copy>(mut socket: Socket<'_, impl Receives, M>) {
    while either() {
        connections(&mut socket);
        receive(&mut socket);
    }
}

fn talks<M: Mechanism + Copy>(mut socket: Socket<'_, impl Sends + Receives, M>) {
    while either() {
        connections(&mut socket);
        if either() {
            send(&mut socket);
        } else {
            receive(&mut socket);
        }
    }
}

fn connections<M: Mechanism + Copy>(its: &mut Socket<'_, impl Pattern, M>) {
    keep((its.drops(), its.status_of(peer())));
    let socket = &mut its.links();
    if either() {
        keep(socket.connect());
        keep(socket.accept(now()));
        socket.attach(peer(), now());
        keep((socket.poll_connect(&mut entropy, now()), socket.least_stranger()));
        socket.disconnect(peer());
    }
    if either() {
        octets(socket.receive_window(peer(), now()));
        socket.commit(peer(), size(), now());
        keep(socket.pending(peer(), &mut entropy, now()));
        socket.advance(peer(), size(), now());
    }
    if either() {
        keep(io::poll_stream(socket, peer(), &mut Stream, &mut entropy, now()));
        keep(io::flush(socket, peer(), &mut Stream, &mut entropy, now()));
        let mut connections = io::Connections::<u8, 4>::NEW;
        while either() {
            keep(connections.poll(socket, &mut Streams, &mut entropy, now()));
            connections.iter().for_each(keep);
        }
    }
    if either() {
        socket.detach(peer(), now());
    }
    if let Some((peer, failure)) = socket.poll_failed(now()) {
        keep(peer);
        say(failure);
    }
    keep(socket.poll_timeout());
    keep((socket.can_attach(peer()), socket.is_up(peer())));
}

fn send<M: Mechanism + Copy>(socket: &mut Socket<'_, impl Sends, M>) {
    let (mut one, mut other) = ([0; 8], [0; 8]);
    let parts: [&[u8]; 3] = [octets(&mut one), &[], octets(&mut other)];
    if let Err(error) = socket.try_send(some_of(&parts), now()) {
        say(error);
    }
    let policies = [Policy::Wait, Policy::Error, Policy::DropNewest, Policy::DropOldest, Policy::KeepLatest];
    let policy = policies.get(size()).copied().unwrap_or(Policy::Wait);
    keep(socket.try_send_or(policy, some_of(&parts), now()));
}

fn receive<M: Mechanism + Copy>(socket: &mut Socket<'_, impl Receives, M>) {
    match socket.try_recv(now()) {
        Ok(Some(received)) => {
            keep((received.first(), received.from(), received.extent()));
            received.parts().for_each(keep);
        }
        Ok(None) => {}
        Err(error) => say(error),
    }
}

fn setup() -> Setup {
    let mut name = [0; 40];
    Setup {
        identity: Name::new(octets(&mut name)).unwrap_or(Name::NONE),
        heartbeat: HeartbeatSetup { interval_ms: size() as u32, timeout_ms: size() as u32 },
        handshake_ms: size() as u32,
        reconnect: Backoff::new(size() as u32, size() as u32),
        large_len_max: size(),
    }
}

fn peer() -> PeerId {
    PeerId::new(size() as u16, size() as u16)
}

fn now() -> Instant {
    Instant::from_ms(size() as u32)
}

fn entropy(room: &mut [u8]) {
    octets(room);
}

/// Streams that come and go.
struct Streams;

impl Transport for Streams {
    type Handle = u8;
    type Stream<'a> = Stream;

    fn accept(&mut self, _: Instant) -> Option<u8> {
        either().then(octet)
    }

    fn open(&mut self, peer: PeerId, _: Instant) -> Option<u8> {
        keep(peer);
        either().then(octet)
    }

    fn state(&mut self, _: &u8) -> State {
        match octet() {
            0 => State::Opening,
            1 => State::Open,
            _ => State::Gone,
        }
    }

    fn stream<'a>(&'a mut self, _: &'a mut u8) -> Stream {
        Stream
    }

    fn close(&mut self, handle: u8, _: Instant) {
        keep(handle);
    }

    fn abort(&mut self, handle: u8, _: Instant) {
        keep(handle);
    }

    fn failed(&mut self, peer: PeerId, failure: &Failure) {
        keep((peer, failure));
    }
}

/// A stream that lies.
struct Stream;

impl ErrorType for Stream {
    type Error = embedded_io::ErrorKind;
}

impl ReadReady for Stream {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(either())
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error> {
        octets(room);
        if either() { Ok(size()) } else { Err(Self::Error::Other) }
    }
}

impl WriteReady for Stream {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(either())
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Self::Error> {
        keep(octets);
        if either() { Ok(size()) } else { Err(Self::Error::Other) }
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
