//! Accepting connections, and giving each no more than its share.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use repass_http::{PasswordService, Peer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use crate::config::ServerLimits;
use crate::head;
use crate::lingering::Lingering;
use crate::slots::{Slot, Slots};
use crate::tls::{self, Tls};

/// Serves until `shutdown` is over, then lets running requests finish within the bound, and changes
/// whose clients have hung up as well.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    service: PasswordService,
    limits: &ServerLimits,
    shutdown: impl Future<Output = ()>,
) {
    let connections = Connections {
        builder: builder(limits),
        tls,
        service: service.clone(),
        limits: limits.clone(),
        graceful: GracefulShutdown::new(),
    };
    let slots = Slots::new(limits.max_connections as usize);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let accepted = listener.accept().await;
            // Above the limit, all but this one wait in the kernel's queue.
            (accepted, slots.acquire().await)
        };
        tokio::select! {
            () = &mut shutdown => break,
            (accepted, slot) = accepted => match (accepted, slot) {
                (Ok((stream, peer)), Some(slot)) => connections.start(stream, peer, slot),
                (Err(error), _) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, most likely: let some connections end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (_, None) => break,
            },
        }
    }
    drop(listener);
    tracing::info!("shutting down; running requests may finish");
    let finished = tokio::time::timeout(limits.shutdown_timeout, async {
        connections.graceful.shutdown().await;
        service.drain().await;
    });
    if finished.await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

fn builder(limits: &ServerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The first head has `header_timeout`, see `idle`; a kept connection waits for longer.
        .header_read_timeout(limits.idle_timeout)
        // A client that has sent all it has to say may close its side.
        .half_close(true)
        .max_buf_size(head::MAX_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        // Each costs a head, and all of a connection count as one connection.
        .max_concurrent_streams(16)
        // What is sent and not read yet stays in memory.
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .max_header_list_size(head::MAX_BYTES)
        .keep_alive_interval(limits.idle_timeout / 2)
        .keep_alive_timeout(limits.header_timeout);
    builder
}

struct Connections {
    builder: Builder<TokioExecutor>,
    tls: Option<Arc<Tls>>,
    service: PasswordService,
    limits: ServerLimits,
    graceful: GracefulShutdown,
}

impl Connections {
    fn start(&self, stream: TcpStream, peer: SocketAddr, slot: Slot) {
        // Without this, small answers wait for an acknowledgement that comes late.
        let _ = stream.set_nodelay(true);
        let (activity, seen) = watch::channel(Activity::default());
        let stream = Lingering::new(stream);
        let may_come = stream.may_come();
        let slot = Arc::new(slot);
        let activity = Arc::new(Tracker { activity, slot: Arc::clone(&slot) });
        let service = OfConnection { service: self.service.clone(), peer, activity, may_come };
        let stream = Box::pin(self.with_timeouts(stream));
        let (tls, builder, watcher) =
            (self.tls.clone(), self.builder.clone(), self.graceful.watcher());
        let connection = async move {
            let stream = tls::accept(tls.as_deref(), stream).await?;
            let service = TowerToHyperService::new(service);
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            watcher.watch(connection).await
        };
        let idle = idle(seen, self.limits.header_timeout, self.limits.idle_timeout);
        tokio::spawn(async move {
            tokio::select! {
                // A request that has come is served before its connection makes room.
                biased;
                result = connection => if let Err(error) = result {
                    tracing::debug!(%error, %peer, "a connection ended early");
                },
                () = idle => {
                    tracing::debug!(%peer, "a connection sent no request in time");
                }
                () = slot.evicted() => {
                    tracing::debug!(%peer, "an idle connection made room for a new one");
                }
            }
        });
    }

    /// A client that neither sends nor takes a byte for so long is cut off.
    fn with_timeouts(&self, stream: Lingering<TcpStream>) -> TimeoutStream<Lingering<TcpStream>> {
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(self.limits.idle_timeout));
        stream.set_write_timeout(Some(self.limits.idle_timeout));
        stream
    }
}

/// What a connection has been doing.
#[derive(Debug, Clone, Copy, Default)]
struct Activity {
    /// Requests so far.
    begun: u64,
    /// Those of them that are not answered yet.
    under_way: usize,
}

