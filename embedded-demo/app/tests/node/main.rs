//! Does the node do what its table says, whoever comes and goes? Over a network in memory, with a clock that is turned.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

mod endurance;
mod network;
mod rows;
mod trouble;
mod world;
