//! What is the node made of, and what does it do each time that it is called?

use crate::counters::{Counters, count};
use crate::orders::{self, Command, Request};
use crate::prime::is_prime;
use crate::sockets::{COMMANDS_TOPIC, Memory, Role, Sockets};
use crate::telemetry::Telemetry;
use crate::text::Text;
use crate::time_client::Question;
use zeptomq_core::mechanism::Null;
use zeptomq_core::pattern::overload::Policy;
use zeptomq_core::socket::{Links, SendError};
use zeptomq_core::time::Instant;

/// The node: six sockets, and what it has in hand between two calls.
pub struct Node<'m> {
    sockets: Sockets<'m>,
    telemetry: Telemetry,
    reply: Text<REPLY_LEN_MAX>,
    /// Since when the reply has been owed, while it is.
    reply_owed: Option<Instant>,
    report: Report,
    question: Question,
    /// What the time server said last.
    time: Text<TIME_LEN_MAX>,
    counters: Counters,
    begun: Option<Instant>,
}

/// What PUSH is to send next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Report {
    Nothing,
    Boot,
    Done { number: u32, is_prime: bool },
}

impl<'m> Node<'m> {
    /// A node without connections. `first_request` numbers its first question to the time server; a random one keeps late
    /// answers to its former life apart.
    pub fn new(memory: &'m mut Memory, first_request: u32) -> Self {
        Self {
            sockets: Sockets::new(memory, first_request),
            telemetry: Telemetry::NEW,
            reply: Text::EMPTY,
            reply_owed: None,
            report: Report::Boot,
            question: Question::New,
            time: Text::EMPTY,
            counters: Counters::ZERO,
            begun: None,
        }
    }

    /// The sockets, always in this order, and where the peers of each come from.
    pub fn sockets(&mut self) -> [(Links<'_, Null>, Role); 6] {
        self.sockets.links()
    }

    /// Takes messages and queues messages, a few of each kind, without waiting for anything. When to call it next, though
    /// nothing arrived and nothing could leave: now, if some was left.
    pub fn poll(&mut self, now: Instant) -> Option<Instant> {
        count(&mut self.counters.polls);
        let begun = match self.begun {
            Some(begun) => begun,
            None => self.begin(now),
        };
        let up_ms = now.as_ms().wrapping_sub(begun.as_ms());
        self.follow_commands(now);
        let due = [self.publish(up_ms, now), self.answer(up_ms, now), self.do_work(now), self.ask_time(now)];
        due.into_iter().fold(None, Instant::earlier)
    }

    /// What it has done so far.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn begin(&mut self, now: Instant) -> Instant {
        // Its table has room for this topic and no other is ever put there.
        let _ = self.sockets.commands.subscribe(COMMANDS_TOPIC);
        self.begun = Some(now);
        now
    }

    fn follow_commands(&mut self, now: Instant) {
        for _ in 0..TAKEN_AT_ONCE {
            let Ok(Some(message)) = self.sockets.commands.try_recv(now) else { return };
            match Command::decode(&message) {
                Ok(Command::Rate(ms)) => self.telemetry.pace(ms, now),
                Ok(Command::Quiet) => self.telemetry.silence(),
                Ok(Command::Loud) => self.telemetry.resume(),
                Err(_) => {
                    count(&mut self.counters.malformed);
                    continue;
                }
            }
            count(&mut self.counters.commands);
        }
    }

    fn publish(&mut self, up_ms: u32, now: Instant) -> Option<Instant> {
        if let Some((temperature, load)) = self.telemetry.poll(self.counters.handled(), up_ms, now) {
            for (topic, value) in [(TEMPERATURE_TOPIC, temperature), (LOAD_TOPIC, load)] {
                // The policy lets no subscriber hold the node up; the socket counts what one missed.
                let _ = self.sockets.telemetry.try_send_or(TELEMETRY_POLICY, &[topic, value.octets()], now);
                count(&mut self.counters.telemetry);
            }
        }
        self.telemetry.due(now)
    }

    fn answer(&mut self, up_ms: u32, now: Instant) -> Option<Instant> {
        for _ in 0..TAKEN_AT_ONCE {
            if let Some(given_up_at) = self.hand_over_reply(now) {
                return Some(given_up_at);
            }
            let request = self.sockets.requests.try_recv(now).ok()??;
            count(&mut self.counters.requests);
            self.reply.clear();
            self.reply_owed = Some(now);
            match Request::decode(&request) {
                Ok(Request::Ping) => _ = self.reply.put(b"pong"),
                Ok(Request::Echo(octets)) if octets.len() <= REPLY_LEN_MAX => _ = self.reply.put(octets),
                Ok(Request::Echo(_)) => _ = self.reply.put(TOO_LONG),
                Ok(Request::Rate(ms)) => {
                    self.telemetry.pace(ms, now);
                    self.reply.put(b"ok");
                }
                Ok(Request::Stats) => self.write_stats(up_ms),
                Err(error) => {
                    count(&mut self.counters.malformed);
                    self.reply.put(b"error: ").put(error.text().as_bytes());
                }
            }
        }
        self.hand_over_reply(now).or(Some(now))
    }

