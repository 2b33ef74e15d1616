//! Writes every single value of a run as JSON.

use std::fmt::Write;

use crate::arguments::Plan;
use crate::cell::{Extra, Outcome, SetUp};
use crate::machine;
use crate::repetitions::{Cell, Record};

/// One object: the conditions, the peers, and an entry for each cell in the order of measurement.
pub(crate) fn json(plan: &Plan, record: &Record) -> Result<String, String> {
    let mut peers = Vec::new();
    for peer in &plan.peers {
        peers.push(format!("    {}: {}", quoted(peer.name), quoted(&(peer.about)()?)));
    }
    let cells: Vec<String> = record.cells.iter().map(|cell| format!("    {{{}}}", entry(cell))).collect();
    Ok(format!(
        "{{\n  \"machine\": {},\n  \"repetitions\": {},\n  \"warm_up_ms\": {},\n  \"window_ms\": {},\n  \
         \"peers\": {{\n{}\n  }},\n  \"cells\": [\n{}\n  ]\n}}\n",
        quoted(&machine::description()),
        plan.repetitions,
        plan.times.warm_up.as_millis(),
        plan.times.window.as_millis(),
        peers.join(",\n"),
        cells.join(",\n")
    ))
}

fn entry(cell: &Cell) -> String {
    let head = format!(
        "\"repetition\": {}, \"case\": {}, \"peer\": {}",
        cell.repetition,
        quoted(&cell.case.to_string()),
        quoted(cell.peer)
    );
    match &cell.outcome {
        Ok(outcome) => format!("{head}, {}", values(outcome)),
        Err(fault) => format!("{head}, \"failed\": {}", quoted(fault)),
    }
}

fn values(outcome: &Outcome) -> String {
    let ([cpu_connecting, cpu_binding], [rss_connecting, rss_binding]) = (outcome.cpu_ns, outcome.rss_kib);
    let mut text = format!(
        "\"messages_per_s\": {:.1}, \"cpu_ns_connecting\": {cpu_connecting:.2}, \"cpu_ns_binding\": {cpu_binding:.2}, \
         \"peak_rss_kib_connecting\": {rss_connecting}, \"peak_rss_kib_binding\": {rss_binding}",
        outcome.messages_per_s
    );
    let _ = match outcome.extra {
        Extra::None => Ok(()),
        Extra::Latency(latency) => write!(text, ", \"p50_ns\": {}, \"p99_ns\": {}", latency.p50_ns, latency.p99_ns),
        Extra::Lost(share) => write!(text, ", \"lost_share\": {share:.4}"),
        Extra::SetUp(SetUp { took_ns, rss_kib: [connecting, binding] }) => write!(
            text,
            ", \"set_up_ns\": {took_ns}, \"rss_kib_a_connection_connecting\": {connecting:.2}, \
             \"rss_kib_a_connection_binding\": {binding:.2}"
        ),
    };
    text
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_as_json_wants_it() {
        assert_eq!(quoted("a \"b\" \\ c\n×"), "\"a \\\"b\\\" \\\\ c\\u000a×\"");
    }
}
