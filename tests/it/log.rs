//! A log that cannot be written.

use http::Method;
use repass_tests::{FIRST_PASSWORD, LogReader, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::health::admin;
use crate::requests::{GUID, Outcome, change, outcome};

const NEW: &str = "changed although nobody reads the log";

/// Proves L1.
#[tokio::test(flavor = "multi_thread")]
async fn l1_a_server_whose_log_reader_is_gone_answers_commits_is_ready_and_stops() {
    let probed = "[admin]\nlisten = '127.0.0.1:0'\n";
    let mut server = Server::builder().tables(probed).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let (client, admin) = (server.client(), admin(&server));
    server.read_log(LogReader::Gone);
    outcome(&change(&client, GUID, "a wrong one", NEW).await);
    server.log_reader_gone().await;
    for (old, expected) in
        [("wrong again", Outcome::WrongPassword), (FIRST_PASSWORD, Outcome::Changed)]
    {
        assert_eq!(outcome(&change(&client, GUID, old, NEW).await), expected);
    }
    assert!(operator.is_password("customer", GUID, NEW).await);
    assert_eq!(admin.send(Method::GET, "/readyz", &[], "").await.status, 200);
    let stopped = server.stop().await;
    assert_eq!(stopped.status.code(), Some(0));
}

/// Requests that are logged in one line each.
async fn send(stream: &mut TcpStream, requests: usize) {
    let all = "GET /x HTTP/1.1\r\nhost: x\r\n\r\n".repeat(requests);
    let (mut read, mut write) = stream.split();
    let writing = async { write.write_all(all.as_bytes()).await.unwrap() };
    let reading = async {
        let (mut answered, mut text) = (0, Vec::new());
        while answered < requests {
            let size = read.read_buf(&mut text).await.unwrap();
            assert!(size > 0, "the server closed after {answered} answers");
            answered += text.windows(13).filter(|part| part == b"HTTP/1.1 404 ").count();
            // A part of the next answer may follow and is kept.
            text = text.split_off(text.len().saturating_sub(12));
        }
    };
    tokio::join!(writing, reading);
}

/// Proves L1.
#[tokio::test(flavor = "multi_thread")]
async fn l1_a_log_reader_that_stalls_holds_up_no_answer_and_is_told_of_lost_lines() {
    let server = Server::builder().start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    server.read_log(LogReader::Pauses);
    // More lines than the queue of the server and the pipe hold.
    const REQUESTS: usize = 8000;
    send(&mut stream, REQUESTS).await;
    server.read_log(LogReader::Reads);
    let lost = loop {
        send(&mut stream, 1).await;
        if let Some(line) = server.log().lines().find(|line| line.contains("log lines were lost")) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            break usize::try_from(line["lines"].as_u64().unwrap()).unwrap();
        }
    };
    let stopped = server.stop().await;
    assert_eq!(stopped.status.code(), Some(0));
    let written = stopped.log.matches("\"target\":\"repass::request\"").count();
    assert!(lost > 1000 && lost + written >= REQUESTS, "{lost} lost, {written} written");
}
