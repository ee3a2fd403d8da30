//! New passwords that the policy refuses.

use repass_tests::{FIRST_PASSWORD, Server, TestAccount};
use serde_json::json;

use super::bodies::xml_change;
use super::{XML_TYPE, assert_changed, assert_rejected, assert_wrong, open, result_xml, start};
use crate::requests::{GUID, Wire, customer_body};
use crate::test_context::{NEW, TestContext, assert_bytes};

fn wish(test: &TestContext, new: &str) -> Wire {
    Wire { body: customer_body(GUID, FIRST_PASSWORD, new), ..test.good.clone() }
}

/// Proves CUSTOMER-36.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_each_broken_rule_has_a_message_and_counts_no_failure() {
    let test = start().await;
    let email = format!("{}@example.org", GUID.replace('-', ""));
    for (new, rules) in [
        ("fourteen chars".to_owned(), "too-short"),
        ("x".repeat(257), "too-long"),
        ("é".repeat(257), "too-long"),
        ("🔑".repeat(1025), "too-long"),
        ("password".to_owned(), "too-short,common"),
        (FIRST_PASSWORD.to_owned(), "same-as-current"),
        (format!("my {GUID}"), "contains-account-word"),
        (format!("my {email}"), "contains-account-word"),
        ("3xample! 2026 .org".to_owned(), "contains-account-word"),
        (String::new(), "too-short"),
    ] {
        let messages = assert_rejected(&test.send(&wish(&test, &new)).await);
        let record = test.last_attempt().await;
        assert_eq!(record.outcome, "rejected", "{new}");
        let broken = record.detail.unwrap();
        assert_eq!(broken.replace(' ', ""), rules, "{new}");
        assert_eq!(messages.len(), rules.split(',').count(), "{new}: {messages:?}");
        let unlike = |(at, message): (usize, &String)| !messages[..at].contains(message);
        assert!(messages.iter().enumerate().all(unlike), "{messages:?}");
    }
    test.assert_untouched().await;
}

/// Proves NIST 3.1.1.2 length, NIST 3.1.1.2 characters, CUSTOMER-9.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_from_15_to_256_code_points_of_any_kind_are_taken_exactly_as_sent() {
    let test = start().await;
    let mut old = FIRST_PASSWORD.to_owned();
    for new in [
        "fifteen of them".to_owned(),
        "🔑é漢 with some spaces, ".to_owned(),
        "🗝".repeat(256),
        " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".to_owned(),
        "a\nb\tc and so on, \u{7f}\u{1}".to_owned(),
        "e\u{301}e\u{301}e\u{301} combining accents".to_owned(),
    ] {
        let body = customer_body(GUID, &old, &new);
        assert_changed(&test.send(&Wire { body, ..test.good.clone() }).await);
        assert!(test.is_password(&new).await, "{new:?}");
        old = new;
    }
}

/// Proves CUSTOMER-9, CUSTOMER-36.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_null_or_empty_new_password_is_refused_by_the_policy_of_any_preset() {
    for preset in ["nist-800-63b-4", "vendor-fabric", "vendor-zap"] {
        let test =
            open(Server::builder().tables(&format!("[policy]\npreset = '{preset}'\n"))).await;
        let answers = [
            test.send(&wish(&test, "")).await,
            test.send(&test.good.edit(|body| body["NewPassword"] = json!(null))).await,
            test.send(&test.good.edit(|body| {
                body.as_object_mut().unwrap().remove("NewPassword");
            }))
            .await,
        ];
        for answer in &answers {
            assert_rejected(answer);
            assert_eq!(answer.text(), answers[0].text());
        }
        test.assert_untouched().await;
    }
}

/// Proves CUSTOMER-36.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_the_last_five_passwords_is_refused_and_the_sixth_is_not() {
    let test = start().await;
    let nth = |n: usize| format!("the wish of number {n}, no less");
    let mut old = FIRST_PASSWORD.to_owned();
    for n in 0..6 {
        let body = customer_body(GUID, &old, &nth(n));
        assert_changed(&test.send(&Wire { body, ..test.good.clone() }).await);
        old = nth(n);
    }
    for n in 0..5 {
        let body = customer_body(GUID, &old, &nth(n));
        assert_rejected(&test.send(&Wire { body, ..test.good.clone() }).await);
        assert_eq!(test.last_attempt().await.detail.as_deref(), Some("reused"), "{n}");
    }
    let body = customer_body(GUID, &old, FIRST_PASSWORD);
    assert_changed(&test.send(&Wire { body, ..test.good.clone() }).await);
}

/// Proves CUSTOMER-36.
#[tokio::test(flavor = "multi_thread")]
async fn in_xml_each_message_is_a_string_of_the_list() {
    let test = start().await;
    let messages = assert_rejected(&test.send(&wish(&test, "password")).await);
    assert_eq!(messages.len(), 2);
    let as_xml = test.good.with("content-type", Some("application/xml"));
    let body = xml_change(FIRST_PASSWORD, "password").into_bytes();
    let answer = as_xml.send_body(&test.client, body).await;
    assert_bytes(&answer, 200, XML_TYPE, &result_xml(false, false, &messages));
}

/// Proves CUSTOMER-36.
#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_the_mount_applies() {
    let own = "[api.customer.policy]\nmin_length = 20\nrequire_digit = true\n";
    let test = open(Server::builder().api("customer", own)).await;
    let messages = assert_rejected(&test.send(&wish(&test, "nineteen characters")).await);
    assert_eq!(messages.len(), 2);
    assert!(messages[0].contains("20"), "{messages:?}");
    assert_changed(&test.send(&wish(&test, "twenty characters, 20")).await);
}

/// Proves CUSTOMER-35.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_without_the_old_password_no_answer_tells_the_policy() {
    let test = start().await;
    let TestAccount { account, .. } =
        test.operator.add("customer", "2c4b0ca1-ad13-410b-a1c5-bb2065641934").await;
    let guess = |new: &str| Wire {
        body: customer_body(account.user_id.as_str(), "a wrong guess", new),
        ..test.good.clone()
    };
    let long = assert_wrong(&test.send(&guess(NEW)).await);
    assert_eq!(assert_wrong(&test.send(&guess("short")).await), long);
    assert_eq!(assert_wrong(&test.send(&guess("")).await), long);
}
