use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::DecodingKey;
use repass_core::Plaintext;
use serde::Deserialize;
use serde_json::Value;

use crate::{JwtAlgorithm, JwtKey};

/// The text is not a set of public keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPublicKeys {
    /// It is neither PEM nor a JSON Web Key nor a set of them.
    #[error("must be a public key in PEM, a JSON Web Key or a set of them (RFC 7517)")]
    Malformed,
    /// It has too many keys.
    #[error("must have at most {MAX_KEYS} keys")]
    TooMany,
    /// No key fits one of the algorithms.
    #[error("must have a public key for one of the algorithms, of 2048 bits or more if it is RSA")]
    NoKeys,
}

/// The most keys of one set.
const MAX_KEYS: usize = 100;

/// Reads public keys: a JWK Set or one JWK (RFC 7517), or one key in PEM without an id.
///
/// A key verifies those of `algorithms` that fit its type and curve, `HS256` excepted. A JWK that
/// names its algorithm (`alg`) verifies that one only. JWKs of other types, for other uses or of
/// other algorithms, shared secrets, and RSA keys that are too short, are skipped (RFC 7517, 5).
///
/// # Errors
/// When the text is none of these, or no key remains.
pub fn public_keys(
    text: &str,
    algorithms: &[JwtAlgorithm],
) -> Result<Vec<JwtKey>, InvalidPublicKeys> {
    // A public document is no secret, so no key of it verifies by one.
    let mut algorithms = algorithms.to_vec();
    algorithms.retain(|algorithm| *algorithm != JwtAlgorithm::Hs256);
    let is_pem = text.contains("-----BEGIN");
    let keys = if is_pem { pem(text, &algorithms) } else { jwks(text, &algorithms)? };
    if keys.is_empty() { Err(InvalidPublicKeys::NoKeys) } else { Ok(keys) }
}

/// Returns the key in PEM once for each algorithm that it verifies.
fn pem(text: &str, algorithms: &[JwtAlgorithm]) -> Vec<JwtKey> {
    let text = Plaintext::from(text);
    let key = |algorithm: &JwtAlgorithm| JwtKey::new(None, *algorithm, &text).ok();
    algorithms.iter().filter_map(key).collect()
}

fn jwks(text: &str, algorithms: &[JwtAlgorithm]) -> Result<Vec<JwtKey>, InvalidPublicKeys> {
    let document: Value = serde_json::from_str(text).map_err(|_| InvalidPublicKeys::Malformed)?;
    let jwks = match document.get("keys") {
        Some(Value::Array(jwks)) => jwks.as_slice(),
        None if document.get("kty").is_some() => std::slice::from_ref(&document),
        _ => return Err(InvalidPublicKeys::Malformed),
    };
    if jwks.len() > MAX_KEYS {
        return Err(InvalidPublicKeys::TooMany);
    }
    let jwks = jwks.iter().filter_map(|jwk| Jwk::deserialize(jwk).ok());
    Ok(jwks.flat_map(|jwk| jwk.keys(algorithms)).collect())
}

/// The members of a public key (RFC 7517, 4; RFC 7518, 6; RFC 8037, 2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// Returns the key once for each algorithm that it verifies.
    fn keys(&self, algorithms: &[JwtAlgorithm]) -> Vec<JwtKey> {
        let is_for_signatures = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_signatures {
            return Vec::new();
        }
        let is_own = |algorithm: &&JwtAlgorithm| {
            self.alg.as_deref().is_none_or(|own| own == algorithm.as_str())
        };
        let with = |algorithm: &JwtAlgorithm| {
            let key = self.decoding_key(*algorithm)?;
            Some(JwtKey::from_parts(self.kid.clone(), *algorithm, key))
        };
        algorithms.iter().filter(is_own).filter_map(with).collect()
    }

    /// Returns the key if it is one for this algorithm.
    fn decoding_key(&self, algorithm: JwtAlgorithm) -> Option<DecodingKey> {
        match (algorithm, self.kty.as_str(), self.crv.as_deref()) {
            (JwtAlgorithm::Es256, "EC", Some("P-256")) => self.point(32),
            (JwtAlgorithm::Es384, "EC", Some("P-384")) => self.point(48),
            (JwtAlgorithm::EdDsa, "OKP", Some("Ed25519")) => {
                Some(DecodingKey::from_ed_der(&number(&self.x, Some(32))?))
            }
            (
                JwtAlgorithm::Rs256
                | JwtAlgorithm::Rs384
                | JwtAlgorithm::Rs512
                | JwtAlgorithm::Ps256,
                "RSA",
                _,
            ) => self.rsa(),
            _ => None,
        }
    }

    /// Returns the uncompressed point of a curve whose coordinates have `length` bytes.
    fn point(&self, length: usize) -> Option<DecodingKey> {
        let (x, y) = (number(&self.x, Some(length))?, number(&self.y, Some(length))?);
        Some(DecodingKey::from_ec_der(&[&[0x04], x.as_slice(), y.as_slice()].concat()))
    }

    fn rsa(&self) -> Option<DecodingKey> {
        let (modulus, exponent) = (number(&self.n, None)?, number(&self.e, None)?);
        // Some issuers write the sign byte of ASN.1 too, which `ring` refuses.
        let modulus = &modulus[modulus.iter().position(|byte| *byte != 0)?..];
        let is_long = modulus.len() * 8 >= JwtKey::MIN_RSA_BITS;
        is_long.then(|| DecodingKey::from_rsa_raw_components(modulus, &exponent))
    }
}

