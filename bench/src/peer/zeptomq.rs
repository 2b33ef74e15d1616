//! How fast is ZeptoMQ, through its public interface: each message awaited, or many handed over at once?

use std::convert::Infallible;

use zeptomq::{Dealer, Message, Options, Policy, Pub, Pull, Push, Rep, Req, Router, Sub};

use super::tasks::{block_on, fault, first_fault, until_flood};
use super::{Peer, in_batches};
use crate::body::{Checks, Stamps};
use crate::case::{CONNECTIONS, IN_FLIGHT, Kind, Role, SUBSCRIBERS};
use crate::child::Child;
use crate::machine::now_ns;

mod batch;

pub(super) const PEER: Peer = Peer {
    name: "zeptomq",
    about: || Ok(String::from("this tree, tokio current_thread, awaited send and recv, default options")),
    is_in_short: true,
    takes: |_| true,
    play,
};

pub(super) const BATCH: Peer = Peer {
    name: "zeptomq-batch",
    about: || {
        Ok(format!(
            "the same with send_many and recv_many, {} messages and {} KiB at a time",
            batch::MOST,
            batch::OCTETS / 1024
        ))
    },
    is_in_short: true,
    takes: in_batches,
    play: |role, child| block_on(batch::play(role, child)),
};

/// Each role has a runtime's loop of its own, so that none is slower for the others' sake.
fn play(role: Role, child: &Child) -> Result<Infallible, String> {
    match role {
        Role::Push => block_on(push(child)),
        Role::Pushes => block_on(pushes(child)),
        Role::Pull => block_on(pull(child)),
        Role::Req => block_on(req(child)),
        Role::Rep => block_on(rep(child)),
        Role::Dealer => block_on(dealer(child)),
        Role::Router => block_on(router(child)),
        Role::Pub => block_on(publish(child)),
        Role::Subs => block_on(subs(child)),
    }
}

async fn push(child: &Child) -> Result<Infallible, String> {
    let push = Push::new();
    push.connect(child.endpoint()?).map_err(fault("connect"))?;
    let mut stamps = child.stamps();
    loop {
        push.send(Message::from(stamps.next_body())).await.map_err(fault("send"))?;
    }
}

async fn pull(child: &Child) -> Result<Infallible, String> {
    let mut pull = Pull::new();
    child.announce(pull.bind(&child.bind_to()).await.map_err(fault("bind"))?);
    let mut checks = child.checks();
    loop {
        let message = pull.recv().await.map_err(fault("recv"))?;
        take(&mut checks, &message)?;
    }
}

async fn req(child: &Child) -> Result<Infallible, String> {
    let mut req = Req::new();
    req.connect(child.endpoint()?).map_err(fault("connect"))?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let mut trips = child.round_trips();
    loop {
        let start_ns = now_ns();
        let reply = req.request(stamps.next_body()).await.map_err(fault("request"))?;
        take(&mut checks, &reply)?;
        trips.record(start_ns, now_ns());
    }
}

async fn rep(child: &Child) -> Result<Infallible, String> {
    let mut rep = Rep::new();
    child.announce(rep.bind(&child.bind_to()).await.map_err(fault("bind"))?);
    let mut checks = child.checks();
    loop {
        let (request, responder) = rep.accept().await.map_err(fault("accept"))?;
        let body = take(&mut checks, &request)?;
        responder.reply(body).await.map_err(fault("reply"))?;
    }
}

async fn dealer(child: &Child) -> Result<Infallible, String> {
    let mut dealer = Dealer::new();
    dealer.connect(child.endpoint()?).map_err(fault("connect"))?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    for _ in 0..IN_FLIGHT {
        dealer.send(stamps.next_body()).await.map_err(fault("send"))?;
    }
    loop {
        take(&mut checks, &dealer.recv().await.map_err(fault("recv"))?)?;
        dealer.send(stamps.next_body()).await.map_err(fault("send"))?;
    }
}

async fn router(child: &Child) -> Result<Infallible, String> {
    let mut router = Router::new();
    child.announce(router.bind(&child.bind_to()).await.map_err(fault("bind"))?);
    let mut checks = child.checks();
    loop {
        let request = router.recv().await.map_err(fault("recv"))?;
        router.send(answer(&mut checks, &request)?).await.map_err(fault("send"))?;
    }
}

