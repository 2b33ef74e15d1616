//! Where do users and connections meet? Around one lock, under which is only decided, appended and noted.
//!
//! Users send here and receive (see `receiving`), connections collect and deliver (see `junction`). Writing, waking and
//! counting events happen outside the lock. The pattern decides; the hub carries out.

use crate::batch::Batch;
use crate::blocks::Blocks;
use crate::budget::{Budget, OCTETS};
use crate::error::NotSent;
use crate::life::{Life, Phase};
use crate::listen::Strangers;
use crate::message::Message;
use crate::monitor::Event;
use crate::options::{Limit, Options};
use crate::peers::{Peer, Peers, Writer};
use crate::press::Press;
use crate::transport::Outgoing;
use crate::turns::Turns;
use crate::waiters::{Waiter, Waiters};
use std::cell::LazyCell;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant as Clock;
use tokio::runtime::Handle;
use tokio::sync::{Notify, broadcast};
use zeptomq_core::pattern::overload::{Load, Policy};
use zeptomq_core::pattern::{Drops, Pattern, Prefix, Reason, Rep, Route, RouteError, Sends, To};
use zeptomq_core::peer::{PeerId, Side};
use zeptomq_core::storage::{Full, Heap, Slots};
use zeptomq_core::time::Instant;

/// One socket.
pub(crate) struct Hub<P> {
    state: Mutex<State<P>>,
    pub(crate) shared: Shared,
}

/// What needs no lock.
pub(crate) struct Shared {
    /// Those of other sockets too, as a rule.
    pub(crate) options: Arc<Options>,
    pub(crate) blocks: Blocks,
    /// None before somebody watches: room for the events of a socket is larger than the socket.
    events: OnceLock<broadcast::Sender<Event>>,
    pub(crate) life: Arc<Life>,
    /// How many peers are up.
    pub(crate) up: AtomicUsize,
    /// A peer came or went, somebody subscribed, or something left while the socket closes.
    pub(crate) progress: Notify,
    pub(crate) runtime: OnceLock<Handle>,
    /// Who shakes hands over a stream that the user brought.
    pub(crate) served: Strangers,
    origin: Clock,
}

pub(crate) struct State<P> {
    pub(crate) pattern: P,
    pub(crate) peers: Peers,
    /// Whose messages wait to be taken.
    pub(crate) waiting: Turns,
    pub(crate) phase: Phase,
    pub(crate) receiver: Option<Waker>,
    pub(crate) senders: Waiters,
    /// How many messages were accepted and not delivered when the socket was closed.
    pub(crate) abandoned: usize,
    /// How many octets wait to be taken, from all peers together.
    pub(crate) unreceived: usize,
    /// Whether that is so much that nobody is read.
    pub(crate) crowded: bool,
    /// What was dropped with no peer in mind, or with peers that are gone.
    pub(crate) former_drops: Drops,
    /// Of the request that was taken last, as frames.
    pub(crate) envelope: Vec<u8>,
    /// Whose message was taken last, or who came last.
    pub(crate) last: Option<PeerId>,
    /// Whose connection is, or was, looked after by whoever waits for messages.
    pub(crate) attended: Option<PeerId>,
    pub(crate) press: Press,
    /// The time of the last tick.
    pub(crate) ticked: Instant,
    pub(crate) sends: Budget,
    pub(crate) receives: Budget,
}

/// What is to be done outside the lock after messages were queued.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) woken: Vec<Waker>,
    /// Mostly the only one.
    write: Option<ToWrite>,
    writes: Vec<ToWrite>,
}

/// What a caller has taken from a peer's queue and is to write.
struct ToWrite {
    out: Arc<Outgoing>,
    batch: Box<Batch>,
    peer: PeerId,
}

impl<P: Pattern> Hub<P> {
    pub(crate) fn new(pattern: P, options: impl Into<Arc<Options>>) -> Arc<Self> {
        let state = State {
            pattern,
            peers: Peers::default(),
            waiting: Turns::EMPTY,
            phase: Phase::Open,
            receiver: None,
            senders: Waiters::default(),
            abandoned: 0,
            unreceived: 0,
            crowded: false,
            former_drops: Drops::NONE,
            envelope: Vec::new(),
            last: None,
            attended: None,
            press: Press::default(),
            ticked: Instant::from_ms(0),
            sends: Budget::FULL,
            receives: Budget::FULL,
        };
        Arc::new(Self { state: Mutex::new(state), shared: Shared::new(options.into()) })
    }

