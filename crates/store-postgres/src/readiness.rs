//! Whether a change could be committed.

use std::time::{Duration, Instant};

use repass_core::StoreError;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::failure::damaged;
use crate::migrations;
use crate::query::Query;
use crate::row::get;
use crate::store::PostgresStore;
use crate::transaction::Durability;

/// How long a verdict stands, for all who ask.
const STANDS: Duration = Duration::from_secs(1);

/// The last verdict.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Result<(), NotReady>)>>);

/// An error that several can be given.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
struct NotReady {
    text: String,
    is_outage: bool,
}

impl PostgresStore {
    /// Returns whether a change could be committed now, by committing one: the server is no standby, has
    /// room, and a synchronous standby that confirms; it has the schema that this program knows, and a
    /// mapped table is as it was. For health probes: all that
    /// ask within a second share an answer, and none waits longer than the statement time-out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached or takes no writes,
    /// [`StoreError::Damaged`] when a table is not as it should be.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        let deadline = self.0.connections.deadline();
        let Ok(mut last) = timeout(deadline, self.0.readiness.0.lock()).await else {
            return Err(StoreError::Unavailable("no answer within the statement time-out".into()));
        };
        let standing = last.as_ref().filter(|(at, _)| at.elapsed() < STANDS);
        let verdict = match standing {
            Some((_, verdict)) => verdict.clone(),
            None => {
                let probed = timeout(deadline, self.probe()).await;
                let verdict = match probed {
                    Ok(probed) => probed.map_err(|error| NotReady::new(&error)),
                    Err(_) => Err(NotReady {
                        text: "no answer within the statement time-out".to_owned(),
                        is_outage: true,
                    }),
                };
                *last = Some((Instant::now(), verdict.clone()));
                verdict
            }
        };
        verdict.map_err(|error| match error.is_outage {
            true => StoreError::Unavailable(error.into()),
            false => StoreError::Damaged(error.text),
        })
    }

    /// Commits a change, as durably as any.
    async fn probe(&self) -> Result<(), StoreError> {
        let mut queries = vec![
            Query::new("SELECT pg_is_in_recovery() AS standby"),
            Query::new(migrations::VERSION),
        ];
        queries.extend(self.accounts().probe());
        queries.push(Query::new("UPDATE @probe SET count = count + 1 WHERE id = 1"));
        let transaction = self.begin(Durability::Power).await?;
        let replies = transaction.commit(&queries, None).await?.unwrap_or_default();
        if replies.last().is_none_or(|reply| reply.affected != 1) {
            return Err(damaged("probe"));
        }
        let standby = replies.first().and_then(|reply| reply.rows.first());
        if standby.map_or_else(|| Err(damaged("standby")), |row| get(row, "standby"))? {
            return Err(StoreError::Unavailable("the server is a standby".into()));
        }
        let (found, newest) =
            (replies.get(1).map_or(Ok(0), migrations::version_of)?, migrations::newest());
        if found == newest || found == newest.saturating_add(1) {
            Ok(())
        } else {
            let text = format!("the schema has version {found}, this program knows {newest}");
            Err(StoreError::Damaged(text))
        }
    }
}

impl NotReady {
    fn new(error: &StoreError) -> Self {
        let is_outage = matches!(error, StoreError::Unavailable(_));
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self { text, is_outage }
    }
}
