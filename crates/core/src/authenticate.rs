use std::time::Duration;

use async_trait::async_trait;

use crate::{KeyIdentity, KeyKind, Plaintext, Realm, StoreError, TokenIdentity};

/// The port that authenticates callers by the key or token that they present.
///
/// An [`Engine`](crate::Engine) accepts the keys and tokens that repass issued, and the crate
/// `repass-token-issuers` also tokens of other issuers. An application that authenticates its
/// callers by sessions implements this port itself.
#[async_trait]
pub trait CallerAuthenticator: Send + Sync {
    /// Returns the key of this kind and realm with this secret; `None` if there is no valid one.
    ///
    /// # Errors
    /// When the store or the issuer of the token fails.
    async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, AuthenticationError>;

    /// Returns the access token of this realm with this secret; `None` if there is no valid one.
    ///
    /// # Errors
    /// When the store or the issuer of the token fails.
    async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, AuthenticationError>;

    /// Returns a [`key`](Self::key) and an [`access_token`](Self::access_token) that are presented
    /// together.
    ///
    /// # Errors
    /// When the store or the issuer of the token fails.
    async fn key_and_access_token(
        &self,
        realm: &Realm,
        kind: KeyKind,
        key: &Plaintext,
        token: &Plaintext,
    ) -> Result<(Option<KeyIdentity>, Option<TokenIdentity>), AuthenticationError> {
        Ok((self.key(realm, kind, key).await?, self.access_token(realm, token).await?))
    }
}

/// A caller could be neither authenticated nor refused, since a system failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// The store of keys, tokens and accounts failed.
    #[error("the credential store failed")]
    Store(#[from] StoreError),
    /// Another issuer of tokens cannot be asked; a retry can succeed.
    #[error("the token issuer {issuer} is not available")]
    IssuerUnavailable {
        /// The issuer, as configured.
        issuer: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl AuthenticationError {
    /// Returns a retry delay if the service is unavailable (status 503).
    pub const fn unavailable(&self) -> Option<Duration> {
        match self {
            Self::Store(StoreError::Unavailable(_)) | Self::IssuerUnavailable { .. } => {
                Some(Duration::from_secs(1))
            }
            Self::Store(_) => None,
        }
    }
}
