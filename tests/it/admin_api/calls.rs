//! Every call on a real store: success, then the errors that the store decides.

use http::Method;
use repass_tests::{AdminApi, FIRST_PASSWORD};
use serde_json::{Value, json};

use super::{NEW, builder};
use crate::test_context::LOCKED_OUT_FOR_LONG;

#[tokio::test(flavor = "multi_thread")]
async fn every_call_succeeds_on_this_database() {
    let server = builder().tables(LOCKED_OUT_FOR_LONG).start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let body = json!({ "user_id": "pat", "email": "Pat@example.org", "username": "Patricia",
        "name": { "given": "Pat" }, "profile": { "tier": { "n": 1.5, "none": null } },
        "password": FIRST_PASSWORD });
    let account = api.post("/zap/accounts", 201, body).await;
    let id = account["id"].as_str().unwrap();
    let path = format!("/zap/accounts/{id}");
    assert_eq!(account["profile"], json!({ "tier": { "n": 1.5, "none": null } }));

    for query in ["user_id=pat", "email=PAT@example.org", "username=PATRICIA", "active=true"] {
        let found = api.get(&format!("/zap/accounts?{query}")).await;
        assert_eq!(found["items"], json!([account]), "{query}");
    }
    assert_eq!(api.get("/zap/accounts?active=false").await["items"], json!([]));
    for (member, code) in [("email", "email-taken"), ("username", "username-taken")] {
        let mut body = json!({ "user_id": "kim" });
        body[member] = account[member].as_str().unwrap().to_uppercase().into();
        let taken = api.post("/zap/accounts", 409, body).await;
        assert_eq!((&taken["code"], &taken["account"]), (&json!(code), &json!(id)));
    }
    let taken = api.post("/zap/accounts", 409, json!({ "user_id": "pat" })).await;
    assert_eq!((&taken["code"], &taken["account"]), (&json!("user-id-taken"), &json!(id)));

    let patch = json!({ "email": null, "name": { "family": "Doe" }, "locale": "de",
        "profile": { "tier": null, "new": [1] } });
    let changed = api.call(Method::PATCH, &path, &patch).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let read = api.call(Method::GET, &path, &Value::Null).await;
    assert_eq!(read.header("etag"), changed.header("etag"));
    let read = read.json();
    for (member, expected) in [
        ("email", json!(null)),
        ("username", json!("Patricia")),
        ("name", json!({ "given": "Pat", "middle": null, "family": "Doe" })),
        ("locale", json!("de")),
        ("profile", json!({ "new": [1] })),
    ] {
        assert_eq!((&read[member], &changed.json()[member]), (&expected, &expected), "{member}");
    }

    for _ in 0..3 {
        let body = json!({ "user_id": "pat", "password": "wrong" });
        api.post("/zap/passwords/verify", 200, body).await;
    }
    let locked = api.get(&path).await;
    assert!(locked["locked_until"].is_string() && locked["failures"] == 3, "{locked}");
    let unlocked = api.call(Method::POST, &format!("{path}/unlock"), &Value::Null).await;
    assert_eq!(unlocked.status, 204);
    assert_eq!(api.get(&path).await["failures"], 0);

    api.post(&format!("{path}/otp/code"), 201, json!({})).await;
    api.post(&format!("{path}/otp"), 201, json!({})).await;
    assert_eq!(api.get(&path).await["otp_enrolled"], true);
    let sign_in = json!({ "username": "patricia", "password": FIRST_PASSWORD });
    let session = api.post("/zap/sessions", 201, sign_in).await;
    assert_eq!(session["otp_enrolled"], true);
    let issued = api.post(&format!("{path}/tokens"), 201, json!({ "roles": ["a"] })).await;
    assert_eq!(api.get(&format!("{path}/tokens")).await["items"].as_array().unwrap().len(), 2);
    api.post(&format!("{path}/resets"), 201, json!({ "deliver": "return" })).await;
    assert_eq!(api.get(&format!("{path}/resets")).await["items"][0]["valid"], true);
    let evaluated = json!({ "password": NEW, "account": id });
    assert_eq!(api.post("/zap/policy/evaluate", 200, evaluated).await["accepted"], true);
    for path in [
        format!("/zap/tokens/{}", issued["token_id"].as_str().unwrap()),
        format!("{path}/tokens"),
        format!("{path}/resets"),
        format!("{path}/otp"),
    ] {
        for _ in 0..2 {
            let answer = api.call(Method::DELETE, &path, &Value::Null).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (204, ""), "{path}");
        }
    }
    for list in ["tokens", "resets"] {
        let listed = api.get(&format!("{path}/{list}")).await;
        assert!(listed["items"].as_array().unwrap().iter().all(|item| item["valid"] == false));
    }
    let (own, body) = (format!("{path}/password"), json!({ "password": NEW }));
    let refused = api.call(Method::PUT, &own, &body).await;
    assert_eq!(refused.json()["code"], "operator-passwords-disabled");
    let inactive = api.call(Method::PATCH, &path, &json!({ "active": false })).await;
    assert_eq!(inactive.json()["active"], false);
    assert_eq!(api.get("/zap/accounts?active=false").await["items"][0]["id"], id);
    api.post(&format!("{path}/tokens"), 409, json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_events_and_records_are_paged_on_this_database() {
    let server = builder().start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    for n in 0..5 {
        let account = operator.add("zap", &format!("user{n}")).await.account;
        let path = format!("/zap/accounts/{}/resets", account.id);
        api.post(&path, 201, json!({ "deliver": "return" })).await;
        api.post("/zap/keys", 201, json!({ "kind": "app", "name": n.to_string() })).await;
    }
    for (list, count) in [("accounts", 5), ("keys", 6), ("outbox", 5), ("audit", 16)] {
        let whole = api.get(&format!("/zap/{list}?limit=200")).await["items"].clone();
        assert_eq!(whole.as_array().unwrap().len(), count, "{list}");
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("/zap/{list}?limit=2{cursor}")).await;
            found.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(Value::from(found), whole, "{list}");
    }
    let newest = api.get("/zap/audit?limit=1&action=key.issue").await["items"][0].clone();
    let at = newest["at"].as_str().unwrap();
    assert_eq!(api.get(&format!("/zap/audit?since={at}")).await["items"][0], newest);
    let before = api.get(&format!("/zap/audit?until={at}&limit=200")).await["items"].clone();
    assert!(!before.as_array().unwrap().contains(&newest));

    let event = api.get("/zap/outbox").await["items"][0]["id"].clone();
    let counted = api.post("/zap/outbox/retry", 200, json!({ "ids": [event] })).await;
    assert_eq!(counted, json!({ "events": 1 }));
    let counted = api.post("/zap/outbox/discard", 200, json!({ "ids": [event] })).await;
    assert_eq!(counted, json!({ "events": 1 }));
    let counted = api.post("/zap/outbox/discard", 200, json!({ "all": true })).await;
    assert_eq!(counted, json!({ "events": 0 }));
    let key = api.get("/zap/keys").await["items"][1]["id"].clone();
    let path = format!("/zap/keys/{}", key.as_str().unwrap());
    assert_eq!(api.call(Method::DELETE, &path, &Value::Null).await.status, 204);
    assert!(api.get("/zap/keys").await["items"][1]["revoked_at"].is_string());
}
