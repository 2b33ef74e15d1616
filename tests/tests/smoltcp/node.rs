//! What is at an end of the wire? A stack with its sockets; and the clock over all of them.

use crate::wire::{End, Shared};
use smoltcp::iface::{self, Interface, SocketHandle, SocketSet};
use smoltcp::phy::Medium;
use smoltcp::socket::{AnySocket, tcp};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr};
use zeptomq_core::mechanism::Null;
use zeptomq_core::socket::Links;
use zeptomq_core::time;
use zeptomq_smoltcp::{AnyPort, Port, Served, moment, poll, tcp_socket};
use zeptomq_tests::chance::Chance;
use zeptomq_tests::executor::{Config, Kind};
use zeptomq_tests::machine::{Machine, machine};

/// A socket and its port.
pub(crate) struct Service {
    /// Whether it is a PULL.
    pub(crate) pulls: bool,
    pub(crate) machine: Box<dyn Machine>,
    port: Box<dyn AnyPort<Null>>,
}

/// A stack and what runs on it.
pub(crate) struct Node {
    pub(crate) services: Vec<Service>,
    /// When it wants to be polled next.
    pub(crate) next: Option<Instant>,
    /// How often it was polled.
    pub(crate) polls: usize,
    device: End,
    iface: Interface,
    sockets: SocketSet<'static>,
    chance: Chance,
    /// The port that it opened a connection from last.
    dials: u16,
}

impl Node {
    /// The stack at that end of the wire. It has no sockets yet.
    pub(crate) fn new(wire: &Shared, index: usize, seed: u64) -> Self {
        let mut device = End { wire: wire.clone(), index };
        let hardware = match wire.borrow().faults.medium {
            Medium::Ip => HardwareAddress::Ip,
            Medium::Ethernet => HardwareAddress::Ethernet(EthernetAddress([2, 0, 0, 0, 0, index as u8 + 1])),
        };
        let mut config = iface::Config::new(hardware);
        config.random_seed = seed;
        let now = Instant::from_millis(wire.borrow().now_ms);
        let mut iface = Interface::new(config, &mut device, now);
        iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address(index), 24)).unwrap());
        let (services, sockets) = (Vec::new(), SocketSet::new(Vec::new()));
        Self { services, next: Some(now), polls: 0, device, iface, sockets, chance: Chance(seed), dials: seed as u16 }
    }

    /// Adds a socket with `PLACES` TCP sockets that have buffers of so many octets.
    pub(crate) fn add<const PLACES: usize>(
        &mut self,
        kind: Kind,
        config: Config,
        buffer_len: usize,
        set_up: impl FnOnce(&mut Port<PLACES>, Links<'_, Null>),
    ) {
        let mut machine = machine(kind, config, Null::NEW);
        let buffer = || vec![0; buffer_len].leak();
        let mut port = Port::new([(); PLACES].map(|()| self.sockets.add(tcp_socket(buffer(), buffer()))));
        set_up(&mut port, machine.links().unwrap());
        self.insert(kind == Kind::Pull, machine, port);
    }

    /// Adds a socket with its port.
    pub(crate) fn insert<const PLACES: usize>(&mut self, pulls: bool, machine: Box<dyn Machine>, port: Port<PLACES>) {
        self.services.push(Service { pulls, machine, port: Box::new(port) });
        self.next = Some(self.now());
    }

    pub(crate) fn machine(&mut self, service: usize) -> &mut dyn Machine {
        &mut *self.services[service].machine
    }

    /// Lets the stack do what it can do.
    pub(crate) fn poll(&mut self) {
        let now = self.now();
        let Self { services, device, iface, sockets, chance, .. } = self;
        let ports = services
            .iter_mut()
            .map(|Service { machine, port, .. }| -> Served<'_, Null> { (machine.links().unwrap(), &mut **port) });
        let mut ports: Vec<Served<'_, Null>> = ports.collect();
        let mut entropy = |octets: &mut [u8]| octets.fill_with(|| chance.draw() as u8);
        self.next = poll(device, iface, sockets, &mut ports, &mut entropy, now);
        self.polls += 1;
    }

    /// Opens a connection that no socket of ours has.
    pub(crate) fn open(&mut self, to: IpAddress, port: u16) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; 512]);
        let handle = self.sockets.add(tcp::Socket::new(buffer(), buffer()));
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(handle);
        self.dials = self.dials.wrapping_add(1) | 0x8000;
        socket.connect(self.iface.context(), (to, port), self.dials).unwrap();
        self.next = Some(self.now());
        handle
    }

    /// That connection; whoever uses it lets the stack know.
    pub(crate) fn stream(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.next = Some(self.now());
        self.sockets.get_mut(handle)
    }

    /// How far that connection is.
    pub(crate) fn state(&self, handle: SocketHandle) -> tcp::State {
        self.sockets.get::<tcp::Socket<'_>>(handle).state()
    }

    /// The connection is forgotten without a word.
    pub(crate) fn remove(&mut self, handle: SocketHandle) {
        self.sockets.remove(handle);
    }

    /// How many of its TCP sockets are in that state.
    pub(crate) fn count(&self, state: tcp::State) -> usize {
        let sockets = self.sockets.iter().filter_map(|(_, socket)| tcp::Socket::downcast(socket));
        sockets.filter(|socket| socket.state() == state).count()
    }

    /// The ports that its connections have on this side.
    pub(crate) fn local_ports(&self) -> Vec<u16> {
        let sockets = self.sockets.iter().filter_map(|(_, socket)| tcp::Socket::downcast(socket));
        sockets.filter_map(|socket| Some(socket.local_endpoint()?.port)).collect()
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_millis(self.device.wire.borrow().now_ms)
    }

    /// Now, as its sockets are told it.
    pub(crate) fn moment(&self) -> time::Instant {
        moment(self.now())
    }

    /// When it has something to do.
    fn next_at(&self) -> Option<i64> {
        let wire = self.device.wire.borrow();
        let frame = wire.next_at(self.device.index);
        [frame, self.next.map(|next| next.total_millis())].into_iter().flatten().min()
    }
}

