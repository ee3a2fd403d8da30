//! The headers of every response.

use http::{HeaderValue, Method, Request, StatusCode};
use repass_http::{Limits, PasswordService};

use crate::test_context::{Answer, HashBehavior, PATH, TestContext, send, text, with_method};
use crate::vendor::{Step, Vendor};

fn assert_common(answer: &Answer) {
    assert_eq!(answer.headers["cache-control"], "no-store", "{answer:?}");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert!(!answer.headers["x-request-id"].is_empty());
    assert_eq!(answer.headers["content-length"], answer.body.len().to_string());
}

/// Proves ASVS 14.3.2.
#[tokio::test]
async fn asvs_14_3_2_responses_of_every_status_have_the_common_headers() {
    let test = TestContext::new().await;
    let limits = Limits { body_bytes: 100, ..Limits::default() };
    let plain = test.service_with(limits);
    let failing = test.service_of(Vendor::new("acme", "/v1/change").panicking(&[Step::Read]));
    let busy = TestContext::new().await.with_hasher(HashBehavior::Busy);
    let bare = |uri: &str| Request::post(uri).body(text("")).unwrap();
    let body = |length: usize| test.request("headers-1").body(text(&"x".repeat(length))).unwrap();
    let cases = [
        (&plain, with_method(bare(PATH), Method::GET), 405),
        (&plain, bare("/shop/none"), 404),
        (&plain, bare("/none"), 404),
        (&plain, bare(PATH), 403),
        (&plain, body(101), 413),
        (&plain, body(100), 400),
        (&failing, body(100), 500),
        (&busy.service(), busy.good("headers-2"), 503),
        (&plain, test.good("headers-3"), 200),
    ];
    for (service, request, status) in cases {
        let answer = send(service, request).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_common(&answer);
    }
}

#[tokio::test]
async fn a_valid_request_id_is_echoed_and_an_invalid_one_replaced() {
    let test = TestContext::new().await;
    let service = test.service();
    let valid = format!("trace.{}", "x".repeat(122));
    let echoed = send(&service, test.request(&valid).body(text("")).unwrap()).await;
    assert_eq!(echoed.headers["x-request-id"], valid.as_str());

    let long = "x".repeat(129);
    let mut seen = Vec::new();
    for bad in ["a b", "<script>", "a,b", "", long.as_str()] {
        let request = test.request(bad).body(text("")).unwrap();
        let id = send(&service, request).await.headers["x-request-id"].clone();
        let id = uuid::Uuid::parse_str(id.to_str().unwrap()).unwrap();
        assert!(!seen.contains(&id));
        seen.push(id);
    }
    let mut doubled = test.request("one").body(text("")).unwrap();
    doubled.headers_mut().append("x-request-id", HeaderValue::from_static("two"));
    let id = send(&service, doubled).await.headers["x-request-id"].clone();
    assert!(uuid::Uuid::parse_str(id.to_str().unwrap()).is_ok());
}

#[tokio::test]
async fn generated_ids_come_from_the_given_randomness() {
    #[derive(Debug)]
    struct Ones;
    impl repass_core::Randomness for Ones {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), repass_core::RandomnessError> {
            bytes.fill(0x11);
            Ok(())
        }
    }
    let test = TestContext::new().await;
    let mount = test.mount(Vendor::new("acme", "/v1/change"), "");
    let builder = PasswordService::builder(test.authenticator()).mount(mount);
    let service = builder.randomness(std::sync::Arc::new(Ones)).build().unwrap();
    let answer = send(&service, Request::post("/x").body(text("")).unwrap()).await;
    assert_eq!(answer.headers["x-request-id"], "11111111-1111-4111-9111-111111111111");
}

/// Proves RFC 9110.
#[tokio::test]
async fn head_answers_have_the_headers_and_no_body() {
    let test = TestContext::new().await;
    let request = |method| with_method(Request::new(text("")), method);
    let get = send(&test.service(), request(Method::GET)).await;
    let head = send(&test.service(), request(Method::HEAD)).await;
    assert_eq!((get.status, head.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(get.body, "acme not found /");
    assert_eq!(head.body, "");
    for name in ["content-length", "content-type", "cache-control", "x-content-type-options"] {
        assert_eq!(get.headers[name], head.headers[name]);
    }
}
