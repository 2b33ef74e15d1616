//! How is the firmware built, and how much of its board does it take?

use std::path::PathBuf;
use std::process::Command;

use crate::image::{self, Memory};
use crate::step::Stop;
use crate::tools;

const TARGET: &str = "thumbv7m-none-eabi";

/// The package of the board, and so the name of its image.
const PACKAGE: &str = "zeptomq-demo-qemu";

/// What the board has, as `embedded-demo/qemu/memory.x` says to the linker.
const BOARD: Memory = Memory { flash: 256 * 1024, ram: 64 * 1024 };

/// An image that was built.
pub(crate) struct Firmware {
    pub(crate) path: PathBuf,
    memory: Memory,
}

impl Firmware {
    /// Builds it, and brings what the build needs.
    pub(crate) fn build() -> Result<Self, Stop> {
        tools::need_targets(&[TARGET])?;
        cargo("build")?;
        let path = target_folder().join(TARGET).join("release").join(PACKAGE);
        let octets = std::fs::read(&path).map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))?;
        let memory = image::memory(&octets)
            .ok_or_else(|| Stop::Failed(format!("{} is no image of a 32-bit board", path.display())))?;
        Ok(Self { path, memory })
    }

    /// Builds it as [`Firmware::build`] does, once the lints are kept and what can be tested without the board holds.
    pub(crate) fn check() -> Result<Self, Stop> {
        tools::need_targets(&[TARGET])?;
        tools::need_component("clippy", "clippy")?;
        tools::output(cargo_command("clippy").args(["--", "-D", "warnings"]))?;
        let on_host = |line: &str| {
            let line = format!("{line} --workspace --manifest-path embedded-demo/Cargo.toml --target-dir");
            let mut command = tools::cargo(&line);
            command.arg(target_folder());
            command
        };
        tools::output(on_host("clippy --tests").args(["--", "-D", "warnings"]))?;
        tools::output(&mut on_host("test"))?;
        Self::build()
    }

    /// Makes this the image that the tests boot which `command` runs.
    pub(crate) fn give_to(&self, command: &mut Command) {
        command.env("ZEPTOMQ_FIRMWARE", &self.path);
    }

    /// What it takes of the board, in a few words.
    pub(crate) fn note(&self) -> String {
        let Memory { flash, ram } = self.memory;
        format!("flash {flash}, RAM {ram}")
    }

    /// What it takes of the board, a line for each memory.
    fn sizes(&self) -> String {
        let Memory { flash, ram } = self.memory;
        let stack = BOARD.ram.saturating_sub(ram);
        format!(
            "flash {flash:>7} of {} octets\nRAM   {ram:>7} of {} octets, and {stack} for the stack",
            BOARD.flash, BOARD.ram
        )
    }
}

/// `cargo xtask firmware`: the last line is the path of the image.
pub(crate) fn command() -> Result<(), Stop> {
    eprintln!("building embedded-demo ...");
    let firmware = Firmware::build()?;
    println!("{}\n{}", firmware.sizes(), firmware.path.display());
    Ok(())
}

fn target_folder() -> PathBuf {
    tools::target_folder().join("firmware")
}

fn cargo(subcommand: &str) -> Result<String, Stop> {
    tools::output(&mut cargo_command(subcommand))
}

/// A command of cargo that works on the image.
fn cargo_command(subcommand: &str) -> Command {
    let manifest = "embedded-demo/Cargo.toml";
    let line = format!("{subcommand} --manifest-path {manifest} -p {PACKAGE} --release --target {TARGET} --target-dir");
    let mut command = tools::cargo(&line);
    command.arg(target_folder());
    command
}
