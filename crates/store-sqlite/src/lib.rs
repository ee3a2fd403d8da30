//! SQLite store for [`repass_core`]: [`SqliteStore`] implements
//! [`CredentialStore`](repass_core::CredentialStore), [`TokenStore`](repass_core::TokenStore),
//! [`KeyStore`](repass_core::KeyStore), [`OutboxStore`](repass_core::OutboxStore) and
//! [`AdministrationStore`](repass_core::AdministrationStore).
//!
//! The engine decides about attempts, passwords and tokens. The store never sees a password or a
//! token, only hashes and digests. It reads neither configuration nor clock.
//!
//! The file is in write-ahead mode. One thread writes: it takes all waiting calls, runs each in a
//! savepoint, and commits them in one transaction, so that many callers share one sync of the disk.
//! A few other threads read. Several processes on one machine may use the same file, on a local
//! file system. A change is durable when its call returns, even after a power failure. An attempt
//! that changes nothing, such as a sign-in, survives the end of the process with its audit record,
//! but may be lost in a power failure. Times have microsecond precision.
//!
//! All tables and indexes are named `repass_…`, so the file may belong to another application. The
//! accounts may be in a users table of that application; see [`AccountsTable`]. The store then
//! writes only the columns of the hash and of the active flag.
//!
//! The store works with any async runtime, and futures of its methods may be dropped at any time. A
//! call whose future is dropped before the writer runs it has no effect.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use repass_core::{CredentialStore, Subject};
//! use repass_store_sqlite::{SqliteOptions, SqliteStore};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("repass.db");
//!
//! let store = SqliteStore::open(&path, &SqliteOptions::default()).await?;
//! assert_eq!(store.find(&Subject::new("shop".parse()?, "pat")).await?, None);
//! store.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod accounts;
mod administration;
mod attempts;
mod audit_and_events;
mod backup;
mod check;
mod commit;
mod connection;
mod credentials;
mod failure;
mod file;
mod hash_columns;
mod key_checks;
mod open;
mod outbox;
mod prune;
mod queue;
mod readers;
mod readiness;
mod rehash;
mod row;
mod schema;
mod store;
mod tokens;
mod writer;

pub use backup::BackupError;
pub use check::Finding;
pub use file::Access;
pub use open::{OpenError, SqliteOptions};
pub use repass_accounts_table::{
    Accounts, AccountsMismatch, AccountsTable, ColumnProblem, InvalidAccountsTable, InvalidSqlName,
    RealmMapping, SqlName, TableName,
};
pub use store::SqliteStore;
