//! ZeroMQ's protocol and socket patterns for anything that moves octets: no allocator, no clock, no I/O, no unsafe code.
//!
//! The core answers two questions and holds no message:
//!
//! * *Where in your buffer is the next frame?* An offset range into octets that you own.
//! * *Whom does this message go to, and what of it does the user see?* A small value: a route or a verdict.
//!
//! An executor owns memory, sockets, clocks and tasks, and carries the answers out. Two exist: [`socket::FixedSocket`]
//! here, in fixed memory, which the crate `zeptomq-smoltcp` runs on the TCP/IP stack smoltcp; and the crate `zeptomq` on
//! tokio.
//!
//! # The map
//!
//! | module | answers | knows nothing of |
//! |---|---|---|
//! | [`wire`] | which octets mean what | state |
//! | [`mechanism`] | proving and hiding: a command in, a command out | other connections |
//! | [`link`] | one connection over time: order, limits, liveness | other peers, patterns |
//! | [`pattern`] | choosing among peers, and what the user sees of a message | octets, connections |
//! | [`storage`] | where patterns keep their peers and topics: arrays or the heap | |
//! | [`socket`] | carrying it out in fixed memory | where streams come from |
//! | [`io`] | moving octets between streams and links, and keeping connections | messages |
//!
//! [`message`], [`peer`], [`time`] and [`backoff`] hold the words that they share.
//!
//! # The two paths of a message
//!
//! Received: octets are lent to [`link::Reader`], which finds frames; [`pattern::Pattern::arrived`] judges what needs no
//! turn; the message waits, raw, per peer; when the user takes one, [`pattern::rotation::Rotation`] picks the peer and
//! [`pattern::Receives::take`] gives the verdict.
//!
//! Sent: [`pattern::Sends::route`] names the peer, or all those that subscribed, and [`pattern::overload`] says what a full queue does; the executor
//! queues the message whole and reports it with [`pattern::Sends::sent`]; [`link::Writer`] frames and seals it.
//!
//! # Features
//!
//! `alloc`: storage that grows, for servers. `pieces`: fixed sockets receive what is longer than their memory.
//! `defmt`: what a device logs can be logged with defmt. None is on by itself.
//!
//! # Deliberately absent
//!
//! A queue (the executor's), a clock ([`time::Instant`] is an argument), a source of entropy (an argument), ZMTP before
//! 3.0, and any panic: an image that links these modules fails to link when a panic path is left in.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod backoff;
pub mod io;
pub mod link;
pub mod mechanism;
pub mod message;
pub mod pattern;
pub mod peer;
pub mod socket;
pub mod storage;
pub mod time;
pub mod wire;
