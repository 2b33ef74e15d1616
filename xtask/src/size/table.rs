//! How do the numbers stand in the documentation, and do they still hold?

use std::fmt::Write as _;

/// The heads of the table's columns.
pub(super) const COLUMNS: [&str; COUNT] =
    ["flash", "of it its own", "static RAM", "a socket", "of it a link", "stack", "stack, all of it"];

/// How many columns of numbers there are.
pub(super) const COUNT: usize = 7;

/// Where the stack's columns begin, which are known only where there is an emulator.
pub(super) const STACK: usize = 5;

/// A firmware's line: what it has, and its numbers with their limits.
pub(super) struct Line {
    pub(super) title: &'static str,
    pub(super) cells: [Cell; COUNT],
}

/// A number in octets, and what it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Cell {
    pub(super) octets: u32,
    pub(super) limit: Option<u32>,
}

/// What stands between the two marks.
pub(super) fn write(compiler: &str, lines: &[Line], instructions: [f64; 2]) -> String {
    let mut text = format!("Measured with {compiler}; in brackets what is allowed.\n\n| octets |");
    let _ = writeln!(text, " {} |\n|---|{}", COLUMNS.join(" | "), "---:|".repeat(COUNT));
    for line in lines {
        let cells = line.cells.iter().map(|cell| match cell.limit {
            Some(limit) => format!("{} (≤ {})", grouped(cell.octets), grouped(limit)),
            None => grouped(cell.octets),
        });
        let _ = writeln!(text, "| {} | {} |", line.title, cells.collect::<Vec<_>>().join(" | "));
    }
    let [sent, received] = instructions;
    let _ = write!(text, "\n| instructions a message of 32 octets | |\n|---|---:|\n| that leaves | {sent:.1} |\n");
    let _ = writeln!(text, "| that arrives, with copying it into the window | {received:.1} |");
    text
}

/// Whether the table has this number in the line and column, or one that differs by no more than a hundredth. How deep
/// the stack was depends a little on how octets happened to arrive: it may differ by a tenth.
pub(super) fn holds(table: &str, title: &str, column: usize, number: f64) -> bool {
    let Some(line) = table.lines().find_map(|line| line.strip_prefix(&format!("| {title} | "))) else { return false };
    let cell = line.split('|').nth(column).unwrap_or_default();
    let digits = cell.trim().split(' ').next().unwrap_or_default().replace(',', "");
    digits.parse().is_ok_and(|known: f64| (known - number).abs() <= known / if column < STACK { 100.0 } else { 10.0 })
}

/// With a comma before each three digits.
pub(super) fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn what_is_written_is_found_again() {
        let mut cells = [Cell::default(); COUNT];
        cells[0] = Cell { octets: 5000, limit: Some(4000) };
        let table = write("rustc 1.0", &[Line { title: "PUB", cells }], [929.0, 31.25]);
        assert_eq!(page::measured_with(&table), Some("rustc 1.0"));
        for (number, same) in [(5000, true), (5050, true), (4950, true), (5051, false), (4949, false)] {
            assert_eq!(holds(&table, "PUB", 0, f64::from(number)), same, "{number}");
        }
        assert!(holds(&table, "that leaves", 0, 930.0) && !holds(&table, "that leaves", 0, 940.0));
        assert!(!holds(&table, "SUB", 0, 5000.0) && !holds(&table, "PUB", COUNT, 0.0));
    }
}
