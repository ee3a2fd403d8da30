//! The schema of repass's own tables and its migrations.

use repass_core::StoreError;

use crate::connections::{Connections, Reply};
use crate::failure::Failure;
use crate::functions;
use crate::query::Query;
use crate::row::get;

/// A schema version.
struct Migration {
    version: i64,
    name: &'static str,
    /// Statements, run one by one, since not every server accepts several in one message.
    steps: &'static [&'static str],
}

/// The version of the row that a node locks while it migrates.
const LOCK: i64 = 0;

const MIGRATIONS: &[Migration] = &[Migration { version: 1, name: "initial", steps: INITIAL }];

/// Texts are compared for equality only, since their order depends on the collation of the
/// database. Request data is `json`, which is stored unchanged and allows U+0000, unlike `jsonb`.
const INITIAL: &[&str] = &[
    // Either an account with its credential, or a reference to an account in the mapped table, by
    // its id there. A mapped account has a row once something was written about it.
    "CREATE TABLE @accounts (
        id            UUID        NOT NULL PRIMARY KEY,
        realm         TEXT,
        user_id       TEXT,
        mapped_id     TEXT,
        email         TEXT,
        username      TEXT,
        -- The forms in which e-mail addresses and user names are compared. Several accounts may
        -- have the same one.
        email_key     TEXT,
        username_key  TEXT,
        profile       JSON        NOT NULL DEFAULT '{}',
        active        BOOLEAN     NOT NULL DEFAULT TRUE,
        created_at    TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
        updated_at    TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
        -- Access tokens issued up to this time are revoked, even if they are written later, except for
        -- kept_token.
        valid_after   TIMESTAMPTZ,
        kept_token    UUID,
        hash          TEXT,
        normalization TEXT,
        pepper        TEXT,
        version       BIGINT      CHECK (version >= 1),
        changed_at    TIMESTAMPTZ,
        -- The number of the last event of the account.
        events        BIGINT      NOT NULL DEFAULT 0,
        -- The sort key of lists: the bytes of realm and user_id. Its index is not unique, since a
        -- concurrent INSERT ... ON CONFLICT (realm, user_id) fails if it meets a conflict there first.
        list_key      BYTEA,
        UNIQUE (realm, user_id),
        CHECK ((realm IS NULL) = (user_id IS NULL)),
        CHECK ((realm IS NULL) = (mapped_id IS NOT NULL)),
        CHECK ((realm IS NULL) = (list_key IS NULL)),
        CHECK ((email IS NULL) = (email_key IS NULL)),
        CHECK ((username IS NULL) = (username_key IS NULL)),
        CHECK ((hash IS NULL) = (version IS NULL)),
        CHECK ((hash IS NULL) = (normalization IS NULL)),
        CHECK ((hash IS NULL) = (changed_at IS NULL)),
        CHECK (hash IS NULL OR mapped_id IS NULL)
    ) WITH (fillfactor = 80)",
    "CREATE INDEX accounts_by_list_key ON @accounts (list_key)",
    "CREATE UNIQUE INDEX accounts_by_mapped_id ON @accounts (mapped_id)
     WHERE mapped_id IS NOT NULL",
    "CREATE INDEX accounts_by_email ON @accounts (realm, email_key) WHERE email_key IS NOT NULL",
    "CREATE INDEX accounts_by_username ON @accounts (realm, username_key)
     WHERE username_key IS NOT NULL",
    "CREATE INDEX accounts_by_pepper ON @accounts (pepper) WHERE pepper IS NOT NULL",
    // Metadata of the hash of a mapped account; the hash itself is in the mapped table. The
    // fingerprint is the SHA-256 of the hash that repass wrote: another hash was set by the
    // application.
    "CREATE TABLE @mapped_credentials (
        account       UUID        NOT NULL PRIMARY KEY REFERENCES @accounts (id) ON DELETE CASCADE,
        fingerprint   BYTEA       NOT NULL CHECK (length(fingerprint) = 32),
        normalization TEXT        NOT NULL,
        pepper        TEXT,
        version       BIGINT      NOT NULL CHECK (version >= 1),
        changed_at    TIMESTAMPTZ NOT NULL
    ) WITH (fillfactor = 80)",
    // Earlier hashes with their versions.
    "CREATE TABLE @password_history (
        account       UUID   NOT NULL REFERENCES @accounts (id) ON DELETE CASCADE,
        version       BIGINT NOT NULL,
        hash          TEXT   NOT NULL,
        normalization TEXT   NOT NULL,
        pepper        TEXT,
        PRIMARY KEY (account, version)
    )",
    "CREATE INDEX password_history_by_pepper ON @password_history (pepper)
     WHERE pepper IS NOT NULL",
    // No foreign key: unknown identifiers have rows too.
    "CREATE TABLE @attempts (
        key                   BYTEA  NOT NULL PRIMARY KEY CHECK (length(key) = 32),
        failures              BIGINT NOT NULL CHECK (failures >= 0),
        password_locked_until TIMESTAMPTZ,
        reset_locked_until    TIMESTAMPTZ,
        expires_at            TIMESTAMPTZ
    ) WITH (fillfactor = 50)",
    "CREATE INDEX attempts_by_expiry ON @attempts (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE TABLE @reset_tokens (
        digest     BYTEA       NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
        account    UUID        NOT NULL REFERENCES @accounts (id) ON DELETE CASCADE,
        issued_at  TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        spent_at   TIMESTAMPTZ
    )",
    "CREATE INDEX reset_tokens_by_account ON @reset_tokens (account)",
    "CREATE INDEX reset_tokens_by_expiry ON @reset_tokens (expires_at)",
    "CREATE TABLE @access_tokens (
        id         UUID        NOT NULL PRIMARY KEY,
        account    UUID        NOT NULL REFERENCES @accounts (id) ON DELETE CASCADE,
        roles      TEXT[]      NOT NULL,
        digest     BYTEA       NOT NULL UNIQUE CHECK (length(digest) = 32),
        issued_at  TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        revoked_at TIMESTAMPTZ,
        ip_address   TEXT,
        user_agent   TEXT,
        last_used_at TIMESTAMPTZ
    )",
    "CREATE INDEX access_tokens_by_account ON @access_tokens (account)",
    "CREATE INDEX access_tokens_by_end ON @access_tokens
     (LEAST(expires_at, COALESCE(revoked_at, expires_at)))",
    "CREATE TABLE @keys (
        id         UUID        NOT NULL PRIMARY KEY,
        realm      TEXT        NOT NULL,
        kind       TEXT        NOT NULL,
        name       TEXT        NOT NULL,
        scopes     TEXT[]      NOT NULL,
        all_realms BOOLEAN     NOT NULL,
        digest     BYTEA       NOT NULL UNIQUE CHECK (length(digest) = 32),
        created_at TIMESTAMPTZ NOT NULL,
        revoked_at TIMESTAMPTZ
    )",
    "CREATE TABLE @one_time_passwords (
        account         UUID  NOT NULL PRIMARY KEY REFERENCES @accounts (id) ON DELETE CASCADE,
        sealed_secret   BYTEA,
        last_step       BIGINT,
        code_digest     BYTEA CHECK (length(code_digest) = 32),
        code_expires_at TIMESTAMPTZ,
        CHECK ((code_digest IS NULL) = (code_expires_at IS NULL))
    )",
    // No foreign key: records remain when their account is deleted.
    "CREATE TABLE @audit (
        id      UUID        NOT NULL PRIMARY KEY,
        at      TIMESTAMPTZ NOT NULL,
        realm   TEXT        NOT NULL,
        account UUID,
        action  TEXT        NOT NULL,
        outcome TEXT        NOT NULL,
        detail  TEXT,
        caller  TEXT        NOT NULL,
        context JSON        NOT NULL
    )",
    "CREATE INDEX audit_by_time ON @audit (at, id)",
    "CREATE INDEX audit_by_realm ON @audit (realm, at, id)",
    "CREATE INDEX audit_by_account ON @audit (account, at, id)",
    // No foreign key: an event of a deleted account is discarded when it is claimed. The number
    // counts the events of the account. A pending event is not claimed before due_at.
    "CREATE TABLE @events (
        id      UUID        NOT NULL PRIMARY KEY,
        at      TIMESTAMPTZ NOT NULL,
        account UUID        NOT NULL,
        number  BIGINT      NOT NULL,
        realm   TEXT,
        kind    TEXT        NOT NULL,
        payload JSON        NOT NULL,
        state   TEXT        NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'delivered', 'discarded')),
        due_at  TIMESTAMPTZ NOT NULL
    )",
    "CREATE INDEX events_by_time ON @events (at, id)",
    // Partial, so that delivered events do not slow down claims.
    "CREATE INDEX events_pending ON @events (due_at, at, number) WHERE state = 'pending'",
    "CREATE INDEX events_pending_by_account ON @events (account, number) WHERE state = 'pending'",
    // Deliveries that were claimed at least once. A pending one is not claimed before due_at.
    "CREATE TABLE @deliveries (
        event   UUID        NOT NULL REFERENCES @events (id) ON DELETE CASCADE,
        channel TEXT        NOT NULL,
        state   TEXT        NOT NULL CHECK (state IN ('pending', 'delivered', 'discarded')),
        tries   BIGINT      NOT NULL CHECK (tries >= 0),
        due_at  TIMESTAMPTZ NOT NULL,
        error   TEXT,
        PRIMARY KEY (event, channel)
    )",
    // One row with the mapping of a users table of another application, if there is one.
    "CREATE TABLE @accounts_table (
        id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
        mapping JSON   NOT NULL
    )",
    "CREATE TABLE @key_checks (
        name  TEXT  NOT NULL PRIMARY KEY,
        value BYTEA NOT NULL CHECK (length(value) = 32)
    )",
    // Empty at the end of every transaction: a key is inserted and deleted to wait for others.
    "CREATE TABLE @name_locks (
        key TEXT NOT NULL PRIMARY KEY
    )",
    // One row that readiness probes update. While one probe waits for a standby, the next ones wait
    // for its row lock, which has a time-out.
    "CREATE TABLE @probe (
        id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
        count BIGINT NOT NULL
    ) WITH (fillfactor = 10)",
    "INSERT INTO @probe (id, count) VALUES (1, 0)",
    functions::RESERVE_ATTEMPT,
    functions::FIND_AND_RESERVE,
    functions::SPEND_ONE_TIME_PASSWORD,
    functions::FINISH_ATTEMPT,
    functions::CHANGE_PASSWORD,
];