    /// The lock. Nothing under it panics, so a poisoned one is as good as any.
    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Sends> Hub<P> {
    /// Queues the message for whom the pattern names; or says why not, and then the message is untouched.
    ///
    /// With `waiter`, a message that is to wait registers its task and is pending.
    pub(crate) fn poll_send(&self, message: &Message, waiter: Option<Waiter<'_>>) -> Poll<Result<(), NotSent>> {
        if message.is_empty() {
            return Poll::Ready(Err(NotSent::Empty));
        }
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Poll::Ready(Err(NotSent::Closed));
        }
        if let Some(Waiter { waker, .. }) = &waiter
            && state.sends.is_spent()
        {
            drop(state);
            waker.wake_by_ref();
            return Poll::Pending;
        }
        let mut after = After::default();
        match self.decide(&mut state, message, &mut after) {
            Ok(()) => {
                drop(state);
                self.finish(&mut after);
                Poll::Ready(Ok(()))
            }
            Err(NotSent::Full) => self.overloaded(state, waiter),
            Err(reason) => {
                state.sends.spend(0);
                Poll::Ready(Err(reason))
            }
        }
    }

    /// Queues the message for whom the pattern names, if there is room. What is to be done `after` is to be finished.
    #[inline(always)]
    pub(crate) fn decide(&self, state: &mut State<P>, message: &Message, after: &mut After) -> Result<(), NotSent> {
        if let Some(handled) = state.pattern.handle_subscription(message) {
            handled.map_err(|Full| NotSent::Route(RouteError::NoRoomForTopic))?;
            after.woken.extend(state.rouse_all());
            return Ok(());
        }
        if P::overload(self.policy()).makes_room() {
            return self.decide_making_room(state, message, after);
        }
        let State { pattern, peers, sends, press, .. } = &mut *state;
        let Route { to, skip, prefix } = match pattern.route(message) {
            Ok(route) => route,
            Err(RouteError::NoPeer) => return Err(NotSent::Full),
            Err(error) => return Err(NotSent::Route(error)),
        };
        match to {
            To::One(to) => state.queue(to, skip, &prefix, message, &self.shared.options, after),
            To::All(audience) => {
                let is_dropping = P::overload(self.policy()).drops();
                let published = self.publish(peers, press, audience, is_dropping, message, after);
                let (copies, octets) = published.ok_or(NotSent::Full)?;
                sends.spend(octets / copies.clamp(1, COPIES_FREE));
            }
        }
        Ok(())
    }

    /// Does what is to be done outside the lock after a message was queued.
    #[inline(always)]
    pub(crate) fn finish(&self, after: &mut After) {
        if !after.is_done() {
            self.finish_some(after);
        }
    }

    #[cold]
    fn finish_some(&self, After { woken, write, writes }: &mut After) {
        write.take().into_iter().chain(writes.drain(..)).for_each(|write| self.write_now(write));
        woken.drain(..).for_each(Waker::wake);
    }

    pub(crate) fn policy(&self) -> Policy {
        self.shared.options.overload.unwrap_or(P::OVERLOAD)
    }

    fn overloaded(&self, mut state: MutexGuard<'_, State<P>>, waiter: Option<Waiter<'_>>) -> Poll<Result<(), NotSent>> {
        // Who drops or is refused all that he sends is not to keep others from running either.
        state.sends.spend(0);
        match (P::overload(self.policy()), waiter) {
            (Policy::Wait, Some(waiter)) => {
                let former = state.senders.register(waiter);
                // Who sends may be the one who looked after a connection that is to make room, and not come back before.
                let overdue = state.overdue();
                drop(state);
                drop(former);
                wake(overdue);
                Poll::Pending
            }
            (policy, _) if policy.drops() => {
                state.former_drops.count(Reason::QueueFull);
                Poll::Ready(Ok(()))
            }
            _ => Poll::Ready(Err(NotSent::Full)),
        }
    }

