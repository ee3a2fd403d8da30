//! A `CredentialStore` on a JSON file, as an example for an embedder's own users table.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    Account, AccountId, AccountWithCredential, AttemptOutcome, AttemptState, AuditRecord, Commit,
    CommitOutcome, Credential, CredentialStore, Email, FinishAttempt, HashedPassword,
    MAX_SAME_NAME, NameKind, Normalization, Realm, Rehash, ReserveAttempt, ReserveOutcome,
    StoreError, Subject, fold_name,
};
use serde::{Deserialize, Serialize};

pub(crate) struct JsonStore {
    file: PathBuf,
    table: Mutex<Table>,
}

#[derive(Default, Clone, Serialize, Deserialize)]
struct Table {
    users: Vec<User>,
    /// Audit records, one line each.
    audit_log: Vec<String>,
    /// A real store keeps failed attempts over a restart, too.
    #[serde(skip)]
    attempts: BTreeMap<[u8; 32], AttemptState>,
}

#[derive(Clone, Serialize, Deserialize)]
struct User {
    account: Account,
    password: Option<Password>,
    /// Newest first.
    history: Vec<Hash>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Password {
    hash: Hash,
    version: i64,
    changed_at: Timestamp,
}

/// A hash, and the normalization of the password before hashing.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Hash {
    text: String,
    normalization: String,
}

impl User {
    /// The version of the password; 0 without a password.
    fn version(&self) -> i64 {
        self.password.as_ref().map_or(0, |password| password.version)
    }

    fn with_credential(&self) -> Result<AccountWithCredential, StoreError> {
        let credential = self.password.as_ref().map(|Password { hash, version, changed_at }| {
            Ok(Credential { hash: hash.to_password()?, version: *version, changed_at: *changed_at })
        });
        let credential = credential.transpose()?;
        Ok(AccountWithCredential::new(self.account.clone(), credential))
    }
}

impl Hash {
    fn new(hash: &HashedPassword) -> Self {
        let normalization = hash.normalization().as_str().to_owned();
        Self { text: hash.as_str().to_owned(), normalization }
    }

    fn to_password(&self) -> Result<HashedPassword, StoreError> {
        let normalization = Normalization::from_name(&self.normalization)
            .ok_or_else(|| StoreError::Damaged("normalization".to_owned()))?;
        Ok(HashedPassword::from_stored(&self.text).with_normalization(normalization))
    }
}

impl JsonStore {
    pub(crate) fn create(file: PathBuf) -> io::Result<Self> {
        let store = Self { file, table: Mutex::new(Table::default()) };
        store.save(&store.lock())?;
        Ok(store)
    }

    pub(crate) fn add(&self, account: Account, hash: Option<&HashedPassword>) -> io::Result<()> {
        let changed_at = account.created_at;
        let password = hash.map(|hash| Password { hash: Hash::new(hash), version: 1, changed_at });
        let mut table = self.lock();
        table.users.push(User { account, password, history: Vec::new() });
        self.save(&table)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a temporary file and renames it, so that a crash leaves the old or the new file.
    fn save(&self, table: &Table) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut new, table)?;
        new.flush()?;
        new.as_file().sync_all()?;
        new.persist(&self.file)?;
        Ok(())
    }
}

