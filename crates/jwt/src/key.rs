use std::fmt;
use std::str::FromStr;

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use repass_core::Plaintext;

/// An algorithm with which tokens are signed (RFC 7518, 3.1 and RFC 8037, 3.1).
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
    /// HMAC with SHA-256. A program that can verify such a token can also create one.
    Hs256,
}

/// The algorithm is not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be RS256, RS384, RS512, PS256, ES256, ES384, EdDSA or HS256")]
pub struct UnknownJwtAlgorithm;

/// A key that verifies tokens, with its one algorithm.
#[derive(Clone)]
pub struct JwtKey {
    kid: Option<String>,
    algorithm: JwtAlgorithm,
    key: DecodingKey,
}

/// The text is not a key for the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJwtKey {
    /// It is not a public key in PEM, or a key for another algorithm.
    #[error("must be a public key in PEM for {}", .0.as_str())]
    NotAPublicKey(JwtAlgorithm),
    /// The RSA key is too short (RFC 7518, 3.3).
    #[error("an RSA key must have at least 2048 bits")]
    ShortRsaKey,
    /// The shared secret is too short (RFC 7518, 3.2).
    #[error("a shared secret must have at least 32 bytes")]
    ShortSecret,
    /// A PEM document in place of a shared secret. A public key is not secret, so anyone could sign
    /// with it.
    #[error("a shared secret must not be a PEM document")]
    PemAsSecret,
}

impl JwtAlgorithm {
    /// All algorithms.
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

    /// The algorithms with a public key. A program that can verify such a token cannot create one.
    pub const PUBLIC_KEY: [Self; 7] =
        [Self::Rs256, Self::Rs384, Self::Rs512, Self::Ps256, Self::Es256, Self::Es384, Self::EdDsa];

    /// Returns the name of the algorithm in a token's header and in the configuration.
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

    pub(crate) const fn jsonwebtoken(self) -> Algorithm {
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
    /// The minimum length of a shared secret, in bytes.
    pub const MIN_SECRET_BYTES: usize = 32;

    /// The minimum length of an RSA key, in bits.
    pub const MIN_RSA_BITS: usize = 2048;

    /// Reads a key from `text`: a public key in PEM (SPKI, or PKCS #1 for RSA), or for HS256 the
    /// secret itself, without the line breaks at its end.
    ///
    /// A key with a `kid` does not verify tokens that name another one.
    ///
    /// # Errors
    /// When it is not a key for this algorithm, or too weak.
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

    /// Takes a checked key.
    pub(crate) fn from_parts(
        kid: Option<String>,
        algorithm: JwtAlgorithm,
        key: DecodingKey,
    ) -> Self {
        Self { kid, algorithm, key }
    }

    /// The id of the key.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm of the key.
    pub const fn algorithm(&self) -> JwtAlgorithm {
        self.algorithm
    }

    pub(crate) const fn decoding_key(&self) -> &DecodingKey {
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
    if secret.contains("-----BEGIN") {
        Err(InvalidJwtKey::PemAsSecret)
    } else if secret.len() < JwtKey::MIN_SECRET_BYTES {
        Err(InvalidJwtKey::ShortSecret)
    } else {
        Ok(DecodingKey::from_secret(secret.as_bytes()))
    }
}

/// Reads and checks a public key. The library accepts private keys and certificates too, and checks
/// a key only when it verifies a token.
fn public_key(algorithm: JwtAlgorithm, pem: &str) -> Result<DecodingKey, InvalidJwtKey> {
    let invalid = InvalidJwtKey::NotAPublicKey(algorithm);
    if !pem.contains("-----BEGIN PUBLIC KEY-----")
        && !pem.contains("-----BEGIN RSA PUBLIC KEY-----")
    {
        return Err(invalid);
    }
    let family = algorithm.jsonwebtoken().family();
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

/// Returns the modulus of an `RSAPublicKey` in DER (RFC 8017, A.1.1), without leading zeros.
pub(crate) fn rsa_modulus(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (key, rest) = der_value(SEQUENCE, der)?;
    let (modulus, exponent) = der_value(INTEGER, key)?;
    let (_, after) = der_value(INTEGER, exponent)?;
    let significant = modulus.iter().position(|byte| *byte != 0)?;
    (rest.is_empty() && after.is_empty()).then(|| &modulus[significant..])
}

/// Returns the content of the first DER value, if it has this tag, and the rest.
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

    const RSA: &str = include_str!("../tests/keys/rsa-public.pem");
    const P256: &str = include_str!("../tests/keys/p256-public.pem");
    const P384: &str = include_str!("../tests/keys/p384-public.pem");
    const ED25519: &str = include_str!("../tests/keys/ed25519-public.pem");

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
        let private = include_str!("../tests/keys/rsa-private.pem");
        let relabelled = private.replace("PRIVATE", "PUBLIC");
        let broken = RSA.replace("IIB", "AAA");
        for text in ["", "hunter2", private, &relabelled, &broken] {
            assert_eq!(key(JwtAlgorithm::Rs256, text).unwrap_err(), refused);
        }
        // An Ed25519 key of three bytes, which the library accepts.
        let short = "-----BEGIN PUBLIC KEY-----\nMA0wBQYDK2VwAwQACVyH\n-----END PUBLIC KEY-----\n";
        assert!(key(JwtAlgorithm::EdDsa, short).is_err());
    }

    #[test]
    fn weak_keys_are_refused() {
        let short = include_str!("../tests/keys/rsa-1024-public.pem");
        assert_eq!(key(JwtAlgorithm::Rs256, short).unwrap_err(), InvalidJwtKey::ShortRsaKey);
        let secret = "x".repeat(32);
        assert!(key(JwtAlgorithm::Hs256, &secret).is_ok());
        for short in [&secret[..31], &format!("{}\n\r\n", &secret[..31])] {
            assert_eq!(key(JwtAlgorithm::Hs256, short).unwrap_err(), InvalidJwtKey::ShortSecret);
        }
        for before in ["", "\u{feff}", "a comment\n"] {
            let pem = format!("{before}{RSA}");
            assert_eq!(key(JwtAlgorithm::Hs256, &pem).unwrap_err(), InvalidJwtKey::PemAsSecret);
        }
    }

    #[test]
    fn algorithms_have_the_names_of_rfc_7518() {
        for algorithm in JwtAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm.jsonwebtoken()));
        }
        for unknown in ["none", "rs256", "HS384", ""] {
            assert_eq!(unknown.parse::<JwtAlgorithm>(), Err(UnknownJwtAlgorithm));
        }
    }

    #[test]
    fn debug_hides_the_key() {
        let secret = "x".repeat(32);
        let key = JwtKey::new(Some("k1".to_owned()), JwtAlgorithm::Hs256, &secret.as_str().into());
        let debug = format!("{:?}", key.unwrap());
        assert_eq!(debug, r#"JwtKey { kid: Some("k1"), algorithm: Hs256, .. }"#);
    }
}
