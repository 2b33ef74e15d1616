//! Who comes when something can be done on a connection? Whoever waits for its messages; or else its own task.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::{mem, sync::Arc};

/// What the streams and the socket ring when a connection is to be looked after.
///
/// It is rung once until somebody comes. Coming late does no harm, coming in vain neither: so whoever has come may leave
/// again at any time, and if it was rung in between, the task comes.
#[derive(Default)]
pub(crate) struct Bell(Mutex<Call>);

#[derive(Default)]
struct Call {
    /// Whether it was rung and nobody has come since.
    is_due: bool,
    /// Whoever waits for the connection's messages.
    guest: Option<Waker>,
    task: Option<Waker>,
}

impl Bell {
    /// The connection's task comes, and is the one to come again unless there is a guest.
    pub(crate) fn serve(&self, task: &Waker) {
        let mut call = self.lock();
        call.is_due = false;
        let former = renew(&mut call.task, task);
        drop(call);
        drop(former);
    }

    /// A guest comes, and is the one to come again until it leaves. Whether there is something to be done.
    pub(crate) fn come(&self, guest: &Waker) -> bool {
        let mut call = self.lock();
        let was_due = mem::take(&mut call.is_due);
        let former = renew(&mut call.guest, guest);
        drop(call);
        drop(former);
        was_due
    }

    /// The guest goes.
    pub(crate) fn leave(&self) {
        let mut call = self.lock();
        let guest = call.guest.take();
        let task = call.overdue();
        drop(call);
        drop(guest);
        task.into_iter().for_each(Waker::wake);
    }

    /// The task, if somebody is still to come: a guest may have other things to do.
    pub(crate) fn overdue(&self) -> Option<Waker> {
        self.lock().overdue()
    }

    /// The task is to come, guest or not.
    pub(crate) fn ring_for_task(&self) {
        let task = self.lock().task.clone();
        task.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    fn overdue(&self) -> Option<Waker> {
        if self.is_due { self.task.clone() } else { None }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut call = self.lock();
        call.is_due = true;
        let woken = call.guest.take().or_else(|| call.task.clone());
        drop(call);
        woken.into_iter().for_each(Waker::wake);
    }
}

/// Has the place hold this waker. The one that it held comes back, to be dropped where nothing is locked.
fn renew(place: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    if place.as_ref().is_some_and(|known| known.will_wake(waker)) {
        return None;
    }
    place.replace(waker.clone())
}

#[cfg(test)]
mod tests {
    use super::{Arc, Bell, Wake, Waker};
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Default)]
    struct Called(AtomicU32);

    impl Wake for Called {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_guest_is_called_while_there_is_one_and_the_task_for_what_it_leaves() {
        let (task, guest) = (Arc::new(Called::default()), Arc::new(Called::default()));
        let (to_task, to_guest) = (Waker::from(task.clone()), Waker::from(guest.clone()));
        let called = || [&task, &guest].map(|called| called.0.swap(0, Ordering::Relaxed));
        let bell = Arc::new(Bell::default());
        let ring = Waker::from(bell.clone());
        bell.serve(&to_task);
        ring.wake_by_ref();
        assert_eq!(called(), [1, 0]);
        bell.serve(&to_task);
        // It comes and goes, and nothing was to be done.
        assert!(!bell.come(&to_guest));
        bell.leave();
        assert_eq!(called(), [0, 0]);
        // It comes when it is called, and goes.
        assert!(!bell.come(&to_guest));
        ring.wake_by_ref();
        assert_eq!(called(), [0, 1]);
        assert!(bell.come(&to_guest) && bell.overdue().is_none());
        bell.leave();
        assert_eq!(called(), [0, 0]);
        // It is called, and goes without having come.
        assert!(!bell.come(&to_guest));
        ring.wake_by_ref();
        assert!(bell.overdue().is_some());
        bell.leave();
        assert_eq!(called(), [1, 1]);
        ring.wake_by_ref();
        assert_eq!(called(), [1, 0]);
    }
}
