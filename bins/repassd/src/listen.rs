//! Accepts connections and limits each of them.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use repass_admin_api::AdminApi;
use repass_http::{BoxError, Peer, Proxy, client_network};
use tokio::sync::mpsc;
use tokio_io_timeout::TimeoutStream;
use tower::Service;
use tracing::Instrument;

use crate::activity::{ActiveRequest, Tracker, idle};
use crate::head;
use crate::lingering::Lingering;
use crate::metrics::Metrics;
use crate::proxies;
use crate::slots::{Slot, Slots};
use crate::sockets::{Listeners, Stream};
use crate::traces;
use repass_config::tls::{self, Tls};
use repass_config::{ServerLimits, TrustedProxies};

/// How long a shutdown waits for the first requests of connections that were just accepted.
const FIRST_REQUESTS: Duration = Duration::from_secs(1);

/// A service that answers every request.
pub(crate) trait Serve:
    Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
    /// The body of the answers.
    type Body: Body<Data: Send, Error: Into<BoxError>> + Send + 'static;

    /// Converts the body of an answer that the service does not give itself.
    fn body(body: Full<Bytes>) -> Self::Body;

    /// Ends answers without end. A service has none, unless it says otherwise.
    fn end_streams(&self) {}

    /// Waits until every running call has ended, including those whose clients have disconnected.
    fn drain(&self) -> impl Future<Output = ()> + Send;
}

impl Serve for AdminApi {
    type Body = axum::body::Body;

    fn body(body: Full<Bytes>) -> axum::body::Body {
        axum::body::Body::new(body)
    }

    fn end_streams(&self) {
        Self::end_streams(self);
    }

    fn drain(&self) -> impl Future<Output = ()> + Send {
        Self::drain(self)
    }
}

/// Serves until `shutdown` completes. Then active requests, and changes whose clients have
/// disconnected, may finish within the time-out.
pub(crate) async fn serve<S: Serve>(
    mut listeners: Listeners,
    tls: Option<Arc<Tls>>,
    proxies: Arc<TrustedProxies>,
    service: S,
    metrics: Arc<Metrics>,
    limits: &ServerLimits,
    shutdown: impl Future<Output = ()>,
) {
    let (fresh, mut none_fresh) = mpsc::channel(1);
    let connections = Connections {
        builder: builder(limits),
        tls,
        proxies,
        service: service.clone(),
        metrics,
        limits: limits.clone(),
        graceful: GracefulShutdown::new(),
        fresh,
    };
    let slots =
        Slots::new(limits.max_connections as usize, limits.max_connections_per_client as usize);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let (stream, peer) = listeners.accept().await?;
            // Above the limit, all but this one wait in the kernel's queue.
            // The connections of a trusted proxy are those of many clients.
            let client = peer.filter(|_| !connections.proxies.trusts(peer)).map(client_network);
            let slot = slots.acquire(client).await;
            io::Result::Ok((stream, peer, slot))
        };
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => match accepted {
                Ok((stream, peer, Some(slot))) => connections.start(stream, peer, slot),
                Ok((_, peer, None)) => {
                    tracing::debug!(peer = %Proxy(peer), "a client has too many connections");
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Probably out of file descriptors; wait for connections to end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listeners);
    tracing::info!("shutting down; waiting for active requests");
    let Connections { graceful, fresh, .. } = connections;
    drop(fresh);
    service.end_streams();
    let finished = tokio::time::timeout(limits.shutdown_timeout, async {
        // A graceful shutdown would close these connections although their requests are on the way.
        let _ = tokio::time::timeout(FIRST_REQUESTS, none_fresh.recv()).await;
        graceful.shutdown().await;
        service.drain().await;
    });
    if finished.await.is_err() {
        tracing::warn!(
            "some requests did not finish within server.shutdown_timeout and were aborted"
        );
    }
}

