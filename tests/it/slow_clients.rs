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
                      idle_timeout = '2s'\nmax_connections = 2\nmax_connections_per_client = 2\n";

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

/// Sends the head of a change and waits until the server reads its body, which is returned.
async fn begin_change(stream: &mut TcpStream) -> String {
    let body = customer_body(GUID, "wrong", "a new one, and a good one");
    let head = format!(
        "POST {CUSTOMER} HTTP/1.1\r\nhost: x\r\n{}: {}\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        JSON.0,
        JSON.1,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = [0; 25];
    stream.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    body
}

/// Proves W3.
#[tokio::test(flavor = "multi_thread")]
async fn the_longest_idle_connection_makes_room_and_one_with_a_request_does_not() {
    let limits = "[server]\nheader_timeout = '1h'\nbody_timeout = '1h'\nidle_timeout = '1h'\n\
                  max_connections = 3\nmax_connections_per_client = 3\n";
    let server = Server::builder().tables(limits).start().await;
    server.operator().await.add("customer", GUID).await;
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    let body = begin_change(&mut busy).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    let mut idle_for_less = TcpStream::connect(server.address).await.unwrap();

    let client = server.client();
    outcome(&change(&client, GUID, "wrong", "a new one, and a good one").await);
    assert_eq!(read_to_end(&mut idle).await, "", "it was closed");
    busy.write_all(body.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    busy.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    begin_change(&mut idle_for_less).await;
}

/// Proves W3 share.
#[tokio::test(flavor = "multi_thread")]
async fn w3_a_client_has_its_share_and_a_trusted_proxy_has_none() {
    let limits =
        "[server]\nheader_timeout = '1h'\nbody_timeout = '1h'\nmax_connections_per_client = 1\n";
    for (proxy, is_closed) in [("", true), ("[proxy]\ntrusted = ['127.0.0.1']\n", false)] {
        let server = Server::builder().tables(&format!("{limits}{proxy}")).start().await;
        let mut busy = TcpStream::connect(server.address).await.unwrap();
        begin_change(&mut busy).await;
        let mut second = TcpStream::connect(server.address).await.unwrap();
        let request = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        // A closed connection may refuse it.
        let _ = second.write_all(request).await;
        assert_eq!(read_to_end(&mut second).await.is_empty(), is_closed, "{proxy}");
    }
}

/// Proves W8.
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_waits_for_longer_than_a_first_head() {
    let limits = "[server]\nheader_timeout = '300ms'\nidle_timeout = '1h'\n";
    let server = Server::builder().tables(limits).start().await;
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    let mut answer = [0; 12];
    kept.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    kept.read_exact(&mut answer).await.unwrap();
    // Connected later, and cut off after the time for a head.
    read_to_end(&mut TcpStream::connect(server.address).await.unwrap()).await;
    kept.write_all(b"GET /b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let rest = read_to_end(&mut kept).await;
    assert!(rest.contains("HTTP/1.1 404 "), "{rest}");
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
