//! Does a socket keep to the rules of ZMTP and of its socket type, whatever runs it?
//!
//! Each case drives one socket of ours against scripted peers that speak octets, and is run by both executors. The ids
//! in the comments (G1, REQ5, ...) and the vectors (M1, P3, ...) are those of the project's checklist; what a case guards is
//! named as in the source.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

/// Runs each case of a file on both executors; one that is not listed is dead code.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        $(mod $case {
            #[test]
            fn fixed() {
                super::$case(&mut zeptomq_tests::fixed::Fixed);
            }

            #[test]
            fn tokio() {
                super::$case(&mut zeptomq_tests::tokio::Tokio);
            }
        })*
    };
}

mod commands;
mod dealer;
mod extended;
mod frames;
mod handshake;
mod heartbeat;
mod metadata;
mod overload;
mod pair;
mod pipeline;
mod queues;
mod rep;
mod req;
mod router;
mod served;
mod topics;
mod topics_3_0;
