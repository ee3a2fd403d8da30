//! The readiness probe.

use std::time::{Duration, Instant};

use repass_core::{ErrorChain, StoreError};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::failure::damaged;
use crate::migrations;
use crate::query::Query;
use crate::row::get;
use crate::store::PostgresStore;
use crate::transaction::Durability;

/// How long the result of a probe is reused.
const CACHED_FOR: Duration = Duration::from_secs(1);

/// The last probe and its result.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Result<(), NotReady>)>>);

/// The error of a failed probe, which is cloned for several callers.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
struct NotReady {
    text: String,
    is_outage: bool,
}

impl PostgresStore {
    /// Checks that changes can be committed: commits a write to a probe row, and checks that the
    /// server is not a standby, that this program supports the schema, and that a mapped table
    /// still has its columns. For health probes: the result is reused for one second, and a call
    /// takes at most the statement time-out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached or refuses writes,
    /// [`StoreError::Damaged`] when a table or the schema version is wrong.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        let deadline = self.0.connections.deadline();
        let Ok(mut last) = timeout(deadline, self.0.readiness.0.lock()).await else {
            return Err(StoreError::Unavailable("no answer within the statement time-out".into()));
        };
        let cached = last.as_ref().filter(|(at, _)| at.elapsed() < CACHED_FOR);
        let result = match cached {
            Some((_, result)) => result.clone(),
            None => {
                let probed = timeout(deadline, self.probe()).await;
                let result = match probed {
                    Ok(probed) => probed.map_err(|error| NotReady::new(&error)),
                    Err(_) => Err(NotReady {
                        text: "no answer within the statement time-out".to_owned(),
                        is_outage: true,
                    }),
                };
                *last = Some((Instant::now(), result.clone()));
                result
            }
        };
        result.map_err(|error| match error.is_outage {
            true => StoreError::Unavailable(error.into()),
            false => StoreError::Damaged(error.text),
        })
    }

    /// Commits a durable write.
    async fn probe(&self) -> Result<(), StoreError> {
        let mut queries = vec![
            Query::new("SELECT pg_is_in_recovery() AS standby"),
            Query::new(migrations::VERSION),
        ];
        queries.extend(self.accounts().probe());
        queries.push(Query::new("UPDATE @probe SET count = count + 1 WHERE id = 1"));
        let transaction = self.begin(Durability::Immediate).await?;
        let replies = transaction.commit(&queries, None).await?.unwrap_or_default();
        if replies.last().is_none_or(|reply| reply.affected != 1) {
            return Err(damaged("probe"));
        }
        let standby = replies.first().and_then(|reply| reply.rows.first());
        if standby.map_or_else(|| Err(damaged("standby")), |row| get(row, "standby"))? {
            return Err(StoreError::Unavailable("the server is a standby".into()));
        }
        let (found, newest) =
            (replies.get(1).map_or(Ok(0), migrations::version_from)?, migrations::newest());
        if found == newest || found == newest.saturating_add(1) {
            Ok(())
        } else {
            let text =
                format!("the schema has version {found}, but this program supports {newest}");
            Err(StoreError::Damaged(text))
        }
    }
}

impl NotReady {
    fn new(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                Self { text: ErrorChain(&**cause).to_string(), is_outage: true }
            }
            StoreError::Damaged(text) => Self { text: text.clone(), is_outage: false },
            error => Self { text: ErrorChain(error).to_string(), is_outage: false },
        }
    }
}
