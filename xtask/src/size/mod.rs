//! What does the core cost on a microcontroller? Firmware with sockets beside the same firmware without, in a table that
//! must stay true.

mod board;
mod image;
mod peer;
mod scenario;
mod table;

use std::path::{Path, PathBuf};

use crate::page::{self, Mode, Page};
use crate::step::{Failed, Run, Stop};
use crate::tools;
use board::{Board, Free};
use image::Image;
use scenario::{ELEVEN, Part};
use table::{COLUMNS, COUNT, Cell, Line, STACK, grouped};

const TARGET: &str = "thumbv7em-none-eabihf";

/// A firmware of the table.
struct Firmware {
    /// The feature of `core/size` that it is built with.
    feature: &'static str,
    title: &'static str,
    limits: [Option<u32>; COUNT],
    lines: Lines,
}

/// Who is at the ends of a firmware's serial lines.
enum Lines {
    /// One for each.
    Each(&'static [Part]),
    /// All of them on one line, one after the other, each as who connects and as who is connected to.
    Eleven,
}

const FIRMWARE: [Firmware; 4] = [
    Firmware {
        feature: "pub",
        title: "PUB",
        limits: [Some(5_000), Some(2_800), None, None, None, Some(1_000), None],
        lines: Lines::Each(&[Part::Hear("SUB")]),
    },
    Firmware {
        feature: "pub-sub",
        title: "PUB + SUB",
        limits: [Some(8_000), None, None, None, None, Some(1_000), None],
        lines: Lines::Each(&[Part::Hear("SUB"), Part::Publish("PUB")]),
    },
    Firmware {
        feature: "rep",
        title: "REP",
        limits: [Some(6_000), None, None, None, None, Some(1_000), None],
        lines: Lines::Each(&[Part::Ask("REQ")]),
    },
    Firmware {
        feature: "all",
        title: "all eleven",
        limits: [Some(14_000), None, None, None, Some(300), Some(1_000), None],
        lines: Lines::Eleven,
    },
];

/// Limits that are not met yet: the firmware, the column, and the number that must not get worse.
const NOT_MET_YET: &[(&str, &str, u32)] = &[
    ("pub", "flash", 8_014),
    ("pub", "of it its own", 7_840),
    ("pub-sub", "flash", 9_718),
    ("rep", "flash", 8_334),
    ("all", "flash", 19_102),
];

/// Where the table stands.
const PAGE: Page = Page { path: "docs/size.md", command: "cargo xtask size" };

/// Measures in two steps, the second of which needs an emulator.
pub(crate) fn run(run: &mut Run, mode: Mode) -> Result<(), Failed> {
    let mut lines = Vec::new();
    run.step("size on thumbv7em", || {
        lines = sizes()?;
        if mode == Mode::Check {
            compare(&lines, 0..STACK)?;
            limits(&lines, 0..STACK)?;
        }
        Ok(lines.iter().map(|line| grouped(line.cells[0].octets)).collect::<Vec<_>>().join(" · "))
    })?;
    run.step("stack on thumbv7em", || {
        tools::need_qemu()?;
        stacks(&mut lines)?;
        let instructions = instructions()?;
        match mode {
            Mode::Write => PAGE.write(&table::write(&page::compiler()?, &lines, instructions))?,
            Mode::Check => {
                compare(&lines, STACK..COUNT)?;
                compare_instructions(instructions)?;
            }
        }
        limits(&lines, if mode == Mode::Write { 0..COUNT } else { STACK..COUNT })?;
        Ok(lines.iter().map(|line| grouped(line.cells[STACK].octets)).collect::<Vec<_>>().join(" · "))
    })
}

/// What the images' files tell.
fn sizes() -> Result<Vec<Line>, Stop> {
    tools::need_targets(&[TARGET])?;
    let bare = read(&build("none")?)?;
    FIRMWARE.iter().map(|firmware| size(firmware, &bare)).collect()
}

fn size(firmware: &Firmware, bare: &Image) -> Result<Line, Stop> {
    let image = read(&build(firmware.feature)?)?;
    let flash = image.flash().saturating_sub(bare.flash());
    let own = flash.saturating_sub(image.builtins().saturating_sub(bare.builtins()));
    let sizes = image.sizes();
    let (socket, link) = (sizes.iter().map(|size| size.0).max(), sizes.iter().map(|size| size.1).max());
    let ram = image.ram().saturating_sub(bare.ram());
    let octets = [flash, own, ram, socket.unwrap_or(0), link.unwrap_or(0), 0, 0];
    let mut cells = [Cell::default(); COUNT];
    for ((cell, octets), limit) in cells.iter_mut().zip(octets).zip(firmware.limits) {
        *cell = Cell { octets, limit };
    }
    Ok(Line { title: firmware.title, cells })
}

/// Runs every firmware and adds how deep its stack was.
fn stacks(lines: &mut [Line]) -> Result<(), Stop> {
    let bare = stack("none", 1, |lines| lines.iter_mut().try_for_each(scenario::echo))?;
    for (line, firmware) in lines.iter_mut().zip(&FIRMWARE) {
        let depth = match firmware.lines {
            Lines::Each(parts) => stack(firmware.feature, parts.len(), |lines| {
                lines.iter_mut().zip(parts).try_for_each(|(line, part)| scenario::play(line, None, *part))
            })?,
            Lines::Eleven => stack(firmware.feature, 1, |lines| lines.iter_mut().try_for_each(every_type))?,
        };
        line.cells[STACK].octets = depth.saturating_sub(bare);
        line.cells[STACK + 1].octets = depth;
    }
    Ok(())
}

fn every_type(line: &mut std::net::TcpStream) -> Result<(), String> {
    for side in [0, 0x80] {
        for (part, number) in ELEVEN.into_iter().zip(0..) {
            scenario::play(line, Some(side | number), part)
                .map_err(|error| format!("with socket {number}: {error}"))?;
        }
    }
    Ok(())
}

fn stack(
    feature: &str,
    lines: usize,
    scenario: impl FnOnce(&mut [std::net::TcpStream]) -> Result<(), String>,
) -> Result<u32, Stop> {
    let path = path(feature);
    let image = read(&path)?;
    let (Some(start), Some(end)) = (image.address("bss_end"), image.address("stack_top")) else {
        return Err(Stop::Failed(format!("{}: no bss_end or stack_top", path.display())));
    };
    let free = Free { start, end };
    let mut board = Board::start(&path, lines, &free)?;
    scenario(&mut board.lines).map_err(|error| Stop::Failed(format!("core/size with {feature}: {error}")))?;
    board.stack(&path, &free)
}

/// Instructions for a message that leaves and for one that arrives. Counted twice: a count that differs is none.
fn instructions() -> Result<[f64; 2], Stop> {
    let path = build("count")?;
    let [first, second] = [board::counted(&path)?, board::counted(&path)?];
    if first != second {
        return Err(Stop::Failed(format!("two counts of the same instructions differ: {first} and {second}")));
    }
    let mut ticks = first.split_whitespace().filter_map(|ticks| ticks.parse::<f64>().ok());
    match (ticks.next(), ticks.next()) {
        (Some(sent), Some(received)) if sent > 0.0 && received > 0.0 => {
            Ok([sent, received].map(|ticks| ticks * INSTRUCTIONS_A_TICK / MESSAGES))
        }
        _ => Err(Stop::Failed(format!("core/size with count says no counts but `{first}`"))),
    }
}

/// Compares the numbers with those in the documentation, where these are from the same compiler.
fn compare(lines: &[Line], columns: std::ops::Range<usize>) -> Result<(), Stop> {
    let table = PAGE.table()?;
    if page::measured_with(&table) != Some(&*page::compiler()?) {
        return Ok(());
    }
    for line in lines {
        for column in columns.clone() {
            let octets = line.cells[column].octets;
            if !table::holds(&table, line.title, column, f64::from(octets)) {
                return Err(stale(&format!("{}, {}: now {}", line.title, COLUMNS[column], grouped(octets))));
            }
        }
    }
    Ok(())
}

fn compare_instructions(instructions: [f64; 2]) -> Result<(), Stop> {
    let table = PAGE.table()?;
    if page::measured_with(&table) != Some(&*page::compiler()?) {
        return Ok(());
    }
    for (title, count) in ["that leaves", "that arrives, with copying it into the window"].into_iter().zip(instructions)
    {
        if !table::holds(&table, title, 0, count) {
            return Err(stale(&format!("instructions for a message {title}: now {count:.1}")));
        }
    }
    Ok(())
}

fn stale(what: &str) -> Stop {
    let Page { path, command } = PAGE;
    Stop::Failed(format!("{path} differs by more than a hundredth: {what}; `{command}` writes it anew"))
}

/// Holds the numbers against their limits.
fn limits(lines: &[Line], columns: std::ops::Range<usize>) -> Result<(), Stop> {
    let mut passed = String::new();
    for (line, firmware) in lines.iter().zip(&FIRMWARE) {
        for column in columns.clone() {
            let Cell { octets, limit: Some(limit) } = line.cells[column] else { continue };
            let known =
                NOT_MET_YET.iter().find(|(feature, name, _)| (*feature, *name) == (firmware.feature, COLUMNS[column]));
            let allowed = known.map_or(limit, |(_, _, known)| known + known / 100);
            if octets > allowed {
                let (octets, limit) = (grouped(octets), grouped(limit));
                passed.push_str(&format!("{}, {}: {octets} is more than {limit}\n", line.title, COLUMNS[column]));
            }
        }
    }
    if passed.is_empty() { Ok(()) } else { Err(Stop::Failed(passed)) }
}

/// Builds the image with one feature. Where it is.
fn build(feature: &str) -> Result<PathBuf, Stop> {
    let folder = tools::root().join("core").join("size");
    let mut build = tools::cargo("build --release --locked --target");
    // From the image's own folder, so that cargo does not read the workspace around it.
    build.arg(TARGET).arg("--target-dir").arg(target_folder()).args(["--features", feature]).current_dir(folder);
    // What the environment adds to the compiler's flags would be measured with it.
    tools::output(build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS"))?;
    let built = target_folder().join(TARGET).join("release").join("size");
    let kept = path(feature);
    std::fs::copy(&built, &kept).map_err(|error| Stop::Failed(format!("{}: {error}", built.display())))?;
    Ok(kept)
}

fn path(feature: &str) -> PathBuf {
    target_folder().join(format!("{feature}.elf"))
}

fn target_folder() -> PathBuf {
    tools::target_folder().join("size")
}

fn read(path: &Path) -> Result<Image, Stop> {
    let octets = std::fs::read(path).map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))?;
    Image::read(&octets).ok_or_else(|| Stop::Failed(format!("{}: no ELF image of a board", path.display())))
}

/// A tick of the board's 25 MHz, where an instruction is a nanosecond.
const INSTRUCTIONS_A_TICK: f64 = 40.0;

/// How many messages the image counts each way.
const MESSAGES: f64 = 10_000.0;
