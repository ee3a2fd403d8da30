//! Lockouts, and faults and overload of the server.

use repass_tests::{FIRST_PASSWORD, Server};

use super::{XML_TYPE, assert_changed, assert_error, assert_json, assert_wrong, open, start};
use crate::requests::{GUID, Wire, customer_body};
use crate::test_context::{
    EASILY_OVERLOADED, NEW, SOON_LOCKED_OUT, assert_bytes, assert_locked_out,
};

const FAULT: &str = r#"{"Message":"An error has occurred."}"#;
const FAULT_XML: &str = "<Error><Message>An error has occurred.</Message></Error>";

/// Proves CUSTOMER-34.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_after_too_many_failures_the_answer_is_429_known_account_or_not() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let unknown = test.good.replace("1c4b0ca1", "1c4b0ca2");
    let mut messages = Vec::new();
    for wire in [test.good.replace(FIRST_PASSWORD, "a wrong guess"), unknown] {
        assert_wrong(&test.send(&wire).await);
        let answer = test.send(&wire).await;
        assert_locked_out(&answer);
        messages.push(assert_error(&answer, 429));
        let answer = test.send(&wire.with("accept", Some("application/xml"))).await;
        assert_locked_out(&answer);
        let expected = format!("<Error><Message>{}</Message></Error>", messages[0]);
        assert_bytes(&answer, 429, XML_TYPE, &expected);
    }
    assert_eq!(messages[0], messages[1]);
    assert_locked_out(&test.send(&test.good).await);
    assert!(test.is_password(FIRST_PASSWORD).await);

    test.operator.administration.unlock(&test.operator.realm("customer"), GUID).await.unwrap();
    assert_changed(&test.send(&test.good).await);
    assert_eq!(test.failures().await, 0);
}

/// The case E08-500-xml of the vectors among them.
///
/// Proves CUSTOMER-38.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_500_without_any_detail_and_changes_nothing() {
    let test = start().await;
    for table in ["attempts", "password_history", "events", "audit", "accounts"] {
        let answer = test.without_table(table, test.send(&test.good)).await;
        assert_eq!(answer.status, 500, "{table}: {}", answer.text());
        assert_json(&answer, 500, FAULT);
        let as_xml = test.good.with("accept", Some("application/xml"));
        let answer = test.without_table(table, test.send(&as_xml)).await;
        assert_bytes(&answer, 500, XML_TYPE, FAULT_XML);
        test.assert_untouched().await;
    }
    assert_changed(&test.send(&test.good).await);
}

/// Proves CUSTOMER-32.
#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_server_answers_503_and_counts_no_failure() {
    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    assert_changed(&test.send(&test.good).await);
    let wrong = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    for answer in test.overload(&wrong, 200).await {
        assert_error(&answer, 503);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(test.is_password(NEW).await);
    let body = customer_body(GUID, NEW, "the third of my passwords");
    assert_changed(&test.send(&Wire { body, ..test.good.clone() }).await);
}
