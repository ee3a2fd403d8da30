//! Runs one request on its mount, from the head to the response.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, Version};
use http_body::Body;
use http_body_util::Full;
use repass_core::{AccountId, Caller, Change, ChangeError, ChangeOutcome, Changed};
use repass_spec::{Call, Rejection, Reply};
use tracing::Instrument;

use crate::admission::Permit;
use crate::authenticate::{AuthenticateError, authenticate};
use crate::body::{BodyError, RequestBody};
use crate::fair_queue::Source;
use crate::log::RequestLog;
use crate::mount::Mount;
use crate::outcome::Outcome;
use crate::panics::{guard, guard_async};
use crate::reading::ReadBudget;
use crate::request_id::RequestId;
use crate::response::into_response;
use crate::route::{RouteOutcome, Routed, empty_500};
use crate::run_to_completion::RunToCompletion;
use crate::service::{BoxError, Shared};

/// Why a request ends before its change begins.
enum EarlyEnd {
    /// `Call::reject` writes the reply.
    Rejected(Rejection),
    /// The call has returned its reply.
    Answered(Reply),
}

impl From<Rejection> for EarlyEnd {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// When an overloaded server may have room again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

const OVERLOADED: Rejection = Rejection::Unavailable { retry_after: RETRY_AFTER };

/// Answers a routed request.
pub(crate) async fn run<B>(
    shared: &Shared,
    routed: Routed,
    parts: Parts,
    request_id: RequestId,
    peer: Option<IpAddr>,
    body: B,
) -> Response<Full<Bytes>>
where
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let mut log = RequestLog::begin(routed.mount.clone(), &parts, request_id.clone(), peer);
    match &routed.outcome {
        RouteOutcome::Matched(call) => log.route(guard(|| call.route()).unwrap_or_default()),
        RouteOutcome::NotFound(_) => log.unknown_path(parts.uri.path()),
        RouteOutcome::MethodNotAllowed(_) | RouteOutcome::Panicked(_) => {}
    }
    let method = parts.method;
    let exchange = Exchange { mount: routed.mount, method, request_id, peer, log };
    let mut body = pin!(body);
    let mut body = RequestBody::new(body.as_mut(), &parts.headers);
    let is_unencoded = is_unencoded(&parts.headers);
    // Not needed any more: the call has parsed the head.
    drop((parts.headers, parts.uri, parts.extensions));
    let mut response = match routed.outcome {
        RouteOutcome::Matched(mut call) => {
            let read = exchange.read(shared, &mut *call, is_unencoded, &mut body);
            match guard_async(read).await {
                Ok(Ok(read)) => return exchange.begin_change(shared, call, read).await,
                Ok(Err(EarlyEnd::Rejected(rejection))) => exchange.reject(&*call, rejection),
                Ok(Err(EarlyEnd::Answered(reply))) => exchange.end_invalid(reply),
                Err(panicked) => {
                    exchange.log.panicked("read", &panicked);
                    exchange.reject(&*call, Rejection::Fault)
                }
            }
        }
        RouteOutcome::MethodNotAllowed(reply) => exchange.end(reply, "method-not-allowed", None),
        RouteOutcome::NotFound(reply) => exchange.end(reply, "not-found", None),
        RouteOutcome::Panicked(panicked) => {
            exchange.log.panicked("route", &panicked);
            exchange.end(empty_500(), Rejection::Fault.code(), None)
        }
    };
    // HTTP/2 ends a stream without closing its connection.
    if parts.version < Version::HTTP_2
        // A body that panicked may panic again.
        && !guard_async(body.drain()).await.unwrap_or(false)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A change that waits for its turn, with the memory that it has reserved until then.
struct ReadChange<'a> {
    change: Change,
    source: Source,
    budget: ReadBudget<'a>,
}

/// One request after routing.
struct Exchange {
    mount: Arc<Mount>,
    method: Method,
    request_id: RequestId,
    peer: Option<IpAddr>,
    log: RequestLog,
}

