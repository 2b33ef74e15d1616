//! One peer's process: plays its role for ever while a second thread samples it over the window.

use std::fmt::{self, Display};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use std::{io, process, thread};

use crate::body::{Checks, Order, Stamps};
use crate::case::{Case, Kind, Role};
use crate::machine::{allow_many_files, cpu_ns, now_ns, peak_rss_kib, pin, rss_kib};
use crate::meter::{Counts, Meter, Window};
use crate::peer::Peer;
use crate::statistics::percentile;

/// What the measuring parent tells the process that it starts, as its command line.
pub(crate) struct Orders {
    /// Which library to use.
    pub(crate) peer: &'static Peer,
    /// What is measured.
    pub(crate) case: Case,
    /// The CPU to stay on.
    pub(crate) cpu: Option<usize>,
    /// Where to connect, in the words of the same peer's binding process. Whoever has none binds.
    pub(crate) endpoint: Option<String>,
}

impl Orders {
    /// What to do.
    fn role(&self) -> Role {
        let (binds, connects) = self.case.roles();
        if self.endpoint.is_none() { binds } else { connects }
    }
}

/// Plays the role until the parent closes this process's standard input or kills it.
pub(crate) fn play(orders: Orders) -> Result<(), String> {
    if let Some(cpu) = orders.cpu {
        pin(cpu)?;
    }
    allow_many_files()?;
    let role = orders.role();
    let meter = Arc::new(Meter::new(orders.case.parties()));
    let sampled = Arc::clone(&meter);
    thread::spawn(move || {
        let sampled = sample(&sampled, role.counts()).map(|()| process::exit(0));
        report_fault(sampled);
    });
    let peer = orders.peer;
    report_fault((peer.play)(role, &Child { orders, meter }));
}

/// What a peer's code needs to play a role.
pub(crate) struct Child {
    orders: Orders,
    meter: Arc<Meter>,
}

impl Child {
    /// What is measured.
    pub(crate) fn case(&self) -> Case {
        self.orders.case
    }

    /// Where to connect.
    pub(crate) fn endpoint(&self) -> Result<&str, String> {
        self.orders.endpoint.as_deref().ok_or_else(|| String::from("this role needs an endpoint to connect to"))
    }

    /// Where to bind, as ZeroMQ's libraries write it.
    pub(crate) fn bind_to(&self) -> String {
        if self.orders.case.over_ipc() {
            format!("ipc://{}/zeptomq-bench-{}", std::env::temp_dir().display(), process::id())
        } else {
            String::from("tcp://127.0.0.1:0")
        }
    }

    /// Tells the parent where this process listens; the connecting process is handed the same words.
    pub(crate) fn announce(&self, endpoint: impl Display) {
        tell(format_args!("endpoint {endpoint}"));
    }

    /// The bodies to send.
    pub(crate) fn stamps(&self) -> Stamps {
        self.stamps_of(0)
    }

    /// The bodies that one of several senders sends.
    pub(crate) fn stamps_of(&self, sender: usize) -> Stamps {
        Stamps::new(self.orders.case.body_len(), sender)
    }

    /// The bodies to expect.
    pub(crate) fn checks(&self) -> Checks {
        self.checks_at(0)
    }

    /// The bodies to expect at one of several receivers.
    pub(crate) fn checks_at(&self, receiver: usize) -> Checks {
        let case = self.orders.case;
        let (senders, order) = match case.kind {
            Kind::Conns => (case.parties(), Order::Whole),
            Kind::Pub | Kind::Topics => (1, Order::FromAnywhere),
            Kind::PubDrop => (1, Order::Gaps),
            _ => (1, Order::Whole),
        };
        Checks::new(case.body_len(), senders, order, receiver, Arc::clone(&self.meter))
    }

    /// The record of the round trips that this process makes.
    pub(crate) fn round_trips(&self) -> RoundTrips {
        RoundTrips::Open { took_ns: Vec::with_capacity(1 << 20), meter: Arc::clone(&self.meter) }
    }

    /// Tells the parent that this process begins to connect.
    pub(crate) fn begin_to_connect(&self) -> Result<(), String> {
        tell(format_args!("began {} {}", now_ns(), rss_kib()?));
        Ok(())
    }

    /// Whether the flood over many connections may begin.
    pub(crate) fn may_flood(&self) -> bool {
        self.meter.may_flood()
    }
}

