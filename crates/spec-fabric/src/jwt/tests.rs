use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use repass_jwt::JwtAlgorithm;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "a secret of the tests, of forty-four letters";
const RSA_PUBLIC: &str = include_str!("../../../jwt/tests/keys/rsa-public.pem");
const RSA_PRIVATE: &[u8] = include_bytes!("../../../jwt/tests/keys/rsa-private.pem");
const P256_PUBLIC: &str = include_str!("../../../jwt/tests/keys/p256-public.pem");
const P256_PRIVATE: &[u8] = include_bytes!("../../../jwt/tests/keys/p256-private.pem");
const P384_PUBLIC: &str = include_str!("../../../jwt/tests/keys/p384-public.pem");
const P384_PRIVATE: &[u8] = include_bytes!("../../../jwt/tests/keys/p384-private.pem");
const ED25519_PUBLIC: &str = include_str!("../../../jwt/tests/keys/ed25519-public.pem");
const ED25519_PRIVATE: &[u8] = include_bytes!("../../../jwt/tests/keys/ed25519-private.pem");

fn key(kid: Option<&str>, algorithm: JwtAlgorithm, text: &str) -> JwtKey {
    JwtKey::new(kid.map(str::to_owned), algorithm, &Plaintext::from(text)).unwrap()
}

fn of(algorithm: JwtAlgorithm) -> Algorithm {
    algorithm.as_str().parse().unwrap()
}

fn verifier(keys: Vec<JwtKey>) -> ResetTokenVerifier {
    ResetTokenVerifier::new("https://id.example.org", "repass", keys).unwrap()
}

fn hmac_verifier() -> ResetTokenVerifier {
    verifier(vec![key(None, JwtAlgorithm::Hs256, SECRET)])
}

fn rsa_verifier() -> ResetTokenVerifier {
    verifier(vec![key(None, JwtAlgorithm::Rs256, RSA_PUBLIC)])
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example.org", "aud": "repass", "sub": "6169b2d892a5f30009d76480",
        "jti": "token-1", "exp": 1_700_000_600, "iat": 1_700_000_000,
        "nbf": 1_700_000_000,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn sign(header: &Header, claims: &Value, key: &EncodingKey) -> Plaintext {
    let part = |value: String| BASE64URL_NOPAD.encode(value.as_bytes());
    let header_text = serde_json::to_string(header).unwrap();
    let message = format!("{}.{}", part(header_text), part(claims.to_string()));
    // Signed by another implementation than the one that verifies.
    let signer = (rust_crypto::DEFAULT_PROVIDER.signer_factory)(&header.alg, key).unwrap();
    let signature = BASE64URL_NOPAD.encode(&signer.sign(message.as_bytes()));
    Plaintext::new(format!("{message}.{signature}"))
}

fn signed_with_hmac(claims: &Value) -> Plaintext {
    sign(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET.as_bytes()))
}

#[test]
fn a_valid_token_has_a_user_id_and_its_times() {
    let claims = hmac_verifier().verify(&signed_with_hmac(&claims())).unwrap();
    assert_eq!(claims.user_id, "6169b2d892a5f30009d76480");
    assert_eq!(claims.times.not_before, Some(Timestamp::from_second(1_700_000_000).unwrap()));
    assert_eq!(claims.times.expires_at, Timestamp::from_second(1_700_000_600).unwrap());
    assert_eq!(claims.digest, digest("https://id.example.org", "token-1"));
}

/// Proves ASVS 9.1.1.
#[test]
fn every_algorithm_verifies_its_signatures_and_refuses_others() {
    let rsa = || EncodingKey::from_rsa_pem(RSA_PRIVATE).unwrap();
    for (algorithm, public, private) in [
        (JwtAlgorithm::Rs256, RSA_PUBLIC, rsa()),
        (JwtAlgorithm::Rs384, RSA_PUBLIC, rsa()),
        (JwtAlgorithm::Rs512, RSA_PUBLIC, rsa()),
        (JwtAlgorithm::Ps256, RSA_PUBLIC, rsa()),
        (JwtAlgorithm::Es256, P256_PUBLIC, EncodingKey::from_ec_pem(P256_PRIVATE).unwrap()),
        (JwtAlgorithm::Es384, P384_PUBLIC, EncodingKey::from_ec_pem(P384_PRIVATE).unwrap()),
        (JwtAlgorithm::EdDsa, ED25519_PUBLIC, EncodingKey::from_ed_pem(ED25519_PRIVATE).unwrap()),
    ] {
        let token = sign(&Header::new(of(algorithm)), &claims(), &private);
        let verifier = verifier(vec![key(None, algorithm, public)]);
        assert!(verifier.verify(&token).is_ok(), "{}", algorithm.as_str());
        let forged = token.expose().rsplit_once('.').unwrap().0.to_owned();
        for signature in ["", "AAAA", &"A".repeat(86), &"A".repeat(342)] {
            let forged = Plaintext::new(format!("{forged}.{signature}"));
            assert!(verifier.verify(&forged).is_err(), "{}", algorithm.as_str());
        }
    }
}

