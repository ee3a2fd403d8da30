//! The admin API over real HTTP, on both databases. Its calls one by one are tested in
//! `crates/admin-api/tests`. [`AdminApi`] compares every answer with the document.

mod calls;

use http::Method;
use jiff::Timestamp;
use repass_tests::{AdminApi, FIRST_PASSWORD, Server, ServerBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::requests::good_request;

const NEW: &str = "a new one, and a good one";
pub(crate) const NDJSON: &str = "application/x-ndjson";

fn builder() -> ServerBuilder {
    Server::builder().tables("[admin_api]\nlisten = '127.0.0.1:0'\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_an_account() {
    let server = builder().start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let user_id = "43af9a8989ffb63cc9cdd0537";
    let email = "pat+shop@example.org";
    let body = json!({ "user_id": user_id, "email": email, "password": FIRST_PASSWORD });
    let account = api.post("/zap/accounts", 201, body).await;
    let found = api.get("/zap/accounts?email=PAT%2Bshop@example.org").await;
    assert_eq!(found["items"], json!([account]));
    let path = format!("/zap/accounts/{}", account["id"].as_str().unwrap());
    let sign_in = json!({ "email": email, "password": FIRST_PASSWORD });
    let verified = api.post("/zap/passwords/verify", 200, sign_in.clone()).await;
    assert_eq!((&verified["verified"], &verified["account"]), (&json!(true), &account));
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let session = api.post("/zap/sessions", 201, sign_in.clone()).await;
        tokens.push(session["access_token"].as_str().unwrap().to_owned());
    }
    let change = |token: &str, old: &str, new: &str| {
        let authorization = format!("Bearer {token}");
        let body = json!({ "userId": user_id, "email": email, "oldPassword": old,
            "newPassword": new });
        let client = server.client();
        async move {
            let json = ("content-type", "application/json");
            let headers = [("authorization", authorization.as_str()), json];
            client.send(Method::POST, "/v1/changePassword", &headers, body.to_string()).await
        }
    };
    let changed = change(&tokens[0], FIRST_PASSWORD, NEW).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    // Sessions survive a reset: a change keeps at most the one that made it.
    assert_eq!(change(&tokens[1], NEW, "a third one, just as good").await.status, 401);
    let listed = api.get(&format!("{path}/tokens")).await;
    let valid: Vec<&Value> = listed["items"].as_array().unwrap().iter().collect();
    assert_eq!((&valid[0]["valid"], &valid[1]["valid"]), (&json!(false), &json!(true)), "{listed}");
    let refused = api.post("/zap/passwords/verify", 200, sign_in).await;
    assert_eq!(refused, json!({ "verified": false, "code": "invalid-credentials" }));
    let right = json!({ "user_id": user_id, "password": NEW });
    assert_eq!(api.post("/zap/passwords/verify", 200, right).await["verified"], true);

    let records = api.get("/zap/audit?limit=200").await;
    let records = records["items"].as_array().unwrap();
    for action in ["account.add", "password.verify", "token.issue"] {
        let record = records.iter().find(|record| record["action"] == action).unwrap();
        let caller = record["caller"].as_str().unwrap();
        assert!(caller.starts_with("key:") && caller.ends_with(":back end"), "{caller}");
    }
    assert_eq!(api.call(Method::DELETE, &path, &Value::Null).await.status, 204);
    assert_eq!(api.call(Method::GET, &path, &Value::Null).await.status, 404);
    let stopped = server.stop().await;
    assert!(stopped.status.success());
    for secret in [FIRST_PASSWORD, NEW, &tokens[0], &tokens[1], &api.key, email] {
        assert!(!stopped.log.contains(secret), "{secret}");
    }
}

/// Proves FABRIC-12.
#[tokio::test(flavor = "multi_thread")]
async fn a_returned_token_resets_the_password_by_a_vendors_api_and_ends_the_sessions() {
    let server = builder().start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let wire = good_request(&operator, "fabric", NEW).await;
    let session = json!({ "user_id": "6169b2d892a5f30009d76480", "password": FIRST_PASSWORD });
    let session = api.post("/fabric/sessions", 201, session).await;
    let id = session["account"]["id"].as_str().unwrap();
    let path = format!("/fabric/accounts/{id}/resets");
    api.post(&path, 400, json!({ "deliver": "return", "lifetime": 86401 })).await;
    for lifetime in [json!(86400), json!(null)] {
        api.post(&path, 201, json!({ "deliver": "return", "lifetime": lifetime })).await;
    }
    let issued = api.post(&path, 201, json!({ "deliver": "return" })).await;
    let listed = api.get(&path).await;
    let time = |name: &str, at: usize| -> Timestamp {
        listed["items"][at][name].as_str().unwrap().parse().unwrap()
    };
    let lifetime = |at| time("expires_at", at).duration_since(time("issued_at", at)).as_secs();
    let lifetimes = [0, 1, 2].map(lifetime);
    assert_eq!(lifetimes, [600, 600, 86400]);
    assert!(!wire.changed(&wire.send(&server.client()).await), "an older token is void");
    let wire = wire.edit(|body| body["resetToken"] = issued["token"].clone());
    let answer = wire.send(&server.client()).await;
    assert!(wire.changed(&answer), "{}", answer.text());
    let form = format!("token={}", session["access_token"].as_str().unwrap());
    let content_type = "application/x-www-form-urlencoded";
    let path = "/fabric/tokens/introspect";
    let state = api.send(Method::POST, path, content_type, form).await;
    assert_eq!((state.status.as_u16(), state.text()), (200, r#"{"active":false}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_rows_are_imported_and_their_repetition_adds_none() {
    let server = builder().start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let mut rows: Vec<String> = (0..5000)
        .map(|n| {
            let email = format!("user{n}@example.org");
            let hash = "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m";
            json!({ "user_id": format!("user {n:04}"), "email": email, "password_hash": hash })
                .to_string()
        })
        .collect();
    rows[4321] = "no row".to_owned();
    let rows = rows.join("\n");
    for (added, present) in [(4999, 0), (0, 4999)] {
        let answer = api.send(Method::POST, "/zap/accounts:import", NDJSON, rows.clone()).await;
        let lines: Vec<Value> =
            answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["line"], &lines[0]["outcome"]), (&json!(4322), &json!("refused")));
        assert_eq!(
            lines[1],
            json!({ "read": 5000, "added": added, "present": present, "refused": 1,
                "dry_run": false, "complete": true })
        );
        assert_eq!(lines.len(), 2);
    }
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = api.get(&format!("/zap/accounts?limit=200{cursor}")).await;
        count += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(count, 4999);
}

/// A database refuses some characters that JSON and URLs can have.
#[tokio::test(flavor = "multi_thread")]
async fn no_text_is_a_fault() {
    let server = builder().start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let account = api.post("/zap/accounts", 201, json!({ "user_id": "pat" })).await;
    let path = format!("/zap/accounts/{}", account["id"].as_str().unwrap());
    let nul = "a\u{0}@\u{ffff}";
    for query in ["accounts?user_id", "accounts?username", "audit?action", "audit?outcome"] {
        for text in ["%00", "a%00b", "%F0%9F%94%91", "%FF", "%EF%BF%BF"] {
            let answer = api.call(Method::GET, &format!("/zap/{query}={text}"), &Value::Null).await;
            assert!(answer.status == 200 || answer.status == 400, "{query}={text}: {answer:?}");
        }
    }
    for (method, path, body) in [
        (Method::POST, "/zap/accounts".to_owned(), json!({ "user_id": nul })),
        (Method::POST, "/zap/accounts".to_owned(), json!({ "user_id": "b", "username": nul })),
        (
            Method::POST,
            "/zap/accounts".to_owned(),
            json!({ "user_id": "c", "name": { "given": nul } }),
        ),
        (Method::POST, "/zap/accounts".to_owned(), json!({ "user_id": "d", "locale": nul })),
        (
            Method::POST,
            "/zap/accounts".to_owned(),
            json!({ "user_id": "e", "profile": { nul: [nul, 1e300] } }),
        ),
        (Method::POST, "/zap/accounts".to_owned(), json!({ "user_id": "f", "password_hash": nul })),
        (Method::POST, "/zap/accounts".to_owned(), json!({ "user_id": "g", "password": nul })),
        (Method::PATCH, path.clone(), json!({ "locale": nul, "client": { "ip": nul } })),
        (Method::PATCH, path.clone(), json!({ "name": { "family": nul } })),
        (Method::PATCH, path.clone(), json!({ "profile": { "x": { nul: nul } } })),
        (Method::POST, format!("{path}/tokens"), json!({ "roles": [nul] })),
        (
            Method::POST,
            format!("{path}/tokens"),
            json!({ "client": { "user_agent": nul, "on_behalf_of": nul, "language": nul } }),
        ),
        (Method::POST, format!("{path}/otp"), json!({ "issuer": nul })),
        (
            Method::POST,
            format!("{path}/resets"),
            json!({ "deliver": "return", "client": { "language": nul } }),
        ),
        (
            Method::POST,
            "/zap/passwords/verify".to_owned(),
            json!({ "user_id": nul, "password": nul }),
        ),
        (
            Method::POST,
            "/zap/passwords/verify".to_owned(),
            json!({ "username": nul, "password": nul }),
        ),
        (
            Method::POST,
            "/zap/passwords/verify".to_owned(),
            json!({ "email": nul, "password": nul }),
        ),
        (
            Method::POST,
            "/zap/sessions".to_owned(),
            json!({ "user_id": "pat", "password": nul, "otp": nul }),
        ),
        (
            Method::POST,
            "/zap/policy/evaluate".to_owned(),
            json!({ "password": nul, "language": nul }),
        ),
        (Method::POST, "/zap/keys".to_owned(), json!({ "kind": "app", "name": nul })),
    ] {
        let answer = api.call(method, &path, &body).await;
        assert!(answer.status.as_u16() < 500, "{path} {body}: {}\n{}", answer.text(), server.log());
    }
    let row =
        json!({ "user_id": "x", "username": nul, "given_name": nul, "attributes": { nul: nul } });
    let rows = format!("{row}\n{}\n", json!({ "user_id": "y", "attributes": { "a": nul } }));
    let answer = api.send(Method::POST, "/zap/accounts:import", NDJSON, rows).await;
    let last: Value = serde_json::from_str(answer.text().lines().last().unwrap()).unwrap();
    assert_eq!(last["complete"], true, "{}\n{}", answer.text(), server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_is_finished_when_the_server_stops() {
    let server = builder().start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let body = json!({ "user_id": "pat", "password": FIRST_PASSWORD }).to_string();
    let head = format!(
        "POST /admin/v1/realms/zap/accounts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        api.key,
        body.len()
    );
    let mut stream = TcpStream::connect(api.client.address()).await.unwrap();
    let (first, rest) = body.split_at(10);
    stream.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    // The server has read the head once it answers another request on another connection.
    api.get("/zap/policy").await;
    server.terminate();
    while TcpStream::connect(api.client.address()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.wait().await.status.code(), Some(0));
    assert!(operator.is_password("zap", "pat", FIRST_PASSWORD).await);
}

/// An answer without end does not delay a stop until `server.shutdown_timeout`.
#[tokio::test(flavor = "multi_thread")]
async fn audit_records_that_are_followed_end_when_the_server_stops() {
    let server = builder().start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let head = format!(
        "GET /admin/v1/realms/zap/audit?since=2020-01-01T00:00:00Z HTTP/1.1\r\nhost: x\r\n\
         authorization: Bearer {}\r\naccept: {NDJSON}\r\n\r\n",
        api.key
    );
    let mut stream = TcpStream::connect(api.client.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("\"key.issue\"") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it does not end by itself");
    }
    server.terminate();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("0\r\n\r\n"), "{answer}");
    let stopped = server.wait().await;
    assert!(stopped.status.success() && !stopped.log.contains("aborted"), "{}", stopped.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_api_is_off_unless_it_has_an_address_and_the_vendors_listener_has_none_of_it() {
    let server = Server::start().await;
    let operator = server.operator().await;
    assert!(!server.log().contains("serving the admin API"));
    let key = format!("Bearer {}", operator.admin_key().await);
    let path = "/admin/v1/realms/zap/policy";
    let answer = server.client().send(Method::GET, path, &[("authorization", &key)], "").await;
    assert_eq!(answer.status, 404);
}
