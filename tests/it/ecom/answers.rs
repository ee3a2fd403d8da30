//! The envelope of an answer, and the effects of a change.

use std::collections::HashSet;

use repass_testkit::fixtures;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{assert_changed, assert_failed, open, passwords, start};
use crate::test_context::{ANY_PASSWORD, NEW};

/// Proves ECOM-15, ECOM-30, ECOM-34.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_200_with_the_published_text_and_the_new_password_counts_from_then_on() {
    let test = start().await;
    assert_changed(&test.send(&test.good).await);
    assert!(test.is_password(NEW).await);
    assert!(!test.is_password(FIRST_PASSWORD).await);
    let events = fixtures::events(&*test.operator.store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, "password.changed");

    assert_failed(&test.send(&test.good).await, 403);
    assert_eq!(test.failures().await, 1);
    assert_changed(&test.send(&passwords(&test.good, NEW, "the third of my passwords")).await);
    assert_eq!(test.failures().await, 0, "a success forgets the failures before it");
}

/// Proves ECOM-16.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_an_identifier_of_its_own() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let same = passwords(&test.good, FIRST_PASSWORD, FIRST_PASSWORD);
    let mut seen = HashSet::new();
    for n in 0..20 {
        let answer = if n % 2 == 0 {
            let answer = test.send(&same).await;
            assert_changed(&answer);
            answer
        } else {
            let answer = test.send_body("{").await;
            assert_failed(&answer, 400);
            answer
        };
        let id = answer.json()["responseId"].as_str().unwrap().to_owned();
        let (uuid, digits) = id.split_at(36);
        assert!(seen.insert(uuid.to_owned()) && seen.insert(digits.to_owned()), "{id}");
    }
}

/// Proves ECOM-37.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_a_change_ends_the_sessions_of_the_account_and_no_others() {
    let test = start().await;
    test.operator.add("ecom", "someone else").await;
    let own = test.operator.token("ecom", test.user_id, &[]).await;
    let other = test.operator.token("ecom", "someone else", &[]).await;
    assert_failed(&test.send(&passwords(&test.good, "a wrong guess", NEW)).await, 403);
    assert!(test.counts(&own).await, "a failed change ends no session");
    assert_changed(&test.send(&test.good).await);
    assert!(!test.counts(&own).await);
    assert!(test.counts(&other).await);
}

/// Proves ECOM-36.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_exactly_one_is_made() {
    let test = start().await;
    for answer in test.losers_of_one_change().await {
        assert_failed(&answer, if answer.status == 429 { 429 } else { 403 });
    }
}
