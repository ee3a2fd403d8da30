//! A users table that belongs to another application, as the stores of repass see it: which columns
//! are mapped, whether they fit, which [`AccountId`](repass_core::AccountId) a row has, and which
//! version its hash has. There is no SQL here; each store writes its own.
//!
//! ```
//! use repass_accounts_table::{AccountsTable, RealmOf};
//!
//! let table = AccountsTable {
//!     table: "users".parse()?,
//!     id: "id".parse()?,
//!     user_id: "login".parse()?,
//!     hash: "password_hash".parse()?,
//!     email: None,
//!     username: None,
//!     active: None,
//!     realm: RealmOf::All("shop".parse()?),
//! };
//! table.check()?;
//! assert_eq!(table.account_id("7").to_string(), "ebc66f4e-2d4e-89f7-85a5-45f8cc10eb19");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accounts;
mod fit;
mod identifier;
mod mapping;
mod name;
mod standing;

pub use accounts::{Accounts, AccountsMismatch};
pub use fit::{Column, ColumnKind, ColumnProblem, Fit};
pub use identifier::IdentifierKind;
pub use mapping::{AccountsTable, InvalidAccountsTable, RealmOf};
pub use name::{InvalidSqlName, SqlName, TableName};
pub use standing::{Fingerprint, Noted, Standing, fingerprint};
