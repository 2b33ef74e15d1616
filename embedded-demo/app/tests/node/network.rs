//! What does a network look like that never leaves memory? Ports, and pipes between who connects and who listens.

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use zeptomq_core::io::{State, Transport};
use zeptomq_core::peer::PeerId;
use zeptomq_core::time::Instant;
use zeptomq_demo_app::Role;

/// The ports that somebody listens at, and who waits there to be accepted.
pub(crate) type Network = Rc<RefCell<BTreeMap<u16, VecDeque<End>>>>;

/// The streams of one socket.
pub(crate) struct Ports {
    network: Network,
    role: Role,
    capacity: usize,
    moved: Rc<Cell<usize>>,
}

impl Ports {
    /// Who connects has pipes that hold `capacity` octets each way; `moved` counts what passes.
    pub(crate) fn new(network: &Network, role: Role, capacity: usize, moved: &Rc<Cell<usize>>) -> Self {
        if let Role::Bind(port) = role {
            network.borrow_mut().insert(port, VecDeque::new());
        }
        Self { network: network.clone(), role, capacity, moved: moved.clone() }
    }

    /// How many octets have passed through the network so far.
    pub(crate) fn moved(&self) -> usize {
        self.moved.get()
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        if let Role::Bind(port) = self.role {
            self.network.borrow_mut().remove(&port);
        }
    }
}

impl Transport for Ports {
    type Handle = End;
    type Stream<'a> = &'a mut End;

    fn accept(&mut self, _now: Instant) -> Option<End> {
        let Role::Bind(port) = self.role else { return None };
        self.network.borrow_mut().get_mut(&port)?.pop_front()
    }

    fn open(&mut self, _peer: PeerId, _now: Instant) -> Option<End> {
        let Role::Connect(port) = self.role else { return None };
        let mut network = self.network.borrow_mut();
        let (one, other) = pipe(self.capacity, &self.moved);
        network.get_mut(&port)?.push_back(other);
        Some(one)
    }

    fn state(&mut self, _handle: &End) -> State {
        State::Open
    }

    fn stream<'a>(&'a mut self, handle: &'a mut End) -> &'a mut End {
        handle
    }

    fn close(&mut self, _handle: End, _now: Instant) {}

    fn abort(&mut self, _handle: End, _now: Instant) {}
}

/// One end of a pipe. Dropping it closes the pipe both ways; what is in it can still be read.
pub(crate) struct End {
    inward: Rc<RefCell<Way>>,
    outward: Rc<RefCell<Way>>,
    moved: Rc<Cell<usize>>,
}

struct Way {
    octets: VecDeque<u8>,
    capacity: usize,
    closed: bool,
}

fn pipe(capacity: usize, moved: &Rc<Cell<usize>>) -> (End, End) {
    let way = || Rc::new(RefCell::new(Way { octets: VecDeque::new(), capacity, closed: false }));
    let (one, other) = (way(), way());
    let end = |inward: &Rc<_>, outward: &Rc<_>| End {
        inward: Rc::clone(inward),
        outward: Rc::clone(outward),
        moved: moved.clone(),
    };
    (end(&one, &other), end(&other, &one))
}

impl Drop for End {
    fn drop(&mut self) {
        self.inward.borrow_mut().closed = true;
        self.outward.borrow_mut().closed = true;
        self.moved.set(self.moved.get() + 1);
    }
}

impl ErrorType for End {
    type Error = ErrorKind;
}

impl Read for End {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        let way = &mut *self.inward.borrow_mut();
        let len = into.len().min(way.octets.len());
        for (place, octet) in into.iter_mut().zip(way.octets.drain(..len)) {
            *place = octet;
        }
        self.moved.set(self.moved.get() + len);
        Ok(len)
    }
}

impl ReadReady for End {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        let way = self.inward.borrow();
        Ok(way.closed || !way.octets.is_empty())
    }
}

impl Write for End {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        let way = &mut *self.outward.borrow_mut();
        if way.closed {
            return Err(ErrorKind::ConnectionReset);
        }
        let len = octets.len().min(way.capacity - way.octets.len());
        way.octets.extend(octets.iter().take(len));
        self.moved.set(self.moved.get() + len);
        Ok(len)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl WriteReady for End {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        let way = self.outward.borrow();
        Ok(way.closed || way.octets.len() < way.capacity)
    }
}
