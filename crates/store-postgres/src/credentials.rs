use async_trait::async_trait;
use jiff::Timestamp;
use repass_accounts_table::is_named;
use repass_core::{
    AccountId, AccountWithCredential, AttemptOutcome, Commit, CommitOutcome, CredentialStore,
    FindAndReserve, FinishAttempt, FoundAndReserved, HashedPassword, MAX_SAME_NAME, NameKind,
    Realm, Rehash, ReserveAttempt, ReserveOutcome, StoreError, Subject,
};

use crate::query::Query;
use crate::row;
use crate::store::PostgresStore;

#[async_trait]
impl CredentialStore for PostgresStore {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        self.with_retries(|| async {
            let source = self.accounts();
            let Some(find) = source.find(&subject.realm, &user_id) else { return Ok(None) };
            let found = source.exact_match(self.rows(&find).await?, &subject.realm, &user_id)?;
            found.map(|row| source.with_credential(&row)).transpose()
        })
        .await
    }

    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        self.with_retries(|| async {
            let source = self.accounts();
            let Some(find) = source.find_by_name(realm, kind, name) else { return Ok(Vec::new()) };
            let mut found = Vec::new();
            for row in self.rows(&find).await? {
                // Rows of a mapped table without a valid realm or user id are not accounts.
                if row::realm_and_user_id(&row).is_none_or(|(own, _)| own != *realm) {
                    continue;
                }
                let candidate = source.with_credential(&row)?;
                if is_named(&candidate.account, kind, name) {
                    found.push(candidate);
                }
            }
            found.truncate(MAX_SAME_NAME);
            Ok(found)
        })
        .await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        let hashes = Query::new(
            "SELECT hash, normalization FROM @password_history
             WHERE account = $1 ORDER BY version DESC LIMIT $2",
        );
        let hashes = hashes.bind(account).bind(i64::try_from(depth).unwrap_or(i64::MAX));
        self.with_retries(|| async { self.rows(&hashes).await?.iter().map(row::hash).collect() })
            .await
    }

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        self.with_retries(|| self.reserve(attempt)).await
    }

    async fn find_and_reserve(
        &self,
        attempt: &FindAndReserve,
    ) -> Result<FoundAndReserved, StoreError> {
        match self.with_retries(|| self.find_and_reserve_at_once(attempt)).await? {
            Some(reserved) => Ok(reserved),
            None => attempt.in_two_steps(self).await,
        }
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        let finished = self.with_retries(|| self.finish(attempt)).await;
        if let Err(error) = &finished
            && attempt.outcome == AttemptOutcome::Released
        {
            // The attempt is released even if the audit record cannot be written.
            let nothing_written = !matches!(error, StoreError::Unavailable(_));
            let _ = self.with_retries(|| self.release_alone(attempt, nothing_written)).await;
        }
        finished
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        self.with_retries(|| self.delete_expired_attempts(now, limit)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        self.with_retries(|| self.commit_change(commit)).await
    }

    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        self.with_retries(|| self.replace_hash(rehash)).await
    }
}
