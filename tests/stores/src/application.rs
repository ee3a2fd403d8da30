//! Another application with a users table, on both databases.

use std::sync::Arc;

use async_trait::async_trait;
use repass_accounts_table::{Accounts, AccountsMismatch, AccountsTable, RealmMapping, SqlName};
use repass_core::{AccountId, AdministrationStore, Realm, Subject};
use uuid::Uuid;

/// The application's database, and stores in the same database.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Returns whether the database is PostgreSQL; otherwise it is SQLite.
    fn is_postgres(&self) -> bool;

    /// Returns the prefix of the names of repass's own tables.
    fn prefix(&self) -> &'static str {
        if self.is_postgres() { "repass." } else { "repass_" }
    }

    /// Runs statements, and returns the number of rows that the last one changed.
    async fn execute(&self, statements: &str) -> u64;

    /// Returns the rows of a query as text.
    async fn rows(&self, select: &str) -> Vec<Vec<Option<String>>>;

    /// Opens a store.
    async fn open(
        &self,
        accounts: Accounts,
    ) -> Result<Arc<dyn AdministrationStore>, AccountsMismatch>;
}

/// The application with its users.
#[derive(Clone)]
pub struct Application(Arc<dyn Backend>);

/// Ids are UUIDs. A trigger counts the updates of a row.
const SQLITE: &str = "
    CREATE TABLE users (
        id      TEXT NOT NULL PRIMARY KEY,
        tenant  TEXT,
        login   TEXT,
        mail    TEXT,
        nick    TEXT,
        pw      TEXT,
        enabled BOOLEAN DEFAULT 1,
        note    TEXT NOT NULL DEFAULT 'theirs',
        touched INTEGER NOT NULL DEFAULT 0,
        UNIQUE (tenant, login)
    );
    CREATE TABLE diary (entry TEXT NOT NULL);
    CREATE TRIGGER touch AFTER UPDATE OF pw, enabled ON users BEGIN
        UPDATE users SET touched = touched + 1 WHERE id = NEW.id;
        INSERT INTO diary (entry) VALUES (NEW.id);
    END";

/// The table `audit` has the name of a table of repass; the trigger writes to the application's
/// table.
const POSTGRES: &str = "
    CREATE TABLE users (
        id      UUID NOT NULL PRIMARY KEY,
        tenant  VARCHAR(64),
        login   VARCHAR(400),
        mail    TEXT,
        nick    TEXT,
        pw      VARCHAR(255),
        enabled BOOLEAN DEFAULT TRUE,
        note    TEXT NOT NULL DEFAULT 'theirs',
        touched BIGINT NOT NULL DEFAULT 0,
        UNIQUE (tenant, login)
    );
    CREATE TABLE diary (entry TEXT NOT NULL);
    CREATE TABLE audit (entry TEXT NOT NULL);
    CREATE FUNCTION touch() RETURNS TRIGGER AS $$ BEGIN
        NEW.touched := OLD.touched + 1;
        INSERT INTO diary (entry) VALUES (NEW.id);
        RETURN NEW;
    END $$ LANGUAGE plpgsql;
    CREATE TRIGGER touch BEFORE UPDATE OF pw, enabled ON users
        FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE FUNCTION remember() RETURNS TRIGGER AS $$ BEGIN
        INSERT INTO audit (entry) VALUES (NEW.id);
        RETURN NULL;
    END $$ LANGUAGE plpgsql;
    CREATE CONSTRAINT TRIGGER remember AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION remember()";

/// A row of the users table.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) tenant: String,
    pub(crate) login: String,
    pub(crate) mail: Option<String>,
    pub(crate) nick: Option<String>,
    pub(crate) pw: Option<String>,
    pub(crate) enabled: bool,
}

impl User {
    /// Returns a user with a random tenant.
    pub(crate) fn new(pw: &str) -> Self {
        let id = repass_testkit::fixtures::uuid();
        Self {
            id,
            tenant: format!("tenant-{}", id.simple()),
            login: "pat".to_owned(),
            mail: Some("pat@example.org".to_owned()),
            nick: Some("Pat".to_owned()),
            pw: Some(pw.to_owned()),
            enabled: true,
        }
    }

