//! A database in a temporary folder, and test data.

use std::path::PathBuf;

use repass_core::{
    Account, AccountId, AdministrationStore, AuditRecord, CredentialStore, HashedPassword, Subject,
};
use repass_store_sqlite::{OpenError, SqliteOptions, SqliteStore};
use repass_testkit::fixtures;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct Database {
    pub(crate) folder: TempDir,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("repass.db")
    }

    pub(crate) async fn try_open(&self) -> Result<SqliteStore, OpenError> {
        SqliteStore::open(self.path(), &SqliteOptions::default()).await
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        self.try_open().await.unwrap()
    }

    /// Opens a direct connection to the file.
    pub(crate) fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

pub(crate) fn account(number: u128) -> Account {
    let account = fixtures::account(&"shop".parse().unwrap(), &format!("user-{number}"));
    fixtures::with(account, |it| it.id = AccountId(Uuid::from_u128(number)))
}

pub(crate) fn audit(number: u128) -> AuditRecord {
    let record = fixtures::audit(&account(number), "account.add");
    AuditRecord { id: Uuid::from_u128(number), account: None, ..record }
}

pub(crate) async fn try_add(
    store: &SqliteStore,
    number: u128,
) -> Result<(), repass_core::AccountError> {
    let hash = HashedPassword::from_stored("$argon2id$the-tag");
    store.add_account(&account(number), Some(&hash), &audit(number)).await
}

pub(crate) async fn add(store: &SqliteStore, number: u128) {
    try_add(store, number).await.unwrap();
}

pub(crate) fn subject(number: u128) -> Subject {
    Subject::new("shop".parse().unwrap(), format!("user-{number}"))
}

pub(crate) async fn has(store: &SqliteStore, number: u128) -> bool {
    store.find(&subject(number)).await.unwrap().is_some()
}

/// Formats the error and all its causes.
pub(crate) fn printed(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| format!("{error} {error:?} ")).collect()
}
