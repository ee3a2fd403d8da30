//! A `CredentialStore` over one JSON file: what an embedder writes to bring their own table.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    Account, AccountId, AttemptAlarm, AttemptKey, AttemptPath, AttemptRules, AttemptState,
    AttemptTicket, AuditRecord, Clock, Closed, Commit, Committed, Credential, CredentialStore,
    Found, HashedPassword, Normalisation, Profile, StoreError, Subject, SystemClock,
    SystemRandomness, Upgrade, random_uuid,
};
use serde::{Deserialize, Serialize};

pub(crate) struct JsonStore {
    file: PathBuf,
    table: Mutex<Table>,
}

#[derive(Default, Clone, Serialize, Deserialize)]
struct Table {
    users: Vec<User>,
    /// What happened, one line each.
    trail: Vec<String>,
    /// Failures are worth keeping over a restart as well, but this example does without.
    #[serde(skip)]
    attempts: BTreeMap<[u8; 32], AttemptState>,
}

#[derive(Clone, Serialize, Deserialize)]
struct User {
    account: Account,
    hash: Hash,
    version: i64,
    changed_at: Timestamp,
    history: Vec<Hash>,
}

/// A hash belongs together with what was done to the password before.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Hash {
    text: String,
    normalisation: String,
}

impl Hash {
    fn of(hash: &HashedPassword) -> Self {
        let normalisation = hash.normalisation().as_str().to_owned();
        Self { text: hash.as_str().to_owned(), normalisation }
    }

    fn read(&self) -> Result<HashedPassword, StoreError> {
        let normalisation = Normalisation::of(&self.normalisation)
            .ok_or_else(|| StoreError::Damaged("normalisation".to_owned()))?;
        Ok(HashedPassword::from_stored(&self.text).normalised(normalisation))
    }
}

impl JsonStore {
    pub(crate) fn create(file: PathBuf) -> io::Result<Self> {
        let store = Self { file, table: Mutex::new(Table::default()) };
        store.save(&store.lock())?;
        Ok(store)
    }

    pub(crate) fn add(
        &self,
        realm: &str,
        user_id: &str,
        hash: &HashedPassword,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let now = SystemClock.now();
        let account = Account {
            id: AccountId(random_uuid(&SystemRandomness)?),
            realm: realm.parse()?,
            user_id: user_id.parse()?,
            email: None,
            username: None,
            profile: Profile::default(),
            active: true,
            created_at: now,
            updated_at: now,
        };
        let hash = Hash::of(hash);
        let user = User { account, hash, version: 1, changed_at: now, history: Vec::new() };
        let mut table = self.lock();
        table.users.push(user);
        Ok(self.save(&table)?)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the file whole and renames it into place, so that a crash leaves the old or the new.
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
    async fn find(&self, subject: &Subject) -> Result<Option<Found>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        let table = self.lock();
        let user = table
            .users
            .iter()
            .find(|user| user.account.realm == subject.realm && user.account.user_id == user_id);
        let Some(user) = user else { return Ok(None) };
        let (version, changed_at) = (user.version, user.changed_at);
        let credential = Credential { hash: user.hash.read()?, version, changed_at };
        Ok(Some(Found { account: user.account.clone(), credential: Some(credential) }))
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        let table = self.lock();
        let user = table.users.iter().find(|user| user.account.id == account);
        let history = user.map(|user| user.history.as_slice()).unwrap_or_default();
        history.iter().take(depth).map(Hash::read).collect()
    }

    async fn charge(
        &self,
        key: &AttemptKey,
        path: AttemptPath,
        rules: &AttemptRules,
        now: Timestamp,
        _: Option<&AttemptAlarm>, // this store tells nobody of anything
    ) -> Result<Result<AttemptTicket, Closed>, StoreError> {
        // The rule is the engine's; a store reads, applies and writes it as one step.
        let mut table = self.lock();
        let row = table.attempts.entry(*key.as_bytes()).or_default();
        Ok(row.charge(key, path, rules, now).map(|(charged, ticket)| {
            *row = charged;
            ticket
        }))
    }

    async fn refund(&self, ticket: &AttemptTicket) -> Result<(), StoreError> {
        if let Some(row) = self.lock().attempts.get_mut(ticket.key.as_bytes()) {
            *row = row.refund(ticket);
        }
        Ok(())
    }

    async fn record(&self, record: &AuditRecord, _: Option<uuid::Uuid>) -> Result<(), StoreError> {
        let mut table = self.lock();
        table.trail.push(format!("{} {} {}", record.at, record.action, record.outcome));
        self.save(&table).map_err(|error| StoreError::Failed(Box::new(error)))
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let mut table = self.lock();
        // Work on a copy, so that a failed write leaves no half of it in memory.
        let mut next = table.clone();
        let user = next.users.iter_mut().find(|user| {
            user.account.id == commit.account
                && user.account.active
                && user.version == commit.expected_version
        });
        let Some(user) = user else { return Ok(Committed::Conflict) };
        let before = std::mem::replace(&mut user.hash, Hash::of(&commit.hash));
        user.history.insert(0, before);
        user.history.truncate(commit.history);
        user.version += 1;
        user.changed_at = commit.at;
        user.account.updated_at = commit.at;
        let version = user.version;
        next.attempts.remove(commit.clear.as_bytes());
        next.trail.push(format!("{} {} {}", commit.at, commit.audit.action, commit.audit.outcome));
        self.save(&next).map_err(|error| StoreError::Failed(Box::new(error)))?;
        *table = next;
        Ok(Committed::Done { version })
    }

    async fn upgrade(&self, upgrade: &Upgrade) -> Result<bool, StoreError> {
        let mut table = self.lock();
        let mut next = table.clone();
        let user = next.users.iter_mut().find(|user| {
            user.account.id == upgrade.account
                && user.account.active
                && user.version == upgrade.expected_version
                && user.hash == Hash::of(&upgrade.expected_hash)
        });
        let Some(user) = user else { return Ok(false) };
        user.hash = Hash::of(&upgrade.hash);
        let AuditRecord { at, action, outcome, .. } = &upgrade.audit;
        next.trail.push(format!("{at} {action} {outcome}"));
        self.save(&next).map_err(|error| StoreError::Failed(Box::new(error)))?;
        *table = next;
        Ok(true)
    }
}
