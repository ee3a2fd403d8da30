//! Reads rows into core's types. An invalid value is reported with the name of its column.

use std::str::FromStr;

use jiff::Timestamp;
use repass_accounts_table::{MappedCredential, RecordedCredential};
use repass_core::{
    AccessToken, Account, AccountId, AttemptState, AuditRecord, Credential, Delivery,
    DeliveryState, HashedPassword, HeldToken, Key, KeyId, Normalization, OtpEnrollment,
    OutboxEvent, Realm, ResetToken, StoreError, TokenDigest, TokenId, UserId,
};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Json};
use uuid::Uuid;

use crate::failure::damaged;

pub(crate) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: &str) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| damaged(column))
}

fn parsed<T: FromStr>(row: &Row, column: &str) -> Result<T, StoreError> {
    get::<&str>(row, column)?.parse().map_err(|_| damaged(column))
}

pub(crate) fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, StoreError> {
    let Json(value) = row.try_get::<_, Json<T>>(column).map_err(|_| damaged(column))?;
    Ok(value)
}

pub(crate) fn bytes32(row: &Row, column: &str) -> Result<[u8; 32], StoreError> {
    get::<&[u8]>(row, column)?.try_into().map_err(|_| damaged(column))
}

fn digest(row: &Row, column: &str) -> Result<TokenDigest, StoreError> {
    bytes32(row, column).map(TokenDigest::from_bytes)
}

fn normalization(row: &Row) -> Result<Normalization, StoreError> {
    let column = "normalization";
    Normalization::from_name(get(row, column)?).ok_or_else(|| damaged(column))
}

/// Reads an account of repass's own table.
pub(crate) fn account(row: &Row) -> Result<Account, StoreError> {
    let id = AccountId(get(row, "id")?);
    let (realm, user_id) = (parsed(row, "realm")?, parsed(row, "user_id")?);
    let mut account = Account::new(id, realm, user_id, get(row, "created_at")?);
    let email: Option<String> = get(row, "email")?;
    account.email = email.map(TryInto::try_into).transpose().map_err(|_| damaged("email"))?;
    account.username = get(row, "username")?;
    account.profile = json(row, "profile")?;
    account.active = get(row, "active")?;
    account.updated_at = get(row, "updated_at")?;
    Ok(account)
}

/// Reads an account of a mapped table. An invalid e-mail address is left out, since another
/// application writes the table.
pub(crate) fn mapped_account(row: &Row, id: AccountId) -> Result<Account, StoreError> {
    let (realm, user_id) = (parsed(row, "realm")?, parsed(row, "user_id")?);
    let mut account = Account::new(id, realm, user_id, Timestamp::UNIX_EPOCH);
    account.email = get::<Option<&str>>(row, "email")?.and_then(|email| email.parse().ok());
    account.username = get(row, "username")?;
    account.active = get(row, "active")?;
    if let Some(updated_at) = get(row, "updated_at")? {
        account.updated_at = updated_at;
    }
    Ok(account)
}

/// Returns the realm and the user id of a row of a mapped table, if they are valid.
pub(crate) fn realm_and_user_id(row: &Row) -> Option<(Realm, UserId)> {
    Some((parsed(row, "realm").ok()?, parsed(row, "user_id").ok()?))
}

/// Reads a credential; `None` if the outer join found none.
pub(crate) fn credential(row: &Row) -> Result<Option<Credential>, StoreError> {
    let Some(version) = get(row, "version")? else { return Ok(None) };
    Ok(Some(Credential { hash: hash(row)?, version, changed_at: get(row, "changed_at")? }))
}

/// Reads the hash of a mapped account with its recorded metadata.
pub(crate) fn mapped_credential(row: &Row) -> Result<MappedCredential, StoreError> {
    let hash: Option<String> = get(row, "hash")?;
    let recorded = match get(row, "version")? {
        None => None,
        Some(version) => Some(RecordedCredential {
            version,
            changed_at: get(row, "changed_at")?,
            fingerprint: bytes32(row, "fingerprint")?,
            normalization: normalization(row)?,
        }),
    };
    Ok(MappedCredential { hash: hash.map(HashedPassword::from_stored), recorded })
}

pub(crate) fn hash(row: &Row) -> Result<HashedPassword, StoreError> {
    let hash = HashedPassword::from_stored(get::<String>(row, "hash")?);
    Ok(hash.with_normalization(normalization(row)?))
}

pub(crate) fn attempt_state(row: &Row) -> Result<AttemptState, StoreError> {
    let failures: i64 = get(row, "failures")?;
    Ok(AttemptState {
        failures: failures.try_into().map_err(|_| damaged("failures"))?,
        password_locked_until: get(row, "password_locked_until")?,
        reset_locked_until: get(row, "reset_locked_until")?,
        expires_at: get(row, "expires_at")?,
    })
}

