//! The admin listener: whether the process runs (`/healthz`), whether a change could be committed
//! (`/readyz`), and the metrics (`/metrics`).
//!
//! It has an address of its own, which need not be reachable from outside.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use repass_core::ErrorChain;
use repass_store::Store;
use tokio::sync::Semaphore;

use crate::head;
use crate::lingering::Lingering;
use crate::metrics::Sources;
use crate::sockets::Listeners;
use repass_config::tls::{self, Tls};

/// The time-out of a readiness check, a TLS handshake and a request head. A connection may take
/// four times as long.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The largest number of connections at one time.
const MAX_CONNECTIONS: usize = 64;

/// The state that the answers depend on.
#[derive(Clone)]
pub(crate) struct Probes {
    pub(crate) store: Store,
    /// Whether the server is shutting down.
    pub(crate) stopping: Arc<AtomicBool>,
    pub(crate) metrics: Arc<Sources>,
}

/// Serves until the task is aborted.
pub(crate) async fn serve(mut listeners: Listeners, tls: Option<Arc<Tls>>, probes: Probes) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // Above the limit, new connections wait in the kernel's queue.
        let permit = Arc::clone(&permits).acquire_owned().await;
        let stream = match listeners.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection to the admin listener could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (tls, probes) = (tls.clone(), probes.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let accepted = tls::accept(tls.as_deref(), Lingering::new(stream));
            // A client without TLS, or without a required certificate, gets no answer.
            let Ok(Ok(stream)) = tokio::time::timeout(TIMEOUT, accepted).await else { return };
            let service = service_fn(move |request| answer(request, probes.clone()));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(TIMEOUT)
                .keep_alive(false)
                .half_close(true)
                .serve_connection(TokioIo::new(stream), service);
            // An error affects only this client.
            let _ = tokio::time::timeout(4 * TIMEOUT, connection).await;
        });
    }
}

async fn answer<B>(
    request: Request<B>,
    probes: Probes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Err(refused) = head::check(&request) {
        return Ok(*refused);
    }
    let known = matches!(request.uri().path(), "/healthz" | "/metrics" | "/readyz");
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut answer = match request.uri().path() {
        _ if !known => {
            text(StatusCode::NOT_FOUND, "the paths are /healthz, /metrics and /readyz\n")
        }
        _ if !reads => {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            answer
        }
        "/healthz" => text(StatusCode::OK, "alive\n"),
        "/metrics" => match probes.metrics.scrape(request.headers()).await {
            Ok(answer) => answer.map(|body| Full::new(body.into())),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        },
        _ => probes.readiness().await,
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

impl Probes {
    async fn readiness(&self) -> Response<Full<Bytes>> {
        if self.stopping.load(Ordering::Relaxed) {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n");
        }
        if self.metrics.tls.iter().any(|(_, tls)| tls.expires().is_none()) {
            let reason = "certificate: none yet from the ACME server; see the log\n";
            return text(StatusCode::SERVICE_UNAVAILABLE, reason);
        }
        let result = match tokio::time::timeout(TIMEOUT, self.store.check_ready()).await {
            Ok(result) => result.map_err(|error| ErrorChain(&error).to_string()),
            Err(_) => Err("does not answer in time".to_owned()),
        };
        match result {
            Ok(()) => text(StatusCode::OK, "database: ok\n"),
            Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("database: {reason}\n")),
        }
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    answer
}
