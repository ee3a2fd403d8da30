//! The way of one request through a mount, from routing to the answer.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};
use http_body::Body;
use http_body_util::Full;
use repass_core::{Caller, Change, ChangeError};
use repass_spec::{Head, Refusal, Reply, Spec, reply};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::answer;
use crate::authenticate::{AuthenticateError, authenticate};
use crate::body::{BodyError, RequestBody};
use crate::log::RequestLog;
use crate::panics::{guard, guard_async};
use crate::request_id::RequestId;
use crate::route::{Mounted, Verdict, below};
use crate::service::{BoxError, Shared};
use crate::to_its_end::ToItsEnd;

/// One request and what is known of it.
pub(crate) struct Exchange {
    mounted: Arc<Mounted>,
    prefix_length: usize,
    parts: Parts,
    request_id: RequestId,
    peer: Option<IpAddr>,
    log: RequestLog,
}

/// Why a request never became a change.
enum Halt<'a> {
    /// For this reason; the spec has yet to write the answer.
    Refused(Refusal<'a>),
    /// The spec has written the answer.
    Answered(Reply),
}

impl Exchange {
    pub(crate) fn begin(
        mounted: Arc<Mounted>,
        prefix_length: usize,
        parts: Parts,
        request_id: RequestId,
        peer: Option<IpAddr>,
    ) -> Self {
        let realm = mounted.mount.realm.clone();
        let log = RequestLog::begin(mounted.name, realm, &parts.method, request_id.clone(), peer);
        Self { mounted, prefix_length, parts, request_id, peer, log }
    }

