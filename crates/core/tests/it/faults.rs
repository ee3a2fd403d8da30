use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, AccountWithCredential, ChangeError, Commit, CommitOutcome, CredentialStore, Engine,
    FinishAttempt, HashedPassword, HasherOptions, InstallationKey, NameKind, Normalization, Proof,
    Realm, Rehash, ReserveAttempt, ReserveOutcome, StoreError, Subject,
};
use repass_testkit::fixtures;

use crate::test_context::{NEW, OLD, TestContext, by, old_password, realm, stored_by};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Method {
    Find,
    History,
    Reserve,
    Finish,
    DeleteExpired,
    Commit,
    Rehash,
}

/// A store of which the named methods fail. A commit fails because the store is full, or returns
/// the given outcome.
struct FailingStore {
    inner: Arc<dyn CredentialStore>,
    failing: &'static [Method],
    committed: Option<CommitOutcome>,
}

impl FailingStore {
    fn call(&self, method: Method) -> Result<&dyn CredentialStore, StoreError> {
        match method {
            _ if !self.failing.contains(&method) => Ok(&*self.inner),
            Method::Commit => Err(StoreError::Unavailable("the disk is full".into())),
            _ => Err(StoreError::Failed("the table is damaged".into())),
        }
    }
}

#[async_trait]
impl CredentialStore for FailingStore {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        self.call(Method::Find)?.find(subject).await
    }

    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        self.call(Method::Find)?.find_by_name(realm, kind, name).await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        self.call(Method::History)?.history(account, depth).await
    }

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        self.call(Method::Reserve)?.reserve_attempt(attempt).await
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        self.call(Method::Finish)?.finish_attempt(attempt).await
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        self.call(Method::DeleteExpired)?.delete_expired_attempts(now, limit).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        match self.committed {
            Some(outcome) => Ok(outcome),
            None => self.call(Method::Commit)?.commit(commit).await,
        }
    }

    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        self.call(Method::Rehash)?.rehash(rehash).await
    }
}

/// An engine for the store of `test`, of which some methods fail.
fn engine(test: &TestContext, failing: &'static [Method]) -> Engine<()> {
    engine_for(test, FailingStore { inner: Arc::new(test.store.clone()), failing, committed: None })
}

fn engine_for(test: &TestContext, store: FailingStore) -> Engine<()> {
    let key = InstallationKey::from_bytes([3; 32]);
    Engine::for_credentials(Arc::new(store), test.hasher.clone(), key)
        .tokens(Arc::new(test.store.clone()))
        .clock(test.clock.clone())
        .policy(test.engine.policy().clone())
        .build()
}

#[tokio::test]
async fn a_failed_commit_does_not_count_as_a_failed_attempt() {
    let test = TestContext::new().await;
    let engine = engine(&test, &[Method::Commit, Method::DeleteExpired]);
    for _ in 0..5 {
        let result = engine.change(old_password("pat", OLD, NEW)).await;
        assert!(matches!(result, Err(ChangeError::Store(_))), "{result:?}");
        let (_, attempts) = test.operator.show_account(&realm(), "pat").await.unwrap();
        assert_eq!(attempts.failures, 0);
        assert_eq!(attempts.password_locked_until, None);
    }
    assert_eq!(test.audit().await[0].outcome, "store-unavailable");
}

#[tokio::test]
async fn a_store_error_in_any_step_fails_the_change() {
    for step in [&[Method::Find], &[Method::Reserve], &[Method::History]] as [&'static [Method]; 3]
    {
        let test = TestContext::new().await;
        let failed = engine(&test, step).change(old_password("pat", OLD, NEW)).await;
        assert!(matches!(failed, Err(ChangeError::Store(StoreError::Failed(_)))), "{failed:?}");
        assert_eq!(test.audit().await[0].outcome, "fault", "{step:?}");
        assert!(test.is_password("pat", OLD).await);
    }
}

#[tokio::test]
async fn a_failed_audit_record_is_a_store_error() {
    let test = TestContext::new().await;
    let engine = engine(&test, &[Method::Finish]);
    for (old, new) in [("a wrong guess of mine", NEW), (OLD, "short")] {
        let failed = engine.change(old_password("pat", old, new)).await;
        assert!(matches!(failed, Err(ChangeError::Store(StoreError::Failed(_)))), "{failed:?}");
    }
}

#[tokio::test]
async fn the_first_of_two_store_errors_is_returned() {
    let test = TestContext::new().await;
    let engine = engine(&test, &[Method::Commit, Method::Finish]);
    let failed = engine.change(old_password("pat", OLD, NEW)).await.unwrap_err();
    assert_eq!(failed.code(), "store-unavailable", "{failed:?}");
}

#[tokio::test]
async fn a_conflicting_commit_is_reported_as_a_wrong_proof() {
    for (committed, by_password, by_token) in [
        (CommitOutcome::Conflict, "wrong-password", "token-expired"),
        (CommitOutcome::TokenSpent, "token-expired", "token-expired"),
        (CommitOutcome::OtpSpent, "wrong-otp", "wrong-otp"),
    ] {
        let test = TestContext::new().await;
        let inner = Arc::new(test.store.clone());
        let store = FailingStore { inner, failing: &[], committed: Some(committed) };
        let engine = engine_for(&test, store);
        let failed = engine.change(old_password("pat", OLD, NEW)).await.unwrap_err();
        assert_eq!(failed.code(), by_password, "{committed:?}");
        let proof = Proof::ResetToken(test.reset_token("pat").await);
        let failed = engine.change(by("pat", proof, NEW)).await.unwrap_err();
        assert_eq!(failed.code(), by_token, "{committed:?}");
        let (_, attempts) = test.operator.show_account(&realm(), "pat").await.unwrap();
        assert_eq!(attempts.failures, 2);
    }
}

#[tokio::test]
async fn a_change_succeeds_if_expired_attempts_cannot_be_deleted() {
    let test = TestContext::new().await;
    let engine = engine(&test, &[Method::DeleteExpired]);
    engine.change(old_password("pat", OLD, NEW)).await.unwrap();
}

#[tokio::test]
async fn a_store_error_in_a_rehash_does_not_change_the_result() {
    let test = TestContext::new().await;
    let elsewhere =
        HasherOptions { normalization: Normalization::AsReceived, ..HasherOptions::default() };
    test.add_hashed("sam", &stored_by(elsewhere, OLD).await).await;
    let refused = engine(&test, &[Method::Rehash]).change(old_password("sam", OLD, "short")).await;
    assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{refused:?}");
}

#[tokio::test]
async fn a_policy_without_history_does_not_read_it() {
    let test = TestContext::with_policy(fixtures::policy(|rules| rules.history = 0)).await;
    engine(&test, &[Method::History]).change(old_password("pat", OLD, NEW)).await.unwrap();
}

#[tokio::test]
async fn the_history_is_not_read_if_the_new_password_is_the_current_one() {
    let test = TestContext::new().await;
    let refused = engine(&test, &[Method::History]).change(old_password("pat", OLD, OLD)).await;
    assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{refused:?}");
}
