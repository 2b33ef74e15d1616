//! How fast is the wire under any library: ZMTP frames over a bare tokio stream.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::tasks::{block_on, first_fault, until_flood};
use super::{Peer, common};
use crate::body::Checks;
use crate::case::{CONNECTIONS, IN_FLIGHT, Kind, Role, SUBSCRIBERS};
use crate::child::Child;
use crate::machine::now_ns;
use frames::{COPY_LEN, Frames, HEADER_LEN_MAX, Writes, header};

mod frames;

pub(super) const PEER: Peer = Peer {
    name: "raw-tokio",
    about: || {
        Ok(format!(
            "tokio 1, current_thread, no library: ZMTP frames, {} KiB writes, {} KiB reads ({} KiB each with 1,000 \
             connections), copies in pieces of {COPY_LEN} B",
            WRITE_LEN / 1024,
            READ_LEN / 1024,
            SMALL_LEN / 1024
        ))
    },
    is_in_short: true,
    takes: |case| common(case) && case.kind != Kind::PubDrop,
    play: |role, child| block_on(play(role, child)),
};

async fn play(role: Role, child: &Child) -> Result<Infallible, String> {
    match role {
        Role::Push => push(child).await,
        Role::Pushes => pushes(child).await,
        Role::Pull => pull(child).await,
        Role::Req => req(child).await,
        Role::Rep => rep(child).await,
        Role::Dealer => dealer(child).await,
        Role::Router => router(child).await,
        Role::Pub => publish(child).await,
        Role::Subs => subs(child).await,
    }
}

async fn push(child: &Child) -> Result<Infallible, String> {
    let mut stream = connect(child).await?;
    let mut stamps = child.stamps();
    let mut writes = Writes::of(WRITE_LEN);
    loop {
        writes.frame(stamps.next_body(), &mut stream).await?;
    }
}

async fn pull(child: &Child) -> Result<Infallible, String> {
    let connections = child.case().parties();
    let read_len = if connections > 1 { SMALL_LEN } else { READ_LEN };
    let listener = listen(child)?;
    let checks = Arc::new(Mutex::new(child.checks()));
    // Each is read from while others are still to come.
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(read_for_ever(accept(&listener).await?, read_len, Arc::clone(&checks)));
    }
    first_fault(tasks).await
}

async fn pushes(child: &Child) -> Result<Infallible, String> {
    child.begin_to_connect()?;
    let mut streams = Vec::with_capacity(CONNECTIONS);
    let mut hello = Writes::of(SMALL_LEN);
    for sender in 0..CONNECTIONS {
        let (mut stream, mut stamps) = (connect(child).await?, child.stamps_of(sender));
        hello.frame(stamps.next_body(), &mut stream).await?;
        hello.flush(&mut stream).await?;
        streams.push((stream, stamps));
    }
    until_flood(child).await;
    let floods = streams.into_iter().map(|(mut stream, mut stamps)| async move {
        let mut writes = Writes::of(SMALL_LEN);
        loop {
            writes.frame(stamps.next_body(), &mut stream).await?;
        }
    });
    first_fault(floods.collect()).await
}

async fn req(child: &Child) -> Result<Infallible, String> {
    let mut stream = connect(child).await?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let mut trips = child.round_trips();
    let mut writes = Writes::of(WRITE_LEN);
    let mut block = vec![0; HEADER_LEN_MAX + child.case().body_len()];
    loop {
        let start_ns = now_ns();
        writes.frame(stamps.next_body(), &mut stream).await?;
        writes.flush(&mut stream).await?;
        checks.take(read_frame(&mut stream, &mut block).await?)?;
        trips.record(start_ns, now_ns());
    }
}

async fn rep(child: &Child) -> Result<Infallible, String> {
    let mut stream = accept(&listen(child)?).await?;
    let mut checks = child.checks();
    let mut writes = Writes::of(WRITE_LEN);
    let mut block = vec![0; HEADER_LEN_MAX + child.case().body_len()];
    loop {
        let body = read_frame(&mut stream, &mut block).await?;
        checks.take(body)?;
        writes.frame(body, &mut stream).await?;
        writes.flush(&mut stream).await?;
    }
}

/// Answers all that one read brought with one write.
async fn dealer(child: &Child) -> Result<Infallible, String> {
    let mut stream = connect(child).await?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let mut writes = Writes::of(WRITE_LEN);
    let (mut block, mut filled) = (vec![0; READ_LEN], 0);
    for _ in 0..IN_FLIGHT {
        writes.frame(stamps.next_body(), &mut stream).await?;
    }
    loop {
        writes.flush(&mut stream).await?;
        filled += read(&mut stream, &mut block[filled..]).await?;
        let mut at = 0;
        while let Some((body, len)) = whole_frame(&block[at..filled])? {
            checks.take(body)?;
            writes.frame(stamps.next_body(), &mut stream).await?;
            at += len;
        }
        block.copy_within(at..filled, 0);
        filled -= at;
    }
}

