//! The service in axum and hyper.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use repass_http::{Outcome, PasswordService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::capture;
use crate::test_context::{HashBehavior, NEW, OLD, PATH, TestContext};
use crate::vendor::{Step, Vendor};

/// Proves E9.
#[tokio::test]
async fn e9_axum_takes_it_as_a_fallback_and_nested() {
    let test = TestContext::new().await;
    let request = |id: &str, uri: &str| {
        let body = Body::from(format!("{OLD}\n{NEW}"));
        let mut request = test.request(id).body(body).unwrap();
        *request.uri_mut() = uri.parse().unwrap();
        request
    };
    let beside: Router = Router::new()
        .route("/health", axum::routing::get(|| async { "well" }))
        .fallback_service(test.service());
    let nested: Router = Router::new().nest_service("/outer", test.service());

    let answer = beside.clone().oneshot(request("axum-1", PATH)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let outcome = answer.extensions().get::<Outcome>().unwrap();
    assert_eq!((outcome.code, outcome.account.is_some()), ("ok", true));
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], b"acme changed");

    let answer = nested.clone().oneshot(request("axum-2", "/outer/shop/v1/change")).await.unwrap();
    let outcome = answer.extensions().get::<Outcome>().unwrap();
    assert_eq!((outcome.api.as_str(), outcome.vendor), ("acme", "acme"));
    assert_eq!((outcome.code, outcome.account.is_some()), ("wrong-password", true));
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], b"acme wrong-password");

    #[cfg(feature = "axum")]
    {
        let answer = nested.oneshot(request("axum-3", "/outer/shop/none")).await.unwrap();
        assert_eq!(answer.headers()["x-original-path"], "/outer/shop/none");
    }
}

/// Serves one connection. Returns the client's socket and the server's task.
async fn connect(service: PasswordService) -> (TcpStream, JoinHandle<hyper::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service);
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    });
    (TcpStream::connect(address).await.unwrap(), server)
}

fn head(test: &TestContext, id: &str, more: &str) -> String {
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nx-request-id: {id}\r\nx-key: {}\r\n\
         Authorization: Bearer {}\r\n{more}\r\n",
        test.key.expose(),
        test.token.expose(),
    )
}

/// Sends `request` and reads until the server closes.
async fn exchange(service: PasswordService, request: &str) -> String {
    let (mut client, server) = connect(service).await;
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that closes with unread data resets the connection after its response.
    let _ = client.read_to_end(&mut answer).await;
    server.await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn hyper_serves_it_over_a_socket() {
    let test = TestContext::new().await;
    let body = format!("{OLD}\n{NEW}");
    let more = format!("Connection: close\r\nContent-Length: {}\r\n", body.len());
    let request = head(&test, "hyper-1", &more) + &body;
    let answer = exchange(test.service(), &request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nx-request-id: hyper-1\r\n"));
    assert!(answer.contains("\r\ncache-control: no-store\r\n"));
    assert_eq!(answer.matches("content-length").count(), 1);
    assert!(answer.ends_with("\r\n\r\nacme changed"));
    assert_eq!(test.version().await, 2);
}

#[tokio::test]
async fn a_panic_does_not_drop_the_connection() {
    let test = TestContext::new().await;
    let vendor = Vendor::new("acme", "/v1/change").panicking(&[Step::Read]);
    let one = head(&test, "hyper-2", "Content-Length: 1\r\n") + "x";
    let two = head(&test, "hyper-3", "Connection: close\r\nContent-Length: 1\r\n") + "x";
    let answers = exchange(test.service_of(vendor), &(one + &two)).await;
    assert_eq!(answers.matches("HTTP/1.1 500 ").count(), 2, "{answers}");
    assert_eq!(answers.matches("acme fault").count(), 2);
}

#[tokio::test]
async fn an_unauthenticated_caller_gets_no_100_continue() {
    let test = TestContext::new().await;
    let request = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    );
    let answer = exchange(test.service(), &request).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(!answer.contains("100 Continue"));
}

#[tokio::test]
async fn a_too_large_body_is_413_over_a_socket_declared_or_chunked() {
    let test = TestContext::new().await;
    let declared = head(&test, "hyper-4", "Connection: close\r\nContent-Length: 65537\r\n");
    let answer = exchange(test.service(), &declared).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    let chunked = head(&test, "hyper-5", "Connection: close\r\nTransfer-Encoding: chunked\r\n");
    let chunk = format!("10001\r\n{}\r\n", "x".repeat(0x1_0001));
    let answer = exchange(test.service(), &(chunked + &chunk)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn head_sends_the_length_and_no_body() {
    let test = TestContext::new().await;
    let request = "HEAD /shop/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = exchange(test.service(), request).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let length = "acme not found /x".len();
    assert!(answer.contains(&format!("\r\ncontent-length: {length}\r\n")));
    assert!(answer.ends_with("\r\n\r\n"));
}

#[tokio::test]
async fn a_client_that_closes_its_socket_mid_change_does_not_undo_it() {
    let test = TestContext::new().await.with_hasher(HashBehavior::Waits);
    let (mut client, server) = connect(test.service()).await;
    let body = format!("{OLD}\n{NEW}");
    let more = format!("Content-Length: {}\r\n", body.len());
    let request = head(&test, "hyper-6", &more) + &body;
    client.write_all(request.as_bytes()).await.unwrap();
    test.hasher.begun.acquire().await.unwrap().forget();
    drop(client);
    // hyper has noticed the disconnect and dropped the future.
    let ended = tokio::time::timeout(Duration::from_secs(30), server).await.unwrap();
    assert!(ended.unwrap().is_err());
    assert_eq!(test.version().await, 1);
    test.hasher.may_continue.add_permits(1);
    while capture::of_request("hyper-6").is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(test.version().await, 2);
    assert_eq!(capture::line_of("hyper-6")["outcome"], "ok");
}
