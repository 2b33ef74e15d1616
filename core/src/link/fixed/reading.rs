//! What is next in the octets that a link's array holds, once messages can pass?

use super::pieces::Passing;
use super::rx::Rx;
use super::{LinkError, Reader, Wants};
use crate::link::heartbeat::Heartbeat;
use crate::link::reader::Step;
use crate::link::writer;
use crate::mechanism::Open;
use crate::wire::{Command, FrameKind, Subscription};

/// Reads one step further; whether it could. Without a heartbeat the connection is lost.
pub(super) fn read<O: Open>(
    reader: &mut Reader<O>,
    heartbeat: Option<&mut Heartbeat>,
    wants: Wants,
    (rx, passing, octets): (&mut Rx, &mut Passing, &mut [u8]),
) -> Result<bool, LinkError> {
    if let Some(read) = passing.step(rx, octets) {
        return Ok(read);
    }
    if rx.is_full(octets.len()) {
        return Ok(false);
    }
    let (step, used) = reader.next(rx.unread(octets))?;
    match step {
        Step::Need(len) if rx.can_hold(len, octets.len()) => Ok(false),
        Step::Need(_) | Step::Large { .. } => passing.begin(rx, octets, reader, wants.large_len_max).map(|()| false),
        Step::Command(body) => {
            let body = rx.unread(octets).get(body).unwrap_or_default();
            // Looked at where it is: to move it takes more flash than to read it.
            match (&Command::decode(body), wants.listen, heartbeat) {
                (Err(error), ..) => return Err(LinkError::Command(*error)),
                (Ok(Command::Subscription(Subscription { topic, wanted })), Some(listen), _) => {
                    let topic_len = topic.len();
                    listen(rx, octets, *wanted, topic_len, used);
                    return Ok(true);
                }
                (Ok(command), _, Some(heartbeat)) => heartbeat.handle(command),
                (Ok(_), _, None) => (),
            }
            rx.skip(octets, used);
            Ok(true)
        }
        Step::Frame { kind, .. } => {
            if !O::CLEAR {
                // What was sealed in is written where the parts are later looked for.
                writer::rewrite_kind(rx.unread(octets), kind);
            }
            rx.take_in(used);
            if kind == FrameKind::Last {
                rx.finish_message();
            }
            Ok(true)
        }
    }
}
