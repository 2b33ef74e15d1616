//! What does a call cost, and of what does that consist: one that waits for its response, and one that goes on?
//!
//! Synchronous, T_sync = T_call + T_response: the caller waits until the callee has the request, and then for the
//! response. Asynchronous, T_async = T_send + T_handle: it waits until the request is in the queue and goes on; the answer
//! is taken when it has been handled.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::time::{Duration, Instant};

use zeptomq::{Dealer, Rep, Req, Router};

use super::latency::Latencies;
use super::{LOOPBACK, while_shown};
use crate::failure::Failure;
use crate::report::grouped;

/// What a run of calls showed.
pub(super) struct Calls {
    /// What each took, from before it was sent until its answer was there.
    pub(super) latencies: Latencies,
    /// The first part of that: T_call or T_send.
    pub(super) first: Latencies,
    /// The rest of it: T_response or T_handle.
    pub(super) rest: Latencies,
    /// All together.
    pub(super) elapsed: Duration,
}

/// The calls of a run, as they are made.
struct Made {
    first: Vec<Duration>,
    rest: Vec<Duration>,
}

/// Calls a REP from a REQ for this time: a call, its response, the next call.
pub(super) async fn one_at_a_time(duration: Duration) -> Result<Calls, Failure> {
    let rep = Rep::new();
    let at = rep.bind(LOOPBACK).await.map_err(Failure::failed)?;
    let mut req = Req::new();
    req.connect(&at.to_string()).map_err(Failure::failed)?;
    let done = Cell::new(0);
    let origin = Instant::now();
    let calls = async {
        for _ in 0..WARM_UP {
            req.request(&[0; BODY_LEN]).await.map_err(Failure::failed)?;
        }
        let mut made = Made::with_capacity(1 << 17);
        let begun = origin.elapsed();
        let mut called = begun;
        while called - begun < duration {
            let response = req.request(&[0; BODY_LEN]).await.map_err(Failure::failed)?;
            let (taken, answered) = (time(response.part(0))?, origin.elapsed());
            made.push(taken.saturating_sub(called), answered.saturating_sub(taken));
            done.set(made.first.len());
            called = answered;
        }
        Ok(made.calls(called - begun))
    };
    let state = |_| format!("REQ and REP: {} calls, one at a time", grouped(done.get() as u64));
    while_shown(served(answer(rep, origin), calls), state).await
}

/// Sends requests from a DEALER to a ROUTER for this time, so that always as many are on their way.
pub(super) async fn in_flight(duration: Duration) -> Result<Calls, Failure> {
    let router = Router::new();
    let at = router.bind(LOOPBACK).await.map_err(Failure::failed)?;
    let mut dealer = Dealer::new();
    dealer.connect(&at.to_string()).map_err(Failure::failed)?;
    let done = Cell::new(0);
    let calls = async {
        dealer.wait_for_peers(1).await;
        let mut made = Made::with_capacity(1 << 19);
        let mut on_their_way = VecDeque::with_capacity(IN_FLIGHT);
        let begun = Instant::now();
        for _ in 0..IN_FLIGHT {
            on_their_way.push_back(send(&dealer, begun).await?);
        }
        // Answers come in the order of their requests, for there is one peer.
        while let Some((called, sent)) = on_their_way.pop_front() {
            let answer = dealer.recv().await.map_err(Failure::failed)?;
            let now = begun.elapsed();
            if time(answer.part(0))? != called {
                return Err(Failure::failed("an answer is to another request"));
            }
            made.push(sent - called, now.saturating_sub(sent));
            done.set(made.first.len());
            if now < duration {
                on_their_way.push_back(send(&dealer, begun).await?);
            }
        }
        Ok(made.calls(begun.elapsed()))
    };
    let state = |_| format!("DEALER and ROUTER: {} calls, {IN_FLIGHT} on their way", grouped(done.get() as u64));
    while_shown(served(forward(router), calls), state).await
}

/// Sends a request that says when it was made. When that was, and when it was in the queue.
async fn send(dealer: &Dealer, begun: Instant) -> Result<(Duration, Duration), Failure> {
    let called = begun.elapsed();
    dealer.send(&octets(called)).await.map_err(Failure::failed)?;
    Ok((called, begun.elapsed()))
}

/// Makes calls while a task of its own serves them.
async fn served<T>(
    server: impl Future<Output = Result<(), Failure>> + Send + 'static,
    calls: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut server = tokio::spawn(server);
    tokio::select! {
        made = calls => {
            server.abort();
            made
        }
        ended = &mut server => match ended.map_err(Failure::failed)? {
            Ok(()) => Err(Failure::failed("the server ended before the calls")),
            Err(failure) => Err(failure),
        },
    }
}

/// Answers each request with the time at which it was there, until something is wrong.
async fn answer(mut rep: Rep, origin: Instant) -> Result<(), Failure> {
    loop {
        let (_, responder) = rep.accept().await.map_err(Failure::failed)?;
        responder.reply(&octets(origin.elapsed())).await.map_err(Failure::failed)?;
    }
}

/// Sends each message back to where it came from, until something is wrong.
async fn forward(mut router: Router) -> Result<(), Failure> {
    loop {
        let message = router.recv().await.map_err(Failure::failed)?;
        router.send(message).await.map_err(Failure::failed)?;
    }
}

impl Made {
    fn with_capacity(calls: usize) -> Self {
        Self { first: Vec::with_capacity(calls), rest: Vec::with_capacity(calls) }
    }

    fn push(&mut self, first: Duration, rest: Duration) {
        self.first.push(first);
        self.rest.push(rest);
    }

    fn calls(self, elapsed: Duration) -> Calls {
        let both = self.first.iter().zip(&self.rest).map(|(first, rest)| *first + *rest);
        Calls {
            latencies: Latencies::new(both.collect()),
            first: Latencies::new(self.first),
            rest: Latencies::new(self.rest),
            elapsed,
        }
    }
}

/// A time as a message's body.
fn octets(time: Duration) -> [u8; BODY_LEN] {
    time.as_nanos().to_le_bytes()
}

fn time(part: Option<&[u8]>) -> Result<Duration, Failure> {
    let octets = part.and_then(|part| part.try_into().ok()).map(u128::from_le_bytes);
    let nanoseconds = octets.and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| Failure::failed("an answer holds no time"))
}

/// How long each message is, in octets.
pub(super) const BODY_LEN: usize = 16;

/// How many requests are on their way at once.
pub(super) const IN_FLIGHT: usize = 64;

/// How many calls go first, unmeasured.
const WARM_UP: usize = 100;
