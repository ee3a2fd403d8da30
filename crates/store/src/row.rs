//! Reading rows back into core's types. Whatever cannot be is damage, told by the column's name.

use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountId, AttemptState, AuditRecord, Credential, HashedPassword,
    HeldToken, Key, KeyId, Normalisation, OtpEnrolment, OutboxEntry, OutboxEvent, OutboxState,
    Realm, ResetToken, StoreError, TokenDigest, TokenId, UserId,
};
use sqlx::Row;
use sqlx::any::{Any, AnyRow};
use uuid::Uuid;

use crate::accounts_source::AccountsSource;
use crate::failure::damaged;
use crate::foreign_credential::{Noted, Standing};

/// A row with the names of its columns.
struct Columns<'r>(&'r AnyRow);

impl<'r> Columns<'r> {
    fn get<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, Any> + sqlx::Type<Any>,
    {
        self.0.try_get(column).map_err(|_| damaged(column))
    }

    fn parsed<T: std::str::FromStr>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<String>(column)?.parse().map_err(|_| damaged(column))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|_| damaged(column))
    }

    fn moment(&self, column: &str) -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(self.get(column)?).map_err(|_| damaged(column))
    }

    fn moment_if_any(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        let moment: Option<i64> = self.get(column)?;
        moment.map(Timestamp::from_microsecond).transpose().map_err(|_| damaged(column))
    }

    fn digest(&self, column: &str) -> Result<TokenDigest, StoreError> {
        digest(&self.get::<Vec<u8>>(column)?, column)
    }

    fn normalisation(&self) -> Result<Normalisation, StoreError> {
        let column = "normalisation";
        Normalisation::of(&self.get::<String>(column)?).ok_or_else(|| damaged(column))
    }

    fn truth(&self, column: &str) -> Result<bool, StoreError> {
        // SQLite has no truth values, and keeps them as numbers.
        if let Ok(truth) = self.0.try_get(column) {
            return Ok(truth);
        }
        match self.get::<i64>(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged(column)),
        }
    }
}

/// An account, by the columns that the source names.
pub(crate) fn account(row: &AnyRow, source: &AccountsSource) -> Result<Account, StoreError> {
    let columns = Columns(row);
    Ok(Account {
        id: source.id(row)?,
        realm: columns.parsed("realm")?,
        user_id: columns.parsed("user_id")?,
        email: columns.get("email")?,
        username: columns.get("username")?,
        profile: columns.json("profile")?,
        active: columns.truth("active")?,
        created_at: columns.moment("created_at")?,
        updated_at: columns.moment("updated_at")?,
    })
}

pub(crate) fn account_id(row: &AnyRow) -> Result<AccountId, StoreError> {
    Columns(row).parsed("id").map(AccountId)
}

/// The id in the mapped table.
pub(crate) fn foreign_id(row: &AnyRow) -> Result<String, StoreError> {
    Columns(row).get("foreign_id")
}

/// Whether the row's realm and user id are these to the letter.
pub(crate) fn is_named(row: &AnyRow, realm: &Realm, user_id: &UserId) -> bool {
    let columns = Columns(row);
    columns.parsed::<Realm>("realm").is_ok_and(|own| own == *realm)
        && columns.parsed::<UserId>("user_id").is_ok_and(|own| own == *user_id)
}

/// Whether the row's realm and user id can be those of an account.
pub(crate) fn is_account(row: &AnyRow) -> bool {
    let columns = Columns(row);
    columns.parsed::<Realm>("realm").is_ok() && columns.parsed::<UserId>("user_id").is_ok()
}

/// The row's realm and user id as they stand there.
pub(crate) fn names(row: &AnyRow) -> Result<(String, String), StoreError> {
    let columns = Columns(row);
    Ok((columns.get("realm")?, columns.get("user_id")?))
}

/// `None` when the outer join found no credential.
pub(crate) fn credential(
    row: &AnyRow,
    source: &AccountsSource,
) -> Result<Option<Credential>, StoreError> {
    if source.foreign.is_some() {
        return Ok(standing(row)?.credential());
    }
    let columns = Columns(row);
    if columns.get::<Option<i64>>("version")?.is_none() {
        return Ok(None);
    }
    let version = columns.get("version")?;
    Ok(Some(Credential { hash: hash(row)?, version, changed_at: columns.moment("changed_at")? }))
}

/// How the hash of an account of the mapped table stands.
pub(crate) fn standing(row: &AnyRow) -> Result<Standing, StoreError> {
    let columns = Columns(row);
    let hash: Option<String> = columns.get("hash")?;
    let noted = match columns.get::<Option<i64>>("version")? {
        None => None,
        Some(version) => Some(Noted {
            version,
            changed_at: columns.moment("changed_at")?,
            fingerprint: *columns.digest("fingerprint")?.as_bytes(),
            normalisation: columns.normalisation()?,
        }),
    };
    Ok(Standing { hash: hash.map(HashedPassword::from_stored), noted })
}

pub(crate) fn hash(row: &AnyRow) -> Result<HashedPassword, StoreError> {
    let columns = Columns(row);
    let hash = HashedPassword::from_stored(columns.get::<String>("hash")?);
    Ok(hash.normalised(columns.normalisation()?))
}

pub(crate) fn pepper(row: &AnyRow) -> Result<Option<String>, StoreError> {
    Columns(row).get("pepper")
}

pub(crate) fn active(row: &AnyRow) -> Result<bool, StoreError> {
    Columns(row).truth("active")
}

