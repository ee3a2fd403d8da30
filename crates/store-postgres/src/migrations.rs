//! The schema of repass's own tables, and how it is brought up to date.

use repass_core::StoreError;

use crate::connections::{Connections, Reply};
use crate::failure::Failure;
use crate::query::Query;
use crate::row::get;

/// One version of the schema.
struct Migration {
    version: i64,
    name: &'static str,
    /// Run one by one: not every server takes several in one message.
    steps: &'static [&'static str],
}

/// The row that is locked while the schema changes. Several nodes may want to at once.
const LOCK: i64 = 0;

const MIGRATIONS: &[Migration] = &[Migration { version: 1, name: "initial", steps: INITIAL }];

/// Texts are compared for equality only, or only so that pages are stable: the order of a text depends
/// on the database's collation. What a stranger may have sent is `json`, which is kept as the text
/// it is and takes U+0000; `jsonb` does not.
const INITIAL: &[&str] = &[
    // An account of repass's own, with its credential, or one of the mapped table, by its id there:
    // of these there is a row only if something was ever written about it.
    "CREATE TABLE @accounts (
        id            UUID        NOT NULL PRIMARY KEY,
        realm         TEXT,
        user_id       TEXT,
        mapped_id     TEXT,
        email         TEXT,
        username      TEXT,
        profile       JSON        NOT NULL DEFAULT '{}',
        active        BOOLEAN     NOT NULL DEFAULT TRUE,
        created_at    TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
        updated_at    TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
        -- Access tokens that were issued up to this moment do not count, even if they are written
        -- later, except for kept_token.
        valid_after   TIMESTAMPTZ,
        kept_token    UUID,
        hash          TEXT,
        normalization TEXT,
        pepper        TEXT,
        version       BIGINT      CHECK (version >= 1),
        changed_at    TIMESTAMPTZ,
        -- The number of the account's last event.
        events        BIGINT      NOT NULL DEFAULT 0,
        -- The bytes of realm and user_id: accounts are listed in their order.
        list_key      BYTEA       UNIQUE,
        UNIQUE (realm, user_id),
        CHECK ((realm IS NULL) = (user_id IS NULL)),
        CHECK ((realm IS NULL) = (mapped_id IS NOT NULL)),
        CHECK ((realm IS NULL) = (list_key IS NULL)),
        CHECK ((hash IS NULL) = (version IS NULL)),
        CHECK ((hash IS NULL) = (normalization IS NULL)),
        CHECK ((hash IS NULL) = (changed_at IS NULL)),
        CHECK (hash IS NULL OR mapped_id IS NULL)
    ) WITH (fillfactor = 80)",
    "CREATE UNIQUE INDEX accounts_by_mapped_id ON @accounts (mapped_id)
     WHERE mapped_id IS NOT NULL",
    "CREATE INDEX accounts_by_pepper ON @accounts (pepper) WHERE pepper IS NOT NULL",
    // The hash of an account of the mapped table is there. The fingerprint is the SHA-256 of the hash
    // that repass wrote with this version: another hash there was set by the application.
    "CREATE TABLE @mapped_credentials (
        account       UUID        NOT NULL PRIMARY KEY REFERENCES @accounts (id) ON DELETE CASCADE,
        fingerprint   BYTEA       NOT NULL CHECK (length(fingerprint) = 32),
        normalization TEXT        NOT NULL,
        pepper        TEXT,
        version       BIGINT      NOT NULL CHECK (version >= 1),
        changed_at    TIMESTAMPTZ NOT NULL
    ) WITH (fillfactor = 80)",
    // The version is the one that the hash had while it was the current one.
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
    // Belongs to no account in particular: unknown identifiers have rows too.
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
        revoked_at TIMESTAMPTZ
    )",
    "CREATE INDEX access_tokens_by_account ON @access_tokens (account)",
    "CREATE INDEX access_tokens_by_end ON @access_tokens
     (LEAST(expires_at, COALESCE(revoked_at, expires_at)))",
    "CREATE TABLE @keys (
        id         UUID        NOT NULL PRIMARY KEY,
        realm      TEXT        NOT NULL,
        kind       TEXT        NOT NULL,
        name       TEXT        NOT NULL,
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
    // No foreign key: the trail outlives the account.
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
    // No foreign key: an event whose account is gone is discarded when its turn has come. The number
    // counts the events of the account. Nobody claims an event before due_at.
    "CREATE TABLE @events (
        id      UUID        NOT NULL PRIMARY KEY,
        at      TIMESTAMPTZ NOT NULL,
        account UUID        NOT NULL,
        number  BIGINT      NOT NULL,
        kind    TEXT        NOT NULL,
        payload JSON        NOT NULL,
        state   TEXT        NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'delivered', 'discarded')),
        due_at  TIMESTAMPTZ NOT NULL
    )",
    "CREATE INDEX events_by_time ON @events (at, id)",
    // Claiming must not cost more when many events are delivered.
    "CREATE INDEX events_pending ON @events (due_at, at, number) WHERE state = 'pending'",
    "CREATE INDEX events_pending_by_account ON @events (account, number) WHERE state = 'pending'",
    // The deliveries that were claimed once at least. Nobody claims a pending one before due_at.
    "CREATE TABLE @deliveries (
        event   UUID        NOT NULL REFERENCES @events (id) ON DELETE CASCADE,
        channel TEXT        NOT NULL,
        state   TEXT        NOT NULL CHECK (state IN ('pending', 'delivered', 'discarded')),
        tries   BIGINT      NOT NULL CHECK (tries >= 0),
        due_at  TIMESTAMPTZ NOT NULL,
        error   TEXT,
        PRIMARY KEY (event, channel)
    )",
    // One row with the mapping of a users table of another application, if the accounts are there.
    "CREATE TABLE @accounts_table (
        id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
        mapping JSON   NOT NULL
    )",
    "CREATE TABLE @key_checks (
        name  TEXT  NOT NULL PRIMARY KEY,
        value BYTEA NOT NULL CHECK (length(value) = 32)
    )",
    // One row that is written to find out whether a change could be committed. While one such write
    // waits for a standby, the next ones wait for its row, and not for ever.
    "CREATE TABLE @probe (
        id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
        count BIGINT NOT NULL
    ) WITH (fillfactor = 10)",
    "INSERT INTO @probe (id, count) VALUES (1, 0)",
];

