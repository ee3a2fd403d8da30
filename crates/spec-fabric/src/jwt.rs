//! Reset tokens that another issuer signed: JSON Web Tokens (RFC 7519).

use repass_core::{Plaintext, SignedClaims, SignedTokenError, SignedTokenVerifier, TokenDigest};
use repass_jwt::{InvalidJwtVerifier, JwtKey, JwtVerifier, times};
use serde_json::Value;

/// Verifies reset tokens of one issuer for one audience.
///
/// A token is valid if one of the keys verifies its signature with the algorithm of that key, if
/// `iss` and `aud` are the expected ones, and if it has `exp`, `iat`, `sub` and `jti`. The engine,
/// which has the clock, checks the times.
///
/// ```
/// use repass_core::{Plaintext, SignedTokenVerifier};
/// use repass_spec_fabric::{JwtAlgorithm, JwtKey, ResetTokenVerifier};
///
/// let secret = Plaintext::from("thirty-two bytes at the very least");
/// let key = JwtKey::new(None, JwtAlgorithm::Hs256, &secret)?;
/// let verifier = ResetTokenVerifier::new("https://id.example.org", "repass", vec![key])?;
/// assert!(verifier.verify(&Plaintext::from("no.such.token")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ResetTokenVerifier {
    jwt: JwtVerifier,
    keys: Vec<JwtKey>,
}

impl ResetTokenVerifier {
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
        let jwt = JwtVerifier::new(issuer, audience)?;
        if keys.is_empty() { Err(InvalidJwtVerifier::NoKeys) } else { Ok(Self { jwt, keys }) }
    }
}

impl SignedTokenVerifier for ResetTokenVerifier {
    fn verify(&self, token: &Plaintext) -> Result<SignedClaims, SignedTokenError> {
        if token.byte_len() > Self::MAX_TOKEN_BYTES {
            return Err(SignedTokenError::Malformed);
        }
        let claims = self.jwt.verify(token.expose(), &self.keys)?;
        let text = |name| match claims.get(name).and_then(Value::as_str) {
            None | Some("") => Err(SignedTokenError::Claim(name)),
            Some(text) => Ok(text),
        };
        Ok(SignedClaims {
            user_id: text("sub")?.to_owned(),
            digest: digest(self.jwt.issuer(), text("jti")?),
            times: times(&claims, None)?,
        })
    }
}

/// Returns the digest under which a token is redeemed. An issuer contains no control character, so
/// the separator is unambiguous.
fn digest(issuer: &str, id: &str) -> TokenDigest {
    TokenDigest::from_identifier(format!("repass signed reset token\0{issuer}\0{id}").as_bytes())
}

#[cfg(test)]
mod tests;
