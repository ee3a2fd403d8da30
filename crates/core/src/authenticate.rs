use async_trait::async_trait;

use crate::{KeyIdentity, KeyKind, Plaintext, Realm, StoreError, TokenIdentity};

/// Tells who a caller is by the key or token that it presents.
///
/// An [`Engine`](crate::Engine) does so by the keys and tokens that repass issued. An application whose callers are
/// authenticated elsewhere, by a session or a JSON Web Token, implements this port for them.
#[async_trait]
pub trait CallerAuthenticator: Send + Sync {
    /// Returns the key of this kind and realm whose secret is presented; `None` when it counts for
    /// nothing there.
    ///
    /// # Errors
    /// When it cannot be told at the moment.
    async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, StoreError>;

    /// Returns who holds the access token whose secret is presented; `None` when it counts for nothing
    /// in this realm.
    ///
    /// # Errors
    /// When it cannot be told at the moment.
    async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, StoreError>;

    /// A [`key`](Self::key) and an [`access_token`](Self::access_token) that are presented together.
    ///
    /// # Errors
    /// When it cannot be told at the moment.
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
