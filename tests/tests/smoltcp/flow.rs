//! What do the users of two sockets say to each other, and did each message arrive as it has to?

use std::collections::BTreeMap;
use zeptomq_core::socket::SendError;
use zeptomq_core::time::Instant;
use zeptomq_tests::chance::Chance;
use zeptomq_tests::executor::Kind;
use zeptomq_tests::machine::Machine;

/// A sender's numbered messages to one receiver, and the answers where the types have any.
pub(crate) struct Flow {
    pub(crate) sender: Kind,
    pub(crate) receiver: Kind,
    pub(crate) binds: Side,
    /// How many messages there are, when the flow ends by itself.
    total: Option<u32>,
    pace_ms: i64,
    chance: Chance,
    next: u32,
    next_at: i64,
    /// When each number was accepted.
    accepted: BTreeMap<u32, i64>,
    /// The numbers that arrived where the flow ends: at the receiver, or back at the sender.
    got: Vec<u32>,
    /// What was asked and not answered yet.
    asked: Option<(u32, i64)>,
    /// How often an answer did not come.
    retries: usize,
    /// The answer that is to be sent, and until when that is tried.
    reply: Option<(Message, i64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

type Message = Vec<Vec<u8>>;

impl Flow {
    pub(crate) fn new(
        sender: Kind,
        receiver: Kind,
        binds: Side,
        total: Option<u32>,
        now: i64,
        mut chance: Chance,
    ) -> Self {
        let pace_ms = chance.of(1..60) as i64;
        Self {
            sender,
            receiver,
            binds,
            total,
            pace_ms,
            chance,
            next: 0,
            next_at: now,
            accepted: BTreeMap::new(),
            got: Vec::new(),
            asked: None,
            retries: 0,
            reply: None,
        }
    }

    /// The user of one side does what it can do. Whether it did something, and when it will.
    pub(crate) fn drive(
        &mut self,
        side: Side,
        machine: &mut dyn Machine,
        time: Instant,
        now: i64,
    ) -> (bool, Option<i64>) {
        match side {
            Side::Sender => (self.send(machine, time, now), self.due().then_some(self.next_at)),
            Side::Receiver => (self.receive(machine, time, now), self.reply.as_ref().map(|(_, until)| *until)),
        }
    }

    fn due(&self) -> bool {
        !self.is_all_sent() || self.asked.is_some()
    }

    /// A publisher's messages count from the first that somebody had subscribed to.
    fn is_all_sent(&self) -> bool {
        let begin = if self.sender == Kind::Pub { self.got.first().copied() } else { Some(0) };
        self.total.zip(begin).is_some_and(|(total, begin)| self.next >= begin + total)
    }

    fn send(&mut self, machine: &mut dyn Machine, time: Instant, now: i64) -> bool {
        let mut used = false;
        if matches!(self.sender, Kind::Req | Kind::Dealer) {
            // A REQ that has not asked has nothing to receive.
            while let Ok(Some(answer)) = machine.try_recv(time) {
                self.take(&answer);
                used = true;
            }
        }
        if now < self.next_at {
            return used;
        }
        self.next_at = now + self.pace_ms;
        for _ in 0..self.chance.of(1..8) {
            let waits = self.asked.is_some_and(|(_, since)| now < since + self.patience_ms());
            if self.is_all_sent() || waits {
                break;
            }
            let message = message(self.next);
            let parts: Vec<&[u8]> = message.iter().map(Vec::as_slice).collect();
            match machine.try_send(&parts, time) {
                Ok(()) => {
                    self.accepted.insert(self.next, now);
                    self.retries += usize::from(self.asked.is_some());
                    self.asked = (self.sender == Kind::Req).then_some((self.next, now));
                    self.next += 1;
                    used = true;
                }
                Err(SendError::WouldBlock | SendError::Full) => break,
                Err(error) => panic!("{:?}: {error}", self.sender),
            }
        }
        used
    }

    fn receive(&mut self, machine: &mut dyn Machine, time: Instant, now: i64) -> bool {
        let mut used = false;
        loop {
            if let Some((reply, until)) = self.reply.take() {
                let parts: Vec<&[u8]> = reply.iter().map(Vec::as_slice).collect();
                match machine.try_send(&parts, time) {
                    // A lost peer is connected to again when what it sent was taken, and not before.
                    Err(SendError::WouldBlock | SendError::Full) if now < until => {
                        self.reply = Some((reply, until));
                        return used;
                    }
                    // Or whoever asked is gone.
                    Ok(()) | Err(_) => used = true,
                }
            }
            let Ok(Some(message)) = machine.try_recv(time) else { return used };
            used = true;
            match self.receiver {
                Kind::Pull | Kind::Sub => self.take(&message),
                _ => self.reply = Some((message, now + self.patience_ms())),
            }
        }
    }

    /// How long an answer is waited for, and tried to be sent: where connections break, not long.
    fn patience_ms(&self) -> i64 {
        if self.total.is_some() { 60_000 } else { 1000 }
    }

    fn take(&mut self, message: &Message) {
        let number = number(message);
        if self.sender == Kind::Req {
            assert_eq!(self.asked.take().map(|(asked, _)| asked), Some(number), "the answer to another request");
        }
        assert!(self.accepted.contains_key(&number), "{number} was never sent");
        self.got.push(number);
    }

    /// Whether all that was accepted arrived, in order, and each request had its answer.
    pub(crate) fn is_whole(&self, sender: &dyn Machine) -> bool {
        let first = self.got.first().copied().unwrap_or(u32::MAX);
        let asked: Vec<u32> = match self.sender {
            // What was published before anybody subscribed went to nobody.
            Kind::Pub => self.accepted.keys().copied().filter(|number| *number >= first).collect(),
            _ => self.accepted.keys().copied().collect(),
        };
        let dropped = if self.sender == Kind::Pub { sender.drops().queue_full as usize } else { 0 };
        let is_all = self.got.len() + dropped == asked.len() && (dropped > 0 || self.got == asked);
        is_all && self.is_all_sent() && self.asked.is_none() && self.retries == 0
    }

    /// Nothing arrived twice or out of order, for each user takes at once what there is; and what is counted as dropped
    /// did not arrive.
    pub(crate) fn check(&self, sender: Option<&dyn Machine>) {
        assert!(
            self.got.windows(2).all(|pair| pair[0] < pair[1]),
            "{:?}: twice or out of order: {:?}",
            self.sender,
            self.got
        );
        let missing = self.accepted.len() - self.got.len();
        let dropped = sender.map_or(0, |sender| sender.drops().undelivered as usize);
        assert!(dropped <= missing, "{:?}: {dropped} dropped and {missing} missing", self.sender);
    }

    /// Whether something arrived that was accepted after that moment.
    pub(crate) fn goes_on_after(&self, moment: i64) -> bool {
        self.got.iter().any(|number| self.accepted[number] >= moment)
    }

    pub(crate) fn summary(&self) -> String {
        let (accepted, got, retries) = (self.accepted.len(), self.got.len(), self.retries);
        format!("{:?} to {:?}: {accepted} accepted, {got} arrived, {retries} retries", self.sender, self.receiver)
    }
}

/// The message of that number: one to three parts, all of which are known from it.
fn message(number: u32) -> Message {
    let mut chance = Chance(u64::from(number));
    let mut parts = vec![number.to_be_bytes().to_vec()];
    for _ in 0..chance.of(0..3) {
        let len = if chance.per_mille(700) { chance.of(0..30) } else { chance.of(30..350) };
        parts.push((0..len).map(|_| chance.draw() as u8).collect());
    }
    parts
}

/// The number of the message, which is to be whole.
fn number(received: &Message) -> u32 {
    let number = u32::from_be_bytes(received[0].as_slice().try_into().expect("a number first"));
    assert_eq!(*received, message(number), "torn");
    number
}
