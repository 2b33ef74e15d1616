//! In which order cells are measured, so that the machine's drift falls on every peer alike.

use crate::arguments::Plan;
use crate::case::Case;
use crate::cell::{Outcome, measure};

/// Every outcome of a run.
pub(crate) struct Record {
    /// In the order of measurement.
    pub(crate) cells: Vec<Cell>,
}

/// One peer's outcome at one case in one repetition.
pub(crate) struct Cell {
    /// From 0.
    pub(crate) repetition: usize,
    /// What was measured.
    pub(crate) case: Case,
    /// The peer's name.
    pub(crate) peer: &'static str,
    /// What was seen, or why it failed.
    pub(crate) outcome: Result<Outcome, String>,
}

impl Record {
    /// The outcomes of one peer at one case, by repetition.
    pub(crate) fn of(&self, case: Case, peer: &str) -> impl Iterator<Item = (usize, &Result<Outcome, String>)> {
        self.cells
            .iter()
            .filter(move |cell| cell.case == case && cell.peer == peer)
            .map(|cell| (cell.repetition, &cell.outcome))
    }

    /// The outcome of one peer at one case in one repetition, unless it failed.
    pub(crate) fn at(&self, case: Case, peer: &str, repetition: usize) -> Option<&Outcome> {
        self.of(case, peer).find(|(at, _)| *at == repetition).and_then(|(_, outcome)| outcome.as_ref().ok())
    }
}

/// Measures the whole plan: within a repetition every peer runs a case before any runs the next, and a different
/// peer goes first in each repetition. Progress goes to standard error.
pub(crate) fn run(plan: &Plan) -> Record {
    let mut cells = Vec::new();
    for repetition in 0..plan.repetitions {
        for &case in &plan.cases {
            let peers: Vec<_> = plan.peers.iter().filter(|peer| (peer.takes)(case)).collect();
            for turn in 0..peers.len() {
                let peer = peers[(repetition + turn) % peers.len()];
                let outcome = measure(peer, case, plan.times);
                match &outcome {
                    Ok(seen) => eprintln!("{} {case} {}: {:.0}/s", repetition + 1, peer.name, seen.messages_per_s),
                    Err(fault) => eprintln!("{} {case} {}: failed: {fault}", repetition + 1, peer.name),
                }
                cells.push(Cell { repetition, case, peer: peer.name, outcome });
            }
        }
    }
    Record { cells }
}
