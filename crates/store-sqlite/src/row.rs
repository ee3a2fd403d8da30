//! Reads rows into core's types. An invalid value is reported with the name of its column.

use std::str::FromStr;

use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountId, AttemptState, AuditRecord, Delivery, DeliveryState,
    HashedPassword, HeldToken, Key, KeyId, Normalization, OtpEnrollment, OutboxEvent, ResetToken,
    TokenDigest, TokenId,
};
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::accounts::Holder;
use crate::failure::{Result, damaged};

/// A row whose columns are read by name.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'r>(pub(crate) &'r Row<'r>);

impl Columns<'_> {
    pub(crate) fn get<T: FromSql>(self, column: &str) -> Result<T> {
        self.0.get(column).map_err(|_| damaged(column))
    }

    /// Parses a text column.
    pub(crate) fn parsed<T: FromStr>(self, column: &str) -> Result<T> {
        self.get::<String>(column)?.parse().map_err(|_| damaged(column))
    }

    pub(crate) fn json<T: DeserializeOwned>(self, column: &str) -> Result<T> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|_| damaged(column))
    }

    pub(crate) fn time(self, column: &str) -> Result<Timestamp> {
        Timestamp::from_microsecond(self.get(column)?).map_err(|_| damaged(column))
    }

    pub(crate) fn optional_time(self, column: &str) -> Result<Option<Timestamp>> {
        let time: Option<i64> = self.get(column)?;
        time.map(Timestamp::from_microsecond).transpose().map_err(|_| damaged(column))
    }

    pub(crate) fn uuid(self, column: &str) -> Result<Uuid> {
        self.get(column).map(Uuid::from_bytes)
    }

    pub(crate) fn account_id(self, column: &str) -> Result<AccountId> {
        self.uuid(column).map(AccountId)
    }

    fn digest(self, column: &str) -> Result<TokenDigest> {
        self.get(column).map(TokenDigest::from_bytes)
    }

    /// Reads a non-negative number.
    pub(crate) fn count(self, column: &str) -> Result<u32> {
        self.get::<i64>(column)?.try_into().map_err(|_| damaged(column))
    }

    pub(crate) fn normalization(self) -> Result<Normalization> {
        let column = "normalization";
        Normalization::from_name(&self.get::<String>(column)?).ok_or_else(|| damaged(column))
    }

    /// Reads the columns `hash` and `normalization`.
    pub(crate) fn hash(self) -> Result<HashedPassword> {
        let hash = HashedPassword::from_stored(self.get::<String>("hash")?);
        Ok(hash.with_normalization(self.normalization()?))
    }

    fn delivery_state(self, column: &str) -> Result<DeliveryState> {
        DeliveryState::from_name(&self.get::<String>(column)?).ok_or_else(|| damaged(column))
    }
}

/// Reads an account of repass's own table.
pub(crate) fn account(row: &Row<'_>) -> Result<Account> {
    let columns = Columns(row);
    let mut account = Account::new(
        columns.account_id("id")?,
        columns.parsed("realm")?,
        columns.parsed("user_id")?,
        columns.time("created_at")?,
    );
    let email: Option<String> = columns.get("email")?;
    account.email = email.map(|email| email.parse().map_err(|_| damaged("email"))).transpose()?;
    account.username = columns.get("username")?;
    account.profile = columns.json("profile")?;
    account.active = columns.get("active")?;
    account.updated_at = columns.time("updated_at")?;
    Ok(account)
}

pub(crate) fn attempt_state(row: &Row<'_>) -> Result<AttemptState> {
    let columns = Columns(row);
    Ok(AttemptState {
        failures: columns.count("failures")?,
        password_locked_until: columns.optional_time("password_locked_until")?,
        reset_locked_until: columns.optional_time("reset_locked_until")?,
        expires_at: columns.optional_time("expires_at")?,
    })
}

