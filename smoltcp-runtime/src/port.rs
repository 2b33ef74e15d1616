//! Which TCP sockets does a ZeroMQ socket have, and what are they for?

use crate::place::{Place, Remote};
use crate::tcp::{EPHEMERAL, Stream, Tcp, gather};
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::wire::IpEndpoint;
use zeptomq_core::io::{Connections, State, Transport};
use zeptomq_core::mechanism::Mechanism;
use zeptomq_core::pattern::Refused;
use zeptomq_core::peer::PeerId;
use zeptomq_core::socket::{Failure, Links};
use zeptomq_core::time::Instant;

/// The TCP sockets of one ZeroMQ socket, and where it listens and whom it connects to.
///
/// Each peer that is connected to has a TCP socket for itself from [`Port::connect`] on. When the port is bound, all others
/// listen, and one more of them than there are to be peers keeps listening when all peers are there: whoever comes then
/// is turned away at once, or takes the place of a stranger that says nothing.
#[derive(Debug)]
pub struct Port<const PLACES: usize> {
    places: [Place; PLACES],
    connections: Connections<Held, PLACES>,
    local: Local,
}

/// Which place a link has.
#[derive(Debug)]
struct Held(usize);

/// Our side's ports.
#[derive(Debug)]
struct Local {
    /// Where we listen; 0 when we do not.
    listens: u16,
    /// Where we dial from next, unless it is in use; 0 before the first.
    dials: u16,
}

impl<const PLACES: usize> Port<PLACES> {
    /// A port that has these TCP sockets to itself; see [`crate::tcp_socket`]. A handle that is not one of a TCP socket
    /// in the set that is polled is a place that nobody ever has.
    pub fn new(handles: [SocketHandle; PLACES]) -> Self {
        Self { places: handles.map(Place::new), connections: Connections::NEW, local: Local { listens: 0, dials: 0 } }
    }

    /// Listens on the port, at each of the interface's addresses; 0 is to listen no more. It begins with the next poll.
    pub fn bind(&mut self, port: u16) {
        self.local.listens = port;
    }

    /// Connects the socket whose links these are to the remote, now and each time the connection is lost, after a delay
    /// that grows. [`Refused::NoRoom`] when each TCP socket is in use or kept for a peer.
    ///
    /// A peer that said that it will not have us, or that is of a type that cannot be spoken to, is connected to anew
    /// after 10 s: what is there may be restarted as what it should be. What waited for it was dropped and counted, see
    /// [`Links::disconnect`], and it is another peer of the socket then.
    pub fn connect<M: Mechanism + Clone>(
        &mut self,
        mut links: Links<'_, M>,
        remote: impl Into<IpEndpoint>,
    ) -> Result<(), Refused> {
        let place = self.places.iter_mut().find(|place| place.is_unused()).ok_or(Refused::NoRoom)?;
        let peer = links.connect()?;
        place.remote = Some(Remote { endpoint: remote.into(), peer, anew: None });
        Ok(())
    }
}

/// A [`Port`] of any number of places, for a socket with mechanism `M`.
pub trait AnyPort<M: Mechanism>: Polled<M> {}

impl<M: Mechanism + Clone, const PLACES: usize> AnyPort<M> for Port<PLACES> {}

/// What the poll of all ports asks of one.
pub trait Polled<M: Mechanism> {
    /// Does what can be done now; see [`Connections::poll`].
    fn poll(
        &mut self,
        links: &mut Links<'_, M>,
        iface: &mut Interface,
        sockets: &mut SocketSet<'_>,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: Instant,
    ) -> Option<Instant>;

    /// What was to be sent was given to the device. Whether there is more, or somebody can come who could not.
    fn sent(&mut self, iface: &mut Interface, sockets: &mut SocketSet<'_>, now: Instant) -> bool;
}

impl<M: Mechanism + Clone, const PLACES: usize> Polled<M> for Port<PLACES> {
    fn poll(
        &mut self,
        links: &mut Links<'_, M>,
        iface: &mut Interface,
        sockets: &mut SocketSet<'_>,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: Instant,
    ) -> Option<Instant> {
        let Self { places, connections, local } = self;
        local.choose(entropy);
        let mut held = [const { Tcp::MISSING }; PLACES];
        let mut tcp = Endpoints::new(places, &mut held, local, iface, sockets, now);
        tcp.step(false);
        tcp.connect_anew(links);
        let next = connections.poll(links, &mut tcp, entropy, now);
        tcp.dial();
        Instant::earlier(next, tcp.poll_timeout())
    }