async fn router(child: &Child) -> Result<Infallible, String> {
    let mut stream = accept(&listen(child)?).await?;
    let mut checks = child.checks();
    let mut writes = Writes::of(WRITE_LEN);
    let (mut block, mut filled) = (vec![0; READ_LEN], 0);
    loop {
        filled += read(&mut stream, &mut block[filled..]).await?;
        let mut at = 0;
        while let Some((body, len)) = whole_frame(&block[at..filled])? {
            checks.take(body)?;
            writes.frame(body, &mut stream).await?;
            at += len;
        }
        writes.flush(&mut stream).await?;
        block.copy_within(at..filled, 0);
        filled -= at;
    }
}

/// Frames are made once and written to each, who is waited for.
async fn publish(child: &Child) -> Result<Infallible, String> {
    let listener = listen(child)?;
    let mut streams = Vec::with_capacity(SUBSCRIBERS);
    for _ in 0..SUBSCRIBERS {
        streams.push(accept(&listener).await?);
    }
    let mut stamps = child.stamps();
    let mut writes = Writes::of(WRITE_LEN.max(HEADER_LEN_MAX + child.case().body_len()));
    loop {
        while writes.has_room_for(child.case().body_len()) {
            writes.frame(stamps.next_body(), &mut streams[0]).await?;
        }
        let block = writes.drain();
        for stream in &mut streams {
            stream.write_all(block).await.map_err(|error| format!("write: {error}"))?;
        }
    }
}

async fn subs(child: &Child) -> Result<Infallible, String> {
    let mut tasks = JoinSet::new();
    for at in 0..SUBSCRIBERS {
        let checks = Arc::new(Mutex::new(child.checks_at(at)));
        tasks.spawn(read_for_ever(connect(child).await?, READ_LEN, checks));
    }
    first_fault(tasks).await
}

/// Each read is checked in one go, so that the lock is taken but once for many messages.
async fn read_for_ever(
    mut stream: TcpStream,
    read_len: usize,
    checks: Arc<Mutex<Checks>>,
) -> Result<Infallible, String> {
    let mut frames = Frames::default();
    let (mut block, mut filled) = (vec![0; read_len], 0);
    loop {
        filled += read(&mut stream, &mut block[filled..]).await?;
        let used = frames.take(&block[..filled], &mut checks.lock().unwrap_or_else(PoisonError::into_inner))?;
        block.copy_within(used..filled, 0);
        filled -= used;
    }
}

/// Reads exactly one frame, and no octet of the next, which is not asked for yet.
async fn read_frame<'a>(stream: &mut TcpStream, block: &'a mut [u8]) -> Result<&'a [u8], String> {
    let mut filled = 0;
    loop {
        filled += read(stream, &mut block[filled..]).await?;
        if let Some((_, len)) = whole_frame(&block[..filled])? {
            let (header_len, _) = header(&block[..len])?.unwrap_or_default();
            return Ok(&block[header_len..len]);
        }
    }
}

/// The body of the first frame and the length of the whole, when all of it is there.
fn whole_frame(input: &[u8]) -> Result<Option<(&[u8], usize)>, String> {
    let Some((header_len, body_len)) = header(input)? else { return Ok(None) };
    let len = header_len + body_len;
    Ok(input.get(header_len..len).map(|body| (body, len)))
}

async fn read(stream: &mut TcpStream, block: &mut [u8]) -> Result<usize, String> {
    match stream.read(block).await {
        Ok(0) => Err(String::from("the connection was closed")),
        Ok(len) => Ok(len),
        Err(error) => Err(format!("read: {error}")),
    }
}

async fn connect(child: &Child) -> Result<TcpStream, String> {
    let endpoint = child.endpoint()?;
    let stream = TcpStream::connect(endpoint).await.map_err(|error| format!("connect to {endpoint}: {error}"))?;
    without_delay(stream)
}

fn listen(child: &Child) -> Result<TcpListener, String> {
    let listener = TcpSocket::new_v4().and_then(|socket| {
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        // Whom there is no room for comes again after a second.
        socket.listen(CONNECTIONS as u32)
    });
    let listener = listener.map_err(|error| format!("bind: {error}"))?;
    child.announce(listener.local_addr().map_err(|error| format!("bind: {error}"))?);
    Ok(listener)
}

async fn accept(listener: &TcpListener) -> Result<TcpStream, String> {
    let (stream, _) = listener.accept().await.map_err(|error| format!("accept: {error}"))?;
    without_delay(stream)
}

fn without_delay(stream: TcpStream) -> Result<TcpStream, String> {
    stream.set_nodelay(true).map_err(|error| format!("set TCP_NODELAY: {error}"))?;
    Ok(stream)
}

const WRITE_LEN: usize = 64 * 1024;
const READ_LEN: usize = 256 * 1024;
/// With 1,000 connections.
const SMALL_LEN: usize = 16 * 1024;
