use repass_core::{Commit, Committed, StoreError};

use super::{effects, hash_kept, hash_replaced};
use crate::dialect::Dialect;
use crate::failure::is_null_violation;
use crate::journal::audit_written;
use crate::store::SqlStore;

/// Fails the statement where the one before has changed no row.
const OUTCOME: &str = "CASE changes() WHEN 1 THEN $6 END";

impl SqlStore {
    /// Makes the change by one command to SQLite, as most can be made: where an old password was the
    /// proof, only the account and the version of its hash have to be as expected. `None` where they
    /// are not, or more has to be looked at; then nothing was written.
    pub(super) async fn commit_in_one_piece(
        &self,
        commit: &Commit,
    ) -> Result<Option<Committed>, StoreError> {
        let Commit { expected_version: expected, spend, otp, .. } = commit;
        let alone = self.dialect == Dialect::Sqlite && self.keeps_accounts();
        if !alone || *expected == 0 || spend.is_some() || otp.is_some() {
            return Ok(None);
        }
        let version = expected.saturating_add(1);
        let mut transaction = self.begin().await?;
        if let Some(effect) = hash_kept(commit) {
            self.effect(&mut transaction, effect).await?;
        }
        self.effect(&mut transaction, hash_replaced(commit)).await?;
        self.effect(&mut transaction, audit_written(&commit.audit, OUTCOME, "")?).await?;
        for effect in effects(commit, version) {
            self.effect(&mut transaction, effect).await?;
        }
        match transaction.commit().await {
            Ok(()) => Ok(Some(Committed::Done { version })),
            Err(error) if is_null_violation(&error) => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }
}