    pub(crate) fn account(&self) -> AccountId {
        AccountId(self.id)
    }

    pub(crate) fn realm(&self) -> Realm {
        self.tenant.parse().unwrap()
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject::new(self.realm(), self.login.as_str())
    }
}

pub(crate) fn name(text: &str) -> SqlName {
    text.parse().unwrap()
}

/// Returns the mapping of the users table.
pub(crate) fn users() -> AccountsTable {
    AccountsTable {
        table: "users".parse().unwrap(),
        id: name("id"),
        user_id: name("login"),
        hash: name("pw"),
        email: Some(name("mail")),
        username: Some(name("nick")),
        active: Some(name("enabled")),
        realm: RealmMapping::Column(name("tenant")),
    }
}

impl Application {
    /// Creates an application on an empty database.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self(Arc::new(backend))
    }

    /// Creates the users table.
    pub(crate) async fn with_users(self) -> Self {
        self.execute(if self.is_postgres() { POSTGRES } else { SQLITE }).await;
        self
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.0.is_postgres()
    }

    /// Returns the name of one of repass's own tables.
    pub(crate) fn own_table(&self, table: &str) -> String {
        format!("{}{table}", self.0.prefix())
    }

    pub(crate) async fn execute(&self, statements: &str) -> u64 {
        self.0.execute(statements).await
    }

    pub(crate) async fn rows(&self, select: &str) -> Vec<Vec<Option<String>>> {
        self.0.rows(select).await
    }

    /// Returns the number of rows of a table with an optional condition.
    pub(crate) async fn count(&self, what: &str) -> i64 {
        let rows = self.rows(&format!("SELECT COUNT(*) FROM {what}")).await;
        rows[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// Returns whether repass has created its tables.
    pub(crate) async fn has_own_tables(&self) -> bool {
        let table = if self.is_postgres() {
            "information_schema.tables WHERE table_name = 'password_history'"
        } else {
            "sqlite_schema WHERE name = 'repass_password_history'"
        };
        self.count(table).await > 0
    }

    /// Opens a store with the users table.
    pub(crate) async fn open(&self) -> Arc<dyn AdministrationStore> {
        self.open_mapped(users()).await
    }

    pub(crate) async fn open_mapped(&self, table: AccountsTable) -> Arc<dyn AdministrationStore> {
        self.try_open(Accounts::Mapped(table)).await.unwrap()
    }

    pub(crate) async fn try_open(
        &self,
        accounts: Accounts,
    ) -> Result<Arc<dyn AdministrationStore>, AccountsMismatch> {
        self.0.open(accounts).await
    }

    /// Inserts a user. Returns `false` if the tenant has a user with this login.
    pub(crate) async fn insert(&self, user: &User) -> bool {
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let optional = |value: &Option<String>| value.as_deref().map_or("NULL".to_owned(), text);
        let insert = format!(
            "INSERT INTO users (id, tenant, login, mail, nick, pw, enabled)
             VALUES ('{}', {}, {}, {}, {}, {}, {}) ON CONFLICT (tenant, login) DO NOTHING",
            user.id,
            text(&user.tenant),
            text(&user.login),
            optional(&user.mail),
            optional(&user.nick),
            optional(&user.pw),
            if user.enabled { "TRUE" } else { "FALSE" },
        );
        self.execute(&insert).await == 1
    }

    pub(crate) async fn set_pw(&self, user: &User, pw: Option<&str>) {
        let pw = pw.map_or("NULL".to_owned(), |pw| format!("'{pw}'"));
        self.execute(&format!("UPDATE users SET pw = {pw} WHERE id = '{}'", user.id)).await;
    }

    pub(crate) async fn pw(&self, user: &User) -> Option<String> {
        let select = format!("SELECT pw FROM users WHERE id = '{}'", user.id);
        self.rows(&select).await.remove(0).remove(0)
    }

    /// Returns the columns of the users table that neither repass nor the trigger writes.
    pub(crate) async fn unmapped_columns(&self) -> Vec<Vec<Option<String>>> {
        let select = "SELECT CAST(id AS TEXT), tenant, login, mail, nick, note FROM users
                      ORDER BY id";
        self.rows(select).await
    }
}
