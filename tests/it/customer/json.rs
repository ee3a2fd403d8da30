//! Reading JSON, rule by rule. The measured cases are in vectors.rs.

use super::NOT_READ;
use super::binding::{Bound, Reader};
use super::bodies::utf_16;
use crate::requests::GUID;

const TYPE: &str = "application/json";

/// A change to "new" with these members behind it.
fn body(members: &str) -> String {
    format!(r#"{{"UserId":"{GUID}","OldPassword":"old","NewPassword":"new"{members}}}"#)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Proves CUSTOMER-11.
#[tokio::test(flavor = "multi_thread")]
async fn names_are_read_in_any_case_and_of_duplicates_the_last_wins() {
    let reader = Reader::start().await;
    for (members, address) in [
        (r#","ipaddress":"a""#, some("a")),
        (r#","IPADDRESS":"a""#, some("a")),
        (r#","IPAddress":"a","ipAddress":"b""#, some("b")),
        (r#","IPAddress":"a","IPAddress":null"#, None),
        (r#","IPAddress":null,"ipaddress":"b""#, some("b")),
        (r#","IP_Address":"a","IP Address":"b"," IPAddress":"c""#, None),
        (r#","IPAddre\u0073s":"a""#, some("a")),
    ] {
        let bound = Bound { ip_address: address, ..Bound::change("new") };
        reader.assert_binds(members, Some(TYPE), body(members), &bound).await;
    }
    let last = body(r#","oldpassword":"old","NEWPASSWORD":"newer""#);
    reader.assert_binds("passwords", Some(TYPE), last, &Bound::change("newer")).await;
}

/// Proves CUSTOMER-7, CUSTOMER-8, CUSTOMER-9, CUSTOMER-11.
#[tokio::test(flavor = "multi_thread")]
async fn missing_and_null_members_are_null_or_the_zero_guid() {
    let reader = Reader::start().await;
    reader.assert_binds("nothing", Some(TYPE), "{}", &Bound::nothing()).await;
    let nulls = r#"{"OldPassword":null,"NewPassword":null,"IPAddress":null,"UserAgent":null,
                   "PermanentSessionId":null,"Unknown":{"UserId":5}}"#;
    reader.assert_binds("nulls", Some(TYPE), nulls, &Bound::nothing()).await;
}

/// Proves CUSTOMER-2, CUSTOMER-30.
#[tokio::test(flavor = "multi_thread")]
async fn null_and_empty_bodies_are_a_null_model() {
    let reader = Reader::start().await;
    for body in ["null", " null\n", "", " ", "\r\n\t "] {
        for content_type in [TYPE, "text/json", "Application/JSON;charset=UTF-8"] {
            reader.assert_null_model(body, Some(content_type), body).await;
        }
    }
    reader.assert_null_model("no type either", None, "").await;
}

/// Proves CUSTOMER-7, CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_id_that_is_no_guid_is_reported_under_its_key() {
    let reader = Reader::start().await;
    for guid in ["null", "\"\"", "\" \"", "\"nope\"", "5", "1.5", "true", "{}", "[]", "[\"a\"]"] {
        let body = body("").replace(&format!("\"{GUID}\""), guid);
        reader.assert_invalid(guid, TYPE, body, &[("request.UserId", NOT_READ)]).await;
    }
}

/// Proves CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn every_bad_member_is_reported_under_its_own_key() {
    let reader = Reader::start().await;
    for bad in ["{}", "[]", "{\"a\":1}", "[\"x\"]"] {
        for member in ["OldPassword", "NewPassword", "IPAddress", "UserAgent", "PermanentSessionId"]
        {
            let key = format!("request.{member}");
            let body = body(&format!(",\"{member}\":{bad}"));
            reader.assert_invalid(member, TYPE, body, &[(&key, NOT_READ)]).await;
        }
    }
    let many = r#"{"UserAgent":{},"UserId":"nope","IPAddress":"fine","NewPassword":[]}"#;
    let keys = [
        ("request.UserAgent", NOT_READ),
        ("request.UserId", NOT_READ),
        ("request.NewPassword", NOT_READ),
    ];
    reader.assert_invalid("many", TYPE, many, &keys).await;
}

/// Proves CUSTOMER-12.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_a_password_is_a_string_and_never_converted() {
    let reader = Reader::start().await;
    for value in ["1", "1.50", "true", "false", "-0", "1e5"] {
        for member in ["OldPassword", "NewPassword"] {
            let key = format!("request.{member}");
            let body = body(&format!(",\"{member}\":{value}"));
            reader.assert_invalid(value, TYPE, body, &[(&key, NOT_READ)]).await;
        }
    }
    let escaped = body("").replace("\"new\"", r#""\u006eé\ud83d\udd11\t \"\\\/""#);
    reader.assert_binds("escapes", Some(TYPE), escaped, &Bound::change("né🔑\t \"\\/")).await;
}

/// Proves CUSTOMER-13.
#[tokio::test(flavor = "multi_thread")]
async fn the_other_strings_take_numbers_and_booleans_by_invariant_conversion() {
    let reader = Reader::start().await;
    for (value, text) in [
        ("true", "True"),
        ("false", "False"),
        ("0", "0"),
        ("-12", "-12"),
        ("1.50", "1.5"),
        ("1e5", "100000"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("100000000000000000000.0", "1E+20"),
        ("\"plain\"", "plain"),
        ("\"\"", ""),
    ] {
        let members =
            format!(",\"IPAddress\":{value},\"UserAgent\":{value},\"PermanentSessionId\":{value}");
        let bound = Bound {
            ip_address: some(text),
            user_agent: some(text),
            permanent_session_id: some(text),
            ..Bound::change("new")
        };
        reader.assert_binds(value, Some(TYPE), body(&members), &bound).await;
    }
}

/// Proves CUSTOMER-14, CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn rfc_8259_is_kept_strictly_and_any_error_is_one_entry_under_the_parameter() {
    let reader = Reader::start().await;
    for text in [
        body(","),
        body("").replace('"', "'"),
        body("").replace("\"UserId\"", "UserId"),
        format!("/* c */{}", body("")),
        format!("{}//", body("")),
        body("") + "null",
        body(",\"IPAddress\":undefined"),
        body(",\"IPAddress\":NaN"),
        body(",\"IPAddress\":Infinity"),
        body(",\"IPAddress\":010"),
        body(",\"IPAddress\":0x10"),
        body(",\"IPAddress\":+1"),
        body(",\"IPAddress\":.5"),
        body(",\"IPAddress\":\"\\x41\""),
        body(",\"IPAddress\":\"a\tb\""),
        body(",\"IPAddress\":\"\\ud800\""),
        "[]".to_owned(),
        format!("[{}]", body("")),
        "true".to_owned(),
        "\u{FEFF}\u{FEFF}{}".to_owned(),
    ] {
        reader.assert_invalid(&text, TYPE, text.clone(), &[("request", NOT_READ)]).await;
    }
}

/// Proves CUSTOMER-15.
#[tokio::test(flavor = "multi_thread")]
async fn a_depth_of_128_is_read_and_129_is_an_error() {
    let reader = Reader::start().await;
    // The body itself is the first level.
    let nested = |levels: usize| {
        body(&format!(",\"deep\":{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1)))
    };
    reader.assert_binds("128", Some(TYPE), nested(128), &Bound::change("new")).await;
    reader.assert_invalid("129", TYPE, nested(129), &[("request", NOT_READ)]).await;
}

/// Proves CUSTOMER-3.
#[tokio::test(flavor = "multi_thread")]
async fn utf_8_and_utf_16_are_read() {
    let reader = Reader::start().await;
    let bound = Bound::change("né🔑");
    let text = body("").replace("new", "né🔑");
    for (content_type, bytes) in [
        ("text/json", text.clone().into_bytes()),
        ("application/json; charset=\"utf-8\"", format!("\u{FEFF}{text}").into_bytes()),
        ("application/json; charset=bogus", text.clone().into_bytes()),
        ("application/json; charset=utf-16", utf_16(&text)),
        ("application/json; charset=utf-16", utf_16(&text)[2..].to_vec()),
    ] {
        reader.assert_binds(content_type, Some(content_type), bytes, &bound).await;
    }
}
