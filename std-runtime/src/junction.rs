//! What does a connection ask of its socket? To be let in, to be given what is to be sent, to take what arrived.
//!
//! The same for every pattern, so that connections are compiled once per mechanism and not once per pattern too.

use crate::batch::Batch;
use crate::endpoint::Endpoint;
use crate::hub::{Hub, Shared, State, relieve, wake};
use crate::life::Phase;
use crate::message::Message;
use crate::peers::{Drive, End, Introduced, Line, Writer};
use crate::rush::Rush;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use tokio::runtime::{Handle, RuntimeFlavor};
use zeptomq_core::link::{Heartbeat, Ping};
use zeptomq_core::pattern::overload::Load;
use zeptomq_core::pattern::{Arrival, Pattern, Reason, Refused};
use zeptomq_core::peer::{PeerId, Side};
use zeptomq_core::time::Instant;
use zeptomq_core::wire::{Command, PeerInfo, SocketType, Subscription};

/// A socket as its connections see it.
pub(crate) trait Junction: Send + Sync {
    fn shared(&self) -> &Shared;

    fn socket_type(&self) -> SocketType;

    /// Whether it listens to subscriptions.
    fn listens(&self) -> bool;

    /// Makes the queue of a peer that is going to be connected to.
    fn open(&self, endpoint: &Endpoint) -> Result<PeerId, Refused>;

    /// A handshake is over. A stranger gets a queue now.
    fn admit(&self, caller: Caller<'_>, info: &PeerInfo<'_>, line: Line) -> Result<PeerId, Refused>;

    /// The connection may be looked after by whoever waits for its messages, where the system moves its octets.
    fn entrust(&self, peer: PeerId, driver: Arc<dyn Drive>);

    /// Returns what was written, and collects what is to be done; commands go to `own`, and must be sent. The waker is
    /// woken when there is more.
    fn collect(&self, peer: PeerId, waker: &Waker, written: &mut Written, own: &mut dyn FnMut(&Own<'_>)) -> Work;

    /// Takes messages that arrived.
    fn deliver(&self, peer: PeerId, messages: &mut VecDeque<Message>, pings: &mut Vec<Ping>, by: By) -> Delivered;

    /// The connection can carry no more, and this is the last that it has written. How many messages are lost with it.
    fn lost(&self, peer: PeerId, written: Written) -> usize;

    /// A connection that was up is gone altogether.
    fn departed(&self);

    /// The peer will not be connected to any more; what is queued for it is dropped.
    fn give_up(&self, peer: PeerId);

    /// How many messages are queued for the peer.
    fn queued(&self, peer: PeerId) -> usize;
}

/// Who shook hands.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// The peer that was connected to; none for a stranger.
    pub(crate) known: Option<PeerId>,
    /// Where it was connected to, or where it was accepted.
    pub(crate) endpoint: &'a Endpoint,
}

/// What a connection has written since it last said so.
#[derive(Default)]
pub(crate) struct Written {
    /// An emptied batch, for its memory; or what is left of it when the connection is lost.
    pub(crate) batch: Option<Box<Batch>>,
    pub(crate) load: Load,
    /// Whether the connection can write more.
    pub(crate) hungry: bool,
}

/// Who looks after a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Its own task.
    Task,
    /// Whoever waits for messages, and looks whether there is one when he has done that.
    Receiver,
}

/// What our side itself has to say.
pub(crate) enum Own<'a> {
    Heartbeat(Command<'a>),
    Subscription(Subscription<'a>),
}

/// What is to be known when messages were delivered.
pub(crate) struct Delivered {
    /// How many more there is room for.
    pub(crate) room: usize,
    /// Whether there is something to collect.
    pub(crate) roused: bool,
}

/// What a connection is to do.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) batch: Option<Box<Batch>>,
    /// More is about to be queued: the connection is to come again by itself, soon.
    pub(crate) again: bool,
    /// How many messages may be delivered.
    pub(crate) room: usize,
    pub(crate) end: Option<End>,
}

impl<P: Pattern + Send> Junction for Hub<P> {
    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn socket_type(&self) -> SocketType {
        P::TYPE
    }

    fn listens(&self) -> bool {
        P::LISTENS
    }

    fn open(&self, endpoint: &Endpoint) -> Result<PeerId, Refused> {
        let mut state = self.lock();
        let State { peers, pattern, .. } = &mut *state;
        let peer = peers.insert(Side::Connect, endpoint.clone()).ok_or(Refused::NoRoom)?;
        pattern.open(peer, Side::Connect).inspect_err(|_| drop(peers.remove(peer)))?;
        let woken = state.senders.take();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        Ok(peer)
    }

