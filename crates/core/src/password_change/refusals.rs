//! Counts refusals of locked-out accounts, so that one audit record reports many of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::AttemptKey;
use crate::clock::after;

/// The unrecorded refusals of locked-out accounts, by the key of their attempts.
///
/// The first refusal of a lockout is recorded at once. Later ones are counted. The count is
/// recorded with the first refusal at least one [`PERIOD`] after the last record, or with the next
/// attempt that is not refused. Each node counts separately, and loses its counts when the process
/// ends.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<AttemptKey, Counted>>);

#[derive(Debug)]
struct Counted {
    recorded_at: Timestamp,
    since: u64,
}

/// The shortest time between two records of one lockout.
const PERIOD: Duration = Duration::from_secs(60);

/// The most keys that are counted. When another key is added, the one that was recorded longest ago
/// is dropped.
const MAX_KEYS: usize = 4096;

impl Refusals {
    /// Counts a refusal. If a record is due, returns the number of refusals that it reports, this
    /// one included.
    pub(super) fn count(&self, key: &AttemptKey, now: Timestamp) -> Option<u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counts.get_mut(key) {
            counted.since += 1;
            // A clock that is set back must not suppress the record.
            if (counted.recorded_at..after(counted.recorded_at, PERIOD)).contains(&now) {
                return None;
            }
            counted.recorded_at = now;
            return Some(std::mem::take(&mut counted.since));
        }
        if counts.len() == MAX_KEYS {
            let oldest = counts.iter().min_by_key(|(_, counted)| counted.recorded_at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                counts.remove(&oldest);
            }
        }
        counts.insert(key.clone(), Counted { recorded_at: now, since: 0 });
        Some(1)
    }

    /// Removes the count of a key, because an attempt was not refused. Returns the number of
    /// unrecorded refusals.
    pub(super) fn take(&self, key: &AttemptKey) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(key).map_or(0, |counted| counted.since)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::AccountId;

    fn key(number: u128) -> AttemptKey {
        AttemptKey::account(AccountId(Uuid::from_u128(number)))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Proves A2.
    #[test]
    fn a2_one_record_reports_many_refusals() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(&key(1), at(0)), Some(1), "the first is recorded at once");
        for second in 1..60 {
            assert_eq!(refusals.count(&key(1), at(second)), None);
        }
        assert_eq!(refusals.count(&key(2), at(59)), Some(1), "accounts are counted separately");
        assert_eq!(refusals.count(&key(1), at(60)), Some(60));
        assert_eq!(refusals.count(&key(1), at(61)), None);
        assert_eq!(refusals.take(&key(1)), 1, "the next attempt reports the rest");
        assert_eq!(refusals.take(&key(1)), 0);
        assert_eq!(refusals.count(&key(1), at(62)), Some(1), "the first refusal of a new lockout");
    }

    /// Proves A2.
    #[test]
    fn a2_a_clock_that_is_set_back_suppresses_no_record() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(&key(1), at(1_000_000)), Some(1));
        assert_eq!(refusals.count(&key(1), at(10)), Some(1));
        assert_eq!(refusals.count(&key(1), at(11)), None);
    }

    /// Proves A2.
    #[test]
    fn a2_the_counts_are_bounded() {
        let refusals = Refusals::default();
        for number in 0..=MAX_KEYS as u128 {
            refusals.count(&key(number), at(number as i64));
        }
        assert_eq!(refusals.0.lock().unwrap().len(), MAX_KEYS);
        assert_eq!(refusals.count(&key(0), at(1)), Some(1), "the oldest was dropped");
        assert_eq!(refusals.count(&key(MAX_KEYS as u128), at(MAX_KEYS as i64)), None);
    }
}
