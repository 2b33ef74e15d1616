//! How many instructions does the core spend on a message: callgrind counts them, for clocks are noisy.
//!
//! The program runs itself under valgrind, one loop at a time, at two lengths. The difference of the two counts,
//! divided by the difference of the lengths, is free of set-up and warm-up.

use std::process::{Command, ExitCode, Stdio};
use std::{env, str};

use loops::{LOOPS, Loop};

mod loops;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["loop", name, messages] => run_loop(name, messages),
        [] => count_all(LOOPS.iter()),
        ref names => named(names).and_then(|chosen| count_all(chosen.into_iter())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("instructions: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn count_all<'a>(chosen: impl Iterator<Item = &'a Loop>) -> Result<(), String> {
    println!("| loop | instructions a message | what |\n|---|---|---|");
    for each in chosen {
        let [few, many] = [count(each, FEW)?, count(each, MANY)?];
        let per_message = many.saturating_sub(few) as f64 / (MANY - FEW) as f64;
        println!("| {} | {per_message:.1} | {} |", each.name, each.what);
    }
    Ok(())
}

/// Instructions within the loop's measured function, and in whatever it calls, for so many messages.
fn count(each: &Loop, messages: u64) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| format!("find this program: {error}"))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect=*{}*", each.function))
        .arg(program)
        .args(["loop", each.name, &messages.to_string()])
        .env("GLIBC_TUNABLES", PLAIN)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("start valgrind, which this needs to be installed: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind of `{}`: {}\n{report}", each.name, output.status));
    }
    match collected(&report) {
        Some(0) => Err(format!("callgrind saw no call of `{}`: is it inlined or renamed?", each.function)),
        Some(instructions) => Ok(instructions),
        None => Err(format!("valgrind of `{}` told no count:\n{report}", each.name)),
    }
}

/// The number behind `Collected :` in callgrind's closing words.
fn collected(report: &str) -> Option<u64> {
    let line = report.lines().find_map(|line| line.split_once("Collected :"))?.1;
    line.split_whitespace().next()?.parse().ok()
}

fn run_loop(name: &str, messages: &str) -> Result<(), String> {
    let messages = messages.parse().map_err(|_| format!("`{messages}` is not a number of messages"))?;
    let chosen = named(&[name])?;
    chosen.iter().for_each(|each| (each.run)(messages));
    Ok(())
}

fn named(names: &[&str]) -> Result<Vec<&'static Loop>, String> {
    names
        .iter()
        .map(|name| {
            LOOPS.iter().find(|each| each.name == *name).ok_or_else(|| {
                let known: Vec<_> = LOOPS.iter().map(|each| each.name).collect();
                format!("unknown loop `{name}`; there are {}", known.join(", "))
            })
        })
        .collect()
}

/// Has the C library copy and compare in the way that all processors know, and not in the best that this one does.
const PLAIN: &str = "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-SSSE3,-SSE4_1,-SSE4_2,-BMI2";

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_callgrinds_closing_words() {
        let report = "==7== Callgrind, a call-graph generating cache profiler\n==7== \n\
                      ==7== Events    : Ir\n==7== Collected : 12345\n==7== \n==7== I   refs:      12,345\n";
        assert_eq!(collected(report), Some(12345));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }

    #[test]
    fn no_loop_is_measured_by_anothers_name() {
        for (at, one) in LOOPS.iter().enumerate() {
            for (other_at, other) in LOOPS.iter().enumerate() {
                assert!(at == other_at || !other.function.contains(one.function), "{}", one.name);
            }
        }
    }
}
