//! What does the other end of a serial line say? A peer of ZMTP 3.1 that waits for what it asked for.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The other end of a line.
pub(super) struct Peer<'a> {
    line: &'a mut TcpStream,
    arrived: Vec<u8>,
}

/// A frame's flags and body.
type Frame = (u8, Vec<u8>);

impl<'a> Peer<'a> {
    pub(super) fn new(line: &'a mut TcpStream) -> Self {
        Self { line, arrived: Vec::new() }
    }

    /// Rouses the firmware with an octet until it greets, and shakes hands as a socket of the type. The greeting's first
    /// octet may be the one that rouses.
    pub(super) fn meet(&mut self, rouse: Option<u8>, socket_type: &str) -> Result<(), String> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.send(&[rouse.unwrap_or(GREETING[0])])?;
            match self.take(GREETING.len()) {
                Ok(greeting) if greeting.starts_with(&[0xff, 0, 0]) => break,
                Ok(greeting) => return Err(format!("a greeting that begins {:02x?}", &greeting[..12])),
                Err(_) if tries < 3 => (),
                Err(error) => return Err(error),
            }
        }
        self.send(if rouse.is_some() { &GREETING } else { &GREETING[1..] })?;
        let mut ready = b"\x05READY\x0bSocket-Type".to_vec();
        ready.extend((socket_type.len() as u32).to_be_bytes());
        ready.extend(socket_type.bytes());
        self.send_frame(COMMAND, &ready)?;
        match self.frame()? {
            (COMMAND, body) if body.starts_with(b"\x05READY") => Ok(()),
            other => Err(format!("no READY but {other:02x?}")),
        }
    }

    /// Sends a message.
    pub(super) fn message(&mut self, parts: &[&[u8]]) -> Result<(), String> {
        parts.iter().zip(1..).try_for_each(|(part, number)| self.send_frame(u8::from(number < parts.len()), part))
    }

    /// Sends a command.
    pub(super) fn command(&mut self, body: &[u8]) -> Result<(), String> {
        self.send_frame(COMMAND, body)
    }

    /// The next message. Heartbeats before it are answered.
    pub(super) fn receive(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let mut parts = Vec::new();
        loop {
            match self.frame()? {
                (COMMAND, command) => self.answer(&command)?,
                (flags, part) => {
                    parts.push(part);
                    if flags & MORE == 0 {
                        return Ok(parts);
                    }
                }
            }
        }
    }

    /// Asks whether the firmware is there, and waits for its word.
    pub(super) fn ping(&mut self) -> Result<(), String> {
        self.send_frame(COMMAND, b"\x04PING\x00\x64are you there?")?;
        self.wait_for(b"\x04PONGare you there?")
    }

    /// Waits for a heartbeat of the firmware's, and answers it.
    pub(super) fn await_ping(&mut self) -> Result<(), String> {
        self.wait_for(b"\x04PING")
    }

    /// Waits for a command that begins so. Messages before it are looked over.
    pub(super) fn wait_for(&mut self, start: &[u8]) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let (flags, body) = self.frame()?;
            if flags == COMMAND {
                self.answer(&body)?;
                if body.starts_with(start) {
                    return Ok(());
                }
            }
        }
        Err(format!("no command {:?}", String::from_utf8_lossy(start)))
    }

    /// Breaks the rules, so that the firmware gives the link up, and waits until it is silent.
    pub(super) fn misbehave(&mut self, octets: &[u8]) -> Result<(), String> {
        self.send(octets)?;
        let _ = self.line.set_read_timeout(Some(SILENCE));
        let deadline = Instant::now() + PATIENCE;
        let mut room = [0; 256];
        while self.line.read(&mut room).is_ok_and(|len| len > 0) {
            if Instant::now() > deadline {
                return Err("the firmware goes on as if nothing had happened".to_owned());
            }
        }
        self.arrived.clear();
        Ok(())
    }

    /// Sends octets and waits until as many have come back, between others.
    pub(super) fn echo(&mut self, octets: &[u8]) -> Result<(), String> {
        self.send(octets)?;
        let mut back = 0;
        while back < octets.len() {
            back += usize::from(octets.contains(&self.take(1)?[0]));
        }
        Ok(())
    }

    fn answer(&mut self, command: &[u8]) -> Result<(), String> {
        match command.strip_prefix(b"\x04PING") {
            Some([_, _, context @ ..]) => self.send_frame(COMMAND, &[b"\x04PONG", context].concat()),
            _ => Ok(()),
        }
    }

    fn send_frame(&mut self, flags: u8, body: &[u8]) -> Result<(), String> {
        self.send(&[&[flags, body.len() as u8], body].concat())
    }

    fn frame(&mut self) -> Result<Frame, String> {
        let header = self.take(2)?;
        if header[0] & !(MORE | COMMAND) != 0 {
            return Err(format!("a frame with flags {:02x}", header[0]));
        }
        Ok((header[0], self.take(usize::from(header[1]))?))
    }

    fn send(&mut self, octets: &[u8]) -> Result<(), String> {
        self.line.write_all(octets).map_err(|error| error.to_string())
    }

    /// The next octets from the line, as many as asked for.
    fn take(&mut self, len: usize) -> Result<Vec<u8>, String> {
        let deadline = Instant::now() + PATIENCE;
        let _ = self.line.set_read_timeout(Some(PATIENCE));
        let mut room = [0; 256];
        while self.arrived.len() < len {
            match self.line.read(&mut room) {
                Ok(0) => return Err("the line is gone".to_owned()),
                Ok(read) => self.arrived.extend(&room[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(_) => return Err(format!("nothing came in {PATIENCE:?}")),
            }
            if Instant::now() > deadline {
                return Err(format!("too little came in {PATIENCE:?}"));
            }
        }
        Ok(self.arrived.drain(..len).collect())
    }
}

/// RFC 37 "Greeting": version 3.1, mechanism NULL.
const GREETING: [u8; 64] = {
    let mut octets = [0; 64];
    octets[0] = 0xff;
    octets[9] = 0x7f;
    octets[10] = 3;
    octets[11] = 1;
    octets[12] = b'N';
    octets[13] = b'U';
    octets[14] = b'L';
    octets[15] = b'L';
    octets
};

const MORE: u8 = 0b001;
const COMMAND: u8 = 0b100;

/// How long something may take that is asked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a firmware is silent that has given the link up.
const SILENCE: Duration = Duration::from_millis(100);
