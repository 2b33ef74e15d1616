//! Does the firmware do what its table says, on the board that every machine has? QEMU boots the image, and its sockets
//! talk to libzmq and to `zepto`, each a process of its own.
//!
//! The node connects to three ports of this machine that are the same in all tests, so one test runs at a time, on a board
//! of its own. Nothing here sleeps for luck: every step waits for what it needs, within a deadline.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

mod board;
mod boot;
mod garbage;
mod host;
mod load;
mod restart;
mod slow;
mod strangers;
mod zepto;

use board::Board;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeptomq_tests::python;

/// Runs a test on a board that has booted, looks into the board's log, and says how long that took and how deep the stack
/// was. Without what it needs there is no test.
fn run(test: impl AsyncFnOnce(&mut Board)) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if python::interpreter().is_none() || !board::is_there() {
        return;
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stack = runtime.block_on(async {
        let mut whole = std::pin::pin!(async {
            let mut board = Board::boot().await;
            test(&mut board).await;
            board.end().await
        });
        // Not moved into the timeout: the board, whose log is to be shown, must still be there when that fails.
        let over = tokio::time::timeout(DEADLINE, whole.as_mut()).await;
        over.unwrap_or_else(|_| panic!("not over in {DEADLINE:?}"))
    });
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    // Written past the test harness, which shows what a test prints only when it fails.
    let _ = writeln!(std::io::stderr(), "{:6.1} s, {stack} octets of stack: {name}", begun.elapsed().as_secs_f32());
}

const DEADLINE: Duration = Duration::from_secs(90);
