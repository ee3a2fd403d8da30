//! Trying again what failed for reasons that pass.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use tokio::time::Instant;

use crate::failure::Retryable;

/// After the first try. With the waits below, and up to as much again at random, the last one is one
/// to two seconds later.
const RETRIES: usize = 8;

const MIN_DELAY: Duration = Duration::from_millis(10);

const MAX_DELAY: Duration = Duration::from_millis(250);

/// Waits that grow, and are spread at random so that two who met do not meet again.
pub(crate) fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY)
        .with_max_times(RETRIES)
        .with_jitter()
}

/// Runs `attempt`, which writes all or nothing, until it succeeds, fails for a reason that does not
/// pass, or has failed too often. It is not tried again once `deadline` has passed.
pub(crate) async fn retried<T, E, F>(deadline: Duration, attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Retryable,
{
    let begun = Instant::now();
    let is_worth_it = |error: &E| error.is_retryable() && begun.elapsed() < deadline;
    attempt.retry(backoff()).sleep(tokio::time::sleep).when(is_worth_it).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use repass_core::StoreError;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Failing {
        passes: bool,
    }

    impl Retryable for Failing {
        fn store_error(&self) -> Option<&StoreError> {
            None
        }

        fn is_retryable(&self) -> bool {
            self.passes
        }
    }

    /// How often it is tried, when the first `failures` tries fail.
    async fn tries(failures: usize, passes: bool) -> (usize, Result<(), Failing>) {
        let tries = Cell::new(0);
        let result = retried(Duration::from_secs(60), || {
            tries.set(tries.get() + 1);
            let failed = tries.get() <= failures;
            async move { if failed { Err(Failing { passes }) } else { Ok(()) } }
        })
        .await;
        (tries.get(), result)
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_again_a_bounded_number_of_times() {
        assert_eq!(tries(0, true).await, (1, Ok(())));
        assert_eq!(tries(RETRIES, true).await, (RETRIES + 1, Ok(())));
        let endless = Err(Failing { passes: true });
        assert_eq!(tries(usize::MAX, true).await, (RETRIES + 1, endless));
        assert_eq!(tries(usize::MAX, false).await, (1, Err(Failing { passes: false })));
    }

    /// Proves P4.
    #[tokio::test(start_paused = true)]
    async fn p4_nothing_is_tried_again_after_the_deadline() {
        let begun = Instant::now();
        let second = Duration::from_secs(1);
        let result: Result<(), Failing> = retried(3 * second, || async {
            tokio::time::sleep(second).await;
            Err(Failing { passes: true })
        })
        .await;
        assert!(result.is_err());
        assert!((3 * second..5 * second).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }
}
