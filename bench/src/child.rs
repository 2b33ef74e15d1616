//! One peer's process: plays its role for ever while a second thread samples it over the window.

use std::fmt::{self, Display};
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{io, process, thread};

use crate::body::{Checks, Stamps};
use crate::case::Role;
use crate::machine::{cpu_ns, now_ns, peak_rss_kib, pin};
use crate::peer::Peer;
use crate::statistics::percentile;

/// What the measuring parent tells the process that it starts, as its command line.
pub(crate) struct Orders {
    /// Which library to use.
    pub(crate) peer: &'static Peer,
    /// What to do with it.
    pub(crate) role: Role,
    /// Octets of each body.
    pub(crate) body_len: usize,
    /// The CPU to stay on.
    pub(crate) cpu: Option<usize>,
    /// Where to connect, in the words of the same peer's binding process.
    pub(crate) endpoint: Option<String>,
}

/// Plays the role until the parent closes this process's standard input or kills it.
pub(crate) fn play(orders: Orders) -> Result<(), String> {
    if let Some(cpu) = orders.cpu {
        pin(cpu)?;
    }
    let meter = Arc::new(Meter::default());
    let sampled = Arc::clone(&meter);
    let counts = orders.role.counts();
    thread::spawn(move || {
        let sampled = sample(&sampled, counts).map(|()| process::exit(0));
        report_fault(sampled);
    });
    let (peer, role) = (orders.peer, orders.role);
    report_fault(peer.play(role, &Child { orders, meter }));
}

/// What a peer's code needs to play a role.
pub(crate) struct Child {
    orders: Orders,
    meter: Arc<Meter>,
}

impl Child {
    /// Octets of each body.
    pub(crate) fn body_len(&self) -> usize {
        self.orders.body_len
    }

    /// Where to connect.
    pub(crate) fn endpoint(&self) -> Result<&str, String> {
        self.orders.endpoint.as_deref().ok_or_else(|| String::from("this role needs an endpoint to connect to"))
    }

    /// Tells the parent where this process listens; the connecting process is handed the same words.
    pub(crate) fn announce(&self, endpoint: impl Display) {
        tell(format_args!("endpoint {endpoint}"));
    }

    /// The bodies to send.
    pub(crate) fn stamps(&self) -> Stamps {
        Stamps::new(self.orders.body_len)
    }

    /// The bodies to expect.
    pub(crate) fn checks(&self) -> Checks {
        Checks::new(self.orders.body_len, Arc::clone(&self.meter))
    }

    /// The record of the round trips that this process makes.
    pub(crate) fn round_trips(&self) -> RoundTrips {
        RoundTrips::Open { took_ns: Vec::with_capacity(1 << 20), meter: Arc::clone(&self.meter) }
    }
}

/// What the playing thread and the sampling thread share.
#[derive(Default)]
pub(crate) struct Meter {
    count: AtomicU64,
    window: OnceLock<Window>,
}

impl Meter {
    /// Sets how many messages have been received so far.
    #[inline]
    pub(crate) fn count(&self, messages: u64) {
        self.count.store(messages, Ordering::Relaxed);
    }

    /// How many messages have been received so far.
    pub(crate) fn counted(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// The measured span of the shared clock.
#[derive(Clone, Copy)]
struct Window {
    start_ns: u64,
    end_ns: u64,
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
        let Some(window) = meter.window.get() else { return };
        if end_ns > window.end_ns {
            took_ns.sort_unstable();
            tell(format_args!("latency {} {}", percentile(took_ns, 50), percentile(took_ns, 99)));
            *self = RoundTrips::Reported;
        } else if start_ns >= window.start_ns {
            took_ns.push(end_ns - start_ns);
        }
    }
}

/// Reads the window from the parent, samples this process at both ends of it, and waits to be dismissed.
fn sample(meter: &Meter, counts: bool) -> Result<(), String> {
    if counts {
        await_first_message(meter)?;
        tell(format_args!("flowing"));
    }
    let Some(window) = read_window()? else { return Ok(()) };
    let _ = meter.window.set(window);
    sleep_until(window.start_ns);
    let before = Sample::take(meter)?;
    sleep_until(window.end_ns);
    let after = Sample::take(meter)?;
    tell(format_args!(
        "sample {} {} {} {}",
        after.at_ns - before.at_ns,
        after.cpu_ns - before.cpu_ns,
        after.count - before.count,
        peak_rss_kib()?
    ));
    // The parent's end of the pipe closes even when it was killed: no flood outlives it.
    let _ = io::stdin().lines().next();
    Ok(())
}

struct Sample {
    at_ns: u64,
    cpu_ns: u64,
    count: u64,
}

impl Sample {
    fn take(meter: &Meter) -> Result<Self, String> {
        Ok(Self { at_ns: now_ns(), count: meter.counted(), cpu_ns: cpu_ns()? })
    }
}

fn await_first_message(meter: &Meter) -> Result<(), String> {
    for _ in 0..FIRST_MESSAGE_MS {
        if meter.counted() > 0 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err(format!("no message arrived within {} s", FIRST_MESSAGE_MS / 1000))
}

/// None when the parent has gone.
fn read_window() -> Result<Option<Window>, String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| format!("read the window: {error}"))?;
    let mut numbers = line.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (None, _) => Ok(None),
        (Some(Ok(start_ns)), Some(Ok(end_ns))) => Ok(Some(Window { start_ns, end_ns })),
        _ => Err(format!("the window `{}` is not two numbers", line.trim())),
    }
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

const FIRST_MESSAGE_MS: u64 = 10_000;
