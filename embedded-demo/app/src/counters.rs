//! What has the node done so far?

/// How often the node did what, since it was made. Each wraps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Calls of `poll`.
    pub polls: u32,
    /// Messages of telemetry published, whoever heard them.
    pub telemetry: u32,
    /// Requests taken.
    pub requests: u32,
    /// Replies that were not fetched in time, or whose client was gone.
    pub abandoned: u32,
    /// Jobs taken.
    pub jobs: u32,
    /// Answers to jobs that PUSH accepted.
    pub done: u32,
    /// Commands carried out.
    pub commands: u32,
    /// Requests, jobs, commands and answers of the time server that were malformed.
    pub malformed: u32,
    /// Times that `time?` was asked.
    pub asked: u32,
    /// Answers to that.
    pub answers: u32,
    /// Deadlines that passed without an answer.
    pub missed: u32,
}

impl Counters {
    pub(crate) const ZERO: Self = Self {
        polls: 0,
        telemetry: 0,
        requests: 0,
        abandoned: 0,
        jobs: 0,
        done: 0,
        commands: 0,
        malformed: 0,
        asked: 0,
        answers: 0,
        missed: 0,
    };

    /// Messages that the node took or sent.
    pub(crate) const fn handled(&self) -> u32 {
        let taken = self.requests.wrapping_add(self.jobs).wrapping_add(self.commands).wrapping_add(self.answers);
        taken.wrapping_add(self.telemetry).wrapping_add(self.done).wrapping_add(self.asked)
    }

    /// Each with its name, in the order in which `stats` tells them.
    pub(crate) const fn named(&self) -> [(&'static str, u32); 11] {
        [
            ("polls", self.polls),
            ("telemetry", self.telemetry),
            ("requests", self.requests),
            ("abandoned", self.abandoned),
            ("jobs", self.jobs),
            ("done", self.done),
            ("commands", self.commands),
            ("malformed", self.malformed),
            ("asked", self.asked),
            ("answers", self.answers),
            ("missed", self.missed),
        ]
    }
}

/// Counts one more.
pub(crate) const fn count(counter: &mut u32) {
    *counter = counter.wrapping_add(1);
}
