//! What does a person at the terminal see on stderr?

use std::cell::Cell;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Prints a line about the command itself.
pub(crate) fn line(text: &str) {
    raw(&format!("zepto: {text}\n"));
}

/// Prints a line that scripts read too.
pub(crate) fn plain_line(text: &str) {
    raw(&format!("{text}\n"));
}

fn raw(text: &str) {
    // There is nobody to tell when stderr is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// How many of something there were.
pub(crate) struct Counter {
    noun: &'static str,
    count: Cell<u64>,
}

impl Counter {
    /// Counts from nothing. The noun goes behind a number.
    pub(crate) const fn new(noun: &'static str) -> Self {
        Self { noun, count: Cell::new(0) }
    }

    /// Counts one more.
    pub(crate) fn add_one(&self) {
        self.count.set(self.count.get() + 1);
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.get()
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", grouped(self.count()), self.noun)
    }
}

/// Several counters as one phrase.
pub(crate) fn phrase(counters: &[&Counter]) -> String {
    counters.iter().map(|counter| counter.to_string()).collect::<Vec<_>>().join(", ")
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A line that changes in place while something runs, on a terminal alone.
pub(crate) struct Live {
    ticks: Option<tokio::time::Interval>,
    is_shown: bool,
}

impl Live {
    /// Changes every `period`, when stderr is a terminal and `wanted`.
    pub(crate) fn new(wanted: bool, period: Duration) -> Self {
        let ticks = (wanted && std::io::stderr().is_terminal()).then(|| {
            let first = tokio::time::Instant::now() + period;
            let mut ticks = tokio::time::interval_at(first, period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks
        });
        Self { ticks, is_shown: false }
    }

    /// Waits until it is time to show something new.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub(crate) async fn due(&mut self) {
        match &mut self.ticks {
            Some(ticks) => {
                ticks.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    /// Shows this instead of what was shown before.
    pub(crate) fn show(&mut self, text: &str) {
        raw(&format!("\r\x1b[K{text}"));
        self.is_shown = true;
    }

    /// Leaves the line as it was before.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            raw("\r\x1b[K");
        }
    }
}

/// How fast counters grow.
pub(crate) struct Rates {
    since: Instant,
    before: Vec<u64>,
}

impl Rates {
    /// Measures from now on.
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), before: Vec::new() }
    }

    /// The counters with their growth per second since the last call.
    pub(crate) fn phrase(&mut self, counters: &[&Counter]) -> String {
        let elapsed = self.since.elapsed().as_secs_f64().max(0.001);
        self.since = Instant::now();
        self.before.resize(counters.len(), 0);
        let phrases = counters.iter().zip(&mut self.before).map(|(counter, before)| {
            let grown = counter.count() - std::mem::replace(before, counter.count());
            format!("{counter} ({}/s)", grouped((grown as f64 / elapsed).round() as u64))
        });
        phrases.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (12_345, "12,345")] {
            assert_eq!(grouped(number), text);
        }
    }
}
