//! Who waits for room? Tasks that send, each for as long as its future lives.

use std::task::Waker;

/// The tasks that wait.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    wakers: Vec<(u64, Waker)>,
    next: u64,
}

/// A task that wants to wait, and its place among those that do: 0 while it has none.
pub(crate) struct Waiter<'a> {
    pub(crate) waker: &'a Waker,
    pub(crate) place: &'a mut u64,
}

impl Waiters {
    /// Gives the task a place, or renews the waker in the place that it has.
    ///
    /// The waker that it had comes back, to be dropped outside the hub's lock: with it may go a task that wants the lock.
    #[must_use = "it is dropped outside the lock"]
    pub(crate) fn register(&mut self, Waiter { waker, place }: Waiter<'_>) -> Option<Waker> {
        if let Some((_, known)) = self.wakers.iter_mut().find(|(taken, _)| taken == place) {
            return (!known.will_wake(waker)).then(|| std::mem::replace(known, waker.clone()));
        }
        self.next += 1;
        *place = self.next;
        self.wakers.push((self.next, waker.clone()));
        None
    }

    /// The task waits no more. Its waker comes back, to be dropped outside the lock too.
    #[must_use = "it is dropped outside the lock"]
    pub(crate) fn forget(&mut self, place: u64) -> Option<Waker> {
        let at = self.wakers.iter().position(|(taken, _)| *taken == place)?;
        Some(self.wakers.remove(at).1)
    }

    /// All that wait, to be woken; they register again when they still have to wait.
    #[inline]
    pub(crate) fn take(&mut self) -> Vec<Waker> {
        if self.wakers.is_empty() {
            return Vec::new();
        }
        self.wakers.drain(..).map(|(_, waker)| waker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Waiter, Waiters};
    use std::task::Waker;

    #[test]
    fn a_task_has_one_place_and_leaves_it() {
        let mut waiters = Waiters::default();
        let waker = Waker::noop();
        let (mut one, mut other) = (0, 0);
        for place in [&mut one, &mut other] {
            assert!(waiters.register(Waiter { waker, place }).is_none());
        }
        assert!(waiters.register(Waiter { waker, place: &mut one }).is_none());
        assert_ne!(one, other);
        assert_eq!(waiters.wakers.len(), 2);
        assert!(waiters.forget(one).is_some());
        assert_eq!(waiters.take().len(), 1);
        assert!(waiters.take().is_empty());
        assert!(waiters.register(Waiter { waker, place: &mut other }).is_none());
        assert_eq!(waiters.take().len(), 1);
    }
}
