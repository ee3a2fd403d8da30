//! The header `x-site-context`.

use serde_json::{Value, json};

use super::{USER, assert_bad_request, assert_user, open, start, token, with};
use crate::requests::{SITE, Wire};
use crate::test_context::{ANY_PASSWORD, TestContext};
use repass_tests::Server;

fn in_context(test: &TestContext, value: &str) -> Wire {
    test.good.with("x-site-context", Some(value))
}

/// Proves FABRIC-3, FABRIC-4, FABRIC-19.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_site_account_the_answer_is_400_and_says_so() {
    let test = start().await;
    let account = |text: &str| json!({ "account": text }).to_string();
    let string_of = |text: &str| Value::from(text).to_string();
    let good = account(SITE);
    let missing = test.send(&test.good.with("x-site-context", None)).await;
    let mut messages = vec![assert_bad_request(&missing)];
    for value in [
        String::new(),
        "nonsense".to_owned(),
        SITE.to_owned(),
        string_of(SITE),
        "{".to_owned(),
        format!("{good}x"),
        good.replace('"', "'"),
        "null".to_owned(),
        "24".to_owned(),
        format!("[{good}]"),
        string_of("[]"),
        string_of("nonsense"),
        string_of(&string_of(&good)),
        "{}".to_owned(),
        string_of("{}"),
        account(""),
        account(&SITE[..23]),
        account(&format!("{SITE}0")),
        account(&SITE.replace('a', "-")),
        account(&SITE.replace('a', " ")),
        account(&format!(" {}", &SITE[..23])),
        json!({ "account": 123_456_789_012_345_678_u64 }).to_string(),
        json!({ "account": null }).to_string(),
        json!({ "account": [SITE] }).to_string(),
        json!({ "Account": SITE }).to_string(),
        format!("{{\"account\":\"{SITE}\",\"account\":\"\"}}"),
        // In bytes it is 24 long.
        account("éééééééééééé").replace('é', "\\u00e9"),
    ] {
        let answer = test.send(&in_context(&test, &value)).await;
        assert_eq!(answer.status, 400, "{value}");
        messages.push(assert_bad_request(&answer));
    }
    let mut doubled = test.good.clone();
    doubled.headers.push(("x-site-context".to_owned(), good));
    messages.push(assert_bad_request(&test.send(&doubled).await));
    for message in messages {
        assert!(message.starts_with("x-site-context"), "{message}");
    }
    test.assert_untouched().await;
}

/// Proves FABRIC-3, FABRIC-5.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_and_a_string_that_holds_one_are_both_read() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let page = r#""{\"date\": \"2023-01-01T00:00:00.000Z\", \"channel\": 12, \"account\": \"1234abcd5678efgh9ijklmno\",\"stage\":\"production\"}""#;
    let object: String = serde_json::from_str(page).unwrap();
    for value in [page, &object, &format!(" {object} ")] {
        let wire = with(&in_context(&test, value), "resetToken", token(&test).await);
        let answer = test.send(&wire).await;
        assert_user(&answer, USER);
        assert_eq!(answer.json()["account"], SITE);
        assert_eq!(test.last_attempt().await.context.channel.as_deref(), Some("12"));
    }
}

/// Proves FABRIC-5.
#[tokio::test(flavor = "multi_thread")]
async fn channel_date_stage_and_other_members_decide_nothing() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    for (members, channel) in [
        (json!({ "channel": 12 }), Some("12")),
        (json!({ "channel": "web" }), Some("web")),
        (json!({ "channel": -1.5 }), Some("-1.5")),
        (json!({ "channel": null }), None),
        (json!({ "channel": ["web"] }), None),
        (json!({ "date": "yesterday", "stage": "sandbox" }), None),
        (json!({ "date": 5, "stage": {} }), None),
        (json!({ "channel": "é", "date": "", "more": { "account": "x" } }), Some("é")),
    ] {
        let mut context = members.clone();
        context["account"] = json!(SITE);
        // A header is ASCII, and JSON escapes any other character.
        let context = context.to_string().replace('é', "\\u00e9");
        let wire = with(&in_context(&test, &context), "resetToken", token(&test).await);
        assert_user(&test.send(&wire).await, USER);
        let kept = test.last_attempt().await.context.channel;
        assert_eq!(kept.as_deref(), channel, "{members}");
    }
}
