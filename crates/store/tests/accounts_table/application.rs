//! Another application with a users table, on either database.

use repass_core::{AccountId, Realm, Subject};
use repass_store::{Accounts, AccountsTable, RealmOf, SqlName, SqlStore, StoreOptions};
use sqlx::any::{AnyPoolOptions, AnyRow, install_default_drivers};
use sqlx::{AnyPool, AssertSqlSafe, Executor, Row};
use uuid::Uuid;

/// The application's own connections, and what it keeps.
pub(crate) struct Application {
    pub(crate) url: String,
    pub(crate) pool: AnyPool,
}

/// Ids are UUIDs, and a trigger of the application's counts the updates of a row.
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

/// `audit` is called as a table of repass's; the trigger means the application's.
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

/// A user, as the application has it.
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
    /// The only one of a tenant of its own.
    pub(crate) fn new(pw: &str) -> Self {
        let id = repass_core::random_uuid(&repass_core::SystemRandomness).unwrap();
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

/// The mapping of the application's table.
pub(crate) fn users() -> AccountsTable {
    AccountsTable {
        table: "users".parse().unwrap(),
        id: name("id"),
        user_id: name("login"),
        hash: name("pw"),
        email: Some(name("mail")),
        username: Some(name("nick")),
        active: Some(name("enabled")),
        realm: RealmOf::Column(name("tenant")),
    }
}

impl Application {
    /// With its table of users in a new database.
    pub(crate) async fn start(url: String) -> Self {
        let application = Self::bare(url).await;
        let tables = if application.is_postgres() { POSTGRES } else { SQLITE };
        application.execute(tables).await;
        application
    }

    /// Without any table.
    pub(crate) async fn bare(url: String) -> Self {
        install_default_drivers();
        // The user of the tests is called as repass's schema is, so it would come first.
        let session = if url.starts_with("postgres") { "SET search_path TO public" } else { "" };
        let pool = AnyPoolOptions::new().max_connections(4).after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(session).await.map(drop) })
        });
        let pool = pool.connect(&url).await.unwrap();
        Self { url, pool }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// In a schema of repass's own, where there are schemas.
    pub(crate) fn options(&self, accounts: Accounts) -> StoreOptions {
        StoreOptions { schema: self.is_postgres().then(|| name("repass")), accounts }
    }

    pub(crate) async fn open(&self) -> SqlStore {
        self.open_on(users()).await
    }

    pub(crate) async fn open_on(&self, table: AccountsTable) -> SqlStore {
        SqlStore::open_with(&self.url, &self.options(Accounts::In(table))).await.unwrap()
    }

    pub(crate) async fn execute(&self, statements: &str) {
        self.pool.execute(AssertSqlSafe(statements.to_owned())).await.unwrap();
    }

    pub(crate) async fn rows(&self, select: &str) -> Vec<AnyRow> {
        self.pool.fetch_all(AssertSqlSafe(select.to_owned())).await.unwrap()
    }

    pub(crate) async fn count(&self, what: &str) -> i64 {
        self.rows(&format!("SELECT COUNT(*) AS n FROM {what}")).await[0].get("n")
    }

    /// Whether there was no such user.
    pub(crate) async fn insert(&self, user: &User) -> bool {
        let id = if self.is_postgres() { "CAST($1 AS UUID)" } else { "$1" };
        let insert = format!(
            "INSERT INTO users (id, tenant, login, mail, nick, pw, enabled)
             VALUES ({id}, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, login) DO NOTHING"
        );
        let insert = sqlx::query(AssertSqlSafe(insert))
            .bind(user.id.to_string())
            .bind(user.tenant.clone())
            .bind(user.login.clone())
            .bind(user.mail.clone())
            .bind(user.nick.clone())
            .bind(user.pw.clone())
            .bind(user.enabled);
        insert.execute(&self.pool).await.unwrap().rows_affected() == 1
    }

    pub(crate) async fn set_pw(&self, user: &User, pw: Option<&str>) {
        let pw = pw.map_or("NULL".to_owned(), |pw| format!("'{pw}'"));
        self.execute(&format!("UPDATE users SET pw = {pw} WHERE id = '{}'", user.id)).await;
    }

    pub(crate) async fn pw(&self, user: &User) -> Option<String> {
        let select = format!("SELECT pw FROM users WHERE id = '{}'", user.id);
        self.rows(&select).await[0].get("pw")
    }

    /// Everything in the users' table but `pw`, `enabled` and what the trigger writes, in order.
    pub(crate) async fn untouched(&self) -> Vec<String> {
        let select = "SELECT CAST(id AS TEXT) AS id, tenant, login, mail, nick, note FROM users
                      ORDER BY id";
        let row = |row: &AnyRow| {
            let text = |column: &str| row.get::<Option<String>, _>(column);
            ["id", "tenant", "login", "mail", "nick", "note"]
                .map(text)
                .map(|text| format!("{text:?}"))
        };
        self.rows(select).await.iter().map(|found| row(found).join(" ")).collect()
    }
}
