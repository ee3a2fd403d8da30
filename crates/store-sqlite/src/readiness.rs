use std::sync::Arc;
use std::time::{Duration, Instant};

use repass_core::StoreError;
use tokio::sync::Mutex;

use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::schema;
use crate::store::SqliteStore;
use crate::writer::Outcome;

/// How long the result of a probe is reused.
const CACHED_FOR: Duration = Duration::from_secs(1);

type ProbeResult = std::result::Result<(), Arc<StoreError>>;

/// The last probe and its result.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, ProbeResult)>>);

/// A failed probe, shared by several callers.
#[derive(Debug, thiserror::Error)]
#[error("a change could not be committed")]
struct NotReady(#[source] Arc<StoreError>);

impl SqliteStore {
    /// Checks that changes can be committed: commits a write to a probe row, and checks that the
    /// file is the opened one and is writable, that this program supports its schema, and that
    /// accounts can be read. For health probes: the result is reused for one second.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], whose source says why.
    pub async fn check_ready(&self) -> std::result::Result<(), StoreError> {
        let mut last = self.readiness().0.lock().await;
        let result = match &*last {
            Some((at, result)) if at.elapsed() < CACHED_FOR => result.clone(),
            _ => {
                let result = self.commit_probe().await.map_err(Arc::new);
                *last = Some((Instant::now(), result.clone()));
                result
            }
        };
        result.map_err(|error| StoreError::Unavailable(NotReady(error).into()))
    }

    async fn commit_probe(&self) -> std::result::Result<(), StoreError> {
        let (accounts, file) = (self.accounts(), self.file().clone());
        // Only a commit detects locks, I/O errors and quotas.
        self.write(move |db| {
            // A change needs more space than this write.
            file.verify_free_space().map_err(Failure::File)?;
            check_version(db)?;
            accounts.check(db)?;
            db.execute("UPDATE repass_probe SET count = count + 1 WHERE id = 1", [])?;
            Ok(Outcome::Commit(()))
        })
        .await
    }
}

fn check_version(db: Db<'_>) -> Result<()> {
    let (found, known) = (schema::version(db)?, schema::KNOWN);
    if (known..=known + 1).contains(&found) {
        Ok(())
    } else {
        Err(Failure::Damaged(format!("schema version {found} instead of {known}")))
    }
}
