//! What is measured in one cell: a pattern and a body length.

use std::fmt;
use std::str::FromStr;

use crate::body::SEQUENCE_LEN;

/// One column of work that every peer is given alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// PUSH→PULL of bodies of this many octets: a flood that never stops.
    Push(usize),
    /// REQ/REP of bodies of this many octets: one at a time, both processes on one CPU.
    Req(usize),
}

impl Case {
    /// The cases of a run that names none.
    pub(crate) const DEFAULT: [Case; 3] = [Case::Push(16), Case::Push(16 * 1024), Case::Req(16)];

    /// The body's length in octets.
    pub(crate) fn body_len(self) -> usize {
        match self {
            Case::Push(len) | Case::Req(len) => len,
        }
    }

    /// The roles of the process that binds and of the one that connects.
    pub(crate) fn roles(self) -> (Role, Role) {
        match self {
            Case::Push(_) => (Role::Pull, Role::Push),
            Case::Req(_) => (Role::Rep, Role::Req),
        }
    }

    /// Whether both processes share one CPU: a wake-up across CPUs is the machine's price, not the peer's.
    pub(crate) fn on_one_cpu(self) -> bool {
        matches!(self, Case::Req(_))
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("unknown case `{text}`: write pushN or reqN, as push16, push16k, push1m, req16");
        let (case, digits): (fn(usize) -> Case, &str) = match text.split_at_checked(4) {
            Some(("push", rest)) => (Case::Push, rest),
            _ => (Case::Req, text.strip_prefix("req").ok_or_else(wrong)?),
        };
        let (digits, unit) = match digits.as_bytes().last() {
            Some(b'k') => (&digits[..digits.len() - 1], 1024),
            Some(b'm') => (&digits[..digits.len() - 1], 1024 * 1024),
            _ => (digits, 1),
        };
        let count: usize = digits.parse().map_err(|_| wrong())?;
        let len = count.checked_mul(unit).ok_or_else(wrong)?;
        if !(SEQUENCE_LEN..=LEN_MAX).contains(&len) {
            return Err(format!("case `{text}`: a body has {SEQUENCE_LEN} octets to {LEN_MAX}"));
        }
        Ok(case(len))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = match self {
            Case::Push(_) => "push",
            Case::Req(_) => "req",
        };
        match self.body_len() {
            len if len % (1024 * 1024) == 0 => write!(out, "{pattern}{}m", len / (1024 * 1024)),
            len if len % 1024 == 0 => write!(out, "{pattern}{}k", len / 1024),
            len => write!(out, "{pattern}{len}"),
        }
    }
}

/// What a process does in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Connects and floods.
    Push,
    /// Binds, receives and counts.
    Pull,
    /// Connects, asks one question at a time and counts the answers.
    Req,
    /// Binds and answers.
    Rep,
}

impl Role {
    const NAMES: [(Role, &'static str); 4] =
        [(Role::Push, "push"), (Role::Pull, "pull"), (Role::Req, "req"), (Role::Rep, "rep")];

    /// Whether the messages that this process received are the cell's result.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Role::Pull | Role::Req)
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(role, _)| *role)
            .ok_or_else(|| format!("unknown role `{text}`"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(role, _)| role == self).map_or("", |(_, name)| name);
        out.write_str(name)
    }
}

const LEN_MAX: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_reads_back_as_it_is_shown() {
        for text in ["push16", "push16k", "push1m", "push1000", "req16", "req1k"] {
            let case: Case = text.parse().unwrap();
            assert_eq!(case.to_string(), text);
        }
        assert_eq!("push64k".parse(), Ok(Case::Push(65536)));
    }

    #[test]
    fn a_body_has_room_for_its_sequence_number() {
        for text in ["push7", "push", "pushk", "req", "pub16", "push1g", "push65m", "pu"] {
            assert!(text.parse::<Case>().is_err(), "{text}");
        }
    }
}
