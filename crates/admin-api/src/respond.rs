//! What all calls have in common: the request's id, the problem of an error, the log.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State as Shared};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONNECTION};
use axum::http::{HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use repass_core::SystemRandomness;
use repass_http::{Peer, RequestId, TraceParent, X_REQUEST_ID};
use tracing::Instrument;

use crate::access::Caller;
use crate::body::MAX_BODY;
use crate::problem::Problem;
use crate::state::State;

/// The outcome of a call, as an extension of every response, for an application's own metrics: `ok`,
/// the code of the problem, or the code of a refused sign-in. Beside it is the [`MatchedPath`], if
/// there is such a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome(pub &'static str);

/// Runs the call to its end, even if the client disconnects, and completes its response.
pub(crate) async fn respond(
    Shared(state): Shared<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let request_id = RequestId::from_headers(request.headers(), &SystemRandomness);
    let trace_parent = TraceParent::from_headers(request.headers());
    let method = request.method().clone();
    let peer = Peer::address(request.extensions());
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(request_id.clone());
    let caller = Arc::new(OnceLock::<Caller>::new());
    request.extensions_mut().insert(Arc::clone(&caller));
    let may_close = request.version() < Version::HTTP_2;
    let is_long = request.body().size_hint().upper().is_none_or(|length| length > MAX_BODY as u64);
    let span = tracing::error_span!("call", api = "admin", request_id = request_id.as_str());
    let call = state.tasks.spawn(next.run(request).instrument(span));
    let mut response = match call.await {
        Ok(response) => response,
        // The panic hook has logged it.
        Err(_) => Problem::new("fault", "see the server's log for the request id").into_response(),
    };
    let caller = caller.get();
    let problem = response.extensions_mut().remove::<Problem>();
    // A refused sign-in is an answer with a code, and not a problem.
    let answered = response.extensions().get::<Outcome>().map_or("ok", |own| own.0);
    let problem_code = problem.as_ref().map(Problem::code);
    let outcome = problem_code.unwrap_or(answered);
    if let Some(mut problem) = problem {
        request_id.as_str().clone_into(&mut problem.request_id);
        let allow = response.headers_mut().remove(ALLOW);
        response = problem.render();
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
    }
    response.extensions_mut().insert(Outcome(outcome));
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, request_id.header());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A long body was not read to its end, so the connection cannot be used again (RFC 9112, 9.3).
    let is_refused = is_long && problem_code.is_some();
    if may_close && (is_refused || response.status() == StatusCode::REQUEST_TIMEOUT) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    tracing::info!(
        target: "repass::request",
        api = "admin",
        realm = caller.map(|caller| caller.realm.as_str()),
        key = caller.map(|caller| tracing::field::display(caller.key.0)),
        route = route.as_ref().map(MatchedPath::as_str),
        %method,
        status = response.status().as_u16(),
        outcome,
        duration_ms = started.elapsed().as_millis() as u64,
        request_id = request_id.as_str(),
        trace_id = trace_parent.as_ref().map(TraceParent::trace_id),
        peer = peer.map(tracing::field::display),
        "answered"
    );
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}