/// Decodes a member of a key, which must have `length` bytes if that is given.
fn number(member: &Option<String>, length: Option<usize>) -> Option<Vec<u8>> {
    let bytes = BASE64URL_NOPAD.decode(member.as_ref()?.as_bytes()).ok()?;
    length.is_none_or(|length| bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::crypto::rust_crypto;
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use repass_core::SignedTokenError;
    use serde_json::json;

    use super::*;
    use crate::JwtVerifier;
    use crate::key::rsa_modulus;

    const RSA: &[u8] = include_bytes!("../tests/keys/rsa-private.pem");
    const P256: &[u8] = include_bytes!("../tests/keys/p256-private.pem");
    const P384: &[u8] = include_bytes!("../tests/keys/p384-private.pem");
    const ED25519: &[u8] = include_bytes!("../tests/keys/ed25519-private.pem");
    const RSA_PUBLIC: &str = include_str!("../tests/keys/rsa-public.pem");
    const P256_PUBLIC: &str = include_str!("../tests/keys/p256-public.pem");
    const P384_PUBLIC: &str = include_str!("../tests/keys/p384-public.pem");
    const ED25519_PUBLIC: &str = include_str!("../tests/keys/ed25519-public.pem");

    /// Returns the bytes of a public key in PEM.
    fn bytes(algorithm: JwtAlgorithm, pem: &str) -> Vec<u8> {
        let key = JwtKey::new(None, algorithm, &Plaintext::from(pem)).unwrap();
        key.decoding_key().try_get_as_bytes().unwrap().to_vec()
    }

    fn rsa() -> Value {
        let der = bytes(JwtAlgorithm::Rs256, RSA_PUBLIC);
        // With the sign byte of ASN.1, as some issuers write it.
        let modulus = [&[0], rsa_modulus(&der).unwrap()].concat();
        json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1",
            "n": BASE64URL_NOPAD.encode(&modulus), "e": "AQAB",
        })
    }

    fn ec(algorithm: JwtAlgorithm, curve: &str, pem: &str) -> Value {
        let point = bytes(algorithm, pem);
        let (x, y) = point[1..].split_at(point.len() / 2);
        let [x, y] = [x, y].map(|part| BASE64URL_NOPAD.encode(part));
        json!({ "kty": "EC", "crv": curve, "key_ops": ["verify"], "kid": "k1", "x": x, "y": y })
    }

    fn ed25519() -> Value {
        let x = BASE64URL_NOPAD.encode(&bytes(JwtAlgorithm::EdDsa, ED25519_PUBLIC));
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x })
    }

    fn token(key: &EncodingKey, algorithm: Algorithm) -> String {
        let claims = json!({ "iss": "i", "aud": "a" }).to_string();
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let header = serde_json::to_string(&Header::new(algorithm)).unwrap();
        let message = format!("{}.{}", part(&header), part(&claims));
        let signer = (rust_crypto::DEFAULT_PROVIDER.signer_factory)(&algorithm, key).unwrap();
        let signature = BASE64URL_NOPAD.encode(&signer.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    #[test]
    fn no_public_document_is_a_shared_secret() {
        for before in ["", "\u{feff}", "a comment\n"] {
            let pem = format!("{before}{RSA_PUBLIC}");
            let keys = public_keys(&pem, &[JwtAlgorithm::Hs256]);
            assert_eq!(keys.unwrap_err(), InvalidPublicKeys::NoKeys);
            let keys = public_keys(&pem, &[JwtAlgorithm::Rs256, JwtAlgorithm::Hs256]).unwrap();
            assert!(keys.iter().all(|key| key.algorithm() == JwtAlgorithm::Rs256));
        }
    }

    #[test]
    fn a_key_of_each_type_verifies_the_signatures_of_its_algorithm() {
        for (own, key, jwk) in [
            (JwtAlgorithm::Rs256, EncodingKey::from_rsa_pem(RSA), rsa()),
            (
                JwtAlgorithm::Es256,
                EncodingKey::from_ec_pem(P256),
                ec(JwtAlgorithm::Es256, "P-256", P256_PUBLIC),
            ),
            (
                JwtAlgorithm::Es384,
                EncodingKey::from_ec_pem(P384),
                ec(JwtAlgorithm::Es384, "P-384", P384_PUBLIC),
            ),
            (JwtAlgorithm::EdDsa, EncodingKey::from_ed_pem(ED25519), ed25519()),
        ] {
            let keys =
                public_keys(&json!({ "keys": [jwk] }).to_string(), &JwtAlgorithm::ALL).unwrap();
            assert_eq!(keys.len(), 1, "{own:?}");
            assert_eq!((keys[0].kid(), keys[0].algorithm()), (Some("k1"), own));
            let token = token(&key.unwrap(), own.jsonwebtoken());
            let verifier = JwtVerifier::new("i", "a").unwrap();
            assert!(verifier.verify(&token, &keys).is_ok(), "{own:?}");
            let (message, signature) = token.rsplit_once('.').unwrap();
            let forged = format!("{message}.{}", "A".repeat(signature.len()));
            let refused = verifier.verify(&forged, &keys).unwrap_err();
            assert_eq!(refused, SignedTokenError::Signature, "{own:?}");
        }
    }

    #[test]
    fn a_key_without_alg_verifies_the_fitting_ones_of_the_given_algorithms() {
        let mut jwk = rsa();
        jwk.as_object_mut().unwrap().remove("alg");
        let of = |algorithms: &[JwtAlgorithm]| {
            let keys = public_keys(&jwk.to_string(), algorithms);
            keys.map(|keys| keys.iter().map(JwtKey::algorithm).collect::<Vec<_>>())
        };
        use JwtAlgorithm::{Es256, Hs256, Ps256, Rs256};
        assert_eq!(of(&[Rs256, Es256, Ps256, Hs256]), Ok(vec![Rs256, Ps256]));
        assert_eq!(of(&[Es256]), Err(InvalidPublicKeys::NoKeys));
    }

    #[test]
    fn keys_for_other_uses_are_skipped() {
        for (member, value) in [
            ("use", json!("enc")),
            ("key_ops", json!(["encrypt"])),
            ("alg", json!("RSA-OAEP")),
            ("alg", json!("PS256")),
            ("kty", json!("oct")),
            ("kty", json!("new")),
            ("n", json!("AQAB")),
            ("n", json!("?")),
            ("n", json!(null)),
        ] {
            let good = rsa();
            let mut bad = good.clone();
            bad[member] = value;
            let alone = public_keys(&bad.to_string(), &[JwtAlgorithm::Rs256]);
            assert_eq!(alone.unwrap_err(), InvalidPublicKeys::NoKeys, "{bad}");
            let both = json!({ "keys": [bad, good, 7] }).to_string();
            assert_eq!(public_keys(&both, &[JwtAlgorithm::Rs256]).unwrap().len(), 1, "{member}");
        }
    }

    #[test]
    fn a_key_in_pem_verifies_the_fitting_algorithms() {
        let of = |text: &str| {
            let keys = public_keys(text, &JwtAlgorithm::ALL);
            keys.map(|keys| keys.iter().map(JwtKey::algorithm).collect::<Vec<_>>())
        };
        use JwtAlgorithm::{EdDsa, Es256, Es384, Ps256, Rs256, Rs384, Rs512};
        assert_eq!(of(RSA_PUBLIC), Ok(vec![Rs256, Rs384, Rs512, Ps256]));
        assert_eq!(of(P256_PUBLIC), Ok(vec![Es256]));
        assert_eq!(of(P384_PUBLIC), Ok(vec![Es384]));
        assert_eq!(of(ED25519_PUBLIC), Ok(vec![EdDsa]));
        let private = std::str::from_utf8(RSA).unwrap();
        assert_eq!(of(private), Err(InvalidPublicKeys::NoKeys));
    }

    #[test]
    fn a_shared_secret_is_never_a_key() {
        let secret = json!({ "kty": "oct", "alg": "HS256", "k": "A".repeat(64) }).to_string();
        let refused = public_keys(&secret, &JwtAlgorithm::ALL).unwrap_err();
        assert_eq!(refused, InvalidPublicKeys::NoKeys);
    }

    #[test]
    fn other_documents_are_refused() {
        for text in ["", "{}", "[]", "7", "hunter2", r#"{"keys":{}}"#] {
            let refused = public_keys(text, &JwtAlgorithm::ALL).unwrap_err();
            assert_eq!(refused, InvalidPublicKeys::Malformed, "{text}");
        }
        let many = json!({ "keys": vec![7; 101] }).to_string();
        assert_eq!(public_keys(&many, &JwtAlgorithm::ALL).unwrap_err(), InvalidPublicKeys::TooMany);
    }
}