    /// Gives the reply that is owed to the socket. Until when it is to be tried again, if there is no room for it.
    fn hand_over_reply(&mut self, now: Instant) -> Option<Instant> {
        let given_up_at = self.reply_owed?.after_ms(REPLY_FETCHED_WITHIN_MS);
        match self.sockets.requests.try_send(&[self.reply.octets()], now) {
            Ok(()) => (),
            Err(SendError::Full | SendError::WouldBlock) if !given_up_at.has_come(now) => return Some(given_up_at),
            // The request came with an envelope that leaves no room.
            Err(SendError::TooLong) if self.sockets.requests.try_send(&[TOO_LONG], now).is_ok() => (),
            Err(_) => {
                count(&mut self.counters.abandoned);
                self.sockets.requests.abandon(now);
            }
        }
        self.reply_owed = None;
        None
    }

    fn write_stats(&mut self, up_ms: u32) {
        let missed = self.sockets.telemetry.drops();
        let sockets = [
            ("dropped", missed.queue_full),
            ("widened", missed.widened),
            ("undelivered", self.sockets.reports.drops().undelivered),
        ];
        self.reply.put(b"up_ms=").put_number(up_ms);
        for (name, number) in self.counters.named().into_iter().chain(sockets) {
            self.reply.put(b" ").put(name.as_bytes()).put(b"=").put_number(number);
        }
        if !self.time.octets().is_empty() {
            self.reply.put(b" time=").put(self.time.octets());
        }
    }

    fn do_work(&mut self, now: Instant) -> Option<Instant> {
        for _ in 0..TAKEN_AT_ONCE {
            // Room comes when octets have left.
            if !self.hand_over_report(now) {
                return None;
            }
            let message = self.sockets.work.try_recv(now).ok()??;
            count(&mut self.counters.jobs);
            match orders::job(&message) {
                Ok(number) => self.report = Report::Done { number, is_prime: is_prime(number) },
                Err(_) => count(&mut self.counters.malformed),
            }
        }
        self.hand_over_report(now).then_some(now)
    }

    /// Whether PUSH has taken what was in hand, so that the next job may be taken.
    fn hand_over_report(&mut self, now: Instant) -> bool {
        let mut text = Text::<REPORT_LEN_MAX>::EMPTY;
        match self.report {
            Report::Nothing => return true,
            Report::Boot => _ = text.put(b"boot"),
            Report::Done { number, is_prime } => {
                text.put(b"done ").put_number(number).put(if is_prime { b" true" } else { b" false" });
            }
        }
        if self.sockets.reports.try_send(&[text.octets()], now).is_err() {
            return false;
        }
        if self.report != Report::Boot {
            count(&mut self.counters.done);
        }
        self.report = Report::Nothing;
        true
    }

    fn ask_time(&mut self, now: Instant) -> Option<Instant> {
        if let Question::Awaits { .. } = self.question
            && let Ok(Some(answer)) = self.sockets.time_server.try_recv(now)
        {
            self.question.answered();
            let text = answer.first();
            if text.len() <= TIME_LEN_MAX && text.iter().all(|octet| matches!(octet, b' '..=b'~')) {
                count(&mut self.counters.answers);
                self.time.clear();
                self.time.put(text);
            } else {
                count(&mut self.counters.malformed);
            }
        }
        if self.question.is_due(now) {
            if let Question::Awaits { .. } = self.question {
                count(&mut self.counters.missed);
            }
            // No room: the former question has not left, and is as good as this one.
            if self.sockets.time_server.try_send(&[b"time?"], now).is_ok() {
                count(&mut self.counters.asked);
            }
            self.question.asked(now);
        }
        self.question.due()
    }
}

/// The longest reply, in octets.
pub const REPLY_LEN_MAX: usize = 384;

// Who was slow hears how things are, not how they were.
const TELEMETRY_POLICY: Policy = Policy::DropOldest;
const TEMPERATURE_TOPIC: &[u8] = b"telemetry.temp";
const LOAD_TOPIC: &[u8] = b"telemetry.load";
const TOO_LONG: &[u8] = b"error: the reply is too long";

/// `done 4294967295 false`
const REPORT_LEN_MAX: usize = 21;
/// The longest time that is kept, in octets.
const TIME_LEN_MAX: usize = 32;
/// How many messages of one kind are taken before the others have their turn.
const TAKEN_AT_ONCE: usize = 4;
/// A client that does not fetch its reply, in milliseconds, makes way for the others.
const REPLY_FETCHED_WITHIN_MS: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::{Counters, Memory, Node, REPLY_LEN_MAX, TIME_LEN_MAX};
    use std::boxed::Box;

    #[test]
    fn the_longest_stats_are_a_reply() {
        let mut node = Node::new(Box::leak(Box::new(Memory::NEW)), 0);
        node.counters = Counters {
            polls: u32::MAX,
            telemetry: u32::MAX,
            requests: u32::MAX,
            abandoned: u32::MAX,
            jobs: u32::MAX,
            done: u32::MAX,
            commands: u32::MAX,
            malformed: u32::MAX,
            asked: u32::MAX,
            answers: u32::MAX,
            missed: u32::MAX,
        };
        node.time.put(&[b'9'; TIME_LEN_MAX]);
        node.write_stats(u32::MAX);
        let stats = std::str::from_utf8(node.reply.octets()).unwrap();
        // The three numbers of the sockets are 0 here, and have ten digits at most.
        assert!(stats.ends_with(&"9".repeat(TIME_LEN_MAX)) && stats.len() + 3 * 9 <= REPLY_LEN_MAX, "{stats}");
    }
}
