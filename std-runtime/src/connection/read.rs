//! How does what arrives become messages? A block is borrowed when there is something to read, frames are found in it,
//! and messages are slices of it.

use super::assemble::{Span, assemble, gather, note};
use super::driver::Cause;
use crate::blocks::{BLOCK_LEN, Blocks};
use crate::junction::{self, By, Junction};
use crate::message::Message;
use crate::part::{INLINE_LEN_MAX, Part};
use crate::transport::Incoming;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::AsyncReadExt;
use zeptomq_core::link::{Limits, Ping, ReadError, Reader, Step};
use zeptomq_core::mechanism::Open;
use zeptomq_core::peer::PeerId;
use zeptomq_core::wire::{Command, FrameKind};

/// The reading half of a connection.
pub(super) struct Read<O> {
    incoming: Incoming,
    reader: Reader<O>,
    /// What arrived and is not read yet; none while there is nothing.
    block: Option<BytesMut>,
    /// What of a frame has arrived, while no more does; it goes before what comes next.
    begun: Vec<u8>,
    /// How many octets from the block's start on are needed to read further.
    need: usize,
    /// How many messages may be delivered.
    room: usize,
    /// How many octets were read since others had their turn.
    turn: usize,
    /// Whether messages were delivered since others had their turn, and there is nothing to collect.
    calm: bool,
    /// Whether subscriptions concern the socket.
    listens: bool,
    spans: Vec<Span>,
    /// The parts of a message that is not whole yet.
    parts: Vec<Part>,
    /// In a box, for most connections never have one.
    large: Option<Box<Large>>,
    messages: VecDeque<Message>,
    pings: Vec<Ping>,
}

/// A body that is longer than a block. It grows with what has arrived, not by what was announced.
struct Large {
    kind: FrameKind,
    len: usize,
    body: Vec<u8>,
}

/// Room that is made for a large body before any of it has arrived, in octets.
const LARGE_FIRST_LEN: usize = 256 * 1024;
/// Messages that are delivered at once.
const BATCH_MAX: usize = 1024;
/// A block with less room than this is exchanged for an empty one, in octets.
const ROOM_MIN: usize = BLOCK_LEN / 4;

impl<O: Open> Read<O> {
    /// `rest` is what arrived behind the handshake.
    pub(super) fn new(incoming: Incoming, open: O, rest: Vec<u8>, junction: &Arc<dyn Junction>) -> Self {
        let options = &junction.shared().options;
        let limits = Limits {
            window: BLOCK_LEN,
            frame_len_max: options.frame_len_max,
            message_len_max: options.message_len_max,
        };
        let block = (!rest.is_empty()).then(|| {
            let mut block = junction.shared().blocks.lend();
            block.extend_from_slice(&rest);
            block
        });
        Self {
            incoming,
            reader: Reader::new(open, limits),
            block,
            begun: Vec::new(),
            need: 0,
            room: 0,
            turn: 0,
            calm: false,
            listens: junction.listens(),
            spans: Vec::new(),
            parts: Vec::new(),
            large: None,
            messages: VecDeque::new(),
            pings: Vec::new(),
        }
    }

    pub(super) fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Others had their turn.
    pub(super) fn begin_turn(&mut self) {
        (self.turn, self.calm) = (0, false);
    }

    /// Whether messages were delivered in this turn, and there is nothing to collect.
    pub(super) fn is_calm(&self) -> bool {
        self.calm
    }

    pub(super) fn into_incoming(self) -> Incoming {
        self.incoming
    }

