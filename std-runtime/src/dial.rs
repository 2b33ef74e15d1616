//! How does a connection come about, and come back?

use crate::connection::{Connection, Ended};
use crate::endpoint::Endpoint;
use crate::hub::Shared;
use crate::junction::Junction;
use crate::life::Phase;
use crate::monitor::Event;
use crate::options::{Options, ms};
use crate::transport::{self, Incoming, Outgoing};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeptomq_core::backoff::Backoff;
use zeptomq_core::peer::PeerId;

/// Whom to connect to, and how.
pub(crate) struct Callee {
    /// Where it is, or what events call it.
    pub(crate) endpoint: Endpoint,
    /// How the user connects to it; the endpoint says how when he does not.
    pub(crate) own: Option<Box<dyn Fn() -> Dialling + Send + Sync>>,
}

/// An attempt to connect.
pub(crate) type Dialling = Pin<Box<dyn Future<Output = io::Result<(Incoming, Outgoing)>> + Send>>;

impl Callee {
    async fn connect(&self, options: &Options) -> io::Result<(Incoming, Outgoing)> {
        match &self.own {
            Some(dial) => dial().await,
            None => transport::connect(&self.endpoint, options).await,
        }
    }
}

/// Connects to the callee, and again when the connection is lost, until the socket is closed or the peer refuses us.
#[expect(clippy::manual_async_fn, reason = "the task has this all its life, and an async function its arguments twice")]
pub(crate) fn dial(junction: Arc<dyn Junction>, callee: Callee, peer: PeerId) -> impl Future<Output = ()> + Send {
    async move { redial(&junction, &callee, peer).await }
}

async fn redial(junction: &Arc<dyn Junction>, callee: &Callee, peer: PeerId) {
    let endpoint = &callee.endpoint;
    let shared = junction.shared();
    let (least, most) = shared.options.reconnect;
    let (backoff, mut step_ms) = (Backoff::new(ms(least), ms(most)), 0);
    loop {
        let begun = Instant::now();
        // From before the attempt, so that none is missed.
        let news = transport::news(endpoint, &shared.options);
        let error = match attempt(junction, callee, peer).await {
            Ended::Refused(reason) => {
                let lost = junction.queued(peer);
                let reason = if lost > 0 { format!("{reason}; {lost} messages for it were dropped") } else { reason };
                // First the reason, for whoever is woken to look for one.
                shared.report(Event::Refused { endpoint: endpoint.clone(), reason });
                return junction.give_up(peer);
            }
            Ended::Closed => return,
            Ended::Failed(error) => Some(error),
            Ended::Lost => {
                // A peer that lets us in only to send us away is not tried again at once.
                if begun.elapsed() >= LASTING {
                    step_ms = 0;
                }
                None
            }
        };
        let delay = Duration::from_millis(u64::from(backoff.next_ms(&mut step_ms, random())));
        if let Some(error) = error {
            shared.report(Event::Retrying { endpoint: endpoint.clone(), error, delay });
        }
        // Apart, as whatever a connection that is up does not need: the task has this future for as long.
        if !Box::pin(pause(&**junction, peer, delay, news)).await {
            return;
        }
    }
}

/// Waits until it is time to try again. Whether there is any need to.
async fn pause(junction: &dyn Junction, peer: PeerId, delay: Duration, news: impl Future<Output = ()>) -> bool {
    // A socket that closes needs the peer only for what is still queued for it.
    let idle = async {
        let life = &junction.shared().life;
        life.reach(Phase::Closing).await;
        if junction.queued(peer) > 0 {
            life.reach(Phase::Closed).await;
        }
    };
    tokio::select! {
        () = tokio::time::sleep(delay) => true,
        () = news => true,
        () = idle => false,
    }
}

async fn attempt(junction: &Arc<dyn Junction>, callee: &Callee, peer: PeerId) -> Ended {
    let Shared { options, life, .. } = junction.shared();
    let connecting = Box::pin(tokio::time::timeout(options.handshake_timeout, callee.connect(options)));
    let (incoming, outgoing) = match Box::pin(life.unless_closed(connecting)).await {
        Some(Ok(Ok(halves))) => halves,
        Some(Ok(Err(error))) => return Ended::Failed(error.to_string()),
        Some(Err(_)) => return Ended::Failed("no answer in time".into()),
        None => return Ended::Closed,
    };
    let connection = Connection {
        incoming,
        outgoing,
        junction: junction.clone(),
        endpoint: callee.endpoint.clone(),
        peer: Some(peer),
        on_up: Box::new(|| ()),
    };
    options.security.run(connection).await
}

/// A connection that was there for so long was a good one.
const LASTING: Duration = Duration::from_secs(1);

/// For jitter only, so that the system's want of entropy does no harm.
pub(crate) fn random() -> u32 {
    getrandom::u32().unwrap_or(0)
}
