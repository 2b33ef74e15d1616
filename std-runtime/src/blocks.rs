//! Where do octets that arrive lie? In large blocks, borrowed while there is something to read; a body that is longer than a
//! block lies alone.
//!
//! A block is shared by the messages in it. It comes back to the pool at once and is lent again when they are gone. So does
//! the memory of a long body, and of a sheet that is printed for many: fresh pages from the system cost more than to fill
//! them.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The blocks of one socket.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    pool: Mutex<Pool>,
}

#[derive(Debug, Default)]
struct Pool {
    resting: VecDeque<BytesMut>,
    /// Bodies that were delivered; those whose messages are gone are memory for others.
    bodies: VecDeque<Bytes>,
    /// Whether a block was lent since somebody looked.
    used: bool,
}

/// How long a block is, in octets.
pub(crate) const BLOCK_LEN: usize = 128 * 1024;
const RESTING_MAX: usize = 32;
/// How many resting blocks are asked whether they are free again.
const ASKED_MAX: usize = 4;
/// How many octets of delivered bodies are kept.
const BODIES_LEN_MAX: usize = 4 * 1024 * 1024;

impl Blocks {
    /// An empty block.
    pub(crate) fn lend(&self) -> BytesMut {
        let mut pool = self.lock();
        pool.used = true;
        let resting = &mut pool.resting;
        for _ in 0..ASKED_MAX.min(resting.len()) {
            let Some(mut block) = resting.pop_front() else { break };
            if block.try_reclaim(BLOCK_LEN) {
                return block;
            }
            resting.push_back(block);
        }
        BytesMut::with_capacity(BLOCK_LEN)
    }

    /// Takes a block back, which messages may still share.
    pub(crate) fn give_back(&self, mut block: BytesMut) {
        block.clear();
        let mut pool = self.lock();
        if pool.resting.len() < RESTING_MAX {
            pool.resting.push_back(block);
        }
    }

    /// Empty memory for a body of `len` octets: that of one which is gone, if it is not much more, or none.
    pub(crate) fn lend_body(&self, len: usize) -> Vec<u8> {
        let mut pool = self.lock();
        pool.used = true;
        let free = |body: &Bytes| body.len() / 2 <= len && body.is_unique();
        let at = pool.bodies.iter().position(free);
        let body = at.and_then(|at| pool.bodies.remove(at)).map(Bytes::try_into_mut);
        let Some(Ok(mut body)) = body else { return Vec::new() };
        // Before it becomes a vector, for what is in it would be moved.
        body.clear();
        body.into()
    }

    /// A body that is going to be delivered; its memory is kept for when its message is gone.
    pub(crate) fn keep_body(&self, body: Vec<u8>) -> Bytes {
        let full = body.len() >= body.capacity() / 2;
        let body = Bytes::from(body);
        if full && body.len() <= BODIES_LEN_MAX {
            let mut pool = self.lock();
            pool.bodies.push_back(body.clone());
            while pool.bodies.iter().map(Bytes::len).sum::<usize>() > BODIES_LEN_MAX {
                pool.bodies.pop_front();
            }
        }
        body
    }

    /// Gives the memory back, if none was lent since this was called last.
    pub(crate) fn shrink(&self) {
        let mut pool = self.lock();
        if !std::mem::take(&mut pool.used) {
            (pool.resting, pool.bodies) = (VecDeque::new(), VecDeque::new());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_LEN, BODIES_LEN_MAX, Blocks};

    #[test]
    fn a_block_is_lent_again_when_its_messages_are_gone() {
        let blocks = Blocks::default();
        let mut block = blocks.lend();
        block.extend_from_slice(b"message");
        let first = block.as_ptr();
        let message = block.split_to(7).freeze();
        blocks.give_back(block);
        assert_ne!(blocks.lend().as_ptr(), first);
        drop(message);
        let again = blocks.lend();
        assert_eq!((again.as_ptr(), again.capacity() >= BLOCK_LEN), (first, true));
        blocks.give_back(again);
        for left in [1, 0] {
            blocks.shrink();
            assert_eq!(blocks.lock().resting.len(), left);
        }
    }

    #[test]
    fn the_memory_of_a_long_body_is_lent_again_when_its_message_is_gone() {
        let blocks = Blocks::default();
        assert_eq!(blocks.lend_body(1000).capacity(), 0);
        let body = blocks.keep_body(vec![7; 1000]);
        let first = body.as_ptr();
        assert_eq!(blocks.lend_body(1000).capacity(), 0);
        drop(body);
        // Not for a body that it would be too large for.
        assert_eq!(blocks.lend_body(499).capacity(), 0);
        let mut again = blocks.lend_body(500);
        assert_eq!((again.as_ptr(), again.len(), again.capacity()), (first, 0, 1000));
        // Nor is it kept with so little in it that its message would hold on to too much.
        again.resize(499, 7);
        drop(blocks.keep_body(again));
        assert_eq!(blocks.lend_body(1000).capacity(), 0);
    }

    #[test]
    fn so_much_of_long_bodies_is_kept_and_no_more() {
        let blocks = Blocks::default();
        drop(blocks.keep_body(vec![7; BODIES_LEN_MAX + 1]));
        assert_eq!(blocks.lock().bodies.len(), 0);
        for _ in 0..5 {
            drop(blocks.keep_body(vec![7; BODIES_LEN_MAX / 4]));
        }
        assert_eq!(blocks.lock().bodies.len(), 4);
        blocks.shrink();
        blocks.shrink();
        assert_eq!(blocks.lock().bodies.len(), 0);
    }
}
