use std::fmt;
use std::sync::Arc;

use crate::{
    Clock, KeyIdentity, KeyKind, KeyStore, Plaintext, Realm, StoreError, TokenDigest,
    TokenIdentity, TokenStore,
};

/// Finds out who a caller is by the key or token it presents.
pub struct Authenticator {
    keys: Arc<dyn KeyStore>,
    tokens: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// An authenticator over these stores.
    pub fn new(
        keys: Arc<dyn KeyStore>,
        tokens: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { keys, tokens, clock }
    }

    /// The key of this kind and realm whose secret is presented; `None` when it is unknown, revoked,
    /// of another kind or of another realm.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, StoreError> {
        let Some(key) = self.keys.key(&TokenDigest::of(secret)).await? else { return Ok(None) };
        let counts = key.realm == *realm && key.kind == kind && key.revoked_at.is_none();
        Ok(counts.then_some(KeyIdentity { id: key.id, realm: key.realm, kind: key.kind }))
    }

    /// The access token of this realm whose secret is presented; `None` when it is unknown, expired,
    /// revoked, of another realm, of an inactive account, or issued up to the moment of the
    /// account's last change of password and not kept by that ([`HeldToken::counts_at`]).
    ///
    /// [`HeldToken::counts_at`]: crate::HeldToken::counts_at
    ///
    /// # Errors
    /// When the store fails.
    pub async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, StoreError> {
        let Some(held) = self.tokens.access_token(&TokenDigest::of(secret)).await? else {
            return Ok(None);
        };
        let counts = held.realm == *realm && held.counts_at(self.clock.now());
        let token = held.token;
        Ok(counts.then_some(TokenIdentity {
            id: token.id,
            account: token.account,
            realm: held.realm,
            user_id: held.user_id,
            roles: token.roles,
        }))
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(..)")
    }
}
