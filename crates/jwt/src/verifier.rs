use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode};
use repass_core::SignedTokenError;
use serde_json::Value;

use crate::{Claims, JwtHeader, JwtKey, provider};

/// Verifies tokens of one issuer for one audience.
#[derive(Debug, Clone)]
pub struct JwtVerifier {
    issuer: String,
    audience: String,
}

/// A verifier cannot be created from these values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJwtVerifier {
    /// There is no key.
    #[error("a verifier of signed tokens needs at least one key")]
    NoKeys,
    /// The issuer is empty or contains control characters.
    #[error("the issuer of signed tokens must be text without control characters")]
    Issuer,
    /// The audience is empty or contains control characters.
    #[error("the audience of signed tokens must be text without control characters")]
    Audience,
}

impl JwtVerifier {
    /// Creates a verifier of tokens of `issuer` (`iss`) for `audience` (`aud`).
    ///
    /// # Errors
    /// When issuer or audience is empty or contains control characters.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, InvalidJwtVerifier> {
        let (issuer, audience) = (issuer.into(), audience.into());
        let is_name = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        if !is_name(&issuer) {
            return Err(InvalidJwtVerifier::Issuer);
        }
        if !is_name(&audience) {
            return Err(InvalidJwtVerifier::Audience);
        }
        // An embedder that installed another provider before keeps it.
        let _ = provider::PROVIDER.install_default();
        Ok(Self { issuer, audience })
    }

    /// The issuer of the tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience of the tokens.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Returns the claims of the token if one of `keys` verifies its signature with the algorithm of that key,
    /// and if `iss` and `aud` are the expected ones. The caller checks the other claims, among them
    /// the [times](crate::times).
    ///
    /// If several keys could have signed the token, each is tried.
    ///
    /// # Errors
    /// The reason for the log.
    pub fn verify(&self, token: &str, keys: &[JwtKey]) -> Result<Claims, SignedTokenError> {
        let header = JwtHeader::read(token)?;
        let mut reason = SignedTokenError::Signature;
        for key in keys.iter().filter(|key| header.may_be_signed_by(key)) {
            match decode::<Claims>(token, key.decoding_key(), &self.validation(key)) {
                // RFC 7519, 4.1.1: an issuer is one string. The library accepts a list.
                Ok(token) if !token.claims.get("iss").is_some_and(Value::is_string) => {
                    return Err(SignedTokenError::Claim("iss"));
                }
                Ok(token) => return Ok(token.claims),
                Err(error) if reason == SignedTokenError::Signature => {
                    reason = reason_of(error.kind());
                }
                Err(_) => {}
            }
        }
        Err(reason)
    }

    /// Returns the rules for a token that `key` verifies. Its `alg` must be that of the key.
    fn validation(&self, key: &JwtKey) -> Validation {
        let mut validation = Validation::new(key.algorithm().jsonwebtoken());
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&REQUIRED_CLAIMS);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

/// Returns the reason without the library's text, which may quote a claim.
fn reason_of(error: &ErrorKind) -> SignedTokenError {
    match error {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => SignedTokenError::Signature,
        ErrorKind::InvalidIssuer => SignedTokenError::Claim("iss"),
        ErrorKind::InvalidAudience => SignedTokenError::Claim("aud"),
        ErrorKind::MissingRequiredClaim(name) => {
            let required = REQUIRED_CLAIMS.into_iter().find(|own| own == name);
            required.map_or(SignedTokenError::Malformed, SignedTokenError::Claim)
        }
        _ => SignedTokenError::Malformed,
    }
}

/// The required claims that the library checks.
const REQUIRED_CLAIMS: [&str; 2] = ["iss", "aud"];
