//! What ends a command before its work is done: a peer that cannot be one, the deadline, the user, a closed stdout?

use std::future::Future;
use std::io::IsTerminal;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;
use zeptomq::{Monitor, Undelivered};

use crate::args::Common;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Printing;
use crate::report::{Counter, Live, Rates, phrase};
use crate::watch::Watch;

/// One run of a command.
pub(crate) struct Session<'a> {
    watch: Watch,
    interrupt: Interrupt,
    limit: Limit,
    printing: Option<Printing>,
    counters: &'a [&'a Counter],
    live: Live,
    rates: Rates,
    /// Whether all is sent, so that it has only to leave.
    is_leaving: bool,
}

/// Until when the work may go on.
#[derive(Clone, Copy)]
enum Limit {
    /// For ever.
    None,
    /// Until then, so long after the beginning.
    Time { at: Instant, after: Duration },
    /// For ever, unless nobody is there to take what was sent from this moment on.
    Peerless { from: Instant },
}

impl<'a> Session<'a> {
    /// Begins: the time that the user gives runs from now on. The counters are shown while it lasts.
    pub(crate) fn begin(
        common: &Common,
        monitor: Monitor,
        printing: Option<Printing>,
        counters: &'a [&'a Counter],
    ) -> Result<Self, Failure> {
        // Messages on the same terminal show well enough that something happens.
        let shows_messages = printing.is_some() && std::io::stdout().is_terminal();
        let time = |after| Limit::Time { at: Instant::now() + after, after };
        Ok(Self {
            watch: Watch::new(monitor),
            interrupt: Interrupt::listen()?,
            limit: common.timeout.map_or(Limit::None, time),
            printing,
            counters,
            live: Live::new(!shows_messages, LIVE_PERIOD),
            rates: Rates::new(),
            is_leaving: false,
        })
    }

    /// Works until that is done or something ends it.
    pub(crate) async fn work<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut work = pin!(work);
        let ended = loop {
            let limit = self.limit_at();
            tokio::select! {
                biased;
                done = &mut work => break done,
                event = self.watch.next() => if let Err(refused) = event { break Err(refused) },
                closed = closed(&mut self.printing) => break Err(closed),
                () = self.interrupt.raised() => break Err(Failure::Interrupted(self.stopped("interrupted"))),
                () = until(limit) => break Err(self.out_of_time()),
                () = self.live.due() => {
                    self.live.show(&format!("{}{}", self.rates.phrase(self.counters), self.watch.because()));
                }
            }
        };
        self.live.clear();
        match ended {
            Err(Failure::Lost(line)) => Err(self.explain(line).await),
            ended => ended,
        }
    }

    /// Says why a peer was lost, which is known a little later than that it was.
    async fn explain(&mut self, line: String) -> Failure {
        let refused = async {
            loop {
                if let Err(refused) = self.watch.next().await {
                    return refused;
                }
            }
        };
        match tokio::time::timeout(REASON_WITHIN, refused).await {
            Ok(refused) => refused,
            Err(_) => Failure::Failed(format!("{line}{}", self.watch.because())),
        }
    }

    /// Waits until what was received is printed, however the work went.
    pub(crate) async fn printed<T>(&mut self, worked: Result<T, Failure>) -> Result<T, Failure> {
        let Some(mut printing) = self.printing.take() else { return worked };
        if worked.is_ok() {
            self.work(printing.ended()).await?;
        } else {
            // The reason to end stays the one that it was, even when stdout is slow.
            let _ = tokio::time::timeout(LAST_MOMENT, printing.ended()).await;
        }
        worked
    }

    /// Closes the socket and waits until what it was given has left, however the work went.
    ///
    /// Who interrupts the work once lets what is on its way leave for a moment; who does so twice does not wait.
    pub(crate) async fn leave<T>(
        &mut self,
        worked: Result<T, Failure>,
        close: impl Future<Output = Result<(), Undelivered>>,
    ) -> Result<T, Failure> {
        self.limit = match (&worked, self.limit) {
            (Ok(_), Limit::None) => Limit::Peerless { from: Instant::now() },
            (Ok(_), given) => given,
            (Err(Failure::Interrupted(_)), given) => given.at_most(LAST_MOMENT),
            (Err(_), _) => return worked,
        };
        self.is_leaving = true;
        let close = async { close.await.map_err(|undelivered| Failure::Lost(undelivered.to_string())) };
        let left = self.work(close).await;
        self.is_leaving = false;
        match left {
            Ok(()) => worked,
            // The moment after an interrupt is over, or the user does not wait for it.
            Err(Failure::TimedOut(_)) if worked.is_err() => Err(Failure::Failed(self.unsent("interrupted"))),
            Err(Failure::Interrupted(line)) => Err(Failure::Failed(line)),
            Err(other) => Err(other),
        }
    }

    /// When the time is over, as far as it is known now.
    fn limit_at(&self) -> Option<Instant> {
        match self.limit {
            Limit::None => None,
            Limit::Time { at, .. } => Some(at),
            Limit::Peerless { from } => self.watch.alone_since().map(|since| since.max(from) + PATIENCE),
        }
    }

    fn out_of_time(&self) -> Failure {
        match self.limit {
            Limit::Time { after, .. } => Failure::TimedOut(self.stopped(&format!("timed out after {after:?}"))),
            Limit::Peerless { .. } | Limit::None => Failure::Failed(self.stopped(NOBODY)),
        }
    }

    /// What stopped the work, and how far it was.
    fn stopped(&self, by: &str) -> String {
        if self.is_leaving {
            return self.unsent(by);
        }
        format!("{by}: {}{}", phrase(self.counters), self.watch.because())
    }

    fn unsent(&self, by: &str) -> String {
        format!("{by}, and not all of it has left: {}{}", phrase(self.counters), self.watch.because())
    }
}

impl Limit {
    fn at_most(self, after: Duration) -> Self {
        let soon = Instant::now() + after;
        match self {
            Self::Time { at, .. } if at < soon => self,
            _ => Self::Time { at: soon, after },
        }
    }
}

async fn until(limit: Option<Instant>) {
    match limit {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Waits until stdout takes no more.
async fn closed(printing: &mut Option<Printing>) -> Failure {
    if let Some(printing) = printing
        && let Err(failure) = printing.ended().await
    {
        return failure;
    }
    std::future::pending().await
}

/// How soon the reason for a failure is known.
const REASON_WITHIN: Duration = Duration::from_millis(50);

const LIVE_PERIOD: Duration = Duration::from_secs(1);

/// How long an interrupted command lets its last messages leave.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// How long a command that has nothing left to do waits for somebody to come and take what it sent.
const PATIENCE: Duration = Duration::from_secs(30);
const NOBODY: &str = "nobody was there for 30 s";
