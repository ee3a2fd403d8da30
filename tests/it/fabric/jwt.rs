//! Reset tokens issued elsewhere: JSON Web Tokens (RFC 7519).

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use repass_core::{NewAccount, Profile};
use repass_tests::{FIRST_PASSWORD, Server, ServerBuilder};
use serde_json::{Value, json};

use super::{
    OTHER_SITE, OTHER_USER, TEN_MINUTES, USER, assert_error, assert_expired, assert_not_found,
    assert_user, open, start, token, with,
};
use crate::requests::{SITE, Wire};
use crate::test_context::{ANY_PASSWORD, NEW, TestContext, now};

const ISSUER: &str = "https://id.example.org";
const SECRET: &str = "a secret of the tests, of forty-four letters";
const RSA_PUBLIC: &str = include_str!("../../../crates/jwt/tests/keys/rsa-public.pem");
const RSA: &[u8] = include_bytes!("../../../crates/jwt/tests/keys/rsa-private.pem");
const P256_PUBLIC: &str = include_str!("../../../crates/jwt/tests/keys/p256-public.pem");
const P256: &[u8] = include_bytes!("../../../crates/jwt/tests/keys/p256-private.pem");
const ED25519_PUBLIC: &str = include_str!("../../../crates/jwt/tests/keys/ed25519-public.pem");
const ED25519: &[u8] = include_bytes!("../../../crates/jwt/tests/keys/ed25519-private.pem");

/// A server that trusts an issuer of four keys and locks out no account.
fn builder() -> ServerBuilder {
    let builder = Server::builder();
    for (file, text) in [
        ("rsa.pem", RSA_PUBLIC),
        ("p256.pem", P256_PUBLIC),
        ("ed25519.pem", ED25519_PUBLIC),
        ("secret.txt", SECRET),
    ] {
        std::fs::write(builder.folder().join(file), text).unwrap();
    }
    builder.tables(ANY_PASSWORD).tables("[lockout]\nthreshold = 100\n")
}

/// The option that trusts the issuer; `more` is added to its table.
fn issuer(more: &str) -> String {
    format!(
        "[[api.fabric.options.jwt]]\nissuer = '{ISSUER}'\naudience = 'repass'\n{more}\n\
         keys = [\n\
         {{ algorithm = 'RS256', kid = 'rsa-1', file = 'rsa.pem' }},\n\
         {{ algorithm = 'ES256', kid = 'p256-1', file = 'p256.pem' }},\n\
         {{ algorithm = 'EdDSA', file = 'ed25519.pem' }},\n\
         {{ algorithm = 'HS256', kid = 'secret-1', file = 'secret.txt' }},\n]\n"
    )
}

async fn trusting() -> TestContext {
    open(builder().options("fabric", &issuer(""))).await
}

fn in_seconds(seconds: i64) -> i64 {
    now().as_second() + seconds
}

/// The claims of a good token.
fn claims(id: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": "repass", "sub": USER, "jti": id, "id": "61f22158",
        // Later than every change of a test, and within the leeway.
        "iat": in_seconds(30), "nbf": in_seconds(30), "exp": in_seconds(600),
    })
}

fn claims_with(id: &str, name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims(id);
    claims[name] = value.into();
    claims
}

fn claims_without(id: &str, name: &str) -> Value {
    let mut claims = claims(id);
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) }
}

/// A token as the vendor's are: signed by RSA.
fn by_rsa(claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(RSA).unwrap();
    encode(&header(Algorithm::RS256, Some("rsa-1")), claims, &key).unwrap()
}

fn with_token(test: &TestContext, token: &str) -> Wire {
    with(&test.good, "resetToken", token)
}

async fn redeem(test: &TestContext, token: &str) -> repass_tests::Answer {
    test.send(&with_token(test, token)).await
}

/// Proves FABRIC-14, FABRIC-15.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_a_good_token_changes_the_password_once_and_then_is_401() {
    let test = trusting().await;
    let token = by_rsa(&claims("one"));
    assert_user(&redeem(&test, &token).await, USER);
    assert!(test.is_password(NEW).await);
    assert_eq!(test.last_attempt().await.outcome, "ok");
    let again = with(&with_token(&test, &token), "newPassword", "another wish");
    assert_expired(&test.send(&again).await);
    assert!(test.is_password(NEW).await);
}

