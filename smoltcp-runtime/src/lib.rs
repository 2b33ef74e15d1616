//! What runs ZeroMQ sockets on a microcontroller's network? The TCP/IP stack smoltcp, without an allocator or a task:
//! one [`poll`] takes the frames that came, moves the octets of all sockets, and says when it is to be called next.
//!
//! ```
//! use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
//! use smoltcp::phy::{Loopback, Medium};
//! use smoltcp::time::Instant;
//! use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};
//! use zeptomq_core::link::Setup;
//! use zeptomq_core::mechanism::Null;
//! use zeptomq_core::pattern::{Pull, Push};
//! use zeptomq_core::socket::{FixedSocket, Memory};
//! use zeptomq_core::storage::Fixed;
//! use zeptomq_smoltcp::{Port, Served, moment, poll, tcp_socket};
//!
//! // The network, as smoltcp has it; a board has its own device, clock and source of entropy.
//! let mut device = Loopback::new(Medium::Ethernet);
//! let mut iface = Interface::new(Config::new(EthernetAddress([2; 6]).into()), &mut device, Instant::ZERO);
//! iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).unwrap());
//! let mut entropy = |octets: &mut [u8]| octets.fill(4);
//!
//! // Two TCP sockets for the PULL, which is to have one peer, and one for the PUSH.
//! let (mut memory, mut storage) = ([[[0; 512]; 2]; 3], [const { SocketStorage::EMPTY }; 3]);
//! let mut sockets = SocketSet::new(&mut storage[..]);
//! let [first, second, third] = memory.each_mut().map(|[rx, tx]| sockets.add(tcp_socket(rx, tx)));
//!
//! // One peer each, with so many octets for what arrives and for what leaves.
//! let (mut pulled, mut pushed) = (Memory::<Null, 1, 256, 64>::NEW, Memory::<Null, 1, 64, 256>::NEW);
//! let mut pull = FixedSocket::new(Pull, Null::NEW, &mut pulled, &Setup::DEFAULT);
//! let mut pull_port = Port::new([first, second]);
//! pull_port.bind(5557);
//! let mut push = FixedSocket::new(Push::<Fixed<1>>::NEW, Null::NEW, &mut pushed, &Setup::DEFAULT);
//! let mut push_port = Port::new([third]);
//! push_port.connect(push.links(), (IpAddress::v4(127, 0, 0, 1), 5557)).unwrap();
//! push.try_send(&[b"hello"], moment(Instant::ZERO)).unwrap();
//!
//! // The loop.
//! let mut now = Instant::ZERO;
//! loop {
//!     let ports: &mut [Served<'_, _>] = &mut [(pull.links(), &mut pull_port), (push.links(), &mut push_port)];
//!     let next = poll(&mut device, &mut iface, &mut sockets, ports, &mut entropy, now);
//!     if let Some(message) = pull.try_recv(moment(now)).unwrap() {
//!         assert_eq!(message.first(), b"hello");
//!         break;
//!     }
//!     now = next.unwrap(); // A board sleeps until then, or until a frame comes.
//! }
//! ```
//!
//! # Memory
//!
//! A place, which is what one TCP connection takes, is 400 octets of ours and smoltcp's (on 32 bits), and the two buffers that
//! [`tcp_socket`] is given: what a peer may send before it waits for us, and we before we wait for it. 512 octets each do
//! for small messages; a peer sends fast that may fill a frame of the network (1,460 octets). What arrived and was not
//! taken, and what waits to leave, lies in the memory of the ZeroMQ socket beside that.
//!
//! # What each limit answers
//!
//! | what | how much | and then |
//! |---|---|---|
//! | peers of a bound socket | its own | who comes gets a RST, or the place of the stranger that has said nothing for the longest |
//! | places of a port | `PLACES` | [`Port::connect`] answers that there is no room; who comes gets a RST |
//! | from a SYN to its acknowledgement | 2 s | a RST |
//! | from our SYN to its answer | 3 s | dialled again, after a delay that grows |
//! | from a link's end to that of its connection | 2 s | a RST |
//! | the two while nobody else could come | 250 ms, less when the peer left first | a RST |
//! | a RST to an address that nobody answers for | 200 ms | forgotten |
//! | a silent TCP peer | 30 s; keep-alive each 12 s where nothing else is sent | a RST, and lost |
//! | a peer whose handshake failed for good | | connected to anew after 10 s |
//!
//! TIME-WAIT is not kept. So no port is ever shut because of whom it talked to.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod place;
mod port;
mod tcp;

pub use port::{AnyPort, Port};
pub use tcp::tcp_socket;

use smoltcp::iface::{Interface, PollIngressSingleResult, PollResult, SocketSet};
use smoltcp::phy::Device;
use smoltcp::time::Instant;
use zeptomq_core::mechanism::Mechanism;
use zeptomq_core::socket::Links;
use zeptomq_core::time;

/// The links of a ZeroMQ socket, and its TCP sockets.
pub type Served<'a, M> = (Links<'a, M>, &'a mut dyn AnyPort<M>);

/// Takes the frames that came, moves the octets of all sockets, and sends what can be sent. When to call it next though
/// no frame came and no socket was used: at `now` when work is left; `None` when never.
///
/// It does not block, and what it does is bounded: a sender that never stops does not keep it.
pub fn poll<D: Device + ?Sized, M: Mechanism>(
    device: &mut D,
    iface: &mut Interface,
    sockets: &mut SocketSet<'_>,
    ports: &mut [Served<'_, M>],
    entropy: &mut dyn FnMut(&mut [u8]),
    now: Instant,
) -> Option<Instant> {
    let time = moment(now);
    iface.poll_maintenance(now);
    for _ in 0..ROUNDS_MAX {
        let came = receive(device, iface, sockets, now);
        let mut next = None;
        for (links, port) in ports.iter_mut() {
            next = time::Instant::earlier(next, port.poll(links, iface, sockets, entropy, time));
        }
        send(device, iface, sockets, now);
        let mut is_new = false;
        for (_, port) in ports.iter_mut() {
            is_new |= port.sent(iface, sockets, time);
        }
        let next = next.map(|at| Instant::from_millis(now.total_millis() + i64::from(at.ms_from(time))));
        let next = [next, iface.poll_at(now, sockets)].into_iter().flatten().min();
        if !came && !is_new && next.is_none_or(|next| next > now) {
            return next;
        }
    }
    Some(now)
}

/// The moment as the sockets are told it. Theirs wraps after 49.7 days, and may: they compare it across the wrap. The
/// one that [`poll`] is told must not.
pub fn moment(now: Instant) -> time::Instant {
    time::Instant::from_ms(now.total_millis() as u32)
}

/// Whether frames came.
fn receive<D: Device + ?Sized>(
    device: &mut D,
    iface: &mut Interface,
    sockets: &mut SocketSet<'_>,
    now: Instant,
) -> bool {
    for count in 0..FRAMES_MAX {
        if iface.poll_ingress_single(now, device, sockets) == PollIngressSingleResult::None {
            return count > 0;
        }
    }
    true
}

fn send<D: Device + ?Sized>(device: &mut D, iface: &mut Interface, sockets: &mut SocketSet<'_>, now: Instant) {
    for _ in 0..FRAMES_MAX {
        if iface.poll_egress(now, device, sockets) == PollResult::None {
            return;
        }
    }
}

/// How often a call goes over everything.
const ROUNDS_MAX: usize = 4;

/// How many frames are taken before the sockets have their turn, and how many each TCP socket then sends.
const FRAMES_MAX: usize = 8;