    /// Reads until nothing more arrives or no more can be delivered. Whether an answer is due to what arrived.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        junction: &dyn Junction,
        peer: PeerId,
        by: By,
    ) -> Result<bool, Cause> {
        let mut heard = false;
        loop {
            let answer_due = self.deliver(heard, junction, peer, by)?;
            if self.turn >= TURN_LEN {
                // Others are to run, the receiver among them.
                cx.waker().wake_by_ref();
                return Ok(answer_due);
            }
            if answer_due || self.room == 0 {
                return Ok(answer_due);
            }
            if self.incoming.poll_ready(cx).map_err(Cause::Transport)?.is_pending() {
                self.rest(junction);
                return Ok(false);
            }
            match self.fill(cx, junction) {
                Poll::Ready(Ok(0)) => return Err(Cause::Closed),
                Poll::Ready(Ok(len)) => (heard, self.turn) = (true, self.turn + len),
                Poll::Ready(Err(error)) => return Err(Cause::Transport(error)),
                Poll::Pending => {
                    self.rest(junction);
                    return Ok(false);
                }
            }
        }
    }

    /// Delivers what has arrived, as far as there is room; or at least that something has. Whether an answer is due.
    fn deliver(&mut self, mut heard: bool, junction: &dyn Junction, peer: PeerId, by: By) -> Result<bool, Cause> {
        let mut answer_due = false;
        while self.room > 0 {
            let parsed = self.parse(&junction.shared().blocks);
            // What stands before an error was sent by a peer in good standing.
            let further = matches!(parsed, Ok(true));
            if heard || !self.messages.is_empty() || !self.pings.is_empty() {
                heard = false;
                answer_due |= !self.pings.is_empty();
                let delivered = junction.deliver(peer, &mut self.messages, &mut self.pings, by);
                (self.room, self.calm) = (delivered.room, !delivered.roused);
            }
            parsed?;
            if !further {
                break;
            }
        }
        Ok(answer_due)
    }

    /// Turns what has arrived into messages and commands. Whether there may be more behind them.
    fn parse(&mut self, blocks: &Blocks) -> Result<bool, Cause> {
        if let Some(large) = self.large.take() {
            return self.finish_large(large, blocks);
        }
        if self.block.as_ref().is_none_or(|block| block.len() < self.need) {
            return Ok(false);
        }
        let (mut at, mut messages, mut outcome) = (0, 0, Ok(true));
        self.spans.clear();
        if self.spans.capacity() > SPANS_KEPT_MAX {
            self.spans = Vec::new();
        }
        while messages < self.room.min(BATCH_MAX) {
            let Some(block) = &mut self.block else { break };
            match self.reader.next(block.get_mut(at..).unwrap_or_default()) {
                Ok((Step::Need(need), _)) => {
                    self.need = need;
                    outcome = Ok(false);
                    break;
                }
                Ok((Step::Frame { kind, body }, used)) => {
                    messages += usize::from(kind == FrameKind::Last);
                    let span = Span::new(at, body, kind, O::CLEAR);
                    note(span, &mut self.spans, &self.parts, &mut self.messages, block);
                    at += used;
                }
                Ok((Step::Command(body), used)) => {
                    let body = block.get(at + body.start..at + body.end).unwrap_or_default();
                    match Command::decode(body) {
                        // Nothing but heartbeats concerns a connection of these types; others are ignored (RFC 37).
                        Ok(Command::Ping { ttl_ds, context }) => self.pings.push(Ping::new(ttl_ds, context)),
                        // Said in a command or in a message, it is the same.
                        Ok(Command::Subscription(said)) if self.listens => {
                            let said = junction::said(said);
                            // First what stands before it.
                            self.take(at);
                            at = 0;
                            self.messages.push_back(said);
                            messages += 1;
                        }
                        Ok(_) => (),
                        Err(error) => {
                            outcome = Err(Cause::Command(error));
                            break;
                        }
                    }
                    at += used;
                    if self.pings.len() == COMMANDS_MAX {
                        break;
                    }
                }
                Ok((Step::Large { kind, len }, used)) => {
                    at += used;
                    self.large = Some(Box::new(Large { kind, len, body: Vec::new() }));
                    break;
                }
                Err(error) => {
                    outcome = Err(Cause::Read(error));
                    break;
                }
            }
        }
        if at > 0 {
            self.need = if matches!(outcome, Ok(false)) { self.need } else { 0 };
            self.take(at);
        }
        outcome
    }

    /// Turns the first `len` octets of the block, whose spans are known, into messages.
    fn take(&mut self, len: usize) {
        let Some(block) = &mut self.block else { return };
        let Self { spans, parts, messages, .. } = self;
        if len <= INLINE_LEN_MAX || spans.iter().all(Span::ends_short) {
            assemble(spans, parts, messages, block, |range| {
                Bytes::copy_from_slice(block.get(range).unwrap_or_default())
            });
            block.advance(len);
            return;
        }
        // A few messages are copied out of a large block, so that one which is kept for long does not keep the block.
        let octets = if len < BLOCK_LEN / 4 {
            let octets = Bytes::copy_from_slice(block.get(..len).unwrap_or_default());
            block.advance(len);
            octets
        } else {
            block.split_to(len).freeze()
        };
        assemble(spans, parts, messages, &octets, |range| octets.slice(range));
    }

    /// Moves what of a large body has arrived to its place, and delivers it when it is whole.
    fn finish_large(&mut self, mut large: Box<Large>, blocks: &Blocks) -> Result<bool, Cause> {
        if let Some(block) = &mut self.block {
            let len = block.len().min(large.len - large.body.len());
            large.grow(len, blocks)?;
            large.body.extend_from_slice(block.get(..len).unwrap_or_default());
            block.advance(len);
        }
        if large.body.len() < large.len {
            self.large = Some(large);
            return Ok(false);
        }
        let Large { kind, mut body, .. } = *large;
        let (kind, inner) = self.reader.open_large(kind, &mut body).map_err(Cause::Read)?;
        let whole = blocks.keep_body(body);
        let part = if inner.len() == whole.len() { whole.into() } else { whole.slice(inner).into() };
        self.parts.push(part);
        if kind == FrameKind::Last {
            self.messages.push_back(gather(&mut self.parts));
        }
        Ok(true)
    }

    /// Reads once from the stream.
    fn fill(&mut self, cx: &mut Context<'_>, junction: &dyn Junction) -> Poll<io::Result<usize>> {
        if let Some(large) = &mut self.large {
            if large.grow(1, &junction.shared().blocks).is_err() {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
            let room = large.body.capacity().min(large.len) - large.body.len();
            let mut body = (&mut large.body).limit(room);
            return pin!(self.incoming.read_buf(&mut body)).poll(cx);
        }
        let blocks = &junction.shared().blocks;
        let mut block = self.block.take().unwrap_or_else(|| blocks.lend());
        block.extend_from_slice(&std::mem::take(&mut self.begun));
        if block.capacity() - block.len() < ROOM_MIN.max(self.need.saturating_sub(block.len())) {
            let mut empty = blocks.lend();
            empty.extend_from_slice(&block);
            blocks.give_back(std::mem::replace(&mut block, empty));
        }
        let block = self.block.insert(block);
        pin!(self.incoming.read_buf(block)).poll(cx)
    }

    /// Nothing more arrives for now: the block goes back, with a little of a frame in it too. A peer that stops in the
    /// middle of a header holds no block.
    fn rest(&mut self, junction: &dyn Junction) {
        if let Some(block) = self.block.take_if(|block| block.len() <= BEGUN_LEN_MAX) {
            self.begun = block.to_vec();
            junction.shared().blocks.give_back(block);
        }
        self.spans.clear();
        self.spans.shrink_to(RESTING_MAX);
        self.messages.shrink_to(RESTING_MAX);
        self.pings.shrink_to(RESTING_MAX);
        if self.parts.is_empty() {
            self.parts.shrink_to(RESTING_MAX);
        }
    }
}