    /// Queues a message for each of many peers, where there is room for it; unless messages are not to be dropped and there
    /// is none somewhere: then for nobody. How many copies that were, and of how many octets together.
    fn publish(
        &self,
        peers: &mut Peers,
        press: &mut Press,
        audience: &impl Slots,
        is_dropping: bool,
        message: &Message,
        after: &mut After,
    ) -> Option<(usize, usize)> {
        let Shared { options, blocks, .. } = &self.shared;
        let has_room = |peer: &Peer| peer.outbox.load().has_room(options.send_limit);
        if !is_dropping && !audience.iter().all(|slot| peers.tenant(slot).is_none_or(|(_, peer)| has_room(peer))) {
            return None;
        }
        // Only when there is one who has room for it.
        let print = LazyCell::new(|| press.print(message, blocks));
        let (mut copies, mut octets) = (0, 0);
        for slot in audience.iter() {
            let Some((_, peer)) = peers.tenant(slot) else { continue };
            if !has_room(peer) {
                peer.drops.count(Reason::QueueFull);
                continue;
            }
            octets += match &*print {
                Some(print) => peer.outbox.push_print(print),
                None => peer.outbox.push(&[], &[], message, 0),
            };
            copies += 1;
            peer.rouse(after);
        }
        Some((copies, octets))
    }

    /// The caller writes what it queued, once; the connection's driver writes what is left.
    // Seldom, where much is sent: it is kept out of the way of queueing.
    #[cold]
    fn write_now(&self, ToWrite { out, mut batch, peer }: ToWrite) {
        // An error shows itself to the driver too, which ends the connection.
        let len = batch.write(|pieces| out.try_write(pieces)).unwrap_or(0);
        let left = batch.advance(len);
        let rest = if batch.is_empty() { Writer::Roused } else { Writer::Driver };
        let mut state = self.lock();
        let State { peers, pattern, senders, receiver, phase, sends, .. } = &mut *state;
        let Some(found) = peers.find(peer) else { return };
        let same = found.line.as_ref().is_some_and(|line| Arc::ptr_eq(&line.out, &out));
        found.outbox.put_back(batch);
        found.outbox.release(left);
        if !same {
            found.outbox.rewind(&mut found.drops);
        }
        let missed = found.line.as_mut().is_some_and(|line| {
            line.rush.wrote(sends.calls());
            std::mem::take(&mut line.missed)
        });
        let closing = *phase != Phase::Open;
        // Who asks or answers has nothing more to say: its driver would come in vain.
        let done = P::ALTERNATES && found.outbox.load() == Load::default();
        let driver = if done && same && !missed && !closing {
            found.writer = Writer::Idle;
            None
        } else {
            found.writer = if found.line.is_some() { rest } else { Writer::Idle };
            found.line.as_mut().and_then(|line| line.rouse())
        };
        let relieved = found.outbox.load().is_relieved(self.shared.options.send_limit);
        let mut woken = if relieved { relieve(pattern, senders, peer) } else { Vec::new() };
        if !same {
            // Who waits for this peer's answer is to look again.
            woken.extend(receiver.take());
        }
        state.retire(peer);
        drop(state);
        wake(driver);
        woken.into_iter().for_each(Waker::wake);
        if closing {
            self.shared.progress.notify_waiters();
        }
    }
}

impl After {
    fn is_done(&self) -> bool {
        self.woken.is_empty() && self.write.is_none()
    }

    fn add_write(&mut self, write: ToWrite) {
        self.writes.extend(self.write.replace(write));
    }
}

impl<P: Sends> State<P> {
    #[inline(always)]
    fn queue(
        &mut self,
        to: PeerId,
        skip: usize,
        prefix: &Prefix,
        message: &Message,
        options: &Options,
        after: &mut After,
    ) {
        let request;
        let (prefix, envelope): (&[&[u8]], &[u8]) = match prefix {
            Prefix::Nothing => (&[], &[]),
            Prefix::Delimiter => (&[&[]], &[]),
            Prefix::Request(id) => {
                request = [id.as_slice(), &[]];
                (&request, &[])
            }
            Prefix::Envelope => (&[], &self.envelope),
        };
        let Some(peer) = self.peers.find(to) else { return };
        let len = peer.outbox.push(prefix, envelope, message, skip);
        if envelope.len() > ENVELOPE_KEPT_MAX {
            self.envelope = Vec::new();
        }
        self.sends.spend(len);
        self.pattern.sent(to);
        if !peer.outbox.load().has_room(options.send_limit) {
            self.pattern.room(to, false);
        }
        peer.start(to, self.sends.resumes(), after);
    }
}

impl Peer {
    /// Has the driver write what was queued, unless somebody writes already.
    #[inline]
    pub(crate) fn rouse(&mut self, after: &mut After) {
        if let (Some(line), Writer::Idle) = (&mut self.line, self.writer) {
            self.writer = Writer::Roused;
            after.woken.extend(line.rouse());
        }
    }

