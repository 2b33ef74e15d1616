//! What is there around a PULL of two peers, as a device has it?

use crate::node::{Node, address, run};
use crate::wire::{Faults, Shared, Wire};
use zeptomq_core::mechanism::Null;
use zeptomq_core::socket::Links;
use zeptomq_smoltcp::Port;
use zeptomq_tests::executor::{Config, Kind};

/// The device's end of the wire.
pub(crate) const DEVICE: usize = 0;
pub(crate) const PORT: u16 = 5556;

/// A good network of so many ends, and a stack at each; that of the device has a PULL of two peers at three places.
pub(crate) struct Small {
    pub(crate) wire: Shared,
    pub(crate) nodes: Vec<Node>,
    /// What the PULL received, and from whom if it says so.
    pub(crate) received: Vec<Vec<u8>>,
}

impl Small {
    pub(crate) fn new(ends: usize) -> Self {
        let wire = Wire::new(Faults::none(), ends, 1, 1_000_000);
        let mut nodes: Vec<Node> = (0..ends).map(|index| Node::new(&wire, index, index as u64 + 7)).collect();
        nodes[DEVICE].add(Kind::Pull, BEATING, 512, |port: &mut Port<3>, _: Links<'_, Null>| {
            port.bind(PORT);
        });
        Self { wire, nodes, received: Vec::new() }
    }

    /// A PUSH there connects to the device, and sends this.
    pub(crate) fn push(&mut self, index: usize, message: &[u8]) {
        let node = &mut self.nodes[index];
        node.add(Kind::Push, BEATING, 512, |port: &mut Port<1>, links: Links<'_, Null>| {
            port.connect(links, (address(DEVICE), PORT)).unwrap();
        });
        let now = node.moment();
        node.services.last_mut().unwrap().machine.try_send(&[message], now).unwrap();
    }

    /// A stack there begins anew, and nobody is told.
    pub(crate) fn reboot(&mut self, index: usize) {
        self.wire.borrow_mut().clear(index);
        self.nodes[index] = Node::new(&self.wire, index, self.now_ms() as u64);
    }

    /// Lets so many milliseconds pass, or fewer when `done`; whether it is.
    pub(crate) fn wait(&mut self, ms: i64, mut done: impl FnMut(&mut [Node], &[Vec<u8>]) -> bool) -> bool {
        let received = std::cell::RefCell::new(&mut self.received);
        let user = |_: usize, node: &mut Node, _: i64| (take(node, &mut received.borrow_mut()), None);
        run(&self.wire, &mut self.nodes, ms, user, |nodes, _| done(nodes, &received.borrow()))
    }

    /// In how many milliseconds that message comes; it does within a minute.
    #[track_caller]
    pub(crate) fn until_received(&mut self, message: &[u8]) -> i64 {
        let before = self.now_ms();
        assert!(
            self.wait(60_000, |_, received| received.iter().any(|one| one == message)),
            "{message:?} does not come"
        );
        self.now_ms() - before
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.wire.borrow().now_ms
    }
}

/// Takes what a PULL has; whether there was anything.
fn take(node: &mut Node, received: &mut Vec<Vec<u8>>) -> bool {
    let (now, mut used) = (node.moment(), false);
    for service in node.services.iter_mut().filter(|service| service.pulls) {
        while let Some(message) = service.machine.try_recv(now).unwrap() {
            received.push(message.concat());
            used = true;
        }
    }
    used
}

/// A handshake takes 2 s at the most, and three beats of silence end a connection.
pub(crate) const BEATING: Config = Config { handshake_ms: 2000, heartbeat: true, two_peers: true, ..Config::PLAIN };