    fn admit(&self, caller: Caller<'_>, info: &PeerInfo<'_>, line: Line) -> Result<PeerId, Refused> {
        let mut state = self.lock();
        let peer = match caller.known {
            Some(peer) => peer,
            None => {
                let peer = state.peers.insert(Side::Accept, caller.endpoint.clone()).ok_or(Refused::NoRoom)?;
                state.pattern.open(peer, Side::Accept).inspect_err(|_| drop(state.peers.remove(peer)))?;
                peer
            }
        };
        let displaced = match state.pattern.up(peer, info) {
            Ok(displaced) => displaced.filter(|displaced| *displaced != peer),
            Err(error) => {
                if caller.known.is_none() {
                    state.forget(peer);
                }
                return Err(error);
            }
        };
        let mut woken = state.senders.take();
        let displaced = displaced.and_then(|displaced| state.peers.find(displaced)?.line.as_mut());
        woken.extend(displaced.and_then(|line| line.doom(End::Displaced)));
        if let Some(found) = state.peers.find(peer) {
            found.line = Some(Box::new(line));
            found.introduced = Introduced { socket_type: info.socket_type, identity: info.identity.into() };
            if found.writer == Writer::Idle && !found.outbox.is_empty() {
                found.writer = Writer::Roused;
            }
        }
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        self.shared.up.fetch_add(1, Ordering::Relaxed);
        self.shared.progress.notify_waiters();
        Ok(peer)
    }

    fn entrust(&self, peer: PeerId, driver: Arc<dyn Drive>) {
        // Where there are more threads, one reads while another takes what was read.
        let is_alone = |runtime: &Handle| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread;
        if !P::ALTERNATES && !self.shared.runtime.get().is_some_and(is_alone) {
            return;
        }
        let mut state = self.lock();
        let line = state.peers.find(peer).and_then(|peer| peer.line.as_mut());
        // A stream that the program brought may need the runtime, which who receives need not be in.
        if let Some(line) = line.filter(|line| line.out.is_open_to_callers()) {
            line.driver = Some(driver);
            state.last = Some(peer);
        }
    }

