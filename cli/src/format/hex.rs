//! How is a message written in hex?
//!
//! Frames in lower-case hex joined by one space; an empty frame is "-". Upper case and more spaces are read as well.

use super::NotAMessage;

/// Appends the frames.
pub(super) fn write<'a>(parts: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    for (n, part) in parts.enumerate() {
        if n > 0 {
            out.push(b' ');
        }
        match part {
            [] => out.push(EMPTY),
            octets => octets.iter().for_each(|octet| out.extend_from_slice(&digits(*octet))),
        }
    }
}

/// Reads the frames of a line.
pub(super) fn read(line: &[u8]) -> Result<Vec<Vec<u8>>, NotAMessage> {
    let frames = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let frames = frames.map(read_frame).collect::<Result<Vec<_>, _>>()?;
    if frames.is_empty() {
        return Err(NotAMessage("it has no frame; an empty frame is \"-\"".to_owned()));
    }
    Ok(frames)
}

/// Reads one frame.
pub(super) fn read_frame(word: &[u8]) -> Result<Vec<u8>, NotAMessage> {
    if word == [EMPTY] {
        return Ok(Vec::new());
    }
    let octets = word.chunks(2).map(|pair| match pair {
        [high, low] => octet(*high, *low),
        _ => None,
    });
    octets.collect::<Option<_>>().ok_or_else(|| {
        let shown = word.get(..SHOWN_LEN).unwrap_or(word);
        let more = if shown.len() < word.len() { "…" } else { "" };
        NotAMessage(format!(
            "\"{}{more}\" is not hex: a frame is an even number of digits 0-9 a-f, or \"-\" when empty",
            super::text::one_line(&String::from_utf8_lossy(shown))
        ))
    })
}

/// The two digits of an octet.
pub(super) fn digits(octet: u8) -> [u8; 2] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    [digit(octet >> 4), digit(octet & 0x0f)]
}

/// The octet of two digits in either case.
pub(super) fn octet(high: u8, low: u8) -> Option<u8> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok());
    Some(nibble(high)? << 4 | nibble(low)?)
}

const EMPTY: u8 = b'-';

/// How much of a wrong word an error repeats.
const SHOWN_LEN: usize = 20;

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn frames_are_hex_and_an_empty_one_is_a_dash() {
        for (parts, text) in
            [(&[&b"hi"[..], b"", b"\xff\0"][..], "6869 - ff00"), (&[b""], "-"), (&[b"", b"", b"\x0a"], "- - 0a")]
        {
            let mut out = Vec::new();
            write(parts.iter().copied(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
            assert_eq!(read(text.as_bytes()).unwrap(), parts);
        }
    }

    #[test]
    fn upper_case_and_more_spaces_are_read_as_well() {
        assert_eq!(read(b"  FF0a   - \r").unwrap(), [&b"\xff\x0a"[..], b""]);
    }

    #[test]
    fn what_is_not_hex_is_named() {
        for line in ["", "  ", "abc", "zz", "68 6", "--", "+1"] {
            assert!(read(line.as_bytes()).is_err(), "{line:?}");
        }
        assert_eq!(
            read(b"68 hello").unwrap_err().to_string(),
            "\"hello\" is not hex: a frame is an even number of digits 0-9 a-f, or \"-\" when empty"
        );
    }
}
