//! What is measured in one cell: a pattern, and a number of octets or of topics.

use std::fmt;
use std::str::FromStr;

use crate::body::SEQUENCE_LEN;

/// One column of work that every peer is given alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// The pattern, and how it is used.
    pub(crate) kind: Kind,
    /// Octets of each body; topics of [`Kind::Topics`].
    number: usize,
}

/// A pattern, and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// PUSH→PULL: a flood that never stops.
    Push,
    /// The same over a Unix domain socket.
    PushIpc,
    /// REQ/REP, one at a time, both processes on one CPU.
    Req,
    /// REQ/REP, one at a time, a CPU for each process.
    ReqApart,
    /// REQ/REP over a Unix domain socket, both processes on one CPU.
    ReqIpc,
    /// DEALER/ROUTER, [`IN_FLIGHT`] requests on their way at any time.
    Flight,
    /// PUB→[`SUBSCRIBERS`] SUB that want everything; the PUB waits for the slowest.
    Pub,
    /// The same, but a PUB drops what a subscriber has no room for.
    PubDrop,
    /// [`CONNECTIONS`] PUSH→one PULL.
    Conns,
    /// PUB→one SUB that wants so many topics, messages going to each in turn.
    Topics,
}

/// SUB sockets of one process.
pub(crate) const SUBSCRIBERS: usize = 8;
/// PUSH sockets of one process.
pub(crate) const CONNECTIONS: usize = 1000;
/// Requests that have not been answered yet.
pub(crate) const IN_FLIGHT: usize = 64;

impl Case {
    /// The cases of a run that names none.
    pub(crate) fn all() -> impl Iterator<Item = Case> {
        const K: usize = 1024;
        let lists: [(Kind, &[usize]); 10] = [
            (Kind::Push, &[16, 64, 256, K, 16 * K, 256 * K, K * K]),
            (Kind::Req, &[16, K]),
            (Kind::ReqApart, &[16, K]),
            (Kind::Flight, &[16]),
            (Kind::Pub, &[64, K]),
            (Kind::PubDrop, &[64, K]),
            (Kind::Conns, &[64]),
            (Kind::PushIpc, &[64, 16 * K]),
            (Kind::ReqIpc, &[16]),
            (Kind::Topics, &[1, 1000, 100_000]),
        ];
        lists.into_iter().flat_map(|(kind, numbers)| numbers.iter().map(move |number| Case { kind, number: *number }))
    }

    /// The cases of the short form: one of each kind that other libraries have too.
    pub(crate) fn short() -> impl Iterator<Item = Case> {
        let kinds = [
            (Kind::Push, 16),
            (Kind::Push, 1024),
            (Kind::Push, 16 * 1024),
            (Kind::Req, 16),
            (Kind::Flight, 16),
            (Kind::Pub, 64),
            (Kind::Conns, 64),
        ];
        kinds.into_iter().map(|(kind, number)| Case { kind, number })
    }

    /// The body's length in octets.
    pub(crate) fn body_len(self) -> usize {
        match self.kind {
            Kind::Topics => TOPICS_BODY_LEN,
            _ => self.number,
        }
    }

    /// How many topics the subscriber wants; none stands for everything.
    pub(crate) fn topics(self) -> Option<usize> {
        (self.kind == Kind::Topics).then_some(self.number)
    }

    /// The roles of the process that binds and of the one that connects.
    pub(crate) fn roles(self) -> (Role, Role) {
        match self.kind {
            Kind::Push | Kind::PushIpc => (Role::Pull, Role::Push),
            Kind::Req | Kind::ReqApart | Kind::ReqIpc => (Role::Rep, Role::Req),
            Kind::Flight => (Role::Router, Role::Dealer),
            Kind::Pub | Kind::PubDrop | Kind::Topics => (Role::Pub, Role::Subs),
            Kind::Conns => (Role::Pull, Role::Pushes),
        }
    }

    /// How many senders, or receivers, must have been heard of before the case runs.
    pub(crate) fn parties(self) -> usize {
        match self.kind {
            Kind::Pub | Kind::PubDrop => SUBSCRIBERS,
            Kind::Conns => CONNECTIONS,
            _ => 1,
        }
    }

    /// How many times as long as others this case is let run in, and measured: queues of long bodies, and those of many
    /// connections, take a while to fill.
    pub(crate) fn patience(self) -> u32 {
        match self.kind {
            Kind::Conns => 2,
            _ if self.body_len() >= 1024 * 1024 => 4,
            _ => 1,
        }
    }

    /// Where the two processes run.
    pub(crate) fn cpus(self) -> Cpus {
        match self.kind {
            Kind::Req | Kind::ReqIpc => Cpus::One,
            Kind::ReqApart => Cpus::OneEach,
            _ => Cpus::Any,
        }
    }

    /// Whether a Unix domain socket takes the place of TCP.
    pub(crate) fn over_ipc(self) -> bool {
        matches!(self.kind, Kind::PushIpc | Kind::ReqIpc)
    }

    /// Whether round trips are timed, of which less is better.
    pub(crate) fn is_timed(self) -> bool {
        matches!(self.kind, Kind::Req | Kind::ReqApart | Kind::ReqIpc)
    }

    /// Whether messages may be missing on the way. Everywhere else that is a fault.
    pub(crate) fn may_lose(self) -> bool {
        self.kind == Kind::PubDrop
    }

