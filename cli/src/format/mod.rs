//! How is a message written as a line, and a line read as a message?

mod hex;
mod json;
pub(crate) mod text;

use std::fmt;

/// The ways to write a message as one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// Frames joined by a tab; an octet that is no text is written as \xHH
    #[default]
    Text,
    /// Frames in lower-case hex joined by one space; an empty frame is "-"
    Hex,
    /// An array with one entry per frame: a string, or {"hex":"…"} when it is not UTF-8
    Json,
}

/// Why a line is no message.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct NotAMessage(String);

impl Format {
    /// Appends the message and the end of its line.
    pub(crate) fn write<'a>(self, parts: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
        match self {
            Self::Text => text::write(parts, out),
            Self::Hex => hex::write(parts, out),
            Self::Json => json::write(parts, out),
        }
        out.push(b'\n');
    }

    /// Reads the frames of a line that comes without its end.
    pub(crate) fn read(self, line: &[u8]) -> Result<Vec<Vec<u8>>, NotAMessage> {
        match self {
            Self::Text => Ok(text::read(line)),
            Self::Hex => hex::read(line),
            Self::Json => json::read(line),
        }
    }
}

impl fmt::Display for NotAMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    const MESSAGES: &[&[&[u8]]] = &[
        &[b""],
        &[b"hello"],
        &[b"", b"", b""],
        &[b"a\tb", b"two\nlines", b"\r"],
        &[b"\0\x80\0\0\x29", b"", b"body"],
        &[b"\\", b"\\x41", b"\\\\x4", b"C:\\new", b"\\\xff"],
        &["größe €".as_bytes(), b"\xff\xfe", b"{\"hex\":\"00\"}"],
        &[b"\x1b[31mred", b"\x7f", "\u{85}".as_bytes()],
    ];

    #[test]
    fn what_is_written_is_one_line_and_is_read_back() {
        for format in [Format::Text, Format::Hex, Format::Json] {
            for message in MESSAGES {
                let mut line = Vec::new();
                format.write(message.iter().copied(), &mut line);
                assert_eq!(line.pop(), Some(b'\n'));
                assert!(!line.contains(&b'\n'), "{format:?} {line:?}");
                assert_eq!(format.read(&line).unwrap(), *message, "{format:?} {line:?}");
            }
        }
    }

    #[test]
    fn every_octet_is_read_back_alone_and_behind_a_backslash() {
        for octet in 0..=255_u8 {
            for frame in [vec![octet], vec![b'\\', octet], vec![b'\\', b'x', b'4', octet]] {
                for format in [Format::Text, Format::Hex, Format::Json] {
                    let mut line = Vec::new();
                    format.write([&frame[..]].into_iter(), &mut line);
                    line.pop();
                    assert_eq!(format.read(&line).unwrap(), [&frame[..]], "{format:?} {frame:?}");
                }
            }
        }
    }
}
