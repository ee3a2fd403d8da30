//! Deletes old data while the server runs.

use std::time::Duration;

use repass_core::{Administration, ErrorChain, Retention};

/// How often each node looks for old data.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// The number of rows of each kind that one transaction deletes, so that it is short.
const STEP: u32 = 500;

/// The pause between two such transactions, so that others can write.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs until the task is aborted.
pub(crate) async fn run(administration: Administration, retention: Retention) {
    loop {
        match administration.prune(&retention, STEP).await {
            Ok(pruned) if pruned.audit.max(pruned.events).max(pruned.tokens) >= STEP.into() => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                let error = ErrorChain(&error);
                tracing::warn!(%error, "old data could not be deleted; trying again in 10 minutes");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
