use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use repass_core::Clock;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock forward. Past the end of representable time it stays at the end.
    pub fn advance(&self, by: Duration) {
        let mut now = self.lock();
        *now = after(*now, by);
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

/// `moment` plus `duration`, at most the end of representable time.
pub(crate) fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