/// The address of the stack at that end.
pub(crate) fn address(index: usize) -> IpAddress {
    IpAddress::v4(10, 0, 0, index as u8 + 1)
}

/// Lets time pass until `done`, at most so many milliseconds; whether it is done. Each node is woken by frames, by its
/// own deadline, and by its user, who is asked each time: `user` says whether it did something, and when it has
/// something to do next.
pub(crate) fn run(
    wire: &Shared,
    nodes: &mut [Node],
    for_ms: i64,
    mut user: impl FnMut(usize, &mut Node, i64) -> (bool, Option<i64>),
    mut done: impl FnMut(&mut [Node], i64) -> bool,
) -> bool {
    let end = wire.borrow().now_ms + for_ms;
    let mut wakes = vec![Some(i64::MIN); nodes.len()];
    let mut rounds_at_once = 0;
    loop {
        let now = wire.borrow().now_ms;
        for (index, node) in nodes.iter_mut().enumerate() {
            let due = node.next_at().into_iter().chain(wakes[index]).min();
            if due.is_none_or(|due| due > now) {
                continue;
            }
            node.poll();
            for _ in 0..100 {
                let (used, wake) = user(index, node, now);
                wakes[index] = wake;
                if !used {
                    break;
                }
                node.poll();
            }
        }
        if done(nodes, now) {
            return true;
        }
        let next = nodes.iter().filter_map(Node::next_at).chain(wakes.iter().copied().flatten()).min();
        let next = next.unwrap_or(end).max(now);
        rounds_at_once = if next == now { rounds_at_once + 1 } else { 0 };
        assert!(rounds_at_once < 1000, "the clock stands still");
        if next >= end {
            wire.borrow_mut().now_ms = end;
            return false;
        }
        wire.borrow_mut().now_ms = next;
    }
}
