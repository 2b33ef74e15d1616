//! What does the node need around it? A network in memory, programs on a host that come and go, and a clock that is
//! turned to the next moment at which somebody has something to do.

use crate::network::{End, Network, Ports};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use zeptomq_core::io::Connections;
use zeptomq_core::link::Setup;
use zeptomq_core::mechanism::Null;
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::{Dealer, Pattern, Pub, Pull, Push, Receives, Rep, Req, Sends, Sub, req};
use zeptomq_core::socket::{FixedSocket, Memory};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;
use zeptomq_demo_app::{Node, PEERS_MAX, Role};

/// The node and the host.
pub(crate) struct World {
    pub(crate) node: Node<'static>,
    streams: Vec<(Ports, Connections<End, PEERS_MAX>)>,
    network: Network,
    hosts: Vec<Weak<RefCell<dyn Program>>>,
    clock: Rc<Cell<Instant>>,
    entropy: u64,
    moved: Rc<Cell<usize>>,
    capacity: usize,
}

/// A program of the host with one socket. It ends when it is dropped.
pub(crate) struct Host<P> {
    process: Rc<RefCell<Process<P>>>,
    clock: Rc<Cell<Instant>>,
}

pub(crate) type Subscriber = Host<Sub<Fixed<4>>>;
pub(crate) type Client = Host<Req<Fixed<4>>>;
pub(crate) type Producer = Host<Push<Fixed<4>>>;
pub(crate) type Server = Host<Rep<Fixed<4>>>;

struct Process<P> {
    socket: FixedSocket<'static, P, Null>,
    ports: Ports,
    connections: Connections<End, 4>,
}

trait Program {
    fn poll(&mut self, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> Option<Instant>;
}

impl World {
    /// A node that was just started, over pipes that hold `capacity` octets.
    pub(crate) fn new(capacity: usize) -> Self {
        let (network, moved) = (Network::default(), Rc::default());
        // As a board would place it: once and for good.
        let mut node = Node::new(Box::leak(Box::new(zeptomq_demo_app::Memory::NEW)), 7);
        let streams = node.sockets().map(|(mut links, role)| {
            if let Role::Connect(_) = role {
                links.connect().unwrap();
            }
            (Ports::new(&network, role, capacity, &moved), Connections::NEW)
        });
        // It wraps soon.
        let clock = Rc::new(Cell::new(Instant::from_ms(u32::MAX - 1500)));
        let (hosts, entropy) = (Vec::new(), 0x9e37_79b9_7f4a_7c15);
        Self { node, streams: streams.into(), network, hosts, clock, entropy, moved, capacity }
    }

    /// Lets time pass until `done`, at most so many milliseconds; whether it is done.
    pub(crate) fn wait(&mut self, ms: u32, mut done: impl FnMut(&Node<'_>) -> bool) -> bool {
        let end = self.clock.get().after_ms(ms);
        loop {
            self.settle();
            if done(&self.node) {
                return true;
            }
            // What was sent and taken meanwhile has made room.
            let before = self.moved.get();
            let next = self.settle();
            let now = self.clock.get();
            if before != self.moved.get() {
                continue;
            }
            if end.has_come(now) {
                return false;
            }
            self.clock.set(Instant::earlier(Some(end), next).map_or(end, |at| now.after_ms(at.ms_from(now).max(1))));
        }
    }

    /// Lets so much time pass.
    pub(crate) fn pass(&mut self, ms: u32) {
        self.wait(ms, |_| false);
    }

    /// Lets everybody do what can be done now; when somebody wants to be let again.
    fn settle(&mut self) -> Option<Instant> {
        for _ in 0..1000 {
            let before = self.moved.get();
            let next = self.round();
            if before == self.moved.get() && next.is_none_or(|at| !at.has_come(self.clock.get())) {
                return next;
            }
        }
        panic!("the node does not come to rest");
    }

    fn round(&mut self) -> Option<Instant> {
        let next = self.node.poll(self.clock.get());
        Instant::earlier(next, self.move_all())
    }

    /// Lets the node take what has come to its sockets. Whether it wants to be let again at once.
    pub(crate) fn poll_node(&mut self) -> bool {
        let now = self.clock.get();
        self.node.poll(now).is_some_and(|at| at.has_come(now))
    }

    /// Brings what is sent to its end, as far as there is room, and leaves the node alone.
    pub(crate) fn deliver(&mut self) {
        let mut before = None;
        while before.replace(self.moved.get()) != Some(self.moved.get()) {
            self.move_all();
        }
    }

    fn move_all(&mut self) -> Option<Instant> {
        let now = self.clock.get();
        let mut next = self.move_octets(now);
        self.hosts.retain(|host| host.strong_count() > 0);
        for host in self.hosts.iter().filter_map(Weak::upgrade) {
            let entropy = &mut self.entropy;
            let host_next = host.borrow_mut().poll(&mut |octets| fill(entropy, octets), now);
            next = Instant::earlier(next, host_next);
        }
        next
    }

    fn move_octets(&mut self, now: Instant) -> Option<Instant> {
        let entropy = &mut self.entropy;
        let sockets = self.node.sockets().into_iter().zip(&mut self.streams);
        sockets.fold(None, |next, ((mut links, _), (ports, connections))| {
            let at = connections.poll(&mut links, ports, &mut |octets| fill(entropy, octets), now);
            Instant::earlier(next, at)
        })
    }

    /// Starts a program on the host.
    fn start<P: Pattern + 'static>(&mut self, pattern: P, role: Role) -> Host<P> {
        let memory = Box::leak(Box::new(Memory::<Null, 4, 4096, 4096>::NEW));
        let mut socket = FixedSocket::new(pattern, Null::NEW, memory, &Setup::DEFAULT);
        if let Role::Connect(_) = role {
            socket.links().connect().unwrap();
        }
        let ports = Ports::new(&self.network, role, self.capacity, &self.moved);
        let process = Rc::new(RefCell::new(Process { socket, ports, connections: Connections::NEW }));
        let program: Rc<RefCell<dyn Program>> = process.clone();
        self.hosts.push(Rc::downgrade(&program));
        Host { process, clock: self.clock.clone() }
    }

