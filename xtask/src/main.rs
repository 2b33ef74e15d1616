//! Which commands does the project have of its own? `cargo xtask` lists them.

mod bench;
mod firmware;
mod fuzz;
mod image;
mod instructions;
mod no_panic;
mod page;
mod panic_sites;
mod python;
mod qemu;
mod size;
mod step;
mod suite;
mod tools;

use std::process::ExitCode;

use page::Mode;
use step::{Run, Stop};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test                    sets up what the tests need, then runs all of them
  no-panic                proves that no panic is reachable in the core, by linking an image for a Thumb target
  firmware                builds the demo node for its board, and prints the path of the image on the last line
  qemu                    boots the demo node in QEMU and shows its log until interrupted
  size [--check]          measures what the core costs on a microcontroller, and writes docs/size.md or compares with it
  instructions [--check]  counts what the core's loops take, and writes docs/instructions.md or compares with it
  fuzz [SECONDS]          runs every fuzz target for that long (30 when not given), on nightly
";

/// How long each fuzz target runs when nobody says.
const FUZZ_SECONDS: u32 = 30;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut run = Run::new();
    let result = match arguments.as_slice() {
        ["test"] => suite::run(&mut run, FUZZ_SECONDS),
        ["no-panic"] => run.step("no panic in the core", no_panic::check),
        ["size"] => size::run(&mut run, Mode::unsaid()),
        ["size", "--check"] => size::run(&mut run, Mode::Check),
        ["instructions"] => instructions::run(&mut run, Mode::unsaid()),
        ["instructions", "--check"] => instructions::run(&mut run, Mode::Check),
        ["fuzz"] => fuzz::run(&mut run, FUZZ_SECONDS),
        ["fuzz", seconds] => match seconds.parse() {
            Ok(seconds) => fuzz::run(&mut run, seconds),
            Err(_) => return usage(),
        },
        ["firmware"] => return ended(firmware::command()),
        ["qemu"] => return ended(qemu::command()),
        _ => return usage(),
    };
    run.summary(result)
}

/// The status of a command that is no run of steps.
fn ended(result: Result<(), Stop>) -> ExitCode {
    let Err(Stop::Failed(reason) | Stop::Missing(reason)) = result else { return ExitCode::SUCCESS };
    eprintln!("{}", reason.trim_end());
    ExitCode::FAILURE
}

fn usage() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}
