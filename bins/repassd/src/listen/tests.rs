use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;

/// Answers each request with an empty 200.
#[derive(Clone)]
struct Empty;

impl Service<Request<Incoming>> for Empty {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Incoming>) -> Self::Future {
        std::future::ready(Ok(Response::default()))
    }
}

impl Serve for Empty {
    type Body = Full<Bytes>;

    fn body(body: Full<Bytes>) -> Full<Bytes> {
        body
    }

    async fn drain(&self) {}
}

fn limits() -> ServerLimits {
    let hour = Duration::from_secs(3600);
    ServerLimits {
        max_connections: 10,
        max_connections_per_client: 10,
        concurrent_changes: std::num::NonZeroUsize::MIN,
        header_timeout: hour,
        body_timeout: hour,
        idle_timeout: hour,
        shutdown_delay: Duration::ZERO,
        shutdown_timeout: hour,
    }
}

/// Sends a request and returns the status line of the answer.
async fn get(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_just_accepted_may_send_its_first_request() {
    // A paused clock advances by itself while all tasks wait for sockets, but not while a
    // blocking task runs.
    let (_end, ended) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || ended.recv());

    let mut listeners = Listeners::default();
    listeners.bind_tcp(&[([127, 0, 0, 1], 0).into()]).await.unwrap();
    let address = listeners.addresses().next().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        let (proxies, metrics) = Default::default();
        serve(listeners, None, proxies, Empty, metrics, &limits(), stopped).await;
    });
    let mut fresh = TcpStream::connect(&address).await.unwrap();
    let mut silent = TcpStream::connect(&address).await.unwrap();
    // Connections are accepted in order.
    let mut used = TcpStream::connect(&address).await.unwrap();
    assert_eq!(get(&mut used).await, "HTTP/1.1 200 OK");
    drop(stop);
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(FIRST_REQUESTS - Duration::from_millis(1)).await;
    assert_eq!(get(&mut fresh).await, "HTTP/1.1 200 OK");
    assert!(!server.is_finished());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    server.await.unwrap();
}
