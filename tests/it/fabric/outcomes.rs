//! Inactive accounts, the policy, and the change itself.

use repass_core::{NewAccount, Profile};
use repass_tests::{FIRST_PASSWORD, Server};

use super::{
    TEN_MINUTES, USER, assert_error, assert_expired, assert_user, is_unspent, open, start, token,
    token_of, with,
};
use crate::test_context::{ANY_PASSWORD, NEW, TestContext};

async fn set_active(test: &TestContext, active: bool) {
    let realm = test.operator.realm("fabric");
    test.operator.administration.set_active(&realm, USER, active).await.unwrap();
}

/// Proves FABRIC-30.
#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_account_s_password_is_not_changed() {
    let test = start().await;
    set_active(&test, false).await;
    let wire = with(&test.good, "resetToken", token(&test).await);
    let answer = test.send(&wire).await;
    assert_error(&answer, 401, "Unauthorized", "USER_INACTIVE");
    assert!(is_unspent(&test, &token_of(&wire)).await);
    test.assert_untouched().await;
    set_active(&test, true).await;
    assert_user(&test.send(&wire).await, USER);
}

/// Proves FABRIC-13, FABRIC-29.
#[tokio::test(flavor = "multi_thread")]
async fn a_deactivation_voids_the_tokens_issued_before_it() {
    let test = start().await;
    set_active(&test, false).await;
    assert_expired(&test.send(&test.good).await);
    set_active(&test, true).await;
    assert_expired(&test.send(&test.good).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
}

/// Proves FABRIC-31.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_a_refusal_names_every_broken_rule_and_leaves_the_token_usable() {
    let test = start().await;
    for (new, rules) in [
        ("fourteen chars".to_owned(), 1),
        ("ABC123".to_owned(), 2),
        ("password".to_owned(), 2),
        ("x".repeat(257), 1),
        (FIRST_PASSWORD.to_owned(), 1),
        (format!("my {USER}"), 2),
    ] {
        let answer = test.send(&with(&test.good, "newPassword", new.as_str())).await;
        let message = assert_error(&answer, 400, "Bad Request", "INVALID_PASSWORD");
        // One sentence a rule.
        assert_eq!(message.matches("The new password ").count(), rules, "{new}: {message}");
        // The sentences themselves speak of the password.
        assert!(new == "password" || !message.contains(&new), "{message}");
        let record = test.last_attempt().await;
        assert_eq!(record.outcome, "rejected");
        assert_eq!(record.detail.unwrap().split(',').count(), rules, "{new}");
        assert!(is_unspent(&test, &token_of(&test.good)).await);
        test.assert_untouched().await;
    }
    assert_user(&test.send(&test.good).await, USER);
    assert!(test.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preset_vendor_fabric_takes_the_page_s_abc123_and_the_default_does_not() {
    for (policy, is_taken) in [
        ("", false),
        ("[api.fabric.policy]\npreset = 'nist-800-63b-4'", false),
        ("[api.fabric.policy]\npreset = 'vendor-fabric'", true),
    ] {
        let test = open(Server::builder().api("fabric", policy)).await;
        let answer = test.send(&with(&test.good, "newPassword", "ABC123")).await;
        assert_eq!(answer.status == 200, is_taken, "{policy}: {}", answer.text());
        assert_eq!(test.is_password("ABC123").await, is_taken);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preset_vendor_fabric_requires_only_one_character() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    for new in ["x", " ", "password", USER, FIRST_PASSWORD, FIRST_PASSWORD] {
        let wire = with(&test.good, "resetToken", token(&test).await);
        assert_user(&test.send(&with(&wire, "newPassword", new)).await, USER);
        assert!(test.is_password(new).await);
    }
    let wire = with(&test.good, "resetToken", token(&test).await);
    let answer = test.send(&with(&wire, "newPassword", "")).await;
    assert_error(&answer, 400, "Bad Request", "BAD_REQUEST");
}

/// Proves FABRIC-32.
#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_changed_and_the_token_is_spent() {
    let test = start().await;
    let answer = test.send(&test.good).await;
    assert_user(&answer, USER);
    assert!(test.is_password(NEW).await);
    assert!(!test.is_password(FIRST_PASSWORD).await);
    assert!(!is_unspent(&test, &token_of(&test.good)).await);
    let record = test.last_attempt().await;
    assert_eq!(record.outcome, "ok");
    assert!(record.caller.starts_with("key:"), "{}", record.caller);
    assert_eq!(record.context.source, "fabric");
    for secret in [NEW, FIRST_PASSWORD, &token_of(&test.good)] {
        assert!(!answer.text().contains(secret));
    }
}

/// Proves FABRIC-41.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_a_reset_ends_every_session_of_the_account_and_of_no_other() {
    let test = start().await;
    let own = test.operator.token("fabric", USER, &[]).await;
    test.operator.add("fabric", "other").await;
    let other = test.operator.token("fabric", "other", &[]).await;
    assert_eq!(test.send(&with(&test.good, "newPassword", "short")).await.status, 400);
    assert!(test.counts(&own).await, "a failed reset ends no session");
    assert_user(&test.send(&test.good).await, USER);
    assert!(!test.counts(&own).await);
    assert!(test.counts(&other).await);
}

/// Proves FABRIC-42.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_password_gets_its_first_by_a_reset() {
    let test = start().await;
    let new = NewAccount {
        realm: test.operator.realm("fabric"),
        user_id: "fresh".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
    };
    test.operator.administration.add_account(new, None).await.unwrap();
    let token = test.operator.reset_token("fabric", "fresh", TEN_MINUTES).await;
    let wire = with(&with(&test.good, "userId", "fresh"), "resetToken", token);
    assert_user(&test.send(&wire).await, "fresh");
    assert!(test.operator.is_password("fabric", "fresh", NEW).await);
}