impl Large {
    /// Makes room for `len` more octets: memory of a body that is gone, once an eighth of it is filled; or twice of what has
    /// arrived. Never more than was announced.
    fn grow(&mut self, len: usize, blocks: &Blocks) -> Result<(), Cause> {
        let needed = self.body.len() + len;
        if needed <= self.body.capacity() {
            return Ok(());
        }
        if self.len / LENT_PART <= needed {
            let mut lent = blocks.lend_body(self.len);
            if lent.capacity() >= needed {
                lent.extend_from_slice(&self.body);
                self.body = lent;
                return Ok(());
            }
        }
        let capacity = needed.max(self.body.capacity() * 2).max(LARGE_FIRST_LEN).min(self.len);
        let more = capacity - self.body.len();
        self.body.try_reserve_exact(more).map_err(|_| Cause::Read(ReadError::MessageTooLong))
    }
}

/// Who announces much and sends little holds memory of so many times of it at the most.
const LENT_PART: usize = 8;
/// Of messages, and of what they are made of, for which a connection keeps room on which nothing arrives.
const RESTING_MAX: usize = 16;
/// So much of a frame is copied out of its block when no more arrives, in octets.
const BEGUN_LEN_MAX: usize = BLOCK_LEN / 8;
/// Octets that are read before other tasks have a turn.
const TURN_LEN: usize = BLOCK_LEN / 2;
/// Frames found at once for which room is kept.
const SPANS_KEPT_MAX: usize = 16 * 1024;
/// Commands that are answered at once.
const COMMANDS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::{Blocks, FrameKind, LARGE_FIRST_LEN, Large};

    #[test]
    fn who_announces_much_holds_little_until_much_of_it_has_come() {
        let (blocks, len) = (Blocks::default(), 4 * LARGE_FIRST_LEN);
        let first = blocks.keep_body(vec![7; len]).as_ptr();
        let mut large = Large { kind: FrameKind::Last, len, body: Vec::new() };
        large.grow(1, &blocks).unwrap();
        assert_eq!(large.body.capacity(), LARGE_FIRST_LEN);
        large.body.resize(LARGE_FIRST_LEN, 1);
        large.grow(1, &blocks).unwrap();
        assert_eq!((large.body.as_ptr(), large.body.capacity()), (first, len));
        assert_eq!(large.body, [1; LARGE_FIRST_LEN]);
    }
}
