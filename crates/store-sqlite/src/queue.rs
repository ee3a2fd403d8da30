//! Job queues of the store's threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue with any number of consumers.
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

    /// Adds an item. A closed queue drops it.
    pub(crate) fn push(&self, item: T) {
        let mut state = self.lock();
        if !state.closed {
            state.waiting.push_back(item);
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Returns a guard that closes the queue and drops its items when it is dropped, so that no
    /// caller waits for a thread that has ended.
    pub(crate) const fn close_on_drop(&self) -> CloseOnDrop<'_, T> {
        CloseOnDrop(self)
    }

    /// Waits for items and takes at most `limit`. Returns none if the queue is closed and empty.
    pub(crate) fn take(&self, limit: usize) -> Vec<T> {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.closed {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let taken = state.waiting.len().min(limit);
        state.waiting.drain(..taken).collect()
    }

    /// Takes all waiting items without waiting.
    pub(crate) fn take_waiting(&self) -> Vec<T> {
        self.lock().waiting.drain(..).collect()
    }

    /// Closes the queue for new items. Waiting items can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Queue::close_on_drop`].
pub(crate) struct CloseOnDrop<'q, T>(&'q Queue<T>);

impl<T> Drop for CloseOnDrop<'_, T> {
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
    fn items_are_dropped_when_their_thread_ends() {
        let queue = Queue::new();
        let (early, waits) = oneshot::channel::<()>();
        queue.push(early);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let _guard = queue.close_on_drop();
            panic!("a defect")
        }));
        assert!(ended.is_err());
        assert!(waits.blocking_recv().is_err());
        let (late, waits) = oneshot::channel();
        queue.push(late);
        assert!(waits.blocking_recv().is_err());
    }
}