/// Proves ASVS 9.1.2.
#[test]
fn a_key_verifies_its_own_algorithm_only() {
    let token = sign(
        &Header::new(Algorithm::RS512),
        &claims(),
        &EncodingKey::from_rsa_pem(RSA_PRIVATE).unwrap(),
    );
    assert!(rsa_verifier().verify(&token).is_err());
    assert!(verifier(vec![key(None, JwtAlgorithm::Rs512, RSA_PUBLIC)]).verify(&token).is_ok());
}

/// Proves ASVS 9.1.1, ASVS 9.1.3.
#[test]
fn another_signature_or_changed_claims_are_refused() {
    let foreign = EncodingKey::from_secret(b"another secret, of forty-four letters too...");
    let token = sign(&Header::new(Algorithm::HS256), &claims(), &foreign);
    assert!(hmac_verifier().verify(&token).is_err());

    let good = signed_with_hmac(&claims());
    let [header, _, signature] = good.expose().split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let payload = BASE64URL_NOPAD.encode(with("sub", json!("another user")).to_string().as_bytes());
    let forged = Plaintext::new(format!("{header}.{payload}.{signature}"));
    assert!(hmac_verifier().verify(&forged).is_err());
}

/// Proves ASVS 9.1.2.
#[test]
fn alg_none_is_refused() {
    let payload = BASE64URL_NOPAD.encode(claims().to_string().as_bytes());
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header =
            BASE64URL_NOPAD.encode(json!({"alg": alg, "typ": "JWT"}).to_string().as_bytes());
        for signature in ["", "AAAA"] {
            let token = Plaintext::new(format!("{header}.{payload}.{signature}"));
            assert!(hmac_verifier().verify(&token).is_err());
            assert!(rsa_verifier().verify(&token).is_err());
        }
    }
}

/// Proves ASVS 9.1.2.
#[test]
fn a_public_key_is_refused_as_a_shared_secret() {
    for secret in [RSA_PUBLIC, RSA_PUBLIC.trim_end()] {
        let confusion = EncodingKey::from_secret(secret.as_bytes());
        let token = sign(&Header::new(Algorithm::HS256), &claims(), &confusion);
        assert!(rsa_verifier().verify(&token).is_err());
        let both = verifier(vec![
            key(None, JwtAlgorithm::Rs256, RSA_PUBLIC),
            key(None, JwtAlgorithm::Hs256, SECRET),
        ]);
        assert!(both.verify(&token).is_err());
    }
}

/// Proves ASVS 9.2.3.
#[test]
fn issuer_and_audience_must_be_the_expected_ones() {
    for issuer in [json!("https://id.example.com"), json!(""), json!(5), json!(null)] {
        assert!(hmac_verifier().verify(&signed_with_hmac(&with("iss", issuer))).is_err());
    }
    // RFC 7519, 4.1.1: an issuer is one string.
    let issuers = with("iss", json!(["https://id.example.org", "https://evil.example"]));
    assert!(hmac_verifier().verify(&signed_with_hmac(&issuers)).is_err());
    for audience in [json!("other"), json!([]), json!(["other"]), json!(5), json!(null)] {
        assert!(hmac_verifier().verify(&signed_with_hmac(&with("aud", audience))).is_err());
    }
    // RFC 7519, 4.1.3: a token may be for several.
    let several = with("aud", json!(["other", "repass"]));
    assert!(hmac_verifier().verify(&signed_with_hmac(&several)).is_ok());
}

/// Proves K4.
#[test]
fn k4_the_reason_names_the_claim_and_quotes_nothing() {
    let refused = |claims| hmac_verifier().verify(&signed_with_hmac(&claims)).unwrap_err();
    for name in ["iss", "aud", "sub", "jti", "iat", "exp"] {
        assert_eq!(refused(without(name)), SignedTokenError::Claim(name));
    }
    assert_eq!(refused(with("aud", json!("other"))), SignedTokenError::Claim("aud"));
    assert_eq!(refused(with("iat", json!("hunter2"))), SignedTokenError::Malformed);
    let forged = rsa_verifier().verify(&signed_with_hmac(&claims())).unwrap_err();
    assert_eq!(forged, SignedTokenError::Signature);
}

#[test]
fn a_required_claim_of_another_type_is_refused() {
    for name in ["sub", "jti"] {
        for bad in [json!(""), json!(5), json!(null)] {
            assert!(hmac_verifier().verify(&signed_with_hmac(&with(name, bad))).is_err(), "{name}");
        }
    }
    assert_eq!(
        hmac_verifier().verify(&signed_with_hmac(&without("nbf"))).unwrap().times.not_before,
        None
    );
}

#[test]
fn the_verifier_does_not_check_the_times() {
    let claims = hmac_verifier().verify(&signed_with_hmac(&with("exp", json!(1)))).unwrap();
    assert_eq!(claims.times.expires_at, Timestamp::from_second(1).unwrap());
    let claims = hmac_verifier()
        .verify(&signed_with_hmac(&with("nbf", json!(200_000_000_000_u64))))
        .unwrap();
    assert_eq!(claims.times.not_before, Some(Timestamp::from_second(200_000_000_000).unwrap()));
}

