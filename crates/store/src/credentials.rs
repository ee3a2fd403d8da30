use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, AccountWithCredential, AttemptOutcome, Commit, CommitOutcome, CredentialStore,
    FinishAttempt, HashedPassword, Rehash, ReserveAttempt, ReserveOutcome, StoreError, Subject,
};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, query};

use crate::retry::retried;
use crate::row;
use crate::store::SqlStore;

#[async_trait]
impl CredentialStore for SqlStore {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        retried(|| async {
            let source = &self.accounts;
            let Some(names) = source.names(&subject.realm, &user_id) else { return Ok(None) };
            let find = AssertSqlSafe(Arc::clone(&source.find));
            let found = names.into_iter().fold(query(find), Query::bind);
            let found = match &source.foreign {
                None => self.row(found).await?,
                Some(_) => source.only(self.rows(found).await?, &subject.realm, &user_id)?,
            };
            let Some(found) = found else { return Ok(None) };
            let account = row::account(&found, source)?;
            Ok(Some(AccountWithCredential {
                account,
                credential: row::credential(&found, source)?,
            }))
        })
        .await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        retried(|| async {
            // A limit that is a parameter has SQLite plan the statement anew each time.
            let select = format!(
                "SELECT hash, normalisation FROM password_history
                 WHERE account = $1 ORDER BY version DESC LIMIT {}",
                i64::try_from(depth).unwrap_or(i64::MAX),
            );
            let hashes = query(AssertSqlSafe(select)).bind(account.to_string());
            self.rows(hashes).await?.iter().map(row::hash).collect()
        })
        .await
    }

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        retried(|| self.reserve(attempt)).await
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<(), StoreError> {
        let finished = retried(|| self.finish(attempt)).await;
        if finished.is_err()
            && let (Some(reservation), AttemptOutcome::Released) =
                (&attempt.reservation, attempt.outcome)
        {
            // The holder is not to blame where only the record cannot be written.
            let _ = retried(|| self.release_alone(reservation)).await;
        }
        finished
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        retried(|| self.sweep_attempts(now, limit)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        retried(|| self.commit_change(commit)).await
    }

    async fn rehash(&self, upgrade: &Rehash) -> Result<bool, StoreError> {
        retried(|| self.upgrade_hash(upgrade)).await
    }
}
