//! The ports of [`repass_core`] on a SQLite file: one [`SqliteStore`] that is a
//! [`CredentialStore`](repass_core::CredentialStore), a [`TokenStore`](repass_core::TokenStore), a
//! [`KeyStore`](repass_core::KeyStore), an [`OutboxStore`](repass_core::OutboxStore) and an
//! [`AdministrationStore`](repass_core::AdministrationStore).
//!
//! The store makes no decisions: rules on attempts, passwords and tokens are the engine's. It never
//! sees a password or a token, only hashes and digests. It reads no configuration and no clock.
//!
//! The file is in write-ahead mode. One thread writes: it takes all calls that are waiting, runs each
//! in a savepoint, and commits them in one transaction, so that many callers share one sync of the
//! disk. A few other threads read. Several processes on one machine may use the same file, on a local
//! file system. A change is durable when its call returns, even if the power fails; a reserved attempt
//! survives the process, but perhaps not the power. Times are kept to the microsecond.
//!
//! All tables and indexes are named `repass_…`, so the file may be that of another application. The
//! accounts may be in a users table of that application: see [`AccountsTable`]. Then only their
//! hashes, and whether they are active, are written there.
//!
//! The store needs no particular runtime; futures of its methods may be dropped at any time. A call
//! whose future was dropped before the writer got to it is not made.
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
mod backup;
mod check;
mod commit;
mod connection;
mod credentials;
mod failure;
mod file;
mod hash_columns;
mod journal;
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
pub use open::{OpenError, SqliteOptions};
pub use repass_accounts_table::{
    Accounts, AccountsMismatch, AccountsTable, ColumnProblem, InvalidAccountsTable, InvalidSqlName,
    RealmOf, SqlName, TableName,
};
pub use store::SqliteStore;
