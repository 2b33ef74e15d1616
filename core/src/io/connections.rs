//! How does a socket keep its connections? It takes what comes, opens what it wants, and closes what failed.

use super::stream::{Streamed, flush, poll_stream};
use crate::mechanism::Mechanism;
use crate::pattern::Refused;
use crate::peer::PeerId;
use crate::socket::{Failure, Links};
use crate::time::Instant;
use embedded_io::{Read, ReadReady, Write, WriteReady};

/// Opens and accepts the streams of one socket: the part that a network stack, a serial line or a test supplies.
pub trait Transport {
    /// What it calls a stream.
    type Handle;
    /// A stream, for as long as octets are moved.
    type Stream<'a>: Read + ReadReady + Write + WriteReady
    where
        Self: 'a;

    /// A stream that somebody opened to us, if there is one.
    fn accept(&mut self, now: Instant) -> Option<Self::Handle>;

    /// Begins to open a stream to the peer; `None` when it cannot be done now.
    fn open(&mut self, peer: PeerId, now: Instant) -> Option<Self::Handle>;

    /// How far the stream is.
    fn state(&mut self, handle: &Self::Handle) -> State;

    /// The stream itself.
    fn stream<'a>(&'a mut self, handle: &'a mut Self::Handle) -> Self::Stream<'a>;

    /// The stream is not needed any more. What was written to it is still to be sent, where that keeps nobody waiting.
    fn close(&mut self, handle: Self::Handle, now: Instant);

    /// The stream is to be gone at once.
    fn abort(&mut self, handle: Self::Handle, now: Instant);

    /// A link is about to be closed, and why: a place to count or to log it.
    fn failed(&mut self, _peer: PeerId, _failure: &Failure) {}
}

/// How far a stream is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum State {
    /// It is being opened.
    Opening,
    /// Octets can pass, at least in one direction, or are left to be read.
    Open,
    /// It is gone, and nothing is left to be read.
    Gone,
}

/// The connections of one socket, at most `PEERS` at once, by the names that a [`Transport`] gives them.
#[derive(Debug)]
pub struct Connections<H, const PEERS: usize>([Option<Connection<H>>; PEERS]);

#[derive(Debug)]
struct Connection<H> {
    peer: PeerId,
    handle: H,
    is_open: bool,
}

impl<H, const PEERS: usize> Connections<H, PEERS> {
    /// No connections.
    pub const NEW: Self = Self([const { None }; PEERS]);

    /// Does what can be done now: closes links that failed, accepts, connects, and moves octets. Call it when octets
    /// came or could leave, when the socket was used, and at the moment that it returns; `None` means no such moment.
    pub fn poll<M: Mechanism + Clone, T: Transport<Handle = H>>(
        &mut self,
        links: &mut Links<'_, M>,
        transport: &mut T,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: Instant,
    ) -> Option<Instant> {
        let mut poll = Poll { connections: &mut self.0, links, transport, entropy, now };
        poll.close_failed();
        poll.accept();
        poll.open();
        let is_unread = poll.move_octets();
        poll.close_failed();
        // When to come again to who was lost just now is a moment to be told.
        poll.open();
        if is_unread { Some(now) } else { poll.links.poll_timeout() }
    }

    /// The connections, and whose they are.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, &H)> {
        self.0.iter().flatten().map(|connection| (connection.peer, &connection.handle))
    }
}

/// How a connection ends.
enum End {
    /// The peer closed it.
    Closed,
    /// It broke, or nobody wants it any more.
    Gone,
}

/// One call of `poll`.
struct Poll<'a, 'l, M: Mechanism, T: Transport> {
    connections: &'a mut [Option<Connection<T::Handle>>],
    links: &'a mut Links<'l, M>,
    transport: &'a mut T,
    entropy: &'a mut dyn FnMut(&mut [u8]),
    now: Instant,
}

