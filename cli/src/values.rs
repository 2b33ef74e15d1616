//! What may the value of an option be?

use std::time::Duration;

use zeptomq::{Endpoint, EndpointError};

use crate::format::text;

/// An identity that a socket may have.
#[derive(Clone, Debug)]
pub(crate) struct Identity(pub(crate) Vec<u8>);

/// Where to bind or connect.
pub(crate) fn endpoint(given: &str) -> Result<Endpoint, String> {
    let endpoint = given.parse().map_err(|error: EndpointError| match error {
        EndpointError::NoPort(_) => error.to_string(),
        _ => format!("{error}, such as tcp://127.0.0.1:5555"),
    })?;
    match endpoint {
        Endpoint::Inproc(_) | Endpoint::Stream(_) => {
            Err(format!("\"{given}\" is within one program: between programs it is tcp:// or ipc://"))
        }
        endpoint => Ok(endpoint),
    }
}

/// Who we are to ROUTER peers.
// RFC 37 "Identity Property": 1 to 255 octets, the first of them not zero.
pub(crate) fn identity(given: &str) -> Result<Identity, String> {
    let octets = text::read_frame(given.as_bytes());
    match octets.first() {
        None | Some(0) => Err("an identity has at least one octet, and the first is not zero".to_owned()),
        Some(_) if octets.len() > 255 => Err(format!("an identity has at most 255 octets, this has {}", octets.len())),
        Some(_) => Ok(Identity(octets)),
    }
}

/// What messages begin with.
#[derive(Clone, Debug)]
pub(crate) struct Topic(Vec<u8>);

impl AsRef<[u8]> for Topic {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The beginning of a message's first frame.
pub(crate) fn topic(given: &str) -> Result<Topic, String> {
    Ok(Topic(text::read_frame(given.as_bytes())))
}

/// How many of something, or none.
pub(crate) fn number(given: &str) -> Result<u64, String> {
    given.parse().map_err(|_| format!("\"{given}\" is no whole number"))
}

/// How many of something.
pub(crate) fn positive(given: &str) -> Result<u64, String> {
    number(given).ok().filter(|number| *number > 0).ok_or_else(|| format!("\"{given}\" is no whole number from 1 on"))
}

/// How long. A number alone is seconds.
pub(crate) fn duration(given: &str) -> Result<Duration, String> {
    let unfit = || format!("\"{given}\" is no time: give a number and a unit, 500ms, 5s or 2m");
    let digits = given.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_ms = match given.get(digits.len()..) {
        Some("ms") => 1.0,
        Some("s" | "") => 1e3,
        Some("m" | "min") => 60e3,
        Some("h") => 3600e3,
        _ => return Err(unfit()),
    };
    let number = digits.parse::<f64>().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()));
    let duration =
        number.and_then(|number| Duration::try_from_secs_f64(number * unit_ms / 1e3).ok()).ok_or_else(unfit)?;
    match duration {
        Duration::ZERO => Err(format!("\"{given}\" is no time at all: leave -t out to wait for ever")),
        longest if longest > LONGEST => {
            Err(format!("\"{given}\" is longer than a year: leave -t out to wait for ever"))
        }
        duration => Ok(duration),
    }
}

const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, endpoint, identity, positive};

    #[test]
    fn an_endpoint_is_where_another_program_can_be() {
        assert!(endpoint("tcp://127.0.0.1:5555").is_ok() && endpoint("ipc:///tmp/x").is_ok());
        for (given, said) in
            [("inproc://x", "one program"), ("stream://x", "one program"), ("127.0.0.1:5555", "such as")]
        {
            assert!(endpoint(given).unwrap_err().contains(said), "{given}");
        }
    }

    #[test]
    fn a_count_is_a_whole_number() {
        for (given, count) in
            [("1", Some(1)), ("18446744073709551615", Some(u64::MAX)), ("0", None), ("-1", None), ("1.5", None)]
        {
            assert_eq!(positive(given).ok(), count, "{given}");
        }
    }

    #[test]
    fn a_time_has_a_unit() {
        for (given, milliseconds) in
            [("5s", 5_000), ("500ms", 500), ("2m", 120_000), ("1.5s", 1_500), ("1h", 3_600_000), ("3", 3_000)]
        {
            assert_eq!(duration(given), Ok(Duration::from_millis(milliseconds)), "{given}");
        }
        for given in ["", "s", "0s", "-1s", "5 s", "5d", "1e99s", "inf", "nan", "5sm", "999999h", "ms5"] {
            assert!(duration(given).is_err(), "{given}");
        }
    }

    #[test]
    fn an_identity_is_1_to_255_octets_and_does_not_begin_with_zero() {
        assert_eq!(identity(r"a\x00\xff").unwrap().0, b"a\0\xff");
        for given in ["", r"\x00a", &"a".repeat(256)] {
            assert!(identity(given).is_err(), "{given}");
        }
    }
}
