//! A web server of an issuer, which answers as the test says.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use repass_token_issuers::EndpointOptions;
use serde_json::Value;
use tokio::net::TcpListener;

#[derive(Debug, Clone)]
pub(crate) enum Behavior {
    /// Answers with this status and body.
    Answers(u16, String),
    /// Never answers.
    Hangs,
    /// Answers without an end.
    Floods,
}

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) struct Issuer {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    behavior: Mutex<Behavior>,
    received: Mutex<Vec<Received>>,
}

impl Issuer {
    pub(crate) async fn start(answer: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/endpoint", listener.local_addr().unwrap());
        let behavior = Mutex::new(Behavior::Answers(200, answer.to_string()));
        let shared = Arc::new(Shared { behavior, received: Mutex::default() });
        let of_server = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&of_server);
                let service = service_fn(move |request| answer_to(request, Arc::clone(&shared)));
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, shared }
    }

    /// Sets the answer to the next requests.
    pub(crate) fn answers(&self, answer: &Value) {
        self.behaves(Behavior::Answers(200, answer.to_string()));
    }

    pub(crate) fn behaves(&self, behavior: Behavior) {
        *self.shared.behavior.lock().unwrap() = behavior;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.received().len()
    }

    pub(crate) fn endpoint(&self) -> EndpointOptions {
        endpoint(&self.url, Duration::from_secs(60))
    }

    /// Its endpoint with a short time-out.
    pub(crate) fn impatient_endpoint(&self) -> EndpointOptions {
        endpoint(&self.url, Duration::from_millis(50))
    }
}

/// An endpoint at which nothing listens.
pub(crate) async fn endpoint_that_is_down() -> EndpointOptions {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    endpoint(&format!("http://{}/", listener.local_addr().unwrap()), Duration::from_secs(60))
}

fn endpoint(url: &str, timeout: Duration) -> EndpointOptions {
    EndpointOptions { url: url.to_owned(), timeout, allow_plain_http: false, proxy: None }
}

async fn answer_to(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    shared.received.lock().unwrap().push(Received { headers: parts.headers, body });
    let behavior = shared.behavior.lock().unwrap().clone();
    let (status, body) = match behavior {
        Behavior::Answers(status, text) => (status, Full::from(text).boxed()),
        Behavior::Hangs => std::future::pending().await,
        Behavior::Floods => (200, Flood.boxed()),
    };
    Ok(Response::builder().status(status).body(body).unwrap())
}

/// A body without an end.
struct Flood;

impl Body for Flood {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 16 * 1024])))))
    }
}
