-- Where the accounts stand, if not in `accounts`: one row with the mapping of a table that belongs to
-- somebody else. Then `accounts` has a row for each of that table's that something was ever written
-- about; its realm is empty, which no account's own is, and its user_id is the id in that table.
CREATE TABLE accounts_table (
    id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    mapping TEXT   NOT NULL -- JSON
);

-- Of such an account the hash stays where it is. The fingerprint is the SHA-256 of the hash that was
-- written with this version: another hash there was set by others.
ALTER TABLE credentials ALTER COLUMN hash DROP NOT NULL;
ALTER TABLE credentials ADD COLUMN fingerprint BYTEA CHECK (length(fingerprint) = 32);
ALTER TABLE credentials ADD CHECK ((hash IS NULL) <> (fingerprint IS NULL));
