//! Paths, methods and media types.

use http::Method;
use repass_tests::Server;

use super::{XML_TYPE, assert_changed, assert_error, assert_json, open, start};
use crate::requests::{CUSTOMER, GUID, Wire, customer_body};
use crate::test_context::{ANY_PASSWORD, NEW, assert_bytes};

/// Proves CUSTOMER-1.
#[tokio::test(flavor = "multi_thread")]
async fn the_path_matches_in_any_case_with_a_slash_behind_and_with_an_id() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let body = customer_body(GUID, NEW, NEW);
    assert_changed(&test.send(&test.good).await);
    for path in [
        "/api/customer/updateuserpassword",
        "/API/CUSTOMER/UPDATEUSERPASSWORD",
        "/api/Customer/UpdateUserPassword/",
        "/api/Customer/UpdateUserPassword/5",
        "/api/Customer/UpdateUserPassword?UserId=5&x",
    ] {
        let wire = Wire { path: path.to_owned(), body: body.clone(), ..test.good.clone() };
        assert_changed(&test.send(&wire).await);
    }
}

/// Proves CUSTOMER-1, CUSTOMER-23.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_14_2_1_the_query_is_neither_read_nor_echoed() {
    let test = start().await;
    let query = format!("?UserId={GUID}&OldPassword=hunter2&NewPassword=hunter3");
    let no_body = test.good.with("content-type", None);
    let wire = Wire { path: format!("{CUSTOMER}{query}"), body: String::new(), ..no_body };
    assert_error(&test.send(&wire).await, 400);
    let elsewhere = Wire { path: format!("/nope{query}"), ..wire };
    let message = assert_error(&test.send(&elsewhere.with("host", Some("h"))).await, 404);
    let uri = "http://h/nope";
    assert_eq!(
        message,
        format!("No HTTP resource was found that matches the request URI '{uri}'.")
    );
    test.assert_untouched().await;
}

/// Proves CUSTOMER-23.
#[tokio::test(flavor = "multi_thread")]
async fn other_paths_are_404_in_json_and_xml() {
    let test = start().await;
    for path in
        ["/", "/api", "/api/Customer", "/api/Customer/", "/api/Customer/UpdateUserPasswords"]
    {
        let wire = Wire { path: path.to_owned(), ..test.good.with("host", Some("h")) };
        let text =
            format!("No HTTP resource was found that matches the request URI 'http://h{path}'.");
        assert_json(&test.send(&wire).await, 404, &format!(r#"{{"Message":"{text}"}}"#));
        let answer = test.send(&wire.with("accept", Some("application/xml"))).await;
        assert_bytes(&answer, 404, XML_TYPE, &format!("<Error><Message>{text}</Message></Error>"));
    }
    test.assert_untouched().await;
}

/// Proves CUSTOMER-24.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_with_allow_and_overrides_are_not_heeded() {
    let test = start().await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"] {
        let own = test.good.with("x-http-method-override", Some("POST"));
        let wire = Wire { method: Method::from_bytes(method.as_bytes()).unwrap(), ..own };
        let answer = test.send(&wire).await;
        let text = format!("The requested resource does not support http method '{method}'.");
        assert_json(&answer, 405, &format!(r#"{{"Message":"{text}"}}"#));
        assert_eq!(answer.header("allow"), "POST");
    }
    test.assert_untouched().await;
}

/// The case E16-head-xml of the vectors.
///
/// Proves CUSTOMER-24.
#[tokio::test(flavor = "multi_thread")]
async fn head_has_the_headers_of_its_405_and_no_body() {
    let test = start().await;
    let wire = Wire { method: Method::HEAD, body: String::new(), ..test.good.clone() };
    let answer = test.send(&wire.with("accept", Some("application/xml"))).await;
    let text = "<Error><Message>The requested resource does not support http method 'HEAD'.</Message></Error>";
    assert_eq!((answer.status.as_u16(), answer.text()), (405, ""));
    assert_eq!(answer.header("content-type"), XML_TYPE);
    assert_eq!(answer.header("content-length"), text.len().to_string());
    assert_eq!(answer.header("allow"), "POST");
    answer.assert_common_headers();
}

/// Proves CUSTOMER-2, CUSTOMER-29.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_other_types_or_of_none_are_415_in_the_framework_s_words() {
    let test = start().await;
    for media_type in [
        "text/plain",
        "application/octet-stream",
        "application/jsonp",
        "application/problem+json",
        "image/svg+xml",
        "multipart/form-data",
    ] {
        let answer = test.send(&test.good.with("content-type", Some(media_type))).await;
        let message = format!(
            "The request entity's media type '{media_type}' is not supported for this resource."
        );
        assert_eq!(assert_error(&answer, 415), message);
    }
    let unnamed = "The request contains an entity body but no Content-Type header. The inferred \
                   media type 'application/octet-stream' is not supported for this resource.";
    for content_type in [None, Some(""), Some("json"), Some("application/")] {
        let answer = test.send(&test.good.with("content-type", content_type)).await;
        assert_eq!(assert_error(&answer, 415), unnamed, "{content_type:?}");
    }
    test.assert_untouched().await;
}

/// Proves CUSTOMER-26, CUSTOMER-27.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_compressed_or_over_64_kib_is_not_read() {
    let test = start().await;
    let answer = test.send(&test.good.with("content-encoding", Some("gzip"))).await;
    assert_error(&answer, 415);
    assert_eq!(answer.header("accept-encoding"), "identity");
    let padding = " ".repeat(65_537 - test.good.body.len());
    assert_error(&test.send_body(&(test.good.body.clone() + &padding)).await, 413);
    test.assert_untouched().await;
}

/// Proves CUSTOMER-4.
#[tokio::test(flavor = "multi_thread")]
async fn no_accept_is_answered_by_406() {
    let test = start().await;
    for accept in ["image/png", "application/pdf;q=1", "*/*;q=0", "nonsense", "", ";;,", "a/b/c"] {
        let wire = test.good.with("accept", Some(accept));
        let answer = wire.send_body(&test.client, b"null".to_vec()).await;
        assert_json(&answer, 400, super::NULL_MODEL);
    }
}

/// Proves CUSTOMER-4.
#[tokio::test(flavor = "multi_thread")]
async fn errors_are_negotiated_as_results_are() {
    let test = start().await;
    for (accept, charset, requested_with, expected) in [
        (Some("text/xml"), None, None, "text/xml; charset=utf-8"),
        (Some("text/*"), None, None, "text/json; charset=utf-8"),
        (Some("application/*"), None, None, "application/json; charset=utf-8"),
        (Some("text/xml;q=0.9, text/json;q=0.8"), None, None, "text/xml; charset=utf-8"),
        (Some("text/xml"), Some("utf-16"), None, "text/xml; charset=utf-16"),
        (Some("*/*"), None, Some("XMLHttpRequest"), "application/json; charset=utf-8"),
        (None, None, Some("XMLHttpRequest"), "application/json; charset=utf-8"),
        (Some("text/xml"), None, Some("XMLHttpRequest"), "text/xml; charset=utf-8"),
    ] {
        let wire = Wire { path: "/nope".to_owned(), ..test.good.clone() };
        let wire = wire.with("accept", accept).with("accept-charset", charset);
        let answer = test.send(&wire.with("x-requested-with", requested_with)).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("content-type"), expected, "{accept:?}");
        answer.assert_common_headers();
    }
}
