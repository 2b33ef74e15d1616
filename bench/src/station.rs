//! One of the two processes of a cell, as the measuring process sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{self, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use std::{env, fmt, thread};

use crate::case::{Case, Role};
use crate::peer::Peer;

/// What a process saw within the window.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Between its two looks at the clock.
    pub(crate) wall_ns: u64,
    /// CPU time of the whole process.
    pub(crate) cpu_ns: u64,
    /// Messages.
    pub(crate) received: u64,
    /// Messages that will never be received.
    pub(crate) lost: u64,
    /// The most memory that was resident until then.
    pub(crate) rss_kib: u64,
}

/// One of the two processes. Dropping it ends the process.
pub(crate) struct Station {
    /// What it does.
    pub(crate) role: Role,
    process: process::Child,
    orders: ChildStdin,
    lines: Receiver<String>,
    /// Lines that were not asked for yet.
    early: Vec<String>,
}

impl Station {
    /// Starts this program again to play a role.
    pub(crate) fn start(
        peer: &Peer,
        case: Case,
        role: Role,
        cpu: Option<usize>,
        endpoint: Option<&str>,
    ) -> Result<Self, String> {
        let failed = |error| format!("{role}: start a process: {error}");
        let mut process = Command::new(env::current_exe().map_err(failed)?)
            .args(["peer", peer.name, &case.to_string()])
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

    /// Tells this process what to do now.
    pub(crate) fn order(&mut self, order: fmt::Arguments<'_>) -> Result<(), String> {
        writeln!(self.orders, "{order}").map_err(|error| format!("{}: tell it `{order}`: {error}", self.role))
    }

    /// Memory that is resident now, in KiB.
    pub(crate) fn rss_kib(&mut self) -> Result<u64, String> {
        self.order(format_args!("rss"))?;
        self.numbers("rss").map(|[kib]| kib)
    }

    /// The fault that this process tells within a moment, if it has not been told yet.
    pub(crate) fn fault(&mut self) -> Option<String> {
        let fault = |line: String| Some(format!("{}: {}", self.role, line.strip_prefix(FAULT)?.trim_start()));
        while let Ok(line) = self.lines.recv_timeout(FAULT_WITHIN) {
            if let Some(fault) = fault(line) {
                return Some(fault);
            }
        }
        None
    }

    /// What this process saw, after the window.
    pub(crate) fn sample(&mut self) -> Result<Sample, String> {
        let [wall_ns, cpu_ns, received, lost, rss_kib] = self.numbers("sample")?;
        Ok(Sample { wall_ns, cpu_ns, received, lost, rss_kib })
    }

    /// Waits for the line of numbers that begins with this word.
    pub(crate) fn numbers<const N: usize>(&mut self, word: &str) -> Result<[u64; N], String> {
        let rest = self.answer(word)?;
        let numbers: Option<Vec<u64>> = rest.split_whitespace().map(|text| text.parse().ok()).collect();
        numbers
            .and_then(|numbers| numbers.try_into().ok())
            .ok_or_else(|| format!("{}: the answer `{word} {rest}` does not have {N} numbers", self.role))
    }

    /// Waits for the line that begins with this word; returns the rest of it.
    pub(crate) fn answer(&mut self, word: &str) -> Result<String, String> {
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
