//! Does any input break a promise of the core? Every fuzz target runs for a while, from the committed corpus.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failed, Outcome, Run, Stop};
use crate::tools;

/// Runs each fuzz target for `seconds`, a step for each.
pub(crate) fn run(run: &mut Run, seconds: u32) -> Result<(), Failed> {
    let mut targets = Vec::new();
    run.step("fuzz targets", || {
        tools::need_cargo_fuzz()?;
        targets = find_targets()?;
        tools::output(&mut cargo_fuzz("build", None))?;
        Ok(format!("{} built", targets.len()))
    })?;
    for target in &targets {
        run.step(&format!("fuzz {target}"), || fuzz(target, seconds))?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    tools::root().join("core").join("fuzz")
}

/// The names of the files in `fuzz_targets`.
fn find_targets() -> Result<Vec<String>, Stop> {
    let folder = folder().join("fuzz_targets");
    let files = std::fs::read_dir(&folder).map_err(|error| Stop::Failed(format!("{}: {error}", folder.display())))?;
    let files = files.filter_map(Result::ok).map(|file| file.path());
    let rust = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let mut names: Vec<String> = rust.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    names.sort_unstable();
    Ok(names)
}

fn fuzz(target: &str, seconds: u32) -> Outcome {
    let out = tools::target_folder().join("fuzz");
    let (finds, crashes) = (out.join("finds").join(target), out.join("crashes").join(target));
    for folder in [&finds, &crashes] {
        std::fs::create_dir_all(folder).map_err(|error| Stop::Failed(format!("{}: {error}", folder.display())))?;
    }
    let mut command = cargo_fuzz("run", Some(target));
    // libFuzzer writes what it finds to the first folder and only reads the others.
    command.arg(&finds).arg(folder().join("corpus").join(target));
    command.arg("--").arg(format!("-max_total_time={seconds}")).arg("-timeout=5").arg("-rss_limit_mb=1024");
    command.arg(format!("-artifact_prefix={}", prefix(&crashes)));
    match tools::output(&mut command) {
        Ok(text) => Ok(executions(&text)),
        Err(Stop::Failed(text)) => Err(Stop::Failed(with_replay(text, target))),
        Err(stop) => Err(stop),
    }
}

/// The subcommand on nightly. The core has no unsafe code, so no sanitizer slows it down.
fn cargo_fuzz(subcommand: &str, target: Option<&str>) -> Command {
    let mut command = tools::cargo(&format!("+nightly fuzz {subcommand} --sanitizer none --fuzz-dir"));
    command.arg(folder()).arg("--target-dir").arg(tools::target_folder().join("fuzz")).args(target);
    command
}

/// libFuzzer joins this and a file's name as they stand.
fn prefix(folder: &Path) -> String {
    format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR)
}

/// Ends the report with the file that holds the input, and the line that runs it again.
fn with_replay(report: String, target: &str) -> String {
    let file = report.lines().find_map(|line| Some(line.split_once("Test unit written to ")?.1.trim().to_owned()));
    let Some(file) = file else { return report };
    format!(
        "{report}\n\nthe input is in {file}; again: \
         cargo +nightly fuzz run --sanitizer none --fuzz-dir core/fuzz {target} {file}"
    )
}

/// libFuzzer's last line, for the step's own: `Done 123456 runs in 31 second(s)`.
fn executions(text: &str) -> String {
    let done = text.lines().rev().find_map(|line| line.strip_prefix("Done ")?.split(' ').next());
    done.map(|runs| format!("{runs} runs")).unwrap_or_default()
}
