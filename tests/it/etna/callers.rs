//! The app key, the access token and the user id.

use repass_core::KeyKind;
use repass_tests::FIRST_PASSWORD;

use super::{
    BAD_ID, NO_APP_KEY, assert_answer, assert_changed, assert_denied, body, of_user, open, start,
};
use crate::test_context::{ANY_PASSWORD, NEW};
use repass_tests::Server;

/// Proves ETNA-4, ETNA-16.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_app_key_is_403() {
    let test = start().await;
    let mut keys = test.bad_keys(KeyKind::App).await;
    keys.push(("empty", String::new()));
    keys.push(("blank", "  ".to_owned()));
    for (why, key) in keys {
        let answer = test.send(&test.good.with("et-app-key", Some(&key))).await;
        assert_eq!(answer.status, 403, "{why}");
        assert_answer(&answer, 403, NO_APP_KEY);
        assert_eq!(answer.header("www-authenticate"), "", "{why}");
    }
    let missing = test.good.with("et-app-key", None);
    assert_answer(&test.send(&missing).await, 403, NO_APP_KEY);
    let mut doubled = test.good.clone();
    doubled.headers.push(("et-app-key".to_owned(), test.good_header("et-app-key").to_owned()));
    assert_answer(&test.send(&doubled).await, 403, NO_APP_KEY);
    test.assert_untouched().await;
}

/// Proves ETNA-5, ETNA-17.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_token_is_401() {
    let test = start().await;
    for (why, value) in test.bad_tokens().await {
        let answer = test.send(&test.good.with("authorization", value.as_deref())).await;
        assert_eq!(answer.status, 401, "{why}");
        assert_denied(&answer);
    }
    let mut doubled = test.good.clone();
    doubled
        .headers
        .push(("authorization".to_owned(), test.good_header("authorization").to_owned()));
    assert_denied(&test.send(&doubled).await);
    test.assert_untouched().await;
}

/// Proves ETNA-3, ETNA-18.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_id_that_is_no_32_bit_integer_is_400() {
    let test = start().await;
    for user_id in [
        "me",
        "@you",
        "@me@me",
        "pat",
        "1001x",
        "1001.0",
        "1e3",
        "0x3E9",
        "1,001",
        "--1",
        "-",
        "2147483648",
        "-2147483649",
        "99999999999999999999",
        "%00",
        "%D9%A1",
    ] {
        let answer = test.send(&of_user(&test, user_id)).await;
        assert_eq!(answer.status, 400, "{user_id}");
        assert_answer(&answer, 400, BAD_ID);
    }
    test.assert_untouched().await;
}

/// Proves ETNA-3, ETNA-19, ETNA-36.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_cannot_change_another_users_password() {
    let test = start().await;
    test.operator.add("etna", "1002").await;
    let admin = test.operator.token("etna", "1001", &["admin"]).await;
    for user_id in ["1002", "1003", "0", "-1", "-1001", "2147483647", "-2147483648"] {
        let other = of_user(&test, user_id);
        assert_denied(&test.send(&other).await);
        let by_admin = other.with("authorization", Some(&format!("Bearer {admin}")));
        assert_denied(&test.send(&by_admin).await);
    }
    assert!(test.operator.is_password("etna", "1002", FIRST_PASSWORD).await);
    assert_eq!(test.failures_of("1002").await, 0);
    test.assert_untouched().await;
}

/// Proves ETNA-1, ETNA-3.
#[tokio::test(flavor = "multi_thread")]
async fn users_call_themselves_at_me_or_by_their_own_id() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    for (user_id, old, new) in [
        ("@me", FIRST_PASSWORD, NEW),
        ("1001", NEW, FIRST_PASSWORD),
        ("%40me", FIRST_PASSWORD, NEW),
        ("%31001", NEW, FIRST_PASSWORD),
    ] {
        let mut wire = of_user(&test, user_id);
        wire.body = body(old, new);
        assert_changed(&test.send(&wire).await);
        assert!(test.is_password(new).await, "{user_id}");
    }
}

/// Proves ETNA-3.
#[tokio::test(flavor = "multi_thread")]
async fn every_32_bit_integer_can_be_a_user_id() {
    let test = start().await;
    for user_id in ["2147483647", "-2147483648", "-1", "0"] {
        test.operator.add("etna", user_id).await;
        let token = test.operator.token("etna", user_id, &[]).await;
        let wire = of_user(&test, user_id).with("authorization", Some(&format!("Bearer {token}")));
        assert_changed(&test.send(&wire).await);
        assert!(test.operator.is_password("etna", user_id, NEW).await, "{user_id}");
    }
    test.assert_untouched().await;
}

/// Proves ETNA-5.
#[tokio::test(flavor = "multi_thread")]
async fn the_schemes_name_is_read_in_any_case() {
    let test = start().await;
    let secret = test.good_header("authorization").replace("Bearer ", "bEARER   ");
    assert_changed(&test.send(&test.good.with("authorization", Some(&secret))).await);
}