    fn sent(&mut self, iface: &mut Interface, sockets: &mut SocketSet<'_>, now: Instant) -> bool {
        let mut held = [const { Tcp::MISSING }; PLACES];
        let mut tcp = Endpoints::new(&mut self.places, &mut held, &mut self.local, iface, sockets, now);
        let is_new = tcp.step(true);
        tcp.dial() || is_new
    }
}

/// One call's view of a port.
struct Endpoints<'p, 's, 'a> {
    places: &'p mut [Place],
    sockets: &'p mut [Tcp<'s, 'a>],
    local: &'p mut Local,
    /// Which of the ports from `local.dials` on are in use.
    in_use: u64,
    iface: &'p mut Interface,
    now: Instant,
}

impl<'p, 's, 'a> Endpoints<'p, 's, 'a> {
    fn new(
        places: &'p mut [Place],
        held: &'p mut [Tcp<'s, 'a>],
        local: &'p mut Local,
        iface: &'p mut Interface,
        sockets: &'s mut SocketSet<'a>,
        now: Instant,
    ) -> Self {
        let index = |handle| places.iter().position(|place| place.handle == handle);
        let in_use = gather(sockets, index, held, local.dials);
        Self { places, sockets: held, local, in_use, iface, now }
    }

    fn pairs(&mut self) -> impl Iterator<Item = (&mut Place, &mut Tcp<'s, 'a>)> {
        self.places.iter_mut().zip(self.sockets.iter_mut())
    }

    fn at(&mut self, held: &Held) -> Option<(&mut Place, &mut Tcp<'s, 'a>)> {
        self.places.get_mut(held.0).zip(self.sockets.get_mut(held.0))
    }

    /// Takes each place one step further. Whether there is something to be sent, or somebody can come who could not.
    fn step(&mut self, is_said: bool) -> bool {
        let (port, now) = (self.local.listens, self.now);
        let mut is_new = false;
        for (place, tcp) in self.pairs() {
            is_new |= place.step(tcp, port, is_said, now);
        }
        if self.is_pressed()
            && let Some((at, index)) = self.first_to_yield()
            && at.has_come(now)
            && let Some((place, tcp)) = self.at(&Held(index))
        {
            place.abort(tcp, now);
            is_new = true;
        }
        is_new
    }

    /// Whether somebody is to be listened for, and nobody can come.
    fn is_pressed(&self) -> bool {
        let mut pairs = self.places.iter().zip(self.sockets.iter());
        self.local.listens != 0 && !pairs.any(|(place, tcp)| place.is_open_to_strangers(tcp))
    }

    /// The place that is the first to be taken when nobody can come, and when.
    fn first_to_yield(&self) -> Option<(Instant, usize)> {
        let pairs = self.places.iter().zip(self.sockets.iter()).zip(0..);
        let yielding = pairs.filter_map(|((place, tcp), index)| Some((place.yields_at(tcp)?, index)));
        yielding.reduce(|one, other| if one.0.has_come(other.0) { one } else { other })
    }

    /// Connects to those again whose handshake failed for good some time ago.
    fn connect_anew<M: Mechanism + Clone>(&mut self, links: &mut Links<'_, M>) {
        let now = self.now;
        for remote in self.places.iter_mut().filter_map(|place| place.remote.as_mut()) {
            if remote.anew.is_some_and(|anew| anew.has_come(now)) {
                match links.connect() {
                    Ok(peer) => (remote.peer, remote.anew) = (peer, None),
                    Err(_) => remote.anew = Some(now.after_ms(ANEW_MS)),
                }
            }
        }
    }

