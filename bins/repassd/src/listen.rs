//! Accepting connections, and giving each no more than its share.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use repass_http::{PasswordService, Peer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use crate::config::ServerLimits;

/// Serves until `shutdown` is over, then lets running requests finish within the bound.
pub(crate) async fn serve(
    listener: TcpListener,
    service: PasswordService,
    limits: &ServerLimits,
    shutdown: impl Future<Output = ()>,
) {
    let connections = Connections {
        builder: builder(limits),
        service,
        limits: limits.clone(),
        graceful: GracefulShutdown::new(),
    };
    let permits = Arc::new(Semaphore::new(limits.max_connections as usize));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            // Above the limit, new connections wait in the kernel's queue.
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = &mut shutdown => break,
            (accepted, permit) = accepted => match (accepted, permit) {
                (Ok((stream, peer)), Ok(permit)) => connections.start(stream, peer, permit),
                (Err(error), _) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, most likely: let some connections end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (_, Err(_)) => break,
            },
        }
    }
    drop(listener);
    tracing::info!("shutting down; running requests may finish");
    let finished = tokio::time::timeout(limits.shutdown_timeout, connections.graceful.shutdown());
    if finished.await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

fn builder(limits: &ServerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(limits.idle_timeout / 2)
        .keep_alive_timeout(limits.header_timeout);
    builder
}

struct Connections {
    builder: Builder<TokioExecutor>,
    service: PasswordService,
    limits: ServerLimits,
    graceful: GracefulShutdown,
}

impl Connections {
    fn start(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        // Without this, small answers wait for an acknowledgement that comes late.
        let _ = stream.set_nodelay(true);
        let (first_request, seen) = watch::channel(false);
        let service = OfConnection { service: self.service.clone(), peer, first_request };
        let io = TokioIo::new(Box::pin(self.with_timeouts(stream)));
        let connection =
            self.builder.serve_connection(io, TowerToHyperService::new(service)).into_owned();
        let connection = self.graceful.watch(connection);
        let first_within = self.limits.header_timeout;
        tokio::spawn(async move {
            let _permit = permit;
            tokio::select! {
                result = connection => if let Err(error) = result {
                    tracing::debug!(%error, %peer, "a connection ended early");
                },
                () = no_request(seen, first_within) => {
                    tracing::debug!(%peer, "a connection sent no request in time");
                }
            }
        });
    }

    /// A client that neither sends nor takes a byte for so long is cut off.
    fn with_timeouts(&self, stream: TcpStream) -> TimeoutStream<TcpStream> {
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(self.limits.idle_timeout));
        stream.set_write_timeout(Some(self.limits.idle_timeout));
        stream
    }
}

/// Is over when no first request came in time, and never when one did. hyper's own time-out starts
/// only once it knows the protocol, for which a client may take for ever.
async fn no_request(mut seen: watch::Receiver<bool>, within: Duration) {
    let came = seen.wait_for(|seen| *seen);
    if tokio::time::timeout(within, came).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

/// The service as one connection sees it: every request carries the peer's address.
#[derive(Clone)]
struct OfConnection {
    service: PasswordService,
    peer: SocketAddr,
    first_request: watch::Sender<bool>,
}

impl Service<http::Request<Incoming>> for OfConnection {
    type Response = <PasswordService as Service<http::Request<Incoming>>>::Response;
    type Error = Infallible;
    type Future = <PasswordService as Service<http::Request<Incoming>>>::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        Service::<http::Request<Incoming>>::poll_ready(&mut self.service, context)
    }

    fn call(&mut self, mut request: http::Request<Incoming>) -> Self::Future {
        self.first_request.send_replace(true);
        request.extensions_mut().insert(Peer(self.peer));
        self.service.call(request)
    }
}

/// Is over at SIGTERM or Ctrl-C.
pub(crate) fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<Option<()>>();
        tokio::select! {
            _ = terminated => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}
