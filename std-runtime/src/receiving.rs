//! How do messages come from the queues of the peers to the user?

use crate::error::RecvError;
use crate::hand::{HAND_LEN, Hand};
use crate::hub::{Hub, State};
use crate::inbox::FEW;
use crate::junction::Junction;
use crate::life::Phase;
use crate::message::Message;
use crate::options::Options;
use crate::peers::{Drive, End, Peer};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};
use zeptomq_core::pattern::overload::Load;
use zeptomq_core::pattern::{Receives, Verdict};
use zeptomq_core::peer::PeerId;

/// Somebody who waits for messages. For as long, he looks after the connection that the last came from, as its task does:
/// the next will come from there, and he need not be called by another.
pub(crate) struct Receiving<'a, P: Receives + Send> {
    hub: &'a Hub<P>,
    seat: Seat,
}

/// The connection that somebody looks after while he waits for messages. He leaves it when he waits no more.
#[derive(Default)]
pub(crate) struct Seat(Option<Arc<dyn Drive>>);

/// Who waits when there is no message.
pub(crate) struct Guest<'a, 'b> {
    pub(crate) cx: &'a mut Context<'b>,
    /// Where he finds a connection to look after. Who may stop to wait unnoticed finds none.
    pub(crate) seat: Option<&'a mut Seat>,
}

impl<'a, P: Receives + Send> Receiving<'a, P> {
    pub(crate) fn new(hub: &'a Hub<P>) -> Self {
        Self { hub, seat: Seat::default() }
    }

    /// Takes messages with `take`, or waits for them.
    // What is taken is made where it is returned, for to move it costs as much as to take it.
    #[inline(always)]
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&Hub<P>, Guest<'_, '_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self { hub, seat } = self;
        if seat.0.is_some() {
            seat.look_after(*hub, cx.waker());
        }
        take(hub, Guest { cx, seat: Some(seat) })
    }

    /// Waits no more.
    pub(crate) fn leave(&mut self) {
        self.seat = Seat::default();
    }
}

impl Seat {
    /// Whether there was anything to be done.
    #[inline(never)]
    fn look_after(&self, junction: &dyn Junction, waker: &Waker) -> bool {
        let Some(line) = self.0.as_ref().filter(|line| line.bell().come(waker)) else { return false };
        line.drive(junction);
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            line.bell().leave();
        }
    }
}

impl<P: Receives + Send> Hub<P> {
    /// Takes the next message, in turn over the peers; perhaps with a few that come behind it, for an empty hand. Pending when
    /// there is none; the guest is woken when there is one.
    pub(crate) fn poll_recv(
        &self,
        mut guest: Option<Guest<'_, '_>>,
        hand: &mut Hand,
    ) -> Poll<Result<Message, RecvError>> {
        let Some(mut state) = self.turn(guest.as_ref()) else { return Poll::Pending };
        // Each round uses up a message, or is the last, or the last but one. The turn may end in between, with the
        // connection of a peer that answered badly.
        loop {
            if let Err(error) = state.pattern.may_take() {
                return Poll::Ready(Err(error.into()));
            }
            let Some((peer, mut verdict)) = state.judge() else {
                hand.shrink();
                match self.nothing(state, &mut guest) {
                    Some(end) => return end.map(Err),
                    None => state = self.lock(),
                }
                continue;
            };
            if state.is_flooded(peer) {
                let few = HAND_LEN.min(state.receives.calls_left());
                verdict = state.take_run(peer, verdict, few, hand);
            }
            let (message, driver) = state.take(peer, verdict, &self.shared.options);
            if driver.is_some() || state.is_relieved(&self.shared.options) {
                let drivers = state.relieve_all(&self.shared.options);
                drop(state);
                driver.into_iter().chain(drivers).for_each(Waker::wake);
                state = self.lock();
            }
            if let Some(message) = hand.exchange(message) {
                return Poll::Ready(Ok(message));
            }
        }
    }

