//! Trying again what a database undid for reasons that pass.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};

use crate::failure::Passes;

/// After the first try. With the waits below, and up to as much again at random, this is given up
/// after one to two seconds.
const RETRIES: usize = 8;

const SHORTEST: Duration = Duration::from_millis(10);

const LONGEST: Duration = Duration::from_millis(250);

/// Waits that grow, and are spread at random so that those who met do not meet again.
pub(crate) fn patience() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .with_max_times(RETRIES)
        .with_jitter()
}

/// Runs `attempt`, which writes all or nothing, until it succeeds, fails for a reason that does not
/// pass, or has failed often enough.
pub(crate) async fn retried<T, E, F>(attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Passes,
{
    attempt.retry(patience()).sleep(tokio::time::sleep).when(E::passes).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Failure {
        passes: bool,
    }

    impl Passes for Failure {
        fn passes(&self) -> bool {
            self.passes
        }
    }

    /// How often it is tried, when the first `failures` tries fail.
    async fn tries(failures: usize, passes: bool) -> (usize, Result<(), Failure>) {
        let tries = Cell::new(0);
        let result = retried(|| {
            tries.set(tries.get() + 1);
            let failed = tries.get() <= failures;
            async move { if failed { Err(Failure { passes }) } else { Ok(()) } }
        })
        .await;
        (tries.get(), result)
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_again_and_not_for_ever() {
        assert_eq!(tries(0, true).await, (1, Ok(())));
        assert_eq!(tries(RETRIES, true).await, (RETRIES + 1, Ok(())));
        let endless = Err(Failure { passes: true });
        assert_eq!(tries(usize::MAX, true).await, (RETRIES + 1, endless));
        assert_eq!(tries(usize::MAX, false).await, (1, Err(Failure { passes: false })));
    }
}
