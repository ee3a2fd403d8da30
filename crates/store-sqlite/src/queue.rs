//! What callers have handed to the threads of the store.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue that any number of threads wait at.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        let state = State { waiting: VecDeque::new(), closed: false };
        Self { state: Mutex::new(state), filled: Condvar::new() }
    }

    /// Adds an item, unless the queue is closed; then the item is dropped.
    pub(crate) fn push(&self, item: T) {
        let mut state = self.lock();
        if !state.closed {
            state.waiting.push_back(item);
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Closes the queue when the returned guard is dropped, and drops what is waiting then: nobody may
    /// wait for a thread that has ended.
    pub(crate) const fn closing(&self) -> Closing<'_, T> {
        Closing(self)
    }

    /// Waits for items and takes at most `limit`; none when the queue is closed and empty.
    pub(crate) fn take(&self, limit: usize) -> Vec<T> {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.closed {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let taken = state.waiting.len().min(limit);
        state.waiting.drain(..taken).collect()
    }

    /// Takes everything that is waiting now.
    pub(crate) fn take_waiting(&self) -> Vec<T> {
        self.lock().waiting.drain(..).collect()
    }

    /// Refuses further items; those that are waiting can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Queue::closing`].
pub(crate) struct Closing<'q, T>(&'q Queue<T>);

impl<T> Drop for Closing<'_, T> {
    fn drop(&mut self) {
        self.0.close();
        self.0.take_waiting();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn nobody_waits_for_a_thread_that_has_ended() {
        let queue = Queue::new();
        let (early, waits) = oneshot::channel::<()>();
        queue.push(early);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let _closing = queue.closing();
            panic!("a defect")
        }));
        assert!(ended.is_err());
        assert!(waits.blocking_recv().is_err());
        let (late, waits) = oneshot::channel();
        queue.push(late);
        assert!(waits.blocking_recv().is_err());
    }
}
