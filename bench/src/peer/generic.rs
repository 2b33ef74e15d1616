//! The roles of every asynchronous library but ours, written once: each message awaited, in the same shape for all.

use std::convert::Infallible;
use std::future::Future;

use super::tasks::{first_fault, until_flood};
use crate::body::{Checks, Stamps};
use crate::case::{CONNECTIONS, IN_FLIGHT, Role, SUBSCRIBERS};
use crate::child::Child;
use crate::machine::now_ns;

/// A type of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Push,
    Pull,
    Req,
    Rep,
    Dealer,
    Router,
    Pub,
    Sub,
}

/// A socket of a library, as far as it is measured.
pub(super) trait Wire: Send + Sized + 'static {
    /// What is received.
    type Message: Send;

    /// After how many messages a flood over several sockets lets others run, where `send` never does.
    const YIELDS_AFTER: Option<u64> = None;

    /// A PUB loses nothing, if it can.
    fn open(kind: Type, lossless: bool) -> impl Future<Output = Result<Self, String>> + Send;

    /// Returns the endpoint with the port that was found.
    fn bind(&mut self, endpoint: &str) -> impl Future<Output = Result<String, String>> + Send;

    fn connect(&mut self, endpoint: &str) -> impl Future<Output = Result<(), String>> + Send;

    fn subscribe_to_all(&mut self) -> impl Future<Output = Result<(), String>> + Send;

    /// Sends a fresh message made from the body.
    fn send(&mut self, body: &[u8]) -> impl Future<Output = Result<(), String>> + Send;

    fn recv(&mut self) -> impl Future<Output = Result<Self::Message, String>> + Send;

    /// The last part.
    fn body(message: &Self::Message) -> &[u8];

    /// Sends what a ROUTER received back to whom it came from, with a fresh copy of the body.
    fn answer(&mut self, request: Self::Message) -> impl Future<Output = Result<(), String>> + Send;
}

pub(super) async fn play<W: Wire>(role: Role, child: &Child) -> Result<Infallible, String> {
    match role {
        Role::Push => flood(connected::<W>(Type::Push, child).await?, child.stamps(), None).await,
        Role::Pushes => pushes::<W>(child).await,
        Role::Pull => take_for_ever(bound::<W>(Type::Pull, child).await?, child.checks()).await,
        Role::Req => req::<W>(child).await,
        Role::Rep => rep::<W>(child).await,
        Role::Dealer => dealer::<W>(child).await,
        Role::Router => router::<W>(child).await,
        Role::Pub => flood(bound::<W>(Type::Pub, child).await?, child.stamps(), W::YIELDS_AFTER).await,
        Role::Subs => subs::<W>(child).await,
    }
}

async fn connected<W: Wire>(kind: Type, child: &Child) -> Result<W, String> {
    let mut socket = W::open(kind, false).await?;
    socket.connect(child.endpoint()?).await?;
    Ok(socket)
}

async fn bound<W: Wire>(kind: Type, child: &Child) -> Result<W, String> {
    let mut socket = W::open(kind, !child.case().may_lose()).await?;
    child.announce(socket.bind(&child.bind_to()).await?);
    Ok(socket)
}

async fn flood<W: Wire>(mut socket: W, mut stamps: Stamps, yields_after: Option<u64>) -> Result<Infallible, String> {
    for sent in 1_u64.. {
        socket.send(stamps.next_body()).await?;
        if yields_after.is_some_and(|after| sent.is_multiple_of(after)) {
            tokio::task::yield_now().await;
        }
    }
    Err(String::from("all numbers are used up"))
}

async fn take_for_ever<W: Wire>(mut socket: W, mut checks: Checks) -> Result<Infallible, String> {
    loop {
        checks.take(W::body(&socket.recv().await?))?;
    }
}

async fn pushes<W: Wire>(child: &Child) -> Result<Infallible, String> {
    child.begin_to_connect()?;
    let mut pushes = Vec::with_capacity(CONNECTIONS);
    for sender in 0..CONNECTIONS {
        let (mut push, mut stamps) = (connected::<W>(Type::Push, child).await?, child.stamps_of(sender));
        push.send(stamps.next_body()).await?;
        pushes.push((push, stamps));
    }
    until_flood(child).await;
    let floods = pushes.into_iter().map(|(push, stamps)| flood(push, stamps, W::YIELDS_AFTER));
    first_fault(floods.collect()).await
}

async fn req<W: Wire>(child: &Child) -> Result<Infallible, String> {
    let mut socket = connected::<W>(Type::Req, child).await?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let mut trips = child.round_trips();
    loop {
        let start_ns = now_ns();
        socket.send(stamps.next_body()).await?;
        checks.take(W::body(&socket.recv().await?))?;
        trips.record(start_ns, now_ns());
    }
}

async fn rep<W: Wire>(child: &Child) -> Result<Infallible, String> {
    let mut socket = bound::<W>(Type::Rep, child).await?;
    let mut checks = child.checks();
    loop {
        let request = socket.recv().await?;
        checks.take(W::body(&request))?;
        socket.send(W::body(&request)).await?;
    }
}

async fn dealer<W: Wire>(child: &Child) -> Result<Infallible, String> {
    let mut socket = connected::<W>(Type::Dealer, child).await?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    for _ in 0..IN_FLIGHT {
        socket.send(stamps.next_body()).await?;
    }
    loop {
        checks.take(W::body(&socket.recv().await?))?;
        socket.send(stamps.next_body()).await?;
    }
}

async fn router<W: Wire>(child: &Child) -> Result<Infallible, String> {
    let mut socket = bound::<W>(Type::Router, child).await?;
    let mut checks = child.checks();
    loop {
        let request = socket.recv().await?;
        checks.take(W::body(&request))?;
        socket.answer(request).await?;
    }
}

async fn subs<W: Wire>(child: &Child) -> Result<Infallible, String> {
    let mut subs = Vec::with_capacity(SUBSCRIBERS);
    for at in 0..SUBSCRIBERS {
        let mut sub = W::open(Type::Sub, false).await?;
        sub.subscribe_to_all().await?;
        sub.connect(child.endpoint()?).await?;
        subs.push(take_for_ever(sub, child.checks_at(at)));
    }
    first_fault(subs.into_iter().collect()).await
}
