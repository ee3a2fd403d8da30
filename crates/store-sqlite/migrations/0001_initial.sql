-- Times are microseconds since the Unix epoch, booleans 0 and 1, UUIDs 16 bytes, digests the 32 bytes of
-- a SHA-256 or HMAC-SHA-256. Texts are compared by their bytes.

-- Either an account in this table, by realm and user id, or a reference to an account in the mapped
-- table, by its id there. A mapped account has a row once something was written about it.
--
-- The credential is in the same row, since every change writes both. `normalization` is the
-- normalization of the password before hashing: 'none' or 'nfc'. `pepper` is the id of the key that the
-- hash names, so that the keys in use are known.
--
-- `email_key` and `username_key` are the forms in which e-mail addresses and user names are compared.
-- Several accounts may have the same one.
--
-- Access tokens issued up to `valid_after` are revoked, even if they are written later, except for
-- `kept_token`.
CREATE TABLE repass_accounts (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    realm         TEXT,
    user_id       TEXT,
    mapped_id     TEXT,
    email         TEXT,
    username      TEXT,
    email_key     TEXT,
    username_key  TEXT,
    profile       TEXT    NOT NULL DEFAULT '{}', -- JSON
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at    INTEGER NOT NULL DEFAULT 0,
    updated_at    INTEGER NOT NULL DEFAULT 0,
    valid_after   INTEGER,
    kept_token    BLOB,
    hash          TEXT,
    normalization TEXT,
    pepper        TEXT,
    version       INTEGER CHECK (version >= 1),
    changed_at    INTEGER,
    UNIQUE (realm, user_id),
    CHECK ((realm IS NULL) = (user_id IS NULL)),
    CHECK ((realm IS NULL) = (mapped_id IS NOT NULL)),
    CHECK ((email IS NULL) = (email_key IS NULL)),
    CHECK ((username IS NULL) = (username_key IS NULL)),
    CHECK ((hash IS NULL) = (version IS NULL)),
    CHECK ((hash IS NULL) = (normalization IS NULL)),
    CHECK ((hash IS NULL) = (changed_at IS NULL)),
    CHECK (hash IS NULL OR mapped_id IS NULL)
) STRICT;
CREATE UNIQUE INDEX repass_accounts_mapped ON repass_accounts (mapped_id)
    WHERE mapped_id IS NOT NULL;
CREATE INDEX repass_accounts_email ON repass_accounts (realm, email_key)
    WHERE email_key IS NOT NULL;
CREATE INDEX repass_accounts_username ON repass_accounts (realm, username_key)
    WHERE username_key IS NOT NULL;
CREATE INDEX repass_accounts_pepper ON repass_accounts (pepper) WHERE pepper IS NOT NULL;

-- The mapping of a users table of another application, if there is one: one row.
CREATE TABLE repass_accounts_table (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mapping TEXT    NOT NULL -- JSON
) STRICT;

