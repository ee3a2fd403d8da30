//! The error of stores, and the ports for tokens and keys.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{AccountId, HeldToken, Key, OtpEnrollment, TokenDigest, TokenId};

/// A store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached or is full; a retry can succeed.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database contains invalid data.
    #[error("the database holds damaged data: {0}")]
    Damaged(String),
    /// Anything else.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A reset token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetToken {
    /// Digest of the secret.
    pub digest: TokenDigest,
    /// The account that it is for.
    pub account: AccountId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was redeemed, or voided by a newer token.
    pub spent_at: Option<Timestamp>,
}

/// The port for reset tokens and one-time passwords.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Returns the reset token of this digest, also if it is spent or expired.
    ///
    /// # Errors
    /// When the store fails.
    async fn reset_token(&self, digest: &TokenDigest) -> Result<Option<ResetToken>, StoreError>;

    /// Returns the account's one-time password enrollment.
    ///
    /// # Errors
    /// When the store fails.
    async fn otp(&self, account: AccountId) -> Result<OtpEnrollment, StoreError>;
}

/// The port for the keys of services, apps and gateways, and for access tokens.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Returns the key of this digest, also if it is revoked.
    ///
    /// # Errors
    /// When the store fails.
    async fn key(&self, digest: &TokenDigest) -> Result<Option<Key>, StoreError>;

    /// Returns the access token of this digest with its holder, also if it is revoked or expired.
    ///
    /// # Errors
    /// When the store fails.
    async fn access_token(&self, digest: &TokenDigest) -> Result<Option<HeldToken>, StoreError>;

    /// Returns both. A store can override this to query the database once.
    ///
    /// # Errors
    /// When the store fails.
    async fn key_and_access_token(
        &self,
        key: &TokenDigest,
        token: &TokenDigest,
    ) -> Result<(Option<Key>, Option<HeldToken>), StoreError> {
        Ok((self.key(key).await?, self.access_token(token).await?))
    }

    /// Sets `last_used_at` of an access token, if there is one of this id. The write may be lost if
    /// the server crashes shortly afterwards. The time never moves back.
    ///
    /// # Errors
    /// When the store fails.
    async fn record_token_use(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError>;
}
