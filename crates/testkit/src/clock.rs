use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use repass_core::Clock;

/// A clock that changes only when [`advance`](Self::advance) or [`set`](Self::set) is called.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Creates a clock that returns `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock forward, at most to [`Timestamp::MAX`].
    pub fn advance(&self, by: Duration) {
        let mut now = self.lock();
        *now = after(*now, by);
    }

    /// Sets the clock, also back.
    pub fn set(&self, now: Timestamp) {
        *self.lock() = now;
    }

    fn lock(&self) -> MutexGuard<'_, Timestamp> {
        // A panic while the lock is held cannot leave a half-written timestamp.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.lock()
    }
}

/// Returns `moment` plus `duration`, at most [`Timestamp::MAX`].
pub(crate) fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
