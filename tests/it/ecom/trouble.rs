//! Faults and overload of the server.

use repass_tests::{FIRST_PASSWORD, Server};

use super::{assert_changed, assert_failed, open, passwords, start};
use crate::test_context::{EASILY_OVERLOADED, NEW};

/// Proves ECOM-31, ECOM-34.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_500_in_the_envelope_and_changes_nothing() {
    let test = start().await;
    for table in ["keys", "attempts", "password_history", "events", "audit"] {
        let answer = test.without_table(table, test.send(&test.good)).await;
        assert_failed(&answer, 500);
        assert!(test.is_password(FIRST_PASSWORD).await, "{table}");
    }
    assert_eq!(test.failures().await, 0);
    assert_changed(&test.send(&test.good).await);
}

/// Proves ECOM-32.
#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_server_answers_503_and_counts_no_failure() {
    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    assert_changed(&test.send(&test.good).await);
    let wrong = passwords(&test.good, "a wrong guess", NEW);
    for answer in test.overload(&wrong, 403).await {
        assert_failed(&answer, 503);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(test.is_password(NEW).await);
    assert_changed(&test.send(&passwords(&test.good, NEW, "the third of my passwords")).await);
}