impl Exchange {
    /// Authenticates and authorizes the caller and reads the body. Does not catch panics.
    async fn read<'a, B>(
        &self,
        shared: &'a Shared,
        call: &mut dyn Call,
        is_unencoded: bool,
        body: &mut RequestBody<'_, B>,
    ) -> Result<ReadChange<'a>, EarlyEnd>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let mut budget = ReadBudget::for_head(&shared.reading, self.peer).ok_or(OVERLOADED)?;
        let credentials = call.credentials();
        let authenticator = self.mount.authenticator().unwrap_or(&*shared.authenticator);
        let caller = authenticate(authenticator, self.mount.realm(), &credentials).await;
        let caller = caller.map_err(|error| self.unauthenticated(error))?;
        let is_authenticated = caller != Caller::anonymous();
        call.authorize(&caller).map_err(EarlyEnd::Answered)?;
        if !is_unencoded {
            return Err(Rejection::UnsupportedEncoding.into());
        }
        let body = body.read(shared.limits, &mut budget).await.map_err(|error| match error {
            BodyError::TooLarge => Rejection::BodyTooLarge,
            BodyError::Incomplete => Rejection::BodyIncomplete,
            BodyError::Overloaded => OVERLOADED,
        })?;
        let mut change = call.read(&body, caller).map_err(EarlyEnd::Answered)?;
        let context = &mut change.context;
        self.mount.spec().name().clone_into(&mut context.source);
        context.request_id = Some(self.request_id.as_str().to_owned());
        context.peer = self.peer.map(|peer| peer.to_string());
        context.traceparent = self.log.trace_parent().map(|own| own.as_str().to_owned());
        let source = Source::new(self.mount.name(), is_authenticated, self.peer);
        Ok(ReadChange { change, source, budget })
    }

    fn unauthenticated(&self, error: AuthenticateError) -> Rejection {
        match error {
            AuthenticateError::Rejected(required) => Rejection::Unauthenticated(required),
            AuthenticateError::Failed(error) => {
                self.log.fault(&error);
                match error.unavailable() {
                    Some(retry_after) => Rejection::Unavailable { retry_after },
                    None => Rejection::Fault,
                }
            }
        }
    }

    async fn begin_change(
        self,
        shared: &Shared,
        call: Box<dyn Call>,
        read: ReadChange<'_>,
    ) -> Response<Full<Bytes>> {
        let ReadChange { change, source, budget } = read;
        let Some(permit) = shared.admission.admit(source).await else {
            let busy = ChangeError::Busy { retry_after: RETRY_AFTER };
            return self.respond(&*call, Err(&busy), None);
        };
        drop(budget);
        // This future is dropped when the client disconnects; the change must still be completed,
        // recorded and logged.
        let change = self.change(call, change, permit).in_current_span();
        RunToCompletion::new(change, &shared.changes).await
    }

    /// Makes the change and answers it.
    async fn change(
        self,
        call: Box<dyn Call>,
        change: Change,
        _permit: Permit,
    ) -> Response<Full<Bytes>> {
        let attempt = guard_async(self.mount.engine().attempt(change)).await;
        match attempt {
            Ok(ChangeOutcome { account, result, .. }) => {
                self.respond(&*call, result.as_ref(), account)
            }
            Err(panicked) => {
                self.log.panicked("change", &panicked);
                self.reject(&*call, Rejection::Fault)
            }
        }
    }

    fn respond(
        self,
        call: &dyn Call,
        result: Result<&Changed, &ChangeError>,
        account: Option<AccountId>,
    ) -> Response<Full<Bytes>> {
        if let Err(error) = result
            && is_internal(error)
        {
            self.log.fault(error);
        }
        match guard(|| call.respond(result)) {
            Ok(reply) => self.end(reply, result.map_or_else(ChangeError::code, |_| "ok"), account),
            Err(panicked) => {
                self.log.panicked("respond", &panicked);
                self.reject(call, Rejection::Fault)
            }
        }
    }

    /// Answers in the vendor's format, or with an empty 500 if the vendor's code panics.
    fn reject(self, call: &dyn Call, rejection: Rejection) -> Response<Full<Bytes>> {
        match guard(|| call.reject(rejection)) {
            Ok(mut reply) => {
                if rejection == Rejection::UnsupportedEncoding {
                    // RFC 9110, 15.5.16.
                    let identity = HeaderValue::from_static("identity");
                    reply.headers_mut().insert(ACCEPT_ENCODING, identity);
                }
                self.end(reply, rejection.code(), None)
            }
            Err(panicked) => {
                self.log.panicked("reject", &panicked);
                self.end(empty_500(), Rejection::Fault.code(), None)
            }
        }
    }

    /// Answers a request that the call refused by its head or body.
    fn end_invalid(self, reply: Reply) -> Response<Full<Bytes>> {
        let is_fault = reply.status().is_server_error();
        let outcome = if is_fault { Rejection::Fault.code() } else { "invalid-request" };
        self.end(reply, outcome, None)
    }

    fn end(
        self,
        reply: Reply,
        code: &'static str,
        account: Option<AccountId>,
    ) -> Response<Full<Bytes>> {
        let mut response = into_response(reply, &self.method, &self.request_id);
        let route = self.log.end(response.status(), code, account);
        response.extensions_mut().insert(Outcome {
            api: self.mount.name().to_owned(),
            vendor: self.mount.spec().name(),
            realm: self.mount.realm().clone(),
            route,
            code,
            account,
        });
        response
    }
}

/// Whether the body has no content coding such as gzip.
fn is_unencoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

/// Whether the error is a failure of this system, which operators must see.
const fn is_internal(error: &ChangeError) -> bool {
    matches!(
        error,
        ChangeError::Store(_)
            | ChangeError::CompromisedUnavailable(_)
            | ChangeError::Hash(_)
            | ChangeError::Randomness(_)
    )
}
