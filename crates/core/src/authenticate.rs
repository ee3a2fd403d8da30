use async_trait::async_trait;

use crate::{KeyIdentity, KeyKind, Plaintext, Realm, StoreError, TokenIdentity};

/// The port that authenticates callers by the key or token that they present.
///
/// An [`Engine`](crate::Engine) accepts the keys and tokens that repass issued. An application that
/// authenticates its callers by sessions or JSON Web Tokens implements this port itself.
#[async_trait]
pub trait CallerAuthenticator: Send + Sync {
    /// Returns the key of this kind and realm with this secret; `None` if there is no valid one.
    ///
    /// # Errors
    /// When the store fails.
    async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, StoreError>;

    /// Returns the access token of this realm with this secret; `None` if there is no valid one.
    ///
    /// # Errors
    /// When the store fails.
    async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, StoreError>;

    /// Returns a [`key`](Self::key) and an [`access_token`](Self::access_token) that are presented
    /// together.
    ///
    /// # Errors
    /// When the store fails.
    async fn key_and_access_token(
        &self,
        realm: &Realm,
        kind: KeyKind,
        key: &Plaintext,
        token: &Plaintext,
    ) -> Result<(Option<KeyIdentity>, Option<TokenIdentity>), StoreError> {
        Ok((self.key(realm, kind, key).await?, self.access_token(realm, token).await?))
    }
}
