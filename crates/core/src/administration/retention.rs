//! Deletes data that is no longer needed.

use std::time::Duration;

use super::{Administration, AdministrationError};
use crate::{PruneCutoffs, Pruned};

/// How long data is kept; `None` keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Audit records. Default: 400 days, which is a year and some weeks.
    pub audit: Option<Duration>,
    /// Events in any state. Default: 30 days.
    pub events: Option<Duration>,
    /// Expired and revoked tokens. Default: 1 day.
    pub tokens: Option<Duration>,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Retention {
    fn default() -> Self {
        Self { audit: Some(400 * DAY), events: Some(30 * DAY), tokens: Some(DAY) }
    }
}

impl Administration {
    /// Deletes data older than `retention`, at most `limit` rows of each kind, and returns the
    /// numbers of rows. If a count is `limit`, more rows may remain. Several nodes may call this
    /// concurrently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prune(
        &self,
        retention: &Retention,
        limit: u32,
    ) -> Result<Pruned, AdministrationError> {
        let now = self.now();
        let cutoff = |period: Option<Duration>| now.checked_sub(period?).ok();
        let cutoffs = PruneCutoffs {
            audit: cutoff(retention.audit),
            events: cutoff(retention.events),
            tokens: cutoff(retention.tokens),
        };
        Ok(self.store.prune(&cutoffs, limit).await?)
    }
}
