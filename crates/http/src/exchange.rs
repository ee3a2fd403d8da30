//! The way of one request through its mount, from its head to the answer.

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
use repass_core::{AccountId, Change, ChangeError, ChangeOutcome};
use repass_spec::{Call, Rejection, Reply};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::answer;
use crate::authenticate::{AuthenticateError, authenticate};
use crate::body::{BodyError, ReadBudget, RequestBody};
use crate::log::RequestLog;
use crate::mount::Mount;
use crate::outcome::Outcome;
use crate::panics::{guard, guard_async};
use crate::request_id::RequestId;
use crate::route::{RouteOutcome, Routed, bare_fault};
use crate::run_to_completion::RunToCompletion;
use crate::service::{BoxError, Shared};

/// Why a request ends before its change begins.
enum Ended {
    /// For this reason; the call has yet to write the answer.
    Rejected(Rejection),
    /// The call has written the answer.
    Answered(Reply),
}

impl From<Rejection> for Ended {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

const OVERLOADED: Rejection = Rejection::Unavailable { retry_after: Duration::from_secs(1) };

/// Answers a request that was routed.
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
    let log = RequestLog::begin(routed.mount.clone(), &parts.method, request_id.clone(), peer);
    let method = parts.method;
    let exchange = Exchange { mount: routed.mount, method, request_id, peer, log };
    let mut body = pin!(body);
    let mut body = RequestBody::new(body.as_mut(), &parts.headers);
    let is_plain = is_plain(&parts.headers);
    // The call has kept what it needs of the head.
    drop((parts.headers, parts.uri, parts.extensions));
    let mut response = match routed.outcome {
        RouteOutcome::Begun(mut call) => {
            let read = exchange.read(shared, &mut *call, is_plain, &mut body);
            match guard_async(read).await {
                Ok(Ok(change)) => return exchange.begin_change(shared, call, change).await,
                Ok(Err(Ended::Rejected(rejection))) => exchange.reject(&*call, rejection),
                Ok(Err(Ended::Answered(reply))) => exchange.end_unread(reply),
                Err(panicked) => {
                    exchange.log.panicked("read", &panicked);
                    exchange.reject(&*call, Rejection::Fault)
                }
            }
        }
        RouteOutcome::Answered(reply, outcome) => exchange.end(reply, outcome, None),
        RouteOutcome::Panicked(panicked) => {
            exchange.log.panicked("route", &panicked);
            exchange.end(bare_fault(), Rejection::Fault.code(), None)
        }
    };
    // HTTP/2 ends a stream without its connection.
    if parts.version < Version::HTTP_2
        // What panicked while it was read may panic again.
        && !guard_async(body.read_off()).await.unwrap_or(false)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// One request and what is known of it.
struct Exchange {
    mount: Arc<Mount>,
    method: Method,
    request_id: RequestId,
    peer: Option<IpAddr>,
    log: RequestLog,
}

impl Exchange {
    /// Everything before the change. Panics are the caller's to catch.
    async fn read<B>(
        &self,
        shared: &Shared,
        call: &mut dyn Call,
        is_plain: bool,
        body: &mut RequestBody<'_, B>,
    ) -> Result<Change, Ended>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let mut budget = ReadBudget::begin(&shared.reading).ok_or(OVERLOADED)?;
        let credentials = call.credentials();
        let caller = authenticate(&*shared.authenticator, self.mount.realm(), &credentials).await;
        let caller = caller.map_err(|error| self.unauthenticated(error))?;
        call.authorize(&caller).map_err(Ended::Answered)?;
        if !is_plain {
            return Err(Rejection::UnsupportedEncoding.into());
        }
        let body = body.read(shared.limits, &mut budget).await.map_err(|error| match error {
            BodyError::TooLarge => Rejection::BodyTooLarge,
            BodyError::Incomplete => Rejection::BodyIncomplete,
            BodyError::Overloaded => OVERLOADED,
        })?;
        let mut change = call.read(&body, caller).map_err(Ended::Answered)?;
        let context = &mut change.context;
        self.mount.spec().name().clone_into(&mut context.source);
        context.request_id = Some(self.request_id.as_str().to_owned());
        context.peer = self.peer.map(|peer| peer.to_string());
        Ok(change)
    }

    fn unauthenticated(&self, error: AuthenticateError) -> Rejection {
        match error {
            AuthenticateError::Missing(required) => Rejection::Unauthenticated(required),
            AuthenticateError::Store(error) => {
                let error = ChangeError::Store(error);
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
        change: Change,
    ) -> Response<Full<Bytes>> {
        // Bounded here, since a client that hangs up no longer counts at any connection.
        let Ok(room) = Arc::clone(&shared.room).try_acquire_owned() else {
            return self.reject(&*call, OVERLOADED);
        };
        // A client that hangs up drops this future. A change that was begun is ended, recorded and
        // logged all the same.
        let change = self.change(call, change, room).in_current_span();
        RunToCompletion::new(change, &shared.changes).await
    }

    /// The change itself, to its end and its answer.
    async fn change(
        self,
        call: Box<dyn Call>,
        change: Change,
        _room: OwnedSemaphorePermit,
    ) -> Response<Full<Bytes>> {
        let attempt = guard_async(self.mount.engine().attempt(change)).await;
        let ChangeOutcome { account, result, .. } = match attempt {
            Ok(outcome) => outcome,
            Err(panicked) => {
                self.log.panicked("change", &panicked);
                return self.reject(&*call, Rejection::Fault);
            }
        };
        let outcome = match &result {
            Ok(_) => "ok",
            Err(error) => {
                if is_failure_of_ours(error) {
                    self.log.fault(error);
                }
                error.code()
            }
        };
        match guard(|| call.respond(result.as_ref())) {
            Ok(reply) => self.end(reply, outcome, account),
            Err(panicked) => {
                self.log.panicked("respond", &panicked);
                self.reject(&*call, Rejection::Fault)
            }
        }
    }

    /// Answers in the vendor's shape; where not even that can be written, by an empty 500.
    fn reject(self, call: &dyn Call, rejection: Rejection) -> Response<Full<Bytes>> {
        match guard(|| call.reject(rejection)) {
            Ok(mut reply) => {
                if rejection == Rejection::UnsupportedEncoding {
                    // RFC 9110, 15.5.16.
                    let plain = HeaderValue::from_static("identity");
                    reply.headers_mut().insert(ACCEPT_ENCODING, plain);
                }
                self.end(reply, rejection.code(), None)
            }
            Err(panicked) => {
                self.log.panicked("reject", &panicked);
                self.end(bare_fault(), Rejection::Fault.code(), None)
            }
        }
    }

    /// Answers a request that the call would not read.
    fn end_unread(self, reply: Reply) -> Response<Full<Bytes>> {
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
        let mut response = answer::complete(reply, &self.method, &self.request_id);
        self.log.end(response.status(), code);
        response.extensions_mut().insert(Outcome {
            api: self.mount.name().to_owned(),
            vendor: self.mount.spec().name(),
            realm: self.mount.realm().clone(),
            code,
            account,
        });
        response
    }
}

/// Whether the body is as it says, without a content coding such as gzip.
fn is_plain(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

/// Whether an operator should hear of it: nobody outside did anything wrong.
const fn is_failure_of_ours(error: &ChangeError) -> bool {
    matches!(error, ChangeError::Store(_) | ChangeError::Hash(_) | ChangeError::Randomness(_))
}
