//! Clients that are slow, silent, or break off.

use std::time::Duration;

use repass_tests::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::requests::{CUSTOMER, GUID, JSON, change, customer_body, outcome};

const LIMITS: &str = "[server]\nheader_timeout = '300ms'\nbody_timeout = '300ms'\n\
                      idle_timeout = '2s'\nmax_connections = 2\n";

/// How long a test waits for the server to do what it must; far longer than that takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    // A reset is an end as well.
    let _ = read.expect("the server cuts the connection");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_nothing_or_half_a_head_is_cut_off() {
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
    let desk = server.desk().await;
    desk.add("customer", GUID).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let _silent_too = TcpStream::connect(server.address).await.unwrap();
    // Both places are taken; when the silent ones are cut off, this one is served.
    let client = server.client();
    let answer = tokio::time::timeout(PATIENCE, change(&client, GUID, "wrong", "whatever")).await;
    outcome(&answer.expect("served in the end"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_does_not_stop_its_change_half_way() {
    let server = Server::start().await;
    let desk = server.desk().await;
    desk.add("customer", GUID).await;
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
    stream.flush().await.unwrap();
    drop(stream);
    // Whatever the server made of it, it is whole: the old password or the new one, and the audit
    // trail says which.
    let stopped = server.stop().await;
    assert_eq!(stopped.status.code(), Some(0));
    let changed = desk.is_password("customer", GUID, new).await;
    let told =
        desk.audit().await.iter().any(|r| r.action == "password.change" && r.outcome == "ok");
    assert_eq!(changed, told);
}
