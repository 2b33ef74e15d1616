//! How does a socket end? It accepts nothing more, sends what it accepted, and hangs up.

use crate::error::Undelivered;
use crate::hub::{Hub, Shared, State};
use crate::life::{Phase, until};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;
use tokio::time::Instant;
use zeptomq_core::pattern::{Drops, Pattern};

impl<P: Pattern + Send + 'static> Hub<P> {
    /// Goes on by itself until the socket is closed, while the runtime lives.
    pub(crate) fn begin_to_close(self: &Arc<Self>) {
        if !self.enter(Phase::Closing) {
            return;
        }
        match self.shared.runtime.get() {
            Some(runtime) => {
                let end = Closed(self.clone());
                drop(runtime.spawn(async move { end.0.linger().await }));
            }
            // It never bound nor connected anything.
            None => drop(self.enter(Phase::Closed)),
        }
    }

    /// Waits until the socket is closed.
    pub(crate) async fn closed(&self) -> Result<(), Undelivered> {
        self.shared.life.reach(Phase::Closed).await;
        match self.lock().abandoned {
            0 => Ok(()),
            messages => Err(Undelivered { messages }),
        }
    }

    async fn linger(&self) {
        let end = Instant::now() + self.shared.options.linger;
        let _ = tokio::time::timeout_at(end, self.reach(|queued, _| queued == 0)).await;
        // Connections that have sent everything are hanging up: they are given the time to.
        if self.queued() == 0 {
            let end = end.max(Instant::now() + HANG_UP);
            let _ = tokio::time::timeout_at(end, self.reach(|_, up| up == 0)).await;
        }
    }

    /// Passes to a later phase and tells everybody. Whether it was not reached before.
    fn enter(&self, phase: Phase) -> bool {
        let mut state = self.lock();
        if state.phase >= phase {
            return false;
        }
        state.phase = phase;
        let mut woken = state.senders.take();
        woken.extend(state.receiver.take());
        woken.extend(state.peers.iter_mut().filter_map(|peer| peer.line.as_mut()?.rouse()));
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        self.shared.life.enter(phase);
        true
    }

    /// Waits until the goal is reached: so many messages queued, so many connections up.
    async fn reach(&self, goal: impl Fn(usize, usize) -> bool) {
        let Shared { up, progress, .. } = &self.shared;
        until(progress, || goal(self.queued(), up.load(Ordering::Relaxed))).await;
    }

    fn queued(&self) -> usize {
        self.lock().queued()
    }
}

/// Whatever ends the lingering, the end of its runtime too, the socket is closed then.
struct Closed<P: Pattern + Send + 'static>(Arc<Hub<P>>);

impl<P: Pattern + Send> Drop for Closed<P> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.abandoned = state.drops().undelivered as usize + state.queued();
        drop(state);
        self.0.enter(Phase::Closed);
    }
}

impl<P> State<P> {
    /// What was dropped, by reason.
    pub(crate) fn drops(&mut self) -> Drops {
        let mut drops = self.former_drops;
        self.peers.iter_mut().for_each(|peer| drops += peer.drops);
        drops
    }

    fn queued(&mut self) -> usize {
        self.peers.iter_mut().map(|peer| peer.outbox.load().messages).sum()
    }
}

/// How long connections that have sent everything may take to hang up at least.
const HANG_UP: Duration = Duration::from_secs(1);
