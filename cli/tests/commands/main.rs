//! What does the `zepto` command do, as a person or a script sees it? Every test runs the built command itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod conversations;
mod demo;
mod endings;
mod support;
