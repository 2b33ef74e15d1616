//! How does one step of a run end, and what does the person at the terminal see of it?

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

/// Why a step did not reach its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// What was checked does not hold. The text is for whoever has to mend it.
    Failed(String),
    /// This machine lacks a tool. The text says which, and how to get it.
    Missing(String),
}

/// What a step has to say when it succeeds, often nothing.
pub(crate) type Outcome = Result<String, Stop>;

/// A step has failed and the run must not go on; what there was to say has been printed.
#[derive(Debug)]
pub(crate) struct Failed;

/// Whether this is continuous integration: the environment says `CI=true`.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Runs steps one after the other, a line for each.
pub(crate) struct Run {
    started: Instant,
    /// In continuous integration a missing tool is a failure: what is not run there is run nowhere.
    strict: bool,
    skipped: Vec<String>,
}

impl Run {
    /// A run that is strict in continuous integration.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), strict: in_ci(), skipped: Vec::new() }
    }

    /// Runs one step and prints its line. A step whose tool is missing is skipped, unless the run is strict.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Outcome) -> Result<(), Failed> {
        print!("{name:<40} ");
        // A terminal that cannot be written to is no reason to stop the checks.
        let _ = std::io::stdout().flush();
        let started = Instant::now();
        let outcome = work();
        let seconds = started.elapsed().as_secs_f32();
        match outcome {
            Ok(note) => {
                println!("{note:<30} {seconds:7.1} s");
                Ok(())
            }
            Err(Stop::Missing(how)) if !self.strict => {
                println!("SKIPPED");
                println!("    {how}");
                self.skipped.push(format!("{name}: {how}"));
                Ok(())
            }
            Err(Stop::Missing(reason) | Stop::Failed(reason)) => {
                println!("{:<30} {seconds:7.1} s", "FAILED");
                println!("\n{}\n", reason.trim_end());
                println!("failed: {name}");
                Err(Failed)
            }
        }
    }

    /// Prints how the run ended, with all that was skipped.
    pub(crate) fn summary(self, result: Result<(), Failed>) -> ExitCode {
        if !self.skipped.is_empty() {
            println!("\nSKIPPED, so not known to hold:");
            for line in &self.skipped {
                println!("  {line}");
            }
        }
        match result {
            Ok(()) => {
                let complete = if self.skipped.is_empty() { "all passed" } else { "the rest passed" };
                println!("\n{complete} in {:.0} s", self.started.elapsed().as_secs_f32());
                ExitCode::SUCCESS
            }
            Err(Failed) => ExitCode::FAILURE,
        }
    }
}