/// Proves FABRIC-14.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_9_1_2_each_algorithm_of_a_configured_key_is_accepted() {
    let test = trusting().await;
    let rsa = || EncodingKey::from_rsa_pem(RSA).unwrap();
    let p256 = || EncodingKey::from_ec_pem(P256).unwrap();
    let ed25519 = EncodingKey::from_ed_pem(ED25519).unwrap();
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    for (id, header, key) in [
        ("rsa", header(Algorithm::RS256, Some("rsa-1")), rsa()),
        ("rsa without a kid", header(Algorithm::RS256, None), rsa()),
        ("p256", header(Algorithm::ES256, Some("p256-1")), p256()),
        ("p256 without a kid", header(Algorithm::ES256, None), p256()),
        ("ed25519, whose key has no kid", header(Algorithm::EdDSA, Some("any")), ed25519),
        ("secret", header(Algorithm::HS256, Some("secret-1")), secret),
    ] {
        let token = encode(&header, &claims(id), &key).unwrap();
        let new = format!("wish of {id}");
        let wire = with(&with_token(&test, &token), "newPassword", new.as_str());
        assert_user(&test.send(&wire).await, USER);
        assert!(test.is_password(&new).await, "{id}");
    }
}

/// Proves FABRIC-14, FABRIC-29.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_9_2_1_an_expired_token_is_401() {
    let test = trusting().await;
    for (id, exp) in [
        ("a", json!(in_seconds(-1))),
        ("b", json!(in_seconds(0))),
        ("c", json!(in_seconds(-86_400))),
        ("d", json!(1)),
        ("e", json!(in_seconds(-2) as f64 + 0.5)),
    ] {
        assert_expired(&redeem(&test, &by_rsa(&claims_with(id, "exp", exp))).await);
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
}

