//! What is the node asked to do? Words from the wire become values here, or an error text.

use crate::telemetry::{PERIOD_LEAST_MS, PERIOD_MOST_MS};
use zeptomq_core::message::Parts;

/// A request to REP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Request<'a> {
    Ping,
    Echo(&'a [u8]),
    /// In milliseconds.
    Rate(u32),
    Stats,
}

/// What SUB was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    /// In milliseconds.
    Rate(u32),
    Quiet,
    Loud,
}

/// Why an order is not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Malformed {
    UnknownRequest,
    UnknownCommand,
    UnknownJob,
    Rate,
    Echo,
}

impl<'a> Request<'a> {
    pub(crate) fn decode(message: &'a impl Parts) -> Result<Self, Malformed> {
        match words(message).ok_or(Malformed::UnknownRequest)? {
            (b"ping", None) => Ok(Self::Ping),
            (b"stats", None) => Ok(Self::Stats),
            (b"echo", argument) => argument.map(Self::Echo).ok_or(Malformed::Echo),
            (b"rate", argument) => period_ms(argument).map(Self::Rate),
            _ => Err(Malformed::UnknownRequest),
        }
    }
}

impl Command {
    pub(crate) fn decode(message: &impl Parts) -> Result<Self, Malformed> {
        match words(message).ok_or(Malformed::UnknownCommand)? {
            (b"cmd.rate", argument) => period_ms(argument).map(Self::Rate),
            (b"cmd.quiet", None) => Ok(Self::Quiet),
            (b"cmd.loud", None) => Ok(Self::Loud),
            _ => Err(Malformed::UnknownCommand),
        }
    }
}

/// The number of a job.
pub(crate) fn job(message: &impl Parts) -> Result<u32, Malformed> {
    match words(message) {
        Some((b"job", Some(argument))) => number(argument).ok_or(Malformed::UnknownJob),
        _ => Err(Malformed::UnknownJob),
    }
}

impl Malformed {
    /// What to tell who asked.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::UnknownRequest => "unknown request; there are ping, echo X, rate MS and stats",
            Self::UnknownCommand => "unknown command; there are cmd.rate MS, cmd.quiet and cmd.loud",
            Self::UnknownJob => "a job is `job N`, N at most 4294967295",
            Self::Rate => "a rate is 10 to 60000 milliseconds, as in `rate 250`",
            Self::Echo => "echo needs something to say, as in `echo hello`",
        }
    }
}

const _: () = assert!(PERIOD_LEAST_MS == 10 && PERIOD_MOST_MS == 60_000, "the text says so");

/// A word and its argument, which follows a space or is a part of its own.
fn words(message: &impl Parts) -> Option<(&[u8], Option<&[u8]>)> {
    let mut parts = message.parts();
    let (first, second) = (parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let space = first.iter().position(|octet| *octet == b' ');
    match (space.and_then(|at| first.split_at_checked(at)), second) {
        (None, argument) => Some((first, argument)),
        (Some((word, rest)), None) => Some((word, rest.split_first().map(|(_, argument)| argument))),
        (Some(_), Some(_)) => None,
    }
}

fn period_ms(argument: Option<&[u8]>) -> Result<u32, Malformed> {
    let ms = argument.and_then(number).ok_or(Malformed::Rate)?;
    if (PERIOD_LEAST_MS..=PERIOD_MOST_MS).contains(&ms) { Ok(ms) } else { Err(Malformed::Rate) }
}

/// A number in decimal digits and nothing else.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::{Command, Malformed, Request, job};

    #[test]
    fn a_request_is_a_word_and_perhaps_an_argument_in_its_part_or_the_next() {
        let long = ["x"; 300].concat();
        let table: &[(&[&str], Result<Request<'_>, Malformed>)] = &[
            (&["ping"], Ok(Request::Ping)),
            (&["stats"], Ok(Request::Stats)),
            (&["echo a b"], Ok(Request::Echo(b"a b"))),
            (&["echo "], Ok(Request::Echo(b""))),
            (&["echo", &long], Ok(Request::Echo(long.as_bytes()))),
            (&["rate 10"], Ok(Request::Rate(10))),
            (&["rate", "60000"], Ok(Request::Rate(60_000))),
            (&["echo"], Err(Malformed::Echo)),
            (&["rate"], Err(Malformed::Rate)),
            (&["rate 9"], Err(Malformed::Rate)),
            (&["rate 60001"], Err(Malformed::Rate)),
            (&["rate 4294967306"], Err(Malformed::Rate)),
            (&["rate +50"], Err(Malformed::Rate)),
            (&["rate 50 "], Err(Malformed::Rate)),
            (&["ping pong"], Err(Malformed::UnknownRequest)),
            (&["Ping"], Err(Malformed::UnknownRequest)),
            (&[""], Err(Malformed::UnknownRequest)),
            (&["rate 50", "60"], Err(Malformed::UnknownRequest)),
            (&["rate", "50", "60"], Err(Malformed::UnknownRequest)),
        ];
        for (parts, expected) in table {
            let parts: std::vec::Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            assert_eq!(Request::decode(&Whole(&parts)), *expected, "{parts:?}");
        }
    }

    #[test]
    fn a_command_is_one_of_three() {
        let decode = |parts: &[&[u8]]| Command::decode(&Whole(parts));
        assert_eq!(decode(&[b"cmd.rate 250"]), Ok(Command::Rate(250)));
        assert_eq!(decode(&[b"cmd.rate", b"250"]), Ok(Command::Rate(250)));
        assert_eq!(decode(&[b"cmd.quiet"]), Ok(Command::Quiet));
        assert_eq!(decode(&[b"cmd.loud"]), Ok(Command::Loud));
        assert_eq!(decode(&[b"cmd.rate 1"]), Err(Malformed::Rate));
        for unknown in [&b"cmd."[..], b"cmd.quiet 1", b"cmd.off", b"rate 250"] {
            assert_eq!(decode(&[unknown]), Err(Malformed::UnknownCommand));
        }
    }

    #[test]
    fn a_job_has_a_number_of_32_bits() {
        assert_eq!(job(&[b"job 4294967295"]), Ok(u32::MAX));
        assert_eq!(job(&[&b"job"[..], b"0"]), Ok(0));
        for bad in [&b"job"[..], b"job ", b"job 4294967296", b"job -1", b"job 1 2", b"work 1", b"job 0x1", b"\xff"] {
            assert_eq!(job(&[bad]), Err(Malformed::UnknownJob));
        }
    }

    /// A message of parts, as one that was received.
    struct Whole<'a>(&'a [&'a [u8]]);

    impl zeptomq_core::message::Parts for Whole<'_> {
        fn parts(&self) -> impl Iterator<Item = &[u8]> + Clone {
            self.0.iter().copied()
        }
    }
}
