//! Writes for accounts of a mapped table: rows of repass's own tables, and the two written columns.

use jiff::Timestamp;
use repass_accounts_table::{MappedCredential, fingerprint};
use repass_core::{
    AccountError, AccountId, Commit, Credential, HashedPassword, Realm, Rehash, UserId,
};

use super::{MappedAccounts, mapped_credential};
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::hash_columns::HashColumns;
use crate::row::Columns;

impl MappedAccounts {
    pub(in crate::accounts) fn register(
        &self,
        db: Db<'_>,
        account: AccountId,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<bool> {
        let Some((id, found)) = self.find_row(db, realm, user_id)? else { return Ok(false) };
        if found.account.id != account {
            return Ok(false);
        }
        db.execute(
            "INSERT INTO repass_accounts (id, mapped_id) VALUES (?1, ?2)
             ON CONFLICT (id) DO NOTHING",
            (account.0.as_bytes(), id),
        )?;
        Ok(true)
    }

    pub(in crate::accounts) fn replace_hash(
        &self,
        db: Db<'_>,
        commit: &Commit,
    ) -> Result<Option<i64>> {
        let Some(current) = self.mapped_credential(db, commit.account)? else { return Ok(None) };
        let credential = current.credential();
        let expected = credential.as_ref().map_or(0, |credential| credential.version);
        let present = credential.as_ref().map(|credential| &credential.hash);
        if expected != commit.expected_version || present != commit.expected_hash.as_ref() {
            return Ok(None);
        }
        if let Some(Credential { hash, version, .. }) = &credential
            && commit.history > 0
        {
            let hash = HashColumns::new(hash);
            db.execute(
                "INSERT INTO repass_password_history
                     (account, version, hash, normalization, pepper)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                (commit.account.0.as_bytes(), version, hash.hash, hash.normalization, hash.pepper),
            )?;
        }
        let version = current.next_version();
        record_credential(db, commit.account, version, commit.at, &commit.hash)?;
        let expected = commit.expected_hash.as_ref();
        let written = self.write_hash(db, commit.account, expected, &commit.hash)?;
        Ok(written.then_some(version))
    }

    pub(in crate::accounts) fn rehash(&self, db: Db<'_>, rehash: &Rehash) -> Result<bool> {
        let current = self.mapped_credential(db, rehash.account)?;
        let present = current.and_then(|current| current.credential()).filter(|present| {
            present.version == rehash.expected_version && present.hash == rehash.expected_hash
        });
        let Some(Credential { version, changed_at, .. }) = present else { return Ok(false) };
        record_credential(db, rehash.account, version, changed_at, &rehash.hash)?;
        self.write_hash(db, rehash.account, Some(&rehash.expected_hash), &rehash.hash)
    }

    pub(in crate::accounts) fn set_active(
        &self,
        db: Db<'_>,
        account: AccountId,
        active: bool,
    ) -> Result<std::result::Result<(), AccountError>> {
        let Some(update) = &self.sql.set_active else {
            return Ok(Err(AccountError::NotMapped("active")));
        };
        let written = one_row(db.execute(update, (active, mapped_id(db, account)?))?)?;
        Ok(if written { Ok(()) } else { Err(AccountError::Unknown) })
    }

    fn mapped_credential(
        &self,
        db: Db<'_>,
        account: AccountId,
    ) -> Result<Option<MappedCredential>> {
        db.row(&self.sql.credential, [account.0.as_bytes()], mapped_credential)
    }

    /// Returns whether the expected hash was current.
    fn write_hash(
        &self,
        db: Db<'_>,
        account: AccountId,
        expected: Option<&HashedPassword>,
        hash: &HashedPassword,
    ) -> Result<bool> {
        let (hash, id) = (hash.as_str(), mapped_id(db, account)?);
        let written = match expected {
            None => db.execute(&self.sql.set_first_hash, (hash, id))?,
            Some(expected) => db.execute(&self.sql.set_hash, (hash, id, expected.as_str()))?,
        };
        one_row(written)
    }
}

/// Records the metadata of the hash that is written to the mapped table.
fn record_credential(
    db: Db<'_>,
    account: AccountId,
    version: i64,
    changed_at: Timestamp,
    hash: &HashedPassword,
) -> Result<()> {
    let columns = HashColumns::new(hash);
    db.execute(
        "INSERT INTO repass_mapped_credentials
             (account, fingerprint, normalization, pepper, version, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (account) DO UPDATE
         SET fingerprint = excluded.fingerprint, normalization = excluded.normalization,
             pepper = excluded.pepper, version = excluded.version,
             changed_at = excluded.changed_at",
        (
            account.0.as_bytes(),
            fingerprint(hash),
            columns.normalization,
            columns.pepper,
            version,
            changed_at.as_microsecond(),
        ),
    )
    .map(drop)
}

/// Returns the id of the account in the mapped table, if it was registered.
fn mapped_id(db: Db<'_>, account: AccountId) -> Result<Option<String>> {
    let select = "SELECT mapped_id FROM repass_accounts WHERE id = ?1";
    db.row(select, [account.0.as_bytes()], |row| Columns(row).get("mapped_id"))
}

/// Returns whether a row was written. More than one row is an error, which rolls the job back.
fn one_row(written: usize) -> Result<bool> {
    match written {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::Damaged("more than one row has this id".to_owned())),
    }
}
