//! The export of traces to a collector.

use http::Method;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use prost::Message;
use repass_tests::{FIRST_PASSWORD, Server, ServerBuilder};

use crate::outbox::receiver::Receiver;
use crate::test_context::{NEW, TestContext};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A server that exports to this port, without waiting for more spans.
fn exporting(port: u16) -> ServerBuilder {
    let builder = Server::builder().tables(&format!(
        "[traces]\nendpoint = 'http://127.0.0.1:{port}/v1/traces'\nheaders_file = 'headers'\n\
         service_name = 'shop'\nsampling = 0\n"
    ));
    std::fs::write(builder.folder().join("headers"), "authorization: Bearer hunter2\n").unwrap();
    builder.variable("OTEL_BSP_SCHEDULE_DELAY", "20")
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match &found.value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => Some(text.clone()),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

/// Receives exports until there is the span of a request.
async fn received(collector: &mut Receiver) -> (Vec<Span>, Vec<u8>) {
    let (mut spans, mut bytes) = (Vec::new(), Vec::new());
    while !spans.iter().any(|span: &Span| attribute(&span.attributes, "repass.api").is_some()) {
        let hook = collector.next().await;
        assert_eq!(hook.path, "/v1/traces");
        assert_eq!(hook.header("content-type"), "application/x-protobuf");
        assert_eq!(hook.header("authorization"), "Bearer hunter2");
        bytes.extend_from_slice(&hook.body);
        let export = ExportTraceServiceRequest::decode(&hook.body[..]).unwrap();
        for of_resource in export.resource_spans {
            let resource = of_resource.resource.unwrap();
            assert_eq!(attribute(&resource.attributes, "service.name").unwrap(), "shop");
            let found = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(found);
        }
        hook.answer(200);
    }
    (spans, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_a_child_of_the_callers_span_and_has_no_secret() {
    let mut collector = Receiver::start().await;
    let test = TestContext::open("zap", exporting(collector.address.port())).await;
    // Without the flag of the caller nothing is sampled.
    assert_eq!(test.client.send(Method::GET, &test.good.path, &[], "").await.status, 405);
    let good = test.good.with("traceparent", Some(&format!("00-{TRACE}-{PARENT}-01")));
    assert_eq!(test.send(&good).await.status, 200);
    let (spans, bytes) = received(&mut collector).await;
    let requests: Vec<&Span> =
        spans.iter().filter(|span| hex(&span.parent_span_id) == PARENT).collect();
    let [request] = requests[..] else { panic!("{spans:?}") };
    assert_eq!(request.name, "POST");
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/changePassword"),
        ("http.response.status_code", "200"),
        ("repass.api", "zap"),
        ("repass.outcome", "ok"),
    ] {
        assert_eq!(attribute(&request.attributes, key).as_deref(), Some(value), "{key}");
    }
    assert_ne!(request.status.clone().unwrap_or_default().code, StatusCode::Error as i32);
    for span in &spans {
        assert_eq!(hex(&span.trace_id), TRACE);
        let is_child = span.parent_span_id == request.span_id && span.attributes.is_empty();
        assert!(is_child || span == request, "{span:?}");
    }
    for name in ["verify", "hash", "store.read", "store.write"] {
        assert!(spans.iter().any(|span| span.name == name), "{name}: {spans:?}");
    }
    let account = test.last_attempt().await.account.unwrap().to_string();
    let token = good.headers.iter().find(|(name, _)| name == "authorization").unwrap();
    let token = token.1.trim_start_matches("Bearer ");
    let bytes = String::from_utf8_lossy(&bytes);
    for secret in [NEW, FIRST_PASSWORD, token, test.user_id, &account] {
        assert!(!bytes.contains(secret), "{secret}");
    }
    let log = test.server.stop().await.log;
    assert!(!log.contains("repass::trace") && !log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_disturbs_no_request_and_is_logged_once() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let test = TestContext::open("zap", exporting(unused.port())).await;
    let good = test.good.with("traceparent", Some(&format!("00-{TRACE}-{PARENT}-01")));
    assert_eq!(test.send(&good).await.status, 200);
    test.server.logged("traces cannot be exported").await;
    for _ in 0..50 {
        assert!(test.send(&good).await.status.is_client_error());
    }
    let stopped = test.server.stop().await;
    assert_eq!(stopped.status.code(), Some(0));
    assert_eq!(stopped.log.matches("traces cannot be exported").count(), 1, "{}", stopped.log);
}
