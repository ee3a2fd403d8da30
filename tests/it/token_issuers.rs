//! Access tokens that other systems issue: JSON Web Tokens, and opaque tokens with introspection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use repass_tests::{Answer, FIRST_PASSWORD, Server, binary};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::requests::Wire;
use crate::test_context::{NEW, TestContext, assert_bytes, now};
use crate::{customer, etna, zap};

/// The APIs that take access tokens.
const SPECS: [&str; 3] = ["zap", "etna", "customer"];
const ISSUER: &str = "https://id.example.org";
const P256_PUBLIC: &str = include_str!("../../crates/jwt/tests/keys/p256-public.pem");
const P256: &[u8] = include_bytes!("../../crates/jwt/tests/keys/p256-private.pem");
const P384: &[u8] = include_bytes!("../../crates/jwt/tests/keys/p384-private.pem");

/// A web server of an issuer. It hangs if it has no answer.
struct Issuer {
    address: SocketAddr,
    answer: Arc<Mutex<Option<(u16, String)>>>,
}

impl Issuer {
    async fn start(answer: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(Some((200, answer.to_string()))));
        let current = Arc::clone(&answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let current = Arc::clone(&current);
                let service = service_fn(move |_: Request<Incoming>| {
                    let answer = current.lock().unwrap().clone();
                    async move {
                        let Some((status, text)) = answer else { std::future::pending().await };
                        let response = Response::builder().status(status);
                        Ok::<_, Infallible>(response.body(Full::<Bytes>::from(text)).unwrap())
                    }
                });
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, answer }
    }

    /// An issuer that publishes the P-256 key as `k1`.
    async fn of_jwts() -> Self {
        let text: String = P256_PUBLIC.lines().filter(|line| !line.starts_with("---")).collect();
        let der = BASE64.decode(text.as_bytes()).unwrap();
        // The coordinates are at the end.
        let (x, y) = der[der.len() - 64..].split_at(32);
        let [x, y] = [x, y].map(|part| BASE64URL_NOPAD.encode(part));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "k1", "x": x, "y": y });
        Self::start(&json!({ "keys": [jwk] })).await
    }

    fn answers(&self, answer: Option<(u16, Value)>) {
        let answer = answer.map(|(status, value)| (status, value.to_string()));
        *self.answer.lock().unwrap() = answer;
    }

    /// The table of the API that accepts its JSON Web Tokens.
    fn jwt(&self, spec: &str) -> String {
        format!(
            "[[api.{spec}.tokens]]\nkind = 'jwt'\nissuer = '{ISSUER}'\naudience = 'repass'\n\
             jwks_url = 'http://{}/jwks'\nalgorithms = ['ES256']\nroles_claim = 'roles'\n",
            self.address
        )
    }

    /// The table of the API that asks it about tokens.
    fn introspection(&self, spec: &str) -> String {
        format!(
            "[[api.{spec}.tokens]]\nkind = 'introspection'\nclient_id = 'repass'\n\
             client_secret = 'hunter2 of repass'\nintrospection_url = 'http://{}/introspect'\n",
            self.address
        )
    }
}

fn claims(user_id: &str) -> Value {
    let in_seconds = |seconds| now().as_second() + seconds;
    json!({
        "iss": ISSUER, "aud": "repass", "sub": user_id,
        // Later than the creation of the account, and within the leeway.
        "iat": in_seconds(30), "exp": in_seconds(600),
    })
}

fn signed(kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
    encode(&header, claims, &EncodingKey::from_ec_pem(P256).unwrap()).unwrap()
}

fn with_token(test: &TestContext, token: &str) -> Wire {
    test.good.with("authorization", Some(&format!("Bearer {token}")))
}

async fn open(spec: &'static str, tokens: &str) -> TestContext {
    let mut builder = Server::builder().api(spec, tokens);
    if spec == "customer" {
        builder = builder.options(spec, "authentication = 'bearer'");
    }
    TestContext::open(spec, builder).await
}

