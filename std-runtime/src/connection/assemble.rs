//! How do parts that lie in a block become messages? Short ones are copied, and the others are slices of the block.

use crate::batch::BY_HANDLE_LEN_MIN;
use crate::message::Message;
use crate::part::{INLINE_LEN_MAX, Part};
use bytes::Bytes;
use std::collections::VecDeque;
use std::ops::Range;
use zeptomq_core::link::{Frames, PARTS_MAX};
use zeptomq_core::wire::FrameKind;

/// A part that lies in the block. Words and one mark: with two, which are written by octets and moved by words, each stalls.
pub(super) struct Span {
    /// Where its frame begins, if that is clear.
    start: usize,
    body: Range<usize>,
    last: bool,
}

impl Span {
    /// The part whose frame begins at `at`, and where it is from there on. `clear` says whether frames travel as they are.
    #[inline]
    pub(super) fn new(at: usize, body: Range<usize>, kind: FrameKind, clear: bool) -> Self {
        let body = at + body.start..at + body.end;
        Self { start: if clear { at } else { body.start }, body, last: kind == FrameKind::Last }
    }

    /// Whether its frame is as we would write it.
    fn is_plain(&self) -> bool {
        Frames::is_plain(self.start, &self.body)
    }

    /// Whether the part is copied into its message.
    fn is_short(&self) -> bool {
        self.body.len() <= INLINE_LEN_MAX
    }

    /// Whether it is all of its message, or the end of it, and nothing of that is shared.
    pub(super) fn ends_short(&self) -> bool {
        self.last && self.is_short()
    }
}

/// Parts of one message for which room is kept.
const PARTS_KEPT_MAX: usize = 1024;

/// A message of all the parts. Room for unusually many is not kept.
pub(super) fn gather(parts: &mut Vec<Part>) -> Message {
    if parts.len() > PARTS_KEPT_MAX { std::mem::take(parts).into_iter().collect() } else { parts.drain(..).collect() }
}

/// Notes a part of these octets. If it is a short message that nothing stands before, that is made at once.
#[inline(always)]
pub(super) fn note(span: Span, spans: &mut Vec<Span>, parts: &[Part], messages: &mut VecDeque<Message>, octets: &[u8]) {
    let is_next = span.last && spans.is_empty() && parts.is_empty();
    let front = octets.get(span.body.start..).unwrap_or_default();
    if is_next && let Some(part) = Part::copy_from_front(front, span.body.len()) {
        messages.push_back(part.into());
    } else {
        spans.push(span);
    }
}

/// Puts the parts in the spans of these octets together to messages; what is not whole stays in `parts`. What is too long to
/// be copied into a message is one's `share` of the octets.
pub(super) fn assemble(
    spans: &mut Vec<Span>,
    parts: &mut Vec<Part>,
    messages: &mut VecDeque<Message>,
    octets: &[u8],
    share: impl Fn(Range<usize>) -> Bytes,
) {
    let piece = |range: &Range<usize>| octets.get(range.clone()).unwrap_or_default();
    let part = |span: &Span| match span.body.clone() {
        body if span.is_short() => Part::copy_from_slice(piece(&body)),
        body => share(body).into(),
    };
    let mut rest = spans.as_slice();
    while let Some((span, mut behind)) = rest.split_first() {
        if span.last && parts.is_empty() {
            let front = octets.get(span.body.start..).unwrap_or_default();
            match Part::copy_from_front(front, span.body.len()) {
                Some(part) => messages.push_back(part.into()),
                None => push_apart(messages, part(span).into()),
            }
        } else if parts.is_empty()
            && let Some((count, frames)) = few(rest)
        {
            let front = octets.get(frames.start..).unwrap_or_default();
            match Message::framed_in_front(front, frames.len()) {
                Some(message) => messages.push_back(message),
                // Who keeps a short message does not keep a block with it.
                None if frames.len() <= INLINE_LEN_MAX => push_apart(messages, Message::framed_alone(piece(&frames))),
                None => push_apart(messages, Message::framed(share(frames))),
            }
            behind = rest.get(count..).unwrap_or_default();
        } else {
            parts.push(part(span));
            if span.last {
                messages.push_back(gather(parts));
            }
        }
        rest = behind;
    }
    spans.clear();
}

/// Apart, so that the compiler does not have a message come together before it is moved to its place: what is written by
/// words and moved by pairs stalls.
#[inline(never)]
fn push_apart(messages: &mut VecDeque<Message>, message: Message) {
    messages.push_back(message);
}

