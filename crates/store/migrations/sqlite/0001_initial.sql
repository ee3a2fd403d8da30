-- Moments are microseconds of Unix time, truth values 0 and 1, identifiers hyphenated lower-case
-- UUIDs, digests the 32 bytes of a SHA-256 or HMAC-SHA-256. Texts compare by their bytes.

CREATE TABLE accounts (
    id         TEXT    NOT NULL PRIMARY KEY,
    realm      TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    email      TEXT,
    username   TEXT,
    profile    TEXT    NOT NULL, -- JSON
    active     INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (realm, user_id)
) STRICT;

CREATE TABLE credentials (
    account    TEXT    NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    hash       TEXT    NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    changed_at INTEGER NOT NULL
) STRICT;

-- The version is the one that the hash had while it was the current one.
CREATE TABLE password_history (
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (account, version)
) STRICT;

-- Belongs to no account in particular: unknown identifiers have rows too.
CREATE TABLE attempts (
    key                   BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    failures              INTEGER NOT NULL CHECK (failures >= 0),
    password_closed_until INTEGER,
    reset_closed_until    INTEGER,
    expires_at            INTEGER
) STRICT;
CREATE INDEX attempts_by_expiry ON attempts (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE reset_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER
) STRICT;
CREATE INDEX reset_tokens_by_account ON reset_tokens (account);

CREATE TABLE access_tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    roles      TEXT    NOT NULL, -- JSON
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX access_tokens_by_account ON access_tokens (account);

CREATE TABLE keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    realm      TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX keys_by_realm ON keys (realm, created_at);

CREATE TABLE otp (
    account         TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed_secret   BLOB,
    last_step       INTEGER,
    code_digest     BLOB CHECK (length(code_digest) = 32),
    code_expires_at INTEGER,
    CHECK ((code_digest IS NULL) = (code_expires_at IS NULL))
) STRICT;

-- No foreign key: the trail outlives the account.
CREATE TABLE audit (
    sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    at       INTEGER NOT NULL,
    realm    TEXT    NOT NULL,
    account  TEXT,
    action   TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    detail   TEXT,
    caller   TEXT    NOT NULL,
    context  TEXT    NOT NULL -- JSON
) STRICT;
CREATE INDEX audit_by_account ON audit (account, sequence);
CREATE INDEX audit_by_realm ON audit (realm, sequence);

CREATE TABLE outbox (
    sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    at       INTEGER NOT NULL,
    account  TEXT    NOT NULL REFERENCES accounts (id),
    kind     TEXT    NOT NULL,
    payload  TEXT    NOT NULL -- JSON
) STRICT;
CREATE INDEX outbox_by_account ON outbox (account);
