//! Accounts in repass's own table.

use jiff::Timestamp;
use repass_core::{
    Account, AccountFilter, AccountId, AccountWithCredential, Commit, Credential, MAX_SAME_NAME,
    NameKind, Realm, Rehash, UserId,
};
use rusqlite::Row;

use super::Holder;
use crate::connection::Db;
use crate::failure::Result;
use crate::hash_columns::HashColumns;
use crate::row::{self, Columns};

/// Selects accounts with what [`with_credential`] reads.
const SELECT: &str = "SELECT id, realm, user_id, email, username, profile, active, created_at,
    updated_at, hash, normalization, version, changed_at, valid_after,
    sealed_secret, last_step, code_digest, code_expires_at
    FROM repass_accounts LEFT JOIN repass_one_time_passwords ON account = id";

pub(super) fn find(
    db: Db<'_>,
    realm: &Realm,
    user_id: &UserId,
) -> Result<Option<AccountWithCredential>> {
    db.row(
        &format!("{SELECT} WHERE realm = ?1 AND user_id = ?2"),
        (realm.as_str(), user_id.as_str()),
        with_credential,
    )
}

pub(crate) fn find_by_name(
    db: Db<'_>,
    realm: &Realm,
    kind: NameKind,
    name: &str,
) -> Result<Vec<AccountWithCredential>> {
    let key = match kind {
        NameKind::Email => "email_key",
        NameKind::Username => "username_key",
    };
    let find = format!("{SELECT} WHERE realm = ?1 AND {key} = ?2 LIMIT {MAX_SAME_NAME}");
    db.rows(&find, (realm.as_str(), name), with_credential)
}

fn with_credential(row: &Row<'_>) -> Result<AccountWithCredential> {
    Ok(AccountWithCredential {
        account: row::account(row)?,
        credential: credential(Columns(row))?,
        valid_after: Columns(row).optional_time("valid_after")?,
        otp: Some(row::one_time_password(row)?),
    })
}

fn credential(columns: Columns<'_>) -> Result<Option<Credential>> {
    let Some(version) = columns.get::<Option<i64>>("version")? else { return Ok(None) };
    Ok(Some(Credential { hash: columns.hash()?, version, changed_at: columns.time("changed_at")? }))
}

pub(crate) fn account(db: Db<'_>, account: AccountId) -> Result<Option<Account>> {
    db.row(
        "SELECT id, realm, user_id, email, username, profile, active, created_at, updated_at
         FROM repass_accounts WHERE id = ?1",
        [account.0.as_bytes()],
        row::account,
    )
}

pub(super) fn holder(db: Db<'_>, account: AccountId) -> Result<Option<Holder>> {
    db.row(
        "SELECT realm, user_id, active FROM repass_accounts WHERE id = ?1",
        [account.0.as_bytes()],
        |row| {
            let columns = Columns(row);
            Ok(Holder {
                realm: columns.parsed("realm")?,
                user_id: columns.parsed("user_id")?,
                active: columns.get("active")?,
            })
        },
    )
}

pub(super) fn list(db: Db<'_>, filter: &AccountFilter) -> Result<Vec<AccountWithCredential>> {
    // Every account comes after the empty realm.
    let after = filter.after.as_ref();
    let (realm, user_id) =
        after.map_or(("", ""), |(realm, user_id)| (realm.as_str(), user_id.as_str()));
    db.rows(
        &format!(
            "{SELECT} WHERE (realm, user_id) > (?1, ?2) AND (?3 IS NULL OR realm = ?3)
               AND (?4 IS NULL OR active = ?4) AND (?5 IS NULL OR changed_at < ?5)
             ORDER BY realm, user_id LIMIT ?6"
        ),
        (
            realm,
            user_id,
            filter.realm.as_ref().map(Realm::as_str),
            filter.active,
            filter.changed_before.map(Timestamp::as_microsecond),
            filter.limit,
        ),
        with_credential,
    )
}

pub(super) fn replace_hash(db: Db<'_>, commit: &Commit) -> Result<Option<i64>> {
    let (account, hash) = (commit.account.0.as_bytes(), HashColumns::new(&commit.hash));
    let (at, expected) = (commit.at.as_microsecond(), commit.expected_version);
    if expected == 0 {
        let set = db.execute(
            "UPDATE repass_accounts SET hash = ?1, normalization = ?2, pepper = ?3, version = 1,
                    changed_at = ?4
             WHERE id = ?5 AND version IS NULL",
            (hash.hash, hash.normalization, hash.pepper, at, account),
        )?;
        return Ok((set == 1).then_some(1));
    }
    if commit.history > 0 {
        db.execute(
            "INSERT INTO repass_password_history (account, version, hash, normalization, pepper)
             SELECT id, version, hash, normalization, pepper FROM repass_accounts
             WHERE id = ?1 AND version = ?2",
            (account, expected),
        )?;
    }
    let replaced = db.execute(
        "UPDATE repass_accounts SET hash = ?1, normalization = ?2, pepper = ?3,
                version = version + 1, changed_at = ?4
         WHERE id = ?5 AND version = ?6",
        (hash.hash, hash.normalization, hash.pepper, at, account, expected),
    )?;
    Ok((replaced == 1).then(|| expected.saturating_add(1)))
}

pub(super) fn rehash(db: Db<'_>, rehash: &Rehash) -> Result<bool> {
    let hash = HashColumns::new(&rehash.hash);
    let replaced = db.execute(
        "UPDATE repass_accounts SET hash = ?1, normalization = ?2, pepper = ?3
         WHERE id = ?4 AND version = ?5 AND hash = ?6",
        (
            hash.hash,
            hash.normalization,
            hash.pepper,
            rehash.account.0.as_bytes(),
            rehash.expected_version,
            rehash.expected_hash.as_str(),
        ),
    )?;
    Ok(replaced == 1)
}

pub(super) fn set_active(db: Db<'_>, account: AccountId, active: bool) -> Result<()> {
    let update = "UPDATE repass_accounts SET active = ?1 WHERE id = ?2";
    db.execute(update, (active, account.0.as_bytes())).map(drop)
}
