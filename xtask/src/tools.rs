//! How are other programs run, and how does one that is missing get here?

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::{self, Stop};

/// The emulator of Arm boards.
pub(crate) const QEMU: &str = "qemu-system-arm";

/// What counts instructions, with its tool callgrind.
const VALGRIND: &str = "valgrind";

const RUSTUP: &str = "needs rustup: see https://rustup.rs";

/// The checkout that this command was started in.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = Path::new(&package);
    package.parent().unwrap_or(package).to_path_buf()
}

/// Where builds go; each step that builds for another profile or target takes a folder of its own in it.
pub(crate) fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A command that starts in the root of the checkout and never asks the person at the terminal.
pub(crate) fn command<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// `cargo` with the arguments of one line, separated by blanks.
pub(crate) fn cargo(line: &str) -> Command {
    command("cargo", line.split(' '))
}

/// Runs to the end and returns what the program printed; all of it is the reason when the program fails.
pub(crate) fn output(command: &mut Command) -> Result<String, Stop> {
    let line = format!("{command:?}");
    let output = command.output().map_err(|error| Stop::Failed(format!("{line}: {error}")))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(text) } else { Err(Stop::Failed(format!("{text}\n{line}: {}", output.status))) }
}

/// Whether the command can be started and succeeds.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Makes a toolchain available, by its rustup name.
pub(crate) fn need_toolchain(name: &str) -> Result<(), Stop> {
    if succeeds(&mut command("rustc", [&format!("+{name}"), "--version"])) {
        return Ok(());
    }
    install(&["toolchain", "install", name, "--profile", "minimal", "--no-self-update"])
}

/// Makes a subcommand of cargo available that is a component of the toolchain in use, under the same name or another.
pub(crate) fn need_component(subcommand: &str, component: &str) -> Result<(), Stop> {
    if succeeds(&mut command("cargo", [subcommand, "--version"])) {
        return Ok(());
    }
    install(&["component", "add", component])
}

/// Makes the standard library for these targets available to the toolchain in use.
pub(crate) fn need_targets(targets: &[&str]) -> Result<(), Stop> {
    let installed = command("rustup", ["target", "list", "--installed"]).output();
    let installed = installed.map_err(|_| Stop::Missing(RUSTUP.to_owned()))?;
    let installed = String::from_utf8_lossy(&installed.stdout);
    let missing = targets.iter().filter(|target| !installed.lines().any(|line| line == **target));
    let mut arguments = vec!["target", "add"];
    arguments.extend(missing);
    if arguments.len() == 2 { Ok(()) } else { install(&arguments) }
}

/// Makes `cargo fuzz` available.
pub(crate) fn need_cargo_fuzz() -> Result<(), Stop> {
    if cfg!(windows) {
        return Err(Stop::Missing("cargo-fuzz needs Linux or macOS".to_owned()));
    }
    need_toolchain("nightly")?;
    if succeeds(&mut cargo("fuzz --version")) {
        return Ok(());
    }
    output(&mut cargo("install cargo-fuzz --locked")).map(|_| ()).map_err(|_| {
        Stop::Missing("needs cargo-fuzz, which `cargo install cargo-fuzz --locked` did not bring".to_owned())
    })
}

/// Makes QEMU available.
pub(crate) fn need_qemu() -> Result<(), Stop> {
    need_debian(QEMU, "; macOS: brew install qemu; Windows: winget install SoftwareFreedomConservancy.QEMU")
}

/// Makes valgrind available.
pub(crate) fn need_valgrind() -> Result<(), Stop> {
    need_debian(VALGRIND, "")
}

/// Makes a program available that every distribution has in a package of its name. A person is told how to get it, also
/// `elsewhere`; in continuous integration it is brought from Debian.
fn need_debian(program: &str, elsewhere: &str) -> Result<(), Stop> {
    let is_there = || succeeds(&mut command(program, ["--version"]));
    if is_there() || step::in_ci() && install_debian(program) && is_there() {
        return Ok(());
    }
    Err(Stop::Missing(format!(
        "needs {program}; Debian, Ubuntu: apt-get install {program}; Fedora: dnf install {program}; \
         Arch: pacman -S {program}{elsewhere}"
    )))
}

/// Installs a package where Debian's tool is and may do that; returns whether it says so.
fn install_debian(package: &str) -> bool {
    let apt = |line: &str| succeeds(command("apt-get", line.split(' ')).env("DEBIAN_FRONTEND", "noninteractive"));
    let install = format!("install -y --no-install-recommends {package}");
    // Its lists may be old, or not there at all.
    apt(&install) || apt("update") && apt(&install)
}

fn install(arguments: &[&str]) -> Result<(), Stop> {
    if !succeeds(&mut command("rustup", ["--version"])) {
        return Err(Stop::Missing(RUSTUP.to_owned()));
    }
    output(&mut command("rustup", arguments))
        .map(|_| ())
        .map_err(|_| Stop::Missing(format!("needs what `rustup {}` could not bring", arguments.join(" "))))
}
