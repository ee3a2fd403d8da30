use std::fmt;

use jiff::Timestamp;

/// The source of the time; a parameter, so that tests can move the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the only use of the system clock
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Returns `moment` plus `duration`, or the last representable time on overflow.
pub(crate) fn after(moment: Timestamp, duration: std::time::Duration) -> Timestamp {
    jiff::SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| moment.checked_add(duration).ok())
        .unwrap_or_else(last_second)
}

/// The last whole second that `Timestamp` represents. Stores cannot represent the fraction after
/// it.
fn last_second() -> Timestamp {
    Timestamp::from_second(Timestamp::MAX.as_second()).unwrap_or(Timestamp::MAX)
}

/// Returns the time from `now` until `moment`; zero if `moment` has passed.
pub(crate) fn until(now: Timestamp, moment: Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(moment.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_system_clock_runs() {
        let year_2026 = Timestamp::from_second(1_767_225_600).unwrap();
        assert!(SystemClock.now() > year_2026);
    }

    #[test]
    fn addition_saturates_at_a_whole_second() {
        let last = Timestamp::from_second(Timestamp::MAX.as_second()).unwrap();
        for moment in [Timestamp::UNIX_EPOCH, last, Timestamp::MAX] {
            assert_eq!(after(moment, Duration::MAX), last);
        }
        assert_eq!(after(Timestamp::UNIX_EPOCH, Duration::ZERO), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn the_time_until_a_past_moment_is_zero() {
        let later = after(Timestamp::UNIX_EPOCH, Duration::from_secs(3));
        assert_eq!(until(Timestamp::UNIX_EPOCH, later), Duration::from_secs(3));
        assert_eq!(until(later, Timestamp::UNIX_EPOCH), Duration::ZERO);
    }
}