pub(crate) fn attempt_state(row: &AnyRow) -> Result<AttemptState, StoreError> {
    let columns = Columns(row);
    let failures: i64 = columns.get("failures")?;
    Ok(AttemptState {
        failures: failures.try_into().map_err(|_| damaged("failures"))?,
        password_locked_until: columns.moment_if_any("password_closed_until")?,
        reset_locked_until: columns.moment_if_any("reset_closed_until")?,
        expires_at: columns.moment_if_any("expires_at")?,
    })
}

pub(crate) fn held_token(row: &AnyRow) -> Result<HeldToken, StoreError> {
    let columns = Columns(row);
    let token = AccessToken {
        id: TokenId(columns.parsed("id")?),
        account: AccountId(columns.parsed("account")?),
        roles: columns.json("roles")?,
        digest: columns.digest("digest")?,
        issued_at: columns.moment("issued_at")?,
        expires_at: columns.moment("expires_at")?,
        revoked_at: columns.moment_if_any("revoked_at")?,
    };
    Ok(HeldToken {
        token,
        realm: columns.parsed("realm")?,
        user_id: columns.parsed("user_id")?,
        active: columns.truth("active")?,
        valid_after: columns.moment_if_any("valid_after")?,
        kept: columns.get::<Option<String>>("kept_token")? == Some(columns.get("id")?),
    })
}

pub(crate) fn reset_token(row: &AnyRow) -> Result<ResetToken, StoreError> {
    let columns = Columns(row);
    Ok(ResetToken {
        digest: columns.digest("digest")?,
        account: AccountId(columns.parsed("account")?),
        issued_at: columns.moment("issued_at")?,
        expires_at: columns.moment("expires_at")?,
        spent_at: columns.moment_if_any("spent_at")?,
    })
}

/// What [`key`] reads, of `keys k`, by names that no access token has.
macro_rules! key_columns {
    () => {
        "k.id AS key_id, k.realm AS key_realm, k.kind AS key_kind, k.name AS key_name, \
         k.digest AS key_digest, k.created_at AS key_created_at, k.revoked_at AS key_revoked_at"
    };
}
pub(crate) use key_columns;

pub(crate) fn key(row: &AnyRow) -> Result<Key, StoreError> {
    let columns = Columns(row);
    Ok(Key {
        id: KeyId(columns.parsed("key_id")?),
        realm: columns.parsed("key_realm")?,
        kind: columns.parsed("key_kind")?,
        name: columns.get("key_name")?,
        digest: columns.digest("key_digest")?,
        created_at: columns.moment("key_created_at")?,
        revoked_at: columns.moment_if_any("key_revoked_at")?,
    })
}

/// Whether there is something in a column of text.
pub(crate) fn has(row: &AnyRow, column: &str) -> Result<bool, StoreError> {
    Columns(row).get::<Option<String>>(column).map(|value| value.is_some())
}

pub(crate) fn otp(row: &AnyRow) -> Result<OtpEnrolment, StoreError> {
    let columns = Columns(row);
    let last_step: Option<i64> = columns.get("last_step")?;
    let code: Option<Vec<u8>> = columns.get("code_digest")?;
    let code = code.map(|bytes| digest(&bytes, "code_digest")).transpose()?;
    Ok(OtpEnrolment {
        sealed_secret: columns.get("sealed_secret")?,
        last_step: last_step.map(u64::try_from).transpose().map_err(|_| damaged("last_step"))?,
        code: code.zip(columns.moment_if_any("code_expires_at")?),
    })
}

pub(crate) fn audit_record(row: &AnyRow) -> Result<AuditRecord, StoreError> {
    let columns = Columns(row);
    let account: Option<String> = columns.get("account")?;
    let account = account.map(|id| Uuid::try_parse(&id)).transpose();
    Ok(AuditRecord {
        id: columns.parsed("id")?,
        at: columns.moment("at")?,
        realm: columns.parsed("realm")?,
        account: account.map_err(|_| damaged("account"))?.map(AccountId),
        action: columns.get("action")?,
        outcome: columns.get("outcome")?,
        detail: columns.get("detail")?,
        caller: columns.get("caller")?,
        context: columns.json("context")?,
    })
}

pub(crate) fn outbox_event(row: &AnyRow) -> Result<OutboxEvent, StoreError> {
    let columns = Columns(row);
    Ok(OutboxEvent {
        id: columns.parsed("id")?,
        at: columns.moment("at")?,
        account: AccountId(columns.parsed("account")?),
        kind: columns.get("kind")?,
        payload: columns.json("payload")?,
    })
}

/// One row of an entry, with the one channel in it, if any.
pub(crate) fn outbox_entry(row: &AnyRow) -> Result<OutboxEntry, StoreError> {
    let columns = Columns(row);
    let state: String = columns.get("state")?;
    Ok(OutboxEntry {
        event: outbox_event(row)?,
        state: OutboxState::of(&state).ok_or_else(|| damaged("state"))?,
        tries: tries(row)?,
        due_at: columns.moment("due_at")?,
        error: columns.get("error")?,
        delivered: channel(row)?.into_iter().collect(),
    })
}

pub(crate) fn tries(row: &AnyRow) -> Result<u32, StoreError> {
    Columns(row).get::<i64>("tries")?.try_into().map_err(|_| damaged("tries"))
}

pub(crate) fn channel(row: &AnyRow) -> Result<Option<String>, StoreError> {
    Columns(row).get("channel")
}

fn digest(bytes: &[u8], column: &str) -> Result<TokenDigest, StoreError> {
    let bytes = bytes.try_into().map_err(|_| damaged(column))?;
    Ok(TokenDigest::from_bytes(bytes))
}
