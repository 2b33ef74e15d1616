//! How does a scripted peer speak over TCP?

use crate::tokio::DEADLINE;
use crate::wire::{GREETING_LEN, Shown, Wire, ping, pong};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The peer's end of a TCP connection.
#[derive(Debug)]
pub struct TcpWire {
    stream: TcpStream,
    /// All that was ever heard, but for the PONGs to `settle`.
    heard: Vec<u8>,
    /// How much of it was received.
    received: usize,
    /// Where the first frame begins that was not looked at for a PONG.
    looked: usize,
    pings: u32,
    closed: bool,
}

impl TcpWire {
    /// The peer's end of a connection.
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, heard: Vec::new(), received: 0, looked: GREETING_LEN, pings: 0, closed: false }
    }

    /// Hears what there is, waiting for something so long at most.
    fn hear(&mut self, wait: Duration) {
        let mut octets = [0; 64 * 1024];
        self.stream.set_nonblocking(wait.is_zero()).unwrap();
        if !wait.is_zero() {
            self.stream.set_read_timeout(Some(wait)).unwrap();
        }
        match self.stream.read(&mut octets) {
            Ok(0) => self.closed = true,
            Ok(len) => self.heard.extend_from_slice(&octets[..len]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => (),
                // The other side closed though it had not read everything.
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => self.closed = true,
                _ => panic!("{error}"),
            },
        }
    }

    /// Hears more until `done`; whether it came to that before the deadline and the end of the connection.
    fn hear_until(&mut self, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if done(self) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.closed || left.is_zero() {
                return false;
            }
            self.hear(left);
        }
    }

    /// Takes the PONG out of what was heard, if it is there.
    fn take_pong(&mut self, pong: &[u8]) -> bool {
        while let Some(len) = self.heard.get(self.looked..).and_then(frame_len) {
            let Some(frame) = self.heard.get(self.looked..self.looked + len) else { return false };
            if frame == pong {
                self.heard.drain(self.looked..self.looked + len);
                return true;
            }
            self.looked += len;
        }
        false
    }
}

impl Wire for TcpWire {
    fn send(&mut self, octets: &[u8]) {
        self.stream.set_nonblocking(false).unwrap();
        match self.stream.write_all(octets) {
            // A socket that refuses what it hears does not hear all of it.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => (),
            sent => sent.unwrap(),
        }
    }

    fn receive(&mut self, len: usize) -> Vec<u8> {
        let end = self.received + len;
        let came = self.hear_until(|wire| wire.heard.len() >= end);
        let rest = &self.heard[self.received..];
        assert!(came, "{len} octets were to come, and {:?} came; closed: {}", Shown(rest), self.closed);
        self.received = end;
        rest[..len].to_vec()
    }

    fn until_closed(&mut self) -> Vec<u8> {
        let closed = self.hear_until(|wire| wire.closed);
        let rest = self.heard.split_off(self.received);
        assert!(closed, "the connection was not closed; {:?} came", Shown(&rest));
        rest
    }

    /// Whatever was sent before a PING was read when its PONG comes.
    fn settle(&mut self) {
        self.pings += 1;
        let context = self.pings.to_be_bytes();
        self.send(&ping(0, &context));
        let pong = pong(&context);
        let came = self.hear_until(|wire| wire.take_pong(&pong));
        let rest = &self.heard[self.received..];
        assert!(came, "no PONG came, but {:?}; closed: {}", Shown(rest), self.closed);
    }

    fn unread(&mut self) -> usize {
        self.hear(Duration::ZERO);
        self.heard.len() - self.received
    }

    fn close(self) {}

    fn leave(mut self) {
        // An error says that the connection is gone already.
        let _ = self.stream.shutdown(Shutdown::Write);
        self.until_closed();
    }
}

/// How long the frame is that begins here.
fn frame_len(octets: &[u8]) -> Option<usize> {
    match octets.first()? & 2 {
        0 => Some(2 + usize::from(*octets.get(1)?)),
        _ => Some(9 + u64::from_be_bytes(*octets.get(1..)?.first_chunk()?) as usize),
    }
}
