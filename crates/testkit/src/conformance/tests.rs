//! The suite finds faults: a store with one of them fails.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    Account, AccountFilter, AccountId, AccountWithCredential, AdministrationStore, AttemptKey,
    AttemptOutcome, AttemptState, Commit, CommitOutcome, CredentialStore, FinishAttempt,
    HashedPassword, NameKind, OtpEnrollment, Realm, Rehash, ReserveAttempt, ReserveOutcome,
    ResetToken, StoreError, Subject,
};

use super::*;
use crate::MemoryStore;
use crate::fixtures::with;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    FindsInAnyCase,
    ReversesHistory,
    KeepsTooMuchHistory,
    ReservesInTwoSteps,
    IgnoresReleases,
    IgnoresSuccesses,
    NeverDeletesExpiredRows,
    DeletesRowsTooEarly,
    IgnoresDeleteLimit,
    IgnoresVersions,
    KeepsAttempts,
    IgnoresResetTokens,
    IgnoresOneTimePasswords,
    ReportsConflictBeforeToken,
    NeverRehashes,
    RehashesOtherHashes,
    RehashesOtherVersions,
}

/// Each fault with the check that finds it.
const FAULTS: [(Fault, &str); 17] = [
    (Fault::FindsInAnyCase, "find::by_realm_and_user_id_exactly"),
    (Fault::ReversesHistory, "commit::keeps_the_history_in_order"),
    (Fault::KeepsTooMuchHistory, "commit::keeps_the_history_in_order"),
    (Fault::ReservesInTwoSteps, "attempts::concurrent_reservations_never_exceed_the_threshold"),
    (Fault::IgnoresReleases, "attempts::releases_restore_the_row"),
    (Fault::IgnoresSuccesses, "attempts::successes_clear_the_row"),
    (Fault::NeverDeletesExpiredRows, "attempts::expired_rows_are_deleted"),
    (Fault::DeletesRowsTooEarly, "attempts::expired_rows_are_deleted"),
    (Fault::IgnoresDeleteLimit, "attempts::expired_rows_are_deleted"),
    (Fault::IgnoresVersions, "commit::refuses_other_versions"),
    (Fault::KeepsAttempts, "commit::clears_attempts"),
    (Fault::IgnoresResetTokens, "reset::tokens_are_accepted_once"),
    (Fault::IgnoresOneTimePasswords, "one_time_password::codes_are_accepted_once"),
    (Fault::ReportsConflictBeforeToken, "reset::tokens_are_accepted_once"),
    (Fault::NeverRehashes, "rehash::replaces_the_hash_and_nothing_else"),
    (Fault::RehashesOtherHashes, "rehash::refuses_other_hashes_and_versions"),
    (Fault::RehashesOtherVersions, "rehash::refuses_other_hashes_and_versions"),
];

#[derive(Clone)]
struct Faulty {
    store: Arc<MemoryStore>,
    fault: Fault,
}

#[async_trait]
impl CredentialStore for Faulty {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        let found = self.store.find(subject).await?;
        if found.is_some() || self.fault != Fault::FindsInAnyCase {
            return Ok(found);
        }
        let filter = AccountFilter {
            realm: Some(subject.realm.clone()),
            limit: 100,
            ..AccountFilter::default()
        };
        for AccountWithCredential { account, .. } in self.store.accounts(&filter).await? {
            if account.user_id.as_str().eq_ignore_ascii_case(&subject.user_id) {
                let right = Subject::new(account.realm.clone(), account.user_id.as_str());
                return self.store.find(&right).await;
            }
        }
        Ok(None)
    }

    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        self.store.find_by_name(realm, kind, name).await
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

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        if self.fault != Fault::ReservesInTwoSteps {
            return self.store.reserve_attempt(attempt).await;
        }
        let before: AttemptState = self.store.attempts(attempt.key).await?;
        let reserved = before.reserve(attempt.key, attempt.path, attempt.policy, attempt.now);
        if let Err(locked_out) = reserved {
            return Ok(ReserveOutcome::LockedOut(locked_out));
        }
        tokio::task::yield_now().await;
        let delay = attempt.policy.initial_delay();
        let unlimited = sample::policy_with_max_failures(1_000_000, delay, 1_000_000);
        let unlimited = ReserveAttempt::new(attempt.key, attempt.path, &unlimited, attempt.now);
        self.store.reserve_attempt(&unlimited.with_event(attempt.event)).await
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        match (self.fault, attempt.outcome) {
            (Fault::IgnoresReleases, AttemptOutcome::Released)
            | (Fault::IgnoresSuccesses, AttemptOutcome::Succeeded) => {
                let unreserved = FinishAttempt::unreserved(attempt.audit.clone());
                self.store.finish_attempt(&unreserved).await
            }
            _ => self.store.finish_attempt(attempt).await,
        }
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        let (now, limit) = match self.fault {
            Fault::NeverDeletesExpiredRows => return Ok(()),
            Fault::DeletesRowsTooEarly => (crate::clock::after(now, day), limit),
            Fault::IgnoresDeleteLimit => (now, usize::MAX),
            _ => (now, limit),
        };
        self.store.delete_expired_attempts(now, limit).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        let mut commit = commit.clone();
        match self.fault {
            Fault::KeepsTooMuchHistory => commit.history = commit.history.saturating_add(1),
            Fault::KeepsAttempts => {
                commit.clear = AttemptKey::account(AccountId(uuid::Uuid::nil()));
            }
            Fault::IgnoresResetTokens => commit.spend = None,
            Fault::IgnoresOneTimePasswords => commit.otp = None,
            Fault::ReportsConflictBeforeToken => {
                let bare = with(commit.clone(), |it| {
                    it.spend = None;
                    it.expected_version = i64::MIN;
                });
                let committed = self.store.commit(&commit).await?;
                return match committed {
                    CommitOutcome::TokenSpent => self.store.commit(&bare).await,
                    other => Ok(other),
                };
            }
            Fault::IgnoresVersions => {
                for version in (0..10).rev() {
                    commit.expected_version = version;
                    match self.store.commit(&commit).await? {
                        CommitOutcome::Conflict => {}
                        other => return Ok(other),
                    }
                }
            }
            _ => {}
        }
        self.store.commit(&commit).await
    }

    async fn rehash(&self, change: &Rehash) -> Result<bool, StoreError> {
        let mut change = change.clone();
        let subject = Subject::new(change.realm.clone(), change.user_id.as_str());
        let present = self.store.find(&subject).await?.and_then(|found| found.credential);
        match (self.fault, present) {
            (Fault::NeverRehashes, _) => return Ok(false),
            (Fault::RehashesOtherHashes, Some(present)) => change.expected_hash = present.hash,
            (Fault::RehashesOtherVersions, Some(present)) => {
                change.expected_version = present.version;
            }
            _ => {}
        }
        self.store.rehash(&change).await
    }
}

