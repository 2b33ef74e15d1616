//! One PUSH hands tasks to four workers, and they hand results to one PULL: how fast, how evenly, and does all arrive?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use zeptomq::{Endpoint, Pull, Push};

use super::requests::BODY_LEN;
use super::{LOOPBACK, while_shown};
use crate::failure::Failure;
use crate::report::grouped;

/// What a run of the pipeline showed.
pub(super) struct Pipeline {
    /// How many tasks there were; that many results arrived.
    pub(super) tasks: u64,
    /// From the first task to the last result.
    pub(super) elapsed: Duration,
    /// How many tasks each worker had.
    pub(super) shares: [u64; WORKERS],
}

#[derive(Default)]
struct Counts {
    arrived: AtomicU64,
    /// The sum of all results: a lost or doubled one would show.
    sum: AtomicU64,
    shares: [AtomicU64; WORKERS],
}

/// Runs the pipeline for this time, then lets it run empty.
pub(super) async fn run(duration: Duration) -> Result<Pipeline, Failure> {
    let counts = Arc::new(Counts::default());
    let state = |elapsed: Duration| {
        let arrived = counts.arrived.load(Ordering::Relaxed);
        let rate = arrived as f64 / elapsed.as_secs_f64();
        format!("pipeline: {} tasks done by {WORKERS} workers, {}/s", grouped(arrived), grouped(rate as u64))
    };
    while_shown(measure(duration, &counts), state).await
}

async fn measure(duration: Duration, counts: &Arc<Counts>) -> Result<Pipeline, Failure> {
    let (ventilator, sink) = (Push::new(), Pull::new());
    let tasks_at = ventilator.bind(LOOPBACK).await.map_err(Failure::failed)?;
    let results_at = sink.bind(LOOPBACK).await.map_err(Failure::failed)?;
    let mut helpers = JoinSet::new();
    for worker in 0..WORKERS {
        helpers.spawn(work(worker, tasks_at.clone(), results_at.clone(), Arc::clone(counts)));
    }
    helpers.spawn(collect(sink, Arc::clone(counts)));
    ventilator.wait_for_peers(WORKERS).await;

    let begun = Instant::now();
    let ventilate = tokio::spawn(ventilate(ventilator, begun + duration));
    tokio::select! {
        tasks = ventilate => {
            let tasks = tasks.map_err(Failure::failed)??;
            let elapsed = run_empty(tasks, begun, counts).await?;
            let shares = counts.shares.each_ref().map(|share| share.load(Ordering::Relaxed));
            Ok(Pipeline { tasks, elapsed, shares })
        }
        Some(ended) = helpers.join_next() => match ended.map_err(Failure::failed)? {
            Ok(never) => match never {},
            Err(failure) => Err(failure),
        },
    }
}

/// Sends numbered tasks until the time is over and all have left. Tells how many.
async fn ventilate(ventilator: Push, until: Instant) -> Result<u64, Failure> {
    let mut tasks = 0;
    while Instant::now() < until {
        ventilator.send(&task(tasks, 0)).await.map_err(Failure::failed)?;
        tasks += 1;
    }
    ventilator.close().await.map_err(Failure::failed)?;
    Ok(tasks)
}

/// Squares the number of each task, until something is wrong.
async fn work(worker: usize, tasks_at: Endpoint, results_at: Endpoint, counts: Arc<Counts>) -> Result<Never, Failure> {
    let (mut tasks, results) = (Pull::new(), Push::new());
    tasks.connect(&tasks_at.to_string()).map_err(Failure::failed)?;
    results.connect(&results_at.to_string()).map_err(Failure::failed)?;
    loop {
        let message = tasks.recv().await.map_err(Failure::failed)?;
        let (number, _) = read(message.part(0))?;
        results.send(&task(number, square(number))).await.map_err(Failure::failed)?;
        if let Some(share) = counts.shares.get(worker) {
            share.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Counts the results and adds them up, until something is wrong.
async fn collect(mut sink: Pull, counts: Arc<Counts>) -> Result<Never, Failure> {
    loop {
        let message = sink.recv().await.map_err(Failure::failed)?;
        let (_, result) = read(message.part(0))?;
        counts.sum.fetch_add(result, Ordering::Relaxed);
        counts.arrived.fetch_add(1, Ordering::Release);
    }
}

/// Waits until every result has arrived, and tells when that was, a millisecond more or less.
async fn run_empty(tasks: u64, begun: Instant, counts: &Counts) -> Result<Duration, Failure> {
    let given_up = Instant::now() + RUN_EMPTY_WITHIN;
    loop {
        let arrived = counts.arrived.load(Ordering::Acquire);
        if arrived >= tasks {
            let expected = (0..tasks).map(square).fold(0, u64::wrapping_add);
            let elapsed = begun.elapsed();
            return match (arrived == tasks, counts.sum.load(Ordering::Relaxed) == expected) {
                (true, true) => Ok(elapsed),
                _ => Err(Failure::Failed(format!("{tasks} tasks were sent, and the {arrived} results are wrong"))),
            };
        }
        if Instant::now() > given_up {
            return Err(Failure::Failed(format!("{tasks} tasks were sent, and only {arrived} results arrived")));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn square(number: u64) -> u64 {
    number.wrapping_mul(number)
}

/// A task or a result: a number, and what the worker made of it.
fn task(number: u64, result: u64) -> [u8; BODY_LEN] {
    (u128::from(result) << 64 | u128::from(number)).to_le_bytes()
}

fn read(part: Option<&[u8]>) -> Result<(u64, u64), Failure> {
    let octets = part.and_then(|part| part.try_into().ok()).map(u128::from_le_bytes);
    octets
        .map(|both| (both as u64, (both >> 64) as u64))
        .ok_or_else(|| Failure::failed("a message was changed on its way"))
}

/// What a task returns that does not return.
pub(super) enum Never {}

/// How many workers there are.
pub(super) const WORKERS: usize = 4;

/// What has been sent is there by then.
pub(super) const RUN_EMPTY_WITHIN: Duration = Duration::from_secs(2);
