//! Accounts: create, read, delete and unlock.

use http::Method;
use repass_core::serde_json::json;

use crate::test_context::{NEW, PASSWORD, TestContext};

#[tokio::test]
async fn an_account_is_created_read_and_deleted() {
    let test = TestContext::new().await;
    let body = json!({
        "user_id": "pat", "email": "Pat@Example.org", "username": "Patricia",
        "name": { "given": "Pat", "family": "Doe" }, "locale": "de-AT",
        "profile": { "tier": 3, "tags": ["a"] }, "password": PASSWORD,
    });
    let created = test.post("/accounts", body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.member("id");
    let location = format!("/admin/v1/realms/shop/accounts/{id}");
    assert_eq!(created.header("location"), location);
    let mut expected = json!({
        "id": id, "realm": "shop", "user_id": "pat", "email": "Pat@Example.org",
        "username": "Patricia", "name": { "given": "Pat", "middle": null, "family": "Doe" },
        "locale": "de-AT", "profile": { "tier": 3, "tags": ["a"] }, "active": true,
        "created_at": "2027-01-15T08:00:00Z", "updated_at": "2027-01-15T08:00:00Z",
    });
    assert_eq!(created.json(), expected);
    let read = test.get(&location).await;
    assert_eq!((read.status, read.header("etag")), (200, created.header("etag")));
    let details = expected.as_object_mut().unwrap();
    details.extend([
        ("password_changed_at".to_owned(), json!("2027-01-15T08:00:00Z")),
        ("otp_enrolled".to_owned(), json!(false)),
        ("failures".to_owned(), json!(0)),
        ("locked_until".to_owned(), json!(null)),
    ]);
    assert_eq!(read.json(), expected);
    assert_eq!(test.verify("pat", PASSWORD).await["verified"], true);
    // Deleting is idempotent.
    for _ in 0..2 {
        assert_eq!(test.delete(&location).await.status, 204);
    }
    test.get(&location).await.assert_problem(404, "no-such-account");
    let records = test.records().await;
    assert_eq!(
        (records[0].action.as_str(), records[0].account),
        ("account.delete", id.parse().ok().map(repass_core::AccountId))
    );
}

#[tokio::test]
async fn an_account_without_a_password_gets_its_first_one_by_a_reset() {
    let test = TestContext::new().await;
    let account = test.create_with(json!({ "user_id": "pat" })).await;
    assert_eq!(test.get(&account).await.json()["password_changed_at"], json!(null));
    assert_eq!(test.verify("pat", PASSWORD).await["code"], "invalid-credentials");
    let issued = test.post(&format!("{account}/resets"), json!({ "deliver": "return" })).await;
    let proof = repass_core::Proof::ResetToken(issued.member("token").into());
    test.change("pat", proof, NEW).await.unwrap();
    assert_eq!(test.verify("pat", NEW).await["verified"], true);
}

#[tokio::test]
async fn an_account_is_created_inactive_or_with_a_hash() {
    let test = TestContext::new().await;
    // The hash of `password` in the format of Django.
    let django = "pbkdf2_sha256$1000$salt$VPJYVTa8DI6F/YwOGv0GTP4fNsAbiSGAUXkoStoFdWc=";
    let body = json!({ "user_id": "pat", "password": PASSWORD, "active": false });
    let account = test.create_with(body).await;
    assert_eq!(test.get(&account).await.json()["active"], false);
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuu5s1e5nZ0nSqgLbIAG3IVBB/i4Eh4hEG";
    for (user_id, hash) in [("kim", django), ("lou", bcrypt)] {
        let body = json!({ "user_id": user_id, "password_hash": hash, "active": false });
        test.pass(1);
        let account = test.create_with(body).await;
        let read = test.get(&account).await.json();
        let record = test.records().await.swap_remove(0);
        let id = record.account.map(|id| format!("/accounts/{id}"));
        assert_eq!((record.action.as_str(), id), ("account.add", Some(account)));
        assert_eq!(
            (&read["active"], read["password_changed_at"].is_string()),
            (&json!(false), true)
        );
    }
    let body = json!({ "user_id": "sam", "hash_format": "salted-digest:algorithm=md5,layout=none", "hash_salt": "abc",
        "password_hash": "not-hexadecimal" });
    test.post("/accounts", body).await.assert_invalid(&["/password_hash"]);
    let body = json!({ "user_id": "sam", "hash_format": "nonsense", "password_hash": "x" });
    test.post("/accounts", body).await.assert_invalid(&["/hash_format"]);
    let body = json!({ "user_id": "sam", "hash_salt": "x" });
    test.post("/accounts", body).await.assert_invalid(&["/password_hash"]);
    let body = json!({ "user_id": "sam", "password": PASSWORD, "password_hash": django });
    test.post("/accounts", body).await.assert_invalid(&["/password_hash"]);
    let costly = bcrypt.replace("$04$", "$18$");
    let body = json!({ "user_id": "sam", "password_hash": costly });
    test.post("/accounts", body).await.assert_invalid(&["/password_hash"]);
    let body = json!({ "user_id": "sam", "password_hash": "nothing known" });
    let refused = test.post("/accounts", body).await;
    refused.assert_invalid(&["/password_hash"]);
    assert!(!refused.text().contains("nothing known"));
}

#[tokio::test]
async fn a_conflict_names_the_existing_account() {
    let test = TestContext::new().await;
    let body = json!({ "user_id": "pat", "email": "pat@example.org", "username": "Patricia" });
    let account = test.create_with(body).await;
    let id = account.strip_prefix("/accounts/").unwrap();
    let other = test.create_with(json!({ "user_id": "kim" })).await;
    for (body, code) in [
        (json!({ "user_id": "pat" }), "user-id-taken"),
        (json!({ "user_id": "lou", "email": "PAT@example.ORG" }), "email-taken"),
        (json!({ "user_id": "lou", "username": "patricia" }), "username-taken"),
    ] {
        let refused = test.post("/accounts", body.clone()).await;
        refused.assert_problem(409, code);
        assert_eq!(refused.json()["account"], id, "{body}");
        let mut change = body;
        if change["user_id"] == "pat" {
            continue;
        }
        change.as_object_mut().unwrap().remove("user_id");
        let refused = test.patch(&other, change.clone()).await;
        refused.assert_problem(409, code);
        assert_eq!(refused.json()["account"], id);
        // Its own name is free for an account.
        assert_eq!(test.patch(&account, change).await.status, 200);
    }
}

// Two sign-ups at once, each with an id of its own.
#[tokio::test]
async fn of_two_creations_at_once_one_gets_the_names() {
    let test = TestContext::new().await;
    let create = |user_id: &'static str| {
        let body = json!({ "user_id": user_id, "email": "pat@example.org", "password": PASSWORD });
        test.post("/accounts", body)
    };
    let (first, second) = tokio::join!(create("first"), create("second"));
    let mut answers = [first, second];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].status, 201);
    answers[1].assert_problem(409, "email-taken");
    assert_eq!(answers[1].json()["account"], answers[0].json()["id"]);
}

