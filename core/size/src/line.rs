//! How does a firmware drive one link of a socket over a serial line? Whoever sends octets on a line without a peer is
//! accepted.

use zeptomq_core::io::{Streamed, flush, poll_stream};
use zeptomq_core::link::{HeartbeatSetup, Setup};
use zeptomq_core::mechanism::Null;
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{FixedSocket, Links, Memory};
use zeptomq_core::time::Instant;

use crate::board::Uart;

/// A socket of the firmware's.
pub type Socket<P> = FixedSocket<'static, P, Null>;
/// The memory of a socket with so many peers.
pub type Room<const PEERS: usize> = Memory<Null, PEERS, RX, TX>;
/// Octets for what arrives.
pub const RX: usize = 128;
/// Octets for what leaves.
pub const TX: usize = 128;

/// What the links of all sockets have in common.
pub const SETUP: Setup = Setup { heartbeat: HeartbeatSetup { interval_ms: 250, timeout_ms: 2_000 }, ..Setup::DEFAULT };

/// A socket's serial line and who is at its other end.
pub struct Line {
    uart: Uart,
    peer: Option<PeerId>,
    connected: Option<PeerId>,
}

impl Line {
    /// A line with nobody at its end.
    pub fn new(uart: Uart) -> Self {
        Self { uart, peer: None, connected: None }
    }

    /// Lets whoever is at the end of the line into the links.
    pub fn accept(&mut self, links: &mut Links<'_, Null>, now: Instant) {
        self.peer = links.accept(now).ok();
    }

    /// Moves octets between the line and the links. Whether there is somebody still.
    pub fn poll(&mut self, links: &mut Links<'_, Null>, now: Instant) -> bool {
        let Some(peer) = self.peer else { return false };
        let streamed = poll_stream(links, peer, &mut self.uart, &mut |_| (), now);
        let failed = links.poll_failed(now);
        if failed.is_none() && streamed == Ok(Streamed::Open) {
            return true;
        }
        let _ = flush(links, peer, &mut self.uart, &mut |_| (), now);
        links.detach(peer, now);
        self.peer = None;
        false
    }

    /// Lets in whoever sends octets on a line with nobody at its end, and moves octets.
    pub fn serve(&mut self, links: &mut Links<'_, Null>, now: Instant) {
        if self.peer.is_none() && self.has_octet() {
            self.accept(links, now);
        }
        self.poll(links, now);
    }

    /// Gives the line to the socket, which connects or accepts.
    pub fn open(&mut self, connects: bool, links: &mut Links<'_, Null>, now: Instant) {
        if connects {
            self.connect(links, now);
        } else {
            self.accept(links, now);
        }
    }

    /// Connects the socket to whoever is at the end of the line, until the line is lost.
    pub fn connect(&mut self, links: &mut Links<'_, Null>, now: Instant) {
        self.peer = links.connect().ok();
        self.connected = self.peer;
        if let Some(peer) = self.peer.filter(|peer| links.can_attach(*peer)) {
            links.attach(peer, now);
        }
    }

    /// Gives up the peer that the socket was connected to.
    pub fn disconnect(&mut self, links: &mut Links<'_, Null>) {
        if let Some(peer) = self.connected.take() {
            links.disconnect(peer);
        }
    }

    /// Waits for the next octet and takes it.
    pub fn octet(&mut self) -> u8 {
        while !self.has_octet() {}
        let mut octet = [0];
        let _ = embedded_io::Read::read(&mut self.uart, &mut octet);
        octet[0]
    }

    /// Whether an octet waits to be read.
    pub fn has_octet(&self) -> bool {
        self.uart.has_octet()
    }

    /// Waits for an octet, or until the moment.
    pub fn wait(&self, until: Instant) {
        while !self.uart.has_octet() && !until.has_come(crate::board::now()) {}
    }
}

/// The first of two moments, of which one may not be set.
pub fn first(one: Instant, other: Option<Instant>) -> Instant {
    Instant::earlier(Some(one), other).unwrap_or(one)
}

/// Puts a socket of one peer, and its memory, where it stays: in a static of its own for each place that says this.
macro_rules! place {
    ($pattern:ty, $value:expr) => {{
        static mut MEMORY: crate::line::Room<1> = crate::line::Room::NEW;
        static mut SOCKET: core::mem::MaybeUninit<crate::line::Socket<$pattern>> = core::mem::MaybeUninit::uninit();
        // SAFETY: `run` says this once in each place and is called once, so nobody else has either of the two.
        let (memory, socket) = unsafe { (&mut *(&raw mut MEMORY), &mut *(&raw mut SOCKET)) };
        socket.write(zeptomq_core::socket::FixedSocket::new($value, Null::NEW, memory, &crate::line::SETUP))
    }};
}

/// Notes, for whoever reads the image, the size of each socket with its memory, and what a further peer adds beside its
/// buffers. The types are those of patterns for one peer and for two.
#[allow(unused_macros, reason = "an image that is not of the table has none")]
macro_rules! sizes {
    ($($one:ty => $two:ty),* $(,)?) => {
        #[used]
        #[unsafe(link_section = ".sizes")]
        static SIZES: [[u32; 2]; [$(stringify!($one)),*].len()] =
            [$(crate::line::sizes_of(size_of::<crate::line::Socket<$one>>(), size_of::<crate::line::Socket<$two>>())),*];
    };
}

pub(crate) use place;
#[allow(unused_imports, reason = "an image that is not of the table has none")]
pub(crate) use sizes;

/// The size of a socket with its memory, and what a further peer adds beside its buffers.
pub const fn sizes_of(one: usize, two: usize) -> [u32; 2] {
    let (one, two) = (one + size_of::<Room<1>>(), two + size_of::<Room<2>>());
    [one as u32, (two - one - RX - TX) as u32]
}