/// Reads an access token, joined with `repass_accounts`.
pub(crate) fn held_token(row: &Row<'_>, holder: Holder) -> Result<HeldToken> {
    let columns = Columns(row);
    let token = access_token(row)?;
    let kept: Option<[u8; 16]> = columns.get("kept_token")?;
    Ok(HeldToken {
        kept: kept == Some(*token.id.0.as_bytes()),
        token,
        realm: holder.realm,
        user_id: holder.user_id,
        active: holder.active,
        valid_after: columns.optional_time("valid_after")?,
    })
}

fn access_token(row: &Row<'_>) -> Result<AccessToken> {
    let columns = Columns(row);
    Ok(AccessToken {
        id: TokenId(columns.uuid("id")?),
        account: columns.account_id("account")?,
        roles: columns.json("roles")?,
        digest: columns.digest("digest")?,
        issued_at: columns.time("issued_at")?,
        expires_at: columns.time("expires_at")?,
        revoked_at: columns.optional_time("revoked_at")?,
        ip_address: columns.get("ip_address")?,
        user_agent: columns.get("user_agent")?,
        last_used_at: columns.optional_time("last_used_at")?,
    })
}

pub(crate) fn reset_token(row: &Row<'_>) -> Result<ResetToken> {
    let columns = Columns(row);
    Ok(ResetToken {
        digest: columns.digest("digest")?,
        account: columns.account_id("account")?,
        issued_at: columns.time("issued_at")?,
        expires_at: columns.time("expires_at")?,
        spent_at: columns.optional_time("spent_at")?,
    })
}

pub(crate) fn key(row: &Row<'_>) -> Result<Key> {
    let columns = Columns(row);
    Ok(Key {
        id: KeyId(columns.uuid("id")?),
        realm: columns.parsed("realm")?,
        kind: columns.parsed("kind")?,
        name: columns.get("name")?,
        scopes: columns.json("scopes")?,
        all_realms: columns.get("all_realms")?,
        digest: columns.digest("digest")?,
        created_at: columns.time("created_at")?,
        revoked_at: columns.optional_time("revoked_at")?,
    })
}

/// Reads the enrollment of an account; the default if an outer join found none.
pub(crate) fn one_time_password(row: &Row<'_>) -> Result<OtpEnrollment> {
    let columns = Columns(row);
    let last_step: Option<i64> = columns.get("last_step")?;
    let code: Option<[u8; 32]> = columns.get("code_digest")?;
    Ok(OtpEnrollment {
        sealed_secret: columns.get("sealed_secret")?,
        last_step: last_step.map(u64::try_from).transpose().map_err(|_| damaged("last_step"))?,
        code: code.map(TokenDigest::from_bytes).zip(columns.optional_time("code_expires_at")?),
    })
}

pub(crate) fn audit_record(row: &Row<'_>) -> Result<AuditRecord> {
    let columns = Columns(row);
    let account: Option<[u8; 16]> = columns.get("account")?;
    Ok(AuditRecord {
        id: columns.uuid("id")?,
        at: columns.time("at")?,
        realm: columns.parsed("realm")?,
        account: account.map(|id| AccountId(Uuid::from_bytes(id))),
        action: columns.get("action")?,
        outcome: columns.get("outcome")?,
        detail: columns.get("detail")?,
        caller: columns.get("caller")?,
        context: columns.json("context")?,
    })
}

pub(crate) fn event(row: &Row<'_>) -> Result<OutboxEvent> {
    let columns = Columns(row);
    Ok(OutboxEvent {
        id: columns.uuid("id")?,
        at: columns.time("at")?,
        account: columns.account_id("account")?,
        kind: columns.get("kind")?,
        payload: columns.json("payload")?,
    })
}

pub(crate) fn event_state(row: &Row<'_>) -> Result<DeliveryState> {
    Columns(row).delivery_state("state")
}

pub(crate) fn delivery(row: &Row<'_>) -> Result<Delivery> {
    let columns = Columns(row);
    Ok(Delivery {
        channel: columns.get("channel")?,
        state: columns.delivery_state("state")?,
        tries: columns.count("tries")?,
        due_at: columns.time("due_at")?,
        error: columns.get("error")?,
    })
}
