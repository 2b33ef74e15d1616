//! What does the demo node do? Six sockets, one of each half of the patterns, on any board: no hardware, no clock, no
//! allocator and no unsafe code.
//!
//! | socket | port | does |
//! |---|---|---|
//! | PUB | binds 5556, 4 subscribers | `telemetry.temp` and `telemetry.load`, each the topic and a value in ASCII, two parts, every 100 ms |
//! | REP | binds 5557, 2 clients | `ping`, `echo X`, `rate MS`, `stats`: see below |
//! | PULL | binds 5560, 2 producers | takes work: `job N`, N up to 4294967295 |
//! | PUSH | connects to the host's 5558 | `boot` once, then `done N true` or `done N false` for each job: is N prime? |
//! | SUB | connects to the host's 5559 | does what it is told: `cmd.rate MS`, `cmd.quiet`, `cmd.loud` |
//! | REQ | connects to the host's 5561 | asks `time?` every 5 s, and again after 2 s without an answer |
//!
//! A word and its argument come in one part with a space between them (`rate 250`), or in two parts (`rate`, `250`). What
//! the node sends is one part, but for the telemetry.
//!
//! # What REP answers
//!
//! | request | reply |
//! |---|---|
//! | `ping` | `pong` |
//! | `echo X` | `X`, at most [`REPLY_LEN_MAX`] octets of anything |
//! | `rate MS` | `ok`: telemetry comes every so many milliseconds, [`PERIOD_LEAST_MS`] to [`PERIOD_MOST_MS`] |
//! | `stats` | [`Counters`] and drops: `up_ms=1500 polls=31 telemetry=30 ...` |
//! | anything else | `error: ` and what would be right |
//!
//! # What is lost, and what is not
//!
//! A job is taken only when the answer to the last one was accepted by PUSH, so a collector that is away or slow holds
//! the producers back. Answers wait for a collector that comes back; those that had left on a connection when it was lost
//! are gone. Telemetry never waits: a subscriber whose queue is full misses the oldest, and `stats` counts it. A reply that its
//! client does not fetch within a second is given up. Jobs and commands that are malformed are counted and ignored.
//!
//! # How to run it
//!
//! A board places a [`Memory`], makes a [`Node`] of it, says [`Links::connect`](zeptomq_core::socket::Links::connect) for each socket with
//! [`Role::Connect`], and then, for ever: moves octets, with one
//! [`Connections`](zeptomq_core::io::Connections) of [`PEERS_MAX`] peers per socket; calls [`Node::poll`], which takes and
//! queues messages; moves octets again; and sleeps until the earliest of the moments that it was told, or until octets come
//! or can leave.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod counters;
mod node;
mod orders;
mod prime;
mod sockets;
mod telemetry;
mod text;
mod time_client;

pub use counters::Counters;
pub use node::{Node, REPLY_LEN_MAX};
pub use prime::is_prime;
pub use sockets::{
    COMMANDS_PORT, Memory, PEERS_MAX, REPORTS_PORT, REQUESTS_PORT, Role, SOCKETS_SIZE, TELEMETRY_PORT, TIME_PORT,
    WORK_PORT,
};
pub use telemetry::{PERIOD_LEAST_MS, PERIOD_MOST_MS};
