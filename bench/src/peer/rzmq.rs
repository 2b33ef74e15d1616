//! How fast is rzmq?

use rzmq::socket::options::{LAST_ENDPOINT, SUBSCRIBE, XPUB_NODROP};
use rzmq::{Context, Msg, MsgFlags, Socket, SocketType};

use super::generic::{self, Type, Wire};
use super::tasks::{block_on_threads, fault};
use super::{Peer, common};

pub(super) const PEER: Peer = Peer {
    name: "rzmq",
    about: || {
        Ok(String::from(
            "rzmq 0.5, tokio multi_thread without io_uring, awaited send and recv, default options; XPUB_NODROP where \
             nothing may be lost, if it takes it",
        ))
    },
    is_in_short: false,
    takes: common,
    play: |role, child| block_on_threads(generic::play::<Typed>(role, child)),
};

/// A socket that knows its type: DEALER and ROUTER exchange several parts.
pub(super) struct Typed {
    socket: Socket,
    in_parts: bool,
}

pub(super) enum Received {
    One(Msg),
    Parts(Vec<Msg>),
}

impl Wire for Typed {
    type Message = Received;

    async fn open(kind: Type, lossless: bool) -> Result<Self, String> {
        let socket_type = match kind {
            Type::Push => SocketType::Push,
            Type::Pull => SocketType::Pull,
            Type::Req => SocketType::Req,
            Type::Rep => SocketType::Rep,
            Type::Dealer => SocketType::Dealer,
            Type::Router => SocketType::Router,
            Type::Pub => SocketType::Pub,
            Type::Sub => SocketType::Sub,
        };
        let socket = context()?.socket(socket_type).map_err(fault("open"))?;
        if kind == Type::Pub && lossless {
            // It is not an option of every version: without it, what is lost shows.
            let _ = socket.set_option(XPUB_NODROP, 1_i32).await;
        }
        Ok(Self { socket, in_parts: matches!(kind, Type::Dealer | Type::Router) })
    }

    async fn bind(&mut self, endpoint: &str) -> Result<String, String> {
        self.socket.bind(endpoint).await.map_err(fault("bind"))?;
        let bound = self.socket.get_option(LAST_ENDPOINT).await.map_err(fault("bind"))?;
        Ok(String::from_utf8_lossy(&bound).trim_end_matches('\0').to_owned())
    }

    async fn connect(&mut self, endpoint: &str) -> Result<(), String> {
        self.socket.connect(endpoint).await.map_err(fault("connect"))
    }

    async fn subscribe_to_all(&mut self) -> Result<(), String> {
        self.socket.set_option_raw(SUBSCRIBE, b"").await.map_err(fault("subscribe"))
    }

    async fn send(&mut self, body: &[u8]) -> Result<(), String> {
        self.socket.send(Msg::from_vec(body.to_vec())).await.map_err(fault("send"))
    }

    async fn recv(&mut self) -> Result<Received, String> {
        if self.in_parts {
            self.socket.recv_multipart().await.map(Received::Parts).map_err(fault("recv_multipart"))
        } else {
            self.socket.recv().await.map(Received::One).map_err(fault("recv"))
        }
    }

    fn body(message: &Received) -> &[u8] {
        let last = match message {
            Received::One(message) => Some(message),
            Received::Parts(parts) => parts.last(),
        };
        last.and_then(Msg::data).unwrap_or_default()
    }

    async fn answer(&mut self, request: Received) -> Result<(), String> {
        let mut body = Msg::from_vec(Self::body(&request).to_vec());
        body.set_flags(MsgFlags::empty());
        let Received::Parts(mut parts) = request else { return Err(String::from("a request of one part")) };
        parts.pop();
        parts.push(body);
        self.socket.send_multipart(parts).await.map_err(fault("send_multipart"))
    }
}

/// One for all sockets of the process, as it is meant to be used.
fn context() -> Result<&'static Context, String> {
    static CONTEXT: std::sync::OnceLock<Result<Context, String>> = std::sync::OnceLock::new();
    CONTEXT.get_or_init(|| Context::new().map_err(fault("context"))).as_ref().map_err(Clone::clone)
}