    pub(crate) async fn run<B>(
        self,
        shared: &Shared,
        verdict: Verdict,
        body: B,
    ) -> Response<Full<Bytes>>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let version = self.parts.version;
        let mut body = pin!(body);
        let mut body = RequestBody::new(body.as_mut(), &self.parts.headers);
        let mut answer = match guard_async(self.prepare(shared, &verdict, &mut body)).await {
            Ok(Ok(change)) => return self.begin_change(shared, change).await,
            Ok(Err(Halt::Refused(refusal))) => self.refuse(refusal),
            Ok(Err(Halt::Answered(reply))) => self.end_unread(reply),
            Err(panicked) => {
                self.log.panicked("prepare", &panicked);
                self.refuse(Refusal::Fault)
            }
        };
        // HTTP/2 ends a stream without its connection.
        if version < Version::HTTP_2
            // What panicked while it was read may panic again.
            && !guard_async(body.read_off()).await.unwrap_or(false)
        {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    async fn begin_change(self, shared: &Shared, change: Change) -> Response<Full<Bytes>> {
        // Bounded here, since a client that hangs up no longer counts at any connection.
        let Ok(room) = Arc::clone(&shared.room).try_acquire_owned() else {
            return self.refuse(Refusal::Unavailable { retry_after: Duration::from_secs(1) });
        };
        // A client that hangs up drops this future. A change that was begun is ended, recorded and
        // logged all the same.
        ToItsEnd::new(self.change(change, room).in_current_span(), &shared.changes).await
    }

    /// Everything before the change. Panics are the caller's to catch.
    async fn prepare<'v, B>(
        &self,
        shared: &Shared,
        verdict: &'v Verdict,
        body: &mut RequestBody<'_, B>,
    ) -> Result<Change, Halt<'v>>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        match verdict {
            Verdict::Here => {}
            Verdict::OtherMethod { allow } => {
                return Err(Halt::Refused(Refusal::MethodNotAllowed { allow }));
            }
            Verdict::NotFound => return Err(Halt::Refused(Refusal::NotFound)),
            Verdict::Panicked(panicked) => {
                self.log.panicked("route", panicked);
                return Err(Halt::Refused(Refusal::Fault));
            }
        }
        let Ok(_reading) = shared.requests.try_acquire() else {
            return Err(Halt::Refused(Refusal::Unavailable {
                retry_after: Duration::from_secs(1),
            }));
        };
        let caller = self.authenticate(shared).await?;
        self.spec().admit(&self.head(), &caller).map_err(Halt::Answered)?;
        if !is_plain(&self.parts.headers) {
            return Err(Halt::Refused(Refusal::UnsupportedEncoding));
        }
        let body = body.read(shared.limits).await.map_err(|error| {
            Halt::Refused(match error {
                BodyError::TooLarge => Refusal::BodyTooLarge,
                BodyError::Incomplete => Refusal::BodyIncomplete,
            })
        })?;
        let change = self.spec().read(&self.head(), &body, &caller).map_err(Halt::Answered)?;
        Ok(self.with_context(change))
    }

    async fn authenticate(&self, shared: &Shared) -> Result<Caller, Halt<'static>> {
        let realm = &self.mounted.mount.realm;
        let credentials = self.spec().credentials(&self.head());
        let result = authenticate(&shared.authenticator, realm, &credentials).await;
        result.map_err(|error| {
            Halt::Refused(match error {
                AuthenticateError::Unmet(demand) => Refusal::Unauthenticated(demand),
                AuthenticateError::Store(error) => {
                    let error = ChangeError::Store(error);
                    self.log.fault(&error);
                    match error.unavailable() {
                        Some(retry_after) => Refusal::Unavailable { retry_after },
                        None => Refusal::Fault,
                    }
                }
            })
        })
    }

    /// Fills in what the service knows and a spec does not.
    fn with_context(&self, mut change: Change) -> Change {
        let context = &mut change.context;
        if context.source.is_empty() {
            self.mounted.name.clone_into(&mut context.source);
        }
        context.request_id = Some(self.request_id.as_str().to_owned());
        context.peer = self.peer.map(|peer| peer.to_string());
        change
    }

    /// The change itself, to its end and its answer.
    async fn change(self, change: Change, _room: OwnedSemaphorePermit) -> Response<Full<Bytes>> {
        let context = change.context.clone();
        let result = match guard_async(self.mounted.mount.changer.change(change)).await {
            Ok(result) => result,
            Err(panicked) => {
                self.log.panicked("change", &panicked);
                return self.refuse(Refusal::Fault);
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
        match guard(|| self.spec().write(&self.head(), &context, result.as_ref())) {
            Ok(reply) => self.end(reply, outcome),
            Err(panicked) => {
                self.log.panicked("write", &panicked);
                self.refuse(Refusal::Fault)
            }
        }
    }

    /// Answers in the vendor's shape; where not even that can be written, by an empty 500.
    fn refuse(self, refusal: Refusal<'_>) -> Response<Full<Bytes>> {
        match guard(|| self.spec().refuse(&self.head(), refusal)) {
            Ok(mut reply) => {
                if refusal == Refusal::UnsupportedEncoding {
                    // RFC 9110, 15.5.16.
                    reply
                        .headers_mut()
                        .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
                }
                self.end(reply, outcome_of(refusal))
            }
            Err(panicked) => {
                self.log.panicked("refuse", &panicked);
                self.end(reply::empty(StatusCode::INTERNAL_SERVER_ERROR), "fault")
            }
        }
    }

    /// Answers a request that the spec would not read.
    fn end_unread(self, reply: Reply) -> Response<Full<Bytes>> {
        let outcome = if reply.status().is_server_error() { "fault" } else { "invalid-request" };
        self.end(reply, outcome)
    }

    fn end(self, reply: Reply, outcome: &'static str) -> Response<Full<Bytes>> {
        let answer = answer::complete(reply, &self.parts.method, &self.request_id);
        self.log.end(answer.status(), outcome);
        answer
    }

    fn spec(&self) -> &dyn Spec {
        &*self.mounted.mount.spec
    }

    fn head(&self) -> Head<'_> {
        Head {
            parts: &self.parts,
            path: below(self.parts.uri.path(), self.prefix_length),
            realm: &self.mounted.mount.realm,
            request_id: self.request_id.as_str(),
            peer: self.peer,
        }
    }
}

/// Whether the body is as it says, without a content coding such as gzip.
fn is_plain(headers: &HeaderMap) -> bool {
    let codings = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings
        .map(<[u8]>::trim_ascii)
        .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

/// Whether an operator should hear of it: nobody outside did anything wrong.
const fn is_failure_of_ours(error: &ChangeError) -> bool {
    matches!(error, ChangeError::Store(_) | ChangeError::Hash(_) | ChangeError::Randomness(_))
}

const fn outcome_of(refusal: Refusal<'_>) -> &'static str {
    match refusal {
        Refusal::NotFound => "not-found",
        Refusal::MethodNotAllowed { .. } => "method-not-allowed",
        Refusal::Unauthenticated(_) => "unauthenticated",
        Refusal::UnsupportedEncoding => "unsupported-encoding",
        Refusal::BodyTooLarge => "too-large",
        Refusal::BodyIncomplete => "incomplete",
        Refusal::Unavailable { .. } => "unavailable",
        Refusal::Fault => "fault",
        _ => "refused",
    }
}
