//! Mapping of a users table that belongs to another application: the mapped columns, checks of
//! their types, the [`AccountId`](repass_core::AccountId) of a row, and the version of its hash.
//! This crate contains no SQL; each store has its own.
//!
//! ```
//! use repass_accounts_table::{AccountsTable, RealmMapping};
//!
//! let table = AccountsTable {
//!     table: "users".parse()?,
//!     id: "id".parse()?,
//!     user_id: "login".parse()?,
//!     hash: "password_hash".parse()?,
//!     email: None,
//!     username: None,
//!     active: None,
//!     realm: RealmMapping::All("shop".parse()?),
//! };
//! table.check()?;
//! assert_eq!(table.account_id("7").to_string(), "ebc66f4e-2d4e-89f7-85a5-45f8cc10eb19");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accounts;
mod columns;
mod identifier;
mod mapped_credential;
mod mapping;
mod name;
mod sign_in_name;

pub use accounts::{Accounts, AccountsMismatch};
pub use columns::{Column, ColumnKind, ColumnProblem, ColumnTypes};
pub use identifier::IdentifierKind;
pub use mapped_credential::{Fingerprint, MappedCredential, RecordedCredential, fingerprint};
pub use mapping::{AccountsTable, InvalidAccountsTable, RealmMapping};
pub use name::{InvalidSqlName, SqlName, TableName};
pub use sign_in_name::{MAX_NAME_CANDIDATES, is_named, lowered_spellings};
