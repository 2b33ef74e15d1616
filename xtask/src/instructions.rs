//! How many instructions does the core take for a message? Callgrind's counts, in a table that must stay true.

use std::fmt::Write as _;

use crate::page::{self, Mode, Page};
use crate::step::{Failed, Run, Stop};
use crate::{bench, tools};

/// Where the table stands.
const PAGE: Page = Page { path: "docs/instructions.md", command: "cargo xtask instructions" };

/// By how many parts of a hundred a count may differ from the table's.
const TOLERANCE: f64 = 1.0;

/// A loop's line in the table, and in what counts them.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Line<'t> {
    name: &'t str,
    /// Instructions a message.
    count: f64,
    what: &'t str,
}

/// Counts in one step, which needs valgrind.
pub(crate) fn run(run: &mut Run, mode: Mode) -> Result<(), Failed> {
    run.step("instructions of the core's loops", || {
        bench::need_linux()?;
        tools::need_valgrind()?;
        let program = bench::build("instructions")?;
        let text = tools::output(&mut tools::command(program, NO_ARGUMENTS))?;
        let counted: Vec<Line<'_>> = lines(&text).collect();
        if counted.is_empty() {
            return Err(Stop::Failed(format!("no counts but `{text}`")));
        }
        let with = format!("{} for {}", page::compiler()?, std::env::consts::ARCH);
        match mode {
            Mode::Write => PAGE.write(&table(&with, &counted))?,
            Mode::Check => check(&PAGE.table()?, &with, &counted)?,
        }
        Ok(format!("{} loops", counted.len()))
    })
}

/// Compares the counts with the table's. Another compiler, or one for another processor, may well make more or fewer of
/// them: what is missing then is the one of the table.
fn check(table: &str, with: &str, counted: &[Line<'_>]) -> Result<(), Stop> {
    let known: Vec<Line<'_>> = lines(table).collect();
    let differing = differences(&known, counted).join("\n  ");
    let Page { path, command } = PAGE;
    match page::measured_with(table) {
        _ if differing.is_empty() => Ok(()),
        Some(before) if before == with => {
            Err(Stop::Failed(format!("{path} does not hold:\n  {differing}\n`{command}` writes it anew")))
        }
        before => Err(Stop::Missing(format!(
            "{path} was measured with {}, and this is {with}; `{command}` writes it anew:\n  {differing}",
            before.unwrap_or("what it does not say")
        ))),
    }
}

/// What does not hold, in words: of each loop at most one thing.
fn differences(known: &[Line<'_>], counted: &[Line<'_>]) -> Vec<String> {
    let find = |lines: &[Line<'_>], name| lines.iter().position(|line: &Line<'_>| line.name == name);
    let mut found = Vec::new();
    for now in counted {
        let Some(before) = find(known, now.name).map(|at| known[at]) else {
            found.push(format!("{}: now {:.1}, and not in the table", now.name, now.count));
            continue;
        };
        let percent = (now.count - before.count) / before.count * 100.0;
        // What divides by nothing is no number, and holds no less.
        if percent.is_nan() || percent.abs() > TOLERANCE {
            let more = if percent > 0.0 { "more" } else { "less" };
            let (name, percent) = (now.name, percent.abs());
            found.push(format!("{name}: now {:.1}, {percent:.2} % {more} than {:.1}", now.count, before.count));
        } else if now.what != before.what {
            found.push(format!("{}: now `{}`", now.name, now.what));
        }
    }
    let gone = known.iter().filter(|line| find(counted, line.name).is_none());
    found.extend(gone.map(|line| format!("{}: in the table, and not counted", line.name)));
    found
}

/// What stands between the marks.
fn table(with: &str, counted: &[Line<'_>]) -> String {
    let mut text = format!("Measured with {with}; a count may differ by a hundredth.\n\n");
    text.push_str("| loop | instructions a message | what |\n|---|---:|---|\n");
    for Line { name, count, what } in counted {
        let _ = writeln!(text, "| {name} | {count:.1} | {what} |");
    }
    text
}

/// The lines with a number in them: `| push | 40.0 | PUSH: whom to |`.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        Some(Line { name: cells.next()?, count: cells.next()?.parse().ok()?, what: cells.next()? })
    })
}

const NO_ARGUMENTS: [&str; 0] = [];

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH: Line<'_> = Line { name: "push", count: 200.0, what: "PUSH: whom to" };

    /// What is said of counts beside a table with the line of PUSH, measured with `rustc 1.0 for z80`.
    fn said(with: &str, counted: &[Line<'_>]) -> String {
        match check(&table("rustc 1.0 for z80", &[PUSH]), with, counted) {
            Ok(()) => "nothing".to_owned(),
            Err(Stop::Failed(text)) => format!("failed: {text}"),
            Err(Stop::Missing(text)) => format!("missing: {text}"),
        }
    }

    #[test]
    fn what_is_written_is_found_again() {
        let text = table("rustc 1.0 for z80", &[PUSH]);
        assert_eq!((page::measured_with(&text), lines(&text).next()), (Some("rustc 1.0 for z80"), Some(PUSH)));
        assert_eq!(lines(&text).count(), 1);
    }

    #[test]
    fn a_count_may_differ_by_a_hundredth_either_way() {
        let said_of = |count| said("rustc 1.0 for z80", &[Line { count, ..PUSH }]);
        assert_eq!([198.0, 200.0, 202.0].map(said_of), ["nothing"; 3]);
        for (count, words) in [(202.1, "1.05 % more than 200.0"), (196.0, "2.00 % less than 200.0")] {
            let said = said_of(count);
            assert!(
                said.starts_with("failed: ") && said.contains(&format!("push: now {count:.1}, {words}\n")),
                "{said}"
            );
            assert!(said.contains("`cargo xtask instructions` writes it anew"), "{said}");
        }
    }

    #[test]
    fn another_compiler_is_named_where_counts_differ() {
        assert_eq!(said("rustc 1.1 for z80", &[PUSH]), "nothing");
        let said = said("rustc 1.1 for z80", &[Line { count: 300.0, ..PUSH }]);
        assert!(
            said.starts_with("missing: ") && said.contains("with rustc 1.0 for z80, and this is rustc 1.1"),
            "{said}"
        );
    }

    #[test]
    fn loops_that_come_go_or_become_others_are_noticed() {
        let other = Line { name: "pull", ..PUSH };
        let both = said("rustc 1.0 for z80", &[PUSH, other]);
        assert!(both.contains("pull: now 200.0, and not in the table"), "{both}");
        let gone = said("rustc 1.0 for z80", &[other]);
        assert!(gone.contains("push: in the table, and not counted"), "{gone}");
        let what = said("rustc 1.0 for z80", &[Line { what: "of three", ..PUSH }]);
        assert!(what.contains("push: now `of three`"), "{what}");
    }

    #[test]
    fn a_table_that_knows_nothing_is_not_taken_for_one_that_holds() {
        assert!(check("", "rustc 1.0 for z80", &[PUSH]).is_err());
        let nothing = [Line { count: 0.0, ..PUSH }];
        assert!(!differences(&nothing, &nothing).is_empty());
    }
}