#[test]
fn dates_are_numbers_in_the_range_of_a_timestamp() {
    for (name, bad) in [
        ("exp", json!("1700000600")),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(1e300)),
        ("nbf", json!("soon")),
        ("nbf", json!(i64::MAX)),
    ] {
        assert!(
            hmac_verifier().verify(&signed_with_hmac(&with(name, bad.clone()))).is_err(),
            "{name} {bad}"
        );
    }
    let mut fractions = with("exp", json!(100.9));
    fractions["nbf"] = json!(50.1);
    fractions["iat"] = json!(49.9);
    let claims = hmac_verifier().verify(&signed_with_hmac(&fractions)).unwrap();
    assert_eq!(claims.times.expires_at, Timestamp::from_second(100).unwrap());
    assert_eq!(claims.times.not_before, Some(Timestamp::from_second(51).unwrap()));
    assert_eq!(claims.times.issued_at, Timestamp::from_second(49).unwrap());
}

#[test]
fn a_kid_selects_the_key() {
    let secret = |text: &str| EncodingKey::from_secret(text.as_bytes());
    let other = "another secret, of forty-four letters too...";
    let keys = verifier(vec![
        key(Some("old"), JwtAlgorithm::Hs256, other),
        key(Some("new"), JwtAlgorithm::Hs256, SECRET),
    ]);
    let header =
        |kid: Option<&str>| Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::HS256) };
    for (kid, text, counts) in [
        (Some("new"), SECRET, true),
        (Some("old"), other, true),
        (None, SECRET, true),
        (Some("old"), SECRET, false),
        (Some("unknown"), SECRET, false),
    ] {
        let token = sign(&header(kid), &claims(), &secret(text));
        assert_eq!(keys.verify(&token).is_ok(), counts, "{kid:?}");
    }
    let token = sign(&header(Some("any")), &claims(), &secret(SECRET));
    assert!(hmac_verifier().verify(&token).is_ok());
}

#[test]
fn critical_extensions_are_refused() {
    let header = Header { crit: Some(vec!["b64".to_owned()]), ..Header::new(Algorithm::HS256) };
    let token = sign(&header, &claims(), &EncodingKey::from_secret(SECRET.as_bytes()));
    assert!(hmac_verifier().verify(&token).is_err());
}

#[test]
fn tokens_over_4_kib_are_refused() {
    let padded = |length: usize| signed_with_hmac(&with("pad", json!("x".repeat(length))));
    let fits = (0..4096).rev().find(|length| padded(*length).byte_len() <= 4096).unwrap();
    assert!(hmac_verifier().verify(&padded(fits)).is_ok());
    assert!(hmac_verifier().verify(&padded(fits + 1)).is_err());
}

#[test]
fn a_token_is_redeemed_by_issuer_and_id() {
    let digest_of =
        |claims: &Value| hmac_verifier().verify(&signed_with_hmac(claims)).unwrap().digest;
    assert_eq!(digest_of(&claims()), digest_of(&with("exp", json!(5))));
    assert_ne!(digest_of(&claims()), digest_of(&with("jti", json!("token-2"))));
    assert_ne!(digest("a", "bc"), digest("ab", "c"));
}

#[test]
fn a_verifier_needs_keys_an_issuer_and_an_audience() {
    let keys = || vec![key(None, JwtAlgorithm::Hs256, SECRET)];
    let error = |issuer: &str, audience: &str, keys| {
        ResetTokenVerifier::new(issuer, audience, keys).unwrap_err()
    };
    assert_eq!(error("i", "a", Vec::new()), InvalidJwtVerifier::NoKeys);
    assert_eq!(error("", "a", keys()), InvalidJwtVerifier::Issuer);
    assert_eq!(error("i\0", "a", keys()), InvalidJwtVerifier::Issuer);
    assert_eq!(error("i", "", keys()), InvalidJwtVerifier::Audience);
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics_and_is_refused(
        token in prop_oneof!["\\PC{0,64}", "[A-Za-z0-9_.-]{0,64}\\.[A-Za-z0-9_-]{0,64}\\.[A-Za-z0-9_-]{0,86}"],
        payload in ".{0,64}",
    ) {
        prop_assert!(hmac_verifier().verify(&Plaintext::new(token)).is_err());
        let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256"}"#);
        let token = Plaintext::new(format!("{header}.{}.AAAA", BASE64URL_NOPAD.encode(payload.as_bytes())));
        prop_assert!(hmac_verifier().verify(&token).is_err());
    }

    #[test]
    fn arbitrary_signed_claims_never_panic(name in "iss|aud|sub|jti|exp|nbf", number in any::<f64>()) {
        let _ = hmac_verifier().verify(&signed_with_hmac(&with(&name, json!(number))));
    }
}
