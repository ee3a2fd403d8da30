use jiff::Timestamp;
use repass_core::{
    Account, AccountError, AccountId, AttemptKey, AuditRecord, Credential, Email, HashedPassword,
    NameKind,
};

use crate::accounts::own;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::hash_columns::HashColumns;
use crate::store::SqliteStore;
use crate::writer::Outcome;
use crate::{attempts, audit_and_events, commit};

impl SqliteStore {
    pub(super) async fn insert_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let (account, audit) = (account.clone(), audit.clone());
        let credential = hash.map(|hash| Credential {
            hash: hash.clone(),
            version: 1,
            changed_at: account.created_at,
        });
        self.write(move |db| {
            if !insert(db, &account, credential.as_ref())? {
                return Ok(Outcome::Rollback(Err(AccountError::Exists)));
            }
            if let Some(taken) = name_taken(db, &account, None)? {
                return Ok(Outcome::Rollback(Err(taken)));
            }
            audit_and_events::write_audit(db, &audit)?;
            Ok(Outcome::Commit(Ok(())))
        })
        .await?
    }

    pub(super) async fn edit_account(
        &self,
        old: &Account,
        new: &Account,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let (new, expected, at) = (new.clone(), old.updated_at, audit.at);
        self.change_account(old.id, audit, move |db, _| {
            let old = own::account(db, new.id)?.filter(|old| old.updated_at == expected);
            let Some(old) = old else { return Ok(Err(AccountError::Changed)) };
            if let Some(taken) = name_taken(db, &new, Some(&old))? {
                return Ok(Err(taken));
            }
            let [email_key, username_key] = name_keys(&new);
            db.execute(
                "UPDATE repass_accounts SET email = ?1, email_key = ?2, username = ?3,
                     username_key = ?4, profile = ?5, active = ?6,
                     updated_at = MAX(updated_at + 1, ?7)
                 WHERE id = ?8",
                (
                    new.email.as_ref().map(Email::as_str),
                    email_key,
                    &new.username,
                    username_key,
                    profile_json(&new)?,
                    new.active,
                    at.as_microsecond(),
                    new.id.0.as_bytes(),
                ),
            )?;
            if old.active && !new.active {
                end_tokens(db, new.id, at)?;
            }
            Ok(Ok(()))
        })
        .await
    }

    pub(super) async fn remove_account(
        &self,
        account: AccountId,
        unchanged_since: Option<Timestamp>,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        self.change_account(account, audit, move |db, _| {
            if let Some(time) = unchanged_since
                && own::account(db, account)?.is_none_or(|own| own.updated_at != time)
            {
                return Ok(Err(AccountError::Changed));
            }
            attempts::clear(db, &AttemptKey::account(account))?;
            for table in [
                "repass_password_history",
                "repass_reset_tokens",
                "repass_access_tokens",
                "repass_one_time_passwords",
                "repass_events",
            ] {
                let delete = format!("DELETE FROM {table} WHERE account = ?1");
                db.execute(&delete, [account.0.as_bytes()])?;
            }
            let delete = "DELETE FROM repass_accounts WHERE id = ?1";
            db.execute(delete, [account.0.as_bytes()]).map(|_| Ok(()))
        })
        .await
    }

    pub(super) async fn activate(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        let at = audit.at;
        self.change_account(account, audit, move |db, accounts| {
            if let Err(refused) = accounts.set_active(db, account, active)? {
                return Ok(Err(refused));
            }
            commit::set_updated(db, account, at)?;
            if !active {
                end_tokens(db, account, at)?;
            }
            Ok(Ok(()))
        })
        .await
    }
}

/// Revokes the access tokens of a deactivated account, and voids its reset tokens.
fn end_tokens(db: Db<'_>, account: AccountId, at: Timestamp) -> Result<()> {
    commit::revoke_access_tokens(db, account, None, at)?;
    commit::void_reset_tokens(db, account, at)
}

/// Inserts an account with its credential, unless its realm and user id are taken. Returns whether
/// the account was inserted.
pub(super) fn insert(
    db: Db<'_>,
    account: &Account,
    credential: Option<&Credential>,
) -> Result<bool> {
    let hash = credential.map(|credential| HashColumns::new(&credential.hash));
    let (profile, [email_key, username_key]) = (profile_json(account)?, name_keys(account));
    let inserted = db.execute(
        "INSERT INTO repass_accounts
             (id, realm, user_id, email, username, email_key, username_key, profile, active,
              created_at, updated_at, hash, normalization, pepper, version, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (realm, user_id) DO NOTHING",
        (
            account.id.0.as_bytes(),
            account.realm.as_str(),
            account.user_id.as_str(),
            account.email.as_ref().map(Email::as_str),
            &account.username,
            email_key,
            username_key,
            profile,
            account.active,
            account.created_at.as_microsecond(),
            account.updated_at.as_microsecond(),
            hash.as_ref().map(|hash| hash.hash),
            hash.as_ref().map(|hash| hash.normalization),
            hash.as_ref().and_then(|hash| hash.pepper.as_deref()),
            credential.map(|credential| credential.version),
            credential.map(|credential| credential.changed_at.as_microsecond()),
        ),
    )?;
    Ok(inserted == 1)
}

/// Returns the error if a name of the account that `old` does not have is that of another account.
fn name_taken(
    db: Db<'_>,
    account: &Account,
    old: Option<&Account>,
) -> Result<Option<AccountError>> {
    for kind in NameKind::ALL {
        let Some(key) = kind.key(account) else { continue };
        if old.is_some_and(|old| kind.key(old).as_ref() == Some(&key)) {
            continue;
        }
        let found = own::find_by_name(db, &account.realm, kind, &key)?;
        if let Some(other) = found.iter().find(|found| found.account.id != account.id) {
            return Ok(Some(AccountError::NameTaken { kind, by: other.account.id }));
        }
    }
    Ok(None)
}

/// Returns the values of `email_key` and `username_key`.
fn name_keys(account: &Account) -> [Option<String>; 2] {
    NameKind::ALL.map(|kind| kind.key(account))
}

fn profile_json(account: &Account) -> Result<String> {
    let profile = account.profile.to_json();
    profile.map_err(|_| Failure::Unstorable("the profile nests too deeply"))
}
