//! Verifies JSON Web Tokens (RFC 7519) that other systems issued: reset tokens of
//! `repass-spec-fabric` and access tokens of `repass-token-issuers`.
//!
//! Each key has one algorithm, which a token cannot choose. Signatures are verified by `ring`,
//! unless the process installed another provider before. The times of a token are read here and
//! checked by [`repass_core::TokenTimes`].
//!
//! ```
//! use repass_core::Plaintext;
//! use repass_jwt::{JwtAlgorithm, JwtKey, JwtVerifier};
//!
//! let secret = Plaintext::from("thirty-two bytes at the very least");
//! let key = JwtKey::new(None, JwtAlgorithm::Hs256, &secret)?;
//! let verifier = JwtVerifier::new("https://id.example.org", "repass")?;
//! assert!(verifier.verify("no.such.token", &[key]).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod claims;
mod header;
mod key;
mod provider;
mod public_keys;
mod verifier;

pub use claims::{Claims, times, unverified_issuer};
pub use header::JwtHeader;
pub use key::{InvalidJwtKey, JwtAlgorithm, JwtKey, UnknownJwtAlgorithm};
pub use public_keys::{InvalidPublicKeys, public_keys};
pub use verifier::{InvalidJwtVerifier, JwtVerifier};
pub use {repass_core, serde_json};
