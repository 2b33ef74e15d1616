//! Do messages arrive whole, at most once and in order between two fixed sockets, however often their connection breaks?
#![no_main]

use libfuzzer_sys::fuzz_target;
use zeptomq_core::link::{HandshakeError, HeartbeatSetup, LinkError, Setup};
use zeptomq_core::mechanism::{Mechanism, Null};
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::Dealer;
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{Failure, FixedSocket, Memory};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;
use zeptomq_core_fuzz::tag::Tagged;

fuzz_target!(|data: &[u8]| {
    let Some((&sealed, script)) = data.split_first() else { return };
    if sealed & 1 == 0 {
        play::<Null>(script);
    } else {
        play::<Tagged>(script);
    }
});

fn play<M: Mechanism + Clone + Default>(script: &[u8]) {
    let (mut one, mut other) = (Room::<M>::NEW, Room::<M>::NEW);
    Pair::new(&mut one, &mut other).play(script);
}

type Socket<'m, M> = FixedSocket<'m, Dealer<Fixed<1>>, M>;
type Room<M> = Memory<M, 1, 400, 200>;

const INTERVAL_MS: u32 = 1000;

const SETUP: Setup =
    Setup { heartbeat: HeartbeatSetup { interval_ms: INTERVAL_MS, timeout_ms: 2500 }, ..Setup::DEFAULT };

/// One end, and what it sent and received.
struct End<'m, M: Mechanism> {
    socket: Socket<'m, M>,
    peer: Option<PeerId>,
    sent: u32,
    /// The number of the message that was received last.
    received: u32,
}

/// An end that connects, an end that accepts, and a connection between them that comes and goes.
struct Pair<'m, M: Mechanism> {
    dialler: End<'m, M>,
    listener: End<'m, M>,
    connected: bool,
    broken: bool,
    now: Instant,
}

impl<'m, M: Mechanism + Clone + Default> Pair<'m, M> {
    fn new(one: &'m mut Room<M>, other: &'m mut Room<M>) -> Self {
        let mut dialler = End::new(one);
        dialler.peer = dialler.socket.links().connect().ok();
        Self { dialler, listener: End::new(other), connected: false, broken: false, now: Instant::from_ms(0) }
    }

    fn play(mut self, script: &[u8]) {
        for &[what, how] in script.as_chunks().0.iter().take(400) {
            let many = usize::from(how);
            match what % 8 {
                0 => self.dialler.send(how, self.now),
                1 => self.listener.send(how, self.now),
                2 => _ = self.carry(many),
                3 => _ = self.carry_back(many),
                4 => _ = self.dialler.receive(self.now),
                5 => _ = self.listener.receive(self.now),
                6 => self.lose(many),
                _ => {
                    self.wait(u32::from(how) * 8);
                    self.connect();
                }
            }
            self.close_failed();
        }
        self.finish();
    }

    /// Time passes, but not much in all: the PINGs between two parts take room from their message.
    fn wait(&mut self, ms: u32) {
        if self.now.as_ms() < 4 * INTERVAL_MS {
            self.now = self.now.after_ms(ms);
        }
    }

    fn connect(&mut self) {
        let Some(peer) = self.dialler.peer.filter(|_| !self.connected) else { return };
        if !self.dialler.socket.links().can_attach(peer) {
            return;
        }
        // No room means that what the former connection brought was not taken yet.
        let Ok(accepted) = self.listener.socket.links().accept(self.now) else { return };
        self.listener.peer = Some(accepted);
        self.dialler.socket.links().attach(peer, self.now);
        self.connected = true;
    }

    fn carry(&mut self, len: usize) -> bool {
        self.connected && carry(&mut self.dialler, &mut self.listener, len, self.now)
    }

    fn carry_back(&mut self, len: usize) -> bool {
        self.connected && carry(&mut self.listener, &mut self.dialler, len, self.now)
    }

    /// Octets leave on either side and never arrive: the connection breaks.
    fn lose(&mut self, len: usize) {
        if self.connected {
            self.dialler.take_out(len, self.now);
            self.listener.take_out(len / 2, self.now);
            self.cut();
        }
    }

    fn cut(&mut self) {
        for end in [&mut self.dialler, &mut self.listener] {
            if let Some(peer) = end.peer {
                end.socket.links().detach(peer, self.now);
            }
        }
        (self.connected, self.broken) = (false, true);
    }

