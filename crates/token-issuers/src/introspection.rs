//! Opaque tokens, about which their issuer is asked (RFC 7662).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use repass_core::{Clock, Plaintext, SignedTokenError, TokenDigest};
use repass_jwt::Claims;
use repass_jwt::serde_json::{self, Value};

use crate::claims::{ClaimNames, TokenClaims};
use crate::jwt_issuer::MAX_TOKEN_BYTES;
use crate::outcome::{Refusal, VerifyError};
use repass_endpoint::{Endpoint, EndpointError, EndpointOptions, InvalidEndpoint};

/// Options of an [`Introspection`].
#[derive(Debug)]
pub struct IntrospectionOptions {
    /// The introspection endpoint.
    pub endpoint: EndpointOptions,
    /// The id of repass as a client of the issuer, for HTTP Basic.
    pub client_id: String,
    /// The secret of that client.
    pub client_secret: Plaintext,
    /// The expected `iss` of the answer. If unset, it is not checked.
    pub issuer: Option<String>,
    /// The expected `aud` of the answer, or one of several. If unset, it is not checked.
    pub audience: Option<String>,
    /// The members of the answer with user id and roles.
    pub claims: ClaimNames,
}

/// Asks the issuer of opaque access tokens whether they are active (RFC 7662).
///
/// The answer for an active token is kept until the token expires, and for at most a minute. So a
/// token that its issuer revokes is refused at the latest a minute later. Other answers are not
/// kept.
pub struct Introspection {
    endpoint: Endpoint,
    client_id: String,
    client_secret: Plaintext,
    issuer: Option<String>,
    audience: Option<String>,
    claims: ClaimNames,
    clock: Arc<dyn Clock>,
    cache: Mutex<HashMap<TokenDigest, Cached>>,
}

struct Cached {
    claims: TokenClaims,
    at: Timestamp,
}

/// How long an answer is kept.
const KEEP_FOR: Duration = Duration::from_secs(60);

/// The most answers that are kept.
const MAX_CACHED: usize = 4096;

/// The largest answer, in bytes.
const MAX_BYTES: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
enum IntrospectionError {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("the answer is not that of an introspection endpoint (RFC 7662)")]
    Malformed,
}

impl Introspection {
    /// Creates the client.
    ///
    /// # Errors
    /// When the endpoint is not valid.
    pub fn new(
        options: IntrospectionOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidEndpoint> {
        let IntrospectionOptions { endpoint, client_id, client_secret, issuer, audience, claims } =
            options;
        let (endpoint, cache) = (Endpoint::new(&endpoint)?, Mutex::default());
        Ok(Self { endpoint, client_id, client_secret, issuer, audience, claims, clock, cache })
    }

    /// Returns the issuer, or else the endpoint.
    pub(crate) fn issuer(&self) -> String {
        self.issuer.clone().unwrap_or_else(|| self.endpoint.to_string())
    }

    /// Verifies a token. The caller checks its times.
    pub(crate) async fn verify(&self, token: &Plaintext) -> Result<TokenClaims, VerifyError> {
        if token.byte_len() > MAX_TOKEN_BYTES {
            return Err(SignedTokenError::Malformed.into());
        }
        let digest = TokenDigest::from_secret(token);
        if let Some(claims) = self.cached(&digest) {
            return Ok(claims);
        }
        // Before the request, since the answer may be as old as that.
        let at = self.clock.now();
        let answer = self.ask(token).await;
        let answer = answer.map_err(|error| VerifyError::Unavailable(Box::new(error)))?;
        let claims = self.read(&answer)?;
        self.keep(digest, claims.clone(), at);
        Ok(claims)
    }

    /// Asks the issuer, and returns the answer if the token is active.
    async fn ask(&self, token: &Plaintext) -> Result<Claims, IntrospectionError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.expose())
            .append_pair("token_type_hint", "access_token")
            .finish();
        let (id, secret) = (&self.client_id, &self.client_secret);
        let body = self.endpoint.post_form(id, secret, form, MAX_BYTES).await?;
        let answer: Claims =
            serde_json::from_slice(&body).map_err(|_| IntrospectionError::Malformed)?;
        match answer.get("active") {
            Some(Value::Bool(_)) => Ok(answer),
            _ => Err(IntrospectionError::Malformed),
        }
    }

    fn read(&self, answer: &Claims) -> Result<TokenClaims, Refusal> {
        if answer.get("active") != Some(&Value::Bool(true)) {
            return Err(Refusal::Inactive);
        }
        let is = |value: &Value, expected: &str| value.as_str() == Some(expected);
        if let Some(issuer) = &self.issuer
            && !answer.get("iss").is_some_and(|iss| is(iss, issuer))
        {
            return Err(SignedTokenError::Claim("iss").into());
        }
        let is_audience = |aud: &Value, expected: &str| match aud {
            Value::Array(several) => several.iter().any(|one| is(one, expected)),
            one => is(one, expected),
        };
        if let Some(audience) = &self.audience
            && !answer.get("aud").is_some_and(|aud| is_audience(aud, audience))
        {
            return Err(SignedTokenError::Claim("aud").into());
        }
        // RFC 7662, 2.2: an answer may be without `exp`.
        self.claims.read(answer, Some(Timestamp::MAX))
    }

    fn cached(&self, digest: &TokenDigest) -> Option<TokenClaims> {
        let now = self.clock.now();
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if !cache.get(digest)?.is_current(now) {
            cache.remove(digest);
        }
        cache.get(digest).map(|cached| cached.claims.clone())
    }

    fn keep(&self, digest: TokenDigest, claims: TokenClaims, at: Timestamp) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            let now = self.clock.now();
            cache.retain(|_, cached| cached.is_current(now));
        }
        if cache.len() >= MAX_CACHED {
            let oldest =
                cache.iter().min_by_key(|(_, cached)| cached.at).map(|(digest, _)| *digest);
            oldest.map(|digest| cache.remove(&digest));
        }
        cache.insert(digest, Cached { claims, at });
    }
}

impl Cached {
    /// Returns whether the answer may still be used. A clock that was set back ends its time too.
    fn is_current(&self, now: Timestamp) -> bool {
        let age = Duration::try_from(now.duration_since(self.at));
        age.is_ok_and(|age| age < KEEP_FOR) && now < self.claims.times.expires_at
    }
}

/// A summary for operators.
impl fmt::Display for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tokens that {} knows", self.endpoint)?;
        if let Some(issuer) = &self.issuer {
            write!(f, ", of {issuer}")?;
        }
        match &self.audience {
            Some(audience) => write!(f, ", for {audience}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Introspection({self}, {:?})", self.claims)
    }
}
