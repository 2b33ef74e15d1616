//! How does what is queued get onto the wire? As it lies there; or sealed on the way.

use super::driver::Cause;
use crate::batch::Batch;
use crate::junction::{Junction, Own, Written};
use crate::transport::Outgoing;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use zeptomq_core::link::Writer;
use zeptomq_core::mechanism::Seal;
use zeptomq_core::pattern::overload::Load;
use zeptomq_core::peer::PeerId;
use zeptomq_core::wire::Version;

/// The writing half of a connection.
pub(super) struct Write<S> {
    out: Arc<Outgoing>,
    writer: Writer<S>,
    batch: Option<Box<Batch>>,
    written: Written,
    /// The system takes nothing more. What the peer sent before is still to be read; the reading half ends the connection.
    broken: bool,
    /// The stream may keep back some of what it was given.
    unflushed: bool,
    version: Version,
    /// Commands of ours, sealed, and how much of them was written.
    command: (Vec<u8>, usize),
    /// None where frames travel as they are.
    sealed: Option<Box<Sealed>>,
}

/// Frames of the batch that are sealed and not written yet.
#[derive(Default)]
struct Sealed {
    octets: Vec<u8>,
    written: usize,
    /// Where each frame ends in `octets`, and how long it was when it was plain.
    frames: VecDeque<(usize, usize)>,
    /// How much of the batch is sealed, counted from where its first message begins.
    plain: usize,
}

impl<S: Seal> Write<S> {
    pub(super) fn new(out: Arc<Outgoing>, seal: S, version: Version) -> Self {
        Self {
            out,
            writer: Writer::new(seal),
            batch: None,
            written: Written::default(),
            broken: false,
            unflushed: false,
            version,
            command: (Vec::new(), 0),
            sealed: None,
        }
    }

    /// Writes all that can be written. Tells how many messages may be delivered.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, junction: &dyn Junction, peer: PeerId) -> Result<usize, Cause> {
        let mut turn = 0;
        loop {
            let blocked = self.poll_write(cx, &mut turn);
            self.written.hungry = !self.broken && !self.has_more();
            let Self { writer, command: (octets, sent), version, written, .. } = self;
            if octets.is_empty() {
                *sent = 0;
            }
            // A vector takes whatever it is given.
            let mut own = |own: &Own<'_>| match own {
                Own::Heartbeat(command) => drop(writer.command(command, octets)),
                Own::Subscription(subscription) => drop(writer.subscription(subscription, *version, octets)),
            };
            let work = junction.collect(peer, cx.waker(), written, &mut own);
            self.batch = work.batch.or(self.batch.take());
            if let Some(end) = work.end {
                return Err(Cause::End(end));
            }
            if work.again {
                // Whoever is at it may need this very processor.
                std::thread::yield_now();
                cx.waker().wake_by_ref();
            }
            if blocked || !self.has_more() {
                self.flush(cx);
                return Ok(work.room);
            }
            if turn >= TURN_LEN {
                // The reading half and others have their turn; the peer may have sent a sign of life.
                cx.waker().wake_by_ref();
                return Ok(work.room);
            }
        }
    }

    /// Writes what is in hand, for at most the rest of the turn. Whether the system takes no more for now.
    fn poll_write(&mut self, cx: &mut Context<'_>, turn: &mut usize) -> bool {
        while self.has_more() && *turn < TURN_LEN && !self.broken {
            match self.write_some(cx) {
                Poll::Ready(Ok(len)) => {
                    *turn += len;
                    self.unflushed = true;
                }
                Poll::Ready(Err(_)) => self.broken = true,
                Poll::Pending => return true,
            }
        }
        self.broken
    }

    /// When all was written, has the stream let go of it.
    fn flush(&mut self, cx: &mut Context<'_>) {
        if self.unflushed && !self.has_more() && !self.broken {
            match self.out.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(_)) => self.broken = true,
                Poll::Pending => (),
            }
        }
    }

    /// The last that was written, and what was taken from the queue and did not leave whole.
    pub(super) fn into_written(self) -> Written {
        Written { batch: self.batch.or(self.written.batch), ..self.written }
    }

    /// Whether something is in hand that was not written.
    pub(super) fn has_more(&self) -> bool {
        self.batch.is_some() || !self.command.0.is_empty()
    }

    /// Writes once, and says how many octets.
    fn write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let (command, sent) = &mut self.command;
        if !command.is_empty() {
            let rest = command.get(*sent..).unwrap_or_default();
            let len = ready!(self.out.poll_write(cx, &[IoSlice::new(rest)]))?;
            *sent += len;
            if *sent == command.len() {
                command.clear();
            }
            return Poll::Ready(Ok(len));
        }
        let Some(batch) = &mut self.batch else { return Poll::Ready(Ok(0)) };
        let (len, left) = if S::CLEAR {
            let len = ready!(batch.write(|pieces| self.out.poll_write(cx, pieces)))?;
            (len, batch.advance(len))
        } else {
            let sealed = self.sealed.get_or_insert_default();
            ready!(sealed.poll_write(cx, &mut self.writer, batch, &self.out))?
        };
        self.written.load += left;
        if batch.is_empty() {
            self.written.batch = self.batch.take();
        }
        Poll::Ready(Ok(len))
    }
}

impl Sealed {
    /// Writes sealed frames, sealing more when all were written. Returns the octets and the messages that left.
    fn poll_write<S: Seal>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &mut Writer<S>,
        batch: &mut Batch,
        out: &Outgoing,
    ) -> Poll<io::Result<(usize, Load)>> {
        if self.written == self.octets.len() {
            self.fill(writer, batch);
        }
        let rest = self.octets.get(self.written..).unwrap_or_default();
        let len = ready!(out.poll_write(cx, &[IoSlice::new(rest)]))?;
        self.written += len;
        let mut plain = 0;
        while let Some(&(end, len)) = self.frames.front()
            && end <= self.written
        {
            plain += len;
            self.frames.pop_front();
        }
        let left = batch.advance(plain);
        // The batch counts from its first message, which is another one now.
        self.plain -= left.octets;
        Poll::Ready(Ok((len, left)))
    }

    fn fill<S: Seal>(&mut self, writer: &mut Writer<S>, batch: &Batch) {
        self.octets.clear();
        self.written = 0;
        while self.octets.len() < SEALED_LEN {
            let (frame, next) = batch.frame_at(self.plain);
            let Some(len) = writer.seal_plain(frame, next, &mut self.octets) else { break };
            self.plain += len;
            self.frames.push_back((self.octets.len(), len));
        }
    }
}

const SEALED_LEN: usize = 64 * 1024;
/// Octets that are written before others have a turn.
const TURN_LEN: usize = 1024 * 1024;
