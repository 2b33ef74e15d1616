//! How does a table of measurements stand in a document, and with what was it measured?

use std::path::PathBuf;

use crate::step::{self, Stop};
use crate::tools;

/// A document with one table that a command writes, between two marks.
pub(crate) struct Page {
    /// From the project's folder on.
    pub(crate) path: &'static str,
    /// The command line that writes the table.
    pub(crate) command: &'static str,
}

/// What is done with the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is written anew.
    Write,
    /// It is only compared.
    Check,
}

impl Mode {
    /// What a command does that does not say it: continuous integration never writes.
    pub(crate) fn unsaid() -> Self {
        if step::in_ci() { Self::Check } else { Self::Write }
    }
}

impl Page {
    /// What stands between the marks.
    pub(crate) fn table(&self) -> Result<String, Stop> {
        let text = self.read()?;
        let (_, table, _) = self.split(&text).ok_or_else(|| self.no_marks())?;
        Ok(table.to_owned())
    }

    /// Replaces what stands between the marks.
    pub(crate) fn write(&self, table: &str) -> Result<(), Stop> {
        let text = self.replaced(&self.read()?, table).ok_or_else(|| self.no_marks())?;
        std::fs::write(self.file(), text).map_err(|error| Stop::Failed(format!("{}: {error}", self.path)))
    }

    /// The text with another table; `None` when it lacks the marks.
    fn replaced(&self, text: &str, table: &str) -> Option<String> {
        let (before, _, after) = self.split(text)?;
        Some(format!("{before}{}\n{table}{END}{after}", self.begin()))
    }

    fn split<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str, &'t str)> {
        let (before, rest) = text.split_once(&self.begin())?;
        let (table, after) = rest.split_once(END)?;
        Some((before, table, after))
    }

    fn begin(&self) -> String {
        format!("<!-- {} writes from here -->", self.command)
    }

    fn read(&self) -> Result<String, Stop> {
        std::fs::read_to_string(self.file()).map_err(|error| Stop::Failed(format!("{}: {error}", self.path)))
    }

    fn file(&self) -> PathBuf {
        tools::root().join(self.path)
    }

    fn no_marks(&self) -> Stop {
        Stop::Failed(format!("{} lacks the two lines between which the table stands", self.path))
    }
}

/// What a table was measured with, as it says itself: `Measured with rustc 1.95.0; ...`.
pub(crate) fn measured_with(table: &str) -> Option<&str> {
    Some(table.split_once("Measured with ")?.1.split_once(';')?.0)
}

/// The compiler in use, as it calls itself: `rustc 1.95.0`.
pub(crate) fn compiler() -> Result<String, Stop> {
    let text = tools::output(&mut tools::command("rustc", ["--version"]))?;
    Ok(text.split(' ').take(2).collect::<Vec<_>>().join(" ").trim().to_owned())
}

const END: &str = "<!-- to here -->";

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page { path: "docs/page.md", command: "cargo xtask measure" };

    #[test]
    fn what_is_written_is_found_again() {
        let text = "before\n<!-- cargo xtask measure writes from here -->\nold\n<!-- to here -->\nafter";
        let text = PAGE.replaced(text, "Measured with rustc 1.0; new\n").unwrap();
        assert!(text.starts_with("before\n") && text.ends_with("-->\nafter"), "{text}");
        let (_, table, _) = PAGE.split(&text).unwrap();
        assert_eq!((table.trim(), measured_with(table)), ("Measured with rustc 1.0; new", Some("rustc 1.0")));
    }

    #[test]
    fn a_text_without_its_own_marks_is_left_alone() {
        assert_eq!(PAGE.replaced("nothing", "table"), None);
        assert_eq!(PAGE.replaced("<!-- cargo xtask size writes from here --><!-- to here -->", "table"), None);
    }
}