async fn publish(child: &Child) -> Result<Infallible, String> {
    let publisher = open_publisher(child).await?;
    let mut stamps = child.stamps();
    let Some(topics) = child.case().topics() else {
        loop {
            publisher.send(stamps.next_body()).await.map_err(fault("send"))?;
        }
    };
    let topics: Vec<String> = (0..topics).map(topic).collect();
    loop {
        for topic in &topics {
            publisher.send([topic.as_bytes(), stamps.next_body()]).await.map_err(fault("send"))?;
        }
    }
}

/// A publisher whose subscriber has all its topics, where it has any.
async fn open_publisher(child: &Child) -> Result<Pub, String> {
    let options = Options::new().topics(1 << 20, 64);
    let publisher = match child.case().kind {
        Kind::PubDrop => Pub::new(),
        _ => Pub::with(options.overload(Policy::Wait)).map_err(fault("set up"))?,
    };
    child.announce(publisher.bind(&child.bind_to()).await.map_err(fault("bind"))?);
    if let Some(topics) = child.case().topics() {
        publisher.wait_for_subscribers(topic(topics - 1), 1).await;
    }
    Ok(publisher)
}

/// The subject of every `topics`-th message.
fn topic(number: usize) -> String {
    format!("topic.{number:06}.")
}

async fn subs(child: &Child) -> Result<Infallible, String> {
    if let Some(topics) = child.case().topics() {
        let mut sub = Sub::new();
        (0..topics).for_each(|number| sub.subscribe(topic(number)));
        sub.connect(child.endpoint()?).map_err(fault("connect"))?;
        let mut checks = child.checks();
        loop {
            let message = sub.recv().await.map_err(fault("recv"))?;
            checks.take(message.part(1).unwrap_or_default())?;
        }
    }
    let subs = open_subs(child)?.into_iter().enumerate().map(|(at, mut sub)| {
        let mut checks = child.checks_at(at);
        async move {
            loop {
                take(&mut checks, &sub.recv().await.map_err(fault("recv"))?)?;
            }
        }
    });
    first_fault(subs.collect()).await
}

fn open_subs(child: &Child) -> Result<Vec<Sub>, String> {
    let open = |_| {
        let sub = Sub::new();
        sub.subscribe("");
        sub.connect(child.endpoint()?).map_err(fault("connect"))?;
        Ok(sub)
    };
    (0..SUBSCRIBERS).map(open).collect()
}

async fn pushes(child: &Child) -> Result<Infallible, String> {
    let pushes = open_pushes(child).await?.into_iter().map(|(push, mut stamps)| async move {
        loop {
            push.send(Message::from(stamps.next_body())).await.map_err(fault("send"))?;
        }
    });
    first_fault(pushes.collect()).await
}

/// Sockets that have each sent a message, when they may send more.
async fn open_pushes(child: &Child) -> Result<Vec<(Push, Stamps)>, String> {
    child.begin_to_connect()?;
    let mut pushes = Vec::with_capacity(CONNECTIONS);
    for sender in 0..CONNECTIONS {
        let (push, mut stamps) = (Push::new(), child.stamps_of(sender));
        push.connect(child.endpoint()?).map_err(fault("connect"))?;
        push.send(Message::from(stamps.next_body())).await.map_err(fault("send"))?;
        pushes.push((push, stamps));
    }
    until_flood(child).await;
    Ok(pushes)
}

/// The body of a message of one part, checked.
#[inline(always)]
fn take<'a>(checks: &mut Checks, message: &'a Message) -> Result<&'a [u8], String> {
    match (message.len(), message.part(0)) {
        (1, Some(body)) => checks.take(body).map(|()| body),
        (parts, _) => Err(format!("a message of {parts} parts was received")),
    }
}

/// What a ROUTER sends back: who asked, and a fresh copy of the body, checked.
#[inline]
fn answer<'a>(checks: &mut Checks, request: &'a Message) -> Result<[&'a [u8]; 2], String> {
    match (request.len(), request.part(0), request.part(1)) {
        (2, Some(peer), Some(body)) => checks.take(body).map(|()| [peer, body]),
        (parts, ..) => Err(format!("a request of {parts} parts was received")),
    }
}
