//! The outcomes of requests, except faults and overload of the server.

use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::bodies::{FORM, form_change, xml, xml_change};
use super::{
    CHANGED_XML, NOT_READ, NULL_MODEL, XML_TYPE, assert_changed, assert_json, assert_wrong,
    invalid, invalid_xml, open, result_xml, start,
};
use crate::requests::{GUID, customer_body};
use crate::test_context::{NEVER_LOCKED_OUT, NEW, assert_bytes};

/// Proves CUSTOMER-37.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_2_2_6_2_3_the_password_is_changed_and_the_page_s_result_says_so() {
    let test = start().await;
    let answer = test.send(&test.good).await;
    assert_changed(&answer);
    assert!(test.is_password(NEW).await);
    assert!(!test.is_password(FIRST_PASSWORD).await);
    let record = test.last_attempt().await;
    assert_eq!((record.outcome.as_str(), record.caller.as_str()), ("ok", "anonymous"));
    assert_eq!(record.context.source, "customer");
    assert_eq!(record.context.request_id.as_deref(), Some(answer.header("x-request-id")));
}

/// Proves CUSTOMER-2, CUSTOMER-4, CUSTOMER-37.
#[tokio::test(flavor = "multi_thread")]
async fn all_three_formats_change_the_password_and_xml_is_answered_in_xml() {
    let test = start().await;
    let second = "the second of my passwords";
    let third = "the third of my passwords";
    assert_changed(&test.send(&test.good).await);
    let by_xml = test.good.with("content-type", Some("text/xml"));
    let body = xml_change(NEW, second).into_bytes();
    let answer = by_xml.send_body(&test.client, body).await;
    assert_bytes(&answer, 200, "text/xml; charset=utf-8", CHANGED_XML);
    let by_form = test.good.with("content-type", Some(FORM));
    let body = form_change(second, third).into_bytes();
    assert_changed(&by_form.send_body(&test.client, body).await);
    assert!(test.is_password(third).await);
}

/// Proves CUSTOMER-40.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_a_change_ends_every_session_of_the_account_and_of_no_other() {
    let test = start().await;
    let own = test.operator.token("customer", GUID, &[]).await;
    test.operator.add("customer", "other").await;
    let other = test.operator.token("customer", "other", &[]).await;
    assert_wrong(&test.send(&test.good.replace(FIRST_PASSWORD, "a wrong guess")).await);
    assert!(test.counts(&own).await, "a failed change ends no session");
    assert_changed(&test.send(&test.good).await);
    assert!(!test.counts(&own).await);
    assert!(test.counts(&other).await);
}

/// Proves CUSTOMER-7, CUSTOMER-8, CUSTOMER-35.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_a_wrong_account_and_a_wrong_old_password_get_one_answer() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let inactive = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    test.operator.add("customer", inactive).await;
    let realm = test.operator.realm("customer");
    test.operator.administration.set_active(&realm, inactive, false).await.unwrap();
    test.operator.add("elsewhere", "9f2504e0-4f89-11d3-9a0c-0305e82c3301").await;

    let old = FIRST_PASSWORD;
    let of_account = [
        ("a wrong old password", json!({ "OldPassword": "a wrong guess" })),
        ("in another case", json!({ "OldPassword": old.to_uppercase() })),
        ("with more behind", json!({ "OldPassword": format!("{old} ") })),
        ("cut short", json!({ "OldPassword": &old[..old.len() - 1] })),
        ("the new one twice", json!({ "OldPassword": NEW })),
        ("of 4,097 bytes", json!({ "OldPassword": "x".repeat(4097) })),
        ("empty", json!({ "OldPassword": "" })),
        ("null", json!({ "OldPassword": null })),
    ];
    let of_nobody = [
        ("an unknown user id", json!({ "UserId": "1c4b0ca1-ad13-410b-a1c5-bb2065641935" })),
        ("the zero GUID", json!({ "UserId": "00000000-0000-0000-0000-000000000000" })),
        ("an inactive account", json!({ "UserId": inactive })),
        ("of another realm", json!({ "UserId": "9f2504e0-4f89-11d3-9a0c-0305e82c3301" })),
    ];
    let mut answers = Vec::new();
    for (why, members) in of_account.iter().chain(&of_nobody) {
        let wire = test.good.edit(|body| {
            let body = body.as_object_mut().unwrap();
            body.extend(members.as_object().unwrap().clone());
        });
        answers.push((*why, test.send(&wire).await));
    }
    for missing in ["OldPassword", "UserId"] {
        let wire = test.good.edit(|body| {
            body.as_object_mut().unwrap().remove(missing);
        });
        answers.push((missing, test.send(&wire).await));
    }
    for (why, answer) in &answers {
        assert_eq!(answer.text(), answers[0].1.text(), "{why}");
        assert_wrong(answer);
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
    let failures = u32::try_from(of_account.len()).unwrap() + 1;
    assert_eq!(test.failures().await, failures, "each wrong password of the account counts");

    let xml_type = test.good.with("content-type", Some("application/xml"));
    let messages = [assert_wrong(&answers[0].1)];
    let answer = xml_type.send_body(&test.client, xml_change("a guess", NEW).into_bytes()).await;
    assert_bytes(&answer, 200, XML_TYPE, &result_xml(false, true, &messages));
    let answer = xml_type.send_body(&test.client, xml("").into_bytes()).await;
    assert_bytes(&answer, 200, XML_TYPE, &result_xml(false, true, &messages));
}

