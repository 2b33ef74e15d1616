//! One PUB and five SUB, four of which want one kind of news each and one everything: how fast, and does each hear what it
//! wants and nothing else?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use zeptomq::{Endpoint, Options, Policy, Pub, Sub};

use super::pipeline::{Never, RUN_EMPTY_WITHIN};
use super::requests::BODY_LEN;
use super::{LOOPBACK, while_shown};
use crate::failure::Failure;
use crate::report::grouped;

/// What a run of the publisher showed.
pub(super) struct Publishing {
    /// How many messages were published; each was for two subscribers.
    pub(super) published: u64,
    /// From the first message to the last that arrived.
    pub(super) elapsed: Duration,
}

/// Publishes for this time, then waits until all has arrived.
pub(super) async fn run(duration: Duration) -> Result<Publishing, Failure> {
    let delivered = Arc::new(AtomicU64::new(0));
    let state = |elapsed: Duration| {
        let delivered = delivered.load(Ordering::Relaxed);
        let rate = delivered as f64 / elapsed.as_secs_f64();
        format!(
            "publisher: {} messages heard by {SUBSCRIBERS} subscribers, {}/s",
            grouped(delivered),
            grouped(rate as u64)
        )
    };
    while_shown(measure(duration, &delivered), state).await
}

async fn measure(duration: Duration, delivered: &Arc<AtomicU64>) -> Result<Publishing, Failure> {
    // The demo counts: nothing is to be dropped.
    let publisher = Pub::with(Options::new().overload(Policy::Wait)).map_err(Failure::failed)?;
    let news_at = publisher.bind(LOOPBACK).await.map_err(Failure::failed)?;
    let mut subscribers = JoinSet::new();
    for kind in KINDS.map(Some).into_iter().chain([None]) {
        subscribers.spawn(listen(kind, news_at.clone(), Arc::clone(delivered)));
    }
    for kind in KINDS {
        publisher.wait_for_subscribers([kind], HEARD_BY as usize).await;
    }

    let begun = Instant::now();
    let publish = tokio::spawn(publish(publisher, begun + duration));
    tokio::select! {
        published = publish => {
            let published = published.map_err(Failure::failed)??;
            let elapsed = arrive(published * HEARD_BY, begun, delivered).await?;
            Ok(Publishing { published, elapsed })
        }
        Some(ended) = subscribers.join_next() => match ended.map_err(Failure::failed)? {
            Ok(never) => match never {},
            Err(failure) => Err(failure),
        },
    }
}

/// Publishes the kinds in turn until the time is over and all have left. Tells how many messages.
async fn publish(publisher: Pub, until: Instant) -> Result<u64, Failure> {
    let mut published = 0;
    while Instant::now() < until {
        for kind in KINDS {
            publisher.send(&[kind; BODY_LEN]).await.map_err(Failure::failed)?;
        }
        published += KINDS.len() as u64;
    }
    publisher.close().await.map_err(Failure::failed)?;
    Ok(published)
}

/// Counts what is heard, until something is wrong.
async fn listen(kind: Option<u8>, news_at: Endpoint, delivered: Arc<AtomicU64>) -> Result<Never, Failure> {
    let mut sub = Sub::new();
    sub.subscribe(kind.as_slice());
    sub.connect(&news_at.to_string()).map_err(Failure::failed)?;
    loop {
        let message = sub.recv().await.map_err(Failure::failed)?;
        let heard = message.part(0).and_then(|part| part.first().copied());
        if heard.is_none() || kind.is_some() && heard != kind {
            return Err(Failure::failed("a subscriber heard what it does not want"));
        }
        delivered.fetch_add(1, Ordering::Release);
    }
}

/// Waits until so many have arrived, and tells when that was, a millisecond more or less.
async fn arrive(expected: u64, begun: Instant, delivered: &AtomicU64) -> Result<Duration, Failure> {
    let given_up = Instant::now() + RUN_EMPTY_WITHIN;
    loop {
        match delivered.load(Ordering::Acquire) {
            arrived if arrived == expected => return Ok(begun.elapsed()),
            arrived if arrived > expected || Instant::now() > given_up => {
                return Err(Failure::Failed(format!("{expected} messages were to arrive, and {arrived} did")));
            }
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

const KINDS: [u8; 4] = *b"abcd";
/// Who wants its kind, and who wants everything.
pub(super) const HEARD_BY: u64 = 2;
/// How many subscribers there are.
pub(super) const SUBSCRIBERS: usize = KINDS.len() + 1;
