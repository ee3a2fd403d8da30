use repass_core::StoreError;
use sqlx::{Row, query};

use crate::store::SqlStore;

impl SqlStore {
    /// Whether the database answers now, and still has the schema that this program brought it to:
    /// for health probes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not answer, [`StoreError::Damaged`] when its schema
    /// is not as it was.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        let latest = query("SELECT MAX(version) AS version FROM _sqlx_migrations");
        let found = self.row(latest).await?;
        let version = found.and_then(|row| row.try_get::<i64, _>("version").ok());
        let known = self.dialect.newest_version();
        if version == Some(known) {
            Ok(())
        } else {
            let found = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            Err(StoreError::Damaged(format!("schema version {found} instead of {known}")))
        }
    }
}