/// How many parts the first message has, and where its frames are, if it is whole and may stay as it lies there.
fn few(spans: &[Span]) -> Option<(usize, Range<usize>)> {
    let start = spans.first()?.start;
    let mut frames = start..start;
    for (before, span) in spans.iter().take(PARTS_MAX).enumerate() {
        // A peer may have written a longer header than it needs, or a command between two parts.
        if !span.is_plain() || span.start != frames.end {
            return None;
        }
        frames.end = span.body.end;
        if span.last {
            return (frames.len() < BY_HANDLE_LEN_MIN).then_some((before + 1, frames));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Span, assemble, few};
    use crate::message::Message;
    use crate::part::Part;
    use bytes::Bytes;
    use std::collections::VecDeque;
    use zeptomq_core::link::{Limits, Reader, Step};
    use zeptomq_core::mechanism::Clear;
    use zeptomq_core::wire::FrameKind;

    fn spans(octets: &[u8]) -> Vec<Span> {
        let limits = Limits { window: 1 << 20, frame_len_max: 1 << 20, message_len_max: 1 << 20 };
        let (mut reader, mut at, mut spans) = (Reader::new(Clear, limits), 0, Vec::new());
        while let Ok((step, used @ 1..)) = reader.next(&mut octets[at..].to_vec()) {
            if let Step::Frame { kind, body } = step {
                spans.push(Span::new(at, body, kind, true));
            }
            at += used;
        }
        spans
    }

    /// What becomes of octets that arrive at once: messages, and the parts that are left.
    fn assembled(octets: &[u8]) -> (Vec<Message>, Vec<Part>) {
        let (mut spans, octets) = (spans(octets), Bytes::copy_from_slice(octets));
        let (mut parts, mut messages) = (Vec::new(), VecDeque::new());
        assemble(&mut spans, &mut parts, &mut messages, &octets, |range| octets.slice(range));
        assert!(spans.is_empty());
        (messages.into(), parts)
    }

    #[test]
    fn a_message_stays_in_one_piece_only_where_it_lies_as_it_would_be_written() {
        let short = b"\x01\x05topic\0\x04body".to_vec();
        let long_header = b"\x03\0\0\0\0\0\0\0\x05topic\0\x04body".to_vec();
        let long_header_behind = b"\x01\x05topic\x02\0\0\0\0\0\0\0\x04body".to_vec();
        let command_between = b"\x01\x05topic\x04\x07\x04PINX\0\0\0\x04body".to_vec();
        let message = Message::from(["topic", "body"]);
        for (octets, stays) in
            [(short, true), (long_header, false), (long_header_behind, false), (command_between, false)]
        {
            // Alone, and with others around it.
            for around in [0, 1, 3] {
                let others = b"\0\x03one\x01\0\0\x03two".repeat(around);
                let (messages, left) = assembled(&[&others[..], &octets, &others, b"\x01\x04left"].concat());
                assert_eq!(messages.len(), 4 * around + 1);
                for others in [&messages[..2 * around], &messages[2 * around + 1..]] {
                    let expected = [Message::from("one"), Message::from(["", "two"])];
                    assert!(others.chunks(2).all(|others| *others == expected));
                }
                assert_eq!(messages[2 * around], message);
                assert_eq!(Message::from_iter(left), Message::from("left"));
            }
            assert_eq!(few(&spans(&octets)).is_some(), stays, "{octets:?}");
        }
    }

    /// What stands before a part is not its header then, or not that of the plain part.
    #[test]
    fn nothing_stays_as_it_lies_that_was_sealed() {
        for at in [0, 5] {
            let [clear, sealed] = [true, false].map(|clear| [Span::new(at, 2..6, FrameKind::Last, clear)]);
            assert_eq!((few(&clear), few(&sealed)), (Some((1, at..at + 6)), None));
        }
    }

    #[test]
    fn who_keeps_a_short_message_keeps_no_block() {
        let short = [&b"\x01\x05topic\0\x37"[..], &[7; 55]].concat();
        let longer = [&b"\x01\x05topic\0\x38"[..], &[7; 56]].concat();
        let alone = [&b"\0\x40"[..], &[7; 64]].concat();
        // Little lies behind the last two.
        let octets = Bytes::from([&short[..], &alone, &longer, b"\0\x04last\x01\x04very\0\x04last"].concat());
        let (mut spans, mut parts, mut messages) = (spans(&octets), Vec::new(), VecDeque::new());
        assemble(&mut spans, &mut parts, &mut messages, &octets, |range| octets.slice(range));
        assert!(!octets.is_unique());
        assert_eq!(messages.remove(2), Some(Message::from([&b"topic"[..], &[7; 56]])));
        assert!(octets.is_unique());
        let (short, alone) = (Message::from([&b"topic"[..], &[7; 55]]), Message::from(&[7; 64]));
        assert_eq!(messages, [short, alone, Message::from("last"), Message::from(["very", "last"])]);
    }
}
