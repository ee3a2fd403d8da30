//! The ports of [`repass_core`] on SQL: one [`SqlStore`] that is a
//! [`CredentialStore`](repass_core::CredentialStore), a [`TokenStore`](repass_core::TokenStore), a
//! [`KeyStore`](repass_core::KeyStore), an [`OutboxStore`](repass_core::OutboxStore) and an
//! [`AdministrationStore`](repass_core::AdministrationStore).
//!
//! It keeps the schema up to date by itself. It decides nothing: rules on attempts, passwords and
//! tokens are the engine's. It never sees a password or a token, only hashes and digests. It reads
//! no configuration and asks no clock.
//!
//! The database is a SQLite file or stands on a PostgreSQL server; the SQL is written once, and
//! what the two spell differently has one place. A SQLite file is in write-ahead mode, and synced
//! to the disk with every transaction; several processes of one machine may use the same file.
//! Any number of nodes may use the same PostgreSQL database. What that undoes because two met, and
//! connections that it loses, are tried again a few times; a commit whose answer is lost is looked
//! up, never made twice. Moments are kept to the microsecond; what is finer is cut off.
//!
//! The accounts may stand in a users table of another application's, in the same database: see
//! [`AccountsTable`]. Then only their hashes, and whether they are active, are written there.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use repass_core::{CredentialStore, Subject};
//! use repass_store::SqlStore;
//!
//! let folder = tempfile::tempdir()?;
//! let url = format!("sqlite://{}", folder.path().join("repass.db").display());
//!
//! let store = SqlStore::open(&url).await?;
//! assert_eq!(store.find(&Subject::new("shop".parse()?, "pat")).await?, None);
//! store.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod accounts_source;
mod accounts_table;
mod administration;
mod attempts;
mod commit;
mod connections;
mod credentials;
mod database_url;
mod dialect;
mod effect;
mod failure;
mod foreign_account;
mod foreign_credential;
mod foreign_table;
mod hash_columns;
mod installation_key;
mod journal;
mod open;
mod outbox;
mod procedure;
mod readiness;
mod retry;
mod row;
mod store;
mod tokens;
mod transaction;
mod upgrade;

pub use accounts_table::{
    AccountsTable, InvalidAccountsTable, InvalidSqlName, RealmOf, SqlName, TableName,
};
pub use installation_key::{KeyFileError, LoadedKey, load_installation_key};
pub use open::{Accounts, ColumnProblem, OpenError, StoreOptions};
pub use store::SqlStore;
