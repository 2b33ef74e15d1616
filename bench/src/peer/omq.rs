//! How fast is omq-tokio: each message awaited, or tried and taken many at once?

use std::convert::Infallible;

use bytes::Bytes;
use omq_tokio::{Message, Options, Socket, SocketType, TrySendError};

use super::generic::{self, Type, Wire};
use super::tasks::{block_on, fault, first_fault, until_flood};
use super::{Peer, common, unplayed};
use crate::body::Stamps;
use crate::case::{CONNECTIONS, Kind, Role};
use crate::child::Child;

pub(super) const PEER: Peer = Peer {
    name: "omq",
    about: || {
        Ok(String::from(
            "omq-tokio 0.33, tokio current_thread, awaited send and recv, default options; xpub_nodrop where nothing may \
             be lost",
        ))
    },
    is_in_short: false,
    takes: common,
    play: |role, child| block_on(generic::play::<Socket>(role, child)),
};

pub(super) const BATCH: Peer = Peer {
    name: "omq-batch",
    about: || {
        Ok(format!("the same with try_send, awaited when it is full, and recv_many_into, {MOST} messages at a time"))
    },
    is_in_short: false,
    takes: |case| matches!(case.kind, Kind::Push | Kind::Conns),
    play: |role, child| block_on(play(role, child)),
};

impl Wire for Socket {
    type Message = Message;

    async fn open(kind: Type, lossless: bool) -> Result<Self, String> {
        let kind = match kind {
            Type::Push => SocketType::Push,
            Type::Pull => SocketType::Pull,
            Type::Req => SocketType::Req,
            Type::Rep => SocketType::Rep,
            Type::Dealer => SocketType::Dealer,
            Type::Router => SocketType::Router,
            Type::Pub => SocketType::Pub,
            Type::Sub => SocketType::Sub,
        };
        let options = Options { xpub_nodrop: lossless && kind == SocketType::Pub, ..Options::default() };
        Socket::try_new(kind, options).map_err(fault("open"))
    }

    async fn bind(&mut self, endpoint: &str) -> Result<String, String> {
        Socket::bind(self, endpoint).await.map(|endpoint| endpoint.to_string()).map_err(fault("bind"))
    }

    async fn connect(&mut self, endpoint: &str) -> Result<(), String> {
        Socket::connect(self, endpoint).await.map(drop).map_err(fault("connect"))
    }

    async fn subscribe_to_all(&mut self) -> Result<(), String> {
        self.subscribe(Bytes::new()).await.map_err(fault("subscribe"))
    }

    async fn send(&mut self, body: &[u8]) -> Result<(), String> {
        Socket::send(self, Message::from_slice(body)).await.map_err(fault("send"))
    }

    async fn recv(&mut self) -> Result<Message, String> {
        Socket::recv(self).await.map_err(fault("recv"))
    }

    fn body(message: &Message) -> &[u8] {
        message.part_slice(message.len().saturating_sub(1)).unwrap_or_default()
    }

    async fn answer(&mut self, request: Message) -> Result<(), String> {
        let peer = request.part_bytes(0).unwrap_or_default();
        let answer = Message::multipart([peer, Bytes::copy_from_slice(Self::body(&request))]);
        Socket::send(self, answer).await.map_err(fault("send"))
    }
}

async fn play(role: Role, child: &Child) -> Result<Infallible, String> {
    match role {
        Role::Push => flood(push(child).await?, child.stamps()).await,
        Role::Pushes => pushes(child).await,
        Role::Pull => pull(child).await,
        _ => unplayed(role),
    }
}

async fn push(child: &Child) -> Result<Socket, String> {
    let mut push = Socket::open(Type::Push, false).await?;
    Wire::connect(&mut push, child.endpoint()?).await?;
    Ok(push)
}

async fn flood(push: Socket, mut stamps: Stamps) -> Result<Infallible, String> {
    loop {
        match push.try_send(Message::from_slice(stamps.next_body())) {
            Ok(()) => (),
            Err(TrySendError::Full(message)) => push.send(message).await.map_err(fault("send"))?,
            Err(error) => return Err(format!("try_send: {error}")),
        }
    }
}

async fn pushes(child: &Child) -> Result<Infallible, String> {
    child.begin_to_connect()?;
    let mut pushes = Vec::with_capacity(CONNECTIONS);
    for sender in 0..CONNECTIONS {
        let (mut push, mut stamps) = (push(child).await?, child.stamps_of(sender));
        Wire::send(&mut push, stamps.next_body()).await?;
        pushes.push((push, stamps));
    }
    until_flood(child).await;
    first_fault(pushes.into_iter().map(|(push, stamps)| flood(push, stamps)).collect()).await
}

async fn pull(child: &Child) -> Result<Infallible, String> {
    let mut pull = Socket::open(Type::Pull, false).await?;
    child.announce(Wire::bind(&mut pull, &child.bind_to()).await?);
    let mut checks = child.checks();
    let mut messages = Vec::with_capacity(MOST);
    loop {
        pull.recv_many_into(MOST, &mut messages).await.map_err(fault("recv_many_into"))?;
        for message in messages.drain(..) {
            checks.take(Socket::body(&message))?;
        }
    }
}

const MOST: usize = 256;
