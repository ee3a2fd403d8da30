//! Verifying passwords.

use std::time::Duration;

use repass_core::serde_json::{Value, json};
use repass_core::{Policy, PolicyRules};
use repass_testkit::fixtures;

use crate::test_context::{NEW, PASSWORD, TestContext};

#[tokio::test]
async fn unknown_and_wrong_are_answered_by_the_same_bytes() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    test.create_with(json!({ "user_id": "without" })).await;
    test.post(&format!("{account}/otp"), json!({})).await;
    let expected = r#"{"verified":false,"code":"invalid-credentials"}"#;
    for path in ["/passwords/verify", "/sessions"] {
        for body in [
            json!({ "user_id": "nobody", "password": PASSWORD }),
            json!({ "user_id": "", "password": PASSWORD }),
            json!({ "email": "nobody@example.org", "password": PASSWORD }),
            json!({ "email": "no address", "password": PASSWORD }),
            json!({ "username": "nobody", "password": PASSWORD }),
            json!({ "username": "", "password": "" }),
            json!({ "user_id": "without", "password": PASSWORD }),
            json!({ "user_id": "pat", "password": "wrong" }),
            json!({ "user_id": "pat", "password": PASSWORD, "otp": "000000000" }),
        ] {
            let answer = test.post(path, body.clone()).await;
            assert_eq!((answer.status, answer.text()), (200, expected), "{path} {body}");
            let length = answer.headers.get("content-length");
            assert!(length.is_none_or(|length| length == &expected.len().to_string()));
            // A lockout ends with time.
            test.pass(3600);
        }
    }
}

#[tokio::test]
async fn a_locked_account_is_refused_for_a_while_whatever_the_password() {
    let test = TestContext::new().await;
    test.create("pat").await;
    while test.verify("pat", "wrong").await["code"] != "locked" {}
    let locked = test.verify("pat", PASSWORD).await;
    let after = locked["retry_after"].as_u64().unwrap();
    assert_eq!(locked, json!({ "verified": false, "code": "locked", "retry_after": after }));
    assert!(after >= 1);
    // An unknown account is locked too.
    while test.verify("nobody", "wrong").await["code"] != "locked" {}
    assert_eq!(test.verify("nobody", PASSWORD).await, locked);
    test.pass(after);
    assert_eq!(test.verify("pat", PASSWORD).await["verified"], true);
}

#[tokio::test]
async fn an_inactive_account_is_told_only_with_the_right_password() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    test.patch(&account, json!({ "active": false })).await;
    assert_eq!(test.verify("pat", "wrong").await["code"], "invalid-credentials");
    let inactive = json!({ "verified": false, "code": "inactive" });
    assert_eq!(test.verify("pat", PASSWORD).await, inactive);
    let body = json!({ "user_id": "pat", "password": PASSWORD });
    let answer = test.post("/sessions", body).await;
    assert_eq!((answer.status, answer.json()), (200, inactive));
    test.patch(&account, json!({ "active": true })).await;
    assert_eq!(test.verify("pat", PASSWORD).await["verified"], true);
}

#[tokio::test]
async fn a_right_password_is_verified_by_each_name() {
    let test = TestContext::new().await;
    let account = test
        .create_with(json!({ "user_id": "pat", "email": "pat@example.org", "username": "Patricia",
            "password": PASSWORD }))
        .await;
    for (member, name) in
        [("user_id", "pat"), ("email", "PAT@Example.org"), ("username", "patricia")]
    {
        let body = json!({ member: name, "password": PASSWORD });
        let mut verified = test.post("/passwords/verify", body).await.json();
        let id = account.strip_prefix("/accounts/").unwrap();
        assert_eq!(verified["account"]["id"], id, "{member}");
        verified.as_object_mut().unwrap().remove("account");
        assert_eq!(
            verified,
            json!({ "verified": true, "password_changed_at": "2027-01-15T08:00:00Z",
                "otp_enrolled": false, "otp_verified": false, "must_change": false,
                "must_change_reasons": [] })
        );
    }
    for body in [
        json!({ "password": PASSWORD }),
        json!({ "user_id": "pat", "email": "pat@example.org", "password": PASSWORD }),
        json!({ "user_id": null, "password": PASSWORD }),
    ] {
        test.post("/passwords/verify", body).await.assert_invalid(&[""]);
    }
    test.post("/passwords/verify", json!({ "user_id": "pat" })).await.assert_invalid(&[""]);
}

#[tokio::test]
async fn a_one_time_password_is_verified_once() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let issued = test.post(&format!("{account}/otp/code"), json!({})).await;
    let code = issued.member("code");
    let verify = |otp: &str| {
        test.post(
            "/passwords/verify",
            json!({ "user_id": "pat", "password": PASSWORD, "otp": otp }),
        )
    };
    let verified = verify(&code).await.json();
    assert_eq!((&verified["verified"], &verified["otp_verified"]), (&json!(true), &json!(true)));
    assert_eq!(verify(&code).await.json()["code"], "invalid-credentials", "it is used");
    let expiring = test.post(&format!("{account}/otp/code"), json!({ "lifetime": 1 })).await;
    test.pass(2);
    assert_eq!(verify(&expiring.member("code")).await.json()["code"], "invalid-credentials");
    test.post(&format!("{account}/otp"), json!({})).await;
    let verified = test.verify("pat", PASSWORD).await;
    assert_eq!((&verified["verified"], &verified["otp_enrolled"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn a_password_that_the_policy_refuses_is_told_if_the_operator_asked_for_it() {
    let strict = || Policy::new(PolicyRules::length(60, 100)).unwrap();
    for (evaluate, expected) in [(true, json!(["policy"])), (false, json!([]))] {
        let test = TestContext::with(|options| options.evaluate_at_sign_in = evaluate).await;
        test.create("pat").await;
        let of = |options: &mut repass_admin_api::Options| {
            options.evaluate_at_sign_in = evaluate;
            options.policies.insert(crate::test_context::realm(), strict());
        };
        let mut options = repass_admin_api::Options::default();
        of(&mut options);
        let api = repass_admin_api::AdminApi::new(test.engine.clone(), options);
        let test = TestContext { api, ..test };
        let verified: Value = test.verify("pat", PASSWORD).await;
        assert_eq!(verified["must_change_reasons"], expected);
        assert_eq!(verified["must_change"], evaluate);
    }
}

/// The rule of the policy is enough; `evaluate_at_sign_in` is off.
#[tokio::test]
async fn an_expired_password_must_be_changed_until_it_is() {
    let day = 86_400;
    let policy = fixtures::policy(|rules| rules.max_age = Some(Duration::from_secs(90 * day)));
    let test = TestContext::with(|options| {
        options.policies.insert(crate::test_context::realm(), policy);
    })
    .await;
    let account = test.create("pat").await;
    let reasons = async |password: &str| {
        let verified = test.verify("pat", password).await;
        assert_eq!(verified["must_change"], verified["must_change_reasons"] != json!([]));
        verified["must_change_reasons"].clone()
    };
    assert_eq!(reasons(PASSWORD).await, json!([]));
    test.pass(90 * day);
    assert_eq!(reasons(PASSWORD).await, json!(["expired"]));
    let body = json!({ "user_id": "pat", "password": PASSWORD });
    let session = test.post("/sessions", body).await;
    assert_eq!(
        (session.status, &session.json()["must_change_reasons"]),
        (201, &json!(["expired"]))
    );
    test.put(&format!("{account}/password"), json!({ "password": NEW })).await;
    assert_eq!(reasons(NEW).await, json!([]));
}