/// Returns the newest schema version known.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Returns the schema version; 0 without a schema.
pub(crate) async fn version(connections: &Connections) -> Result<i64, StoreError> {
    match connections.run(&Query::new(VERSION)).await {
        Ok(reply) => version_from(&reply),
        Err(failure) if is_missing(&failure) => Ok(0),
        Err(failure) => Err(failure.into()),
    }
}

pub(crate) const VERSION: &str = "SELECT COALESCE(MAX(version), 0) AS version FROM @migrations";

pub(crate) fn version_from(reply: &Reply) -> Result<i64, StoreError> {
    reply.rows.first().map_or(Ok(0), |row| get(row, "version"))
}

/// Migrates the schema in one transaction. Waits for another process that migrates.
pub(crate) async fn migrate(connections: &Connections, schema: &str) -> Result<(), MigrateError> {
    // Checked first: a role without the privilege to create schemas may use an existing one.
    let exists = Query::new("SELECT 1 FROM information_schema.schemata WHERE schema_name = $1");
    if connections.run(&exists.bind(schema)).await?.rows.is_empty() {
        let create = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
        connections.run(&Query::new(create)).await?;
    }
    if version_is_missing(connections).await? {
        let create = Query::new(
            "CREATE TABLE IF NOT EXISTS @migrations (
                 version    BIGINT      NOT NULL PRIMARY KEY,
                 name       TEXT        NOT NULL,
                 applied_at TIMESTAMPTZ NOT NULL
             )",
        );
        connections.run(&create).await?;
    }
    connections.run(&insert_version(LOCK, "the lock of migrations")).await?;

    let connection = connections.acquire().await?;
    let begin = "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0";
    let lock = Query::new("SELECT 1 FROM @migrations WHERE version = $1 FOR UPDATE").bind(LOCK);
    let replies = connection.run(Some(begin), &[lock, Query::new(VERSION)], None).await?;
    let found = replies.last().map_or(Ok(0), version_from)?;
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        for step in migration.steps {
            connection.run(None, &[Query::new(*step)], None).await?;
        }
        connection.run(None, &[insert_version(migration.version, migration.name)], None).await?;
    }
    connection.run(None, &[], Some("COMMIT")).await?;
    connection.give_back();
    Ok(())
}

