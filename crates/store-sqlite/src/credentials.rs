use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, AccountWithCredential, Commit, CommitOutcome, CredentialStore, FindAndReserve,
    FinishAttempt, FoundAndReserved, HashedPassword, NameKind, Realm, Rehash, ReserveAttempt,
    ReserveOutcome, StoreError, Subject,
};

use crate::row::Columns;
use crate::store::SqliteStore;

#[async_trait]
impl CredentialStore for SqliteStore {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        let (accounts, realm) = (self.accounts(), subject.realm.clone());
        self.read(move |db| accounts.find(db, &realm, &user_id)).await
    }

    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        let (accounts, realm, name) = (self.accounts(), realm.clone(), name.to_owned());
        self.read(move |db| accounts.find_by_name(db, &realm, kind, &name)).await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        self.read(move |db| {
            db.rows(
                "SELECT hash, normalization FROM repass_password_history
                 WHERE account = ?1 ORDER BY version DESC LIMIT ?2",
                (account.0.as_bytes(), i64::try_from(depth).unwrap_or(i64::MAX)),
                |row| Columns(row).hash(),
            )
        })
        .await
    }

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        self.reserve(attempt).await
    }

    async fn find_and_reserve(
        &self,
        attempt: &FindAndReserve,
    ) -> Result<FoundAndReserved, StoreError> {
        Self::find_and_reserve(self, attempt).await
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        self.finish(attempt).await
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        self.delete_expired(now, limit).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        self.commit_change(commit).await
    }

    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        self.replace_in_place(rehash).await
    }
}
