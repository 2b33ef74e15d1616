//! How does an attacker speak, who cares for no answer? Octets by the million, from a thread of its own.

use crate::good::drain;
use crate::types::is_exclusive;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use zeptomq_tests::executor::{Kind, Socket};
use zeptomq_tests::tokio::{DEADLINE, TokioSubject};
use zeptomq_tests::wire::{opening, ping, pong};

/// A connection that has shaken hands with the socket, as a partner of its.
pub(crate) fn shaken(socket: &TokioSubject) -> TcpStream {
    shake(socket.address(), socket.kind())
}

/// A connection that has shaken hands with a socket of the type.
pub(crate) fn shake(address: &str, kind: Kind) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(&opening(kind.partner(), b"")).unwrap();
    let mut heard = vec![0; opening(kind.name(), b"").len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, opening(kind.name(), b""));
    stream
}

/// A thread that says the same again and again, and listens to nothing.
pub(crate) struct Flood {
    stream: TcpStream,
    said: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Flood {
    /// Says `octets` so many times, as far as they are taken.
    pub(crate) fn begin(stream: TcpStream, octets: Vec<u8>, times: usize) -> Self {
        let said = Arc::new(AtomicUsize::new(0));
        let (mut outward, count) = (stream.try_clone().unwrap(), said.clone());
        let thread = std::thread::spawn(move || {
            while count.load(Relaxed) < times && outward.write_all(&octets).is_ok() {
                count.fetch_add(1, Relaxed);
            }
        });
        Self { stream, said, thread }
    }

    /// Waits until all was said, or nothing more is taken.
    pub(crate) fn wait(&self) {
        let (mut said, mut end) = (0, Instant::now() + PATIENCE);
        while !self.thread.is_finished() && Instant::now() < end {
            // A system that takes no more octets tells nobody.
            std::thread::sleep(Duration::from_millis(5));
            let now = self.said.load(Relaxed);
            if now > said {
                (said, end) = (now, Instant::now() + PATIENCE);
            }
        }
    }

    /// Waits until all was said, for the socket takes all; the connection goes on.
    pub(crate) fn finish(self) -> TcpStream {
        self.thread.join().unwrap();
        self.stream
    }

    /// The attacker goes, without having heard a word.
    pub(crate) fn end(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        self.thread.join().unwrap();
    }
}

/// Waits until the socket closes the connection; what it says before is not kept.
#[track_caller]
pub(crate) fn expect_closed(mut stream: TcpStream) {
    let (mut octets, end) = ([0; 16 * 1024], Instant::now() + DEADLINE);
    loop {
        assert!(Instant::now() < end, "the connection was not closed");
        match stream.read(&mut octets) {
            Ok(0) => return,
            Ok(_) => (),
            Err(error) if is_gone(&error) => return,
            Err(error) => panic!("the connection was not closed: {error}"),
        }
    }
}

/// Closes the connection and waits until the socket has done so too.
#[track_caller]
pub(crate) fn leave(stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    expect_closed(stream);
}

/// Waits until a socket for one peer alone has seen that its former one is gone: it cannot before its queue is read.
#[track_caller]
pub(crate) fn wait_for_room(socket: &mut TokioSubject) {
    let end = Instant::now() + DEADLINE;
    while is_exclusive(socket.kind()) {
        drain(socket);
        let mut next = shaken(socket);
        next.write_all(&ping(0, b"")).unwrap();
        if next.read(&mut [0; 64]).is_ok_and(|len| len > 0) {
            return leave(next);
        }
        assert!(Instant::now() < end, "the former peer is still there");
    }
}

/// Whether the other side is gone.
pub(crate) fn is_gone(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
}

/// Waits until the socket has read all that was said before. What it said meanwhile is not kept, nor what it has queued: a
/// PONG leaves before that.
#[track_caller]
pub(crate) fn hear_last(stream: &mut TcpStream) {
    stream.write_all(&ping(0, b"the last of all")).unwrap();
    let (last, mut heard, mut octets) = (pong(b"the last of all"), Vec::new(), [0; 16 * 1024]);
    while !heard.windows(last.len()).any(|octets| octets == last) {
        let len = stream.read(&mut octets).unwrap();
        assert!(len > 0, "the connection was closed");
        heard.drain(..heard.len().saturating_sub(last.len()));
        heard.extend_from_slice(&octets[..len]);
    }
}

/// How long an attacker goes on that is not heard.
const PATIENCE: Duration = Duration::from_millis(500);
