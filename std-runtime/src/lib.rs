//! ZeroMQ sockets in pure Rust on tokio.
//!
//! Messages flow between programs without a broker, to and from every ZeroMQ program in every language:
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use zeptomq::{Pull, Push};
//!
//! let mut pull = Pull::new();
//! let endpoint = pull.bind("tcp://127.0.0.1:0").await?;
//!
//! let push = Push::new();
//! push.connect(&endpoint.to_string())?;
//! push.send("hello").await?;
//!
//! assert_eq!(&pull.recv().await?[0], b"hello");
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! | type | sends | receives | talks to |
//! |---|---|---|---|
//! | [`Push`] | to its peers in turn | | PULL |
//! | [`Pull`] | | from its peers in turn | PUSH |
//! | [`Pub`] | to all who subscribed | | SUB, XSUB |
//! | [`Sub`] | | what it subscribed to | PUB, XPUB |
//! | [`Xpub`] | to all who subscribed | who subscribes, and what its peers send | SUB, XSUB |
//! | [`Xsub`] | subscriptions, and messages to all publishers | what it subscribed to | PUB, XPUB |
//! | [`Req`] | a request | its reply | REP, ROUTER |
//! | [`Rep`] | the reply | a request | REQ, DEALER |
//! | [`Dealer`] | to its peers in turn | from its peers in turn | REP, DEALER, ROUTER |
//! | [`Pair`] | to its one peer | from its one peer | PAIR |
//! | [`Router`] | to the peer that the first part names | with the sender's identity as first part | REQ, DEALER, ROUTER |
//!
//! | over | endpoint | or |
//! |---|---|---|
//! | TCP | `tcp://HOST:PORT` | |
//! | Unix domain sockets | `ipc://PATH` | |
//! | memory, within a [`Context`] | `inproc://NAME` | |
//! | any stream: TLS, a serial line | | [`Socket::serve`], [`Socket::connect_with`] |
//!
//! Sockets that receive are [`Stream`](futures_core::Stream)s of messages, and those that send have a
//! [`sink`](Socket::sink).
//!
//! Delivery is at most once per peer, and in order while a connection lasts. Every queue and every wait has a limit: see
//! [`Options`].
//!
//! # Where sockets run
//!
//! In the tokio runtime in which they first bind or connect. It needs I/O and time, as `#[tokio::main]` has them and
//! `Builder::enable_all` adds them: without time no connection comes up.
//!
//! What asks and answers much is to be a spawned task, or to run on a current_thread runtime. The main future of a
//! multi_thread runtime, which is what `#[tokio::main]` runs without more, has a thread of its own, and what passes between
//! it and a connection wakes threads: a request took 1.7 times as long, and 64 requests in flight were answered at two
//! fifths of the rate. One-way messages have the same speed in both, from three quarters of that on a current_thread
//! runtime with 64 octets to as much with 1 KiB.
//!
//! A message leaves at once when its connection was quiet, so a task that waits for something else after each small message
//! has each written alone. Those that it sends without waiting leave together; [`send_many`](Socket::send_many) and
//! [`recv_many`](Socket::recv_many) cost the least for each.
//!
//! # How it is built
//!
//! The protocol and the patterns are in [`core`], which holds no message; this crate carries out what it
//! decides. Users and connections meet in a hub, around one lock. A message that is sent is encoded into its peer's
//! outbox by the caller, who writes it too when the connection was quiet; the connection's one task writes the rest and
//! reads. Whoever waits for a message does what that task does, for the connection that the last came from; while many of
//! one peer wait, a few are taken with the one that is asked for, so that the lock is taken once for them. What a
//! publisher sends to many is encoded once, onto a sheet that their outboxes share. Under a policy that makes room, messages
//! wait in a backlog and are encoded as the connection takes them, so that one that is dropped leaves nothing behind. What
//! arrives lies in large blocks, and messages are slices of them, those of few small parts with their frames; a body that
//! is longer than a block has memory of its own, which is used again. Heartbeats are looked after by one thread for all
//! sockets of the program, so that an event loop has no timer of ours.
#![forbid(unsafe_code)]

mod backlog;
mod batch;
mod bell;
mod blocks;
mod budget;
mod call;
#[cfg(test)]
mod chance;
mod closing;
mod connection;
mod context;
mod dial;
mod endpoint;
mod error;
mod hand;
mod hub;
mod inbox;
mod junction;
mod life;
mod listen;
mod making_room;
mod many;
mod message;
mod monitor;
mod options;
mod outbox;
mod part;
mod parts;
mod peers;
mod press;
mod receiving;
mod rush;
mod sending;
mod sink;
mod socket;
mod status;
mod streams;
mod ticker;
mod topics;
mod transport;
mod turns;
mod upkeep;
mod waiters;

pub use call::{Request, Responder};
pub use context::Context;
pub use endpoint::{Endpoint, EndpointError, Host};
pub use error::{NotSent, RecvError, RequestError, SendError, Undelivered};
pub use listen::BindError;
pub use many::SendManyError;
pub use message::Message;
pub use monitor::{Event, Monitor};
pub use options::{Limit, Options, OptionsError};
pub use part::Part;
pub use sending::Sending;
pub use sink::MessageSink;
pub use socket::{Dealer, Pair, Pub, Pull, Push, Receiver, Rep, Req, Router, Sender, Socket, Sub, Xpub, Xsub};
pub use status::PeerStatus;
pub use zeptomq_core as core;
pub use zeptomq_core::pattern::overload::Policy;
pub use zeptomq_core::pattern::{Drops, Verbosity};
pub use zeptomq_core::wire::SocketType;

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
