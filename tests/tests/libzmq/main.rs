//! Do our sockets and libzmq's understand each other? Both ends are real, and a process apart.
//!
//! "Their" sockets are libzmq's. Nothing here sleeps for luck: every step waits for what it needs, within a deadline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

mod alive;
mod changes;
mod closing;
mod extended;
mod flow;
mod heartbeat;
mod identity;
mod order;
mod pairs;
mod pieces;
mod refusal;
mod restart;
mod returns;
mod topics;
mod transports;

use std::time::Duration;
use zeptomq::core::pattern::Pattern;
use zeptomq::{Event, Monitor, Socket};
use zeptomq_tests::python::{self, Peer};

/// Who binds; the other connects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Binds {
    We,
    They,
}

/// Runs a test within its deadline, if there is a libzmq to test against.
fn run(test: impl Future<Output = ()>) {
    if python::interpreter().is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(DEADLINE, test).await.unwrap_or_else(|_| panic!("not over in {DEADLINE:?}"));
    });
}

/// Runs a test once for each end that may bind.
fn whoever_binds(test: impl AsyncFn(Binds)) {
    run(async {
        for binds in [Binds::We, Binds::They] {
            test(binds).await;
        }
    });
}

/// Connects our socket and the first of theirs over loopback, and waits until they are peers. Returns where.
async fn join<P: Pattern + Send + 'static>(ours: &Socket<P>, theirs: &mut Peer, binds: Binds) -> String {
    join_at(ours, theirs, binds, LOOPBACK).await
}

/// The same at some endpoint.
async fn join_at<P>(ours: &Socket<P>, theirs: &mut Peer, binds: Binds, endpoint: &str) -> String
where
    P: Pattern + Send + 'static,
{
    let endpoint = match binds {
        Binds::We => {
            let endpoint = ours.bind(endpoint).await.unwrap().to_string();
            theirs.connect(&endpoint).await;
            endpoint
        }
        Binds::They => {
            let endpoint = theirs.bind(endpoint).await;
            ours.connect(&endpoint).unwrap();
            endpoint
        }
    };
    ours.wait_for_peers(1).await;
    endpoint
}

/// Waits for an event.
async fn until(monitor: &mut Monitor, wanted: impl Fn(&Event) -> bool) -> Event {
    let mut others = Vec::new();
    let waiting = async {
        loop {
            match monitor.recv().await.expect("the socket is open") {
                event if wanted(&event) => return event,
                event => others.push(event),
            }
        }
    };
    let found = tokio::time::timeout(EVENT_MAX, waiting).await;
    found.unwrap_or_else(|_| panic!("no such event in {EVENT_MAX:?}, but {others:#?}"))
}

async fn until_disconnected(monitor: &mut Monitor) -> Event {
    until(monitor, |event| matches!(event, Event::Disconnected { .. })).await
}

const LOOPBACK: &str = "tcp://127.0.0.1:*";
const EVENT_MAX: Duration = Duration::from_secs(15);
const DEADLINE: Duration = Duration::from_secs(40);
