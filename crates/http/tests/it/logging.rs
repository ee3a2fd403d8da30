//! One log line per request, without secrets.

use http::{HeaderValue, Request};

use crate::capture;
use crate::test_context::{HashBehavior, TestContext, send, text};
use crate::vendor::{Step, Vendor};

const WRONG: &str = "Wrong-Heron-of-Basalt-99";
const IN_QUERY: &str = "Query-Otter-on-Granite-66";

#[tokio::test]
async fn a_line_has_exactly_the_documented_fields() {
    let test = TestContext::new().await;
    let mut good = test.good("log-1");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = HeaderValue::try_from(format!("00-{trace}-00f067aa0ba902b7-01")).unwrap();
    good.headers_mut().insert("traceparent", parent);
    send(&test.service(), good).await;
    let line = capture::line_of("log-1");
    assert!(line["duration_ms"].is_u64());
    for (field, value) in [
        ("api", "acme"),
        ("vendor", "acme"),
        ("realm", "test"),
        ("route", "/shop/v1/change"),
        ("trace_id", trace),
        ("account", "00000000-0000-0000-0000-000000000007"),
        ("method", "POST"),
        ("outcome", "ok"),
        ("request_id", "log-1"),
        ("peer", "192.0.2.7"),
    ] {
        assert_eq!(line[field], value);
    }
    assert_eq!(line["status"], 200);
    let mut fields: Vec<&String> = line.as_object().unwrap().keys().collect();
    fields.sort();
    let expected = [
        "account",
        "api",
        "duration_ms",
        "message",
        "method",
        "outcome",
        "peer",
        "realm",
        "request_id",
        "route",
        "status",
        "trace_id",
        "vendor",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn a_generated_request_id_is_in_the_line_and_in_the_response() {
    let test = TestContext::new().await;
    let request = Request::post("/shop/x").body(text("")).unwrap();
    let answer = send(&test.service(), request).await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(capture::line_of(id)["status"], 404);
}

/// Proves ASVS 16.2.5.
#[tokio::test]
async fn asvs_16_2_5_no_secret_is_ever_logged() {
    let test = TestContext::new().await;
    let bodies = [
        format!("{WRONG}\n{WRONG}"),
        format!("{WRONG} and no second line"),
        format!("{}\n{WRONG}", crate::test_context::OLD),
    ];
    let steps =
        [Step::Begin, Step::Credentials, Step::Authorize, Step::Read, Step::Respond, Step::Reject];
    let mut services = vec![test.service()];
    for step in steps {
        let panics = [Step::Read, step];
        services.push(test.service_of(Vendor::new("acme", "/v1/change").panicking(&panics)));
        services.push(test.service_of(Vendor::new("acme", "/v1/change").panicking(&[step])));
    }
    for behavior in [HashBehavior::Panics, HashBehavior::Fails, HashBehavior::Busy] {
        let other = TestContext::new().await.with_hasher(behavior);
        send(&other.service(), other.good(&format!("log-2-{behavior:?}"))).await;
        assert_no_secrets(&other);
    }
    for (number, service) in services.iter().enumerate() {
        for (which, body) in bodies.iter().enumerate() {
            let id = format!("log-3-{number}-{which}");
            let mut request = test.request(&id).body(text(body)).unwrap();
            let uri = format!("/shop/v1/change?password={IN_QUERY}");
            *request.uri_mut() = uri.parse().unwrap();
            send(service, request).await;
            capture::line_of(&id);

            let id = format!("log-4-{number}-{which}");
            let mut stranger = test.request(&id).body(text(body)).unwrap();
            let wrong = HeaderValue::from_static(WRONG);
            stranger.headers_mut().insert("x-key", wrong);
            send(service, stranger).await;
            capture::line_of(&id);
        }
    }
    assert_no_secrets(&test);
}

fn assert_no_secrets(test: &TestContext) {
    let logged = capture::everything();
    let secrets = [
        crate::test_context::OLD,
        crate::test_context::NEW,
        WRONG,
        IN_QUERY,
        test.key.expose(),
        test.token.expose(),
        // Not secret, but the user id must not be logged.
        "pat-7",
    ];
    for secret in secrets {
        assert!(!logged.contains(secret), "{secret} was logged");
    }
    assert!(logged.contains("panicked"));
}