#[async_trait]
impl Fixture for Faulty {
    fn store(&self) -> Arc<dyn CredentialStore> {
        Arc::new(self.clone())
    }

    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
        self.faultless().add_account(account, hash).await;
    }

    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        self.faultless().add_reset_token(token).await
    }

    async fn set_otp(&self, account: AccountId, enrollment: &OtpEnrollment) -> bool {
        self.faultless().set_otp(account, enrollment).await
    }
}

impl Faulty {
    fn new(fault: Fault) -> Self {
        Self { store: Arc::new(MemoryStore::new()), fault }
    }

    fn faultless(&self) -> AdministrationFixture {
        AdministrationFixture::new(self.store.clone())
    }
}

#[tokio::test]
async fn a_store_without_faults_passes() {
    let report = run(&Faulty::new(Fault::None)).await;
    report.assert_passed();
    assert!(report.skipped.iter().all(|(_, what)| *what == "administration"), "{report}");
}

/// Proves E10.
#[tokio::test]
async fn e10_every_fault_is_found_by_its_check() {
    for (fault, check) in FAULTS {
        let report = run(&Faulty::new(fault)).await;
        assert!(report.failed.iter().any(|one| one.check == check), "{fault:?}: {report}");
        assert!(!report.passed.is_empty(), "{fault:?}: the other checks are run");
        let alone = run_one(check, &Faulty::new(fault)).await;
        assert_eq!(alone.unwrap_err().check, check, "{fault:?} is found when the check runs alone");
    }
}

/// Proves E10.
#[tokio::test]
async fn e10_different_values_print_differently() {
    for (fault, _) in FAULTS {
        for Failure { check, message } in run(&Faulty::new(fault)).await.failed {
            let value = |what: &str| message.lines().find_map(|line| line.split_once(what));
            if let (Some(expected), Some(seen)) = (value("expected: "), value("seen:     ")) {
                assert_ne!(expected.1, seen.1, "{fault:?}, {check}");
            }
        }
    }
    let store = Faulty::new(Fault::ReversesHistory);
    let message = run_one("commit::keeps_the_history_in_order", &store).await.unwrap_err().message;
    let order = |line: &str| -> Vec<usize> {
        let line = message.lines().find(|own| own.contains(line)).unwrap();
        ["$four", "$three", "$two"].map(|name| line.find(name).unwrap()).to_vec()
    };
    assert!(order("expected:").is_sorted(), "{message}");
    assert!(order("seen:").is_sorted_by(|one, next| one > next), "{message}");
}

/// Proves E10.
#[test]
fn e10_no_two_checks_have_the_same_name() {
    let names: Vec<_> = checks().iter().map(Check::name).collect();
    let unique: HashSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
    assert!(names.contains(&"commit::replaces_the_password"), "{names:?}");
}

/// A store that supports passwords only.
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
async fn checks_of_unsupported_features_are_skipped_and_reported() {
    let report = run(&PasswordsOnly(Faulty::new(Fault::IgnoresResetTokens))).await;
    report.assert_passed();
    for (check, what) in [
        ("reset::tokens_are_accepted_once", "reset tokens"),
        ("one_time_password::codes_are_accepted_once", "one-time passwords"),
        ("administration::accounts::are_added_once", "administration"),
    ] {
        assert!(report.skipped.contains(&(check, what)), "{report}");
    }
}

/// A fixture that cannot add accounts.
struct Broken(Faulty);

#[async_trait]
impl Fixture for Broken {
    fn store(&self) -> Arc<dyn CredentialStore> {
        self.0.store()
    }

    async fn add_account(&self, _: &Account, _: Option<&HashedPassword>) {
        panic!("no connection to the database");
    }
}

#[tokio::test]
async fn a_panic_fails_its_check_and_no_other() {
    let report = run(&Broken(Faulty::new(Fault::None))).await;
    let failure = report.failed.iter().find(|one| one.check == "find::guids_in_any_case");
    assert_eq!(failure.unwrap().message, "no connection to the database");
    assert!(report.to_string().contains("FAILED find::guids_in_any_case: no connection"));
}
