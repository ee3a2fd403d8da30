use std::time::Duration;

/// When failures lock an account out, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutPolicy {
    threshold: u32,
    initial_delay: Duration,
    max_delay: Duration,
    max_failures: u32,
}

/// A number of a lockout policy is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{member} {reason}")]
pub struct InvalidLockoutPolicy {
    /// The name of the number.
    pub member: &'static str,
    /// The bound that it violates.
    pub reason: &'static str,
}

impl Default for LockoutPolicy {
    /// 3 failures, then 1 second that doubles up to 15 minutes; at most 100 failures.
    fn default() -> Self {
        Self {
            threshold: 3,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(15 * 60),
            max_failures: Self::NIST_MAX_FAILURES,
        }
    }
}

impl LockoutPolicy {
    /// The most failures in a row that NIST SP 800-63B-4, 3.2.2 allows.
    pub const NIST_MAX_FAILURES: u32 = 100;

    /// Creates a policy that locks an account out for `initial_delay` after `threshold` failures in
    /// a row. Each further failure doubles the delay, up to `max_delay`. After `max_failures` the
    /// old password is refused until a reset token or an operator unlocks the account; NIST allows
    /// at most [`NIST_MAX_FAILURES`](Self::NIST_MAX_FAILURES).
    ///
    /// # Errors
    /// When `threshold` or `max_failures` is not 1 to 1,000,000, `threshold` exceeds
    /// `max_failures`, or `max_delay` is shorter than `initial_delay`.
    pub fn new(
        threshold: u32,
        initial_delay: Duration,
        max_delay: Duration,
        max_failures: u32,
    ) -> Result<Self, InvalidLockoutPolicy> {
        let wrong = |member, reason| Err(InvalidLockoutPolicy { member, reason });
        let bounds = 1..=1_000_000;
        if !bounds.contains(&threshold) {
            wrong("threshold", "must be 1 to 1000000")
        } else if !bounds.contains(&max_failures) {
            wrong("max_failures", "must be 1 to 1000000")
        } else if threshold > max_failures {
            wrong("threshold", "must be at most max_failures")
        } else if max_delay < initial_delay {
            wrong("max_delay", "must be at least initial_delay")
        } else {
            Ok(Self { threshold, initial_delay, max_delay, max_failures })
        }
    }

    /// Failures in a row before the account is locked out for the first time.
    pub const fn threshold(&self) -> u32 {
        self.threshold
    }

    /// The duration of the first lockout.
    pub const fn initial_delay(&self) -> Duration {
        self.initial_delay
    }

    /// The longest lockout that one failure causes.
    pub const fn max_delay(&self) -> Duration {
        self.max_delay
    }

    /// Failures in a row after which the old password is refused until a reset or an unlock.
    pub const fn max_failures(&self) -> u32 {
        self.max_failures
    }

    /// Returns the duration of the lockout after this number of failures in a row.
    pub fn delay(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(self.threshold) else {
            return Duration::ZERO;
        };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.initial_delay.saturating_mul(factor).min(self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves NIST 3.2.2 delays.
    #[test]
    fn nist_3_2_2_delays_double_from_one_second_to_fifteen_minutes() {
        let policy = LockoutPolicy::default();
        let delays: Vec<u64> = (0..=15).map(|failures| policy.delay(failures).as_secs()).collect();
        assert_eq!(delays, [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(policy.delay(u32::MAX).as_secs(), 900);
    }
}
