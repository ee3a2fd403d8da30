use jsonwebtoken::{Header, decode_header};
use repass_core::SignedTokenError;

use crate::{JwtAlgorithm, JwtKey};

/// The header of a token, which is not verified.
#[derive(Debug, Clone)]
pub struct JwtHeader(Header);

impl JwtHeader {
    /// Reads the header of a token.
    ///
    /// # Errors
    /// When it is not a signed token, names an unknown algorithm such as `none`, or requires
    /// extensions (`crit`; RFC 7515, 4.1.11), none of which is supported.
    pub fn read(token: &str) -> Result<Self, SignedTokenError> {
        let header = decode_header(token).map_err(|_| SignedTokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(SignedTokenError::Malformed);
        }
        Ok(Self(header))
    }

    /// The type of the token (`typ`), such as `JWT`.
    pub fn typ(&self) -> Option<&str> {
        self.0.typ.as_deref()
    }

    /// The id of the key that signed the token (`kid`).
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Returns whether `key` may have signed the token: its algorithm must be that of the token,
    /// and its id too if both have one.
    pub fn may_be_signed_by(&self, key: &JwtKey) -> bool {
        let is_named = match (key.kid(), self.kid()) {
            (Some(own), Some(kid)) => own == kid,
            (None, _) | (_, None) => true,
        };
        is_named && self.has_algorithm(key.algorithm())
    }

    /// Returns whether the token says that it is signed with this algorithm (`alg`).
    pub fn has_algorithm(&self, algorithm: JwtAlgorithm) -> bool {
        algorithm.jsonwebtoken() == self.0.alg
    }
}
