//! What do a person's peers and addresses have against the command?

use std::fmt::Write as _;

use tokio::time::Instant;
use zeptomq::{Event, Monitor};

use crate::failure::Failure;
use crate::format::text;
use crate::report;

/// Follows a socket's connections.
pub(crate) struct Watch {
    monitor: Monitor,
    peers: u32,
    /// Since when there has been no peer.
    alone_since: Instant,
    /// What went wrong last and may go right later.
    trouble: Option<String>,
    notes_left: u32,
}

impl Watch {
    /// Follows the socket of this monitor.
    pub(crate) fn new(monitor: Monitor) -> Self {
        Self { monitor, peers: 0, alone_since: Instant::now(), trouble: None, notes_left: NOTES_MAX }
    }

    /// Takes in what happens next. It is a failure when a peer cannot be our peer: a connection that is refused is tried
    /// again, this is not.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Result<(), Failure> {
        match self.monitor.recv().await {
            None => std::future::pending().await,
            Some(Event::Refused { endpoint, reason }) => {
                return Err(Failure::Failed(text::one_line(&format!("{endpoint}: {reason}"))));
            }
            Some(Event::Connected { .. } | Event::Accepted { .. }) => {
                self.peers = self.peers.saturating_add(1);
                self.trouble = None;
            }
            Some(Event::Disconnected { endpoint, reason }) => {
                self.peers = self.peers.saturating_sub(1);
                self.alone_since = Instant::now();
                self.trouble = Some(format!("{endpoint}: {reason}"));
            }
            Some(Event::Retrying { endpoint, error, .. }) => self.trouble = Some(format!("{endpoint}: {error}")),
            Some(event @ Event::HandshakeFailed { .. }) => self.note(&event),
            Some(_) => (),
        }
        Ok(())
    }

    /// Since when nobody has been there to send to; `None` while somebody is.
    pub(crate) fn alone_since(&self) -> Option<Instant> {
        (self.peers == 0).then_some(self.alone_since)
    }

    /// What stands in the way, as the end of a sentence.
    pub(crate) fn because(&self) -> String {
        let mut because = String::new();
        if let Some(trouble) = &self.trouble {
            // Writing to a string cannot fail.
            let _ = write!(because, "; {}", text::one_line(trouble));
        }
        because
    }

    /// Tells about a stranger at a bound endpoint. Strangers can be many: so the notes are few.
    fn note(&mut self, event: &Event) {
        let note = text::one_line(&event.to_string());
        match self.notes_left {
            0 => (),
            1 => report::line(&format!("{note} (more such strangers are not shown)")),
            _ => report::line(&note),
        }
        self.notes_left = self.notes_left.saturating_sub(1);
        self.trouble = Some(event.to_string());
    }
}

/// How many strangers are worth a line.
const NOTES_MAX: u32 = 10;
