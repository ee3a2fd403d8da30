use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// Returns the delay after `tries` failed tries (at least 1): doubled with each, at most `max`,
/// plus a jitter of up to the same length.
pub(crate) fn backoff(first: Duration, max: Duration, tries: u32, seed: u64) -> Duration {
    let mut delays = ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(max)
        .with_factor(2.0)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(seed)
        .build();
    // 64 doublings exceed any maximum.
    let doublings = tries.saturating_sub(1).min(64);
    delays.nth(doublings as usize).unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(5);
    const MAX: Duration = Duration::from_secs(3600);

    #[test]
    fn delays_double_up_to_the_maximum() {
        for (tries, base) in [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (u32::MAX, 3600)] {
            for seed in 0..50 {
                let delay = backoff(FIRST, MAX, tries, seed).as_secs_f64();
                let base = f64::from(base);
                assert!((base..=2.0 * base).contains(&delay), "try {tries}: {delay} s");
            }
        }
    }

    #[test]
    fn delays_have_jitter() {
        let mut delays: Vec<_> = (0..50).map(|seed| backoff(FIRST, MAX, 1, seed)).collect();
        delays.sort();
        delays.dedup();
        assert!(delays.len() > 40, "{}", delays.len());
    }
}
