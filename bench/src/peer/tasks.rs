//! How are roles run that wait in tokio's tasks?

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::child::Child;

type Outcome = Result<Infallible, String>;

/// Plays a role on one thread.
pub(super) fn block_on(role: impl Future<Output = Outcome>) -> Outcome {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("start tokio: {error}"))?.block_on(role)
}

/// Plays a role on as many threads as there are CPUs.
#[cfg(feature = "rzmq")]
pub(super) fn block_on_threads(role: impl Future<Output = Outcome>) -> Outcome {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| format!("start tokio: {error}"))?.block_on(role)
}

/// Waits until one of the tasks fails.
pub(super) async fn first_fault(mut tasks: JoinSet<Outcome>) -> Outcome {
    match tasks.join_next().await {
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => Err(format!("a task: {error}")),
        None => Err(String::from("there is no task")),
    }
}

/// Waits until the flood over many connections may begin.
pub(super) async fn until_flood(child: &Child) {
    while !child.may_flood() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Says which call failed.
pub(super) fn fault<E: Display>(call: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
