//! What do the tests share? One way to drive a socket against peers that speak octets, on either executor.
//!
//! A case is written once, over [`executor::Executor`], and runs on [`fixed::Fixed`] (a `FixedSocket` over streams in
//! memory, under a clock that the tests turn) and on [`tokio::Tokio`] (the crate `zeptomq` over loopback).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

pub mod boxed;
pub mod chance;
pub mod executor;
pub mod fixed;
pub mod machine;
pub mod pair;
pub mod pipe;
pub mod python;
pub mod tcp_end;
pub mod tcp_wire;
pub mod tokio;
pub mod wire;
pub mod world;