#[track_caller]
fn assert_unauthorized(spec: &str, answer: &Answer) {
    match spec {
        "zap" => assert_bytes(answer, 401, zap::TYPE, zap::UNAUTHORIZED),
        "etna" => assert_bytes(answer, 401, etna::TYPE, etna::DENIED),
        _ => assert_bytes(answer, 401, customer::JSON_TYPE, customer::DENIED),
    }
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[track_caller]
fn assert_unavailable(spec: &str, answer: &Answer) {
    match spec {
        "zap" => assert_bytes(answer, 503, zap::TYPE, zap::FAULT),
        "etna" => assert_bytes(answer, 503, etna::TYPE, etna::FAULT),
        _ => {
            customer::assert_error(answer, 503);
        }
    }
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_of_a_jwt_change_their_password() {
    for spec in SPECS {
        let issuer = Issuer::of_jwts().await;
        let test = open(spec, &issuer.jwt(spec)).await;
        let token = signed("k1", &claims(test.user_id));
        let answer = test.send(&with_token(&test, &token)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(test.is_password(NEW).await, "{spec}");
        let record = test.last_attempt().await;
        assert_eq!(record.outcome, "ok");
        let caller = record.caller.strip_prefix("token:").unwrap();
        assert!(caller.ends_with(&format!("@{ISSUER}")), "{caller}");
        assert!(!test.server.log().contains(&token));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_jwts_and_tokens_of_repass_are_401() {
    for spec in SPECS {
        let issuer = Issuer::of_jwts().await;
        let test = open(spec, &issuer.jwt(spec)).await;
        let with = |name: &str, value: Value| {
            let mut claims = claims(test.user_id);
            claims[name] = value;
            signed("k1", &claims)
        };
        let other_key = EncodingKey::from_ec_pem(P384).unwrap();
        let header = Header::new(Algorithm::ES384);
        let of_other_key = encode(&header, &claims(test.user_id), &other_key).unwrap();
        for (why, token) in [
            ("expired", with("exp", json!(now().as_second()))),
            ("issued before the change", with("iat", json!(now().as_second() - 100))),
            ("without time of issue", with("iat", json!(null))),
            ("of another issuer", with("iss", json!("https://evil.example"))),
            ("for another audience", with("aud", json!("other"))),
            ("of nobody", with("sub", json!("4711"))),
            ("of another key", of_other_key),
            ("of an unknown kid", signed("k2", &claims(test.user_id))),
        ] {
            let answer = test.send(&with_token(&test, &token)).await;
            assert_eq!(answer.status, 401, "{spec}: {why}");
            assert_unauthorized(spec, &answer);
        }
        // The good request has a token of repass, which this API does not accept.
        assert_unauthorized(spec, &test.send(&test.good).await);
        test.assert_untouched().await;
        assert!(test.server.log().contains("an access token was refused"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_repass_are_accepted_beside_others() {
    let issuer = Issuer::of_jwts().await;
    let tokens = format!("{}[[api.zap.tokens]]\nkind = 'repass'\n", issuer.jwt("zap"));
    let test = open("zap", &tokens).await;
    assert_eq!(test.send(&test.good).await.status, 200);
    assert!(test.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_by_a_jwt_changes_another_users_password() {
    let issuer = Issuer::of_jwts().await;
    let test = open("zap", &issuer.jwt("zap")).await;
    test.operator.add("zap", "site-admin").await;
    let by = |roles: &[&str]| {
        let mut claims = claims("site-admin");
        claims["roles"] = json!(roles);
        with_token(&test, &signed("k1", &claims))
    };
    assert_eq!(test.send(&by(&["user"])).await.status, 403);
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_eq!(test.send(&by(&["user", "admin"])).await.status, 200);
    assert!(test.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_down_is_503_and_never_401() {
    for spec in SPECS {
        let issuer = Issuer::of_jwts().await;
        issuer.answers(Some((500, json!("broken"))));
        let test = open(spec, &issuer.jwt(spec)).await;
        let wire = with_token(&test, &signed("k1", &claims(test.user_id)));
        assert_unavailable(spec, &test.send(&wire).await);
        test.assert_untouched().await;
        let line = test.server.logged("repass::fault").await;
        let cause = "the token issuer https://id.example.org is not available: the keys cannot \
                     be fetched: answered 500";
        assert!(line.contains(cause), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opaque_tokens_are_introspected() {
    for spec in SPECS {
        let issuer = Issuer::start(&json!({ "active": false })).await;
        let tokens = format!("{}timeout = '200ms'\n", issuer.introspection(spec));
        let test = open(spec, &tokens).await;
        let wire = with_token(&test, "an-opaque-token");
        assert_unauthorized(spec, &test.send(&wire).await);
        for broken in [Some((503, json!(null))), Some((401, json!({}))), None] {
            issuer.answers(broken);
            assert_unavailable(spec, &test.send(&wire).await);
        }
        test.assert_untouched().await;
        let mut active = claims(test.user_id);
        active["active"] = true.into();
        issuer.answers(Some((200, active)));
        let answer = test.send(&wire).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(test.is_password(NEW).await);
        let log = test.server.log();
        assert!(!log.contains("hunter2") && !log.contains("an-opaque-token"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_show_the_issuers_without_secrets() {
    let issuer = Issuer::of_jwts().await;
    let tokens = format!("{}{}", issuer.jwt("zap"), issuer.introspection("zap"));
    let builder = Server::builder().only("zap").api("zap", &tokens);
    let file = builder.write_config();
    let output = |command: &str| {
        let program = binary("repassd");
        let output = Command::new(program).arg(command).arg("--config").arg(&file).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let checked = output("check-config");
    let expected = format!(
        "access tokens: JWTs of {ISSUER} for repass (ES256, keys at http://{0}/jwks), tokens that \
         http://{0}/introspect knows",
        issuer.address
    );
    assert!(checked.contains(&expected), "{checked}");
    let shown = output("show-config");
    assert!(shown.contains(r#"client_secret = "(hidden)""#), "{shown}");
    assert!(!shown.contains("hunter2") && shown.contains("/introspect"), "{shown}");
}