    /// Two of ours never break a rule; all that can happen is that one hears nothing for too long.
    fn close_failed(&mut self) {
        for failed in
            [self.dialler.socket.links().poll_failed(self.now), self.listener.socket.links().poll_failed(self.now)]
        {
            match failed {
                None => {}
                Some((_, Failure::Link(LinkError::Silent | LinkError::Handshake(HandshakeError::TimedOut)))) => {
                    self.cut()
                }
                Some((_, failure)) => panic!("{failure}"),
            }
        }
    }

    /// Once nothing disturbs them any more, what either sends arrives; all of it, if nothing ever did.
    fn finish(mut self) {
        let sent = (self.dialler.sent, self.listener.sent);
        self.settle();
        if !self.broken {
            assert_eq!((self.listener.received, self.dialler.received), sent);
        }
        for _ in 0..3 {
            let (from_dialler, from_listener) = (self.dialler.sent, self.listener.sent);
            self.dialler.send(9, self.now);
            self.listener.send(9, self.now);
            assert_eq!((self.dialler.sent, self.listener.sent), (from_dialler + 1, from_listener + 1), "no room");
            self.settle();
            assert_eq!((self.listener.received, self.dialler.received), (self.dialler.sent, self.listener.sent));
        }
    }

    /// Runs until nothing moves, on a connection that holds.
    fn settle(&mut self) {
        let mut idle = 0;
        for _ in 0..1000 {
            self.close_failed();
            self.connect();
            let received = self.dialler.receive(self.now) | self.listener.receive(self.now);
            let carried = self.carry(1000) | self.carry_back(1000);
            idle = if received || carried { 0 } else { idle + 1 };
            // A message that was shown is let go by the next call, and only then there is room for a connection.
            if idle == 3 {
                return;
            }
        }
        panic!("it never comes to rest");
    }
}

impl<'m, M: Mechanism + Clone + Default> End<'m, M> {
    fn new(memory: &'m mut Room<M>) -> Self {
        Self { socket: Socket::new(Dealer::NEW, M::default(), memory, &SETUP), peer: None, sent: 0, received: 0 }
    }

    /// A message of one to four parts: its number, and parts whose length and octets follow from it.
    fn send(&mut self, how: u8, now: Instant) {
        let number = self.sent + 1;
        let number_octets = number.to_be_bytes();
        let how_octets = [how];
        let body = body(number, how);
        let parts: [&[u8]; 4] = [&number_octets, &how_octets, &body, &[]];
        if self.socket.try_send(&parts[..2 + usize::from(how) % 3], now).is_ok() {
            self.sent = number;
        }
    }

    /// Takes a message, if there is one, and looks at every octet of it.
    fn receive(&mut self, now: Instant) -> bool {
        let Ok(Some(message)) = self.socket.try_recv(now) else { return false };
        let parts: Vec<&[u8]> = message.parts().collect();
        let [number, how, rest @ ..] = parts.as_slice() else { panic!("a part is missing") };
        let (number, how) = (u32::from_be_bytes((*number).try_into().expect("a number")), how[0]);
        assert!(number > self.received, "{number} after {}", self.received);
        let body = body(number, how);
        let all: [&[u8]; 2] = [&body, &[]];
        assert_eq!(rest, &all[..usize::from(how) % 3]);
        self.received = number;
        true
    }

    /// At most `len` octets of what is to be sent.
    fn take_out(&mut self, len: usize, now: Instant) -> Vec<u8> {
        let Some(peer) = self.peer else { return Vec::new() };
        let mut links = self.socket.links();
        let pending = links.pending(peer, &mut |_| (), now);
        let taken = pending[..len.min(pending.len())].to_vec();
        links.advance(peer, taken.len(), now);
        taken
    }
}

/// Moves at most `len` octets, as many as there is room for. Whether any moved.
fn carry<M: Mechanism + Clone + Default>(from: &mut End<'_, M>, to: &mut End<'_, M>, len: usize, now: Instant) -> bool {
    let Some(peer) = to.peer else { return false };
    let room = to.socket.links().receive_window(peer, now).len();
    let taken = from.take_out(len.min(room), now);
    to.socket.links().receive_window(peer, now)[..taken.len()].copy_from_slice(&taken);
    to.socket.links().commit(peer, taken.len(), now);
    !taken.is_empty()
}

fn body(number: u32, how: u8) -> Vec<u8> {
    vec![number as u8 ^ how; usize::from(how) / 2]
}
