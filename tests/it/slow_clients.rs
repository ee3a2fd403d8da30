//! Clients that are slow or silent, or disconnect.

use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use repass_testkit::fixtures;
use repass_tests::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::requests::{CUSTOMER, GUID, JSON, change, customer_body, outcome};

const LIMITS: &str = "[server]\nheader_timeout = '300ms'\nbody_timeout = '300ms'\n\
                      idle_timeout = '2s'\nmax_connections = 2\n";

/// The longest that a test waits for the server; far longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    // A reset is an end as well.
    let _ = read.expect("the server cuts the connection");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_nothing_or_half_a_head_is_cut_off() {
    let server = Server::builder().tables(LIMITS).start().await;
    for half in ["", "P", "PRI * HT", "POST / HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        let text = read_to_end(&mut stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 408 "), "{half:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_body_is_answered_in_the_vendors_shape() {
    let server = Server::builder().tables(LIMITS).start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {CUSTOMER} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: 100\r\nconnection: close\r\n\r\n{{\"UserId\""
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let text = read_to_end(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(text.contains("{\"Message\":"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_allowed_wait_their_turn() {
    let server = Server::builder().tables(LIMITS).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    // Both places are taken. Once the server cuts off the silent clients, it serves this one.
    let client = server.client();
    let answer = tokio::time::timeout(PATIENCE, change(&client, GUID, "wrong", "whatever")).await;
    outcome(&answer.expect("served in the end"));
    let is_cut_off = |stream: &TcpStream| matches!(stream.try_read(&mut [0]), Ok(0));
    assert!(silent.iter().any(is_cut_off), "served although no place was free");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_2_client_that_only_answers_pings_is_cut_off() {
    let server = Server::builder().tables(LIMITS).start().await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut requests, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get(format!("http://{}/", server.address));
    let answer = requests.send_request(request.body(String::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 404);
    // The client's library answers the server's pings and sends no more requests.
    let ended = tokio::time::timeout(PATIENCE, connection).await;
    let _ = ended.expect("the server cuts the connection");
    drop(requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_client_hung_up_is_finished_even_at_sigterm() {
    // Hashing takes long enough for the client to disconnect and the operator to stop the server.
    let costly = "[hashing]\nprofile = 'rfc-9106-second'\n";
    let server = Server::builder().tables(costly).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let new = "changed though nobody listens";
    let body = customer_body(GUID, repass_tests::FIRST_PASSWORD, new);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {CUSTOMER} HTTP/1.1\r\nhost: x\r\n{}: {}\r\ncontent-length: {}\r\n\r\n{body}",
        JSON.0,
        JSON.1,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let realm = operator.realm("customer");
    let begun = async || {
        let (_, attempts) = operator.administration.show_account(&realm, GUID).await.unwrap();
        attempts.failures > 0 || !fixtures::events(&*operator.store).await.is_empty()
    };
    while !begun().await {
        tokio::task::yield_now().await;
    }
    drop(stream);
    assert_eq!(server.stop().await.status.code(), Some(0));
    assert!(operator.is_password("customer", GUID, new).await);
    let trail = operator.audit().await;
    assert!(trail.iter().any(|r| r.action == "password.change" && r.outcome == "ok"));
}
