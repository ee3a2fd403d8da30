//! Opens a SQLite or PostgreSQL database by its URL, with its installation key, for programs that
//! support both. Programs that support only one use [`repass_store_sqlite`] or
//! [`repass_store_postgres`].
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use repass_core::{Subject, SystemRandomness};
//! use repass_store::{Store, StoreOptions};
//!
//! let folder = tempfile::tempdir()?;
//! let url = Store::file_url(&folder.path().join("repass.db"))?;
//!
//! let store = Store::open(&url, &StoreOptions::default()).await?;
//! let key = store.installation_key(None, &SystemRandomness).await?;
//! assert!(key.created, "a new key is created for a new database");
//! assert_eq!(store.ports().find(&Subject::new("shop".parse()?, "pat")).await?, None);
//! store.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod database_url;
mod installation_key;
mod open;
mod secret_file;
mod store;

pub use installation_key::{KeyFileError, LoadedKey, read_installation_key};
pub use open::{OpenError, StoreOptions};
pub use repass_accounts_table::{
    Accounts, AccountsTable, ColumnProblem, InvalidAccountsTable, InvalidSqlName, RealmMapping,
    SqlName, TableName,
};
pub use repass_store_sqlite::BackupError as FileBackupError;
pub use secret_file::{SecretFileError, read_secret_file};
pub use store::{BackupError, Store};
