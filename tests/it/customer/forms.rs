//! Reading forms, rule by rule. The measured cases are in vectors.rs.

use super::binding::{Bound, Reader};
use super::bodies::FORM;
use crate::requests::GUID;

/// A change to "new" with these fields behind it.
fn body(fields: &str) -> String {
    format!("UserId={GUID}&OldPassword=old&NewPassword=new{fields}")
}

/// Proves CUSTOMER-22.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_read_by_the_rules_of_forms() {
    let reader = Reader::start().await;
    for (value, text) in [
        ("a+b%20c", "a b c"),
        ("a%2Bb", "a+b"),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("%C3%A9%f0%9f%94%91", "é🔑"),
        ("%EF%BF%BD", "\u{FFFD}"),
        ("a=b=c", "a=b=c"),
        ("a;b", "a;b"),
        ("null", "null"),
        ("+a+", " a "),
        ("é漢", "é漢"),
    ] {
        let body = body("").replace("=new", &format!("={value}"));
        reader.assert_binds(value, Some(FORM), body, &Bound::change(text)).await;
    }
}

/// Proves W10, CUSTOMER-22, CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn w10_a_password_that_is_not_utf_8_is_an_error_of_the_model() {
    let reader = Reader::start().await;
    let latin_1 = format!("{FORM}; charset=iso-8859-1");
    let state = [("request.NewPassword", "An error has occurred.")];
    for content_type in [FORM, &latin_1] {
        for value in [&b"p%E4ss"[..], b"%C3", b"p\xE4ss"] {
            let form = [body("").trim_end_matches("new").as_bytes(), value].concat();
            reader.assert_invalid(content_type, content_type, form, &state).await;
        }
    }
    let state = [("request.OldPassword", "An error has occurred.")];
    reader.assert_invalid("old", FORM, body("").replace("=old", "=%FF"), &state).await;
    let bound = Bound { ip_address: Some("\u{FFFD}".to_owned()), ..Bound::change("new") };
    reader.assert_binds("another field", Some(FORM), body("&IPAddress=%FF"), &bound).await;
}

/// Proves CUSTOMER-21.
#[tokio::test(flavor = "multi_thread")]
async fn names_are_read_in_any_case_without_prefix_and_of_duplicates_the_first_wins() {
    let reader = Reader::start().await;
    for (fields, address) in [
        ("&ipaddress=a", Some("a")),
        ("&IPADDRESS=a&IPAddress=b", Some("a")),
        ("&%49PAddress=a", Some("a")),
        ("&IPAddress=&IPAddress=b", None),
        ("&request.IPAddress=a", None),
        ("&request[IPAddress]=a", None),
        ("&IPAddress[0]=a", None),
        ("&IPAddress.x=a", None),
        ("&IPAddress[0]=a&IPAddress=b", Some("b")),
    ] {
        let bound = Bound { ip_address: address.map(str::to_owned), ..Bound::change("new") };
        reader.assert_binds(fields, Some(FORM), body(fields), &bound).await;
    }
}

/// Proves CUSTOMER-22.
#[tokio::test(flavor = "multi_thread")]
async fn empty_and_blank_values_are_null() {
    let reader = Reader::start().await;
    for blank in ["", "=", "=+", "=%09%20", "=%0D%0A"] {
        let body = format!("UserId={GUID}&OldPassword{blank}&NewPassword{blank}&IPAddress{blank}");
        let bound = Bound { user_id: GUID.to_owned(), ..Bound::nothing() };
        reader.assert_binds(blank, Some(FORM), body, &bound).await;
    }
}

/// Proves CUSTOMER-7, CUSTOMER-22, CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_id_is_required_and_a_guid_when_it_is_there_at_all() {
    let reader = Reader::start().await;
    for field in ["UserId=", "UserId", "userid=+", "UserId=%09"] {
        let state = [("request.UserId", "A value is required.")];
        let body = body("").replace(&format!("UserId={GUID}"), field);
        reader.assert_invalid(field, FORM, body, &state).await;
    }
    let state = [("request.UserId", "The value 'nope' is not valid for UserId.")];
    let bad = body("").replace(GUID, "nope");
    reader.assert_invalid("nope", FORM, bad, &state).await;
    let missing = Bound { user_id: Bound::nothing().user_id, ..Bound::change("new") };
    let body = "OldPassword=old&NewPassword=new";
    reader.assert_binds("missing", Some(FORM), body, &missing).await;
}

/// Proves CUSTOMER-30.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_form_is_a_null_model() {
    let reader = Reader::start().await;
    reader.assert_null_model("empty", Some(FORM), "").await;
}
