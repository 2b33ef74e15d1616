//! How long did each of many things take?

use std::time::Duration;

/// Percentiles of what was measured.
pub(super) struct Latencies {
    sorted: Vec<Duration>,
}

impl Latencies {
    /// Sorts what was measured.
    pub(super) fn new(mut measured: Vec<Duration>) -> Self {
        measured.sort_unstable();
        Self { sorted: measured }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// What this share took at most: nearest rank.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.sorted.len() as f64 * percent / 100.0).ceil() as usize;
        self.sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// A duration with its unit, three digits of it.
pub(super) fn shown(duration: Duration) -> String {
    let us = duration.as_secs_f64() * 1e6;
    match us {
        us if us < 99.95 => format!("{us:.1} µs"),
        us if us < 999.5 => format!("{us:.0} µs"),
        us if us < 99_950.0 => format!("{:.1} ms", us / 1e3),
        us => format!("{:.0} ms", us / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::{Latencies, shown};
    use std::time::Duration;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let latencies = Latencies::new((1..=200).rev().map(Duration::from_micros).collect());
        for (percent, us) in [(50.0, 100), (90.0, 180), (99.0, 198), (100.0, 200), (0.1, 1)] {
            assert_eq!(latencies.percentile(percent), Duration::from_micros(us));
        }
        assert_eq!(Latencies::new(Vec::new()).percentile(50.0), Duration::ZERO);
    }

    #[test]
    fn a_duration_has_a_unit_and_few_digits() {
        for (us, text) in [(12, "12.0 µs"), (345, "345 µs"), (1_234, "1.2 ms"), (123_456, "123 ms")] {
            assert_eq!(shown(Duration::from_micros(us)), text);
        }
    }
}
