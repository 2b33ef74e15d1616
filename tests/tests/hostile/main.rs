//! Does a socket serve its good peers, in memory that is bounded, whatever others do to it?
//!
//! Each test attacks a bound socket of every type (`types::TYPES`). Under every attack nothing may panic, and memory stays
//! below a bound that follows from the options and not from what the attacker says; afterwards, and where it can be
//! meanwhile, a good peer of the right type is served. What a frame, a command or an opening may say at all is in the
//! conformance tests; here is what is said too often, too long, too much, or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

/// Runs each case of a file on both executors; one that is not listed is dead code.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        $(mod $case {
            #[test]
            fn fixed() {
                let alone = crate::alone::Alone::begin();
                super::$case(&mut zeptomq_tests::fixed::Fixed, &alone);
            }

            #[test]
            fn tokio() {
                let alone = crate::alone::Alone::begin();
                super::$case(&mut zeptomq_tests::tokio::Tokio, &alone);
            }
        })*
    };
}

mod alone;
mod attack;
mod deaf;
mod floods;
mod garbage;
mod good;
mod messages;
mod openings;
mod refusals;
mod server;
mod silence;
mod sizes;
mod topics;
mod types;
