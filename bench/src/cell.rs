//! Measures one peer at one case: two processes, one window.

use std::io::{BufRead, BufReader, Write};
use std::process::{self, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use std::{env, thread};

use crate::case::{Case, Role};
use crate::machine::{last_cpu, now_ns};
use crate::peer::Peer;

/// How long to let the peers run in, and how long to measure.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// From the first message received until the window opens.
    pub(crate) warm_up: Duration,
    /// The measured time.
    pub(crate) window: Duration,
}

/// What one window showed. In pairs, the connecting process (PUSH, REQ) is first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Messages received by PULL, or replies received by REQ, each second.
    pub(crate) messages_per_s: f64,
    /// CPU time of each process for each of those messages.
    pub(crate) cpu_ns: [f64; 2],
    /// Peak resident memory of each process until the window's end.
    pub(crate) rss_kib: [u64; 2],
    /// Round trips; REQ/REP only.
    pub(crate) latency: Option<Latency>,
}

/// Percentiles of the round trips within the window, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    /// The median.
    pub(crate) p50_ns: u64,
    /// Exceeded by one round trip in a hundred.
    pub(crate) p99_ns: u64,
}

/// Runs both processes and ends them. The error says which role failed, and how.
pub(crate) fn measure(peer: &Peer, case: Case, times: Times) -> Result<Outcome, String> {
    let (binds, connects) = case.roles();
    let cpu = if case.on_one_cpu() { Some(last_cpu()?) } else { None };
    let mut binding = Station::start(peer, binds, case, cpu, None)?;
    let endpoint = binding.answer("endpoint")?;
    let mut connecting = Station::start(peer, connects, case, cpu, Some(&endpoint))?;
    observe(&mut connecting, &mut binding, times).map_err(|fault| {
        // When one process ends, the other sees its connection break: the cause may be either's.
        let mut faults = vec![fault];
        faults.extend(connecting.fault());
        faults.extend(binding.fault());
        faults.join("; ")
    })
}

fn observe(connecting: &mut Station, binding: &mut Station, times: Times) -> Result<Outcome, String> {
    let counting = if binding.role.counts() { &mut *binding } else { &mut *connecting };
    counting.answer("flowing")?;
    let start_ns = now_ns() + times.warm_up.as_nanos() as u64;
    let end_ns = start_ns + times.window.as_nanos() as u64;
    binding.open_window(start_ns, end_ns)?;
    connecting.open_window(start_ns, end_ns)?;
    thread::sleep(times.warm_up + times.window);

    let samples = [connecting.sample()?, binding.sample()?];
    let latency = if connecting.role.counts() { Some(connecting.latency()?) } else { None };
    let counted = samples[usize::from(binding.role.counts())];
    if counted.messages == 0 {
        return Err(String::from("no message arrived in the window"));
    }
    let messages_per_ns = counted.messages as f64 / counted.wall_ns as f64;
    Ok(Outcome {
        messages_per_s: messages_per_ns * 1e9,
        // Each process reads the clock itself: its own CPU share, whatever its timer's delay.
        cpu_ns: samples.map(|sample| sample.cpu_ns as f64 / sample.wall_ns as f64 / messages_per_ns),
        rss_kib: samples.map(|sample| sample.rss_kib),
        latency,
    })
}

#[derive(Clone, Copy)]
struct Sample {
    wall_ns: u64,
    cpu_ns: u64,
    messages: u64,
    rss_kib: u64,
}

/// One of the two processes, as the measuring process sees it. Dropping it ends the process.
struct Station {
    role: Role,
    process: process::Child,
    orders: ChildStdin,
    lines: Receiver<String>,
    /// A line that was not yet asked for.
    early: Vec<String>,
}

impl Station {
    fn start(peer: &Peer, role: Role, case: Case, cpu: Option<usize>, endpoint: Option<&str>) -> Result<Self, String> {
        let failed = |error| format!("{role}: start a process: {error}");
        let mut process = Command::new(env::current_exe().map_err(failed)?)
            .args(["peer", peer.name, &role.to_string(), &case.body_len().to_string()])
            .arg(cpu.map_or_else(|| String::from("any"), |cpu| cpu.to_string()))
            .args(endpoint)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(orders), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("{role}: the process has no pipes"));
        };
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { role, process, orders, lines, early: Vec::new() })
    }

    fn open_window(&mut self, start_ns: u64, end_ns: u64) -> Result<(), String> {
        writeln!(self.orders, "{start_ns} {end_ns}").map_err(|error| format!("{}: send the window: {error}", self.role))
    }

    /// The fault that this process tells within a moment, if it has not been told yet.
    fn fault(&mut self) -> Option<String> {
        let fault = |line: String| Some(format!("{}: {}", self.role, line.strip_prefix(FAULT)?.trim_start()));
        while let Ok(line) = self.lines.recv_timeout(FAULT_WITHIN) {
            if let Some(fault) = fault(line) {
                return Some(fault);
            }
        }
        None
    }

    fn sample(&mut self) -> Result<Sample, String> {
        let [wall_ns, cpu_ns, messages, rss_kib] = self.numbers("sample")?;
        Ok(Sample { wall_ns, cpu_ns, messages, rss_kib })
    }

    fn latency(&mut self) -> Result<Latency, String> {
        let [p50_ns, p99_ns] = self.numbers("latency")?;
        Ok(Latency { p50_ns, p99_ns })
    }

    fn numbers<const N: usize>(&mut self, word: &str) -> Result<[u64; N], String> {
        let rest = self.answer(word)?;
        let numbers: Option<Vec<u64>> = rest.split_whitespace().map(|text| text.parse().ok()).collect();
        numbers
            .and_then(|numbers| numbers.try_into().ok())
            .ok_or_else(|| format!("{}: the answer `{word} {rest}` does not have {N} numbers", self.role))
    }

    /// Waits for the line that begins with this word; returns the rest of it.
    fn answer(&mut self, word: &str) -> Result<String, String> {
        if let Some(at) = self.early.iter().position(|line| line.starts_with(word)) {
            return Ok(rest_of(&self.early.remove(at)));
        }
        loop {
            let line = self
                .lines
                .recv_timeout(ANSWER_WITHIN)
                .map_err(|error| format!("{}: no `{word}` was answered: {error}", self.role))?;
            match line.split_whitespace().next() {
                Some(first) if first == word => return Ok(rest_of(&line)),
                Some(FAULT) => return Err(format!("{}: {}", self.role, rest_of(&line))),
                _ => self.early.push(line),
            }
        }
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after `wait`.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn rest_of(line: &str) -> String {
    line.split_once(' ').map_or_else(String::new, |(_, rest)| rest.to_owned())
}

const FAULT: &str = "fault";
const FAULT_WITHIN: Duration = Duration::from_millis(200);
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