    fn collect(&self, peer: PeerId, waker: &Waker, written: &mut Written, own: &mut dyn FnMut(&Own<'_>)) -> Work {
        let options = &self.shared.options;
        let mut state = self.lock();
        let State { peers, pattern, senders, phase, crowded, press, ticked, sends, .. } = &mut *state;
        let share = peers.receive_share(options);
        let Some(found) = peers.find(peer) else { return Work { end: Some(End::Abandoned), ..Work::default() } };
        let released = std::mem::take(&mut written.load);
        let mut woken = Vec::new();
        if released != Load::default() {
            found.outbox.release(released);
            if found.outbox.load().is_relieved(options.send_limit) {
                woken = relieve(pattern, senders, peer);
            }
        }
        if let Some(batch) = written.batch.take() {
            found.outbox.put_back(batch);
        }
        let mut work = Work::default();
        // Whether nothing of ours is left to be said.
        let mut said_all = false;
        // A command goes between messages, not into one that a caller began to write.
        let is_free = written.hungry && found.writer != Writer::Caller;
        let speaks = is_free
            && !found.outbox.is_begun()
            && found.line.as_mut().is_some_and(|line| speak(pattern, peer, &mut line.heartbeat, *ticked, own));
        // What there is to be said of our own waits for nobody.
        work.again = written.hungry && !speaks && found.is_filling(options.send_limit, sends.calls());
        let Some(line) = &mut found.line else { return Work { end: Some(End::Abandoned), ..work } };
        line.missed = found.writer == Writer::Caller && !work.again;
        if work.again {
            if found.writer == Writer::Driver {
                found.writer = Writer::Roused;
            }
        } else if is_free {
            work.batch = (!found.outbox.is_empty()).then(|| {
                press.close(&self.shared.blocks);
                found.outbox.take()
            });
            if work.batch.is_some() || speaks {
                found.writer = Writer::Driver;
            } else {
                found.writer = Writer::Idle;
                said_all = true;
            }
        }
        let load = found.inbox.load();
        line.reading |= !*crowded && load.is_relieved(share);
        if line.reading {
            work.room = room(load, share, *crowded);
            // Its share may have become smaller, for others came. Who is not read is to be roused when it is again.
            line.reading = work.room > 0;
        }
        // A tick may have come just before it was read.
        line.end = line.end.filter(|end| *end != End::Silent || !line.heard);
        work.end = line.end.or(match phase {
            Phase::Closing if said_all => Some(End::Finished),
            Phase::Closed => Some(End::Abandoned),
            _ => None,
        });
        if !work.again && !line.roused.as_ref().is_some_and(|known| known.will_wake(waker)) {
            line.roused = Some(waker.clone());
        }
        let closing = *phase != Phase::Open;
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        if closing {
            self.shared.progress.notify_waiters();
        }
        work
    }

    fn deliver(&self, peer: PeerId, messages: &mut VecDeque<Message>, pings: &mut Vec<Ping>, by: By) -> Delivered {
        let mut state = self.lock();
        let State { peers, pattern, waiting, receiver, unreceived, crowded, .. } = &mut *state;
        let limit = peers.receive_share(&self.shared.options);
        let mut delivered = Delivered { room: 0, roused: true };
        let Some(found) = peers.find(peer) else { return delivered };
        let before = found.inbox.load().octets;
        let drops = &mut found.drops;
        messages.retain_mut(|message| match pattern.arrived(peer, message) {
            Arrival::Queue => true,
            Arrival::Consumed => false,
            Arrival::Widened => {
                drops.count(Reason::Widened);
                *message = said(Subscription { topic: &[], wanted: true });
                true
            }
            Arrival::Drop(reason) => {
                drops.count(reason);
                false
            }
        });
        let came = messages.len();
        found.inbox.append(messages);
        *unreceived += found.inbox.load().octets - before;
        *crowded |= *unreceived >= self.shared.options.receive_total;
        if let Some(line) = &mut found.line {
            line.heard = true;
            line.came = came;
            pings.drain(..).for_each(|ping| line.heartbeat.handle(&ping.command()));
            delivered = Delivered { room: room(found.inbox.load(), limit, *crowded), roused: line.roused.is_none() };
            line.reading = delivered.room > 0;
        }
        let mut receiver_to_wake = None;
        waiting.set(peer.slot(), &found.inbox);
        if !found.inbox.is_empty() && by == By::Task {
            receiver_to_wake = receiver.take();
        }
        drop(state);
        wake(receiver_to_wake);
        if P::LISTENS {
            self.shared.progress.notify_waiters();
        }
        delivered
    }

    fn lost(&self, peer: PeerId, written: Written) -> usize {
        let mut state = self.lock();
        let State { peers, pattern, waiting, receiver, senders, unreceived, .. } = &mut *state;
        let Some(found) = peers.find(peer) else { return 0 };
        found.outbox.release(written.load);
        if let Some(batch) = written.batch {
            found.outbox.put_back(batch);
        }
        let cut = found.outbox.rewind(&mut found.drops);
        if found.writer != Writer::Caller {
            found.writer = Writer::Idle;
        }
        let line = found.line.take();
        if found.outbox.load().is_relieved(self.shared.options.send_limit) {
            pattern.room(peer, true);
        }
        pattern.down(peer);
        let before = found.inbox.load().octets;
        while let Some(topic) = pattern.poll_cancelled(peer) {
            found.inbox.push(said(Subscription { topic, wanted: false }));
        }
        *unreceived += found.inbox.load().octets - before;
        waiting.set(peer.slot(), &found.inbox);
        // Whoever waits for this peer is to look again: a REP whose requester is gone, a REQ whose reply cannot come.
        let mut woken = senders.take();
        woken.extend(receiver.take());
        let dropped = cut + state.retire(peer);
        drop(state);
        // With it may go a user's stream.
        drop(line);
        woken.into_iter().for_each(Waker::wake);
        dropped
    }

    fn departed(&self) {
        self.shared.up.fetch_sub(1, Ordering::Relaxed);
        self.shared.progress.notify_waiters();
    }

    fn give_up(&self, peer: PeerId) {
        let mut state = self.lock();
        state.forget(peer);
        let mut woken = state.senders.take();
        woken.extend(state.receiver.take());
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        self.shared.progress.notify_waiters();
    }

    fn queued(&self, peer: PeerId) -> usize {
        self.lock().peers.find(peer).map_or(0, |peer| peer.outbox.load().messages)
    }
}

/// A line for a connection that has just come up.
pub(crate) fn line(out: Arc<crate::transport::Outgoing>, clear: bool, heartbeat: Heartbeat) -> Line {
    Line {
        out,
        clear,
        heartbeat,
        reading: true,
        heard: false,
        suspect: false,
        missed: false,
        roused: None,
        came: 0,
        rush: Rush::default(),
        driver: None,
        end: None,
    }
}

/// A subscription as the message that says it.
pub(crate) fn said(subscription: Subscription<'_>) -> Message {
    [&[subscription.octet()], subscription.topic].concat().into()
}

/// Says what there is to be said of our own. Whether there was anything.
fn speak<P: Pattern>(
    pattern: &mut P,
    peer: PeerId,
    heartbeat: &mut Heartbeat,
    now: Instant,
    own: &mut dyn FnMut(&Own<'_>),
) -> bool {
    let mut speaks = false;
    if let Some(heartbeat) = heartbeat.poll_transmit(now) {
        own(&Own::Heartbeat(heartbeat));
        speaks = true;
    }
    for _ in 0..SUBSCRIPTIONS_MAX {
        let Some(subscription) = pattern.poll_subscription(peer) else { break };
        own(&Own::Subscription(subscription));
        speaks = true;
    }
    speaks
}

/// Subscriptions that are told at once; the rest follows when they have left.
const SUBSCRIPTIONS_MAX: usize = 1024;

fn room(load: Load, limit: Load, crowded: bool) -> usize {
    if !crowded && load.has_room(limit) { limit.messages - load.messages } else { 0 }
}

#[cfg(test)]
pub(crate) mod tests;