fn insert_version(version: i64, name: &str) -> Query {
    let insert = Query::new(
        "INSERT INTO @migrations (version, name, applied_at) VALUES ($1, $2, now())
         ON CONFLICT (version) DO NOTHING",
    );
    insert.bind(version).bind(name)
}

async fn version_is_missing(connections: &Connections) -> Result<bool, Failure> {
    match connections.run(&Query::new(VERSION)).await {
        Ok(_) => Ok(false),
        Err(failure) if is_missing(&failure) => Ok(true),
        Err(failure) => Err(failure),
    }
}

/// undefined_table, invalid_schema_name
fn is_missing(failure: &Failure) -> bool {
    failure.has_code(&["42P01", "3F000"])
}

/// The schema could not be migrated.
#[derive(Debug)]
pub(crate) enum MigrateError {
    /// Another node created the same table concurrently.
    ConcurrentChange,
    Failed(StoreError),
}

impl From<Failure> for MigrateError {
    fn from(failure: Failure) -> Self {
        // unique_violation in the server's own catalog, duplicate_table, duplicate_object,
        // duplicate_schema
        if failure.has_code(&["23505", "42P07", "42710", "42P06"]) {
            Self::ConcurrentChange
        } else {
            Self::Failed(failure.into())
        }
    }
}

impl From<StoreError> for MigrateError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves P7.
    #[test]
    fn versions_increase_by_one_and_steps_are_single_statements() {
        for (version, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.version, version);
            // The body of a function has several statements.
            let text = |step: &str| step.split("$$").step_by(2).collect::<String>();
            let is_single = |step: &&str| !text(step).contains(';');
            assert!(migration.steps.iter().all(is_single), "{}", migration.name);
        }
    }
}
