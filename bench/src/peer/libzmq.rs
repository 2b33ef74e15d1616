//! How fast is libzmq, through its own C interface with blocking calls.

use std::convert::Infallible;
use std::time::Duration;
use std::{fs, thread};

use super::{Peer, common, unplayed};
use crate::case::{CONNECTIONS, Case, IN_FLIGHT, Kind, Role, SUBSCRIBERS};
use crate::child::Child;
use crate::machine::now_ns;
use interface::{
    Context, DEALER, PUB, PULL, PUSH, REP, REQ, ROUTER, SNDMORE, SUB, Socket, Sockets, XPUB_NODROP, version,
};

mod interface;

pub(super) const PEER: Peer = Peer {
    name: "libzmq",
    about,
    is_in_short: true,
    takes: |case| common(case) || case.over_ipc(),
    play: |role, child| play(role, child, 1),
};

/// The form in which one thread can feed many sockets.
pub(super) const BURST: Peer = Peer {
    name: "libzmq-burst64",
    about: || Ok(format!("the same, {BURST_LEN} messages to each of many sockets in turn, where libzmq sends one")),
    is_in_short: true,
    takes: |case: Case| case.kind == Kind::Conns,
    play: |role, child| play(role, child, BURST_LEN),
};

fn play(role: Role, child: &Child, burst: usize) -> Result<Infallible, String> {
    match role {
        Role::Push => push(child),
        Role::Pushes => pushes(child, burst),
        Role::Pull => pull(child),
        Role::Req => req(child),
        Role::Rep => rep(child),
        Role::Dealer => dealer(child),
        Role::Router => router(child),
        Role::Pub if child.case().kind == Kind::Topics => unplayed(role),
        Role::Pub => publish(child),
        Role::Subs => subs(child),
    }
}

fn push(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(PUSH)?;
    socket.connect(child.endpoint()?)?;
    let mut stamps = child.stamps();
    loop {
        socket.send(stamps.next_body(), 0)?;
    }
}

fn pushes(child: &Child, burst: usize) -> Result<Infallible, String> {
    let context = Context::new()?;
    child.begin_to_connect()?;
    let mut senders = Vec::with_capacity(CONNECTIONS);
    for sender in 0..CONNECTIONS {
        let (mut socket, mut stamps) = (Socket::within(&context, PUSH)?, child.stamps_of(sender));
        socket.connect(child.endpoint()?)?;
        socket.send(stamps.next_body(), 0)?;
        senders.push((socket, stamps));
    }
    while !child.may_flood() {
        thread::sleep(Duration::from_millis(1));
    }
    loop {
        for (socket, stamps) in &mut senders {
            for _ in 0..burst {
                socket.send(stamps.next_body(), 0)?;
            }
        }
    }
}

fn pull(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(PULL)?;
    child.announce(socket.bind(&child.bind_to())?);
    let mut checks = child.checks();
    loop {
        checks.take(socket.recv()?)?;
    }
}

fn req(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(REQ)?;
    socket.connect(child.endpoint()?)?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let mut trips = child.round_trips();
    loop {
        let start_ns = now_ns();
        socket.send(stamps.next_body(), 0)?;
        checks.take(socket.recv()?)?;
        trips.record(start_ns, now_ns());
    }
}

fn rep(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(REP)?;
    child.announce(socket.bind(&child.bind_to())?);
    let mut checks = child.checks();
    loop {
        checks.take(socket.recv()?)?;
        socket.reply_with_last()?;
    }
}

fn dealer(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(DEALER)?;
    socket.connect(child.endpoint()?)?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    for _ in 0..IN_FLIGHT {
        socket.send(stamps.next_body(), 0)?;
    }
    loop {
        checks.take(socket.recv()?)?;
        socket.send(stamps.next_body(), 0)?;
    }
}

fn router(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(ROUTER)?;
    child.announce(socket.bind(&child.bind_to())?);
    let mut checks = child.checks();
    let mut peer = Vec::new();
    loop {
        peer.clear();
        peer.extend_from_slice(socket.recv()?);
        checks.take(socket.recv()?)?;
        socket.send(&peer, SNDMORE)?;
        socket.reply_with_last()?;
    }
}

fn publish(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(PUB)?;
    if !child.case().may_lose() {
        socket.set(XPUB_NODROP, 1)?;
    }
    child.announce(socket.bind(&child.bind_to())?);
    let mut stamps = child.stamps();
    loop {
        socket.send(stamps.next_body(), 0)?;
    }
}

/// One thread waits for all and takes from each what has arrived.
fn subs(child: &Child) -> Result<Infallible, String> {
    let context = Context::new()?;
    let mut sockets = Vec::with_capacity(SUBSCRIBERS);
    let mut checks = Vec::with_capacity(SUBSCRIBERS);
    for at in 0..SUBSCRIBERS {
        let mut socket = Socket::within(&context, SUB)?;
        socket.subscribe("")?;
        socket.connect(child.endpoint()?)?;
        sockets.push(socket);
        checks.push(child.checks_at(at));
    }
    let mut sockets = Sockets::of(sockets);
    loop {
        for (at, socket) in sockets.wait()? {
            for _ in 0..TAKEN_AT_ONCE {
                let Some(body) = socket.try_recv()? else { break };
                checks[at].take(body)?;
            }
        }
    }
}

fn about() -> Result<String, String> {
    let [major, minor, patch] = version();
    let _socket = Socket::open(PUSH)?;
    let signals = match open_eventfds()? {
        0 => "a socket pair",
        _ => "eventfd",
    };
    Ok(format!(
        "libzmq {major}.{minor}.{patch}, the system's shared library, which signals by {signals}; \
         blocking zmq_send and zmq_msg_recv, 1 I/O thread, HWM 1000; XPUB_NODROP where nothing may be lost"
    ))
}

/// Only libzmq opens them in the process that asks: how this build wakes its threads decides its latency.
fn open_eventfds() -> Result<usize, String> {
    let open = fs::read_dir("/proc/self/fd").map_err(|error| format!("/proc/self/fd: {error}"))?;
    let is_eventfd =
        |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().contains("[eventfd]"));
    Ok(open.flatten().filter(is_eventfd).count())
}

const BURST_LEN: usize = 64;
/// Messages from one subscriber before the next has its turn.
const TAKEN_AT_ONCE: usize = 1000;
