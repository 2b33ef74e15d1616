//! Do the benchmarks still run? Their own tests, and every role of every peer for a moment.

use std::path::PathBuf;

use crate::step::{Outcome, Stop};
use crate::tools;

/// Each role, short and long messages, both transports, and many connections, subscribers and topics.
const CASES: [&str; 9] =
    ["push16", "push1m", "req16", "flight16", "pub64", "pub64-drop", "conns64", "ipc-push64k", "topics1000"];

/// Ours and the bare stream's. libzmq is not on every machine, and the other libraries bring hundreds of crates.
const PARTS: &str = "--locked --manifest-path bench/Cargo.toml --no-default-features --features zeptomq";

/// Tests what measures.
pub(crate) fn tests() -> Result<String, Stop> {
    need_linux()?;
    tools::output(tools::cargo(&format!("test {PARTS} --target-dir")).arg(target_folder()))
}

/// Plays all cases once, with windows so short that the numbers say nothing: what is looked for are faults.
pub(crate) fn smoke() -> Outcome {
    need_linux()?;
    let mut command = tools::command(build("zeptomq-bench")?, SHORT.split(' '));
    command.args(CASES.iter().flat_map(|case| ["--case", case]));
    let text = tools::output(&mut command)?;
    let missing: Vec<&str> = CASES.into_iter().filter(|case| !ran(&text, case)).collect();
    if !missing.is_empty() {
        return Err(Stop::Failed(format!("{text}\n{command:?}: no result of {}", missing.join(", "))));
    }
    Ok(format!("{} cells", cells(&text).count()))
}

/// Builds what is measured with. Where the program of this name is.
pub(crate) fn build(program: &str) -> Result<PathBuf, Stop> {
    let mut build = tools::cargo(&format!("build --release {PARTS} --target-dir"));
    // What the environment adds to the compiler's flags would be counted with it.
    build.arg(target_folder()).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    tools::output(&mut build)?;
    Ok(target_folder().join("release").join(program))
}

/// Whether a cell of this case was measured with ours.
fn ran(text: &str, case: &str) -> bool {
    cells(text).any(|cell| cell.strip_prefix(case).is_some_and(|rest| rest.starts_with(" zeptomq: ")))
}

/// The cells that were measured, from lines as `1 push16 zeptomq: 13920229/s`.
fn cells(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.ends_with("/s")).filter_map(|line| line.strip_prefix("1 "))
}

/// The benchmarks read and bind processors as Linux does.
pub(crate) fn need_linux() -> Result<(), Stop> {
    if cfg!(target_os = "linux") { Ok(()) } else { Err(Stop::Missing("the benchmarks need Linux".to_owned())) }
}

fn target_folder() -> PathBuf {
    tools::target_folder().join("bench")
}

const SHORT: &str = "--repetitions 1 --warm-up-ms 50 --window-ms 100";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_measured_counts_as_run() {
        let text = "1 push16 zeptomq: 13920229/s\n1 push16 raw-tokio: 53537662/s\n\
                    1 push1m zeptomq: failed: no message arrived in the window\n1 req16 raw-tokio: 60875/s\n";
        assert_eq!(cells(text).count(), 3);
        assert_eq!(["push16", "push1", "push1m", "req16"].map(|case| ran(text, case)), [true, false, false, false]);
    }
}