#[tokio::test]
async fn the_policy_evaluates_first_passwords_and_all_violations_are_told() {
    let test = TestContext::new().await;
    let refused = test.post("/accounts", json!({ "user_id": "pat", "password": "pat" })).await;
    refused.assert_problem(422, "password-rejected");
    let errors = refused.json()["errors"].clone();
    let errors = errors.as_array().unwrap();
    assert!(errors.len() > 1 && errors.iter().all(|error| error["pointer"] == "/password"));
    let listed = test.get("/accounts?user_id=pat").await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_lockout_is_shown_and_ended() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    while test.verify("pat", "wrong").await["code"] != "locked" {}
    let shown = test.get(&account).await.json();
    assert!(shown["locked_until"].is_string() && shown["failures"].as_u64() > Some(1), "{shown}");
    for _ in 0..2 {
        assert_eq!(
            test.send_text(Method::POST, &format!("{account}/unlock"), "", "").await.status,
            204
        );
        assert_eq!(test.get(&account).await.json()["locked_until"], json!(null));
    }
    assert_eq!(test.verify("pat", PASSWORD).await["verified"], true);
    test.post("/accounts/no-id/unlock", json!({})).await.assert_problem(404, "no-such-account");
}

#[tokio::test]
async fn a_stale_change_is_refused() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let first = test.get(&account).await.header("etag").to_owned();
    let with = |tag: &str, method: Method, path: &str, body: &'static str| {
        let request = test.request(method, path).header("if-match", tag);
        let request = request.header("content-type", "application/json");
        test.send(request.body(body.into()).unwrap())
    };
    let changed = with(&first, Method::PATCH, &account, r#"{"locale":"de"}"#).await;
    let second = changed.header("etag").to_owned();
    assert_eq!(changed.status, 200);
    assert_ne!(first, second, "in the same moment too");
    let password = format!("{account}/password");
    let body = r#"{"password":"a second one, quite different"}"#;
    for (method, path, body) in [
        (Method::PATCH, &account, r#"{"locale":"fr"}"#),
        (Method::PATCH, &account, r#"{"active":false}"#),
        (Method::PUT, &password, body),
        (Method::DELETE, &account, ""),
    ] {
        with(&first, method.clone(), path, body).await.assert_problem(412, "stale");
        for invalid in ["1", "\"x\"", "W/\"1\"", "\"1\", \"2\"", ""] {
            let refused = with(invalid, method.clone(), path, body).await;
            refused.assert_problem(400, "invalid-precondition");
        }
    }
    let shown = test.get(&account).await;
    assert_eq!((shown.header("etag"), &shown.json()["active"]), (second.as_str(), &json!(true)));
    assert_eq!(with("*", Method::PATCH, &account, r#"{"locale":"fr"}"#).await.status, 200);
    let third = test.get(&account).await.header("etag").to_owned();
    assert_eq!(with(&third, Method::DELETE, &account, "").await.status, 204);
}
