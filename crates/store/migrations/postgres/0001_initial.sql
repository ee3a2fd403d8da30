-- Moments are microseconds of Unix time, identifiers hyphenated lower-case UUIDs, digests the 32
-- bytes of a SHA-256 or HMAC-SHA-256. Texts that are ordered compare by their bytes, whatever the
-- database's own collation.

CREATE TABLE accounts (
    id         TEXT    NOT NULL PRIMARY KEY,
    realm      TEXT    COLLATE "C" NOT NULL,
    user_id    TEXT    COLLATE "C" NOT NULL,
    email      TEXT,
    username   TEXT,
    profile    TEXT    NOT NULL, -- JSON
    active     BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    UNIQUE (realm, user_id)
);

CREATE TABLE credentials (
    account    TEXT    NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    hash       TEXT    NOT NULL,
    version    BIGINT  NOT NULL CHECK (version >= 1),
    changed_at BIGINT  NOT NULL
);

-- The version is the one that the hash had while it was the current one.
CREATE TABLE password_history (
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    version    BIGINT  NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (account, version)
);

-- Belongs to no account in particular: unknown identifiers have rows too.
CREATE TABLE attempts (
    key                   BYTEA  NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    failures              BIGINT NOT NULL CHECK (failures >= 0),
    password_closed_until BIGINT,
    reset_closed_until    BIGINT,
    expires_at            BIGINT
);
CREATE INDEX attempts_by_expiry ON attempts (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE reset_tokens (
    digest     BYTEA   NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    issued_at  BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    spent_at   BIGINT
);
CREATE INDEX reset_tokens_by_account ON reset_tokens (account);

CREATE TABLE access_tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    roles      TEXT    NOT NULL, -- JSON
    digest     BYTEA   NOT NULL UNIQUE CHECK (length(digest) = 32),
    issued_at  BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX access_tokens_by_account ON access_tokens (account);

CREATE TABLE keys (
    id         TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    realm      TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    digest     BYTEA   NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at BIGINT  NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX keys_by_realm ON keys (realm, created_at);

CREATE TABLE otp (
    account         TEXT  NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed_secret   BYTEA,
    last_step       BIGINT,
    code_digest     BYTEA CHECK (length(code_digest) = 32),
    code_expires_at BIGINT,
    CHECK ((code_digest IS NULL) = (code_expires_at IS NULL))
);

-- No foreign key: the trail outlives the account.
CREATE TABLE audit (
    sequence BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    at       BIGINT  NOT NULL,
    realm    TEXT    NOT NULL,
    account  TEXT,
    action   TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    detail   TEXT,
    caller   TEXT    NOT NULL,
    context  TEXT    NOT NULL -- JSON
);
CREATE INDEX audit_by_account ON audit (account, sequence);
CREATE INDEX audit_by_realm ON audit (realm, sequence);

CREATE TABLE outbox (
    sequence BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    at       BIGINT  NOT NULL,
    account  TEXT    NOT NULL REFERENCES accounts (id),
    kind     TEXT    NOT NULL,
    payload  TEXT    NOT NULL -- JSON
);
CREATE INDEX outbox_by_account ON outbox (account);
