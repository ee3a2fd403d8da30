//! The algorithms of tokens, from `ring`, which TLS needs anyway.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

/// A provider that only verifies.
pub(super) static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

enum Key {
    Public(UnparsedPublicKey<Vec<u8>>),
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
    Secret(hmac::Key),
}

struct RingVerifier {
    algorithm: Algorithm,
    key: Key,
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    let key = match algorithm {
        Algorithm::RS256 => rsa(&RSA_PKCS1_2048_8192_SHA256, key)?,
        Algorithm::RS384 => rsa(&RSA_PKCS1_2048_8192_SHA384, key)?,
        Algorithm::RS512 => rsa(&RSA_PKCS1_2048_8192_SHA512, key)?,
        Algorithm::PS256 => rsa(&RSA_PSS_2048_8192_SHA256, key)?,
        Algorithm::ES256 => public(&ECDSA_P256_SHA256_FIXED, key)?,
        Algorithm::ES384 => public(&ECDSA_P384_SHA384_FIXED, key)?,
        Algorithm::EdDSA => public(&ED25519, key)?,
        Algorithm::HS256 => Key::Secret(hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?)),
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(RingVerifier { algorithm: *algorithm, key }))
}

/// Takes an RSA key in DER, or as modulus and exponent, as JWKs have it.
fn rsa(parameters: &'static RsaParameters, key: &DecodingKey) -> Result<Key> {
    match key.kind() {
        DecodingKeyKind::SecretOrDer(_) => public(parameters, key),
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            Ok(Key::Rsa(parameters, RsaPublicKeyComponents { n: n.clone(), e: e.clone() }))
        }
    }
}

fn public(algorithm: &'static dyn VerificationAlgorithm, key: &DecodingKey) -> Result<Key> {
    Ok(Key::Public(UnparsedPublicKey::new(algorithm, key.try_get_as_bytes()?.to_vec())))
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        let verified = match &self.key {
            Key::Public(key) => key.verify(message, signature),
            Key::Rsa(parameters, key) => key.verify(parameters, message, signature),
            Key::Secret(key) => hmac::verify(key, message, signature),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
