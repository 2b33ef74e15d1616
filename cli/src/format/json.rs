//! How is a message written in JSON?
//!
//! An array with one entry per frame: a string when the frame is UTF-8, else `{"hex":"…"}`.

use serde_json::{Value, json};

use super::{NotAMessage, hex};

/// Appends the frames.
pub(super) fn write<'a>(parts: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let frames = parts.map(|part| match std::str::from_utf8(part) {
        Ok(text) => Value::from(text),
        Err(_) => {
            json!({ KEY: String::from_utf8_lossy(&part.iter().copied().flat_map(hex::digits).collect::<Vec<_>>()) })
        }
    });
    out.extend_from_slice(Value::Array(frames.collect()).to_string().as_bytes());
}

/// Reads the frames of a line.
pub(super) fn read(line: &[u8]) -> Result<Vec<Vec<u8>>, NotAMessage> {
    let value: Value = serde_json::from_slice(line).map_err(|error| NotAMessage(format!("not JSON: {error}")))?;
    match value {
        Value::Array(frames) if !frames.is_empty() => frames.into_iter().map(read_frame).collect(),
        _ => Err(NotAMessage(format!("a message is an array with at least one frame, {EXAMPLE}"))),
    }
}

fn read_frame(frame: Value) -> Result<Vec<u8>, NotAMessage> {
    if let Value::Object(fields) = &frame
        && fields.len() == 1
        && let Some(Value::String(digits)) = fields.get(KEY)
    {
        return if digits.is_empty() { Ok(Vec::new()) } else { hex::read_frame(digits.as_bytes()) };
    }
    match frame {
        Value::String(text) => Ok(text.into_bytes()),
        other => Err(NotAMessage(format!("{other} is no frame: a frame is a string or an object of hex, {EXAMPLE}"))),
    }
}

const KEY: &str = "hex";
const EXAMPLE: &str = r#"like ["text",{"hex":"00ff"}]"#;

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn a_frame_is_a_string_or_hex() {
        for (parts, text) in [
            (&[&b"a"[..], b"", b"\xff\x01"][..], r#"["a","",{"hex":"ff01"}]"#),
            (&["ü\n\"".as_bytes()], "[\"ü\\n\\\"\"]"),
            (&[b"\0"], r#"["\u0000"]"#),
        ] {
            let mut out = Vec::new();
            write(parts.iter().copied(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
            assert_eq!(read(text.as_bytes()).unwrap(), parts);
        }
    }

    #[test]
    fn spaces_and_text_in_hex_are_read_as_well() {
        assert_eq!(read(br#" [ "a" , {"hex":"6869"}, {"hex":""} ] "#).unwrap(), [&b"a"[..], b"hi", b""]);
    }

    #[test]
    fn what_is_no_message_is_named() {
        for line in
            ["", "[]", "\"a\"", "[1]", "[null]", r#"[{"hex":"0"}]"#, r#"[{"hex":1}]"#, r#"[{"hex":"00","x":1}]"#]
        {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
        assert!(read(b"[7]").unwrap_err().to_string().starts_with("7 is no frame"));
    }
}
