//! How is a message written as text?
//!
//! Frames are joined by a tab. Text stands for itself. Octets that are no text, that would end the frame or the line, or
//! that a terminal would obey are written as `\xHH`. A backslash stands for itself too, unless `x` and two hex digits
//! follow it: then it is written as `\x5c`. So whatever is printed can be given back and is the same message.

use super::hex;

/// Appends the frames.
pub(super) fn write<'a>(parts: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    for (n, part) in parts.enumerate() {
        if n > 0 {
            out.push(b'\t');
        }
        write_frame(part, out);
    }
}

/// Reads the frames of a line.
pub(super) fn read(line: &[u8]) -> Vec<Vec<u8>> {
    line.split(|octet| *octet == b'\t').map(read_frame).collect()
}

/// Appends one frame.
pub(crate) fn write_frame(frame: &[u8], out: &mut Vec<u8>) {
    for chunk in frame.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(needs_escape) {
            let (before, from) = rest.split_at(at);
            out.extend_from_slice(before.as_bytes());
            let mut characters = from.chars();
            if let Some(character) = characters.next() {
                rest = characters.as_str();
                write_character(character, rest, out);
            }
        }
        out.extend_from_slice(rest.as_bytes());
        chunk.invalid().iter().for_each(|octet| escape(*octet, out));
    }
}

/// Reads one frame: every `\xHH` is that octet, all else is itself.
pub(crate) fn read_frame(text: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = if *first == b'\\' { escaped(after) } else { None };
        frame.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    frame
}

/// Text from elsewhere as part of a line for a person: it stays one line and cannot command the terminal.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = Vec::with_capacity(text.len());
    write_frame(text.as_bytes(), &mut line);
    String::from_utf8_lossy(&line).into_owned()
}

fn needs_escape(character: char) -> bool {
    character.is_control() || character == '\\'
}

fn write_character(character: char, after: &str, out: &mut Vec<u8>) {
    if character == '\\' && escaped(after.as_bytes()).is_none() {
        out.push(b'\\');
    } else {
        let mut octets = [0; 4];
        character.encode_utf8(&mut octets).bytes().for_each(|octet| escape(octet, out));
    }
}

fn escape(octet: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\x");
    out.extend_from_slice(&hex::digits(octet));
}

/// The octet that `xHH` behind a backslash stands for.
fn escaped(after: &[u8]) -> Option<u8> {
    match after {
        [b'x', high, low, ..] => hex::octet(*high, *low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{one_line, read, read_frame, write};

    fn written(parts: &[&[u8]]) -> String {
        let mut out = Vec::new();
        write(parts.iter().copied(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_stands_for_itself_and_the_rest_is_escaped() {
        for (parts, text) in [
            (&[&b"one"[..], b"two"][..], "one\ttwo"),
            (&[b"", b""], "\t"),
            (&[b"a\tb\nc"], "a\\x09b\\x0ac"),
            (&[b"\0\x80"], "\\x00\\x80"),
            (&[br#"C:\new {"a":"\n"}"#], r#"C:\new {"a":"\n"}"#),
            (&[br"\x41 \x4g"], r"\x5cx41 \x4g"),
            (&["Zürich".as_bytes()], "Zürich"),
        ] {
            assert_eq!(written(parts), text);
            assert_eq!(read(text.as_bytes()), parts);
        }
    }

    #[test]
    fn an_escape_takes_either_case_and_needs_two_digits() {
        assert_eq!(read_frame(br"\xfF\xf"), b"\xff\\xf");
        assert_eq!(read_frame(br"\\x00"), b"\\\0");
        assert_eq!(read_frame(b"\\"), b"\\");
    }

    #[test]
    fn an_empty_line_is_one_empty_frame() {
        assert_eq!(read(b""), [b""]);
    }

    #[test]
    fn a_reason_from_elsewhere_stays_one_line() {
        assert_eq!(one_line("no\r\n\x1b[2J"), "no\\x0d\\x0a\\x1b[2J");
    }
}
