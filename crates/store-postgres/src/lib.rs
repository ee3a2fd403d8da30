#![doc = include_str!("../README.md")]

mod accounts_source;
mod administration;
mod attempts;
mod audit;
mod change;
mod commit;
mod connections;
mod credentials;
mod failure;
mod functions;
mod mapped;
mod migrations;
mod open;
mod outbox;
mod password_file;
mod privileges;
mod query;
mod readiness;
mod retry;
mod row;
mod server_url;
mod store;
mod tls;
mod tokens;
mod transaction;

pub use deadpool_postgres;
pub use open::{OpenError, PostgresOptions};
pub use repass_accounts_table::{
    Accounts, AccountsMismatch, AccountsTable, ColumnProblem, InvalidAccountsTable, InvalidSqlName,
    RealmMapping, SqlName, TableName,
};
pub use store::PostgresStore;
pub use tls::InvalidCertificate;