    pub(crate) fn sub(&mut self, topic: &str) -> Subscriber {
        let host = self.start(Sub::NEW, Role::Connect(5556));
        host.process.borrow_mut().socket.subscribe(topic.as_bytes()).unwrap();
        host
    }

    pub(crate) fn req(&mut self) -> Client {
        self.start(Req::new(req::Mode::Relaxed, 1), Role::Connect(5557))
    }

    pub(crate) fn dealer(&mut self) -> Host<Dealer<Fixed<4>>> {
        self.start(Dealer::NEW, Role::Connect(5557))
    }

    pub(crate) fn push(&mut self) -> Producer {
        self.start(Push::NEW, Role::Connect(5560))
    }

    pub(crate) fn pull(&mut self) -> Host<Pull> {
        self.start(Pull, Role::Bind(5558))
    }

    pub(crate) fn publisher(&mut self) -> Host<Pub<Fixed<4>>> {
        self.start(Pub::NEW, Role::Bind(5559))
    }

    pub(crate) fn rep(&mut self) -> Server {
        self.start(Rep::NEW, Role::Bind(5561))
    }

    /// Asks, and waits for the reply.
    pub(crate) fn call(&mut self, req: &mut Client, parts: &[&str]) -> String {
        assert!(req.send(parts));
        let mut reply = None;
        assert!(self.wait(3000, |_| {
            reply = req.recv();
            reply.is_some()
        }));
        reply.unwrap().concat()
    }
}

impl<P: Sends> Host<P> {
    /// Whether there was room for it.
    pub(crate) fn send(&mut self, parts: &[&str]) -> bool {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        self.process.borrow_mut().socket.try_send(&parts, self.clock.get()).is_ok()
    }
}

impl<P: Receives> Host<P> {
    pub(crate) fn recv(&mut self) -> Option<Vec<String>> {
        let socket = &mut self.process.borrow_mut().socket;
        let message = socket.try_recv(self.clock.get()).ok()??;
        Some(message.parts().map(|part| String::from_utf8_lossy(part).into_owned()).collect())
    }

    /// All that waits to be taken, each message's parts joined by `|`.
    pub(crate) fn recv_all(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.recv()).map(|parts| parts.join("|")).collect()
    }

    /// That, and all that is on its way.
    pub(crate) fn drain(&mut self) -> Vec<String> {
        let mut all = self.recv_all();
        loop {
            let before = self.process.borrow().ports.moved();
            self.process.borrow_mut().poll(&mut |octets| octets.fill(1), self.clock.get());
            all.extend(self.recv_all());
            if before == self.process.borrow().ports.moved() {
                return all;
            }
        }
    }
}

impl Server {
    /// Leaves the request that was taken last without a reply.
    pub(crate) fn abandon(&mut self) {
        self.process.borrow_mut().socket.abandon(self.clock.get());
    }
}

impl<P: Pattern> Program for Process<P> {
    fn poll(&mut self, entropy: &mut dyn FnMut(&mut [u8]), now: Instant) -> Option<Instant> {
        self.connections.poll(&mut self.socket.links(), &mut self.ports, entropy, now)
    }
}

/// Octets that are the same in each run (xorshift).
fn fill(state: &mut u64, octets: &mut [u8]) {
    for octet in octets {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *octet = *state as u8;
    }
}
