//! SIGTERM under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};
use tokio::task::JoinSet;

use crate::health::admin;
use crate::requests::{CUSTOMER, JSON, Outcome, customer_body, outcome};
use crate::test_context::TestContext;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_acknowledged_change() {
    let builder = Server::builder();
    let server = builder.start().await;
    let operator = server.operator().await;
    let users: Vec<String> =
        (0..8).map(|n| format!("00000000-0000-4000-8000-00000000000{n}")).collect();
    for user in &users {
        operator.add("customer", user).await;
    }
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for user in users {
        let client = server.client();
        let acknowledged = Arc::clone(&acknowledged);
        tasks.spawn(async move {
            let mut last = FIRST_PASSWORD.to_owned();
            for n in 0.. {
                let next = format!("password number {n} of this one");
                let body = customer_body(&user, &last, &next);
                match client.try_send(Method::POST, CUSTOMER, &[JSON], body).await {
                    Ok(answer) => {
                        assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
                        last = next;
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(_) => break,
                }
            }
            (user, last)
        });
    }
    while acknowledged.load(Ordering::SeqCst) < 40 {
        tokio::task::yield_now().await;
    }
    let stopped = server.stop().await;
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    for (user, last) in tasks.join_all().await {
        assert!(operator.is_password("customer", &user, &last).await, "{user} lost a change");
    }
    assert!(stopped.log.contains("\"message\":\"stopped\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_and_new_ones_are_refused() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = Server::start().await;
    let operator = server.operator().await;
    operator.add("customer", crate::requests::GUID).await;
    let new = "a new one while it stops";
    let body = customer_body(crate::requests::GUID, FIRST_PASSWORD, new);
    let head = format!(
        "POST {CUSTOMER} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (first, rest) = body.split_at(10);
    stream.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    // The server has read the head once it answers another request on another connection.
    let other = server.client().send(Method::GET, CUSTOMER, &[], "").await;
    assert_eq!(other.status, 405);
    server.terminate();
    while tokio::net::TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(server.wait().await.status.code(), Some(0));
    assert!(operator.is_password("customer", crate::requests::GUID, new).await);
}

/// Proves W7.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_is_not_ready_and_accepts_connections_for_a_while() {
    let builder = Server::builder()
        .tables("[admin]\nlisten = '127.0.0.1:0'\n")
        .variable("REPASS_SERVER__SHUTDOWN_DELAY", "1h");
    let test = TestContext::open("customer", builder).await;
    let admin = admin(&test.server);
    assert_eq!(admin.send(Method::GET, "/readyz", &[], "").await.status, 200);
    test.server.terminate();
    let answer = loop {
        let answer = admin.send(Method::GET, "/readyz", &[], "").await;
        if answer.status == 503 {
            break answer;
        }
    };
    assert_eq!(answer.text(), "the server is stopping\n");
    assert_eq!(admin.send(Method::GET, "/healthz", &[], "").await.status, 200);
    let answer = test.good.send(&test.server.client()).await;
    assert_eq!(outcome(&answer), Outcome::Changed, "on a new connection");
    // The second signal ends the delay.
    assert_eq!(test.server.stop().await.status.code(), Some(0));
}
