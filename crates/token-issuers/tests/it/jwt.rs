//! JSON Web Tokens, with given keys.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use repass_core::{AdministrationStore, Plaintext};
use repass_testkit::fixtures::{self, with};
use serde_json::{Value, json};

use crate::test_context::{
    ISSUER, Pair, RSA_PUBLIC, TestContext, header, holder, realm, sign, unsigned,
};

#[tokio::test]
async fn a_right_token_names_its_holder_with_roles() {
    let test = TestContext::new().await;
    let token = Pair::Rsa.sign("k1", &test.claims());
    let identity = holder(&test.trusting(Pair::Rsa), &token).await.unwrap();
    assert_eq!(identity.account, test.account.id);
    assert_eq!((identity.realm, identity.user_id.as_str()), (realm(), "pat"));
    assert_eq!((identity.issuer.as_deref(), identity.roles), (Some(ISSUER), vec!["user".into()]));
    let several = test.claims_with("aud", json!(["other", "repass"]));
    assert!(holder(&test.trusting(Pair::Rsa), &Pair::Rsa.sign("k1", &several)).await.is_some());
}

#[tokio::test]
async fn the_identity_of_a_token_is_the_same_each_time() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    let one = Pair::Rsa.sign("k1", &test.claims());
    let other = Pair::Rsa.sign("k1", &test.claims_with("jti", "2"));
    let first = holder(&issuers, &one).await.unwrap();
    assert_eq!(holder(&issuers, &one).await.unwrap().id, first.id);
    assert_ne!(holder(&issuers, &other).await.unwrap().id, first.id);
}

#[tokio::test]
async fn wrong_claims_are_refused() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    for (why, claims) in [
        ("another issuer", test.claims_with("iss", "https://evil.example")),
        ("several issuers", test.claims_with("iss", json!([ISSUER]))),
        ("no issuer", test.claims_without("iss")),
        ("another audience", test.claims_with("aud", "other")),
        ("no audience", test.claims_without("aud")),
        ("no user", test.claims_without("sub")),
        ("an unknown user", test.claims_with("sub", "nobody")),
        ("an invalid user", test.claims_with("sub", "a\0b")),
        ("expired", test.claims_with("exp", test.second(0))),
        ("no expiry", test.claims_without("exp")),
        ("not valid yet", test.claims_with("nbf", test.second(61))),
        ("issued in the future", test.claims_with("iat", test.second(61))),
        ("no time of issue", test.claims_without("iat")),
        ("issued before the change", test.claims_with("iat", test.second(-3601))),
        ("issued in the second of the change", test.claims_with("iat", test.second(-3600))),
        ("an id token", test.claims_with("token_use", "id")),
        ("bound to a key", test.claims_with("cnf", json!({ "jkt": "x" }))),
    ] {
        assert_eq!(holder(&issuers, &Pair::Rsa.sign("k1", &claims)).await, None, "{why}");
    }
    for (why, claims) in [
        ("expires soon", test.claims_with("exp", test.second(1))),
        ("a clock ahead", test.claims_with("nbf", test.second(60))),
        ("a clock ahead", test.claims_with("iat", test.second(60))),
        ("issued after the change", test.claims_with("iat", test.second(-3599))),
        ("an access token", test.claims_with("token_use", "access")),
    ] {
        assert!(holder(&issuers, &Pair::Rsa.sign("k1", &claims)).await.is_some(), "{why}");
    }
}

#[tokio::test]
async fn a_change_ends_the_tokens_that_were_issued_before() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    let before = Pair::Rsa.sign("k1", &test.claims_with("iat", test.second(0)));
    assert!(holder(&issuers, &before).await.is_some());
    test.change_at(test.clock_after_micros(1)).await;
    assert_eq!(holder(&issuers, &before).await, None);
    test.pass(1);
    let after = Pair::Rsa.sign("k1", &test.claims_with("iat", test.second(0)));
    assert!(holder(&issuers, &after).await.is_some());
}