    /// Takes messages as `poll_recv` does, at most so many, until there are no more. Says how many; pending when there is
    /// none. What else is of the last turn is for an empty hand: one that is cut short would be less than that of others.
    pub(crate) fn poll_recv_many(
        &self,
        mut guest: Option<Guest<'_, '_>>,
        messages: &mut Vec<Message>,
        most: usize,
        hand: &mut Hand,
    ) -> Poll<Result<usize, RecvError>> {
        let Some(mut state) = self.turn(guest.as_ref()) else { return Poll::Pending };
        let options = &self.shared.options;
        let (before, most) = (messages.len(), messages.len().saturating_add(most));
        let mut drivers = Vec::new();
        let ended = loop {
            if messages.len() >= most {
                break None;
            }
            if let Err(error) = state.pattern.may_take() {
                break Some(error);
            }
            let Some((peer, mut verdict)) = state.judge() else {
                if messages.len() > before {
                    break None;
                }
                let end = self.nothing(state, &mut guest);
                drivers.drain(..).for_each(Waker::wake);
                match end {
                    Some(end) => return end.map(Err),
                    None => state = self.lock(),
                }
                continue;
            };
            let wanted = match most - messages.len() {
                all if state.waiting.is_alone(peer.slot()) => all,
                _ if state.is_flooded(peer) => HAND_LEN,
                _ => 1,
            };
            verdict = state.take_run(peer, verdict, wanted, messages);
            let (message, driver) = state.take(peer, verdict, options);
            drivers.extend(driver);
            drivers.extend(state.relieve_all(options));
            messages.extend(message);
        };
        drop(state);
        drivers.into_iter().for_each(Waker::wake);
        if messages.len() > most {
            hand.extend(messages.drain(most..));
        }
        match (messages.len() - before, ended) {
            (0, Some(error)) => Poll::Ready(Err(error.into())),
            (count, _) => Poll::Ready(Ok(count)),
        }
    }

    /// The lock; or none while others have their turn, after which the guest is woken.
    #[inline(always)]
    fn turn(&self, guest: Option<&Guest<'_, '_>>) -> Option<MutexGuard<'_, State<P>>> {
        let mut state = self.lock();
        if let Some(Guest { cx, .. }) = guest
            && state.receives.is_spent()
        {
            drop(state);
            cx.waker().wake_by_ref();
            return None;
        }
        Some(state)
    }

    /// There is no message: whether there never will be; none when there may be one by now. The guest is woken when there
    /// may be one later.
    #[inline(never)]
    fn nothing(
        &self,
        mut state: MutexGuard<'_, State<P>>,
        guest: &mut Option<Guest<'_, '_>>,
    ) -> Option<Poll<RecvError>> {
        if state.phase == Phase::Closed {
            return Some(Poll::Ready(RecvError::Closed));
        }
        // What waited may have gone with its peer.
        let drivers = state.relieve_all(&self.shared.options);
        let (mut former, mut seated) = (None, None);
        if let Some(Guest { cx, seat }) = guest {
            if !state.receiver.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                former = state.receiver.replace(cx.waker().clone());
            }
            if let Some(seat) = seat
                && let Some(left) = state.seat(seat)
            {
                seated = Some((left, seat, cx.waker()));
            }
        }
        drop(state);
        // With it may go a task that wants the lock; and with the connection that is left, a user's stream.
        drop(former);
        drivers.into_iter().for_each(Waker::wake);
        let is_due = seated.is_some_and(|(left, seat, waker)| {
            drop(left);
            seat.look_after(self, waker)
        });
        if is_due { None } else { Some(Poll::Pending) }
    }
}

impl<P: Receives> State<P> {
    /// Has somebody look after the connection that the next message may come from. What he looked after before, if it is
    /// another one.
    fn seat(&mut self, seat: &mut Seat) -> Option<Seat> {
        // In a flood it does not matter for each message who is called, and more of them gather for a task.
        let line = self.peers.find(self.last?)?.line.as_ref().filter(|line| line.came <= FEW)?.driver.as_ref()?;
        if seat.0.as_ref().is_some_and(|known| Arc::ptr_eq(known, line)) {
            return None;
        }
        self.attended = self.last;
        Some(std::mem::replace(seat, Seat(Some(line.clone()))))
    }

    /// Whose turn it is, and what is to become of its first message.
    #[inline]
    fn judge(&mut self) -> Option<(PeerId, Verdict)> {
        loop {
            let slot = self.waiting.next()?;
            if let Some((id, peer)) = self.peers.tenant(slot)
                && let Some(message) = peer.inbox.first()
            {
                return Some((id, self.pattern.take(id, message)));
            }
            self.waiting.leave(slot);
        }
    }

