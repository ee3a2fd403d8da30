//! The conformance suite on a mapped table.
//!
//! The wrapper inserts accounts of [`AdministrationStore::add_account`] into the users table, and
//! adds the properties without a column to accounts that are read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountBatch, AccountError, AccountFilter, AccountId,
    AccountWithCredential, AdministrationStore, AttemptKey, AttemptState, AuditFilter, AuditRecord,
    Backlog, Claim, ClaimEvents, ClaimedEvent, Commit, CommitOutcome, CredentialStore,
    DeliveryOutcome, FinishAttempt, HashedPassword, HeldToken, Imported, Key, KeyId, KeyStore,
    NameKind, OlderTokens, OtpEnrollment, OutboxEntry, OutboxEvent, OutboxFilter, OutboxStore,
    PruneCutoffs, Pruned, Realm, Rehash, ReserveAttempt, ReserveOutcome, ResetToken, StoreError,
    Subject, TokenDigest, TokenId, TokenStore,
};
use repass_testkit::conformance::{self, AdministrationFixture};
use repass_testkit::fixtures;
use uuid::Uuid;

use crate::application::{Application, User};

pub(crate) async fn passes(application: Application) {
    let application = application.with_users().await;
    let store = application.open().await;
    let mapped = Mapped { application, store, added: Mutex::default() };
    let report = conformance::run(&AdministrationFixture::new(Arc::new(mapped))).await;
    report.assert_passed();
    assert!(report.skipped.iter().all(|(_, what)| ["imports", "edits"].contains(what)), "{report}");
}

struct Mapped {
    application: Application,
    store: Arc<dyn AdministrationStore>,
    added: Mutex<HashMap<AccountId, Account>>,
}

impl Mapped {
    fn added(&self, account: AccountId) -> Account {
        self.added.lock().unwrap()[&account].clone()
    }

    fn complete(&self, found: Account) -> Account {
        let added = self.added(found.id);
        assert_eq!(
            found.created_at,
            Timestamp::UNIX_EPOCH,
            "the table has no column for the creation time"
        );
        let unknown = found.updated_at == Timestamp::UNIX_EPOCH;
        let updated_at = if unknown { added.updated_at } else { found.updated_at };
        fixtures::with(found, |it| {
            it.created_at = added.created_at;
            it.profile = added.profile;
            it.updated_at = updated_at;
        })
    }

    fn completed(&self, found: AccountWithCredential) -> AccountWithCredential {
        let mut found = AccountWithCredential { account: self.complete(found.account), ..found };
        if let Some(own) = &mut found.credential
            && own.changed_at == Timestamp::UNIX_EPOCH
        {
            own.changed_at = found.account.created_at;
        }
        found
    }
}

#[async_trait]
impl CredentialStore for Mapped {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        Ok(self.store.find(subject).await?.map(|found| self.completed(found)))
    }

    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        let found = self.store.find_by_name(realm, kind, name).await?;
        Ok(found.into_iter().map(|found| self.completed(found)).collect())
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        self.store.history(account, depth).await
    }

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        self.store.reserve_attempt(attempt).await
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        self.store.finish_attempt(attempt).await
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        self.store.delete_expired_attempts(now, limit).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        // The suite sets versions only; the engine also sets the expected hash.
        let subject = Subject::new(commit.realm.clone(), commit.user_id.as_str());
        let seen = self.store.find(&subject).await?.and_then(|found| found.credential);
        let seen = seen.filter(|seen| seen.version == commit.expected_version);
        let expected_hash = seen.map(|seen| seen.hash);
        let commit = fixtures::with(commit.clone(), |it| it.expected_hash = expected_hash);
        self.store.commit(&commit).await
    }

    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        self.store.rehash(rehash).await
    }
}

#[async_trait]
impl TokenStore for Mapped {
    async fn reset_token(&self, digest: &TokenDigest) -> Result<Option<ResetToken>, StoreError> {
        self.store.reset_token(digest).await
    }

    async fn otp(&self, account: AccountId) -> Result<OtpEnrollment, StoreError> {
        self.store.otp(account).await
    }
}

#[async_trait]
impl KeyStore for Mapped {
    async fn key(&self, digest: &TokenDigest) -> Result<Option<Key>, StoreError> {
        self.store.key(digest).await
    }

    async fn access_token(&self, digest: &TokenDigest) -> Result<Option<HeldToken>, StoreError> {
        self.store.access_token(digest).await
    }

    async fn key_and_access_token(
        &self,
        key: &TokenDigest,
        token: &TokenDigest,
    ) -> Result<(Option<Key>, Option<HeldToken>), StoreError> {
        self.store.key_and_access_token(key, token).await
    }

    async fn record_token_use(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.store.record_token_use(token, at).await
    }
}

