//! The body, as JSON and as a form.

use repass_core::{NewAccount, Plaintext, Profile};
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{assert_changed, assert_failed, open, passwords, start, with, without};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, NEW, TestContext};

const REQUIRED: [&str; 4] = ["userId", "email", "oldPassword", "newPassword"];

/// The sample of the vendor's own page, byte for byte, with its trailing comma.
const SAMPLE: &str = r#"{
        "userId": "43af9a8989ffb63cc9cdd0537",
        "email": "adminagent@zap.com",
        "oldPassword": "P@ssw0rd",
        "newPassword": "n3wP@ssw0rd",
}
"#;

/// Adds the account of the page's sample, in a realm of its own.
async fn add_account_of_the_sample(test: &TestContext) {
    let new = NewAccount {
        realm: test.operator.realm("page"),
        user_id: "43af9a8989ffb63cc9cdd0537".parse().unwrap(),
        email: "adminagent@zap.com".parse().ok(),
        username: None,
        profile: Profile::default(),
    };
    let password = Some(Plaintext::from("P@ssw0rd"));
    test.operator.administration.add_account(new, password).await.unwrap();
}

/// Proves ZAP-6, ZAP-21.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_sample_is_400_for_its_trailing_comma_and_works_without_it() {
    let builder = Server::builder().api("zap", "policy = { preset = 'vendor-zap' }");
    let test = open(builder.variable("REPASS_API__ZAP__REALM", "page")).await;
    add_account_of_the_sample(&test).await;
    let token = test.operator.token("page", "43af9a8989ffb63cc9cdd0537", &[]).await;
    let wire = test.good.with("authorization", Some(&format!("Bearer {token}")));
    let malformed =
        Wire { path: "/v1/changePassword/".to_owned(), body: SAMPLE.to_owned(), ..wire };

    let message = assert_failed(&test.send(&malformed).await, 400);
    assert!(message.contains("line 6 column 1"), "{message}");
    let is = async |password| {
        test.operator.is_password("page", "43af9a8989ffb63cc9cdd0537", password).await
    };
    assert!(is("P@ssw0rd").await);

    let corrected = malformed.replace("n3wP@ssw0rd\",", "n3wP@ssw0rd\"");
    assert_changed(&test.send(&corrected).await);
    assert!(is("n3wP@ssw0rd").await);
}

/// Proves ZAP-6, ZAP-21.
#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_body_is_400_and_the_message_says_where() {
    let test = start().await;
    for (body, place) in [
        ("{bad", "line 1 column 2"),
        ("{\n  \"userId\": \"x\"\n  \"email\"", "line 3 column 3"),
        ("{\"a\":1}x", "line 1 column 8"),
        ("{\"a\":01}", "line 1 column"),
        ("{", "line 1 column 1"),
        ("", "line 1 column 0"),
    ] {
        let message = assert_failed(&test.send_body(body).await, 400);
        assert!(message.contains(place), "{body}: {message}");
    }
    for body in ["[]", "null", "5", "\"text\"", "[{}]"] {
        assert_failed(&test.send_body(body).await, 400);
    }
    let not_utf_8 = [test.good.body.as_bytes(), &[0xFF]].concat();
    assert_failed(&test.good.send_body(&test.client, not_utf_8).await, 400);
    test.assert_untouched().await;
}

/// Proves ZAP-7, ZAP-9, ZAP-10, ZAP-11, ZAP-12, ZAP-22.
#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_a_required_non_empty_string() {
    let test = start().await;
    for field in REQUIRED {
        for value in
            [json!(null), json!(""), json!(5), json!(true), json!([]), json!({}), json!(["x"])]
        {
            let answer = test.send(&with(&test.good, field, value.clone())).await;
            let message = assert_failed(&answer, 400);
            assert!(message.contains(field), "{field}={value}: {message}");
        }
        let message = assert_failed(&test.send(&without(&test.good, field)).await, 400);
        assert!(message.contains(field), "{message}");
        let misspelt = without(&test.good, field);
        let misspelt = with(&misspelt, &field.to_uppercase(), FIRST_PASSWORD);
        assert_failed(&test.send(&misspelt).await, 400);
    }
    let message = assert_failed(&test.send_body("{}").await, 400);
    assert!(REQUIRED.iter().all(|field| message.contains(field)), "{message}");
    test.assert_untouched().await;
}

