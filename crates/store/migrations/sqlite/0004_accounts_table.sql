-- Where the accounts stand, if not in `accounts`: one row with the mapping of a table that belongs to
-- somebody else. Then `accounts` has a row for each of that table's that something was ever written
-- about; its realm is empty, which no account's own is, and its user_id is the id in that table.
CREATE TABLE accounts_table (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mapping TEXT    NOT NULL -- JSON
) STRICT;

-- Of such an account the hash stays where it is. The fingerprint is the SHA-256 of the hash that was
-- written with this version: another hash there was set by others. SQLite cannot alter a column.
CREATE TABLE credentials_0004 (
    account     TEXT    NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    hash        TEXT,
    version     INTEGER NOT NULL CHECK (version >= 1),
    changed_at  INTEGER NOT NULL,
    fingerprint BLOB CHECK (length(fingerprint) = 32),
    CHECK ((hash IS NULL) <> (fingerprint IS NULL))
) STRICT;
INSERT INTO credentials_0004 (account, hash, version, changed_at)
    SELECT account, hash, version, changed_at FROM credentials;
DROP TABLE credentials;
ALTER TABLE credentials_0004 RENAME TO credentials;