impl<M: Mechanism + Clone, T: Transport> Poll<'_, '_, M, T> {
    fn close_failed(&mut self) {
        while let Some((peer, failure)) = self.links.poll_failed(self.now) {
            self.transport.failed(peer, &failure);
            if let Some(Connection { mut handle, .. }) = self.take(peer) {
                // Whether the courtesy arrives does not matter.
                let _ = flush(self.links, peer, &mut self.transport.stream(&mut handle), self.entropy, self.now);
                self.transport.close(handle, self.now);
            }
            self.links.detach(peer, self.now);
        }
    }

    fn accept(&mut self) {
        // Each stream has a place in the end or is aborted; no more are looked at than there are places.
        for _ in 0..self.connections.len() {
            let Some(handle) = self.transport.accept(self.now) else { return };
            let accepted = self.links.accept(self.now).or_else(|refused| {
                let stranger = self.links.least_stranger().filter(|_| refused == Refused::NoRoom).ok_or(refused)?;
                self.end(stranger, End::Gone);
                self.links.accept(self.now)
            });
            match accepted {
                Ok(peer) => self.put(Connection { peer, handle, is_open: true }),
                Err(_) => self.transport.abort(handle, self.now),
            }
        }
    }

    fn open(&mut self) {
        for _ in 0..self.connections.len() {
            let Some(peer) = self.links.poll_connect(self.entropy, self.now) else { return };
            match self.transport.open(peer, self.now) {
                Some(handle) => self.put(Connection { peer, handle, is_open: false }),
                None => self.links.detach(peer, self.now),
            }
        }
    }

    /// Whether more could be read at once.
    fn move_octets(&mut self) -> bool {
        let mut is_unread = false;
        for index in 0..self.connections.len() {
            match self.move_octets_of(index) {
                Ok(of_this) => is_unread |= of_this,
                Err((peer, end)) => self.end(peer, end),
            }
        }
        is_unread
    }

    /// Whether more could be read at once, or whose connection has ended.
    fn move_octets_of(&mut self, index: usize) -> Result<bool, (PeerId, End)> {
        let Some(Some(Connection { peer, handle, is_open })) = self.connections.get_mut(index) else {
            return Ok(false);
        };
        match self.transport.state(handle) {
            State::Opening if !*is_open => return Ok(false),
            // What was open and is being opened is another stream.
            State::Opening | State::Gone => return Err((*peer, End::Gone)),
            State::Open if *is_open => (),
            State::Open => {
                self.links.attach(*peer, self.now);
                *is_open = true;
            }
        }
        if !self.links.is_attached(*peer) {
            // Its peer was disconnected.
            return Err((*peer, End::Gone));
        }
        let mut stream = self.transport.stream(handle);
        match poll_stream(self.links, *peer, &mut stream, self.entropy, self.now) {
            Ok(Streamed::Open) => {
                Ok(!self.links.receive_window(*peer, self.now).is_empty() && stream.read_ready().unwrap_or(true))
            }
            Ok(Streamed::Closed) => Err((*peer, End::Closed)),
            Err(_) => Err((*peer, End::Gone)),
        }
    }

    fn end(&mut self, peer: PeerId, end: End) {
        match (self.take(peer), end) {
            (Some(Connection { handle, .. }), End::Closed) => self.transport.close(handle, self.now),
            (Some(Connection { handle, .. }), End::Gone) => self.transport.abort(handle, self.now),
            (None, _) => (),
        }
        self.links.detach(peer, self.now);
    }

    fn put(&mut self, connection: Connection<T::Handle>) {
        match self.connections.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(connection),
            // More peers than places: nobody would ever look at it again.
            None => {
                self.transport.abort(connection.handle, self.now);
                self.links.detach(connection.peer, self.now);
            }
        }
    }

    fn take(&mut self, peer: PeerId) -> Option<Connection<T::Handle>> {
        self.connections.iter_mut().find_map(|place| place.take_if(|connection| connection.peer == peer))
    }
}