    /// The peer that ratios are taken to. One libzmq thread that sends a message to each of many sockets in turn makes
    /// each of its pipes hand over a single one, which is not what it can do: there it is the form with bursts.
    pub(crate) fn anchor(self) -> &'static str {
        match self.kind {
            Kind::Conns => "libzmq-burst64",
            _ => "libzmq",
        }
    }

    /// Which cases are shown together.
    pub(crate) fn group(self) -> Group {
        match self.kind {
            Kind::Push => Group::Push,
            Kind::Req | Kind::ReqApart | Kind::Flight => Group::Requests,
            Kind::Pub | Kind::PubDrop => Group::Publish,
            Kind::Conns => Group::Connections,
            Kind::PushIpc | Kind::ReqIpc | Kind::Topics => Group::Ours,
        }
    }
}

impl Kind {
    /// What stands before and behind the number in a case's name.
    const NAMES: [(Kind, &'static str, &'static str); 10] = [
        (Kind::Push, "push", ""),
        (Kind::PushIpc, "ipc-push", ""),
        (Kind::Req, "req", ""),
        (Kind::ReqApart, "req", "-apart"),
        (Kind::ReqIpc, "ipc-req", ""),
        (Kind::Flight, "flight", ""),
        (Kind::Pub, "pub", ""),
        (Kind::PubDrop, "pub", "-drop"),
        (Kind::Conns, "conns", ""),
        (Kind::Topics, "topics", ""),
    ];
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Kind::NAMES.iter().find_map(|(kind, before, behind)| {
            let digits = text.strip_prefix(before)?.strip_suffix(behind)?;
            let (digits, unit) = match digits.as_bytes().last()? {
                b'k' => (&digits[..digits.len() - 1], 1024),
                b'm' => (&digits[..digits.len() - 1], 1024 * 1024),
                _ => (digits, 1),
            };
            let count: usize = digits.parse().ok()?;
            Some(Case { kind: *kind, number: count.checked_mul(unit)? })
        });
        let case = found.ok_or_else(|| format!("unknown case `{text}`; --help shows how they are written"))?;
        match case.kind {
            Kind::Topics if (1..=TOPICS_MAX).contains(&case.number) => Ok(case),
            Kind::Topics => Err(format!("case `{text}`: a subscriber wants 1 topic to {TOPICS_MAX}")),
            _ if (SEQUENCE_LEN..=LEN_MAX).contains(&case.number) => Ok(case),
            _ => Err(format!("case `{text}`: a body has {SEQUENCE_LEN} octets to {LEN_MAX}")),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Kind::NAMES.iter().find(|(kind, ..)| *kind == self.kind);
        let (before, behind) = name.map_or(("", ""), |(_, before, behind)| (before, behind));
        let (number, unit) = match self.number {
            number if number % (1024 * 1024) == 0 => (number / (1024 * 1024), "m"),
            number if number % 1024 == 0 => (number / 1024, "k"),
            number => (number, ""),
        };
        write!(out, "{before}{number}{unit}{behind}")
    }
}

/// Where the two processes of a cell run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cpus {
    /// Wherever the system puts them.
    Any,
    /// Both on the same: the machine's price of a wake-up across CPUs is not in it.
    One,
    /// Each on its own.
    OneEach,
}

/// Cases that are shown together: a table and a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// PUSH→PULL by size.
    Push,
    /// REQ/REP, and requests in flight.
    Requests,
    /// PUB→8 SUB.
    Publish,
    /// 1,000 connections.
    Connections,
    /// What is measured of ZeptoMQ and of few others.
    Ours,
}

impl Group {
    /// In the order of the tables.
    pub(crate) const ALL: [Group; 5] = [Group::Push, Group::Requests, Group::Publish, Group::Connections, Group::Ours];

    /// The heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Group::Push => "PUSH to PULL",
            Group::Requests => "Requests and replies",
            Group::Publish => "PUB to 8 SUB",
            Group::Connections => "1,000 PUSH to one PULL",
            Group::Ours => "Unix domain sockets, and topics",
        }
    }

    /// The name of the plot's file, without its ending.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Group::Push => "push",
            Group::Requests => "requests",
            Group::Publish => "publish",
            Group::Connections => "connections",
            Group::Ours => "ipc-and-topics",
        }
    }
}

/// What a process does in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Connects and floods.
    Push,
    /// Connects [`CONNECTIONS`] times, sends one message over each, waits to be told, and floods over all.
    Pushes,
    /// Binds, receives and counts.
    Pull,
    /// Connects, asks one question at a time and counts the answers.
    Req,
    /// Binds and answers.
    Rep,
    /// Connects, keeps [`IN_FLIGHT`] questions on their way and counts the answers.
    Dealer,
    /// Binds and sends back what it receives.
    Router,
    /// Binds and floods whoever subscribed.
    Pub,
    /// Connects with each of its sockets, subscribes, receives and counts.
    Subs,
}

impl Role {
    /// Whether the messages that this process received are the cell's result.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Role::Pull | Role::Req | Role::Dealer | Role::Subs)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

const LEN_MAX: usize = 64 * 1024 * 1024;
const TOPICS_MAX: usize = 1_000_000;
const TOPICS_BODY_LEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_reads_back_as_it_is_shown() {
        let names = ["push16", "push1m", "push1000", "ipc-push64", "req16", "req1k-apart", "flight16", "pub1k-drop"];
        for text in names.into_iter().map(String::from).chain(Case::all().map(|case| case.to_string())) {
            let case: Case = text.parse().unwrap();
            assert_eq!(case.to_string(), text);
        }
        assert_eq!("push64k".parse(), Ok(Case { kind: Kind::Push, number: 65536 }));
    }

    #[test]
    fn a_body_has_room_for_its_sequence_number() {
        for text in ["push7", "push", "pushk", "req", "req16-drop", "topics0", "push1g", "push65m", "pu", "-drop"] {
            assert!(text.parse::<Case>().is_err(), "{text}");
        }
    }
}
