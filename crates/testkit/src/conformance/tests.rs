//! That the suite finds what is wrong: a store with one fault each must not pass.

use std::sync::Arc;

use super::*;
use crate::memory::MemoryStore;
use jiff::Timestamp;
use repass_core::{
    AttemptAlarm, AttemptKey, AttemptPath, AttemptRules, AttemptState, AttemptTicket, AuditRecord,
    Closed, Commit, Committed, Found, StoreError, Subject, Upgrade,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    FindsInAnyCase,
    ReversesHistory,
    KeepsTooMuchHistory,
    ChargesInTwoSteps,
    ForgetsRefunds,
    NeverForgets,
    ForgetsEarly,
    ForgetsAllAtOnce,
    IgnoresVersions,
    LeavesAttempts,
    IgnoresResetTokens,
    IgnoresOneTimePasswords,
    TellsConflictBeforeToken,
    NeverUpgrades,
    UpgradesOtherHashes,
    UpgradesOtherVersions,
}

const FAULTS: [Fault; 16] = [
    Fault::FindsInAnyCase,
    Fault::ReversesHistory,
    Fault::KeepsTooMuchHistory,
    Fault::ChargesInTwoSteps,
    Fault::ForgetsRefunds,
    Fault::NeverForgets,
    Fault::ForgetsEarly,
    Fault::ForgetsAllAtOnce,
    Fault::IgnoresVersions,
    Fault::LeavesAttempts,
    Fault::IgnoresResetTokens,
    Fault::IgnoresOneTimePasswords,
    Fault::TellsConflictBeforeToken,
    Fault::NeverUpgrades,
    Fault::UpgradesOtherHashes,
    Fault::UpgradesOtherVersions,
];

#[derive(Clone)]
struct Faulty {
    store: Arc<MemoryStore>,
    fault: Fault,
}

#[async_trait]
impl CredentialStore for Faulty {
    async fn find(&self, subject: &Subject) -> Result<Option<Found>, StoreError> {
        let found = self.store.find(subject).await?;
        if found.is_some() || self.fault != Fault::FindsInAnyCase {
            return Ok(found);
        }
        let filter = repass_core::AccountFilter {
            realm: Some(subject.realm.clone()),
            after: None,
            limit: 100,
        };
        for account in self.store.accounts(&filter).await? {
            if account.user_id.as_str().eq_ignore_ascii_case(&subject.user_id) {
                let right = Subject::new(account.realm.clone(), account.user_id.as_str());
                return self.store.find(&right).await;
            }
        }
        Ok(None)
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        let mut history = self.store.history(account, depth).await?;
        if self.fault == Fault::ReversesHistory {
            history.reverse();
        }
        Ok(history)
    }

    async fn charge(
        &self,
        key: &AttemptKey,
        path: AttemptPath,
        rules: &AttemptRules,
        now: Timestamp,
        alarm: Option<&AttemptAlarm>,
    ) -> Result<Result<AttemptTicket, Closed>, StoreError> {
        match self.fault {
            Fault::ChargesInTwoSteps => {
                let before: AttemptState = self.store.attempts(key).await?;
                if let Err(closed) = before.charge(key, path, rules, now) {
                    return Ok(Err(closed));
                }
                tokio::task::yield_now().await;
                let unlimited = AttemptRules { free: u32::MAX, limit: u32::MAX, ..*rules };
                self.store.charge(key, path, &unlimited, now, alarm).await
            }
            _ => self.store.charge(key, path, rules, now, alarm).await,
        }
    }

    async fn refund(&self, ticket: &AttemptTicket) -> Result<(), StoreError> {
        match self.fault {
            Fault::ForgetsRefunds => Ok(()),
            _ => self.store.refund(ticket).await,
        }
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        let (now, limit) = match self.fault {
            Fault::NeverForgets => return Ok(()),
            Fault::ForgetsEarly => (crate::clock::after(now, day), limit),
            Fault::ForgetsAllAtOnce => (now, usize::MAX),
            _ => (now, limit),
        };
        self.store.delete_expired_attempts(now, limit).await
    }