/// Proves CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn unreadable_bodies_and_guids_are_400_with_the_framework_s_model_state() {
    let test = start().await;
    let unreadable = [("request", NOT_READ)];
    let answer = test.send_body("{").await;
    assert_json(&answer, 400, &invalid(&unreadable));
    assert_json(
        &answer,
        400,
        r#"{"Message":"The request is invalid.","ModelState":{"request":["An error has occurred."]}}"#,
    );
    let no_guid = [("request.UserId", NOT_READ)];
    let answer = test.send_body(&customer_body("nope", FIRST_PASSWORD, NEW)).await;
    assert_json(&answer, 400, &invalid(&no_guid));

    let as_xml = test.good.with("accept", Some("application/xml"));
    let answer = as_xml.send_body(&test.client, b"{\"UserId\":1}".to_vec()).await;
    assert_bytes(&answer, 400, XML_TYPE, &invalid_xml(&no_guid));
    let answer = as_xml
        .with("content-type", Some("application/xml"))
        .send_body(&test.client, b"<a/>".to_vec())
        .await;
    assert_bytes(&answer, 400, XML_TYPE, &invalid_xml(&unreadable));
    test.assert_untouched().await;
    assert!(test.operator.audit().await.iter().all(|record| record.action != "password.change"));
}

/// Proves CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn in_xml_several_messages_about_one_member_are_joined_by_a_space() {
    let test = start().await;
    let twice = r#"{"UserAgent":{},"UserAgent":[]}"#;
    let state = format!(r#"{{"request.UserAgent":["{NOT_READ}","{NOT_READ}"]}}"#);
    let answer = test.send_body(twice).await;
    assert_json(
        &answer,
        400,
        &format!(r#"{{"Message":"The request is invalid.","ModelState":{state}}}"#),
    );
    let as_xml = test.good.with("accept", Some("application/xml"));
    let answer = as_xml.send_body(&test.client, twice.into()).await;
    let both = format!("{NOT_READ} {NOT_READ}");
    let expected = invalid_xml(&[("request.UserAgent", &both)]);
    assert_bytes(&answer, 400, XML_TYPE, &expected);
}

/// Proves CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn the_user_id_of_a_form_is_escaped_in_the_answer() {
    let test = start().await;
    let body = "UserId=%3Cscript%3E%22%26%3C%2Fscript%3E".as_bytes();
    let by_form = test.good.with("content-type", Some(FORM));
    let message = "The value '<script>\"&</script>' is not valid for UserId.";
    let answer = by_form.send_body(&test.client, body.to_vec()).await;
    assert_eq!(answer.json()["ModelState"]["request.UserId"][0], message);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let as_xml = by_form.with("accept", Some("text/xml"));
    let answer = as_xml.send_body(&test.client, body.to_vec()).await;
    assert!(answer.text().contains("'&lt;script&gt;\"&amp;&lt;/script&gt;'"), "{}", answer.text());
}

/// Proves CUSTOMER-30.
#[tokio::test(flavor = "multi_thread")]
async fn a_null_model_is_400_with_nothing_but_a_message() {
    let test = start().await;
    assert_json(&test.send_body("null").await, 400, NULL_MODEL);
    let no_type = test.good.with("content-type", None);
    assert_json(&no_type.send_body(&test.client, Vec::new()).await, 400, NULL_MODEL);
    let as_xml = no_type.with("accept", Some("text/xml"));
    let answer = as_xml.send_body(&test.client, Vec::new()).await;
    let expected = "<Error><Message>The request is invalid.</Message></Error>";
    assert_bytes(&answer, 400, "text/xml; charset=utf-8", expected);
    test.assert_untouched().await;
}
