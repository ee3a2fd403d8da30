use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{
    AccountId, HeldToken, Key, KeyStore, OtpEnrolment, ResetToken, StoreError, TokenDigest,
    TokenStore,
};
use sqlx::{AssertSqlSafe, query};

use crate::retry::retried;
use crate::row::{self, key_columns};
use crate::store::SqlStore;

#[async_trait]
impl TokenStore for SqlStore {
    async fn reset_token(&self, digest: &TokenDigest) -> Result<Option<ResetToken>, StoreError> {
        retried(|| async {
            let found = query(
                "SELECT digest, account, issued_at, expires_at, spent_at
                 FROM reset_tokens WHERE digest = $1",
            )
            .bind(digest.as_bytes().as_slice());
            self.row(found).await?.as_ref().map(row::reset_token).transpose()
        })
        .await
    }

    async fn otp(&self, account: AccountId) -> Result<OtpEnrolment, StoreError> {
        retried(|| async {
            let found = query(
                "SELECT sealed_secret, last_step, code_digest, code_expires_at
                 FROM otp WHERE account = $1",
            )
            .bind(account.to_string());
            let enrolment = self.row(found).await?.as_ref().map(row::otp).transpose()?;
            Ok(enrolment.unwrap_or_default())
        })
        .await
    }
}

#[async_trait]
impl KeyStore for SqlStore {
    async fn key(&self, digest: &TokenDigest) -> Result<Option<Key>, StoreError> {
        retried(|| async {
            let found =
                query(concat!("SELECT ", key_columns!(), " FROM keys k WHERE k.digest = $1"));
            let found = found.bind(digest.as_bytes().as_slice());
            self.row(found).await?.as_ref().map(row::key).transpose()
        })
        .await
    }

    async fn access_token(&self, digest: &TokenDigest) -> Result<Option<HeldToken>, StoreError> {
        retried(|| async {
            let find = AssertSqlSafe(Arc::clone(&self.accounts.find_token));
            let found = query(find).bind(digest.as_bytes().as_slice());
            self.row(found).await?.as_ref().map(row::held_token).transpose()
        })
        .await
    }

    async fn key_and_access_token(
        &self,
        key: &TokenDigest,
        token: &TokenDigest,
    ) -> Result<(Option<Key>, Option<HeldToken>), StoreError> {
        retried(|| async {
            let find = AssertSqlSafe(Arc::clone(&self.accounts.find_key_and_token));
            let found = [key, token]
                .into_iter()
                .fold(query(find), |find, digest| find.bind(digest.as_bytes().as_slice()));
            let Some(found) = self.row(found).await? else { return Ok((None, None)) };
            let key = row::has(&found, "key_id")?.then(|| row::key(&found)).transpose()?;
            let token = row::has(&found, "id")?.then(|| row::held_token(&found)).transpose()?;
            Ok((key, token))
        })
        .await
    }
}
