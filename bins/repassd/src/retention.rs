//! Deleting what was kept for long enough, while the server runs.

use std::time::Duration;

use repass_core::{Administration, ErrorChain, Retention};

/// How often each node looks for something to delete.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// How many rows of each kind are deleted in one transaction, so that none takes long.
const STEP: u32 = 500;

/// The pause between two such transactions, for others to write meanwhile.
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
                tracing::warn!(%error, "old data cannot be deleted; trying again later");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