/// Proves ZAP-12.
#[tokio::test(flavor = "multi_thread")]
async fn white_space_is_a_password_like_any_other() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    assert_changed(&test.send(&passwords(&test.good, FIRST_PASSWORD, " ")).await);
    assert!(test.is_password(" ").await);
}

/// Proves ZAP-10.
#[tokio::test(flavor = "multi_thread")]
async fn the_email_is_a_plausible_address_of_at_most_320_characters() {
    let test = start().await;
    // 64 for the local part, the at sign, and 255 for the domain.
    let labels = format!("{}.", "b".repeat(62)).repeat(4);
    let longest = format!("{}@{labels}{}", "a".repeat(64), "c".repeat(255 - labels.len()));
    assert_eq!(longest.len(), 320);
    let too_long = format!("{longest}c");
    for bad in
        ["pat", "pat@", "@example.org", "a b@example.org", "a@b@c", " a@b.c", "a@b.c ", &too_long]
    {
        let message = assert_failed(&test.send(&with(&test.good, "email", bad)).await, 400);
        assert!(message.contains("email"), "{bad}: {message}");
    }
    test.assert_untouched().await;
    // A plausible address that is not the account's gets another answer.
    let message = assert_failed(&test.send(&with(&test.good, "email", longest)).await, 400);
    assert_eq!(test.last_attempt().await.outcome, "wrong-password", "{message}");
}

/// Proves ZAP-10.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_the_same_in_any_case() {
    let test = start().await;
    let upper = "43AF9A8989FFB63CC9CDD0537@EXAMPLE.org";
    assert_changed(&test.send(&with(&test.good, "email", upper)).await);
}

/// Proves ZAP-7.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_ignored() {
    let test = start().await;
    assert_changed(&test.send(&with(&test.good, "user", json!({ "userId": 5 }))).await);
}

fn form(test: &TestContext, fields: &[(&str, &str)]) -> Wire {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                b' ' => "+".to_owned(),
                other => format!("%{other:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let wire = test.good.with("content-type", Some("application/x-www-form-urlencoded"));
    Wire { body: pairs.join("&"), ..wire }
}

/// Proves ZAP-8.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_read_like_json() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let email = "43af9a8989ffb63cc9cdd0537@example.org";
    let tricky = "50% of a+b & c=d, \u{5bc6}\u{7801}; \"quoted\"";
    let fields = |old: &'static str, new: &'static str| {
        [("userId", test.user_id), ("email", email), ("oldPassword", old), ("newPassword", new)]
    };
    assert_changed(&test.send(&form(&test, &fields(FIRST_PASSWORD, tricky))).await);
    assert!(test.is_password(tricky).await);
    let charset = form(&test, &fields(tricky, NEW))
        .with("content-type", Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"));
    assert_changed(&test.send(&charset).await);
    assert!(test.is_password(NEW).await);

    for missing in 0..4 {
        let mut fields = fields(NEW, FIRST_PASSWORD).to_vec();
        let (name, _) = fields.remove(missing);
        let message = assert_failed(&test.send(&form(&test, &fields)).await, 400);
        assert!(message.contains(name), "{message}");
        fields.push((name, ""));
        let message = assert_failed(&test.send(&form(&test, &fields)).await, 400);
        assert!(message.contains(name), "{message}");
    }
    let not_utf_8 = form(&test, &fields(NEW, FIRST_PASSWORD));
    let not_utf_8 = Wire { body: format!("{}&x=%FF", not_utf_8.body), ..not_utf_8 };
    assert_failed(&test.send(&not_utf_8).await, 400);
    assert_failed(&test.send(&Wire { body: test.good.body.clone(), ..not_utf_8 }).await, 400);
    assert!(test.is_password(NEW).await);
}

/// Proves ZAP-3, ZAP-20.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_other_content_type_is_400_and_not_415() {
    let test = start().await;
    let answer = test.send(&test.good.with("content-type", None)).await;
    let message = assert_failed(&answer, 400);
    for other in ["text/plain", "text/json", "application/xml", "multipart/form-data", "json", ""] {
        let answer = test.send(&test.good.with("content-type", Some(other))).await;
        assert_eq!(assert_failed(&answer, 400), message, "{other}");
    }
    let mut doubled = test.good.clone();
    doubled.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    assert_failed(&test.send(&doubled).await, 400);
    test.assert_untouched().await;
    let charset = test.good.with("content-type", Some("Application/JSON; charset=utf-8"));
    assert_changed(&test.send(&charset).await);
}
