use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use repass_core::Clock;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// The example of the Standard Webhooks specification.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A web server that hands every request to the test, and answers as the test says.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    hooks: mpsc::UnboundedReceiver<Hook>,
    connections: Arc<AtomicUsize>,
}

/// A request that waits for its answer.
pub(crate) struct Hook {
    pub(crate) path: String,
    headers: HeaderMap,
    pub(crate) body: Bytes,
    answer: oneshot::Sender<Response<Empty<Bytes>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, hooks) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let sender = sender.clone();
                let service = service_fn(move |request| receive(request, sender.clone()));
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, hooks, connections }
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Hook {
        let next = tokio::time::timeout(crate::outbox::PATIENCE, self.hooks.recv()).await;
        next.expect("a request comes in time").expect("the receiver runs")
    }

    /// Returns whether no request waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.hooks.is_empty()
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn receive(
    request: Request<Incoming>,
    sender: mpsc::UnboundedSender<Hook>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    assert_eq!(head.method, "POST");
    let body = body.collect().await.unwrap().to_bytes();
    let (answer, answered) = oneshot::channel();
    let path = head.uri.path().to_owned();
    // The test may have ended.
    let _ = sender.send(Hook { path, headers: head.headers, body, answer });
    // If the test drops the request, it is held forever.
    match answered.await {
        Ok(response) => Ok(response),
        Err(_) => std::future::pending().await,
    }
}

impl Hook {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Verifies the only signature.
    pub(crate) fn assert_signed(&self) {
        self.assert_signed_by(&[SECRET]);
    }

    /// Verifies the signatures by the specification.
    pub(crate) fn assert_signed_by(&self, secrets: &[&str]) {
        let expected: Vec<_> = secrets.iter().map(|secret| self.signature(secret)).collect();
        assert_eq!(self.header("webhook-signature"), expected.join(" "));
        let timestamp: i64 = self.header("webhook-timestamp").parse().unwrap();
        let age = repass_core::SystemClock.now().as_second() - timestamp;
        assert!((0..300).contains(&age), "{timestamp}");
    }

    fn signature(&self, secret: &str) -> String {
        let key = BASE64.decode(secret.trim_start_matches("whsec_").as_bytes()).unwrap();
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(&self.body);
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    }

    pub(crate) fn answer(self, status: u16) {
        let response = Response::builder().status(status).body(Empty::new()).unwrap();
        // The sender may have given up.
        let _ = self.answer.send(response);
    }

    pub(crate) fn refuse_until(self, retry_after: &str) {
        let response = Response::builder().status(503).header("retry-after", retry_after);
        let _ = self.answer.send(response.body(Empty::new()).unwrap());
    }

    pub(crate) fn redirect(self, status: u16, to: &str) {
        let response = Response::builder().status(status).header("location", to);
        let _ = self.answer.send(response.body(Empty::new()).unwrap());
    }
}
