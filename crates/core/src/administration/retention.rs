//! Deleting what is no longer needed.

use std::time::Duration;

use super::{Administration, AdministrationError};
use crate::{PruneCutoffs, Pruned};

/// How long data is kept; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Audit records. By default 400 days, so that a year can be compared with the one before.
    pub audit: Option<Duration>,
    /// Events, whatever became of them. By default 30 days.
    pub events: Option<Duration>,
    /// Tokens that no longer count. By default 1 day.
    pub tokens: Option<Duration>,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Retention {
    fn default() -> Self {
        Self { audit: Some(400 * DAY), events: Some(30 * DAY), tokens: Some(DAY) }
    }
}

impl Administration {
    /// Deletes what was kept for long enough, at most `limit` rows of each kind. Returns how many;
    /// where a count is `limit`, there may be more. Every node may call this at any time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prune(
        &self,
        retention: &Retention,
        limit: u32,
    ) -> Result<Pruned, AdministrationError> {
        let now = self.clock.now();
        let cutoff = |period: Option<Duration>| now.checked_sub(period?).ok();
        let cutoffs = PruneCutoffs {
            audit: cutoff(retention.audit),
            events: cutoff(retention.events),
            tokens: cutoff(retention.tokens),
        };
        Ok(self.store.prune(&cutoffs, limit).await?)
    }
}
