use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// How long to wait after so many failed tries, at least 1: doubled with each, at most `longest`,
/// and by chance (`seed`) up to as much again, so that what failed together is not tried together.
pub(crate) fn wait(first: Duration, longest: Duration, tries: u32, seed: u64) -> Duration {
    let mut waits = ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_factor(2.0)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(seed)
        .build();
    // So many doublings exceed any bound; there is no need to count on.
    let doublings = tries.saturating_sub(1).min(64);
    waits.nth(doublings as usize).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(5);
    const LONGEST: Duration = Duration::from_secs(3600);

    #[test]
    fn waits_double_up_to_the_longest() {
        for (tries, base) in [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (u32::MAX, 3600)] {
            for seed in 0..50 {
                let wait = wait(FIRST, LONGEST, tries, seed).as_secs_f64();
                let base = f64::from(base);
                assert!((base..=2.0 * base).contains(&wait), "try {tries}: {wait} s");
            }
        }
    }

    #[test]
    fn waits_are_spread() {
        let mut waits: Vec<_> = (0..50).map(|seed| wait(FIRST, LONGEST, 1, seed)).collect();
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 40, "{}", waits.len());
    }
}