    /// Has what was queued written, unless somebody writes already. Of who `goes_on`, more is to come before it is written.
    #[inline(always)]
    pub(crate) fn start(&mut self, id: PeerId, goes_on: bool, after: &mut After) {
        let Some(line) = &mut self.line else { return };
        match self.writer {
            Writer::Idle if !line.clear || goes_on => self.rouse(after),
            Writer::Roused if !line.clear || self.outbox.load().octets < OCTETS => (),
            Writer::Idle | Writer::Roused => {
                self.writer = Writer::Caller;
                after.add_write(ToWrite { out: line.out.clone(), batch: self.outbox.take(), peer: id });
            }
            Writer::Caller | Writer::Driver => (),
        }
    }

    /// Whether more is about to be queued, so that the driver is to come again and not to take what there is.
    pub(crate) fn is_filling(&mut self, limit: Limit, calls: u32) -> bool {
        let (load, writer) = (self.outbox.load(), self.writer);
        let Some(line) = self.line.as_mut().filter(|_| writer != Writer::Idle) else { return false };
        // Where a queue drops what it has no room for, there is to be room still.
        load.octets < OCTETS && load.is_relieved(limit) && line.rush.is_on(calls, writer == Writer::Caller)
    }
}

impl State<Rep<Heap>> {
    /// The request that was taken last is not going to be answered.
    pub(crate) fn abandon(&mut self) {
        self.pattern.abandon();
        self.envelope = Vec::new();
    }
}

impl<P: Pattern> State<P> {
    /// Whom to wake so that every connection is looked after.
    pub(crate) fn rouse_all(&mut self) -> Vec<Waker> {
        self.peers.iter_mut().filter_map(|peer| peer.line.as_mut()?.rouse()).collect()
    }

    /// The task of the connection that somebody looked after who was called and has not come.
    fn overdue(&mut self) -> Option<Waker> {
        self.peers.find(self.attended?)?.line.as_ref()?.driver.as_ref()?.bell().overdue()
    }

    /// A peer that was accepted and is gone loses its queue, and is forgotten when all its messages were taken. Says how
    /// many messages were lost. A caller that still writes has to say first how many left: it comes back here.
    pub(crate) fn retire(&mut self, id: PeerId) -> usize {
        let over = |peer: &&mut Peer| peer.side == Side::Accept && peer.line.is_none() && peer.writer != Writer::Caller;
        let Some(peer) = self.peers.find(id).filter(over) else { return 0 };
        let lost = peer.outbox.discard();
        let taken = peer.inbox.is_empty();
        peer.drops.count_many(Reason::Undelivered, lost);
        if taken {
            self.forget(id);
        }
        lost
    }

    pub(crate) fn forget(&mut self, id: PeerId) {
        if let Some(mut peer) = self.peers.remove(id) {
            peer.drops.count_many(Reason::Undelivered, peer.outbox.discard());
            self.former_drops += peer.drops;
            self.unreceived -= peer.inbox.load().octets;
            self.waiting.leave(id.slot());
            self.pattern.close(id);
        }
    }
}

impl Shared {
    fn new(options: Arc<Options>) -> Self {
        Self {
            options,
            blocks: Blocks::default(),
            events: OnceLock::new(),
            life: Arc::default(),
            up: AtomicUsize::new(0),
            progress: Notify::new(),
            runtime: OnceLock::new(),
            served: Strangers::default(),
            origin: Clock::now(),
        }
    }

    /// The time as core counts it.
    pub(crate) fn now(&self) -> Instant {
        Instant::from_ms(self.origin.elapsed().as_millis() as u32)
    }

    /// The events from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Event> {
        self.events.get_or_init(|| broadcast::Sender::new(EVENTS_MAX)).subscribe()
    }

    pub(crate) fn report(&self, event: Event) {
        tracing::debug!(%event);
        if let Some(events) = self.events.get() {
            // Nobody may be watching any more.
            let _ = events.send(event);
        }
    }
}

/// The peer has room again: the senders that wait may try.
pub(crate) fn relieve<P: Pattern>(pattern: &mut P, senders: &mut Waiters, peer: PeerId) -> Vec<Waker> {
    pattern.room(peer, true);
    senders.take()
}

pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Copies of a message that spend no more of a task's budget than one: what leaves for each peer is written in one piece.
pub(crate) const COPIES_FREE: usize = 8;
/// A longer envelope is not kept until the next request, in octets.
const ENVELOPE_KEPT_MAX: usize = 256;
const EVENTS_MAX: usize = 256;