-- Metadata of the hash of a mapped account; the hash itself is in the mapped table. The fingerprint is
-- the SHA-256 of the hash that repass wrote: another hash was set by the application.
CREATE TABLE repass_mapped_credentials (
    account       BLOB    NOT NULL PRIMARY KEY REFERENCES repass_accounts (id),
    fingerprint   BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    normalization TEXT    NOT NULL,
    pepper        TEXT,
    version       INTEGER NOT NULL CHECK (version >= 1),
    changed_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Earlier hashes with their versions.
CREATE TABLE repass_password_history (
    account       BLOB    NOT NULL REFERENCES repass_accounts (id),
    version       INTEGER NOT NULL,
    hash          TEXT    NOT NULL,
    normalization TEXT    NOT NULL,
    pepper        TEXT,
    PRIMARY KEY (account, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX repass_password_history_pepper ON repass_password_history (pepper)
    WHERE pepper IS NOT NULL;

-- No foreign key: unknown identifiers have rows too.
CREATE TABLE repass_attempts (
    key                   BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    failures              INTEGER NOT NULL CHECK (failures >= 0),
    password_locked_until INTEGER,
    reset_locked_until    INTEGER,
    expires_at            INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX repass_attempts_expiry ON repass_attempts (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE repass_reset_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    account    BLOB    NOT NULL REFERENCES repass_accounts (id),
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX repass_reset_tokens_account ON repass_reset_tokens (account);
CREATE INDEX repass_reset_tokens_expiry ON repass_reset_tokens (expires_at);

CREATE TABLE repass_access_tokens (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    BLOB    NOT NULL REFERENCES repass_accounts (id),
    roles      TEXT    NOT NULL, -- JSON
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    ip_address   TEXT,
    user_agent   TEXT,
    last_used_at INTEGER
) STRICT;
CREATE INDEX repass_access_tokens_account ON repass_access_tokens (account);
CREATE INDEX repass_access_tokens_expiry ON repass_access_tokens (expires_at);
CREATE INDEX repass_access_tokens_revoked ON repass_access_tokens (revoked_at)
    WHERE revoked_at IS NOT NULL;

CREATE TABLE repass_keys (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    realm      TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    scopes     TEXT    NOT NULL, -- JSON
    all_realms INTEGER NOT NULL CHECK (all_realms IN (0, 1)),
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE repass_one_time_passwords (
    account         BLOB NOT NULL PRIMARY KEY REFERENCES repass_accounts (id),
    sealed_secret   BLOB,
    last_step       INTEGER,
    code_digest     BLOB CHECK (length(code_digest) = 32),
    code_expires_at INTEGER,
    CHECK ((code_digest IS NULL) = (code_expires_at IS NULL))
) STRICT, WITHOUT ROWID;

-- No foreign key: records remain when their account is deleted. Records of the same time are listed by
-- their sequence, which is the last column of every index. There is no index by id, which is random and
-- so would be the most expensive one to write; a page starts at the time and id of the last record.
CREATE TABLE repass_audit (
    sequence INTEGER NOT NULL PRIMARY KEY,
    id       BLOB    NOT NULL CHECK (length(id) = 16),
    at       INTEGER NOT NULL,
    realm    TEXT    NOT NULL,
    account  BLOB,
    action   TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    detail   TEXT,
    caller   TEXT    NOT NULL,
    context  TEXT    NOT NULL -- JSON
) STRICT;
CREATE INDEX repass_audit_time ON repass_audit (at);
CREATE INDEX repass_audit_realm ON repass_audit (realm, at);
CREATE INDEX repass_audit_account ON repass_audit (account, at) WHERE account IS NOT NULL;

-- There is one writer at a time, so the sequence is the order of the commits. A pending event is not
-- delivered before `due_at`.
CREATE TABLE repass_events (
    sequence INTEGER NOT NULL PRIMARY KEY,
    id       BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    at       INTEGER NOT NULL,
    account  BLOB    NOT NULL REFERENCES repass_accounts (id),
    realm    TEXT,
    kind     TEXT    NOT NULL,
    payload  TEXT    NOT NULL, -- JSON
    state    TEXT    NOT NULL DEFAULT 'pending'
             CHECK (state IN ('pending', 'delivered', 'discarded')),
    due_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX repass_events_time ON repass_events (at);
CREATE INDEX repass_events_pending ON repass_events (account, sequence) WHERE state = 'pending';
CREATE INDEX repass_events_due ON repass_events (due_at) WHERE state = 'pending';
CREATE INDEX repass_events_discarded ON repass_events (at) WHERE state = 'discarded';

-- The state of the delivery of an event to one channel. A delivery that was never tried has no row. A
-- pending one is not claimed before `due_at`, the end of its lease or the time of its next try.
CREATE TABLE repass_deliveries (
    event   BLOB    NOT NULL REFERENCES repass_events (id) ON DELETE CASCADE,
    channel TEXT    NOT NULL,
    state   TEXT    NOT NULL DEFAULT 'pending'
            CHECK (state IN ('pending', 'delivered', 'discarded')),
    tries   INTEGER NOT NULL CHECK (tries >= 0),
    due_at  INTEGER NOT NULL,
    error   TEXT,
    PRIMARY KEY (event, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX repass_deliveries_due ON repass_deliveries (channel, due_at) WHERE state = 'pending';

-- Check values, which show that a program has another key than the one in use.
CREATE TABLE repass_key_checks (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;

-- One row that readiness probes update.
CREATE TABLE repass_probe (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO repass_probe (id, count) VALUES (1, 0);
