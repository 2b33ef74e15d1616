//! Measures ZeptoMQ beside its peers: one run, a table and a plot for each group of cases.
#![cfg_attr(
    not(all(feature = "libzmq", feature = "zeptomq")),
    allow(dead_code, reason = "some of what peers share is for those alone that are left out")
)]

use std::process::ExitCode;
use std::{env, fs};

use arguments::{Command, Plan, USAGE};

mod arguments;
mod body;
mod case;
mod cell;
mod child;
mod json;
mod machine;
mod meter;
mod peer;
mod plots;
mod repetitions;
mod report;
mod station;
mod statistics;
mod summary;

fn main() -> ExitCode {
    let done = Command::parse(env::args().skip(1)).and_then(|command| match command {
        Command::Measure(plan) => measure(&plan),
        Command::Play(orders) => child::play(orders),
        Command::Help => {
            println!("{USAGE}");
            Ok(())
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("zeptomq-bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn measure(plan: &Plan) -> Result<(), String> {
    let record = repetitions::run(plan);
    println!("{}", report::markdown(plan, &record)?);
    if let Some(path) = &plan.json {
        let text = json::json(plan, &record)?;
        fs::write(path, text).map_err(|error| format!("write {}: {error}", path.display()))?;
    }
    if let Some(folder) = &plan.plots {
        plots::write(plan, &record, folder)?;
    }
    match record.cells.iter().filter(|cell| cell.outcome.is_err()).count() {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} cells failed", record.cells.len())),
    }
}
