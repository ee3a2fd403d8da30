use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, HeldToken, Key, KeyStore, OtpEnrollment, ResetToken, StoreError, TokenDigest,
    TokenId, TokenStore,
};

use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;
use crate::transaction::Durability;

/// The columns of `@keys k` for [`row::key`].
pub(crate) const KEY_COLUMNS: &str = "k.id AS key_id, k.realm AS key_realm, k.kind AS key_kind, \
    k.name AS key_name, k.scopes AS key_scopes, k.all_realms AS key_all_realms, \
    k.digest AS key_digest, k.created_at AS key_created_at, k.revoked_at AS key_revoked_at";

#[async_trait]
impl TokenStore for PostgresStore {
    async fn reset_token(&self, digest: &TokenDigest) -> Result<Option<ResetToken>, StoreError> {
        let find = Query::new(
            "SELECT digest, account, issued_at, expires_at, spent_at
             FROM @reset_tokens WHERE digest = $1",
        );
        let find = find.bind(*digest);
        self.with_retries(|| async {
            self.row(&find).await?.as_ref().map(row::reset_token).transpose()
        })
        .await
    }

    async fn otp(&self, account: AccountId) -> Result<OtpEnrollment, StoreError> {
        let find = Query::new(
            "SELECT sealed_secret, last_step, code_digest, code_expires_at
             FROM @one_time_passwords WHERE account = $1",
        );
        let find = find.bind(account);
        self.with_retries(|| async {
            let enrollment = self.row(&find).await?.as_ref().map(row::otp).transpose()?;
            Ok(enrollment.unwrap_or_default())
        })
        .await
    }
}

#[async_trait]
impl KeyStore for PostgresStore {
    async fn key(&self, digest: &TokenDigest) -> Result<Option<Key>, StoreError> {
        let find = format!("SELECT {KEY_COLUMNS} FROM @keys k WHERE k.digest = $1");
        let find = Query::new(find).bind(*digest);
        self.with_retries(|| async { self.row(&find).await?.as_ref().map(row::key).transpose() })
            .await
    }

    async fn access_token(&self, digest: &TokenDigest) -> Result<Option<HeldToken>, StoreError> {
        self.with_retries(|| async {
            let find = Query::new(self.accounts().held_token("t.digest = $1")).bind(*digest);
            self.row(&find).await?.as_ref().map(row::held_token).transpose()
        })
        .await
    }

    async fn key_and_access_token(
        &self,
        key: &TokenDigest,
        token: &TokenDigest,
    ) -> Result<(Option<Key>, Option<HeldToken>), StoreError> {
        self.with_retries(|| async {
            let held = self.accounts().held_token("t.digest = $2");
            let both = format!(
                "SELECT {KEY_COLUMNS}, t.* FROM (SELECT 1 AS one) o
                 LEFT JOIN @keys k ON k.digest = $1 LEFT JOIN ({held}) t ON TRUE"
            );
            let Some(found) = self.row(&Query::new(both).bind(*key).bind(*token)).await? else {
                return Ok((None, None));
            };
            let has = |column| get::<Option<uuid::Uuid>>(&found, column).map(|id| id.is_some());
            let key = has("key_id")?.then(|| row::key(&found)).transpose()?;
            let token = has("token_id")?.then(|| row::held_token(&found)).transpose()?;
            Ok((key, token))
        })
        .await
    }

    async fn record_token_use(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let update = Query::new(
            "UPDATE @access_tokens SET last_used_at = GREATEST(last_used_at, $1) WHERE id = $2",
        );
        let update = update.bind(at).bind(token);
        self.with_retries(|| async {
            let transaction = self.begin(Durability::Eventual).await?;
            transaction.commit(std::slice::from_ref(&update), None).await.map(drop)
        })
        .await
    }
}