    async fn record(
        &self,
        record: &AuditRecord,
        alarm: Option<uuid::Uuid>,
    ) -> Result<(), StoreError> {
        self.store.record(record, alarm).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let mut commit = commit.clone();
        match self.fault {
            Fault::KeepsTooMuchHistory => commit.history = commit.history.saturating_add(1),
            Fault::LeavesAttempts => {
                commit.clear = AttemptKey::account(AccountId(uuid::Uuid::nil()));
            }
            Fault::IgnoresResetTokens => commit.spend = None,
            Fault::IgnoresOneTimePasswords => commit.otp = None,
            Fault::TellsConflictBeforeToken => {
                let bare = Commit { spend: None, expected_version: i64::MIN, ..commit.clone() };
                let committed = self.store.commit(&commit).await?;
                return match committed {
                    Committed::TokenSpent => self.store.commit(&bare).await,
                    other => Ok(other),
                };
            }
            Fault::IgnoresVersions => {
                for version in (0..10).rev() {
                    commit.expected_version = version;
                    match self.store.commit(&commit).await? {
                        Committed::Conflict => {}
                        other => return Ok(other),
                    }
                }
            }
            _ => {}
        }
        self.store.commit(&commit).await
    }

    async fn upgrade(&self, upgrade: &Upgrade) -> Result<bool, StoreError> {
        let mut upgrade = upgrade.clone();
        let subject = Subject::new(upgrade.realm.clone(), upgrade.user_id.as_str());
        let present = self.store.find(&subject).await?.and_then(|found| found.credential);
        match (self.fault, present) {
            (Fault::NeverUpgrades, _) => return Ok(false),
            (Fault::UpgradesOtherHashes, Some(present)) => upgrade.expected_hash = present.hash,
            (Fault::UpgradesOtherVersions, Some(present)) => {
                upgrade.expected_version = present.version;
            }
            _ => {}
        }
        self.store.upgrade(&upgrade).await
    }
}

#[async_trait]
impl Fixture for Faulty {
    fn store(&self) -> Arc<dyn CredentialStore> {
        Arc::new(self.clone())
    }

    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
        self.administered().add_account(account, hash).await;
    }

    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        self.administered().add_reset_token(token).await
    }

    async fn set_otp(&self, account: AccountId, enrolment: &OtpEnrolment) -> bool {
        self.administered().set_otp(account, enrolment).await
    }
}

impl Faulty {
    fn new(fault: Fault) -> Self {
        Self { store: Arc::new(MemoryStore::new()), fault }
    }

    fn administered(&self) -> Administered {
        Administered(Arc::clone(&self.store) as Arc<dyn AdministrationStore>)
    }
}

#[tokio::test]
async fn the_memory_store_passes() {
    let store = Arc::new(MemoryStore::new());
    administration_store(store.clone()).await;
    importing_store(store).await;
}

#[tokio::test]
async fn a_store_without_faults_passes() {
    credential_store(&Faulty::new(Fault::None)).await;
}

#[tokio::test]
async fn every_fault_is_found() {
    for fault in FAULTS {
        let suite = tokio::spawn(async move { credential_store(&Faulty::new(fault)).await });
        assert!(suite.await.is_err_and(|error| error.is_panic()), "{fault:?} goes unnoticed");
    }
}

/// A store that knows nothing but passwords.
struct PasswordsOnly(Faulty);

#[async_trait]
impl Fixture for PasswordsOnly {
    fn store(&self) -> Arc<dyn CredentialStore> {
        self.0.store()
    }

    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
        self.0.add_account(account, hash).await;
    }
}

#[tokio::test]
async fn checks_of_what_a_store_does_not_keep_are_left_out() {
    credential_store(&PasswordsOnly(Faulty::new(Fault::IgnoresResetTokens))).await;
}
