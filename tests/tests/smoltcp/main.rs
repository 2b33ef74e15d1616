//! Do sockets over smoltcp keep what they promise, whatever the network does?
//!
//! Two or more stacks are joined by a wire of our own, which delays, loses, corrupts, duplicates and reorders frames as a
//! seed says, under one clock that jumps from deadline to deadline. A seed that fails is run alone with
//! `ZEPTOMQ_SEED=17 cargo test -p zeptomq-tests --test smoltcp seeds`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

mod flow;
mod hostile;
mod lifetime;
mod node;
mod seeds;
mod small;
mod unread;
mod wire;
