//! What does a connection look like that never leaves memory?

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A stream that `poll_stream` can drive.
pub trait Stream: Read<Error = ErrorKind> + ReadReady + Write + WriteReady {
    /// How many octets have moved through it so far, in both directions.
    fn moved(&self) -> usize;
}

/// One end of a pipe. Dropping it closes the pipe in both directions, as a TCP connection is closed.
#[derive(Debug)]
pub struct End {
    inward: Rc<RefCell<Way>>,
    outward: Rc<RefCell<Way>>,
}

/// One direction.
#[derive(Debug)]
struct Way {
    octets: VecDeque<u8>,
    capacity: usize,
    closed: bool,
    /// How many octets were put in, ever.
    put: usize,
    /// How many were taken out, ever.
    taken: usize,
}

/// A connection. The second end's octets never find the pipe full; of the first end's, `capacity` octets are on their
/// way at most.
pub fn pipe(capacity: usize) -> (End, End) {
    let way =
        |capacity| Rc::new(RefCell::new(Way { octets: VecDeque::new(), capacity, closed: false, put: 0, taken: 0 }));
    let (one, other) = (way(capacity), way(usize::MAX));
    (End { inward: other.clone(), outward: one.clone() }, End { inward: one, outward: other })
}

impl End {
    /// How many octets have come and were not taken.
    pub fn unread(&self) -> usize {
        self.inward.borrow().octets.len()
    }

    /// Whether the other end was closed; what it sent before may still be there.
    pub fn is_closed(&self) -> bool {
        self.inward.borrow().closed
    }

    /// Takes octets that have come.
    pub fn take(&mut self, len: usize) -> Vec<u8> {
        let way = &mut *self.inward.borrow_mut();
        way.taken += len;
        way.octets.drain(..len).collect()
    }

    /// Puts octets in, as many as there are.
    pub fn put(&mut self, octets: &[u8]) {
        let way = &mut *self.outward.borrow_mut();
        way.put += octets.len();
        way.octets.extend(octets);
    }
}

impl Stream for End {
    fn moved(&self) -> usize {
        self.inward.borrow().taken + self.outward.borrow().put
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.inward.borrow_mut().closed = true;
        self.outward.borrow_mut().closed = true;
    }
}

impl ErrorType for End {
    type Error = ErrorKind;
}

impl Read for End {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        let len = into.len().min(self.unread());
        into[..len].copy_from_slice(&self.take(len));
        Ok(len)
    }
}

impl ReadReady for End {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(self.unread() > 0 || self.is_closed())
    }
}

impl Write for End {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        let room = self.outward.borrow().capacity - self.outward.borrow().octets.len();
        let len = octets.len().min(room);
        self.put(&octets[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl WriteReady for End {
    /// Never when the other end is gone, so that it is the reading that notices.
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        let way = self.outward.borrow();
        Ok(!way.closed && way.octets.len() < way.capacity)
    }
}
