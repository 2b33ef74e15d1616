//! What do the repetitions of a cell say together: medians, extremes, and ratios taken within each repetition?

use crate::case::Case;
use crate::cell::Outcome;
use crate::repetitions::Record;
use crate::statistics::Spread;

/// One peer at one case, over the repetitions.
#[derive(Clone, Copy)]
pub(crate) struct Summary<'a> {
    record: &'a Record,
    case: Case,
    peer: &'static str,
}

/// What can be told of an outcome; none where the case does not have it.
pub(crate) type Value = fn(&Outcome) -> Option<f64>;

impl<'a> Summary<'a> {
    /// None of a peer that takes no part in the case.
    pub(crate) fn of(record: &'a Record, case: Case, peer: &'static str) -> Option<Self> {
        record.of(case, peer).next().map(|_| Self { record, case, peer })
    }

    /// How many repetitions failed, of how many.
    pub(crate) fn failed(&self) -> (usize, usize) {
        let outcomes = || self.record.of(self.case, self.peer);
        (outcomes().filter(|(_, outcome)| outcome.is_err()).count(), outcomes().count())
    }

    /// Over the repetitions that did not fail.
    pub(crate) fn seen(&self, of: Value) -> Option<Spread> {
        let outcomes = self.record.of(self.case, self.peer);
        Spread::of(outcomes.filter_map(|(_, outcome)| of(outcome.as_ref().ok()?)))
    }

    /// To the anchor's value of the same repetition.
    pub(crate) fn ratio(&self, of: Value) -> Option<Spread> {
        let outcomes = self.record.of(self.case, self.peer);
        Spread::of(outcomes.filter_map(|(repetition, outcome)| {
            let anchor = self.record.at(self.case, self.case.anchor(), repetition)?;
            Some(of(outcome.as_ref().ok()?)? / of(anchor)?)
        }))
    }

    /// What is compared in this case: the median round trip in microseconds, or messages each second.
    pub(crate) fn speed(&self) -> Value {
        if self.case.is_timed() { p50_us } else { rate }
    }
}

/// Messages, deliveries or replies each second.
pub(crate) fn rate(outcome: &Outcome) -> Option<f64> {
    Some(outcome.messages_per_s)
}

/// The median round trip in microseconds.
pub(crate) fn p50_us(outcome: &Outcome) -> Option<f64> {
    outcome.latency().map(|latency| latency.p50_ns as f64 / 1e3)
}

/// What one round trip in a hundred exceeds, in microseconds.
pub(crate) fn p99_us(outcome: &Outcome) -> Option<f64> {
    outcome.latency().map(|latency| latency.p99_ns as f64 / 1e3)
}

/// How long it took to set up many connections, in milliseconds.
pub(crate) fn set_up_ms(outcome: &Outcome) -> Option<f64> {
    Some(outcome.set_up()?.took_ns as f64 / 1e6)
}

/// CPU time of both processes for each message, in nanoseconds.
pub(crate) fn cpu_ns(outcome: &Outcome) -> Option<f64> {
    Some(outcome.cpu_ns.iter().sum())
}

/// Three digits that mean something.
pub(crate) fn short(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 999_500.0 => (value / 1e6, " M"),
        value if value >= 9_995.0 => (value / 1e3, " k"),
        value => (value, ""),
    };
    match value {
        value if value >= 99.95 => format!("{value:.0}{unit}"),
        value if value >= 9.995 => format!("{value:.1}{unit}"),
        value => format!("{value:.2}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Extra;
    use crate::repetitions::Cell;

    #[test]
    fn three_digits_mean_something() {
        let shown = [2.414, 21.93, 131.4, 9994.0, 34_567.0, 999_600.0, 69_000_000.0].map(short);
        assert_eq!(shown, ["2.41", "21.9", "131", "9994", "34.6 k", "1.00 M", "69.0 M"]);
    }

    #[test]
    fn a_ratio_is_taken_within_its_repetition() {
        let case: Case = "push16".parse().unwrap();
        let cell = |repetition, peer, messages_per_s| Cell {
            repetition,
            case,
            peer,
            outcome: Ok(Outcome { messages_per_s, cpu_ns: [1.0, 2.0], rss_kib: [1024, 2048], extra: Extra::None }),
        };
        let mut cells = Vec::new();
        for (repetition, (anchor, other)) in [(1.0, 2.0), (10.0, 30.0), (100.0, 500.0)].into_iter().enumerate() {
            cells.push(cell(repetition, "libzmq", anchor));
            cells.push(cell(repetition, "raw-tokio", other));
        }
        cells.push(Cell { repetition: 3, case, peer: "libzmq", outcome: Err(String::from("gap")) });
        cells.push(cell(3, "raw-tokio", 1.0));
        let record = Record { cells };

        let raw = Summary::of(&record, case, "raw-tokio").unwrap();
        assert_eq!(raw.ratio(rate), Some(Spread { median: 3.0, min: 2.0, max: 5.0 }));
        let anchor = Summary::of(&record, case, "libzmq").unwrap();
        assert_eq!((anchor.failed(), raw.failed()), ((1, 4), (0, 4)));
        assert_eq!(anchor.ratio(rate), Some(Spread { median: 1.0, min: 1.0, max: 1.0 }));
        assert!(Summary::of(&record, case, "zeptomq").is_none());
    }
}
