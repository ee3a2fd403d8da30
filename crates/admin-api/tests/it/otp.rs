//! Secrets and codes of one-time passwords.

use repass_core::serde_json::json;

use crate::test_context::TestContext;

#[tokio::test]
async fn a_secret_is_enrolled_shown_once_and_removed() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let path = format!("{account}/otp");
    let enrolled = test.post(&path, json!({})).await;
    assert_eq!(enrolled.status, 201, "{enrolled:?}");
    let uri = enrolled.member("uri");
    assert!(uri.starts_with("otpauth://totp/repass:pat%40example.org?secret="), "{uri}");
    assert_eq!(test.get(&account).await.json()["otp_enrolled"], true);
    let other = test.post(&path, json!({ "issuer": "Example Shop" })).await.member("uri");
    assert!(other.contains("Example%20Shop"), "{other}");
    for _ in 0..2 {
        assert_eq!(test.delete(&path).await.status, 204);
        assert_eq!(test.get(&account).await.json()["otp_enrolled"], false);
    }
    let refused = test.post(&path, json!({ "issuer": "a:b" })).await;
    refused.assert_problem(400, "invalid-body");
    assert_eq!(test.get(&account).await.json()["otp_enrolled"], false, "nothing was enrolled");
}

#[tokio::test]
async fn a_code_has_eight_digits_and_lives_for_at_most_ten_minutes() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let path = format!("{account}/otp/code");
    let issued = test.post(&path, json!({})).await;
    assert_eq!(issued.member("expires_at"), "2027-01-15T08:10:00Z");
    let code = issued.member("code");
    assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    for path in ["/accounts/x/otp", "/accounts/x/otp/code"] {
        test.post(path, json!({})).await.assert_problem(404, "no-such-account");
    }
}