/// Proves FABRIC-14, FABRIC-28.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_9_1_1_9_1_2_9_1_3_a_token_signed_otherwise_is_404() {
    let test = trusting().await;
    let good = by_rsa(&claims("one"));
    let parts: Vec<&str> = good.split('.').collect();
    let encoded = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let sign = |algorithm, kid, key: &EncodingKey| {
        encode(&header(algorithm, kid), &claims("one"), key).unwrap()
    };
    let rsa = EncodingKey::from_rsa_pem(RSA).unwrap();
    let of_public_key = EncodingKey::from_secret(RSA_PUBLIC.as_bytes());
    let other_secret = EncodingKey::from_secret(b"another secret of enough letters, too");
    let p256 = EncodingKey::from_ec_pem(P256).unwrap();
    let forged = encoded(&claims_with("one", "sub", OTHER_USER));
    let none = |alg: &str| encoded(&json!({ "alg": alg, "typ": "JWT" }));
    let mut critical = header(Algorithm::RS256, Some("rsa-1"));
    critical.crit = Some(vec!["exp".to_owned()]);
    test.operator.add("fabric", OTHER_USER).await;
    for (why, token) in [
        ("another payload", format!("{}.{forged}.{}", parts[0], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("half a signature", good[..good.len() - 8].to_owned()),
        ("alg none", format!("{}.{}.", none("none"), parts[1])),
        ("alg None", format!("{}.{}.{}", none("None"), parts[1], parts[2])),
        ("the public key as a secret", sign(Algorithm::HS256, Some("rsa-1"), &of_public_key)),
        ("the same without a kid", sign(Algorithm::HS256, None, &of_public_key)),
        ("another secret", sign(Algorithm::HS256, Some("secret-1"), &other_secret)),
        ("an algorithm not configured", sign(Algorithm::RS512, Some("rsa-1"), &rsa)),
        ("another padding", sign(Algorithm::PS256, Some("rsa-1"), &rsa)),
        ("another key's kid", sign(Algorithm::RS256, Some("p256-1"), &rsa)),
        ("an unknown kid", sign(Algorithm::ES256, Some("p256-2"), &p256)),
        ("a critical extension", encode(&critical, &claims("one"), &rsa).unwrap()),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{good}.{}", parts[2])),
        ("nothing between the dots", "..".to_owned()),
        ("white space", format!("{good} ")),
    ] {
        let answer = redeem(&test, &token).await;
        assert_eq!(answer.status, 404, "{why}: {}", answer.text());
        assert_not_found(&answer);
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
    // The token itself was good all along.
    assert_user(&redeem(&test, &good).await, USER);
}

/// Proves FABRIC-14, FABRIC-28.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_9_2_1_9_2_3_a_token_with_other_claims_is_404() {
    let test = trusting().await;
    test.operator.add("fabric", OTHER_USER).await;
    let id = "one";
    let mut said: Vec<(String, Value)> = ["iss", "aud", "sub", "exp", "iat", "jti"]
        .into_iter()
        .map(|name| (format!("no {name}"), claims_without(id, name)))
        .collect();
    for (name, value) in [
        ("iss", json!("https://id.example.com")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", json!("")),
        ("aud", json!("another")),
        ("aud", json!("Repass")),
        ("aud", json!([])),
        ("aud", json!(["another"])),
        ("sub", json!(OTHER_USER)),
        ("sub", json!("nobody")),
        ("sub", json!(USER.to_uppercase())),
        ("sub", json!("")),
        ("sub", json!(5)),
        ("jti", json!("")),
        ("jti", json!(5)),
        ("jti", json!(null)),
        ("exp", json!("tomorrow")),
        ("exp", json!(null)),
        ("exp", json!(1e30)),
        ("nbf", json!(in_seconds(600))),
        ("nbf", json!("now")),
    ] {
        said.push((format!("{name} {value}"), claims_with(id, name, value)));
    }
    for (why, claims) in said {
        let answer = redeem(&test, &by_rsa(&claims)).await;
        assert_eq!(answer.status, 404, "{why}: {}", answer.text());
        assert_not_found(&answer);
    }
    let of_another_user = with(&with_token(&test, &by_rsa(&claims(id))), "userId", OTHER_USER);
    assert_not_found(&test.send(&of_another_user).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert!(test.operator.is_password("fabric", OTHER_USER, FIRST_PASSWORD).await);
    // One of several audiences is enough, and nbf is optional.
    let mut good = claims_with(id, "aud", json!(["another", "repass"]));
    good.as_object_mut().unwrap().remove("nbf");
    assert_user(&redeem(&test, &by_rsa(&good)).await, USER);
}

/// Proves K4, FABRIC-14.
#[tokio::test(flavor = "multi_thread")]
async fn k4_a_token_issued_before_the_last_change_is_401_and_the_log_says_why() {
    let test = trusting().await;
    let before = by_rsa(&claims_with("one", "iat", in_seconds(-1)));
    assert_expired(&redeem(&test, &before).await);
    let early = by_rsa(&claims_with("two", "nbf", in_seconds(90)));
    assert_not_found(&redeem(&test, &early).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
    let log = test.server.stop().await.log;
    for reason in ["issued before the last change of the password (`iat`)", "of the future"] {
        let line = log.lines().find(|line| line.contains(reason));
        let line = line.unwrap_or_else(|| panic!("{reason}: {log}"));
        assert!(line.contains("request_id") && line.contains("account"), "{line}");
    }
    assert!(!log.contains(&before) && !log.contains(&early));
}

/// Proves K4, FABRIC-14.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_issued_before_a_deactivation_is_401_after_the_activation_too() {
    let test = trusting().await;
    let realm = test.operator.realm("fabric");
    let administration = &test.operator.administration;
    // Without a password, whose change would be later than the tokens.
    for user_id in ["active", "reactivated"] {
        let new = NewAccount {
            realm: realm.clone(),
            user_id: user_id.parse().unwrap(),
            email: None,
            username: None,
            profile: Profile::default(),
        };
        administration.add_account(new, None).await.unwrap();
    }
    for active in [false, true] {
        administration.set_active(&realm, "reactivated", active).await.unwrap();
    }
    let redeem = async |user_id: &str, id: &str, issued: i64| {
        let mut claims = claims_with(id, "sub", user_id);
        claims["iat"] = in_seconds(issued).into();
        let wire = with(&with_token(&test, &by_rsa(&claims)), "userId", user_id);
        test.send(&wire).await
    };
    assert_user(&redeem("active", "one", -60).await, "active");
    assert_expired(&redeem("reactivated", "two", -60).await);
    assert_user(&redeem("reactivated", "three", 30).await, "reactivated");
    let log = test.server.stop().await.log;
    assert!(log.contains("the tokens of the account were revoked"), "{log}");
}

/// Proves FABRIC-15, FABRIC-29.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_an_id_is_redeemed_once_even_if_signed_anew() {
    let test = trusting().await;
    assert_user(&redeem(&test, &by_rsa(&claims("one"))).await, USER);
    let longer = claims_with("one", "exp", in_seconds(6000));
    assert_expired(&redeem(&test, &by_rsa(&longer)).await);
    let p256 = EncodingKey::from_ec_pem(P256).unwrap();
    let token = encode(&header(Algorithm::ES256, None), &claims("one"), &p256).unwrap();
    assert_expired(&redeem(&test, &token).await);
    test.operator.add("fabric", OTHER_USER).await;
    let of_other = by_rsa(&claims_with("one", "sub", OTHER_USER));
    let wire = with(&with_token(&test, &of_other), "userId", OTHER_USER);
    assert_expired(&test.send(&wire).await);
    assert_user(&redeem(&test, &by_rsa(&claims("two"))).await, USER);
}

/// Proves FABRIC-15.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_of_twenty_redemptions_at_once_exactly_one_wins() {
    let test = trusting().await;
    let answers = test.flood(&with_token(&test, &by_rsa(&claims("one"))), 20).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    lost.iter().for_each(assert_expired);
}

/// Proves FABRIC-15.
#[tokio::test(flavor = "multi_thread")]
async fn the_redemption_is_kept_over_a_restart() {
    let builder = builder().options("fabric", &issuer("")).only("fabric");
    let test = open(builder.clone()).await;
    let wire = with_token(&test, &by_rsa(&claims("one")));
    assert_user(&test.send(&wire).await, USER);
    assert!(test.server.stop().await.status.success());
    let server = builder.start().await;
    assert_expired(&wire.send(&server.client()).await);
}

/// Proves FABRIC-30.
#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_account_is_401_and_the_token_stays_usable() {
    let test = trusting().await;
    let realm = test.operator.realm("fabric");
    let token = by_rsa(&claims("one"));
    test.operator.administration.set_active(&realm, USER, false).await.unwrap();
    let answer = redeem(&test, &token).await;
    assert_error(&answer, 401, "Unauthorized", "USER_INACTIVE");
    test.operator.administration.set_active(&realm, USER, true).await.unwrap();
    assert_user(&redeem(&test, &token).await, USER);
}

