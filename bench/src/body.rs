//! Makes numbered bodies and checks that they arrive whole and in order.

use std::sync::Arc;

use crate::meter::Meter;

/// Octets at the head of every body: who sent it and its number, as one little-endian integer.
pub(crate) const SEQUENCE_LEN: usize = 8;

/// The sender's side: one buffer, renumbered for each message.
pub(crate) struct Stamps {
    body: Vec<u8>,
    next: u64,
}

impl Stamps {
    /// Bodies of `len` octets from one of several senders, numbered from 0.
    pub(crate) fn new(len: usize, sender: usize) -> Self {
        Self { body: vec![0xA5; len], next: first_of(sender) }
    }

    /// The next body, borrowed: the message is made from it by the peer.
    #[inline]
    pub(crate) fn next_body(&mut self) -> &[u8] {
        if let Some(head) = self.body.first_chunk_mut() {
            *head = self.next.to_le_bytes();
        }
        self.next += 1;
        &self.body
    }
}

/// The receiver's side: counts the bodies and stops at the first that is not the expected one.
pub(crate) struct Checks {
    len: usize,
    /// By sender; `UNHEARD` until its first message.
    next: Vec<u64>,
    received: u64,
    order: Order,
    receiver: usize,
    meter: Arc<Meter>,
}

/// What a receiver expects of the numbers of each sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// From 0, and every one.
    Whole,
    /// Every one from the first that arrives.
    FromAnywhere,
    /// Rising; those that are missing are counted as lost.
    Gaps,
}

impl Checks {
    /// Expects bodies of `len` octets from so many senders, at one of several receivers.
    pub(crate) fn new(len: usize, senders: usize, order: Order, receiver: usize, meter: Arc<Meter>) -> Self {
        Self { len, next: vec![UNHEARD; senders], received: 0, order, receiver, meter }
    }

    /// Takes a whole body.
    #[inline]
    pub(crate) fn take(&mut self, body: &[u8]) -> Result<(), String> {
        match body.first_chunk() {
            Some(head) => self.take_head(*head, body.len()),
            None => Err(self.wrong_len(body.len())),
        }
    }

    /// Takes the head of a body whose length is known from its frame.
    #[inline]
    pub(crate) fn take_head(&mut self, head: [u8; SEQUENCE_LEN], len: usize) -> Result<(), String> {
        if len != self.len {
            return Err(self.wrong_len(len));
        }
        let sequence = u64::from_le_bytes(head);
        match self.next.get_mut((sequence >> SENDER_AT) as usize) {
            Some(next) if *next == sequence => *next += 1,
            _ => self.take_unexpected(sequence)?,
        }
        self.received += 1;
        self.meter.lane(self.receiver).received(self.received);
        Ok(())
    }

    #[cold]
    fn take_unexpected(&mut self, sequence: u64) -> Result<(), String> {
        let (sender, number) = ((sequence >> SENDER_AT) as usize, sequence & NUMBER);
        let next = self.next.get_mut(sender).ok_or_else(|| format!("a message of the unknown sender {sender}"))?;
        match (self.order, *next) {
            (Order::Whole, UNHEARD) if number > 0 => return Err(format!("message 0 expected, {number} received")),
            (_, UNHEARD) => self.meter.heard_another(),
            (Order::Gaps, expected) if sequence > expected => {
                self.meter.lane(self.receiver).lost(sequence - expected);
            }
            (_, expected) => return Err(format!("message {} expected, {number} received", expected & NUMBER)),
        }
        *next = sequence + 1;
        Ok(())
    }

    #[cold]
    fn wrong_len(&self, len: usize) -> String {
        format!("message {} has {len} octets, {} expected", self.received, self.len)
    }
}

fn first_of(sender: usize) -> u64 {
    (sender as u64) << SENDER_AT
}

/// Where a sender's number begins in the sequence; below it counts the sender.
const SENDER_AT: u32 = 48;
const NUMBER: u64 = (1 << SENDER_AT) - 1;
const UNHEARD: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Counts;

    fn bodies(sender: usize) -> Vec<Vec<u8>> {
        let mut stamps = Stamps::new(16, sender);
        (0..4).map(|_| stamps.next_body().to_vec()).collect()
    }

    #[test]
    fn a_gap_a_repeat_and_a_wrong_length_are_told() {
        let bodies = bodies(0);
        let meter = Arc::new(Meter::new(1));
        let checks = || Checks::new(16, 1, Order::Whole, 0, Arc::clone(&meter));

        let mut whole = checks();
        assert!(bodies.iter().all(|body| whole.take(body).is_ok()));
        assert_eq!(meter.counts().received, 4);

        let mut gap = checks();
        assert!(gap.take(&bodies[0]).is_ok() && gap.take(&bodies[2]).is_err());
        let mut repeat = checks();
        assert!(repeat.take(&bodies[0]).is_ok() && repeat.take(&bodies[0]).is_err());
        assert!(checks().take(&bodies[1]).is_err());
        assert!(checks().take(&bodies[0][..15]).is_err());
        assert!(checks().take(&[]).is_err());
    }

    #[test]
    fn a_subscriber_begins_anywhere_and_counts_what_it_may_miss() {
        let bodies = bodies(0);
        let meter = Arc::new(Meter::new(2));
        let mut lossless = Checks::new(16, 1, Order::FromAnywhere, 0, Arc::clone(&meter));
        assert!(lossless.take(&bodies[1]).is_ok() && lossless.take(&bodies[3]).is_err());

        let mut lossy = Checks::new(16, 1, Order::Gaps, 1, Arc::clone(&meter));
        assert!(meter.complete_ns().is_none());
        assert!(lossy.take(&bodies[0]).is_ok() && lossy.take(&bodies[3]).is_ok() && lossy.take(&bodies[2]).is_err());
        assert!(meter.complete_ns().is_some());
        assert_eq!(meter.counts(), Counts { received: 3, lost: 2 });
    }

    #[test]
    fn each_sender_has_its_own_order() {
        let meter = Arc::new(Meter::new(2));
        let mut checks = Checks::new(16, 2, Order::Whole, 0, Arc::clone(&meter));
        let (one, other) = (bodies(0), bodies(1));
        for (one, other) in one.iter().zip(&other) {
            assert!(checks.take(one).is_ok() && checks.take(other).is_ok());
        }
        assert_eq!((meter.heard(), meter.counts().received), ((2, 2), 8));
        assert!(checks.take(&bodies(2)[0]).is_err());
    }
}
