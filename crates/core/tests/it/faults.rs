use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptAlarm, AttemptKey, AttemptPath, AttemptRules, AttemptTicket, AuditRecord,
    ChangeError, Closed, Commit, Committed, CredentialStore, Engine, Found, HashedPassword,
    InstallationKey, StoreError, Subject, Upgrade,
};

use crate::house::{House, NEW, OLD, old_password, realm};

/// A store that can do everything but change a password and forget attempts.
struct FullDisk(Arc<dyn CredentialStore>);

#[async_trait]
impl CredentialStore for FullDisk {
    async fn find(&self, subject: &Subject) -> Result<Option<Found>, StoreError> {
        self.0.find(subject).await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        self.0.history(account, depth).await
    }

    async fn charge(
        &self,
        key: &AttemptKey,
        path: AttemptPath,
        rules: &AttemptRules,
        now: Timestamp,
        alarm: Option<&AttemptAlarm>,
    ) -> Result<Result<AttemptTicket, Closed>, StoreError> {
        self.0.charge(key, path, rules, now, alarm).await
    }

    async fn refund(&self, ticket: &AttemptTicket) -> Result<(), StoreError> {
        self.0.refund(ticket).await
    }

    async fn delete_expired_attempts(&self, _: Timestamp, _: usize) -> Result<(), StoreError> {
        Err(StoreError::Failed("the disk is full".into()))
    }

    async fn record(
        &self,
        record: &AuditRecord,
        alarm: Option<uuid::Uuid>,
    ) -> Result<(), StoreError> {
        self.0.record(record, alarm).await
    }

    async fn commit(&self, _: &Commit) -> Result<Committed, StoreError> {
        Err(StoreError::Failed("the disk is full".into()))
    }

    async fn upgrade(&self, _: &Upgrade) -> Result<bool, StoreError> {
        Err(StoreError::Failed("the disk is full".into()))
    }
}

#[tokio::test]
async fn a_commit_that_fails_does_not_charge_the_holder_of_the_right_password() {
    let house = House::new().await;
    let store = FullDisk(Arc::new(house.store.clone()));
    let key = InstallationKey::from_bytes([3; 32]);
    let engine = Engine::over_credentials(Arc::new(store), house.hasher.clone(), key)
        .clock(house.clock.clone())
        .build()
        .unwrap();
    for _ in 0..5 {
        let result = engine.change(old_password("pat", OLD, NEW)).await;
        assert!(matches!(result, Err(ChangeError::Store(_))), "{result:?}");
        let (_, attempts) = house.desk.show_account(&realm(), "pat").await.unwrap();
        assert_eq!(attempts.failures, 0);
        assert_eq!(attempts.password_closed_until, None);
    }
    assert_eq!(house.audit().await[0].outcome, "fault");
}