    /// Dials for those who are waiting for it. Whether there were any.
    fn dial(&mut self) -> bool {
        let Self { places, sockets, local, in_use, iface, now } = self;
        let mut dials = false;
        for (place, tcp) in places.iter_mut().zip(sockets.iter_mut()) {
            dials |= place.dial(tcp, iface, &mut || local.next(in_use), *now);
        }
        dials
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let yields = self.first_to_yield().filter(|_| self.is_pressed()).map(|(at, _)| at);
        self.places.iter().fold(yields, |earliest, place| Instant::earlier(earliest, place.poll_timeout()))
    }
}

impl<'a> Transport for Endpoints<'_, '_, 'a> {
    type Handle = Held;
    type Stream<'t>
        = Stream<'t, 'a>
    where
        Self: 't;

    fn accept(&mut self, _: Instant) -> Option<Held> {
        self.pairs().position(|(place, tcp)| place.accept(tcp)).map(Held)
    }

    fn open(&mut self, peer: PeerId, now: Instant) -> Option<Held> {
        let is_of = |place: &Place| place.remote.as_ref().is_some_and(|remote| remote.peer == peer);
        let held = Held(self.places.iter().position(is_of)?);
        let (place, tcp) = self.at(&held)?;
        place.open(tcp, now);
        Some(held)
    }

    fn state(&mut self, held: &Held) -> State {
        let now = self.now;
        self.at(held).map_or(State::Gone, |(place, tcp)| place.state(tcp, now))
    }

    fn stream<'t>(&'t mut self, held: &'t mut Held) -> Stream<'t, 'a> {
        self.sockets.get_mut(held.0).map_or(Stream::GONE, Tcp::stream)
    }

    fn close(&mut self, held: Held, now: Instant) {
        if let Some((place, tcp)) = self.at(&held) {
            place.close(tcp, now);
        }
    }

    fn abort(&mut self, held: Held, now: Instant) {
        if let Some((place, tcp)) = self.at(&held) {
            place.abort(tcp, now);
        }
    }

    fn failed(&mut self, peer: PeerId, failure: &Failure) {
        let mut remotes = self.places.iter_mut().filter_map(|place| place.remote.as_mut());
        if failure.is_final()
            && let Some(remote) = remotes.find(|remote| remote.peer == peer)
        {
            remote.anew = Some(self.now.after_ms(ANEW_MS));
        }
    }
}

impl Local {
    /// Where to dial from first is left to chance: a peer may remember what was before a restart.
    fn choose(&mut self, entropy: &mut dyn FnMut(&mut [u8])) {
        if self.dials == 0 {
            let mut random = [0; 2];
            entropy(&mut random);
            self.dials = u16::from_ne_bytes(random) | EPHEMERAL;
        }
    }

    /// A port that nobody uses. `in_use` says so of the next 64, and is true of those behind the one that is given.
    fn next(&mut self, in_use: &mut u64) -> Option<u16> {
        for _ in 0..u64::BITS {
            let (port, is_free) = (self.dials, *in_use & 1 == 0);
            self.dials = port.wrapping_add(1) | EPHEMERAL;
            *in_use >>= 1;
            if is_free {
                return Some(port);
            }
        }
        None
    }
}

/// After how long a peer is connected to anew whose handshake failed for good.
const ANEW_MS: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::{EPHEMERAL, Local};

    fn taken(dials: u16, mut in_use: u64, count: usize) -> std::vec::Vec<Option<u16>> {
        let mut local = Local { listens: 0, dials };
        (0..count).map(|_| local.next(&mut in_use)).collect()
    }

    #[test]
    fn a_port_that_is_in_use_is_not_dialled_from() {
        assert_eq!(taken(0xd000, 0b0000_0101, 3), [Some(0xd001), Some(0xd003), Some(0xd004)]);
        assert_eq!(taken(0xd000, u64::MAX, 1), [None]);
    }

    #[test]
    fn ports_to_dial_from_begin_anew_behind_the_last() {
        assert_eq!(taken(0xfffe, 0b0100, 3), [Some(0xfffe), Some(0xffff), Some(EPHEMERAL + 1)]);
    }

    #[test]
    fn where_to_dial_from_first_is_left_to_chance() {
        for octet in [0, 0x3f, 0xff] {
            let mut local = Local { listens: 0, dials: 0 };
            local.choose(&mut |octets| octets.fill(octet));
            assert_eq!(local.dials, u16::from_ne_bytes([octet; 2]) | EPHEMERAL);
        }
    }
}
