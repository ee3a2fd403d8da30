use std::sync::Arc;
use std::time::{Duration, Instant};

use repass_core::StoreError;
use tokio::sync::Mutex;

use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::schema;
use crate::store::SqliteStore;
use crate::writer::Outcome;

/// How long a verdict serves all that ask.
const SHARED_FOR: Duration = Duration::from_secs(1);

type Verdict = std::result::Result<(), Arc<StoreError>>;

/// The last verdict.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Verdict)>>);

/// The verdict that several callers share.
#[derive(Debug, thiserror::Error)]
#[error("a change could not be committed")]
struct NotReady(#[source] Arc<StoreError>);

impl SqliteStore {
    /// Checks that a change could be committed now: commits one to a row of its own, and checks that the
    /// file is the one that was opened, that it is writable, that its schema is one that this program
    /// can use, and that the accounts can be read. For health probes; one verdict serves all that ask
    /// within a second.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], whose source says why.
    pub async fn check_ready(&self) -> std::result::Result<(), StoreError> {
        let mut last = self.readiness().0.lock().await;
        let verdict = match &*last {
            Some((at, verdict)) if at.elapsed() < SHARED_FOR => verdict.clone(),
            _ => {
                let verdict = self.commit_probe().await.map_err(Arc::new);
                *last = Some((Instant::now(), verdict.clone()));
                verdict
            }
        };
        verdict.map_err(|error| StoreError::Unavailable(NotReady(error).into()))
    }

    async fn commit_probe(&self) -> std::result::Result<(), StoreError> {
        let (accounts, watch) = (self.accounts(), self.watch().clone());
        // Only a commit finds out about locks, I/O errors and quotas.
        self.write(move |db| {
            // A change takes more room than this.
            watch.verify_free_space().map_err(Failure::File)?;
            check_version(db)?;
            accounts.check(db)?;
            db.execute("UPDATE repass_probe SET count = count + 1 WHERE id = 1", [])?;
            Ok(Outcome::Keep(()))
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