/// Keeps the duration of each round trip that lies within the window and reports them when it is over.
pub(crate) enum RoundTrips {
    /// The window is ahead, or has begun.
    Open {
        /// Durations so far, in nanoseconds.
        took_ns: Vec<u64>,
        /// Knows the window.
        meter: Arc<Meter>,
    },
    /// The window is over and its percentiles are reported.
    Reported,
}

impl RoundTrips {
    /// Takes a round trip by its two instants.
    #[inline]
    pub(crate) fn record(&mut self, start_ns: u64, end_ns: u64) {
        let RoundTrips::Open { took_ns, meter } = self else { return };
        let Some(window) = meter.window() else { return };
        if end_ns > window.end_ns {
            took_ns.sort_unstable();
            tell(format_args!("latency {} {}", percentile(took_ns, 50), percentile(took_ns, 99)));
            *self = RoundTrips::Reported;
        } else if start_ns >= window.start_ns {
            took_ns.push(end_ns - start_ns);
        }
    }
}

/// Does what the parent asks: tells how much memory is used, lets the flood go, samples this process at both ends of the
/// window. Returns when it is dismissed: the parent's end of the pipe closes even when it was killed, so no flood
/// outlives it.
fn sample(meter: &Arc<Meter>, counts: bool) -> Result<(), String> {
    if counts {
        let meter = Arc::clone(meter);
        thread::spawn(move || match await_all(&meter) {
            Ok(at_ns) => tell(format_args!("flowing {at_ns}")),
            Err(fault) => report_fault::<()>(Err(fault)),
        });
    }
    obey(meter)
}

fn obey(meter: &Meter) -> Result<(), String> {
    for line in io::stdin().lines() {
        let line = line.map_err(|error| format!("read an order: {error}"))?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["rss"] => tell(format_args!("rss {}", rss_kib()?)),
            ["flood"] => meter.let_flood(),
            ["window", start_ns, end_ns] => match (start_ns.parse(), end_ns.parse()) {
                (Ok(start_ns), Ok(end_ns)) => observe(meter, Window { start_ns, end_ns })?,
                _ => return Err(format!("the window `{line}` is not two numbers")),
            },
            _ => return Err(format!("the order `{line}` is unknown")),
        }
    }
    Ok(())
}

fn observe(meter: &Meter, window: Window) -> Result<(), String> {
    meter.open_window(window);
    sleep_until(window.start_ns);
    let before = Sample::take(meter)?;
    sleep_until(window.end_ns);
    let after = Sample::take(meter)?;
    tell(format_args!(
        "sample {} {} {} {} {}",
        after.at_ns - before.at_ns,
        after.cpu_ns - before.cpu_ns,
        after.counts.received - before.counts.received,
        after.counts.lost - before.counts.lost,
        peak_rss_kib()?
    ));
    Ok(())
}

struct Sample {
    at_ns: u64,
    cpu_ns: u64,
    counts: Counts,
}

impl Sample {
    fn take(meter: &Meter) -> Result<Self, String> {
        Ok(Self { at_ns: now_ns(), counts: meter.counts(), cpu_ns: cpu_ns()? })
    }
}

fn await_all(meter: &Meter) -> Result<u64, String> {
    for _ in 0..ALL_HEARD_WITHIN_MS {
        if let Some(at_ns) = meter.complete_ns() {
            return Ok(at_ns);
        }
        thread::sleep(Duration::from_millis(1));
    }
    let (heard, parties) = meter.heard();
    Err(match parties {
        1 => format!("no message arrived within {} s", ALL_HEARD_WITHIN_MS / 1000),
        _ => format!("first messages of {heard} of {parties} arrived within {} s", ALL_HEARD_WITHIN_MS / 1000),
    })
}

fn sleep_until(at_ns: u64) {
    thread::sleep(Duration::from_nanos(at_ns.saturating_sub(now_ns())));
}

/// Writes a line to the parent. Without a parent there is nothing left to do.
fn tell(line: fmt::Arguments<'_>) {
    let mut output = io::stdout().lock();
    if writeln!(output, "{line}").and_then(|()| output.flush()).is_err() {
        process::exit(1);
    }
}

fn report_fault<T>(outcome: Result<T, String>) -> ! {
    if let Err(fault) = outcome {
        tell(format_args!("fault {}", fault.replace('\n', "; ")));
    }
    process::exit(1)
}

/// A sender without back-pressure takes up a GiB in such a time.
const ALL_HEARD_WITHIN_MS: u64 = 5_000;
