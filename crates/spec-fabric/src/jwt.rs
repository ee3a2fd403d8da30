//! Reset tokens that another issuer signed: JSON Web Tokens (RFC 7519).

mod key;
mod provider;

use jiff::Timestamp;
use jsonwebtoken::{Validation, decode, decode_header};
use repass_core::{Plaintext, SignedClaims, SignedTokenVerifier, TokenDigest};
use serde::Deserialize;
use serde_json::Number;

pub use key::{InvalidJwtKey, JwtAlgorithm, JwtKey, UnknownJwtAlgorithm};

/// Verifies reset tokens of one issuer for one audience.
///
/// A token is valid if one of the keys verifies its signature with the algorithm of that key, if `iss` and
/// `aud` are the expected ones, and if it has `exp`, `sub` and `jti`. The engine, which has the clock, checks
/// whether it has expired.
///
/// ```
/// use repass_core::{Plaintext, SignedTokenVerifier};
/// use repass_spec_fabric::{JwtAlgorithm, JwtKey, JwtVerifier};
///
/// let secret = Plaintext::from("thirty-two bytes at the very least");
/// let key = JwtKey::new(None, JwtAlgorithm::Hs256, &secret)?;
/// let verifier = JwtVerifier::new("https://id.example.org", "repass", vec![key])?;
/// assert!(verifier.verify(&Plaintext::from("no.such.token")).is_none());
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

    fn claims(&self, token: &str) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        if header.crit.is_some() {
            // The token requires extensions (RFC 7515, 4.1.11), and none is supported.
            return None;
        }
        let named = |key: &&JwtKey| match (key.kid(), header.kid.as_deref()) {
            (Some(own), Some(kid)) => own == kid,
            (None, _) | (_, None) => true,
        };
        self.keys
            .iter()
            .filter(named)
            .find_map(|key| decode(token, key.decoding_key(), &self.validation(key)).ok())
            .map(|token| token.claims)
    }

    /// Returns the rules for a token that `key` verifies. Its `alg` must be that of the key.
    fn validation(&self, key: &JwtKey) -> Validation {
        let mut validation = Validation::new(key.algorithm().jsonwebtoken());
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

impl SignedTokenVerifier for JwtVerifier {
    fn verify(&self, token: &Plaintext) -> Option<SignedClaims> {
        if token.byte_len() > Self::MAX_TOKEN_BYTES {
            return None;
        }
        let claims = self.claims(token.expose())?;
        if claims.sub.is_empty() || claims.jti.is_empty() {
            return None;
        }
        let not_before = match &claims.nbf {
            Some(nbf) => Some(moment(nbf, f64::ceil)?),
            None => None,
        };
        let expires_at = moment(&claims.exp, f64::floor)?;
        Some(SignedClaims {
            user_id: claims.sub,
            digest: digest(&claims.iss, &claims.jti),
            not_before,
            expires_at,
        })
    }
}

/// The claims of a token that the library does not check.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    jti: String,
    exp: Number,
    #[serde(default)]
    nbf: Option<Number>,
}

/// Returns the digest under which a token is redeemed. An issuer contains no control character, so the
/// separator is unambiguous.
fn digest(issuer: &str, id: &str) -> TokenDigest {
    TokenDigest::from_identifier(format!("repass signed reset token\0{issuer}\0{id}").as_bytes())
}

/// Reads a NumericDate (RFC 7519, 2): seconds since 1970. A fraction is rounded to the side that shortens the
/// validity of the token.
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
