use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, AccountWithCredential, ChangeError, Commit, CommitOutcome, CredentialStore, Engine,
    FinishAttempt, HashedPassword, InstallationKey, Rehash, ReserveAttempt, ReserveOutcome,
    StoreError, Subject,
};

use crate::test_context::{NEW, OLD, TestContext, old_password, realm};

/// A store that can do everything but change a password and forget attempts.
struct FullDisk(Arc<dyn CredentialStore>);

#[async_trait]
impl CredentialStore for FullDisk {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        self.0.find(subject).await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        self.0.history(account, depth).await
    }

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        self.0.reserve_attempt(attempt).await
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<(), StoreError> {
        self.0.finish_attempt(attempt).await
    }

    async fn delete_expired_attempts(&self, _: Timestamp, _: usize) -> Result<(), StoreError> {
        Err(StoreError::Failed("the disk is full".into()))
    }

    async fn commit(&self, _: &Commit) -> Result<CommitOutcome, StoreError> {
        Err(StoreError::Failed("the disk is full".into()))
    }

    async fn rehash(&self, _: &Rehash) -> Result<bool, StoreError> {
        Err(StoreError::Failed("the disk is full".into()))
    }
}

#[tokio::test]
async fn a_commit_that_fails_does_not_charge_the_holder_of_the_right_password() {
    let test = TestContext::new().await;
    let store = FullDisk(Arc::new(test.store.clone()));
    let key = InstallationKey::from_bytes([3; 32]);
    let engine = Engine::over_credentials(Arc::new(store), test.hasher.clone(), key)
        .clock(test.clock.clone())
        .build();
    for _ in 0..5 {
        let result = engine.change(old_password("pat", OLD, NEW)).await;
        assert!(matches!(result, Err(ChangeError::Store(_))), "{result:?}");
        let (_, attempts) = test.operator.show_account(&realm(), "pat").await.unwrap();
        assert_eq!(attempts.failures, 0);
        assert_eq!(attempts.password_locked_until, None);
    }
    assert_eq!(test.audit().await[0].outcome, "fault");
}
