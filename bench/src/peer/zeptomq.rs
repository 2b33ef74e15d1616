//! How fast is ZeptoMQ, through the awaited calls of its public interface.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;

use zeptomq::{Message, Pull, Push, Rep, Req};

use super::Peer;
use crate::body::Checks;
use crate::child::Child;
use crate::machine::now_ns;

pub(super) const PEER: Peer = Peer {
    name: "zeptomq",
    about: || Ok(String::from("this tree, tokio current_thread, awaited send and recv, default options")),
    push: |child| block_on(push(child)),
    pull: |child| block_on(pull(child)),
    req: |child| block_on(req(child)),
    rep: |child| block_on(rep(child)),
};

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
    child.announce(pull.bind(LOOPBACK).await.map_err(fault("bind"))?);
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
        let reply = req.request(Message::from(stamps.next_body())).await.map_err(fault("request"))?;
        take(&mut checks, &reply)?;
        trips.record(start_ns, now_ns());
    }
}

async fn rep(child: &Child) -> Result<Infallible, String> {
    let mut rep = Rep::new();
    child.announce(rep.bind(LOOPBACK).await.map_err(fault("bind"))?);
    let mut checks = child.checks();
    loop {
        let (request, responder) = rep.accept().await.map_err(fault("accept"))?;
        let body = take(&mut checks, &request)?;
        responder.reply(Message::from(body)).await.map_err(fault("reply"))?;
    }
}

/// The body of a message of one part, checked.
#[inline]
fn take<'a>(checks: &mut Checks, message: &'a Message) -> Result<&'a [u8], String> {
    match (message.len(), message.part(0)) {
        (1, Some(body)) => checks.take(body).map(|()| body),
        (parts, _) => Err(format!("a message of {parts} parts was received")),
    }
}

fn fault<E: Display>(call: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}

fn block_on(role: impl Future<Output = Result<Infallible, String>>) -> Result<Infallible, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("start tokio: {error}"))?
        .block_on(role)
}

const LOOPBACK: &str = "tcp://127.0.0.1:0";