/// Proves FABRIC-31, FABRIC-33.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_refusal_or_a_fault_leaves_the_token_usable() {
    let strict = format!("[api.fabric.policy]\npreset = 'nist-800-63b-4'\n{}", issuer(""));
    let test = open(builder().api("fabric", &strict)).await;
    let wire = with_token(&test, &by_rsa(&claims("one")));
    let answer = test.send(&with(&wire, "newPassword", "short")).await;
    assert_error(&answer, 400, "Bad Request", "INVALID_PASSWORD");
    for table in ["audit", "reset_tokens"] {
        let answer = test.without_table(table, test.send(&wire)).await;
        assert_error(&answer, 500, "Internal Server Error", "INTERNAL_SERVER_ERROR");
    }
    test.assert_untouched().await;
    assert_user(&test.send(&wire).await, USER);
}

/// Proves FABRIC-9.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_up_to_4_kib_is_read_and_a_longer_one_is_unknown() {
    let test = trusting().await;
    let padded = |id: &str, bytes: usize| {
        let token = by_rsa(&claims_with(id, "pad", "x".repeat(bytes)));
        (token.len(), token)
    };
    // Three bytes of the payload are four of the token.
    let (bare, _) = padded("one", 0);
    let fits = (4096 - bare) / 4 * 3 - 2;
    let (length, token) = padded("one", fits);
    assert!((4090..=4096).contains(&length), "{length}");
    let (length, longer) = padded("two", fits + 9);
    assert!((4097..=4110).contains(&length), "{length}");
    assert_not_found(&redeem(&test, &longer).await);
    assert_user(&redeem(&test, &token).await, USER);
}

/// Proves FABRIC-13.
#[tokio::test(flavor = "multi_thread")]
async fn own_tokens_are_accepted_beside_jwts_and_voided_by_them() {
    let test = trusting().await;
    assert_user(&test.send(&test.good).await, USER);
    let own = token(&test).await;
    assert_user(&redeem(&test, &by_rsa(&claims("one"))).await, USER);
    assert_expired(&redeem(&test, &own).await);
}

/// Proves FABRIC-14.
#[tokio::test(flavor = "multi_thread")]
async fn where_no_issuer_is_configured_a_jwt_is_an_unknown_token() {
    let test = start().await;
    assert_not_found(&redeem(&test, &by_rsa(&claims("one"))).await);
}

/// Proves FABRIC-14.
#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_speaks_for_the_realm_it_is_configured_for_and_no_other() {
    let accounts = format!(
        "accounts = {{ \"{SITE}\" = \"fabric\", \"{OTHER_SITE}\" = \"second\" }}\n{}",
        issuer("realm = 'second'")
    );
    let test = open(builder().options("fabric", &accounts)).await;
    test.operator.add("second", USER).await;
    let wire = with_token(&test, &by_rsa(&claims("one")));
    assert_not_found(&test.send(&wire).await);
    let context = json!({ "account": OTHER_SITE }).to_string();
    let of_second = wire.with("x-site-context", Some(&context));
    assert_user(&test.send(&of_second).await, USER);
    assert!(test.operator.is_password("second", USER, NEW).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
    let own = test.operator.reset_token("second", USER, TEN_MINUTES).await;
    assert_user(&test.send(&with(&of_second, "resetToken", own)).await, USER);
}
