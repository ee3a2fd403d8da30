//! Who may change whose password, and which sessions a change ends.

use repass_tests::FIRST_PASSWORD;

use super::{
    FORBIDDEN, TYPE, UNAUTHORIZED, assert_changed, assert_failed, by, passwords, start, with,
};
use crate::house::{NEW, assert_bytes};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_that_counts_the_answer_is_401() {
    let house = start().await;
    for (why, value) in house.bad_tokens().await {
        let answer = house.send(&house.good.with("authorization", value.as_deref())).await;
        assert_eq!(answer.status, 401, "{why}");
        assert_bytes(&answer, 401, TYPE, UNAUTHORIZED);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{why}");
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_change_their_own_password() {
    let house = start().await;
    assert_changed(&house.send(&house.good).await);
    assert!(house.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_of_the_site_changes_anothers_password() {
    let house = start().await;
    assert_changed(&house.send(&by(&house, "site-admin", &["admin"]).await).await);
    assert!(house.is_password(NEW).await);
    assert!(house.desk.is_password("zap", "site-admin", FIRST_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_must_know_the_old_password_too() {
    let house = start().await;
    let by_admin = by(&house, "site-admin", &["admin"]).await;
    assert_failed(&house.send(&passwords(&by_admin, "a wrong guess", NEW)).await, 400);
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert_eq!(house.failures().await, 1, "charged to the account that was guessed at");
    assert_eq!(house.failures_of("site-admin").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_account_is_403_to_who_is_no_admin_whether_it_exists_or_not() {
    let house = start().await;
    for roles in [&[][..], &["user"], &["Admin", "administrator", "admin "]] {
        let user_id = format!("nosy{}", roles.len());
        let nosy = by(&house, &user_id, roles).await;
        assert_bytes(&house.send(&nosy).await, 403, TYPE, FORBIDDEN);
        let unknown = with(&nosy, "userId", "nobody");
        assert_bytes(&house.send(&unknown).await, 403, TYPE, FORBIDDEN);
        let own_address = with(&nosy, "email", format!("{user_id}@example.org"));
        assert_bytes(&house.send(&own_address).await, 403, TYPE, FORBIDDEN);
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_a_change_ends_the_other_sessions_of_the_account_and_no_others() {
    let house = start().await;
    let presenting = house.good_header("authorization").replace("Bearer ", "");
    let other = house.desk.token("zap", house.user_id, &[]).await;
    let by_admin = by(&house, "site-admin", &["admin"]).await;
    let admin = house.desk.token("zap", "site-admin", &[]).await;

    assert_failed(&house.send(&passwords(&house.good, NEW, NEW)).await, 400);
    assert!(house.counts(&other).await, "a failed change ends no session");
    assert_changed(&house.send(&house.good).await);
    assert!(!house.counts(&other).await);
    assert!(house.counts(&presenting).await);

    let third = "the third of the passwords";
    assert_changed(&house.send(&passwords(&by_admin, NEW, third)).await);
    assert!(!house.counts(&presenting).await, "what the admin presented is another's session");
    assert!(house.counts(&admin).await);
    assert_bytes(&house.send(&passwords(&house.good, third, NEW)).await, 401, TYPE, UNAUTHORIZED);
    assert_changed(&house.send(&passwords(&by_admin, third, "and the fourth of them")).await);
}
