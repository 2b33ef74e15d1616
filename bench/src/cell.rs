//! Measures one peer at one case: two processes, one window.

use std::time::Duration;
use std::{fs, thread};

use crate::case::{CONNECTIONS, Case, Cpus, Kind};
use crate::machine::{now_ns, two_cpus};
use crate::peer::Peer;
use crate::station::Station;

/// How long to let the peers run in, and how long to measure.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// From the first message received until the window opens.
    pub(crate) warm_up: Duration,
    /// The measured time.
    pub(crate) window: Duration,
}

/// What one window showed. In pairs, the connecting process is first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Messages received, or replies, each second.
    pub(crate) messages_per_s: f64,
    /// CPU time of each process for each of those messages.
    pub(crate) cpu_ns: [f64; 2],
    /// Peak resident memory of each process until the window's end.
    pub(crate) rss_kib: [u64; 2],
    /// What only some cases have.
    pub(crate) extra: Extra,
}

/// What only some cases have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extra {
    /// Nothing.
    None,
    /// Round trips one at a time.
    Latency(Latency),
    /// The share of messages that never arrived.
    Lost(f64),
    /// Setting up many connections.
    SetUp(SetUp),
}

/// Percentiles of the round trips within the window, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    /// The median.
    pub(crate) p50_ns: u64,
    /// Exceeded by one round trip in a hundred.
    pub(crate) p99_ns: u64,
}

/// What connections cost before they are used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetUp {
    /// From the first call of the connecting process until the last of the first messages was received.
    pub(crate) took_ns: u64,
    /// Resident memory that came with each connection, in both processes, a moment after.
    pub(crate) rss_kib: [f64; 2],
}

impl Outcome {
    /// The round trips, when they were timed.
    pub(crate) fn latency(&self) -> Option<Latency> {
        if let Extra::Latency(latency) = self.extra { Some(latency) } else { None }
    }

    /// What connections cost, when that was seen.
    pub(crate) fn set_up(&self) -> Option<SetUp> {
        if let Extra::SetUp(set_up) = self.extra { Some(set_up) } else { None }
    }

    /// The share of messages that never arrived, where they may be lost.
    pub(crate) fn lost(&self) -> Option<f64> {
        if let Extra::Lost(lost) = self.extra { Some(lost) } else { None }
    }
}

/// Runs both processes and ends them. The error says which role failed, and how.
pub(crate) fn measure(peer: &Peer, case: Case, times: Times) -> Result<Outcome, String> {
    let cpus = match (case.cpus(), two_cpus()?) {
        (Cpus::Any, _) => [None; 2],
        (Cpus::One, [one, _]) => [Some(one); 2],
        (Cpus::OneEach, each) => each.map(Some),
    };
    let (binds, connects) = case.roles();
    let mut binding = Station::start(peer, case, binds, cpus[1], None)?;
    let endpoint = binding.answer("endpoint")?;
    let idle_kib = if case.kind == Kind::Conns { binding.rss_kib()? } else { 0 };
    let mut connecting = Station::start(peer, case, connects, cpus[0], Some(&endpoint))?;
    let observed = observe(case, idle_kib, &mut connecting, &mut binding, times).map_err(|fault| {
        // When one process ends, the other sees its connection break: the cause may be either's.
        let mut faults = vec![fault];
        faults.extend(connecting.fault());
        faults.extend(binding.fault());
        faults.join("; ")
    });
    if let Some(path) = endpoint.strip_prefix("ipc://") {
        // Its owner is killed before it could.
        let _ = fs::remove_file(path);
    }
    observed
}

fn observe(
    case: Case,
    idle_kib: u64,
    connecting: &mut Station,
    binding: &mut Station,
    times: Times,
) -> Result<Outcome, String> {
    let counting = if binding.role.counts() { &mut *binding } else { &mut *connecting };
    let [flowing_ns] = counting.numbers("flowing")?;
    let set_up = match case.kind {
        Kind::Conns => Some(set_up(flowing_ns, idle_kib, connecting, binding)?),
        _ => None,
    };
    let (warm_up, window) = (times.warm_up * case.patience(), times.window * case.patience());
    let start_ns = now_ns() + warm_up.as_nanos() as u64;
    let end_ns = start_ns + window.as_nanos() as u64;
    for station in [&mut *binding, &mut *connecting] {
        station.order(format_args!("window {start_ns} {end_ns}"))?;
    }
    thread::sleep(warm_up + window);

    let samples = [connecting.sample()?, binding.sample()?];
    let counted = samples[usize::from(binding.role.counts())];
    if counted.received == 0 {
        return Err(String::from("no message arrived in the window"));
    }
    let extra = if let Some(set_up) = set_up {
        Extra::SetUp(set_up)
    } else if case.is_timed() {
        let [p50_ns, p99_ns] = connecting.numbers("latency")?;
        Extra::Latency(Latency { p50_ns, p99_ns })
    } else if case.may_lose() {
        Extra::Lost(counted.lost as f64 / (counted.lost + counted.received) as f64)
    } else {
        Extra::None
    };
    let messages_per_ns = counted.received as f64 / counted.wall_ns as f64;
    Ok(Outcome {
        messages_per_s: messages_per_ns * 1e9,
        // Each process reads the clock itself: its own CPU share, whatever its timer's delay.
        cpu_ns: samples.map(|sample| sample.cpu_ns as f64 / sample.wall_ns as f64 / messages_per_ns),
        rss_kib: samples.map(|sample| sample.rss_kib),
        extra,
    })
}

/// Looks at the connections while they are idle, and then lets the flood go.
fn set_up(flowing_ns: u64, idle_kib: u64, connecting: &mut Station, binding: &mut Station) -> Result<SetUp, String> {
    let [began_ns, began_kib] = connecting.numbers("began")?;
    thread::sleep(IDLE);
    let rss_kib: [Result<f64, String>; 2] =
        [(&mut *connecting, began_kib), (binding, idle_kib)].map(|(station, before_kib)| {
            let now_kib = station.rss_kib()?;
            Ok(now_kib.saturating_sub(before_kib) as f64 / CONNECTIONS as f64)
        });
    connecting.order(format_args!("flood"))?;
    let [connecting_kib, binding_kib] = rss_kib;
    Ok(SetUp { took_ns: flowing_ns.saturating_sub(began_ns), rss_kib: [connecting_kib?, binding_kib?] })
}

/// Time for what served the set-up alone to be given back.
const IDLE: Duration = Duration::from_millis(500);
