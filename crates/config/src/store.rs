//! `[store]` and `[store.accounts]`: the database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use repass_core::{ErrorChain, Plaintext};
use repass_store::{
    Accounts, AccountsTable, InvalidSqlName, RealmMapping, SqlName, Store, StoreOptions, TableName,
    read_installation_key,
};
use serde::Deserialize;

use super::KeyError;
use super::checked::timeout;
use super::raw::Seconds;

/// The database and how it is opened.
#[derive(Debug)]
pub struct StoreConfig {
    /// The URL, which may contain a password.
    pub url: Plaintext,
    /// Whether it is PostgreSQL.
    pub is_on_a_server: bool,
    /// The file of the installation key. `None`: beside the SQLite file.
    pub key_file: Option<PathBuf>,
    /// How the database is opened.
    pub options: StoreOptions,
}

/// The database.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    /// The database: `sqlite:///path/to/file` or `postgres://user:password@host/database`. A
    /// relative SQLite path starts at the working directory.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    url: Option<Plaintext>,
    /// The file of the installation key. Required with PostgreSQL, where all nodes share one key.
    /// Without it, the key is next to the SQLite file.
    key_file: Option<PathBuf>,
    /// Whether the server migrates the schema when it starts. If not, a database that is not up to
    /// date is refused. Default: `true`.
    migrate: Option<bool>,
    /// PostgreSQL: the schema of repass's tables. Default: `repass`.
    schema: Option<String>,
    /// PostgreSQL: the largest number of connections of this node. Default: `16`.
    connections: Option<usize>,
    /// PostgreSQL: the longest wait for a statement, a commit or a free connection. Default: `5s`.
    statement_timeout: Option<Seconds>,
    /// PostgreSQL: how long a connection may be unused before it is closed. Default: `5m`.
    idle_timeout: Option<Seconds>,
    /// PostgreSQL: how long a connection is used before it is replaced. Default: `30m`.
    max_lifetime: Option<Seconds>,
    accounts: Option<RawAccounts>,
}

/// A users table of your own application. Without this table repass keeps the accounts.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawAccounts {
    /// The table or updatable view that holds the users. On PostgreSQL it may name the schema, such
    /// as `public.users`.
    table: Option<String>,
    /// The column that identifies a row and never changes: an integer, UUID or text.
    id: Option<String>,
    /// The column of the user id in requests. Without it, `id` is used.
    user_id: Option<String>,
    /// The column of the password hash.
    hash: Option<String>,
    /// The column of the e-mail address. Sign-in by it wants an index on `lower(column)`, or on
    /// `realm_column` and `lower(column)`. SQLite folds ASCII letters only: other letters are found
    /// in lower case, in upper case, and in upper case at the start of words.
    email: Option<String>,
    /// The column of the user name. Sign-in by it wants an index, as by `email`.
    username: Option<String>,
    /// The column for whether an account is active: a boolean or a number. Without it, all accounts
    /// are active.
    active: Option<String>,
    /// The realm of all accounts; or set `realm_column`. Default: `default`.
    realm: Option<String>,
    /// The column of an account's realm.
    realm_column: Option<String>,
}

impl RawStore {
    /// Checks that the configured installation key can be read. The command line does so when it
    /// needs the key, since it can also create the file.
    pub(super) fn check_key(&self, folder: &Path) -> Result<(), KeyError> {
        let Some(file) = &self.key_file else { return Ok(()) };
        let read = read_installation_key(&folder.join(file)).map(drop);
        read.map_err(|error| KeyError::new("store.key_file", ErrorChain(&error)))
    }

    /// Checks the values. Relative paths are resolved against `folder`.
    pub(super) fn check(self, folder: &Path) -> Result<StoreConfig, KeyError> {
        let url = self.url.ok_or_else(|| {
            KeyError::new("store.url", "is required, such as sqlite:///var/lib/repass/repass.db")
        })?;
        Store::check_url(url.expose())
            .map_err(|error| KeyError::new("store.url", ErrorChain(&error)))?;
        let key_file = self.key_file.map(|file| folder.join(file));
        let on_a_server = !url.expose().to_ascii_lowercase().starts_with("sqlite:");
        if on_a_server && key_file.is_none() {
            let reason = "is required with PostgreSQL, where all nodes share one key";
            return Err(KeyError::new("store.key_file", reason));
        }
        let mut options = StoreOptions::default();
        let only_on_servers = [
            ("store.schema", self.schema.is_some()),
            ("store.connections", self.connections.is_some()),
            ("store.statement_timeout", self.statement_timeout.is_some()),
            ("store.idle_timeout", self.idle_timeout.is_some()),
            ("store.max_lifetime", self.max_lifetime.is_some()),
        ];
        if let Some((key, _)) = only_on_servers.iter().find(|(_, given)| *given && !on_a_server) {
            return Err(KeyError::new(
                *key,
                "is for PostgreSQL only; remove it for an SQLite file",
            ));
        }
        options.migrate = self.migrate.unwrap_or(options.migrate);
        options.schema = self.schema.map(|schema| name("store.schema", &schema)).transpose()?;
        options.connections = match self.connections {
            Some(value) if !(1..=1000).contains(&value) => {
                return Err(KeyError::new("store.connections", "must be 1 to 1000"));
            }
            value => value,
        };
        let given = |key: &str, value: Option<Seconds>| -> Result<Option<Duration>, KeyError> {
            value.map(|value| timeout(key, Some(value), Duration::ZERO)).transpose()
        };
        options.statement_timeout = given("store.statement_timeout", self.statement_timeout)?;
        options.idle_timeout = given("store.idle_timeout", self.idle_timeout)?;
        options.max_lifetime = given("store.max_lifetime", self.max_lifetime)?;
        options.accounts = match self.accounts {
            None => Accounts::Own,
            Some(accounts) => Accounts::Mapped(accounts.check(on_a_server)?),
        };
        Ok(StoreConfig { url, is_on_a_server: on_a_server, key_file, options })
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
        if !on_a_server && table.schema().is_some() {
            return Err(KeyError::new("store.accounts.table", "SQLite has no schemas"));
        }
        let id = required("id", self.id)?;
        let realm = match (self.realm, self.realm_column) {
            (Some(_), Some(_)) => {
                let reason = "set either this or realm_column";
                return Err(KeyError::new("store.accounts.realm", reason));
            }
            (None, Some(column)) => RealmMapping::Column(required("realm_column", Some(column))?),
            (realm, None) => {
                let realm = realm.as_deref().unwrap_or("default").parse();
                let realm = realm.map_err(|error| KeyError::new("store.accounts.realm", error))?;
                RealmMapping::All(realm)
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
