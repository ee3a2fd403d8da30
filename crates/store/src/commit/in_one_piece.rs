use repass_core::{Commit, CommitOutcome, StoreError};

use super::{effects, hash_kept, hash_replaced};
use crate::dialect::Dialect;
use crate::failure::is_null_violation;
use crate::journal::audit_written;
use crate::store::SqlStore;

/// Fails the statement where the one before has changed no row.
const OUTCOME: &str = "CASE changes() WHEN 1 THEN $6 END";

impl SqlStore {
    /// Makes the change by one statement of SQLite, as most can be made: where an old password was the
    /// proof, only the account and the version of its hash have to be as expected. `None` where they
    /// are not, or more has to be looked at; then nothing was written.
    pub(super) async fn commit_in_one_piece(
        &self,
        commit: &Commit,
    ) -> Result<Option<CommitOutcome>, StoreError> {
        let Commit { expected_version: expected, spend, otp, .. } = commit;
        let alone = self.dialect == Dialect::Sqlite && self.keeps_accounts();
        if !alone || *expected == 0 || spend.is_some() || otp.is_some() {
            return Ok(None);
        }
        let version = expected.saturating_add(1);
        let checked = [hash_replaced(commit), audit_written(&commit.audit, OUTCOME, "")?];
        let all = hash_kept(commit).into_iter().chain(checked).chain(effects(commit, version));
        match self.have_at_once(all).await {
            Ok(()) => Ok(Some(CommitOutcome::Done { version })),
            Err(error) if is_null_violation(&error) => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }
}
