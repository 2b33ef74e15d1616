//! Writes a run as one Markdown table.

use std::fmt::Write;

use crate::arguments::Plan;
use crate::case::Case;
use crate::cell::Outcome;
use crate::machine;
use crate::peer::Peer;
use crate::repetitions::Record;
use crate::statistics::Spread;

/// The conditions, the table, and whatever failed.
pub(crate) fn markdown(plan: &Plan, record: &Record) -> Result<String, String> {
    let mut text = conditions(plan)?;
    text.push_str("\n| case | peer | speed | × libzmq | CPU a message | × libzmq | peak RSS MiB |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    for &case in &plan.cases {
        for peer in &plan.peers {
            row(&mut text, record, case, peer.name);
        }
    }
    for cell in &record.cells {
        if let Err(fault) = &cell.outcome {
            let _ =
                write!(text, "\n* failed: {} {}, repetition {}: {fault}", cell.case, cell.peer, cell.repetition + 1);
        }
    }
    Ok(text)
}

fn conditions(plan: &Plan) -> Result<String, String> {
    let mut text = format!(
        "{}. Two processes over 127.0.0.1; {} repetitions, windows of {} ms after {} ms of warm-up. \
         Cells are medians (min–max); ratios are taken within each repetition.\n\n",
        machine::description(),
        plan.repetitions,
        plan.times.window.as_millis(),
        plan.times.warm_up.as_millis()
    );
    for peer in &plan.peers {
        let _ = writeln!(text, "* {}: {}", peer.name, (peer.about)()?);
    }
    Ok(text)
}

fn row(text: &mut String, record: &Record, case: Case, peer: &str) {
    let seen = |of: &dyn Fn(&Outcome) -> f64| {
        Spread::of(record.of(case, peer).filter_map(|(_, outcome)| outcome.as_ref().ok()).map(of))
    };
    let ratio = |of: &dyn Fn(&Outcome) -> f64| {
        let pairs = record.of(case, peer).filter_map(|(repetition, outcome)| {
            let anchor = record.at(case, Peer::ANCHOR, repetition)?;
            Some(of(outcome.as_ref().ok()?) / of(anchor))
        });
        Spread::of(pairs).map_or_else(|| String::from("–"), |spread| with_extremes(spread, &|x| format!("{x:.2}")))
    };
    let name = match record.of(case, peer).filter(|(_, outcome)| outcome.is_err()).count() {
        0 => peer.to_owned(),
        failed => format!("{peer} [{failed}/{} failed]", record.of(case, peer).count()),
    };
    let Some(rate) = seen(&|outcome| outcome.messages_per_s) else {
        let _ = writeln!(text, "| {case} | {name} | – | – | – | – | – |");
        return;
    };
    let (speed, speed_ratio) = match seen(&|outcome| p50_us(outcome)).zip(seen(&|outcome| p99_us(outcome))) {
        Some((p50, p99)) if matches!(case, Case::Req(_)) => (
            format!("p50 {} µs; p99 {} µs", with_extremes(p50, &short), with_extremes(p99, &short)),
            ratio(&|outcome| p50_us(outcome)),
        ),
        _ => (format!("{} /s", with_extremes(rate, &short)), ratio(&|outcome| outcome.messages_per_s)),
    };
    let cpu = |outcome: &Outcome| outcome.cpu_ns.iter().sum();
    let cpu_cell = seen(&cpu).map_or_else(String::new, |spread| with_extremes(spread, &short));
    let rss =
        |side: usize| seen(&move |outcome| outcome.rss_kib[side] as f64 / 1024.0).map_or(0.0, |spread| spread.median);
    let _ = writeln!(
        text,
        "| {case} | {name} | {speed} | {speed_ratio} | {cpu_cell} ns | {} | {:.1} / {:.1} |",
        ratio(&cpu),
        rss(0),
        rss(1)
    );
}

fn p50_us(outcome: &Outcome) -> f64 {
    outcome.latency.map_or(f64::NAN, |latency| latency.p50_ns as f64 / 1e3)
}

fn p99_us(outcome: &Outcome) -> f64 {
    outcome.latency.map_or(f64::NAN, |latency| latency.p99_ns as f64 / 1e3)
}

fn with_extremes(spread: Spread, show: &dyn Fn(f64) -> String) -> String {
    format!("**{}** ({}–{})", show(spread.median), show(spread.min), show(spread.max))
}

/// Three digits that mean something.
fn short(value: f64) -> String {
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
    use crate::cell::Latency;
    use crate::repetitions::Cell;

    #[test]
    fn three_digits_mean_something() {
        let shown = [2.414, 21.93, 131.4, 9994.0, 34_567.0, 999_600.0, 69_000_000.0].map(short);
        assert_eq!(shown, ["2.41", "21.9", "131", "9994", "34.6 k", "1.00 M", "69.0 M"]);
    }

    #[test]
    fn a_ratio_is_taken_within_its_repetition() {
        let case = Case::Push(16);
        let cell = |repetition, peer, messages_per_s, latency| Cell {
            repetition,
            case,
            peer,
            outcome: Ok(Outcome { messages_per_s, cpu_ns: [1.0, 2.0], rss_kib: [1024, 2048], latency }),
        };
        let none: Option<Latency> = None;
        let mut cells = Vec::new();
        for (repetition, (anchor, other)) in [(1.0, 2.0), (10.0, 30.0), (100.0, 500.0)].into_iter().enumerate() {
            cells.push(cell(repetition, "libzmq", anchor, none));
            cells.push(cell(repetition, "raw-tokio", other, none));
        }
        cells.push(Cell { repetition: 3, case, peer: "libzmq", outcome: Err(String::from("gap")) });
        cells.push(cell(3, "raw-tokio", 1.0, none));
        let record = Record { cells };
        let mut text = String::new();
        row(&mut text, &record, case, "raw-tokio");
        assert!(text.contains("| **3.00** (2.00–5.00) |"), "{text}");
        text.clear();
        row(&mut text, &record, case, "libzmq");
        assert!(text.contains("libzmq [1/4 failed]") && text.contains("| **1.00** (1.00–1.00) |"), "{text}");
    }
}
