use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{
    Account, AuthenticationError, CallerAuthenticator, Clock, CredentialStore, KeyIdentity,
    KeyKind, Plaintext, Realm, Subject, TokenDigest, TokenId, TokenIdentity,
};
use repass_jwt::unverified_issuer;

use crate::claims::TokenClaims;
use crate::introspection::Introspection;
use crate::jwt_issuer::JwtIssuer;
use crate::outcome::{Refusal, VerifyError};

/// Authenticates callers by access tokens of other issuers, and by the keys and access tokens of
/// another authenticator.
///
/// A JSON Web Token that names a configured issuer is verified by that issuer's keys only. Any other
/// token is first looked up in the other authenticator, so that valid tokens of repass are not sent
/// elsewhere, unless these are not accepted, and then at the introspection endpoints.
pub struct TokenIssuers {
    inner: Arc<dyn CallerAuthenticator>,
    accepts_inner_tokens: bool,
    accounts: Arc<dyn CredentialStore>,
    clock: Arc<dyn Clock>,
    jwt: Vec<Arc<JwtIssuer>>,
    introspection: Vec<Arc<Introspection>>,
}

impl TokenIssuers {
    /// Creates an authenticator that accepts the keys and tokens of `inner`. `accounts` has the
    /// accounts of the holders of other tokens.
    pub fn new(
        inner: Arc<dyn CallerAuthenticator>,
        accounts: Arc<dyn CredentialStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (jwt, introspection) = (Vec::new(), Vec::new());
        Self { inner, accepts_inner_tokens: true, accounts, clock, jwt, introspection }
    }

    /// Accepts no access tokens of the other authenticator, only its keys.
    #[must_use]
    pub fn without_inner_tokens(self) -> Self {
        Self { accepts_inner_tokens: false, ..self }
    }

    /// Accepts the tokens of this issuer too.
    #[must_use]
    pub fn with_jwt(mut self, issuer: Arc<JwtIssuer>) -> Self {
        self.jwt.push(issuer);
        self
    }

    /// Accepts the tokens that this endpoint knows too.
    #[must_use]
    pub fn with_introspection(mut self, endpoint: Arc<Introspection>) -> Self {
        self.introspection.push(endpoint);
        self
    }
}

#[async_trait]
impl CallerAuthenticator for TokenIssuers {
    async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, AuthenticationError> {
        self.inner.key(realm, kind, secret).await
    }

    async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, AuthenticationError> {
        let issuers = self.named_by(secret);
        if !issuers.is_empty() {
            return self.ask_issuers(realm, secret, &issuers).await;
        }
        if self.accepts_inner_tokens
            && let Some(token) = self.inner.access_token(realm, secret).await?
        {
            return Ok(Some(token));
        }
        self.ask_endpoints(realm, secret).await
    }

    /// Verifies no token if the key is not valid.
    async fn key_and_access_token(
        &self,
        realm: &Realm,
        kind: KeyKind,
        key: &Plaintext,
        token: &Plaintext,
    ) -> Result<(Option<KeyIdentity>, Option<TokenIdentity>), AuthenticationError> {
        let issuers = self.named_by(token);
        let (key, known) = if issuers.is_empty() && self.accepts_inner_tokens {
            // Both in one query.
            self.inner.key_and_access_token(realm, kind, key, token).await?
        } else {
            (self.inner.key(realm, kind, key).await?, None)
        };
        if key.is_none() || known.is_some() {
            return Ok((key, known));
        }
        let token = if issuers.is_empty() {
            self.ask_endpoints(realm, token).await?
        } else {
            self.ask_issuers(realm, token, &issuers).await?
        };
        Ok((key, token))
    }
}

impl TokenIssuers {
    /// Returns the issuers that a token names.
    fn named_by(&self, token: &Plaintext) -> Vec<&JwtIssuer> {
        let Some(named) = unverified_issuer(token.expose()) else { return Vec::new() };
        let issuers = self.jwt.iter().map(|issuer| &**issuer);
        issuers.filter(|issuer| issuer.issuer() == named).collect()
    }