#[async_trait]
impl OutboxStore for Mapped {
    async fn claim(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError> {
        let claimed = self.store.claim(claim).await?;
        let complete = |claimed: ClaimedEvent| {
            let holder = self.complete(claimed.holder);
            ClaimedEvent { holder, ..claimed }
        };
        Ok(claimed.into_iter().map(complete).collect())
    }

    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        self.store.finish_delivery(claim, outcome, channels).await
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        self.store.entries(filter).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.store.backlog().await
    }

    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        self.store.entry(event).await
    }

    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.store.retry_event(event, audit).await
    }

    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.store.drop_event(event, audit).await
    }
}

#[async_trait]
impl AdministrationStore for Mapped {
    async fn add_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let refused = self.store.add_account(account, hash, audit).await;
        assert!(matches!(refused, Err(AccountError::KeptElsewhere)), "{refused:?}");
        let user = User {
            id: account.id.0,
            tenant: account.realm.to_string(),
            login: account.user_id.to_string(),
            mail: account.email.as_ref().map(ToString::to_string),
            nick: account.username.clone(),
            pw: hash.map(|hash| hash.as_str().to_owned()),
            enabled: account.active,
        };
        self.added.lock().unwrap().insert(account.id, account.clone());
        if !self.application.insert(&user).await {
            return Err(AccountError::Exists);
        }
        self.store.register(account).await?;
        self.store.finish_attempt(&FinishAttempt::unreserved(audit.clone())).await?;
        Ok(())
    }

    async fn import_accounts(&self, batch: &AccountBatch) -> Result<Vec<Imported>, AccountError> {
        self.store.import_accounts(batch).await
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        let mut accounts = Vec::new();
        for listed in self.store.accounts(filter).await? {
            let subject = Subject::new(listed.account.realm, listed.account.user_id.as_str());
            // Without a recorded time, the store counts from the epoch and not from the insertion.
            let Some(found) = self.find(&subject).await? else { continue };
            let is_listed =
                |time| found.credential.as_ref().is_none_or(|own| own.changed_at < time);
            if filter.changed_before.is_none_or(is_listed) {
                accounts.push(found);
            }
        }
        Ok(accounts)
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        let found = self.store.account(account).await?;
        Ok(found.map(|account| self.complete(account)))
    }

    async fn set_active(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.set_active(account, active, audit).await
    }

    async fn update_account(
        &self,
        old: &Account,
        new: &Account,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.update_account(old, new, audit).await
    }

    async fn revoke_access_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.revoke_access_tokens(account, audit).await
    }

    async fn delete_account(
        &self,
        account: AccountId,
        unchanged_since: Option<Timestamp>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.delete_account(account, unchanged_since, audit).await
    }

    async fn peppers(&self) -> Result<BTreeSet<String>, StoreError> {
        self.store.peppers().await
    }

    async fn attempts(&self, key: &AttemptKey) -> Result<AttemptState, StoreError> {
        self.store.attempts(key).await
    }

    async fn unlock(&self, account: AccountId, audit: &AuditRecord) -> Result<(), AccountError> {
        self.store.unlock(account, audit).await
    }

    async fn add_key(&self, key: &Key, audit: &AuditRecord) -> Result<(), StoreError> {
        self.store.add_key(key, audit).await
    }

    async fn keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError> {
        self.store.keys(realm).await
    }

    async fn revoke_key(&self, key: KeyId, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.store.revoke_key(key, audit).await
    }

    async fn add_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.add_access_token(token, audit).await
    }

    async fn revoke_access_token(
        &self,
        token: TokenId,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        self.store.revoke_access_token(token, audit).await
    }

    async fn key_by_id(&self, key: KeyId) -> Result<Option<Key>, StoreError> {
        self.store.key_by_id(key).await
    }

    async fn access_token_by_id(&self, token: TokenId) -> Result<Option<HeldToken>, StoreError> {
        self.store.access_token_by_id(token).await
    }

    async fn access_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenId)>,
        limit: u32,
    ) -> Result<Vec<HeldToken>, StoreError> {
        self.store.access_tokens(account, after, limit).await
    }

    async fn reset_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenDigest)>,
        limit: u32,
    ) -> Result<Vec<ResetToken>, StoreError> {
        self.store.reset_tokens(account, after, limit).await
    }

    async fn void_reset_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.void_reset_tokens(account, audit).await
    }

    async fn add_reset_token(
        &self,
        token: &ResetToken,
        older: OlderTokens,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError> {
        self.store.add_reset_token(token, older, audit, event).await
    }

    async fn set_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.set_otp(account, enrollment, audit).await
    }

    async fn set_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.store.set_otp_code(account, code, expires_at, audit).await
    }

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        self.store.audit(filter).await
    }

    async fn prune(&self, cutoffs: &PruneCutoffs, limit: u32) -> Result<Pruned, StoreError> {
        self.store.prune(cutoffs, limit).await
    }

    async fn key_checks(&self) -> Result<BTreeMap<String, [u8; 32]>, StoreError> {
        self.store.key_checks().await
    }

    async fn add_key_check(&self, name: &str, check: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        self.store.add_key_check(name, check).await
    }

    async fn replace_key_check(&self, name: &str, check: &[u8; 32]) -> Result<(), StoreError> {
        self.store.replace_key_check(name, check).await
    }
}
