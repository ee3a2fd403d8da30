//! What all requests have in common: the headers, the cookie, the log.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State as Shared};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode, Version};
use axum::middleware::Next;
use axum::response::Response;
use repass_core::AccountId;
use repass_http::{BodyError, TraceParent, X_REQUEST_ID, read_body};
use tracing::Instrument;

use crate::forgery;
use crate::page::PageKind;
use crate::state::State;
use crate::visit::Visit;

/// The outcome of a request, as an extension of every response, for an application's own metrics.
/// Beside it is the [`MatchedPath`], if there is such a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// As in the log; see the front page of this crate.
    pub code: &'static str,
    /// The account of a change, if it was found. Do not disclose it to callers.
    pub account: Option<AccountId>,
}

/// The outcome, as a handler returns it.
#[derive(Clone, Copy)]
pub(crate) struct Code(pub(crate) &'static str);

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The headers of every response that does not have them. With `no-referrer`, browsers would send
/// `Origin: null` with our own forms.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The longest body: a name, two passwords of the greatest length in percent-encoding, and more.
const MAX_BODY: usize = 64 * 1024;

/// Reads the body, runs the request to its end, even if the client disconnects, and completes its response.
pub(crate) async fn respond(
    Shared(state): Shared<State>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let options = &state.shared.options;
    let (mut parts, body) = request.into_parts();
    let (visit, failure) = Visit::new(&parts, &options.base_url, state.engine.randomness());
    let method = parts.method.clone();
    let route = parts.extensions.get::<MatchedPath>().cloned();
    parts.extensions.insert(visit.clone());
    let version = parts.version;
    let body = read_body(&parts.headers, body, MAX_BODY, options.body_timeout).await;
    let mut response = match (failure, body) {
        (Some(failure), _) => state.failed(&visit, state.page(PageKind::Error, &visit), &failure),
        (None, Ok(body)) => {
            parts.extensions.insert(Arc::new(body));
            let request = Request::from_parts(parts, axum::body::Body::empty());
            // The panic hook logs a panic.
            state.tasks.spawn(next.run(request).in_current_span()).await.unwrap_or_else(|_| {
                state.refuse(&visit, StatusCode::INTERNAL_SERVER_ERROR, "fault", "fault")
            })
        }
        (None, Err(error)) => {
            let mut refused = match error {
                BodyError::TooLarge => {
                    state.refuse(&visit, StatusCode::PAYLOAD_TOO_LARGE, "too-large", "too-large")
                }
                _ => state.refuse(
                    &visit,
                    StatusCode::REQUEST_TIMEOUT,
                    "invalid-request",
                    "malformed",
                ),
            };
            // HTTP/2 ends a stream without closing its connection.
            if version < Version::HTTP_2 {
                refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            refused
        }
    };
    let code = match response.extensions_mut().remove::<Code>() {
        Some(Code(code)) => code,
        // The router's own answer, which is for nobody but programs.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        None => "invalid-request",
    };
    let account = visit.account.get().copied();
    response.extensions_mut().insert(Outcome { code, account });
    complete(response.headers_mut(), &visit, options);
    tracing::info!(
        target: "repass::request",
        api = "pages",
        realm = options.realm.as_str(),
        route = route.as_ref().map(MatchedPath::as_str),
        %method,
        status = response.status().as_u16(),
        outcome = code,
        account = account.map(tracing::field::display),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request_id = visit.request_id.as_str(),
        trace_id = visit.trace_parent.as_ref().map(TraceParent::trace_id),
        peer = visit.peer.map(tracing::field::display),
        "answered"
    );
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

fn complete(headers: &mut HeaderMap, visit: &Visit, options: &crate::Options) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(X_REQUEST_ID, visit.request_id.header());
    if options.base_url.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    let is_page =
        headers.get(CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    if is_page
        && visit.is_new
        && !visit.form_token.is_empty()
        && let Some(cookie) = forgery::set_cookie(&visit.form_token, &options.base_url)
    {
        headers.insert(SET_COOKIE, cookie);
    }
}