    async fn ask_issuers(
        &self,
        realm: &Realm,
        token: &Plaintext,
        issuers: &[&JwtIssuer],
    ) -> Result<Option<TokenIdentity>, AuthenticationError> {
        let mut unavailable = None;
        for issuer in issuers {
            let verified = issuer.verify(token).await;
            let name = issuer.issuer().to_owned();
            match self.identity(realm, token, name, verified).await? {
                Answer::Accepted(identity) => return Ok(Some(identity)),
                Answer::Refused => {}
                Answer::Unavailable(error) => unavailable = Some(error),
            }
        }
        unavailable.map_or(Ok(None), Err)
    }

    async fn ask_endpoints(
        &self,
        realm: &Realm,
        token: &Plaintext,
    ) -> Result<Option<TokenIdentity>, AuthenticationError> {
        let mut unavailable = None;
        for endpoint in &self.introspection {
            let verified = endpoint.verify(token).await;
            match self.identity(realm, token, endpoint.issuer(), verified).await? {
                Answer::Accepted(identity) => return Ok(Some(identity)),
                Answer::Refused => {}
                Answer::Unavailable(error) => unavailable = Some(error),
            }
        }
        unavailable.map_or(Ok(None), Err)
    }

    /// Returns the identity of the holder of a verified token.
    async fn identity(
        &self,
        realm: &Realm,
        token: &Plaintext,
        issuer: String,
        verified: Result<TokenClaims, VerifyError>,
    ) -> Result<Answer, AuthenticationError> {
        let claims = match verified {
            Ok(claims) => claims,
            Err(VerifyError::Refused(reason)) => return Ok(refused(realm, &issuer, reason)),
            Err(VerifyError::Unavailable(source)) => return Ok(unavailable(issuer, source)),
        };
        let account = match self.account(realm, &claims).await? {
            Ok(account) => account,
            Err(reason) => return Ok(refused(realm, &issuer, reason)),
        };
        Ok(Answer::Accepted(TokenIdentity {
            id: TokenId::from_digest(&TokenDigest::from_secret(token)),
            issuer: Some(issuer),
            account: account.id,
            realm: account.realm,
            user_id: account.user_id,
            roles: claims.roles,
        }))
    }

    /// Returns the account of the holder if the token is valid now.
    async fn account(
        &self,
        realm: &Realm,
        claims: &TokenClaims,
    ) -> Result<Result<Account, Refusal>, AuthenticationError> {
        let subject = Subject::new(realm.clone(), &claims.user_id);
        let Some(user_id) = subject.valid_user_id() else { return Ok(Err(Refusal::UserId)) };
        let found = self.accounts.find(&subject).await?;
        // A users table may find an account in another case too.
        let found = found.filter(|found| found.account.user_id == user_id);
        let Some(found) = found else { return Ok(Err(Refusal::UnknownAccount)) };
        if !found.account.active {
            return Ok(Err(Refusal::InactiveAccount));
        }
        let checked = claims.times.check(self.clock.now(), &found);
        Ok(checked.map(|()| found.account).map_err(Refusal::from))
    }
}

/// What an issuer says about a token.
enum Answer {
    Accepted(TokenIdentity),
    Refused,
    Unavailable(AuthenticationError),
}

fn refused(realm: &Realm, issuer: &str, reason: Refusal) -> Answer {
    tracing::info!(realm = realm.as_str(), issuer, %reason, "an access token was refused");
    Answer::Refused
}

fn unavailable(issuer: String, source: Box<dyn Error + Send + Sync>) -> Answer {
    Answer::Unavailable(AuthenticationError::IssuerUnavailable { issuer, source })
}

impl fmt::Debug for TokenIssuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuers")
            .field("accepts_inner_tokens", &self.accepts_inner_tokens)
            .field("jwt", &self.jwt)
            .field("introspection", &self.introspection)
            .finish_non_exhaustive()
    }
}
