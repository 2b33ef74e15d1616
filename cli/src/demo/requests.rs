//! What does a call cost: asked one at a time, and with many on their way?

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use zeptomq::{Dealer, Rep, Req, Router};

use super::latency::Latencies;
use super::{LOOPBACK, while_shown};
use crate::failure::Failure;
use crate::report::grouped;

/// What a run of calls showed.
pub(super) struct Calls {
    /// What each took, from before it was sent until its reply was there.
    pub(super) latencies: Latencies,
    /// All together.
    pub(super) elapsed: Duration,
}

/// Calls a REP from a REQ for this time: a call, its reply, the next call.
pub(super) async fn one_at_a_time(duration: Duration) -> Result<Calls, Failure> {
    let rep = Rep::new();
    let at = rep.bind(LOOPBACK).await.map_err(Failure::failed)?;
    let mut req = Req::new();
    req.connect(&at.to_string()).map_err(Failure::failed)?;
    let done = Cell::new(0);
    let calls = async {
        for _ in 0..WARM_UP {
            req.request(&[0; BODY_LEN]).await.map_err(Failure::failed)?;
        }
        let mut latencies = Vec::with_capacity(1 << 17);
        let begun = Instant::now();
        let mut asked = begun;
        while asked - begun < duration {
            req.request(&[0; BODY_LEN]).await.map_err(Failure::failed)?;
            let answered = Instant::now();
            latencies.push(answered - asked);
            done.set(latencies.len());
            asked = answered;
        }
        Ok(Calls { latencies: Latencies::new(latencies), elapsed: asked - begun })
    };
    let state = |_| format!("REQ and REP: {} calls, one at a time", grouped(done.get() as u64));
    while_shown(served(answer(rep), calls), state).await
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
        let mut latencies = Vec::with_capacity(1 << 19);
        let begun = Instant::now();
        for _ in 0..IN_FLIGHT {
            dealer.send(&sent_at(begun.elapsed())).await.map_err(Failure::failed)?;
        }
        let mut on_their_way = IN_FLIGHT;
        while on_their_way > 0 {
            let reply = dealer.recv().await.map_err(Failure::failed)?;
            let now = begun.elapsed();
            latencies.push(now.saturating_sub(when_sent(reply.part(0))?));
            done.set(latencies.len());
            if now < duration {
                dealer.send(&sent_at(now)).await.map_err(Failure::failed)?;
            } else {
                on_their_way -= 1;
            }
        }
        Ok(Calls { latencies: Latencies::new(latencies), elapsed: begun.elapsed() })
    };
    let state = |_| format!("DEALER and ROUTER: {} calls, {IN_FLIGHT} on their way", grouped(done.get() as u64));
    while_shown(served(forward(router), calls), state).await
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

/// Answers each request with itself, until something is wrong.
async fn answer(mut rep: Rep) -> Result<(), Failure> {
    loop {
        let (request, responder) = rep.accept().await.map_err(Failure::failed)?;
        responder.reply(request).await.map_err(Failure::failed)?;
    }
}

/// Sends each message back to where it came from, until something is wrong.
async fn forward(mut router: Router) -> Result<(), Failure> {
    loop {
        let message = router.recv().await.map_err(Failure::failed)?;
        router.send(message).await.map_err(Failure::failed)?;
    }
}

/// A request that says when it was sent.
fn sent_at(when: Duration) -> [u8; BODY_LEN] {
    when.as_nanos().to_le_bytes()
}

fn when_sent(part: Option<&[u8]>) -> Result<Duration, Failure> {
    let octets = part.and_then(|part| part.try_into().ok()).map(u128::from_le_bytes);
    let nanoseconds = octets.and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| Failure::failed("a reply is not what was asked"))
}

/// How long each message is, in octets.
pub(super) const BODY_LEN: usize = 16;

/// How many requests are on their way at once.
pub(super) const IN_FLIGHT: usize = 64;

/// How many calls go first, unmeasured.
const WARM_UP: usize = 100;