/// Reads an access token from the columns `token_…`, and its holder.
pub(crate) fn held_token(row: &Row) -> Result<HeldToken, StoreError> {
    let id = TokenId(get(row, "token_id")?);
    let token = AccessToken {
        id,
        account: AccountId(get(row, "token_account")?),
        roles: get(row, "token_roles")?,
        digest: digest(row, "token_digest")?,
        issued_at: get(row, "token_issued_at")?,
        expires_at: get(row, "token_expires_at")?,
        revoked_at: get(row, "token_revoked_at")?,
        ip_address: get(row, "token_ip_address")?,
        user_agent: get(row, "token_user_agent")?,
        last_used_at: get(row, "token_last_used_at")?,
    };
    Ok(HeldToken {
        token,
        realm: parsed(row, "realm")?,
        user_id: parsed(row, "user_id")?,
        active: get(row, "active")?,
        valid_after: get(row, "valid_after")?,
        kept: get::<Option<Uuid>>(row, "kept_token")? == Some(id.0),
    })
}

pub(crate) fn reset_token(row: &Row) -> Result<ResetToken, StoreError> {
    Ok(ResetToken {
        digest: digest(row, "digest")?,
        account: AccountId(get(row, "account")?),
        issued_at: get(row, "issued_at")?,
        expires_at: get(row, "expires_at")?,
        spent_at: get(row, "spent_at")?,
    })
}

/// Reads a key from the columns `key_…`.
pub(crate) fn key(row: &Row) -> Result<Key, StoreError> {
    let scopes = get::<Vec<&str>>(row, "key_scopes")?;
    let scopes = scopes.into_iter().map(str::parse).collect::<Result<_, _>>();
    Ok(Key {
        id: KeyId(get(row, "key_id")?),
        realm: parsed(row, "key_realm")?,
        kind: parsed(row, "key_kind")?,
        name: get(row, "key_name")?,
        scopes: scopes.map_err(|_| damaged("key_scopes"))?,
        all_realms: get(row, "key_all_realms")?,
        digest: digest(row, "key_digest")?,
        created_at: get(row, "key_created_at")?,
        revoked_at: get(row, "key_revoked_at")?,
    })
}

pub(crate) fn otp(row: &Row) -> Result<OtpEnrollment, StoreError> {
    let last_step: Option<i64> = get(row, "last_step")?;
    let code: Option<&[u8]> = get(row, "code_digest")?;
    let code = code.map(|_| digest(row, "code_digest")).transpose()?;
    Ok(OtpEnrollment {
        sealed_secret: get(row, "sealed_secret")?,
        last_step: last_step.map(u64::try_from).transpose().map_err(|_| damaged("last_step"))?,
        code: code.zip(get(row, "code_expires_at")?),
    })
}

pub(crate) fn audit_record(row: &Row) -> Result<AuditRecord, StoreError> {
    Ok(AuditRecord {
        id: get(row, "id")?,
        at: get(row, "at")?,
        realm: parsed(row, "realm")?,
        account: get::<Option<Uuid>>(row, "account")?.map(AccountId),
        action: get(row, "action")?,
        outcome: get(row, "outcome")?,
        detail: get(row, "detail")?,
        caller: get(row, "caller")?,
        context: json(row, "context")?,
    })
}

/// Reads an event from the columns `event_…`.
pub(crate) fn event(row: &Row) -> Result<OutboxEvent, StoreError> {
    Ok(OutboxEvent {
        id: get(row, "event_id")?,
        at: get(row, "event_at")?,
        account: AccountId(get(row, "event_account")?),
        kind: get(row, "event_kind")?,
        payload: json(row, "event_payload")?,
    })
}

pub(crate) fn delivery_state(row: &Row, column: &str) -> Result<DeliveryState, StoreError> {
    DeliveryState::from_name(get(row, column)?).ok_or_else(|| damaged(column))
}

pub(crate) fn tries(row: &Row) -> Result<u32, StoreError> {
    get::<i64>(row, "tries")?.try_into().map_err(|_| damaged("tries"))
}

/// Reads a delivery; `None` if the outer join found none.
pub(crate) fn delivery(row: &Row) -> Result<Option<Delivery>, StoreError> {
    let Some(channel) = get(row, "channel")? else { return Ok(None) };
    Ok(Some(Delivery {
        channel,
        state: delivery_state(row, "delivery_state")?,
        tries: tries(row)?,
        due_at: get(row, "delivery_due_at")?,
        error: get(row, "error")?,
    }))
}
