//! The option `authentication`: what the caller presents beside the old password.

use repass_core::KeyKind;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{
    DENIED, XML_TYPE, assert_changed, assert_json, assert_rejected, assert_wrong, open, start,
};
use crate::requests::{GUID, Wire, customer_body};
use crate::test_context::{ANY_PASSWORD, NEW, TestContext, assert_bytes};

const DENIED_XML: &str =
    "<Error><Message>Authorization has been denied for this request.</Message></Error>";

async fn demanding(authentication: &str) -> TestContext {
    let setting = format!("authentication = '{authentication}'");
    open(Server::builder().options("customer", &setting).tables(ANY_PASSWORD)).await
}

/// Proves CUSTOMER-5, CUSTOMER-6.
#[tokio::test(flavor = "multi_thread")]
async fn by_default_no_credential_is_required_or_read() {
    for setting in ["", "authentication = 'none'"] {
        let test = open(Server::builder().options("customer", setting)).await;
        let wire = test.good.with("authorization", Some("Bearer nonsense"));
        assert_changed(&test.send(&wire.with("x-api-key", Some("nonsense"))).await);
        assert_eq!(test.last_attempt().await.caller, "anonymous");
    }
}

/// Proves CUSTOMER-5.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_demanded_key_the_old_password_is_still_required() {
    let test = demanding("api-key").await;
    let key = test.operator.key("customer", KeyKind::Api).await;
    let keyed = test.good.with("x-api-key", Some(&key));
    assert_wrong(&test.send(&keyed.replace(FIRST_PASSWORD, "a wrong guess")).await);
    assert_changed(&test.send(&keyed).await);
    assert!(test.is_password(NEW).await);
    assert!(test.last_attempt().await.caller.starts_with("key:"));
}

/// Proves CUSTOMER-5, CUSTOMER-25.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_key_is_401() {
    let test = demanding("api-key").await;
    let key = test.operator.key("customer", KeyKind::Api).await;
    let mut wires = vec![("missing", test.good.clone())];
    for (why, bad) in test.bad_keys(KeyKind::Api).await {
        wires.push((why, test.good.with("x-api-key", Some(&bad))));
    }
    wires.push(("empty", test.good.with("x-api-key", Some(""))));
    let bearer = format!("Bearer {key}");
    wires.push(("in another header", test.good.with("authorization", Some(&bearer))));
    let mut doubled = test.good.with("x-api-key", Some(&key));
    doubled.headers.push(("x-api-key".to_owned(), key));
    wires.push(("doubled", doubled));
    for (why, wire) in wires {
        let answer = test.send(&wire).await;
        assert_eq!(answer.status, 401, "{why}");
        assert_json(&answer, 401, DENIED);
        assert!(!answer.header("www-authenticate").is_empty(), "RFC 9110, 15.5.2");
        let answer = test.send(&wire.with("accept", Some("application/xml"))).await;
        assert_bytes(&answer, 401, XML_TYPE, DENIED_XML);
    }
    test.assert_untouched().await;
}

/// Proves CUSTOMER-6, CUSTOMER-25.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_token_is_401() {
    let test = demanding("bearer").await;
    let token = test.operator.token("customer", GUID, &[]).await;
    let bearer = format!("Bearer {token}");
    let tokens = TestContext { good: test.good.with("authorization", Some(&bearer)), ..test };
    for (why, value) in tokens.bad_tokens().await {
        let wire = tokens.good.with("authorization", value.as_deref());
        let answer = tokens.send(&wire).await;
        assert_eq!(answer.status, 401, "{why}");
        assert_json(&answer, 401, DENIED);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{why}");
        let answer = tokens.send(&wire.with("accept", Some("application/xml"))).await;
        assert_bytes(&answer, 401, XML_TYPE, DENIED_XML);
    }
    tokens.assert_untouched().await;
}

/// Proves CUSTOMER-6, CUSTOMER-40.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_holders_of_a_token_change_their_own_password_and_keep_that_session_only() {
    let test = demanding("bearer").await;
    let own = test.operator.token("customer", GUID, &[]).await;
    let other = test.operator.token("customer", GUID, &[]).await;
    let wire = test.good.with("authorization", Some(&format!("Bearer {own}")));
    assert_wrong(&test.send(&wire.replace(FIRST_PASSWORD, "a wrong guess")).await);
    assert_rejected(&test.send(&wire.replace(NEW, "")).await);
    assert!(test.counts(&other).await, "what failed ends no session");
    assert_changed(&test.send(&wire).await);
    assert!(test.is_password(NEW).await);
    assert!(test.counts(&own).await);
    assert!(!test.counts(&other).await);
    assert!(test.last_attempt().await.caller.starts_with("token:"));
}

/// Proves CUSTOMER-33.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_changes_another_users_password_with_its_old_password() {
    let test = demanding("bearer").await;
    let nosy = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    test.operator.add("customer", nosy).await;
    let by = async |roles: &[&str]| {
        let token = test.operator.token("customer", nosy, roles).await;
        test.good.with("authorization", Some(&format!("Bearer {token}")))
    };
    for roles in [&[][..], &["user"], &["Admin", "administrator"]] {
        let wire = by(roles).await;
        let unknown = Wire {
            body: customer_body("4f2504e0-4f89-11d3-9a0c-0305e82c3301", FIRST_PASSWORD, NEW),
            ..wire.clone()
        };
        assert_json(&test.send(&wire).await, 401, DENIED);
        assert_json(&test.send(&unknown).await, 401, DENIED);
    }
    test.assert_untouched().await;
    let by_admin = by(&["admin"]).await;
    assert_wrong(&test.send(&by_admin.replace(FIRST_PASSWORD, "a wrong guess")).await);
    assert_changed(&test.send(&by_admin).await);
    assert!(test.is_password(NEW).await);
    assert!(test.operator.is_password("customer", nosy, FIRST_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_client_sends_neither_key_nor_token_and_is_served() {
    let test = start().await;
    assert!(test.good.headers.iter().all(|(name, _)| name == "content-type"));
    assert_changed(&test.send(&test.good).await);
}
