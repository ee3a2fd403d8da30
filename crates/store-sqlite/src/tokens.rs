use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, HeldToken, Key, KeyStore, OtpEnrollment, ResetToken, StoreError, TokenDigest,
    TokenId, TokenStore,
};

use rusqlite::Params;

use crate::accounts::AccountsSource;
use crate::audit_and_events::page_after;
use crate::connection::Db;
use crate::failure::Result;
use crate::row;
use crate::row::Columns;
use crate::store::SqliteStore;
use crate::writer::Outcome;

/// The columns of `repass_keys` for [`row::key`].
pub(crate) const KEY_COLUMNS: &str =
    "id, realm, kind, name, scopes, all_realms, digest, created_at, revoked_at";

#[async_trait]
impl TokenStore for SqliteStore {
    async fn reset_token(
        &self,
        digest: &TokenDigest,
    ) -> std::result::Result<Option<ResetToken>, StoreError> {
        let digest = *digest;
        self.read(move |db| {
            db.row(
                "SELECT digest, account, issued_at, expires_at, spent_at
                 FROM repass_reset_tokens WHERE digest = ?1",
                [digest.as_bytes()],
                row::reset_token,
            )
        })
        .await
    }

    async fn otp(&self, account: AccountId) -> std::result::Result<OtpEnrollment, StoreError> {
        self.read(move |db| {
            let enrollment = db.row(
                "SELECT sealed_secret, last_step, code_digest, code_expires_at
                 FROM repass_one_time_passwords WHERE account = ?1",
                [account.0.as_bytes()],
                row::one_time_password,
            )?;
            Ok(enrollment.unwrap_or_default())
        })
        .await
    }
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn key(&self, digest: &TokenDigest) -> std::result::Result<Option<Key>, StoreError> {
        let digest = *digest;
        self.read(move |db| key(db, &digest)).await
    }

    async fn access_token(
        &self,
        digest: &TokenDigest,
    ) -> std::result::Result<Option<HeldToken>, StoreError> {
        let (accounts, digest) = (self.accounts(), *digest);
        self.read(move |db| access_token(db, &accounts, &digest)).await
    }

    async fn key_and_access_token(
        &self,
        key_digest: &TokenDigest,
        token_digest: &TokenDigest,
    ) -> std::result::Result<(Option<Key>, Option<HeldToken>), StoreError> {
        let (accounts, of_key, of_token) = (self.accounts(), *key_digest, *token_digest);
        self.read(move |db| Ok((key(db, &of_key)?, access_token(db, &accounts, &of_token)?))).await
    }

    async fn record_token_use(
        &self,
        token: TokenId,
        at: Timestamp,
    ) -> std::result::Result<(), StoreError> {
        self.write_unsynced(move |db| {
            db.execute(
                "UPDATE repass_access_tokens SET last_used_at = MAX(COALESCE(last_used_at, ?1), ?1)
                 WHERE id = ?2",
                (at.as_microsecond(), token.0.as_bytes()),
            )?;
            Ok(Outcome::Commit(()))
        })
        .await
    }
}

fn key(db: Db<'_>, digest: &TokenDigest) -> Result<Option<Key>> {
    db.row(
        &format!("SELECT {KEY_COLUMNS} FROM repass_keys WHERE digest = ?1"),
        [digest.as_bytes()],
        row::key,
    )
}

fn access_token(
    db: Db<'_>,
    accounts: &AccountsSource,
    digest: &TokenDigest,
) -> Result<Option<HeldToken>> {
    Ok(held_tokens(db, accounts, "t.digest = ?1", [digest.as_bytes()])?.pop())
}

pub(crate) fn access_token_by_id(
    db: Db<'_>,
    accounts: &AccountsSource,
    token: TokenId,
) -> Result<Option<HeldToken>> {
    Ok(held_tokens(db, accounts, "t.id = ?1", [token.0.as_bytes()])?.pop())
}

pub(crate) fn access_tokens_of(
    db: Db<'_>,
    accounts: &AccountsSource,
    account: AccountId,
    after: Option<(Timestamp, TokenId)>,
    limit: u32,
) -> Result<Vec<HeldToken>> {
    let (at, id) = page_after(after.map(|(at, id)| (at, id.0)), i64::MAX);
    let page = "t.account = ?1 AND (t.issued_at, t.id) < (?2, ?3)
                ORDER BY t.issued_at DESC, t.id DESC LIMIT ?4";
    held_tokens(db, accounts, page, (account.0.as_bytes(), at, id, limit))
}

pub(crate) fn reset_tokens_of(
    db: Db<'_>,
    account: AccountId,
    after: Option<(Timestamp, TokenDigest)>,
    limit: u32,
) -> Result<Vec<ResetToken>> {
    let (at, digest) =
        after.map_or((i64::MAX, [0; 32]), |(at, digest)| (at.as_microsecond(), *digest.as_bytes()));
    db.rows(
        "SELECT digest, account, issued_at, expires_at, spent_at FROM repass_reset_tokens
         WHERE account = ?1 AND (issued_at, digest) < (?2, ?3)
         ORDER BY issued_at DESC, digest DESC LIMIT ?4",
        (account.0.as_bytes(), at, digest, limit),
        row::reset_token,
    )
}

/// Returns the access tokens for which `condition` holds, with their holders if they still exist.
fn held_tokens(
    db: Db<'_>,
    accounts: &AccountsSource,
    condition: &str,
    params: impl Params,
) -> Result<Vec<HeldToken>> {
    let select = format!(
        "SELECT t.id, t.account, t.roles, t.digest, t.issued_at, t.expires_at, t.revoked_at,
                t.ip_address, t.user_agent, t.last_used_at, a.valid_after, a.kept_token
         FROM repass_access_tokens t JOIN repass_accounts a ON a.id = t.account WHERE {condition}"
    );
    let held = db.rows(&select, params, |row| {
        let holder = accounts.holder(db, Columns(row).account_id("account")?)?;
        holder.map(|holder| row::held_token(row, holder)).transpose()
    })?;
    Ok(held.into_iter().flatten().collect())
}
