//! Where do octets that arrive lie? In large blocks, borrowed while there is something to read.
//!
//! A block is shared by the messages in it. It comes back to the pool at once and is lent again when they are gone.

use bytes::BytesMut;
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
    /// Whether a block was lent since somebody looked.
    used: bool,
}

/// How long a block is, in octets.
pub(crate) const BLOCK_LEN: usize = 128 * 1024;
const RESTING_MAX: usize = 32;
/// How many resting blocks are asked whether they are free again.
const ASKED_MAX: usize = 4;

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

    /// Gives the memory back, if none was lent since this was called last.
    pub(crate) fn shrink(&self) {
        let mut pool = self.lock();
        if !std::mem::take(&mut pool.used) {
            pool.resting = VecDeque::new();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_LEN, Blocks};

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
}
