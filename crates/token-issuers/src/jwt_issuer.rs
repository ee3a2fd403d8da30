//! An issuer of JSON Web Tokens.

use std::fmt;
use std::sync::Arc;

use repass_core::{Clock, Plaintext, SignedTokenError};
use repass_jwt::{InvalidJwtVerifier, JwtAlgorithm, JwtHeader, JwtKey, JwtVerifier};

use crate::claims::{ClaimNames, TokenClaims};
use crate::jwks::RemoteKeys;
use crate::outcome::{Refusal, VerifyError};
use repass_endpoint::{Endpoint, EndpointOptions, InvalidEndpoint};

/// The longest access token that is verified, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Options of a [`JwtIssuer`].
#[derive(Debug)]
pub struct JwtIssuerOptions {
    /// The claim `iss` of its tokens.
    pub issuer: String,
    /// The claim `aud` of its tokens, or one of several.
    pub audience: String,
    /// The claims with user id and roles.
    pub claims: ClaimNames,
    /// The keys that verify the tokens.
    pub keys: JwtKeys,
}

/// The keys of an issuer.
#[derive(Debug)]
pub enum JwtKeys {
    /// These keys.
    Given(Vec<JwtKey>),
    /// The keys of the JWK Set (RFC 7517) at an address, which the issuer may change at any time.
    At {
        /// The address.
        endpoint: EndpointOptions,
        /// The algorithms that are accepted. A key that names its own verifies that one only.
        algorithms: Vec<JwtAlgorithm>,
    },
}

/// An issuer cannot be created from these values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidIssuer {
    /// Issuer, audience or keys are not valid.
    #[error(transparent)]
    Verifier(#[from] InvalidJwtVerifier),
    /// The endpoint is not valid.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
}

/// Verifies the access tokens of one issuer of JSON Web Tokens, such as those of RFC 9068.
pub struct JwtIssuer {
    verifier: JwtVerifier,
    claims: ClaimNames,
    keys: Keys,
}

enum Keys {
    Given(Arc<[JwtKey]>),
    Remote(RemoteKeys),
}

impl JwtIssuer {
    /// Creates the verifier. Keys at an address are fetched when they are first needed.
    ///
    /// # Errors
    /// When issuer, audience or address is not valid, or there are no keys.
    pub fn new(options: JwtIssuerOptions, clock: Arc<dyn Clock>) -> Result<Self, InvalidIssuer> {
        let JwtIssuerOptions { issuer, audience, claims, keys } = options;
        let verifier = JwtVerifier::new(issuer, audience)?;
        let keys = match keys {
            JwtKeys::Given(keys) if keys.is_empty() => {
                return Err(InvalidJwtVerifier::NoKeys.into());
            }
            JwtKeys::Given(keys) => Keys::Given(keys.into()),
            JwtKeys::At { endpoint, algorithms } => {
                Keys::Remote(RemoteKeys::new(Endpoint::new(&endpoint)?, algorithms, clock))
            }
        };
        Ok(Self { verifier, claims, keys })
    }

    pub(crate) fn issuer(&self) -> &str {
        self.verifier.issuer()
    }

    /// Verifies a token. The caller checks its times.
    pub(crate) async fn verify(&self, token: &Plaintext) -> Result<TokenClaims, VerifyError> {
        if token.byte_len() > MAX_TOKEN_BYTES {
            return Err(SignedTokenError::Malformed.into());
        }
        let header = JwtHeader::read(token.expose())?;
        if !header.typ().is_none_or(is_type_of_access_token) {
            return Err(Refusal::Type.into());
        }
        let keys = match &self.keys {
            Keys::Given(keys) => Arc::clone(keys),
            Keys::Remote(_) if !self.accepts_algorithm(&header) => {
                return Err(SignedTokenError::Signature.into());
            }
            Keys::Remote(keys) => keys
                .keys(&header)
                .await
                .map_err(|error| VerifyError::Unavailable(Box::new(error)))?,
        };
        let claims = self.verifier.verify(token.expose(), &keys)?;
        Ok(self.claims.read(&claims, None)?)
    }

    /// Returns whether the algorithm of a token is accepted. Otherwise no key can help.
    fn accepts_algorithm(&self, header: &JwtHeader) -> bool {
        self.algorithms().iter().any(|algorithm| header.has_algorithm(*algorithm))
    }

    /// Returns the accepted algorithms.
    fn algorithms(&self) -> Vec<JwtAlgorithm> {
        match &self.keys {
            Keys::Given(keys) => {
                let is_used = |own: &JwtAlgorithm| keys.iter().any(|key| key.algorithm() == *own);
                JwtAlgorithm::ALL.into_iter().filter(is_used).collect()
            }
            Keys::Remote(keys) => keys.algorithms().to_vec(),
        }
    }
}

/// A summary for operators.
impl fmt::Display for JwtIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.algorithms().into_iter().map(JwtAlgorithm::as_str).collect();
        let (issuer, audience) = (self.issuer(), self.verifier.audience());
        write!(f, "JWTs of {issuer} for {audience} ({}", algorithms.join(", "))?;
        match &self.keys {
            Keys::Given(_) => f.write_str(")"),
            Keys::Remote(keys) => write!(f, ", keys at {})", keys.endpoint()),
        }
    }
}

impl fmt::Debug for JwtIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtIssuer({self}, {:?})", self.claims)
    }
}

/// Returns whether tokens of this type (`typ`) are access tokens (RFC 9068, 2.1), or of no special
/// type. A media type may be written in full (RFC 7515, 4.1.9).
fn is_type_of_access_token(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    ["at+jwt", "jwt"].contains(&typ.strip_prefix("application/").unwrap_or(&typ))
}
