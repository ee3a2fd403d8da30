//! The spans of requests, which the feature `otlp` exports. They have no secret and nothing of an
//! account.
//!
//! All spans have the target `repass::trace`, which the log leaves out. Those of the hasher and the
//! stores are made where these count and time their work.

#[cfg(feature = "otlp")]
mod export;

use axum::extract::MatchedPath;
#[cfg(feature = "otlp")]
pub(crate) use export::Traces;
use http::{Method, Request, Response};
use tracing::Span;
use tracing::field::Empty;

use crate::metrics;

/// The target of all spans.
pub(crate) const TARGET: &str = "repass::trace";

/// The methods of RFC 9110 and 5789. Others can be any text.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];

/// Begins the span of a request, below the span that its `traceparent` names.
pub(crate) fn request<B>(request: &Request<B>) -> Span {
    let span = tracing::trace_span!(
        target: TARGET,
        "request",
        otel.name = Empty,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
        repass.api = Empty,
        repass.outcome = Empty,
    );
    #[cfg(feature = "otlp")]
    export::set_parent(&span, request.headers());
    if !span.is_disabled() {
        let method = METHODS.iter().find(|method| *method == request.method());
        let method = method.map_or("_OTHER", Method::as_str);
        span.record("http.request.method", method).record("otel.name", method);
    }
    span
}

/// Completes the span with the answer.
pub(crate) fn answered<B>(span: &Span, response: &Response<B>) {
    if span.is_disabled() {
        return;
    }
    let (api, outcome) = metrics::outcome(response);
    span.record("repass.api", api).record("repass.outcome", outcome);
    if let Some(route) = route(response) {
        span.record("http.route", route);
    }
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// Returns the template of the path.
fn route<B>(response: &Response<B>) -> Option<&str> {
    let extensions = response.extensions();
    match extensions.get::<repass_http::Outcome>() {
        Some(outcome) => outcome.route.as_deref(),
        None => extensions.get().map(MatchedPath::as_str),
    }
}

/// Without the feature `otlp` nothing is exported.
#[cfg(not(feature = "otlp"))]
pub(crate) struct Traces;

#[cfg(not(feature = "otlp"))]
impl Traces {
    pub(crate) fn start(
        _: Option<&repass_config::TracesConfig>,
    ) -> Result<Self, std::convert::Infallible> {
        Ok(Self)
    }

    pub(crate) fn layer(&self) -> tracing_subscriber::layer::Identity {
        tracing_subscriber::layer::Identity::new()
    }

    pub(crate) async fn end(self) {}
}
