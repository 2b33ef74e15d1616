//! How fast is the crate zeromq (zmq.rs)?

use bytes::Bytes;
use zeromq::{
    DealerSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, Socket, SocketRecv,
    SocketSend, SubSocket, ZmqMessage,
};

use super::generic::{self, Type, Wire};
use super::tasks::{block_on, fault};
use super::{Peer, common};

pub(super) const PEER: Peer = Peer {
    name: "zeromq",
    about: || {
        Ok(String::from(
            "zeromq 0.7, tokio current_thread, awaited send and recv, default options; yields every 64 messages to \
             several peers, for its send never does",
        ))
    },
    is_in_short: false,
    takes: common,
    play: |role, child| block_on(generic::play::<Any>(role, child)),
};

/// A socket of any type.
pub(super) enum Any {
    Push(PushSocket),
    Pull(PullSocket),
    Req(ReqSocket),
    Rep(RepSocket),
    Dealer(DealerSocket),
    Router(RouterSocket),
    Pub(PubSocket),
    Sub(SubSocket),
}

/// The same call whatever the type.
macro_rules! of_any {
    ($any:expr, $socket:ident => $call:expr) => {
        match $any {
            Any::Push($socket) => $call,
            Any::Pull($socket) => $call,
            Any::Req($socket) => $call,
            Any::Rep($socket) => $call,
            Any::Dealer($socket) => $call,
            Any::Router($socket) => $call,
            Any::Pub($socket) => $call,
            Any::Sub($socket) => $call,
        }
    };
}

impl Any {
    async fn send_message(&mut self, message: ZmqMessage) -> Result<(), String> {
        match self {
            Any::Push(socket) => socket.send(message).await,
            Any::Req(socket) => socket.send(message).await,
            Any::Rep(socket) => socket.send(message).await,
            Any::Dealer(socket) => socket.send(message).await,
            Any::Router(socket) => socket.send(message).await,
            Any::Pub(socket) => socket.send(message).await,
            Any::Pull(_) | Any::Sub(_) => return Err(String::from("send: this socket only receives")),
        }
        .map_err(fault("send"))
    }
}

impl Wire for Any {
    type Message = ZmqMessage;

    const YIELDS_AFTER: Option<u64> = Some(64);

    async fn open(kind: Type, _lossless: bool) -> Result<Self, String> {
        Ok(match kind {
            Type::Push => Any::Push(PushSocket::new()),
            Type::Pull => Any::Pull(PullSocket::new()),
            Type::Req => Any::Req(ReqSocket::new()),
            Type::Rep => Any::Rep(RepSocket::new()),
            Type::Dealer => Any::Dealer(DealerSocket::new()),
            Type::Router => Any::Router(RouterSocket::new()),
            Type::Pub => Any::Pub(PubSocket::new()),
            Type::Sub => Any::Sub(SubSocket::new()),
        })
    }

    async fn bind(&mut self, endpoint: &str) -> Result<String, String> {
        let bound = of_any!(self, socket => socket.bind(endpoint).await);
        bound.map(|endpoint| endpoint.to_string()).map_err(fault("bind"))
    }

    async fn connect(&mut self, endpoint: &str) -> Result<(), String> {
        of_any!(self, socket => socket.connect(endpoint).await).map_err(fault("connect"))
    }

    async fn subscribe_to_all(&mut self) -> Result<(), String> {
        match self {
            Any::Sub(socket) => socket.subscribe("").await.map_err(fault("subscribe")),
            _ => Err(String::from("subscribe: only a SUB does")),
        }
    }

    async fn send(&mut self, body: &[u8]) -> Result<(), String> {
        self.send_message(ZmqMessage::from(Bytes::copy_from_slice(body))).await
    }

    async fn recv(&mut self) -> Result<ZmqMessage, String> {
        match self {
            Any::Pull(socket) => socket.recv().await,
            Any::Req(socket) => socket.recv().await,
            Any::Rep(socket) => socket.recv().await,
            Any::Dealer(socket) => socket.recv().await,
            Any::Router(socket) => socket.recv().await,
            Any::Sub(socket) => socket.recv().await,
            Any::Push(_) | Any::Pub(_) => return Err(String::from("recv: this socket only sends")),
        }
        .map_err(fault("recv"))
    }

    fn body(message: &ZmqMessage) -> &[u8] {
        message.get(message.len().saturating_sub(1)).map_or(&[], |body| body)
    }

    async fn answer(&mut self, request: ZmqMessage) -> Result<(), String> {
        let peer = request.get(0).cloned().unwrap_or_default();
        let body = Bytes::copy_from_slice(Self::body(&request));
        self.send_message(ZmqMessage::try_from(vec![peer, body]).map_err(fault("make a message"))?).await
    }
}
