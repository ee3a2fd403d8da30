//! Faults and overload of the server.

use repass_tests::{FIRST_PASSWORD, Server};

use super::{FAULT, assert_answer, assert_changed, body, open, start};
use crate::test_context::{EASILY_OVERLOADED, NEW};

/// Proves ETNA-33, ETNA-36.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_500_and_changes_nothing() {
    let test = start().await;
    for table in ["keys", "access_tokens", "attempts", "password_history", "events", "audit"] {
        let answer = test.without_table(table, test.send(&test.good)).await;
        assert_eq!(answer.status, 500, "{table}: {}", answer.text());
        assert_answer(&answer, 500, FAULT);
        assert!(test.is_password(FIRST_PASSWORD).await, "{table}");
    }
    assert_eq!(test.failures().await, 0);
    assert_changed(&test.send(&test.good).await);
}

/// Proves ETNA-34.
#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_server_answers_503_and_counts_no_failure() {
    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    assert_changed(&test.send(&test.good).await);
    let wrong = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    for answer in test.overload(&wrong, 400).await {
        assert_answer(&answer, 503, FAULT);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(test.is_password(NEW).await);
    assert_changed(&test.send_body(&body(NEW, "the third of my passwords")).await);
}
