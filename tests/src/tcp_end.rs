//! How does a fixed socket speak over TCP? Through a stream that never blocks, and holds what the system did not take.

use crate::pipe::Stream;
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use std::io;
use std::net::TcpStream;

/// A TCP connection as `poll_stream` drives it.
#[derive(Debug)]
pub struct TcpEnd {
    stream: TcpStream,
    /// Written, and not yet taken by the system.
    waiting: Vec<u8>,
    moved: usize,
}

impl TcpEnd {
    /// An end of the connection.
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, waiting: Vec::new(), moved: 0 }
    }

    fn push(&mut self) -> Result<(), ErrorKind> {
        while !self.waiting.is_empty() {
            match io::Write::write(&mut self.stream, &self.waiting) {
                Ok(len) => drop(self.waiting.drain(..len)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.kind().into()),
            }
        }
        Ok(())
    }
}

impl Stream for TcpEnd {
    fn moved(&self) -> usize {
        self.moved
    }
}

impl ErrorType for TcpEnd {
    type Error = ErrorKind;
}

impl Read for TcpEnd {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        let len = io::Read::read(&mut self.stream, into).map_err(|error| ErrorKind::from(error.kind()))?;
        self.moved += len;
        Ok(len)
    }
}

impl ReadReady for TcpEnd {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        match self.stream.peek(&mut [0]) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.kind().into()),
        }
    }
}

impl Write for TcpEnd {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.waiting.extend_from_slice(octets);
        self.moved += octets.len();
        self.push()?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.push()
    }
}

impl WriteReady for TcpEnd {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        self.push()?;
        Ok(self.waiting.is_empty())
    }
}