/// The newest version that is known.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The version of the schema; 0 when there is none.
pub(crate) async fn version(connections: &Connections) -> Result<i64, StoreError> {
    match connections.run(&Query::new(VERSION)).await {
        Ok(reply) => version_of(&reply),
        Err(failure) if is_missing(&failure) => Ok(0),
        Err(failure) => Err(failure.into()),
    }
}

pub(crate) const VERSION: &str = "SELECT COALESCE(MAX(version), 0) AS version FROM @migrations";

pub(crate) fn version_of(reply: &Reply) -> Result<i64, StoreError> {
    reply.rows.first().map_or(Ok(0), |row| get(row, "version"))
}

/// Brings the schema up to date, in one transaction. It waits for another process that does the same.
pub(crate) async fn migrate(connections: &Connections, schema: &str) -> Result<(), Migrating> {
    // Looked for first: who may not make a schema need not, where there is one.
    let there = Query::new("SELECT 1 FROM information_schema.schemata WHERE schema_name = $1");
    if connections.run(&there.bind(schema)).await?.rows.is_empty() {
        let make = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
        connections.run(&Query::new(make)).await?;
    }
    if version_is_missing(connections).await? {
        let make = Query::new(
            "CREATE TABLE IF NOT EXISTS @migrations (
                 version    BIGINT      NOT NULL PRIMARY KEY,
                 name       TEXT        NOT NULL,
                 applied_at TIMESTAMPTZ NOT NULL
             )",
        );
        connections.run(&make).await?;
    }
    connections.run(&applied(LOCK, "the lock of migrations")).await?;

    let connection = connections.acquire().await?;
    let begin = "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0";
    let lock = Query::new("SELECT 1 FROM @migrations WHERE version = $1 FOR UPDATE").bind(LOCK);
    let replies = connection.run(Some(begin), &[lock, Query::new(VERSION)], None).await?;
    let found = replies.last().map_or(Ok(0), version_of)?;
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        for step in migration.steps {
            connection.run(None, &[Query::new(*step)], None).await?;
        }
        connection.run(None, &[applied(migration.version, migration.name)], None).await?;
    }
    connection.run(None, &[], Some("COMMIT")).await?;
    connection.give_back();
    Ok(())
}

fn applied(version: i64, name: &str) -> Query {
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

/// Why the schema was not migrated.
#[derive(Debug)]
pub(crate) enum Migrating {
    /// Another node has made the same table at once.
    MadeMeanwhile,
    Failed(StoreError),
}

impl From<Failure> for Migrating {
    fn from(failure: Failure) -> Self {
        // unique_violation in the server's own catalog, duplicate_table, duplicate_object,
        // duplicate_schema
        if failure.has_code(&["23505", "42P07", "42710", "42P06"]) {
            Self::MadeMeanwhile
        } else {
            Self::Failed(failure.into())
        }
    }
}

impl From<StoreError> for Migrating {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves P7.
    #[test]
    fn versions_count_up_by_one_and_steps_are_single_statements() {
        for (place, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.version, place);
            assert!(migration.steps.iter().all(|step| !step.contains(';')), "{}", migration.name);
        }
    }
}
