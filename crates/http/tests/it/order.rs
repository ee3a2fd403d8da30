//! The order of the checks. A body that panics when it is polled proves that it is not read.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body::{Body, Frame};
use repass_core::CredentialStore;
use repass_http::PasswordService;

use crate::capture;
use crate::test_context::{FailingAuthenticator, NEW, OLD, PATH, TestContext, send, text};
use crate::vendor::Vendor;

/// Panics when it is read, which is answered with a 500.
struct Untouchable;

impl Body for Untouchable {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("the body was read")
    }
}

/// Proves E11.
#[tokio::test]
async fn a_valid_request_changes_the_password() {
    let test = TestContext::new().await;
    let answer = send(&test.service(), test.good("order-1")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "acme changed"));
    assert_eq!(test.version().await, 2);
}

#[tokio::test]
async fn the_body_is_read_when_all_other_checks_pass() {
    let test = TestContext::new().await;
    let request = test.request("order-2").body(Untouchable).unwrap();
    // Proves that the tests below would fail if the body were read.
    assert_eq!(send(&test.service(), request).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn the_caller_is_authenticated_in_order_before_the_body_is_read() {
    let test = TestContext::new().await;
    let service = test.service();
    let bare = || Request::post(PATH);

    let answer = send(&service, bare().body(Untouchable).unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::FORBIDDEN, "acme no key"));

    let wrong_key = bare().header("x-key", "wrong").header("authorization", "Bearer wrong");
    let answer = send(&service, wrong_key.body(Untouchable).unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::FORBIDDEN, "acme no key"));

    let no_token = bare().header("x-key", test.key.expose());
    let answer = send(&service, no_token.body(Untouchable).unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::UNAUTHORIZED, "acme no token"));

    let mut key_as_token = test.request("order-3").body(Untouchable).unwrap();
    let value = HeaderValue::try_from(format!("Bearer {}", test.key.expose())).unwrap();
    key_as_token.headers_mut().insert("authorization", value);
    let answer = send(&service, key_as_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(capture::line_of("order-3")["outcome"], "unauthenticated");
}

#[tokio::test]
async fn routing_comes_before_authentication() {
    let test = TestContext::new().await;
    let request = Request::post("/shop/v1/other").body(Untouchable).unwrap();
    let answer = send(&test.service(), request).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.body, "acme not found /v1/other");

    let request = Request::builder().method(Method::GET).uri(PATH).body(Untouchable).unwrap();
    let answer = send(&test.service(), request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn the_head_is_authorized_after_authentication_and_before_the_body_is_read() {
    let test = TestContext::new().await;
    let vendor = Vendor { required_header: Some("x-site"), ..Vendor::new("acme", "/v1/change") };
    let service = test.service_of(vendor);

    let answer = send(&service, Request::post(PATH).body(Untouchable).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    let answer = send(&service, test.request("order-4").body(Untouchable).unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::BAD_REQUEST, "not authorized"));
    assert_eq!(capture::line_of("order-4")["outcome"], "invalid-request");

    let mut request = test.good("order-5");
    request.headers_mut().insert("x-site", HeaderValue::from_static("1"));
    assert_eq!(send(&service, request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_failed_authentication_store_is_a_503_or_500() {
    let test = TestContext::new().await;
    let cases = [
        (
            FailingAuthenticator::Unreachable,
            "order-6",
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
        ),
        (FailingAuthenticator::Failed, "order-7", StatusCode::INTERNAL_SERVER_ERROR, "fault"),
        (FailingAuthenticator::Panics, "order-8", StatusCode::INTERNAL_SERVER_ERROR, "fault"),
    ];
    for (keys, id, status, outcome) in cases {
        let mount = test.mount(Vendor::new("acme", "/v1/change"), "/shop");
        let authenticator = Arc::new(keys);
        let service = PasswordService::builder(authenticator).mount(mount).build().unwrap();
        let answer = send(&service, test.request(id).body(Untouchable).unwrap()).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.body, format!("acme {outcome}"));
        assert_eq!(capture::line_of(id)["outcome"], outcome);
        assert_eq!(capture::faults_of(id).len(), 1);
    }
    let faults = capture::faults_of("order-7");
    let chain = "the credential store failed: the database failed: no such table";
    assert_eq!(faults[0]["error"], chain);
}

#[tokio::test]
async fn a_mount_may_have_an_authenticator_of_its_own() {
    let test = TestContext::new().await;
    let mount = test.mount(Vendor::new("acme", "/v1/change"), "/shop");
    let others = PasswordService::builder(Arc::new(FailingAuthenticator::Failed));
    let own = mount.clone().with_authenticator(test.authenticator());
    let service = others.mount(own).build().unwrap();
    assert_eq!(send(&service, test.good("order-11")).await.status, StatusCode::OK);

    let own = mount.with_authenticator(Arc::new(FailingAuthenticator::Unreachable));
    let service = PasswordService::builder(test.authenticator()).mount(own).build().unwrap();
    let answer = send(&service, test.good("order-12")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_audit_record_has_source_request_id_and_peer() {
    let test = TestContext::new().await;
    send(&test.service(), test.good("order-9")).await;
    let filter = repass_core::AuditFilter { limit: 1, ..Default::default() };
    let records = repass_core::AdministrationStore::audit(&test.store, &filter).await.unwrap();
    let context = &records[0].context;
    assert_eq!(context.source, "acme");
    assert_eq!(context.request_id.as_deref(), Some("order-9"));
    assert_eq!(context.peer.as_deref(), Some("192.0.2.7"));
}

#[tokio::test]
async fn the_vendor_answers_a_wrong_password() {
    let test = TestContext::new().await;
    let body = text(&format!("{NEW}\n{OLD}"));
    let answer = send(&test.service(), test.request("order-10").body(body).unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body, "acme wrong-password");
    assert_eq!(capture::line_of("order-10")["outcome"], "wrong-password");
    assert_eq!(test.version().await, 1);
    let history = test.store.history(repass_core::AccountId(uuid::Uuid::from_u128(7)), 5).await;
    assert!(history.unwrap().is_empty());
}
