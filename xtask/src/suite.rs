//! What must hold before a change is taken? Each line here is one step of `cargo xtask test`.

use crate::firmware::Firmware;
use crate::page::Mode;
use crate::python::Python;
use crate::step::{Failed, Outcome, Run};
use crate::{bench, fuzz, instructions, no_panic, size, tools};

/// The oldest compiler that the crates promise to build with: `rust-version` of the workspace.
const OLDEST: &str = "1.88.0";

/// That of the smoltcp runtime, which is smoltcp's.
const OLDEST_FOR_SMOLTCP: &str = "1.91.0";

/// Microcontrollers without and with atomic swaps, and another architecture.
const BARE_METAL: [&str; 3] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf", "riscv32imc-unknown-none-elf"];

/// What has a workspace of its own, and so is not reached from the root.
const APART: [&str; 5] = ["bench", "core/fuzz", "core/no-panic", "core/size", "embedded-demo"];

/// Runs every step until one fails; the cheap ones come first.
pub(crate) fn run(run: &mut Run, fuzz_seconds: u32) -> Result<(), Failed> {
    run.step("rustfmt", formatting)?;
    run.step("clippy", clippy)?;
    let mut python = None;
    run.step("python with pyzmq", || {
        python = Some(Python::set_up()?);
        Ok(String::new())
    })?;
    let mut firmware = None;
    run.step("firmware builds", || {
        let built = firmware.insert(Firmware::check()?);
        Ok(built.note())
    })?;
    run.step("qemu for the firmware", || tools::need_qemu().map(|()| String::new()))?;
    run.step("tests", || tests(python.as_ref(), firmware.as_ref()))?;
    run.step("tests of the benchmarks", || bench::tests().map(|text| count(&text)))?;
    run.step("benchmarks, for a moment", bench::smoke)?;
    instructions::run(run, Mode::Check)?;
    run.step("documentation", documentation)?;
    run.step(&format!("builds with rust {OLDEST}"), oldest_compiler)?;
    run.step("core and smoltcp runtime on bare metal", bare_metal)?;
    run.step("no panic in the core", no_panic::check)?;
    size::run(run, Mode::Check)?;
    fuzz::run(run, fuzz_seconds)
}

fn formatting() -> Outcome {
    tools::need_component("fmt", "rustfmt")?;
    quiet("fmt --all --check")?;
    for folder in APART {
        quiet(&format!("fmt --manifest-path {folder}/Cargo.toml --all --check"))?;
    }
    Ok(String::new())
}

fn clippy() -> Outcome {
    tools::need_component("clippy", "clippy")?;
    quiet("clippy --workspace --all-targets --all-features -- -D warnings")
}

/// A cargo command that has nothing to say when it succeeds.
fn quiet(line: &str) -> Outcome {
    tools::output(&mut tools::cargo(line)).map(|_| String::new())
}

fn tests(python: Option<&Python>, firmware: Option<&Firmware>) -> Outcome {
    let mut command = tools::cargo("test --workspace --all-features");
    if let Some(python) = python {
        python.give_to(&mut command);
    }
    if let Some(firmware) = firmware {
        firmware.give_to(&mut command);
    }
    tools::output(&mut command).map(|text| count(&text))
}

/// Adds up the lines `test result: ok. 12 passed; 0 failed; 1 ignored; ...`.
fn count(text: &str) -> String {
    let results = text.lines().filter_map(|line| line.trim().strip_prefix("test result: ok. "));
    let numbers = results.flat_map(|result| result.split("; ")).filter_map(|part| part.split_once(' '));
    let (mut passed, mut ignored) = (0, 0);
    for (number, what) in numbers {
        let number: u32 = number.parse().unwrap_or(0);
        match what {
            "passed" => passed += number,
            "ignored" => ignored += number,
            _ => {}
        }
    }
    if ignored == 0 { format!("{passed} passed") } else { format!("{passed} passed, {ignored} ignored") }
}

fn documentation() -> Outcome {
    let mut command = tools::cargo("doc --workspace --all-features --no-deps");
    tools::output(command.env("RUSTDOCFLAGS", "-D warnings")).map(|_| String::new())
}

fn oldest_compiler() -> Outcome {
    tools::need_toolchain(OLDEST)?;
    quiet(&format!("+{OLDEST} check -p zeptomq-core"))?;
    quiet(&format!("+{OLDEST} check -p zeptomq"))?;
    tools::need_toolchain(OLDEST_FOR_SMOLTCP)?;
    quiet(&format!("+{OLDEST_FOR_SMOLTCP} check -p zeptomq-smoltcp"))?;
    Ok(format!("{OLDEST_FOR_SMOLTCP} for smoltcp"))
}

fn bare_metal() -> Outcome {
    tools::need_targets(&BARE_METAL)?;
    for target in BARE_METAL {
        quiet(&format!("build -p zeptomq-core -p zeptomq-smoltcp --target {target}"))?;
    }
    Ok(BARE_METAL.len().to_string() + " targets")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_all_crates_are_counted() {
        let one = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s";
        assert_eq!(count(&format!("{one}\nrunning 0 tests\n{one}\n")), "24 passed, 2 ignored");
        assert_eq!(count("test result: ok. 3 passed; 0 failed; 0 ignored"), "3 passed");
    }
}
