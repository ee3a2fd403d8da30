//! Faults and overload of the server.

use repass_tests::{FIRST_PASSWORD, Server};

use super::{FAULT, TYPE, assert_changed, open, passwords, start, with};
use crate::test_context::{EASILY_OVERLOADED, NEW, assert_bytes};

/// Proves ZAP-29, ZAP-32.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_500_in_the_vendors_spelling_and_changes_nothing() {
    let test = start().await;
    for table in ["access_tokens", "attempts", "password_history", "events", "audit"] {
        let answer = test.without_table(table, test.send(&test.good)).await;
        assert_bytes(&answer, 500, TYPE, FAULT);
        assert!(test.is_password(FIRST_PASSWORD).await, "{table}");
    }
    let with_otp = with(&test.good, "secureOTP", "123456");
    let answer = test.without_table("one_time_passwords", test.send(&with_otp)).await;
    assert_bytes(&answer, 500, TYPE, FAULT);
    test.assert_untouched().await;
    assert_changed(&test.send(&test.good).await);
}

/// Proves ZAP-30.
#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_server_answers_503_and_counts_no_failure() {
    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    assert_changed(&test.send(&test.good).await);
    let wrong = passwords(&test.good, "a wrong guess", NEW);
    for answer in test.overload(&wrong, 400).await {
        assert_bytes(&answer, 503, TYPE, FAULT);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(test.is_password(NEW).await);
    assert_changed(&test.send(&passwords(&test.good, NEW, "the third of my passwords")).await);
}