/// Is over when a connection asked for nothing for too long: before its first request, or since its
/// last answer.
///
/// hyper's own time-out for HTTP/1 starts only once it knows the protocol, for which a client may
/// take for ever; and a client of HTTP/2 that answers pings is never silent.
async fn idle(mut seen: watch::Receiver<Activity>, first_within: Duration, next_within: Duration) {
    let (mut known, mut within) = (0, first_within);
    loop {
        let came = seen.wait_for(|activity| activity.begun != known);
        match tokio::time::timeout(within, came).await.map(|came| came.is_ok()) {
            Err(_) => return,
            Ok(true) => {}
            Ok(false) => break,
        }
        let answered = seen.wait_for(|activity| activity.under_way == 0).await;
        let Ok(activity) = answered.map(|activity| *activity) else { break };
        (known, within) = (activity.begun, next_within);
    }
    // The connection has ended by itself, or is about to.
    std::future::pending::<()>().await;
}

/// The service as one connection sees it: every request carries the peer's address.
#[derive(Clone)]
struct OfConnection {
    service: PasswordService,
    peer: SocketAddr,
    activity: Arc<Tracker>,
    /// Whether the client may still be sending after the last answer.
    may_come: Arc<AtomicBool>,
}

/// Keeps track of what a connection does.
struct Tracker {
    activity: watch::Sender<Activity>,
    slot: Arc<Slot>,
}

/// One request under way, until it is dropped.
struct UnderWay(Arc<Tracker>);

impl UnderWay {
    fn begin(tracker: &Arc<Tracker>) -> Self {
        tracker.activity.send_modify(|activity| {
            activity.begun = activity.begun.wrapping_add(1);
            activity.under_way += 1;
        });
        tracker.slot.busy();
        Self(Arc::clone(tracker))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Tracker { activity, slot } = &*self.0;
        activity.send_modify(|activity| activity.under_way -= 1);
        if activity.borrow().under_way == 0 {
            slot.idle();
        }
    }
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
        let under_way = UnderWay::begin(&self.activity);
        self.may_come.store(true, Ordering::Relaxed);
        if let Err(refused) = head::check(&request) {
            let status = refused.status().as_u16();
            tracing::info!(peer = %self.peer.ip(), status, "refused a request by its head");
            return Box::pin(std::future::ready(Ok(*refused)));
        }
        request.extensions_mut().insert(Peer(self.peer));
        let answering = self.service.call(request);
        let may_come = Arc::clone(&self.may_come);
        Box::pin(async move {
            let _under_way = under_way;
            let answer = answering.await;
            if let Ok(answer) = &answer {
                // The service says so where it did not read the whole body.
                may_come.store(answer.headers().contains_key(CONNECTION), Ordering::Relaxed);
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(10);
    const NEXT: Duration = Duration::from_secs(60);

    /// The tracker of a connection, and what watches it.
    async fn tracked() -> (Arc<Tracker>, watch::Receiver<Activity>) {
        let (activity, seen) = watch::channel(Activity::default());
        let slot = Arc::new(Slots::new(1).acquire().await.unwrap());
        (Arc::new(Tracker { activity, slot }), seen)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_before_its_first_request_and_after_each_answer() {
        let (tracker, seen) = tracked().await;
        let begun = tokio::time::Instant::now();
        idle(seen, FIRST, NEXT).await;
        assert_eq!(begun.elapsed().as_secs(), 10, "no request ever came");

        let seen = tracker.activity.subscribe();
        let begun = tokio::time::Instant::now();
        let idle = tokio::spawn(idle(seen, FIRST, NEXT));
        let requests = async {
            for pause in [5, 50, 50] {
                tokio::time::sleep(Duration::from_secs(pause)).await;
                drop(UnderWay::begin(&tracker));
            }
            let slow = UnderWay::begin(&tracker);
            tokio::time::sleep(Duration::from_secs(500)).await;
            drop(slow);
        };
        requests.await;
        idle.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 5 + 50 + 50 + 500 + 60);
    }
}
