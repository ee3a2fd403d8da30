//! The listener's checks of connections and heads.

use http::{Method, Request};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::sys::signal::Signal;
use repass_tests::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::health::admin;
use crate::requests::{CUSTOMER, Outcome, good_request, good_requests, outcome};

const NEW: &str = "a new one, and a good one";

/// Sends `text` on a connection of its own, and reads until the server closes.
async fn exchange(server: &Server, text: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    read_to_end(stream).await
}

async fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer arrives, and then the end");
    answer
}

/// Reads one answer whose body has a length.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection was closed");
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() == length.unwrap().parse::<usize>().unwrap() {
                return text.into_owned();
            }
        }
    }
}

/// Proves W9.
#[tokio::test(flavor = "multi_thread")]
async fn w9_signals_that_are_not_for_the_server_do_not_end_it() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let wire = good_request(&operator, "customer", NEW).await;
    for signal in [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2] {
        server.signal(signal);
    }
    assert_eq!(outcome(&wire.send(&server.client()).await), Outcome::Changed);
    assert_eq!(server.stop().await.status.code(), Some(0));
}

/// Proves W9.
#[tokio::test(flavor = "multi_thread")]
async fn w9_http_1_1_needs_exactly_one_host() {
    let server = Server::start().await;
    for (head, expected) in [
        ("GET / HTTP/1.1\r\n", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nhost: a b\r\n", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", "HTTP/1.1 404 "),
        ("GET / HTTP/1.0\r\n", "HTTP/1.0 404 "),
    ] {
        let answer = exchange(&server, &format!("{head}\r\n")).await;
        assert!(answer.starts_with(expected), "{head}{answer}");
    }
}

/// Proves W5, W9.
#[tokio::test(flavor = "multi_thread")]
async fn w5_w9_the_admin_listener_keeps_the_same_rules() {
    let server = Server::builder().tables("[admin]\nlisten = '127.0.0.1:0'\n").start().await;
    let address = admin(&server).address();
    for (request, expected) in [
        ("GET /healthz HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET /healthz HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), "HTTP/1.1 200 "),
        (
            format!(
                "POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 300000\r\n\r\n{}",
                "x".repeat(300_000)
            ),
            "HTTP/1.1 405 ",
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_to_end(stream).await;
        assert!(answer.starts_with(expected), "{answer}");
    }
}

/// Proves W9.
#[tokio::test(flavor = "multi_thread")]
async fn w9_a_client_that_has_closed_its_side_gets_its_answer() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let wire = good_request(&operator, "customer", NEW).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "POST {CUSTOMER} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{}",
        wire.body.len(),
        wire.body,
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"Success\":true"), "{answer}");
}

/// Proves ECOM-21, ETNA-22, ZAP-17, RFC 9110, W9.
#[tokio::test(flavor = "multi_thread")]
async fn w9_an_encoded_body_is_refused_in_the_vendors_shape_and_counts_no_failure() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let client = server.client();
    for wire in good_requests(&operator, NEW).await {
        // As many failures as there are codings lock the account out for a second.
        for coding in ["gzip", "identity, br", "GZIP"] {
            let answer = wire.with("content-encoding", Some(coding)).send(&client).await;
            let status = if wire.spec == "zap" { 400 } else { 415 };
            assert_eq!(answer.status, status, "{}: {}", wire.spec, answer.text());
            assert_eq!(answer.header("accept-encoding"), "identity");
            assert!(answer.json().is_object(), "{}", answer.text());
            answer.assert_common_headers();
        }
        let attempts = operator.audit().await.into_iter().filter(|record| record.outcome != "ok");
        assert_eq!(attempts.count(), 0, "{}", wire.spec);
        let answer = wire.send(&client).await;
        assert!(wire.changed(&answer), "{}: {}", wire.spec, answer.text());
    }
    for wire in good_requests(&Server::start().await.operator().await, NEW).await {
        // The request is only read: its account is on another server.
        let answer = wire.with("content-encoding", Some("Identity")).send(&client).await;
        assert!(!answer.headers.contains_key("accept-encoding"), "{}", wire.spec);
    }
}

/// Proves W5.
#[tokio::test(flavor = "multi_thread")]
async fn w5_after_a_refusal_the_connection_serves_the_next_request() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for length in [1, 100, 60_000] {
        let head = format!(
            "POST /v1/changePassword HTTP/1.1\r\nhost: x\r\nauthorization: Bearer wrong\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The body is sent in a packet of its own, mostly after the head was read.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        stream.write_all(&vec![b'x'; length]).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    stream.write_all(b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 404 "));
}

/// Proves W5.
#[tokio::test(flavor = "multi_thread")]
async fn w5_a_refusal_arrives_however_much_is_sent_after_it() {
    let server = Server::start().await;
    for length in [20_000, 300_000, 3_000_000] {
        for framing in ["content-length", "chunked"] {
            for _ in 0..10 {
                let mut stream = TcpStream::connect(server.address).await.unwrap();
                let framed = match framing {
                    "chunked" => "transfer-encoding: chunked".to_owned(),
                    _ => format!("content-length: {length}"),
                };
                let head = format!(
                    "POST /v1/changePassword HTTP/1.1\r\nhost: x\r\n\
                     authorization: Bearer wrong\r\n{framed}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                // All of the body is sent before the answer is read, as proxies do.
                if framing == "chunked" {
                    stream.write_all(format!("{length:x}\r\n").as_bytes()).await.unwrap();
                }
                stream.write_all(&vec![b'x'; length]).await.unwrap();
                if framing == "chunked" {
                    stream.write_all(b"\r\n0\r\n\r\n").await.unwrap();
                }
                stream.shutdown().await.unwrap();
                let answer = read_to_end(stream).await;
                assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
                let is_closed = answer.contains("connection: close");
                assert_eq!(is_closed, length > 65_536, "{framing} {length}: {answer}");
            }
        }
    }
}

/// Proves W1.
#[tokio::test(flavor = "multi_thread")]
async fn w1_a_connection_has_16_streams() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&empty_settings).await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "the first frame is SETTINGS");
    let mut settings = vec![0; usize::from(head[2])];
    stream.read_exact(&mut settings).await.unwrap();
    let setting = |id: u8| {
        let entry = settings.chunks(6).find(|entry| entry[..2] == [0, id]).unwrap();
        u32::from_be_bytes(entry[2..].try_into().unwrap())
    };
    // RFC 9113, 6.5.2: concurrent streams, window, header list.
    assert_eq!((setting(3), setting(4), setting(6)), (16, 65_536, 16_384));
}

/// Proves W1.
#[tokio::test(flavor = "multi_thread")]
async fn w1_heads_are_bounded_as_decoded() {
    let server = Server::start().await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut requests, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    // Each field after the first is one byte or two on the wire, a reference to the first.
    for (fields, size, expected) in [(50, 100, 404), (101, 1, 431), (90, 400, 431)] {
        let mut request = Request::builder().method(Method::POST).uri("http://x/");
        for _ in 0..fields {
            request = request.header("x-field", "y".repeat(size));
        }
        let request = request.body(String::new()).unwrap();
        let answer = requests.send_request(request).await.unwrap();
        assert_eq!(answer.status(), expected, "{fields} fields of {size} bytes");
    }
    for (fields, size) in [(101, 1), (90, 400)] {
        let fields = format!("x-field: {}\r\n", "y".repeat(size)).repeat(fields);
        let answer = exchange(&server, &format!("GET / HTTP/1.1\r\nhost: x\r\n{fields}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}
