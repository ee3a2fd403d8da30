//! fabric's signed reset tokens (JSON Web Tokens): a token; or, in two lines, its header and its
//! claims, which are signed with the right key.
#![cfg_attr(feature = "libfuzzer", no_main)]

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use repass_core::{Plaintext, SignedTokenVerifier};
use repass_spec_fabric::{JwtAlgorithm, JwtKey, ResetTokenVerifier};
use serde_json::Value;

const SECRET: &str = "thirty-two bytes at the very least";

static VERIFIER: LazyLock<ResetTokenVerifier> = LazyLock::new(|| {
    let secret = Plaintext::from(SECRET);
    let key = JwtKey::new(Some("k".into()), JwtAlgorithm::Hs256, &secret).expect("a key");
    ResetTokenVerifier::new("iss", "aud", vec![key]).expect("a verifier")
});

fn check(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        if let Ok(token) = std::str::from_utf8(input) {
            // Only the holder of the key can sign a token that is accepted.
            assert!(VERIFIER.verify(&Plaintext::from(token)).is_err(), "{token:?}");
            for algorithm in JwtAlgorithm::ALL {
                let _ = JwtKey::new(None, algorithm, &Plaintext::from(token));
            }
        }
        return;
    };
    let (header, claims) = (&input[..end], &input[end + 1..]);
    let Ok(signed) = VERIFIER.verify(&signed(header, claims)) else { return };
    // The holder of the key can sign an unknown member that is not UTF-8. It is ignored unread.
    let (Ok(header), Ok(claims)) =
        (serde_json::from_slice::<Value>(header), serde_json::from_slice::<Value>(claims))
    else {
        return;
    };
    assert_eq!(header["alg"], "HS256");
    assert!(header.get("crit").is_none_or(Value::is_null), "{header}");
    assert_eq!(claims["iss"], "iss");
    assert_eq!(claims["sub"], signed.user_id);
    let audience = &claims["aud"];
    let is_one_of = |all: &Vec<Value>| all.iter().any(|one| one == "aud");
    assert!(audience == "aud" || audience.as_array().is_some_and(is_one_of), "{claims}");
    assert!(claims["exp"].is_number() && claims["iat"].is_number(), "{claims}");
    assert!(claims["jti"].as_str().is_some_and(|id| !id.is_empty()), "{claims}");
}

fn signed(header: &[u8], claims: &[u8]) -> Plaintext {
    let mut token =
        format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(claims));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(token.as_bytes());
    token.push('.');
    token.push_str(&BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()));
    Plaintext::new(token)
}

repass_fuzz::target!(check);
