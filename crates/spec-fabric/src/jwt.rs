//! Reset tokens that another issuer signed: JSON Web Tokens (RFC 7519).

mod key;
mod provider;

use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use repass_core::{Plaintext, SignedClaims, SignedTokenError, SignedTokenVerifier, TokenDigest};
use serde::Deserialize;
use serde_json::Number;

pub use key::{InvalidJwtKey, JwtAlgorithm, JwtKey, UnknownJwtAlgorithm};

/// Verifies reset tokens of one issuer for one audience.
///
/// A token is valid if one of the keys verifies its signature with the algorithm of that key, if
/// `iss` and `aud` are the expected ones, and if it has `exp`, `iat`, `sub` and `jti`. The engine,
/// which has the clock, checks the times.
///
/// ```
/// use repass_core::{Plaintext, SignedTokenVerifier};
/// use repass_spec_fabric::{JwtAlgorithm, JwtKey, JwtVerifier};
///
/// let secret = Plaintext::from("thirty-two bytes at the very least");
/// let key = JwtKey::new(None, JwtAlgorithm::Hs256, &secret)?;
/// let verifier = JwtVerifier::new("https://id.example.org", "repass", vec![key])?;
/// assert!(verifier.verify(&Plaintext::from("no.such.token")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JwtVerifier {
    issuer: String,
    audience: String,
    keys: Vec<JwtKey>,
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
    /// The longest token that is verified, in bytes.
    pub const MAX_TOKEN_BYTES: usize = 4096;

    /// Creates a verifier of tokens of `issuer` (`iss`) for `audience` (`aud`).
    ///
    /// If several keys could have signed a token, each is tried.
    ///
    /// # Errors
    /// When there is no key, or issuer or audience is empty or contains control characters.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: Vec<JwtKey>,
    ) -> Result<Self, InvalidJwtVerifier> {
        let (issuer, audience) = (issuer.into(), audience.into());
        let is_name = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        if !is_name(&issuer) {
            return Err(InvalidJwtVerifier::Issuer);
        }
        if !is_name(&audience) {
            return Err(InvalidJwtVerifier::Audience);
        }
        if keys.is_empty() {
            return Err(InvalidJwtVerifier::NoKeys);
        }
        // An embedder that installed another provider before keeps it.
        let _ = provider::PROVIDER.install_default();
        Ok(Self { issuer, audience, keys })
    }

    fn claims(&self, token: &str) -> Result<Claims, SignedTokenError> {
        let header = decode_header(token).map_err(|_| SignedTokenError::Malformed)?;
        if header.crit.is_some() {
            // The token requires extensions (RFC 7515, 4.1.11), and none is supported.
            return Err(SignedTokenError::Malformed);
        }
        let named = |key: &&JwtKey| match (key.kid(), header.kid.as_deref()) {
            (Some(own), Some(kid)) => own == kid,
            (None, _) | (_, None) => true,
        };
        let mut reason = SignedTokenError::Signature;
        for key in self.keys.iter().filter(named) {
            match decode(token, key.decoding_key(), &self.validation(key)) {
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

impl SignedTokenVerifier for JwtVerifier {
    fn verify(&self, token: &Plaintext) -> Result<SignedClaims, SignedTokenError> {
        if token.byte_len() > Self::MAX_TOKEN_BYTES {
            return Err(SignedTokenError::Malformed);
        }
        let claims = self.claims(token.expose())?;
        for (name, value) in [("sub", &claims.sub), ("jti", &claims.jti)] {
            if value.is_empty() {
                return Err(SignedTokenError::Claim(name));
            }
        }
        let time = |name, date: &Option<Number>, round| {
            let second = date.as_ref().map(|date| moment(date, round));
            second.map(|second| second.ok_or(SignedTokenError::Claim(name))).transpose()
        };
        let required =
            |name, date| time(name, date, f64::floor)?.ok_or(SignedTokenError::Claim(name));
        Ok(SignedClaims {
            issued_at: required("iat", &claims.iat)?,
            not_before: time("nbf", &claims.nbf, f64::ceil)?,
            expires_at: required("exp", &claims.exp)?,
            user_id: claims.sub,
            digest: digest(&claims.iss, &claims.jti),
        })
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

/// The required claims that the library knows.
const REQUIRED_CLAIMS: [&str; 4] = ["exp", "sub", "iss", "aud"];

/// The claims of a token that the library does not check. A missing one is the default.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    iss: String,
    sub: String,
    jti: String,
    iat: Option<Number>,
    nbf: Option<Number>,
    exp: Option<Number>,
}

/// Returns the digest under which a token is redeemed. An issuer contains no control character, so
/// the separator is unambiguous.
fn digest(issuer: &str, id: &str) -> TokenDigest {
    TokenDigest::from_identifier(format!("repass signed reset token\0{issuer}\0{id}").as_bytes())
}

/// Reads a NumericDate (RFC 7519, 2): seconds since 1970. A fraction is rounded to the side that
/// shortens the validity of the token.
fn moment(date: &Number, round: fn(f64) -> f64) -> Option<Timestamp> {
    let second = match date.as_i64() {
        Some(second) => second,
        // Saturates, and a timestamp does not reach that far.
        None => round(date.as_f64()?) as i64,
    };
    Timestamp::from_second(second).ok()
}

#[cfg(test)]
mod tests;
