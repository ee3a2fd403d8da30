use std::fmt;
use std::str::FromStr;

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use repass_core::Plaintext;

/// An algorithm that tokens can be signed by (RFC 7518, 3.1 and RFC 8037, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JwtAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// EdDSA on Ed25519.
    EdDsa,
    /// HMAC with SHA-256: whoever can check such a token can make one.
    Hs256,
}

/// The text names no algorithm that is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an algorithm is RS256, RS384, RS512, PS256, ES256, ES384, EdDSA or HS256")]
pub struct UnknownJwtAlgorithm;

/// A key that tokens are verified by, with the one algorithm it is for.
#[derive(Clone)]
pub struct JwtKey {
    kid: Option<String>,
    algorithm: JwtAlgorithm,
    key: DecodingKey,
}

/// The text is no key for the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJwtKey {
    /// It is no public key in PEM, or one of another kind than the algorithm takes.
    #[error("not a public key in PEM that {} takes", .0.as_str())]
    NotAPublicKey(JwtAlgorithm),
    /// An RSA key of fewer bits than are safe (RFC 7518, 3.3).
    #[error("an RSA key has at least 2048 bits")]
    ShortRsaKey,
    /// A shared secret of fewer bytes than its algorithm takes (RFC 7518, 3.2).
    #[error("a shared secret has at least 32 bytes")]
    ShortSecret,
    /// A PEM document where a secret belongs. A public key is no secret: everybody could sign by it.
    #[error("a shared secret is no PEM document")]
    PemAsSecret,
}

impl JwtAlgorithm {
    /// Every algorithm there is.
    pub const ALL: [Self; 8] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::Hs256,
    ];

    /// The algorithm's name in a token's header, and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }

    pub(super) const fn of_library(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Rs384 => Algorithm::RS384,
            Self::Rs512 => Algorithm::RS512,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::Es384 => Algorithm::ES384,
            Self::EdDsa => Algorithm::EdDSA,
            Self::Hs256 => Algorithm::HS256,
        }
    }
}

impl FromStr for JwtAlgorithm {
    type Err = UnknownJwtAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownJwtAlgorithm> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(UnknownJwtAlgorithm)
    }
}

impl JwtKey {
    /// The fewest bytes of a shared secret.
    pub const MIN_SECRET_BYTES: usize = 32;

    /// The fewest bits of an RSA key.
    pub const MIN_RSA_BITS: usize = 2048;

    /// A key out of `text`: a public key in PEM (SPKI, or PKCS #1 for RSA); for HS256 the secret
    /// itself, of which line breaks at the end are no part.
    ///
    /// Tokens that name another `kid` are not tried with a key that has one.
    ///
    /// # Errors
    /// When it is no key for that algorithm, or too weak a one.
    pub fn new(
        kid: Option<String>,
        algorithm: JwtAlgorithm,
        text: &Plaintext,
    ) -> Result<Self, InvalidJwtKey> {
        let key = match algorithm {
            JwtAlgorithm::Hs256 => shared_secret(text)?,
            _ => public_key(algorithm, text.expose())?,
        };
        Ok(Self { kid, algorithm, key })
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) const fn algorithm(&self) -> JwtAlgorithm {
        self.algorithm
    }

