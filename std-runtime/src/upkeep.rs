//! What does a socket look after though nobody calls it? Heartbeats, and memory that is not used any more.

use crate::hub::Hub;
use crate::options::Options;
use crate::peers::{End, Writer};
use crate::ticker::Tick;
use std::task::Waker;
use std::time::Duration;
use zeptomq_core::link::HeartbeatSetup;
use zeptomq_core::pattern::Pattern;

impl<P: Pattern + Send> Tick for Hub<P> {
    fn tick(&self) {
        self.shared.blocks.shrink();
        let now = self.shared.now();
        let mut state = self.lock();
        let mut woken = Vec::new();
        let crowded = state.crowded;
        state.ticked = now;
        state.press.shrink();
        for peer in state.peers.iter_mut() {
            peer.inbox.shrink();
            if peer.writer == Writer::Idle {
                peer.outbox.shrink();
            }
            let Some(line) = &mut peer.line else { continue };
            // A peer that we do not listen to is not dead.
            if std::mem::take(&mut line.heard) || !line.reading || crowded {
                line.heartbeat.heard(now);
                line.suspect = false;
                line.end.take_if(|end| *end == End::Silent);
            }
            // Who waited for messages and was called may be busy with something else.
            let overdue = line.driver.as_ref().and_then(|driver| driver.bell().overdue());
            if line.heartbeat.is_expired(now) {
                // The connection is read first, for this program may have been away for as long: its driver has come when it
                // can be roused again.
                let doomed = std::mem::replace(&mut line.suspect, true) && line.roused.is_some() && overdue.is_none();
                woken.extend(if doomed { line.doom(End::Silent) } else { line.rouse() });
            } else if line.heartbeat.poll_timeout().is_some_and(|at| at.has_come(now)) {
                woken.extend(line.rouse());
            }
            woken.extend(overdue);
        }
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }
}

/// How long a socket goes without: a part of the time between two heartbeats.
pub(crate) fn period(options: &Options) -> Duration {
    let HeartbeatSetup { interval_ms, timeout_ms } = options.heartbeat;
    let shortest = [interval_ms, timeout_ms].into_iter().filter(|ms| *ms > 0).min();
    shortest.map_or(PERIOD_MAX, |ms| Duration::from_millis(u64::from(ms) / 4).clamp(PERIOD_MIN, PERIOD_MAX))
}

const PERIOD_MIN: Duration = Duration::from_millis(10);
const PERIOD_MAX: Duration = Duration::from_millis(500);
