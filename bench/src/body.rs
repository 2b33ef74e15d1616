//! Makes numbered bodies and checks that they arrive whole and in order.

use std::sync::Arc;

use crate::child::Meter;

/// Octets of the sequence number at the head of every body.
pub(crate) const SEQUENCE_LEN: usize = 8;

/// The sender's side: one buffer, renumbered for each message.
pub(crate) struct Stamps {
    body: Vec<u8>,
    next: u64,
}

impl Stamps {
    /// Bodies of `len` octets, numbered from 0.
    pub(crate) fn new(len: usize) -> Self {
        Self { body: vec![0xA5; len], next: 0 }
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
    next: u64,
    meter: Arc<Meter>,
}

impl Checks {
    /// Expects bodies of `len` octets numbered from 0.
    pub(crate) fn new(len: usize, meter: Arc<Meter>) -> Self {
        Self { len, next: 0, meter }
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
        if sequence != self.next {
            return Err(format!("message {} expected, {sequence} received", self.next));
        }
        self.next += 1;
        self.meter.count(self.next);
        Ok(())
    }

    #[cold]
    fn wrong_len(&self, len: usize) -> String {
        format!("message {} has {len} octets, {} expected", self.next, self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_a_repeat_and_a_wrong_length_are_told() {
        let mut stamps = Stamps::new(16);
        let bodies: Vec<Vec<u8>> = (0..4).map(|_| stamps.next_body().to_vec()).collect();
        let meter = Arc::new(Meter::default());
        let checks = || Checks::new(16, Arc::clone(&meter));

        let mut whole = checks();
        assert!(bodies.iter().all(|body| whole.take(body).is_ok()));
        assert_eq!(meter.counted(), 4);

        let mut gap = checks();
        assert!(gap.take(&bodies[0]).is_ok() && gap.take(&bodies[2]).is_err());
        let mut repeat = checks();
        assert!(repeat.take(&bodies[0]).is_ok() && repeat.take(&bodies[0]).is_err());
        assert!(checks().take(&bodies[0][..15]).is_err());
        assert!(checks().take(&[]).is_err());
    }
}
