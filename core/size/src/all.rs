//! What does a firmware do that has every socket type? Its one line goes to one socket at a time: the first octet of
//! whoever comes says which, and its highest bit whether the socket connects or accepts.

use zeptomq_core::mechanism::Null;
use zeptomq_core::message::Parts;
use zeptomq_core::pattern::req::Mode;
use zeptomq_core::pattern::{
    Dealer, Pair, Pattern, Pub, Pull, Push, Receives, Rep, Req, Router, Sends, Sub, TakeError, Xpub, Xsub,
};
use zeptomq_core::socket::{Links, Received};
use zeptomq_core::storage::Fixed;
use zeptomq_core::time::Instant;

use crate::board::{UART0, Uart, now, sensor, show};
use crate::line::{Line, Socket, first, place, sizes};

sizes! {
    Pair => Pair,
    Pub<Fixed<1>> => Pub<Fixed<2>>,
    Sub<Fixed<1>> => Sub<Fixed<2>>,
    Req<Fixed<1>> => Req<Fixed<2>>,
    Rep<Fixed<1>> => Rep<Fixed<2>>,
    Dealer<Fixed<1>> => Dealer<Fixed<2>>,
    Router<Fixed<1>> => Router<Fixed<2>>,
    Pull => Pull,
    Push<Fixed<1>> => Push<Fixed<2>>,
    Xpub<Fixed<1>> => Xpub<Fixed<2>>,
    Xsub<Fixed<1>> => Xsub<Fixed<2>>,
}

/// Runs for ever.
pub fn run() -> ! {
    let mut line = Line::new(Uart::new(UART0));
    let pair = place!(Pair, Pair::NEW);
    let publisher = place!(Pub<Fixed<1>>, Pub::NEW);
    let sub = place!(Sub<Fixed<1>>, Sub::NEW);
    let req = place!(Req<Fixed<1>>, Req::new(Mode::Relaxed, 1));
    let rep = place!(Rep<Fixed<1>>, Rep::NEW);
    let dealer = place!(Dealer<Fixed<1>>, Dealer::NEW);
    let router = place!(Router<Fixed<1>>, Router::NEW);
    let pull = place!(Pull, Pull);
    let push = place!(Push<Fixed<1>>, Push::NEW);
    let xpub = place!(Xpub<Fixed<1>>, Xpub::NEW);
    let xsub = place!(Xsub<Fixed<1>>, Xsub::NEW);
    let _ = sub.subscribe(b"sample");
    let _ = xsub.try_send(&[b"\x01sample"], now());
    loop {
        let chosen = line.octet();
        let connects = chosen & 0x80 != 0;
        show(chosen);
        match chosen & 0x7f {
            0 => serve(&mut line, connects, &mut Node { socket: pair, act: both }),
            1 => serve(&mut line, connects, &mut Node { socket: publisher, act: send }),
            2 => {
                let _ = sub.subscribe(b"other");
                serve(&mut line, connects, &mut Node { socket: sub, act: receive });
                sub.unsubscribe(b"other");
            }
            3 => serve(&mut line, connects, &mut Node { socket: req, act: both }),
            4 => serve(&mut line, connects, &mut Node { socket: rep, act: reply }),
            5 => serve(&mut line, connects, &mut Node { socket: dealer, act: both }),
            6 => serve(&mut line, connects, &mut Node { socket: router, act: answer }),
            7 => serve(&mut line, connects, &mut Node { socket: pull, act: receive }),
            8 => serve(&mut line, connects, &mut Node { socket: push, act: send }),
            9 => serve(&mut line, connects, &mut Node { socket: xpub, act: both }),
            10 => {
                let _ = xsub.try_send(&[b"\x01other"], now());
                serve(&mut line, connects, &mut Node { socket: xsub, act: receive });
                let _ = xsub.try_send(&[b"\x00other"], now());
            }
            _ => (),
        }
    }
}

/// A socket and what is done with it every so often.
struct Node<'a, P: Pattern> {
    socket: &'a mut Socket<P>,
    act: fn(&mut Socket<P>, Instant),
}

/// One of any type, so that the line is served by one loop.
trait Serve {
    fn links(&mut self) -> Links<'_, Null>;
    fn act(&mut self, now: Instant);
}

impl<P: Pattern> Serve for Node<'_, P> {
    fn links(&mut self) -> Links<'_, Null> {
        self.socket.links()
    }

    fn act(&mut self, now: Instant) {
        (self.act)(self.socket, now);
    }
}

/// Serves the line with the socket until its peer is gone.
fn serve(line: &mut Line, connects: bool, node: &mut dyn Serve) {
    line.open(connects, &mut node.links(), now());
    let mut due = now();
    while line.poll(&mut node.links(), now()) {
        if due.has_come(now()) {
            due = now().after_ms(2);
            node.act(now());
        }
        line.wait(first(due, node.links().poll_timeout()));
    }
    // What arrived whole is there still, and keeps the peer's place.
    for _ in 0..4 {
        node.act(now());
    }
    line.disconnect(&mut node.links());
}

/// Sends a sample.
fn send<P: Sends>(socket: &mut Socket<P>, now: Instant) {
    let _ = socket.try_send(&[b"sample", &sensor().to_le_bytes()], now);
}

/// Shows what there is.
fn receive<P: Receives>(socket: &mut Socket<P>, now: Instant) {
    show_all(socket, now);
}

fn both<P: Sends + Receives>(socket: &mut Socket<P>, now: Instant) {
    show_all(socket, now);
    send(socket, now);
}

fn reply(socket: &mut Socket<Rep<Fixed<1>>>, now: Instant) {
    both(socket, now);
    socket.abandon(now);
}

/// One of any type that receives, so that there is one loop that does.
trait Receive {
    fn receive(&mut self, now: Instant) -> Result<Option<Received<'_>>, TakeError>;
}

impl<P: Receives> Receive for Socket<P> {
    fn receive(&mut self, now: Instant) -> Result<Option<Received<'_>>, TakeError> {
        self.try_recv(now)
    }
}

fn show_all(socket: &mut dyn Receive, now: Instant) {
    while let Ok(Some(message)) = socket.receive(now) {
        show(message.first().first().copied().unwrap_or_default());
    }
}

/// Sends back to whoever a message came from, whose name is its first part.
fn answer<P: Sends + Receives>(socket: &mut Socket<P>, now: Instant) {
    let mut name = [0; 16];
    let mut len = 0;
    while let Ok(Some(message)) = socket.try_recv(now) {
        let mut parts = message.parts();
        len = 0;
        for (to, from) in name.iter_mut().zip(parts.next().unwrap_or_default()) {
            *to = *from;
            len += 1;
        }
        show(parts.next().and_then(|part| part.first()).copied().unwrap_or_default());
    }
    if let Some(name) = name.get(..len).filter(|name| !name.is_empty()) {
        let _ = socket.try_send(&[name, &sensor().to_le_bytes()], now);
    }
}
