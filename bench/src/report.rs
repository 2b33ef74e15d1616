//! Writes a run as Markdown: its conditions, and a table for each group of cases.

use std::fmt::Write;

use crate::arguments::Plan;
use crate::case::{Case, Group};
use crate::machine;
use crate::repetitions::Record;
use crate::statistics::Spread;
use crate::summary::{Summary, Value, cpu_ns, p50_us, p99_us, rate, set_up_ms, short};

/// The conditions, the tables, and whatever failed.
pub(crate) fn markdown(plan: &Plan, record: &Record) -> Result<String, String> {
    let mut text = conditions(plan)?;
    for group in Group::ALL {
        let cases: Vec<Case> = plan.cases.iter().copied().filter(|case| case.group() == group).collect();
        if cases.is_empty() {
            continue;
        }
        let _ = write!(text, "\n### {}\n\n", group.title());
        if group == Group::Connections {
            text.push_str("Ratios are to libzmq-burst64.\n\n");
        }
        text.push_str(HEAD);
        let _ = for_each(plan, record, &cases, |case, peer, summary| speed_row(&mut text, case, peer, summary));
        if group == Group::Connections {
            let _ = write!(text, "\n{SET_UP_HEAD}");
            let _ = for_each(plan, record, &cases, |case, peer, summary| set_up_row(&mut text, case, peer, summary));
        }
    }
    faults(&mut text, record);
    Ok(text)
}

fn conditions(plan: &Plan) -> Result<String, String> {
    let mut text = format!(
        "{}. Two processes over 127.0.0.1; {} repetitions, windows of {} ms after {} ms of warm-up, four times as long \
         from 1 MiB, twice with 1,000 connections. Cells are medians (min–max); ratios are taken within each repetition.\n\n",
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

fn for_each(
    plan: &Plan,
    record: &Record,
    cases: &[Case],
    mut row: impl FnMut(Case, &str, Summary<'_>) -> std::fmt::Result,
) -> std::fmt::Result {
    for &case in cases {
        for peer in &plan.peers {
            if let Some(summary) = Summary::of(record, case, peer.name) {
                let name = match summary.failed() {
                    (0, _) => peer.name.to_owned(),
                    (failed, of) => format!("{} [{failed}/{of} failed]", peer.name),
                };
                row(case, &name, summary)?;
            }
        }
    }
    Ok(())
}

fn speed_row(text: &mut String, case: Case, peer: &str, summary: Summary<'_>) -> std::fmt::Result {
    let seen = |value: Value| summary.seen(value).map(|spread| with_extremes(spread, &short));
    let ratio = |value: Value| {
        summary.ratio(value).map_or_else(|| String::from("–"), |spread| with_extremes(spread, &|x| format!("{x:.2}")))
    };
    let (Some(messages), Some(cpu)) = (seen(rate), seen(cpu_ns)) else {
        return writeln!(text, "| {case} | {peer} | failed | – | – | – | – |");
    };
    let mut speed = match (seen(p50_us), seen(p99_us)) {
        (Some(p50), Some(p99)) => format!("p50 {p50} µs; p99 {p99} µs"),
        _ => format!("{messages} /s"),
    };
    if let Some(lost) = summary.seen(|outcome| Some(outcome.lost()? * 100.0)) {
        let _ = write!(speed, "; lost {} %", with_extremes(lost, &|share| format!("{share:.1}")));
    }
    let rss = |value: Value| summary.seen(value).map_or(0.0, |spread| spread.median);
    writeln!(
        text,
        "| {case} | {peer} | {speed} | {} | {cpu} ns | {} | {:.1} / {:.1} |",
        ratio(summary.speed()),
        ratio(cpu_ns),
        rss(|outcome| Some(outcome.rss_kib[0] as f64 / 1024.0)),
        rss(|outcome| Some(outcome.rss_kib[1] as f64 / 1024.0))
    )
}

fn set_up_row(text: &mut String, case: Case, peer: &str, summary: Summary<'_>) -> std::fmt::Result {
    let seen = |value: Value| summary.seen(value).map(|spread| with_extremes(spread, &short));
    let ratio = summary.ratio(set_up_ms).map(|spread| with_extremes(spread, &|x| format!("{x:.2}")));
    let cells = [
        seen(set_up_ms),
        ratio,
        seen(|outcome| Some(outcome.set_up()?.rss_kib[0])),
        seen(|outcome| Some(outcome.set_up()?.rss_kib[1])),
    ];
    let [took, ratio, connecting, binding] = cells.map(|cell| cell.unwrap_or_else(|| String::from("–")));
    writeln!(text, "| {case} | {peer} | {took} | {ratio} | {connecting} | {binding} |")
}

/// Each fault once, with how often it was seen.
fn faults(text: &mut String, record: &Record) {
    let mut seen: Vec<(String, usize)> = Vec::new();
    for cell in &record.cells {
        if let Err(fault) = &cell.outcome {
            let what = format!("{} {}: {fault}", cell.case, cell.peer);
            match seen.iter_mut().find(|(known, _)| *known == what) {
                Some((_, times)) => *times += 1,
                None => seen.push((what, 1)),
            }
        }
    }
    if !seen.is_empty() {
        text.push_str("\nFailed:\n\n");
    }
    for (what, times) in seen {
        let _ = writeln!(text, "* {times} × {what}");
    }
}

fn with_extremes(spread: Spread, show: &dyn Fn(f64) -> String) -> String {
    let (median, min, max) = (show(spread.median), show(spread.min), show(spread.max));
    if min == max { format!("**{median}**") } else { format!("**{median}** ({min}–{max})") }
}

const HEAD: &str = "\
| case | peer | speed | × libzmq | CPU a message | × libzmq | peak RSS MiB |
|---|---|---|---|---|---|---|
";
const SET_UP_HEAD: &str = "\
| case | peer | set-up of 1,000 connections, ms | × libzmq | RSS a connection, KiB: PUSH | PULL |
|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repetitions::Cell;

    #[test]
    fn what_failed_is_shown_and_told_once() {
        let case: Case = "push16k".parse().unwrap();
        let cell =
            |repetition| Cell { repetition, case, peer: "zeromq", outcome: Err(String::from("no message arrived")) };
        let record = Record { cells: (0..3).map(cell).collect() };
        let mut text = String::new();
        let summary = Summary::of(&record, case, "zeromq").unwrap();
        speed_row(&mut text, case, "zeromq [3/3 failed]", summary).unwrap();
        faults(&mut text, &record);
        assert!(text.starts_with("| push16k | zeromq [3/3 failed] | failed | – |"), "{text}");
        assert!(text.ends_with("\n* 3 × push16k zeromq: no message arrived\n"), "{text}");
    }
}
