//! Whose password a caller may change, and which access tokens a change ends.

use repass_tests::FIRST_PASSWORD;

use super::{
    FORBIDDEN, TYPE, UNAUTHORIZED, assert_changed, assert_failed, by, passwords, start, with,
};
use crate::test_context::{NEW, assert_bytes};

/// Proves ZAP-2, ZAP-16.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_token_is_401() {
    let test = start().await;
    for (why, value) in test.bad_tokens().await {
        let answer = test.send(&test.good.with("authorization", value.as_deref())).await;
        assert_eq!(answer.status, 401, "{why}");
        assert_bytes(&answer, 401, TYPE, UNAUTHORIZED);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{why}");
    }
    let mut doubled = test.good.clone();
    doubled
        .headers
        .push(("authorization".to_owned(), test.good_header("authorization").to_owned()));
    assert_bytes(&test.send(&doubled).await, 401, TYPE, UNAUTHORIZED);
    test.assert_untouched().await;
}

/// Proves ZAP-2.
#[tokio::test(flavor = "multi_thread")]
async fn users_change_their_own_password() {
    let test = start().await;
    let other_case = test.good_header("authorization").replace("Bearer ", "bEARER ");
    let wire = test.good.with("authorization", Some(&other_case));
    assert_changed(&test.send(&wire).await);
    assert!(test.is_password(NEW).await);
}

/// Proves ZAP-23.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_of_the_site_changes_another_users_password() {
    let test = start().await;
    assert_changed(&test.send(&by(&test, "site-admin", &["admin"]).await).await);
    assert!(test.is_password(NEW).await);
    assert!(test.operator.is_password("zap", "site-admin", FIRST_PASSWORD).await);
}

/// Proves ZAP-11, ZAP-32.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_must_know_the_old_password_too() {
    let test = start().await;
    let by_admin = by(&test, "site-admin", &["admin"]).await;
    assert_failed(&test.send(&passwords(&by_admin, "a wrong guess", NEW)).await, 400);
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_eq!(test.failures().await, 1, "a failure of the account that the request names");
    assert_eq!(test.failures_of("site-admin").await, 0);
}

/// Proves ZAP-23, ZAP-32.
#[tokio::test(flavor = "multi_thread")]
async fn another_users_account_is_403_for_all_but_admins_whether_it_exists_or_not() {
    let test = start().await;
    for roles in [&[][..], &["user"], &["Admin", "administrator", "admin "]] {
        let user_id = format!("nosy{}", roles.len());
        let nosy = by(&test, &user_id, roles).await;
        assert_bytes(&test.send(&nosy).await, 403, TYPE, FORBIDDEN);
        let unknown = with(&nosy, "userId", "nobody");
        assert_bytes(&test.send(&unknown).await, 403, TYPE, FORBIDDEN);
        let own_address = with(&nosy, "email", format!("{user_id}@example.org"));
        assert_bytes(&test.send(&own_address).await, 403, TYPE, FORBIDDEN);
    }
    test.assert_untouched().await;
}

/// Proves ZAP-35.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_a_change_ends_the_other_sessions_of_the_account_and_no_others() {
    let test = start().await;
    let presenting = test.good_header("authorization").replace("Bearer ", "");
    let other = test.operator.token("zap", test.user_id, &[]).await;
    let by_admin = by(&test, "site-admin", &["admin"]).await;
    let admin = test.operator.token("zap", "site-admin", &[]).await;

    assert_failed(&test.send(&passwords(&test.good, NEW, NEW)).await, 400);
    assert!(test.counts(&other).await, "a failed change ends no session");
    assert_changed(&test.send(&test.good).await);
    assert!(!test.counts(&other).await);
    assert!(test.counts(&presenting).await);

    let third = "the third of the passwords";
    assert_changed(&test.send(&passwords(&by_admin, NEW, third)).await);
    assert!(!test.counts(&presenting).await, "what the admin presented is another's session");
    assert!(test.counts(&admin).await);
    assert_bytes(&test.send(&passwords(&test.good, third, NEW)).await, 401, TYPE, UNAUTHORIZED);
    assert_changed(&test.send(&passwords(&by_admin, third, "and the fourth of them")).await);
}
