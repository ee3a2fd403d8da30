use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Clock, HeldToken, Key, KeyIdentity, KeyKind, KeyStore, Plaintext, Realm, StoreError,
    TokenDigest, TokenIdentity,
};

/// Tells who a caller is by the key or token that it presents.
///
/// [`Authenticator`] does so by the keys and tokens that repass issued. An application whose callers are
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

/// Authenticates callers by the keys and tokens of a store.
pub struct Authenticator {
    callers: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// An authenticator over this store.
    pub fn new(callers: Arc<dyn KeyStore>, clock: Arc<dyn Clock>) -> Self {
        Self { callers, clock }
    }
}

#[async_trait]
impl CallerAuthenticator for Authenticator {
    /// `None` when the key is unknown, revoked, of another kind or of another realm.
    async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, StoreError> {
        let key = self.callers.key(&TokenDigest::of(secret)).await?;
        Ok(key.and_then(|key| identity_of_key(key, realm, kind)))
    }

    /// `None` when the token is unknown, expired, revoked, of another realm, of an inactive account, or
    /// issued up to the moment of the account's last change of password and not kept by that
    /// ([`HeldToken::counts_at`]).
    async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, StoreError> {
        let held = self.callers.access_token(&TokenDigest::of(secret)).await?;
        Ok(held.and_then(|held| self.identity_of_token(held, realm)))
    }

    /// The usual pair needs the store only once.
    async fn key_and_access_token(
        &self,
        realm: &Realm,
        kind: KeyKind,
        key: &Plaintext,
        token: &Plaintext,
    ) -> Result<(Option<KeyIdentity>, Option<TokenIdentity>), StoreError> {
        let (key, token) = (TokenDigest::of(key), TokenDigest::of(token));
        let (key, held) = self.callers.key_and_access_token(&key, &token).await?;
        let key = key.and_then(|key| identity_of_key(key, realm, kind));
        Ok((key, held.and_then(|held| self.identity_of_token(held, realm))))
    }
}

impl Authenticator {
    fn identity_of_token(&self, held: HeldToken, realm: &Realm) -> Option<TokenIdentity> {
        let counts = held.realm == *realm && held.counts_at(self.clock.now());
        let token = held.token;
        counts.then_some(TokenIdentity {
            id: token.id,
            account: token.account,
            realm: held.realm,
            user_id: held.user_id,
            roles: token.roles,
        })
    }
}

fn identity_of_key(key: Key, realm: &Realm, kind: KeyKind) -> Option<KeyIdentity> {
    let counts = key.realm == *realm && key.kind == kind && key.revoked_at.is_none();
    counts.then_some(KeyIdentity { id: key.id, realm: key.realm, kind: key.kind })
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(..)")
    }
}