#[async_trait]
impl CredentialStore for JsonStore {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        let table = self.lock();
        let user = table
            .users
            .iter()
            .find(|user| user.account.realm == subject.realm && user.account.user_id == user_id);
        user.map(User::with_credential).transpose()
    }

    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        let is_named = |user: &&User| {
            let own = match kind {
                NameKind::Email => user.account.email.as_ref().map(Email::as_str),
                NameKind::Username => user.account.username.as_deref(),
            };
            user.account.realm == *realm && own.is_some_and(|own| fold_name(own) == name)
        };
        let table = self.lock();
        let named = table.users.iter().filter(is_named).take(MAX_SAME_NAME);
        named.map(User::with_credential).collect()
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        let table = self.lock();
        let user = table.users.iter().find(|user| user.account.id == account);
        let history = user.map(|user| user.history.as_slice()).unwrap_or_default();
        history.iter().take(depth).map(Hash::to_password).collect()
    }

    // This store has no outbox and ignores the lockout event.
    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        // `AttemptState::reserve` decides; the store reads and writes the state atomically.
        let mut table = self.lock();
        let row = table.attempts.entry(*attempt.key.as_bytes()).or_default();
        match row.reserve(attempt.key, attempt.path, attempt.policy, attempt.now) {
            Ok((after, reservation)) => {
                *row = after;
                Ok(ReserveOutcome::Reserved(reservation))
            }
            Err(locked_out) => Ok(ReserveOutcome::LockedOut(locked_out)),
        }
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        let mut table = self.lock();
        if let Some(reservation) = &attempt.reservation {
            let key = reservation.key.as_bytes();
            match (attempt.outcome, table.attempts.get_mut(key)) {
                (AttemptOutcome::Released, Some(row)) => *row = row.release(reservation),
                (AttemptOutcome::Succeeded, Some(_)) => drop(table.attempts.remove(key)),
                (AttemptOutcome::Failed, _) | (_, None) => {}
            }
        }
        let record = &attempt.audit;
        table.audit_log.push(format!("{} {} {}", record.at, record.action, record.outcome));
        self.save(&table).map_err(|error| StoreError::Failed(Box::new(error)))?;
        Ok(true)
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        let attempts = &mut self.lock().attempts;
        let expired = |row: &AttemptState| row.expires_at.is_some_and(|at| at <= now);
        attempts.extract_if(.., |_, row| expired(row)).take(limit).for_each(drop);
        Ok(())
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        let mut table = self.lock();
        // Works on a copy, so that a failed write changes nothing in memory.
        let mut next = table.clone();
        let user = next.users.iter_mut().find(|user| {
            user.account.id == commit.account
                && user.account.active
                && user.version() == commit.expected_version
                && commit.unchanged_since.is_none_or(|time| time == user.account.updated_at)
        });
        let Some(user) = user else { return Ok(CommitOutcome::Conflict) };
        let version = commit.expected_version + 1;
        let new = Password { hash: Hash::new(&commit.hash), version, changed_at: commit.at };
        if let Some(before) = user.password.replace(new) {
            user.history.insert(0, before.hash);
        }
        user.history.truncate(commit.history);
        user.account.updated_at = commit.at;
        next.attempts.remove(commit.clear.as_bytes());
        next.audit_log
            .push(format!("{} {} {}", commit.at, commit.audit.action, commit.audit.outcome));
        self.save(&next).map_err(|error| StoreError::Failed(Box::new(error)))?;
        *table = next;
        Ok(CommitOutcome::Done { version })
    }

    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        let mut table = self.lock();
        let mut next = table.clone();
        let user = next
            .users
            .iter_mut()
            .find(|user| user.account.id == rehash.account && user.account.active);
        let password = user.and_then(|user| user.password.as_mut()).filter(|password| {
            password.version == rehash.expected_version
                && password.hash == Hash::new(&rehash.expected_hash)
        });
        let Some(password) = password else { return Ok(false) };
        password.hash = Hash::new(&rehash.hash);
        let AuditRecord { at, action, outcome, .. } = &rehash.audit;
        next.audit_log.push(format!("{at} {action} {outcome}"));
        self.save(&next).map_err(|error| StoreError::Failed(Box::new(error)))?;
        *table = next;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use repass_testkit::conformance::{self, Fixture};

    use super::*;

    struct Tested(Arc<JsonStore>);

    #[async_trait]
    impl Fixture for Tested {
        fn store(&self) -> Arc<dyn CredentialStore> {
            self.0.clone()
        }

        async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
            self.0.add(account.clone(), hash).unwrap();
        }
    }

    /// Proves E3.
    #[tokio::test(flavor = "multi_thread")]
    async fn e3_the_store_conforms() {
        let folder = tempfile::tempdir().unwrap();
        let store = JsonStore::create(folder.path().join("users.json")).unwrap();
        conformance::run(&Tested(Arc::new(store))).await.assert_passed();
    }
}