/// Also those of the second in which they are revoked, since `iat` has whole seconds.
#[tokio::test]
async fn a_revocation_and_a_deactivation_end_the_tokens_that_were_issued_before() {
    let test = TestContext::new().await;
    let (issuers, operator) = (test.trusting(Pair::Rsa), test.engine.administration());
    let token = || Pair::Rsa.sign("k1", &test.claims_with("iat", test.second(0)));
    let revoked = token();
    assert!(holder(&issuers, &revoked).await.is_some());
    operator.revoke_tokens(&realm(), "pat").await.unwrap();
    assert_eq!(holder(&issuers, &revoked).await, None);
    test.pass(1);
    let deactivated = token();
    assert!(holder(&issuers, &deactivated).await.is_some(), "a later token is valid");
    for active in [false, true] {
        operator.set_active(&realm(), "pat", active).await.unwrap();
        assert_eq!(holder(&issuers, &deactivated).await, None);
    }
    test.pass(1);
    assert!(holder(&issuers, &token()).await.is_some());
}

/// A node whose clock was an hour ahead does not refuse all tokens for an hour.
#[tokio::test]
async fn a_revocation_of_the_future_does_not_hide_the_last_change() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    let audit = fixtures::audit(&test.account, "token.revoke");
    let audit = with(audit, |it| it.at = test.clock_after_micros(3_600_000_000));
    test.store.revoke_access_tokens(test.account.id, &audit).await.unwrap();
    for (iat, is_valid) in [(-3600, false), (-3599, true)] {
        let token = Pair::Rsa.sign("k1", &test.claims_with("iat", test.second(iat)));
        assert_eq!(holder(&issuers, &token).await.is_some(), is_valid, "{iat}");
    }
}

#[tokio::test]
async fn the_type_is_that_of_an_access_token() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    for (typ, is_accepted) in [
        (None, true),
        (Some("JWT"), true),
        (Some("at+jwt"), true),
        (Some("AT+JWT"), true),
        (Some("application/at+jwt"), true),
        (Some("id+jwt"), false),
        (Some("dpop+jwt"), false),
        (Some("logout+jwt"), false),
        (Some(""), false),
    ] {
        let header = Header { typ: typ.map(str::to_owned), ..header(Algorithm::RS256) };
        let token = Pair::Rsa.sign_with(&header, &test.claims());
        assert_eq!(holder(&issuers, &token).await.is_some(), is_accepted, "{typ:?}");
    }
}

#[tokio::test]
async fn another_algorithm_key_or_signature_is_refused() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    let claims = test.claims();
    let of_other_key = Pair::P256.sign("k1", &claims);
    let other_algorithm = Pair::Rsa.sign_with(&header(Algorithm::RS512), &claims);
    let by_public_key = |text: &str| {
        sign(&header(Algorithm::HS256), &claims, &EncodingKey::from_secret(text.as_bytes()))
    };
    let confused = [by_public_key(RSA_PUBLIC), by_public_key(RSA_PUBLIC.trim_end())];
    let none = |alg: &str, signature: &str| {
        let message = unsigned(&json!({ "alg": alg, "typ": "JWT" }), &claims);
        Plaintext::new(format!("{message}.{signature}"))
    };
    let nones = [none("none", ""), none("none", "AAAA"), none("None", ""), none("nOnE", "")];
    let good = Pair::Rsa.sign("k1", &claims);
    let (message, _) = good.expose().rsplit_once('.').unwrap();
    let unsigned = [Plaintext::new(format!("{message}.")), Plaintext::from(message)];
    let (head, signature) = (message.split('.').next().unwrap(), good.expose().rsplit('.').next());
    let payload = unsigned_payload(&test.claims_with("sub", "kim"));
    let changed = Plaintext::new(format!("{head}.{payload}.{}", signature.unwrap()));
    let refused = [of_other_key, other_algorithm, changed];
    for token in refused.iter().chain(&confused).chain(&nones).chain(&unsigned) {
        assert_eq!(holder(&issuers, token).await, None, "{}", token.expose());
    }
    assert!(holder(&issuers, &good).await.is_some());
}

fn unsigned_payload(claims: &Value) -> String {
    unsigned(&json!({}), claims).split('.').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn critical_extensions_and_huge_tokens_are_refused() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    let critical = Header { crit: Some(vec!["b64".to_owned()]), ..header(Algorithm::RS256) };
    assert_eq!(holder(&issuers, &Pair::Rsa.sign_with(&critical, &test.claims())).await, None);
    let padded = |length| Pair::Rsa.sign("k1", &test.claims_with("pad", "x".repeat(length)));
    assert!(holder(&issuers, &padded(8 * 1024)).await.is_some());
    assert_eq!(holder(&issuers, &padded(16 * 1024)).await, None);
}
