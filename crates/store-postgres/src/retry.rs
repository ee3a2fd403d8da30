//! Retries after transient errors.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use tokio::time::Instant;

use crate::failure::Retryable;

/// The maximum number of retries. With the delays below and jitter, the last one is after one to
/// two seconds.
const RETRIES: usize = 8;

const MIN_DELAY: Duration = Duration::from_millis(10);

const MAX_DELAY: Duration = Duration::from_millis(250);

/// Returns an exponential backoff with jitter.
pub(crate) fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY)
        .with_max_times(RETRIES)
        .with_jitter()
}

/// Runs `attempt`, which must be atomic, and retries it after transient errors, up to [`RETRIES`]
/// times and not after `deadline`.
pub(crate) async fn with_retries<T, E, F>(
    deadline: Duration,
    attempt: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Retryable,
{
    let begun = Instant::now();
    let is_retryable = |error: &E| error.is_retryable() && begun.elapsed() < deadline;
    attempt.retry(backoff()).sleep(tokio::time::sleep).when(is_retryable).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use repass_core::StoreError;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Failing {
        is_transient: bool,
    }

    impl Retryable for Failing {
        fn store_error(&self) -> Option<&StoreError> {
            None
        }

        fn is_retryable(&self) -> bool {
            self.is_transient
        }
    }

    /// Returns the number of tries when the first `failures` tries fail.
    async fn tries(failures: usize, is_transient: bool) -> (usize, Result<(), Failing>) {
        let tries = Cell::new(0);
        let result = with_retries(Duration::from_secs(60), || {
            tries.set(tries.get() + 1);
            let failed = tries.get() <= failures;
            async move { if failed { Err(Failing { is_transient }) } else { Ok(()) } }
        })
        .await;
        (tries.get(), result)
    }

    #[tokio::test(start_paused = true)]
    async fn transient_errors_are_retried_a_bounded_number_of_times() {
        assert_eq!(tries(0, true).await, (1, Ok(())));
        assert_eq!(tries(RETRIES, true).await, (RETRIES + 1, Ok(())));
        let endless = Err(Failing { is_transient: true });
        assert_eq!(tries(usize::MAX, true).await, (RETRIES + 1, endless));
        assert_eq!(tries(usize::MAX, false).await, (1, Err(Failing { is_transient: false })));
    }

    /// Proves P4.
    #[tokio::test(start_paused = true)]
    async fn p4_nothing_is_retried_after_the_deadline() {
        let begun = Instant::now();
        let second = Duration::from_secs(1);
        let result: Result<(), Failing> = with_retries(3 * second, || async {
            tokio::time::sleep(second).await;
            Err(Failing { is_transient: true })
        })
        .await;
        assert!(result.is_err());
        assert!((3 * second..5 * second).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }
}
