use std::fmt;

use jiff::Timestamp;

/// Where the time comes from. A parameter everywhere, so that tests move time instead of waiting.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place that may ask the machine
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// `moment` plus `duration`, held at the end of representable time instead of overflowing.
pub(crate) fn after(moment: Timestamp, duration: std::time::Duration) -> Timestamp {
    jiff::SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| moment.checked_add(duration).ok())
        .unwrap_or_else(end_of_time)
}

/// The last whole second that can be represented; of the one after it, stores could not keep the
/// fraction.
fn end_of_time() -> Timestamp {
    Timestamp::from_second(Timestamp::MAX.as_second()).unwrap_or(Timestamp::MAX)
}

/// How long from `now` until `moment`; zero when it has passed.
pub(crate) fn until(now: Timestamp, moment: Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(moment.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_system_clock_is_that_of_the_machine() {
        let year_2026 = Timestamp::from_second(1_767_225_600).unwrap();
        assert!(SystemClock.now() > year_2026);
    }

    #[test]
    fn time_ends_with_a_whole_second() {
        let last = Timestamp::from_second(Timestamp::MAX.as_second()).unwrap();
        for moment in [Timestamp::UNIX_EPOCH, last, Timestamp::MAX] {
            assert_eq!(after(moment, Duration::MAX), last);
        }
        assert_eq!(after(Timestamp::UNIX_EPOCH, Duration::ZERO), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn what_has_passed_takes_no_more_time() {
        let later = after(Timestamp::UNIX_EPOCH, Duration::from_secs(3));
        assert_eq!(until(Timestamp::UNIX_EPOCH, later), Duration::from_secs(3));
        assert_eq!(until(later, Timestamp::UNIX_EPOCH), Duration::ZERO);
    }
}