    pub(super) const fn decoding_key(&self) -> &DecodingKey {
        &self.key
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

fn shared_secret(text: &Plaintext) -> Result<DecodingKey, InvalidJwtKey> {
    let secret = text.expose().trim_end_matches(['\r', '\n']);
    if secret.trim_start().starts_with("-----BEGIN") {
        Err(InvalidJwtKey::PemAsSecret)
    } else if secret.len() < JwtKey::MIN_SECRET_BYTES {
        Err(InvalidJwtKey::ShortSecret)
    } else {
        Ok(DecodingKey::from_secret(secret.as_bytes()))
    }
}

/// The library takes private keys and certificates for public keys too, and looks into a key when a
/// token comes; an operator should hear at once.
fn public_key(algorithm: JwtAlgorithm, pem: &str) -> Result<DecodingKey, InvalidJwtKey> {
    let invalid = InvalidJwtKey::NotAPublicKey(algorithm);
    if !pem.contains("-----BEGIN PUBLIC KEY-----")
        && !pem.contains("-----BEGIN RSA PUBLIC KEY-----")
    {
        return Err(invalid);
    }
    let family = algorithm.of_library().family();
    let key = match family {
        AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem.as_bytes()),
        AlgorithmFamily::Ec => DecodingKey::from_ec_pem(pem.as_bytes()),
        AlgorithmFamily::Ed => DecodingKey::from_ed_pem(pem.as_bytes()),
        AlgorithmFamily::Hmac => return Err(invalid),
    };
    let key = key.map_err(|_| invalid)?;
    let bytes = key.try_get_as_bytes().map_err(|_| invalid)?;
    let fits = match algorithm {
        // An uncompressed point.
        JwtAlgorithm::Es256 => bytes.len() == 65,
        JwtAlgorithm::Es384 => bytes.len() == 97,
        JwtAlgorithm::EdDsa => bytes.len() == 32,
        _ => {
            let modulus = rsa_modulus(bytes).ok_or(invalid)?;
            if modulus.len() * 8 < JwtKey::MIN_RSA_BITS {
                return Err(InvalidJwtKey::ShortRsaKey);
            }
            true
        }
    };
    if fits { Ok(key) } else { Err(invalid) }
}

/// The modulus of an `RSAPublicKey` in DER (RFC 8017, A.1.1), without leading zeros.
fn rsa_modulus(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (key, rest) = der_value(SEQUENCE, der)?;
    let (modulus, exponent) = der_value(INTEGER, key)?;
    let (_, after) = der_value(INTEGER, exponent)?;
    let significant = modulus.iter().position(|byte| *byte != 0)?;
    (rest.is_empty() && after.is_empty()).then(|| &modulus[significant..])
}

/// The content of the DER value at the beginning, if it has this tag, and what follows it.
fn der_value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match usize::from(first) {
        short @ ..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            let number = |number: usize, digit: &u8| {
                number.checked_mul(256)?.checked_add(usize::from(*digit))
            };
            (digits.iter().try_fold(0, number)?, rest)
        }
    };
    (found == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = include_str!("../../tests/keys/rsa-public.pem");
    const P256: &str = include_str!("../../tests/keys/p256-public.pem");
    const P384: &str = include_str!("../../tests/keys/p384-public.pem");
    const ED25519: &str = include_str!("../../tests/keys/ed25519-public.pem");

    fn key(algorithm: JwtAlgorithm, text: &str) -> Result<JwtKey, InvalidJwtKey> {
        JwtKey::new(None, algorithm, &Plaintext::from(text))
    }

    #[test]
    fn each_algorithm_takes_its_own_kind_of_key_only() {
        for algorithm in JwtAlgorithm::ALL {
            let own = match algorithm {
                JwtAlgorithm::Es256 => P256,
                JwtAlgorithm::Es384 => P384,
                JwtAlgorithm::EdDsa => ED25519,
                JwtAlgorithm::Hs256 => continue,
                _ => RSA,
            };
            for text in [RSA, P256, P384, ED25519] {
                assert_eq!(key(algorithm, text).is_ok(), text == own, "{}", algorithm.as_str());
            }
        }
    }

    #[test]
    fn private_and_broken_keys_are_refused() {
        let refused = InvalidJwtKey::NotAPublicKey(JwtAlgorithm::Rs256);
        let private = include_str!("../../tests/keys/rsa-private.pem");
        let relabelled = private.replace("PRIVATE", "PUBLIC");
        let broken = RSA.replace("IIB", "AAA");
        for text in ["", "hunter2", private, &relabelled, &broken] {
            assert_eq!(key(JwtAlgorithm::Rs256, text).unwrap_err(), refused);
        }
        // An Ed25519 key of three bytes, which the library would trip over.
        let short = "-----BEGIN PUBLIC KEY-----\nMA0wBQYDK2VwAwQACVyH\n-----END PUBLIC KEY-----\n";
        assert!(key(JwtAlgorithm::EdDsa, short).is_err());
    }

    #[test]
    fn weak_keys_are_refused() {
        let short = include_str!("../../tests/keys/rsa-1024-public.pem");
        assert_eq!(key(JwtAlgorithm::Rs256, short).unwrap_err(), InvalidJwtKey::ShortRsaKey);
        let secret = "x".repeat(32);
        assert!(key(JwtAlgorithm::Hs256, &secret).is_ok());
        for short in [&secret[..31], &format!("{}\n\r\n", &secret[..31])] {
            assert_eq!(key(JwtAlgorithm::Hs256, short).unwrap_err(), InvalidJwtKey::ShortSecret);
        }
        assert_eq!(key(JwtAlgorithm::Hs256, RSA).unwrap_err(), InvalidJwtKey::PemAsSecret);
    }

    #[test]
    fn algorithms_have_the_names_of_rfc_7518() {
        for algorithm in JwtAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm.of_library()));
        }
        for unknown in ["none", "rs256", "HS384", ""] {
            assert_eq!(unknown.parse::<JwtAlgorithm>(), Err(UnknownJwtAlgorithm));
        }
    }

    #[test]
    fn debug_tells_no_secret() {
        let secret = "x".repeat(32);
        let key = JwtKey::new(Some("k1".to_owned()), JwtAlgorithm::Hs256, &secret.as_str().into());
        let debug = format!("{:?}", key.unwrap());
        assert_eq!(debug, r#"JwtKey { kid: Some("k1"), algorithm: Hs256, .. }"#);
    }
}
