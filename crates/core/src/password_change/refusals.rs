//! Counting refusals of locked-out accounts, so that one audit record stands for many of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::AttemptKey;
use crate::clock::after;

/// The refusals that no audit record tells of yet, by the row of attempts that is locked out.
///
/// The first refusal of a lockout is recorded at once. Those that follow are counted, and the count is
/// recorded with the first of them that comes a [`PERIOD`] after the last record, or with the next
/// attempt that is let through. Each node counts for itself; what it has counted is lost with the
/// process.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<AttemptKey, Counted>>);

#[derive(Debug)]
struct Counted {
    recorded_at: Timestamp,
    since: u64,
}

/// The least time between two records of one lockout.
const PERIOD: Duration = Duration::from_secs(60);

/// The most rows that are counted at once. When another one comes, the count of the one that was
/// recorded longest ago is dropped.
const MOST: usize = 4096;

impl Refusals {
    /// Counts a refusal. Returns how many are to be recorded, this one included, if a record is due.
    pub(super) fn count(&self, key: &AttemptKey, now: Timestamp) -> Option<u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counts.get_mut(key) {
            counted.since += 1;
            // A clock that was set back must not silence the record.
            if (counted.recorded_at..after(counted.recorded_at, PERIOD)).contains(&now) {
                return None;
            }
            counted.recorded_at = now;
            return Some(std::mem::take(&mut counted.since));
        }
        if counts.len() == MOST {
            let oldest = counts.iter().min_by_key(|(_, counted)| counted.recorded_at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                counts.remove(&oldest);
            }
        }
        counts.insert(key.clone(), Counted { recorded_at: now, since: 0 });
        Some(1)
    }

    /// Ends the count of a row, since an attempt was let through. Returns how many refusals no record
    /// tells of.
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
    fn a2_one_record_stands_for_many_refusals() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(&key(1), at(0)), Some(1), "the first is recorded at once");
        for second in 1..60 {
            assert_eq!(refusals.count(&key(1), at(second)), None);
        }
        assert_eq!(refusals.count(&key(2), at(59)), Some(1), "another account counts for itself");
        assert_eq!(refusals.count(&key(1), at(60)), Some(60));
        assert_eq!(refusals.count(&key(1), at(61)), None);
        assert_eq!(refusals.take(&key(1)), 1, "the next attempt tells of the rest");
        assert_eq!(refusals.take(&key(1)), 0);
        assert_eq!(refusals.count(&key(1), at(62)), Some(1), "a new lockout begins anew");
    }

    /// Proves A2.
    #[test]
    fn a2_a_clock_that_is_set_back_silences_nothing() {
        let refusals = Refusals::default();
        assert_eq!(refusals.count(&key(1), at(1_000_000)), Some(1));
        assert_eq!(refusals.count(&key(1), at(10)), Some(1));
        assert_eq!(refusals.count(&key(1), at(11)), None);
    }

    /// Proves A2.
    #[test]
    fn a2_the_counts_are_bounded() {
        let refusals = Refusals::default();
        for number in 0..=MOST as u128 {
            refusals.count(&key(number), at(number as i64));
        }
        assert_eq!(refusals.0.lock().unwrap().len(), MOST);
        assert_eq!(refusals.count(&key(0), at(1)), Some(1), "the oldest was dropped");
        assert_eq!(refusals.count(&key(MOST as u128), at(MOST as i64)), None);
    }
}
