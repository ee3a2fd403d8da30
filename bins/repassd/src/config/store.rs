//! Where data is kept, and where the accounts stand.

use std::path::{Path, PathBuf};

use repass_core::{ErrorChain, Plaintext, SystemRandomness};
use repass_store::{
    Accounts, AccountsTable, InvalidSqlName, RealmOf, SqlName, SqlStore, StoreOptions, TableName,
    load_installation_key,
};
use serde::Deserialize;

use super::KeyError;

/// The database and how it is opened.
#[derive(Debug)]
pub(crate) struct StoreConfig {
    pub(crate) url: Plaintext,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) options: StoreOptions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    /// Secret, since it may hold the database's password.
    url: Option<Plaintext>,
    key_file: Option<PathBuf>,
    schema: Option<String>,
    accounts: Option<RawAccounts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccounts {
    table: Option<String>,
    id: Option<String>,
    user_id: Option<String>,
    hash: Option<String>,
    email: Option<String>,
    username: Option<String>,
    active: Option<String>,
    realm: Option<String>,
    realm_column: Option<String>,
}

/// Where repass keeps its own tables beside an application's, unless told otherwise.
const SCHEMA_BESIDE_OTHERS: &str = "repass";

impl RawStore {
    /// `folder` is where relative paths start.
    pub(super) fn check(self, folder: &Path) -> Result<StoreConfig, KeyError> {
        let url = self.url.ok_or_else(|| {
            KeyError::new("store.url", "is required, such as sqlite:///var/lib/repass/repass.db")
        })?;
        SqlStore::check_url(url.expose())
            .map_err(|error| KeyError::new("store.url", ErrorChain(&error)))?;
        let key_file = self.key_file.map(|file| folder.join(file));
        let on_a_server = !url.expose().to_ascii_lowercase().starts_with("sqlite:");
        if on_a_server && key_file.is_none() {
            let reason = "is required with a database on a server: all nodes share one key";
            return Err(KeyError::new("store.key_file", reason));
        }
        if let Some(file) = &key_file {
            load_installation_key(url.expose(), Some(file), &SystemRandomness)
                .map_err(|error| KeyError::new("store.key_file", ErrorChain(&error)))?;
        }
        let beside_others = self.accounts.as_ref().map(|_| SCHEMA_BESIDE_OTHERS);
        let schema = match (self.schema.as_deref(), on_a_server) {
            (Some(_), false) => return Err(KeyError::new("store.schema", "SQLite has no schemas")),
            (None, false) => None,
            (wish, true) => wish.or(beside_others),
        };
        let schema = schema.map(|schema| name("store.schema", schema)).transpose()?;
        let accounts = match self.accounts {
            None => Accounts::Own,
            Some(accounts) => Accounts::In(accounts.check(on_a_server)?),
        };
        Ok(StoreConfig { url, key_file, options: StoreOptions { schema, accounts } })
    }
}

impl RawAccounts {
    fn check(self, on_a_server: bool) -> Result<AccountsTable, KeyError> {
        let required = |member: &str, column: Option<String>| {
            let key = format!("store.accounts.{member}");
            match column {
                None => Err(KeyError::new(key, "is required")),
                Some(column) => name(&key, &column),
            }
        };
        let optional = |member: &str, column: Option<String>| {
            column.map(|column| required(member, Some(column))).transpose()
        };
        let table = self.table.ok_or_else(|| {
            KeyError::new("store.accounts.table", "is required, such as users or public.users")
        })?;
        let table: TableName = table.parse().map_err(|error: InvalidSqlName| {
            KeyError::new("store.accounts.table", format!("schema and table each {error}"))
        })?;
        if !on_a_server && table.has_schema() {
            return Err(KeyError::new("store.accounts.table", "SQLite has no schemas"));
        }
        let id = required("id", self.id)?;
        let realm = match (self.realm, self.realm_column) {
            (Some(_), Some(_)) => {
                let reason = "give either this or realm_column";
                return Err(KeyError::new("store.accounts.realm", reason));
            }
            (None, Some(column)) => RealmOf::Column(required("realm_column", Some(column))?),
            (realm, None) => {
                let realm = realm.as_deref().unwrap_or("default").parse();
                let realm = realm.map_err(|error| KeyError::new("store.accounts.realm", error))?;
                RealmOf::All(realm)
            }
        };
        let table = AccountsTable {
            table,
            user_id: optional("user_id", self.user_id)?.unwrap_or_else(|| id.clone()),
            id,
            hash: required("hash", self.hash)?,
            email: optional("email", self.email)?,
            username: optional("username", self.username)?,
            active: optional("active", self.active)?,
            realm,
        };
        table.check().map_err(|invalid| {
            KeyError::new(format!("store.accounts.{}", invalid.member), invalid.to_string())
        })?;
        Ok(table)
    }
}

fn name(key: &str, text: &str) -> Result<SqlName, KeyError> {
    text.parse().map_err(|error| KeyError::new(key, error))
}