fn builder(limits: &ServerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // `idle` applies `header_timeout` to the first head.
        .header_read_timeout(limits.idle_timeout)
        // A client may close its side after its request.
        .half_close(true)
        .max_buf_size(head::MAX_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        // Each stream takes the memory of a head, and `max_connections` does not count streams.
        .max_concurrent_streams(16)
        // Received and unread bytes stay in memory.
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .max_header_list_size(head::MAX_BYTES)
        .keep_alive_interval(limits.idle_timeout / 2)
        .keep_alive_timeout(limits.header_timeout);
    builder
}

struct Connections<S> {
    builder: Builder<TokioExecutor>,
    tls: Option<Arc<Tls>>,
    proxies: Arc<TrustedProxies>,
    service: S,
    metrics: Arc<Metrics>,
    limits: ServerLimits,
    graceful: GracefulShutdown,
    /// A clone is held by each connection until its first request.
    fresh: mpsc::Sender<Infallible>,
}

impl<S: Serve> Connections<S> {
    fn start(&self, stream: Stream, peer: Option<IpAddr>, slot: Slot) {
        let stream = Lingering::new(stream);
        let client_may_send = stream.client_may_send();
        let slot = Arc::new(slot);
        let activity = Tracker::new(Arc::clone(&slot));
        let idle = idle(
            activity.subscribe(),
            self.fresh.clone(),
            self.limits.header_timeout,
            self.limits.idle_timeout,
        );
        let counted = self.metrics.connection();
        let (service, proxies) = (self.service.clone(), self.proxies.clone());
        let metrics = Arc::clone(&self.metrics);
        let mut stream = Box::pin(self.with_timeouts(stream));
        let (tls, builder, watcher) =
            (self.tls.clone(), self.builder.clone(), self.graceful.watcher());
        let connection = async move {
            let hop = proxies::accept(&proxies, &mut stream, peer).await?;
            let stream = tls::accept(tls.as_deref(), stream).await?;
            let service = ConnectionService {
                service,
                metrics,
                proxies,
                peer,
                hop,
                activity,
                client_may_send,
            };
            let service = TowerToHyperService::new(service);
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            watcher.watch(connection).await
        };
        let peer = Proxy(peer);
        tokio::spawn(async move {
            let _counted = counted;
            tokio::select! {
                // A request that has arrived is served before its connection is closed for a new
                // one.
                biased;
                result = connection => if let Err(error) = result {
                    tracing::debug!(%error, %peer, "a connection ended early");
                },
                () = idle => {
                    tracing::debug!(%peer, "a connection sent no request in time");
                }
                () = slot.evicted() => {
                    tracing::debug!(%peer, "an idle connection was closed for a new one");
                }
            }
        });
    }

    /// Adds the time-outs for a client that neither sends nor reads a byte.
    fn with_timeouts(&self, stream: Lingering<Stream>) -> TimeoutStream<Lingering<Stream>> {
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(self.limits.idle_timeout));
        stream.set_write_timeout(Some(self.limits.idle_timeout));
        stream
    }
}

/// The service of one connection. It adds the client's address to every request.
#[derive(Clone)]
struct ConnectionService<S> {
    service: S,
    metrics: Arc<Metrics>,
    proxies: Arc<TrustedProxies>,
    /// The peer of the connection.
    peer: Option<IpAddr>,
    /// The peer, or its client by the PROXY protocol.
    hop: Option<IpAddr>,
    activity: Arc<Tracker>,
    /// Whether the client may still be sending after the last answer; see [`Lingering`].
    client_may_send: Arc<AtomicBool>,
}

impl<S: Serve> Service<Request<Incoming>> for ConnectionService<S> {
    type Response = Response<S::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<S::Body>, Infallible>> + Send>>;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let active = ActiveRequest::start(&self.activity);
        let measured = self.metrics.request();
        let span = traces::request(&request);
        self.client_may_send.store(true, Ordering::Relaxed);
        let client = proxies::client(&self.proxies, self.hop, request.headers());
        if let Err(refused) = head::check(&request) {
            let status = refused.status().as_u16();
            tracing::info!(peer = %Proxy(client), status, "refused a request because of its head");
            measured.answered(&refused);
            traces::answered(&span, &refused);
            return Box::pin(std::future::ready(Ok(refused.map(S::body))));
        }
        if client != self.peer {
            request.extensions_mut().insert(Proxy(self.peer));
        }
        if let Some(client) = client {
            request.extensions_mut().insert(Peer(client));
        }
        let answering = span.in_scope(|| self.service.call(request)).instrument(span.clone());
        let client_may_send = Arc::clone(&self.client_may_send);
        Box::pin(async move {
            let _active = active;
            let answer = answering.await;
            if let Ok(answer) = &answer {
                measured.answered(answer);
                traces::answered(&span, answer);
                // The service sets this header if it did not read the whole body.
                client_may_send.store(answer.headers().contains_key(CONNECTION), Ordering::Relaxed);
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests;
