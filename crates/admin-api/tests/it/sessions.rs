//! Sessions, and what ends them.

use repass_core::serde_json::{Value, json};
use repass_core::{Plaintext, Proof};

use crate::test_context::{NEW, PASSWORD, TestContext};

async fn session(test: &TestContext, password: &str) -> String {
    let body = json!({ "user_id": "pat", "password": password });
    let issued = test.post("/sessions", body).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    issued.member("access_token")
}

async fn is_active(test: &TestContext, token: &str) -> bool {
    test.introspect(token).await["active"] == true
}

#[tokio::test]
async fn a_session_is_a_verified_password_and_a_token() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let body = json!({ "user_id": "pat", "password": PASSWORD, "roles": ["a", "b"],
        "lifetime": 60 });
    let issued = test.post("/sessions", body).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    let session = issued.json();
    assert_eq!(
        (&session["verified"], &session["account"]["user_id"]),
        (&json!(true), &json!("pat"))
    );
    assert_eq!(session["expires_at"], "2027-01-15T08:01:00Z");
    let token = issued.member("access_token");
    let state = test.introspect(&token).await;
    let expected = json!({
        "active": true, "sub": "pat", "account": account.strip_prefix("/accounts/"),
        "scope": "a b", "token_type": "access_token", "jti": session["token_id"],
        "iat": state["iat"], "exp": 1_800_000_060,
    });
    assert_eq!(state, expected);
    for lifetime in [json!(0), json!(30 * 86400 + 1)] {
        let body = json!({ "user_id": "pat", "password": PASSWORD, "lifetime": lifetime });
        test.post("/sessions", body).await.assert_invalid(&["/lifetime"]);
    }
    let verifications = test.records().await;
    let verified = verifications.iter().filter(|it| it.action == "password.verify").count();
    assert_eq!(verified, 1, "a refused request verifies nothing");
}

/// What bit others: sessions survive a reset.
#[tokio::test]
async fn every_session_ends_at_once_with_a_reset_a_set_password_or_a_change() {
    for by in ["reset", "set", "change", "deactivate", "delete", "revoke"] {
        let test = TestContext::new().await;
        let account = test.create("pat").await;
        let tokens = [session(&test, PASSWORD).await, session(&test, PASSWORD).await];
        for token in &tokens {
            assert!(is_active(&test, token).await);
        }
        match by {
            "reset" => {
                let body = json!({ "deliver": "return" });
                let issued = test.post(&format!("{account}/resets"), body).await;
                let token = Plaintext::from(issued.member("token"));
                test.change("pat", Proof::ResetToken(token), NEW).await.unwrap();
            }
            "set" => {
                let path = format!("{account}/password");
                assert_eq!(test.put(&path, json!({ "password": NEW })).await.status, 204);
            }
            "change" => {
                let proof = Proof::OldPassword(Plaintext::from(PASSWORD));
                test.change("pat", proof, NEW).await.unwrap();
            }
            "deactivate" => drop(test.patch(&account, json!({ "active": false })).await),
            "delete" => drop(test.delete(&account).await),
            _ => drop(test.delete(&format!("{account}/tokens")).await),
        }
        for token in &tokens {
            assert_eq!(test.introspect(token).await, json!({ "active": false }), "{by}");
        }
        if ["reset", "set", "change"].contains(&by) {
            test.pass(1);
            let again = session(&test, NEW).await;
            assert!(is_active(&test, &again).await, "{by}");
        }
    }
}

/// Proves ASVS 6.4.6 choice.
#[tokio::test]
async fn setting_a_password_is_off_by_default_and_revokes_reset_tokens() {
    let test = TestContext::with(|options| options.allow_setting_passwords = false).await;
    let account = test.create("pat").await;
    let path = format!("{account}/password");
    let refused = test.put(&path, json!({ "password": NEW })).await;
    refused.assert_problem(403, "operator-passwords-disabled");
    assert_eq!(test.verify("pat", PASSWORD).await["verified"], true);

    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let path = format!("{account}/password");
    test.put(&path, json!({ "password": "pat" })).await.assert_problem(422, "password-rejected");
    let issued = test.post(&format!("{account}/resets"), json!({ "deliver": "return" })).await;
    assert_eq!(test.put(&path, json!({ "password": NEW })).await.status, 204);
    assert_eq!(test.verify("pat", NEW).await["verified"], true);
    let proof = Proof::ResetToken(Plaintext::from(issued.member("token")));
    assert!(test.change("pat", proof, PASSWORD).await.is_err());
    // The holder is notified.
    let events = test.get("/outbox?limit=1").await.json();
    assert_eq!(events["items"][0]["kind"], Value::from("password.set"));
    test.patch(&account, json!({ "active": false })).await;
    let refused = test.put(&path, json!({ "password": PASSWORD })).await;
    refused.assert_problem(409, "account-inactive");
}
