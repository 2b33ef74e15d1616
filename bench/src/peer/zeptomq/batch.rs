//! The roles of a program that hands over and takes many messages at once.

use std::convert::Infallible;
use std::iter::repeat_with;

use zeptomq::core::pattern::{Receives, Sends};
use zeptomq::{Dealer, Message, NotSent, Pull, Push, Router, Socket};

use super::{answer, open_publisher, open_pushes, open_subs, take};
use crate::body::{Checks, Stamps};
use crate::case::{IN_FLIGHT, Role};
use crate::child::Child;
use crate::peer::tasks::{fault, first_fault};
use crate::peer::unplayed;

/// Messages at a time, at the most.
pub(super) const MOST: usize = 256;
/// Octets at a time, or one message.
pub(super) const OCTETS: usize = 256 * 1024;

pub(super) async fn play(role: Role, child: &Child) -> Result<Infallible, String> {
    match role {
        Role::Push => push(child).await,
        Role::Pushes => pushes(child).await,
        Role::Pull => pull(child).await,
        Role::Dealer => dealer(child).await,
        Role::Router => router(child).await,
        Role::Pub => flood_in_turn(open_publisher(child).await?, child.stamps(), at_a_time(child)).await,
        Role::Subs => subs(child).await,
        Role::Req | Role::Rep => unplayed(role),
    }
}

fn at_a_time(child: &Child) -> usize {
    (OCTETS / child.case().body_len()).clamp(1, MOST)
}

async fn push(child: &Child) -> Result<Infallible, String> {
    let push = Push::new();
    push.connect(child.endpoint()?).map_err(fault("connect"))?;
    flood(push, child.stamps(), at_a_time(child)).await
}

async fn pushes(child: &Child) -> Result<Infallible, String> {
    let many = at_a_time(child);
    let pushes = open_pushes(child).await?.into_iter();
    first_fault(pushes.map(|(push, stamps)| flood_in_turn(push, stamps, many)).collect()).await
}

/// For a socket that has its thread for itself, and is full now and then.
async fn flood<P: Sends + Send>(socket: Socket<P>, mut stamps: Stamps, many: usize) -> Result<Infallible, String> {
    loop {
        send_all(&socket, repeat_with(|| Message::from(stamps.next_body())).take(many)).await?;
    }
}

/// For a socket that is one of many, and for a PUB, which has room at all times when nobody subscribes or when it drops.
async fn flood_in_turn<P: Sends + Send>(
    socket: Socket<P>,
    mut stamps: Stamps,
    many: usize,
) -> Result<Infallible, String> {
    loop {
        send_all(&socket, repeat_with(|| Message::from(stamps.next_body())).take(many)).await?;
        tokio::task::yield_now().await;
    }
}

/// Hands over what there is room for, and waits for room for the next.
async fn send_all<P: Sends + Send>(
    socket: &Socket<P>,
    mut messages: impl Iterator<Item = Message>,
) -> Result<(), String> {
    let mut unsent = Vec::new();
    loop {
        let mut before = unsent.into_iter();
        let Err(error) = socket.send_many(before.by_ref().chain(messages.by_ref())) else { return Ok(()) };
        if error.reason != NotSent::Full {
            return Err(format!("send_many: {error}"));
        }
        let mut refused = error.unsent.into_iter();
        if let Some(first) = refused.next() {
            socket.send(first).await.map_err(fault("send"))?;
        }
        unsent = refused.chain(before).collect();
    }
}

async fn pull(child: &Child) -> Result<Infallible, String> {
    let pull = Pull::new();
    child.announce(pull.bind(&child.bind_to()).await.map_err(fault("bind"))?);
    take_for_ever(pull, child.checks()).await
}

async fn subs(child: &Child) -> Result<Infallible, String> {
    let subs = open_subs(child)?.into_iter().enumerate();
    first_fault(subs.map(|(at, sub)| take_for_ever(sub, child.checks_at(at))).collect()).await
}

async fn take_for_ever<P: Receives + Send>(mut socket: Socket<P>, mut checks: Checks) -> Result<Infallible, String> {
    let mut messages = Vec::with_capacity(MOST);
    loop {
        socket.recv_many(&mut messages, MOST).await.map_err(fault("recv_many"))?;
        for message in messages.drain(..) {
            take(&mut checks, &message)?;
        }
    }
}

async fn dealer(child: &Child) -> Result<Infallible, String> {
    let mut dealer = Dealer::new();
    dealer.connect(child.endpoint()?).map_err(fault("connect"))?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let (mut answers, mut room) = (Vec::with_capacity(MOST), IN_FLIGHT);
    loop {
        send_all(&dealer, repeat_with(|| Message::from(stamps.next_body())).take(room)).await?;
        room = dealer.recv_many(&mut answers, MOST).await.map_err(fault("recv_many"))?;
        for message in answers.drain(..) {
            take(&mut checks, &message)?;
        }
    }
}

async fn router(child: &Child) -> Result<Infallible, String> {
    let mut router = Router::new();
    child.announce(router.bind(&child.bind_to()).await.map_err(fault("bind"))?);
    let mut checks = child.checks();
    let mut requests = Vec::with_capacity(MOST);
    loop {
        router.recv_many(&mut requests, MOST).await.map_err(fault("recv_many"))?;
        let mut torn = Ok(());
        let answers = requests.drain(..).map_while(|request| match answer(&mut checks, &request) {
            Ok(parts) => Some(Message::from(parts)),
            Err(fault) => {
                torn = Err(fault);
                None
            }
        });
        send_all(&router, answers).await?;
        torn?;
    }
}