    /// Whether a few messages are a turn, and so many of the peer wait that a few more or less do not matter.
    #[inline]
    fn is_flooded(&mut self, id: PeerId) -> bool {
        let is_much = |peer: &mut Peer| peer.inbox.load().messages > 2 * HAND_LEN;
        self.peers.find(id).is_some_and(is_much) && (self.waiting.is_flood() || self.waiting.is_alone(id.slot()))
    }

    /// Takes the peer's messages, up to the last that there is or is wanted, while they go to the user as they are. The verdict
    /// on the first that is left.
    fn take_run(&mut self, id: PeerId, first: Verdict, wanted: usize, messages: &mut impl Extend<Message>) -> Verdict {
        let State { peers, pattern, receives, unreceived, .. } = self;
        let mut verdict = first;
        if wanted <= 1 || pattern.identity(id).is_some() {
            return verdict;
        }
        let Some(peer) = peers.find(id) else { return verdict };
        let (mut run, wanted) = (0, wanted - 1);
        let mut behind = peer.inbox.behind_first();
        while verdict == AS_IT_IS
            && run < wanted
            && pattern.may_take().is_ok()
            && let Some(next) = behind.next()
        {
            run += 1;
            receives.spend(0);
            verdict = pattern.take(id, next);
        }
        drop(behind);
        let before = peer.inbox.load().octets;
        messages.extend(peer.inbox.take_run(run));
        *unreceived -= before - peer.inbox.load().octets;
        verdict
    }

    /// Takes the peer's first message: what the user sees of it, if anything, and a driver that has something to do now.
    #[inline(always)]
    fn take(&mut self, id: PeerId, verdict: Verdict, options: &Options) -> (Option<Message>, Option<Waker>) {
        let State { peers, pattern, receives, unreceived, envelope, crowded, last, .. } = self;
        let Some(peer) = peers.find(id) else { return (None, None) };
        *last = Some(id);
        receives.spend(0);
        let (mut driver, mut rests) = (None, false);
        if let Some(line) = &mut peer.line {
            rests = !line.reading && !*crowded;
            if let Verdict::Close(reason) = verdict {
                driver = line.doom(End::Message(reason));
            }
        }
        let Load { messages, octets: before } = peer.inbox.load();
        let message = match verdict {
            Verdict::Deliver { skip, keep } => peer.inbox.take(|message| {
                if skip > 0 {
                    envelope.clear();
                    if keep {
                        message.copy_front(skip, envelope);
                    }
                    message.skip_front(skip);
                }
                if let Some(identity) = pattern.identity(id) {
                    message.push_front(identity.as_ref().into());
                }
            }),
            Verdict::Drop(reason) | Verdict::Close(reason) => {
                peer.drops.count(reason);
                drop(peer.inbox.take(|_| ()));
                None
            }
        };
        *unreceived -= before - peer.inbox.load().octets;
        if messages > 1 && !rests {
            return (message, driver);
        }
        if rests {
            driver = driver.or_else(|| self.resume(id, options));
        }
        if messages == 1 {
            self.waiting.leave(id.slot());
            self.retire(id);
        }
        (message, driver)
    }

    /// Has the peer be read again, if so much of its messages was taken. Whom to wake for that.
    #[cold]
    fn resume(&mut self, id: PeerId, options: &Options) -> Option<Waker> {
        let share = self.peers.receive_share(options);
        let peer = self.peers.find(id).filter(|peer| peer.inbox.load().is_relieved(share))?;
        let line = peer.line.as_mut()?;
        line.reading = true;
        line.rouse()
    }

    /// Whether nobody was read and so much was taken that all may be again.
    #[inline]
    fn is_relieved(&self, options: &Options) -> bool {
        self.crowded && self.unreceived <= options.receive_total / 2
    }

    /// Has all be read again, if so much was taken. Whom to wake for that.
    #[inline]
    fn relieve_all(&mut self, options: &Options) -> Vec<Waker> {
        if !self.is_relieved(options) {
            return Vec::new();
        }
        self.crowded = false;
        self.rouse_all()
    }
}
/// The verdict on a message that the user sees whole.
const AS_IT_IS: Verdict = Verdict::Deliver { skip: 0, keep: false };
