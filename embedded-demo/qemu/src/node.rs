//! How does the node live on this board? Its sockets are given to the network, and then it is polled whenever there is
//! something to do.

use cortex_m_rt::entry;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpCidr, Ipv4Address};
use zeptomq_core::mechanism::Null;
use zeptomq_demo_app::{Memory, Node, Role};
use zeptomq_smoltcp::{AnyPort, Port, Served, moment, poll, tcp_socket};

use crate::board::{self, Frames};
use crate::entropy::Entropy;
use crate::ethernet::Ethernet;
use crate::{clock, console, stack};

const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const PREFIX_LEN: u8 = 24;
/// QEMU's network: the gateway is the host as well.
const HOST: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

/// TCP sockets of all ports: four subscribers, two clients and two producers, one more of each so that whoever is too
/// many is told so; and one for each socket that connects.
const TCP_SOCKETS: usize = 5 + 3 + 3 + 1 + 1 + 1;

/// Octets that wait in a TCP socket, each way.
const TCP_BUFFER_LEN: usize = 1024;

/// The ports of the node's sockets, in its order.
struct Ports {
    telemetry: Port<5>,
    requests: Port<3>,
    work: Port<3>,
    reports: Port<1>,
    commands: Port<1>,
    time: Port<1>,
}

impl Ports {
    /// Gives each port its TCP sockets.
    fn new(mut tcp: impl FnMut() -> SocketHandle) -> Self {
        Self {
            telemetry: Port::new([tcp(), tcp(), tcp(), tcp(), tcp()]),
            requests: Port::new([tcp(), tcp(), tcp()]),
            work: Port::new([tcp(), tcp(), tcp()]),
            reports: Port::new([tcp()]),
            commands: Port::new([tcp()]),
            time: Port::new([tcp()]),
        }
    }

    /// Binds and connects them as the node says.
    fn open(&mut self, node: &mut Node<'_>) {
        let [telemetry, requests, work, reports, commands, time] = node.sockets();
        for (socket, port) in [(reports, &mut self.reports), (commands, &mut self.commands), (time, &mut self.time)] {
            if let (links, Role::Connect(remote)) = socket {
                // Each has the one place that it needs.
                let _ = port.connect(links, (HOST, remote));
            }
        }
        if let Role::Bind(local) = telemetry.1 {
            self.telemetry.bind(local);
        }
        for ((_, role), port) in [(requests, &mut self.requests), (work, &mut self.work)] {
            if let Role::Bind(local) = role {
                port.bind(local);
            }
        }
    }

    /// Each socket of the node with its port.
    fn serve<'a>(&'a mut self, node: &'a mut Node<'_>) -> [Served<'a, Null>; 6] {
        let [telemetry, requests, work, reports, commands, time] = node.sockets().map(|(links, _)| links);
        [
            (telemetry, &mut self.telemetry as &mut dyn AnyPort<Null>),
            (requests, &mut self.requests),
            (work, &mut self.work),
            (reports, &mut self.reports),
            (commands, &mut self.commands),
            (time, &mut self.time),
        ]
    }
}

#[entry]
fn main() -> ! {
    static mut FRAMES: Frames = Frames::EMPTY;
    static mut MEMORY: Memory = Memory::NEW;
    static mut STORAGE: [SocketStorage<'static>; TCP_SOCKETS] = [SocketStorage::EMPTY; TCP_SOCKETS];
    static mut BUFFERS: [[[u8; TCP_BUFFER_LEN]; 2]; TCP_SOCKETS] = [[[0; TCP_BUFFER_LEN]; 2]; TCP_SOCKETS];

    let (mut ethernet, mut entropy) = board::start(FRAMES);
    let mut interface = interface(&mut ethernet, &mut entropy);
    let mut sockets = SocketSet::new(&mut STORAGE[..]);
    let mut buffers = BUFFERS.iter_mut();
    let mut ports = Ports::new(|| {
        let [rx, tx] = buffers.next().map_or([&mut [][..], &mut []], |[rx, tx]| [&mut rx[..], &mut tx[..]]);
        sockets.add(tcp_socket(rx, tx))
    });
    // Its first question may always have the same number: answers to its former life stay on former connections.
    let mut node = Node::new(MEMORY, 0);
    ports.open(&mut node);
    console::line(format_args!("zeptomq-demo: {ADDRESS} is up"));

    let mut seen = Seen { deepest: 0, next: Instant::ZERO };
    loop {
        entropy.stir(clock::step());
        let mut chance = |octets: &mut [u8]| entropy.fill(octets);
        let now = clock::now();
        poll(&mut ethernet, &mut interface, &mut sockets, &mut ports.serve(&mut node), &mut chance, now);
        let due = node.poll(moment(now)).map(|at| now + ms(at.ms_from(moment(now))));
        let next = poll(&mut ethernet, &mut interface, &mut sockets, &mut ports.serve(&mut node), &mut chance, now);
        seen.look(now);
        board::sleep([due, next].into_iter().flatten().min());
    }
}

/// The network with the node's address.
fn interface(ethernet: &mut Ethernet<'_>, entropy: &mut Entropy) -> Interface {
    let mut seed = [0; 8];
    entropy.fill(&mut seed);
    let mut config = Config::new(Ethernet::address().into());
    config.random_seed = u64::from_le_bytes(seed);
    let mut interface = Interface::new(config, ethernet, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        // The list has room for one.
        let _ = addresses.push(IpCidr::new(ADDRESS.into(), PREFIX_LEN));
    });
    // So has the table of routes.
    let _ = interface.routes_mut().add_default_ipv4_route(HOST);
    interface
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

/// What was seen of the stack, and when to look again.
struct Seen {
    deepest: usize,
    next: Instant,
}

impl Seen {
    /// Says when the stack was deeper than ever. Looking at all of it takes a while, so that is done once a second.
    fn look(&mut self, now: Instant) {
        if now < self.next {
            return;
        }
        self.next = now + Duration::from_secs(1);
        let used = stack::stack_used();
        if used > self.deepest {
            self.deepest = used;
            console::line(format_args!("zeptomq-demo: {used} of {} octets of stack were used", stack::stack_len()));
        }
    }
}
