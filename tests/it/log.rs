//! The log: its lines, its file, and a log that cannot be written.

use std::time::Duration;

use http::Method;
use nix::sys::signal::Signal;
use repass_tests::{FIRST_PASSWORD, LogReader, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::health::admin;
use crate::requests::{GUID, Outcome, change, good_request, outcome};

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

/// Returns the lines with this message.
fn lines(log: &str, message: &str) -> Vec<serde_json::Value> {
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["message"] == message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_summarizes_the_configuration_and_that_of_a_request_its_account() {
    let server = Server::builder().only("etna").start().await;
    let operator = server.operator().await;
    let mut wire = good_request(&operator, "etna", NEW).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    wire.headers.push(("traceparent".to_owned(), format!("00-{trace}-00f067aa0ba902b7-01")));
    assert_eq!(wire.send(&server.client()).await.status, 200);
    let account = operator.administration.show_account(&operator.realm("etna"), "1001").await;
    let log = server.stop().await.log;
    let first: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((&first["message"], &first["apis"]), (&"starting".into(), &"etna".into()));
    assert_eq!((&first["policy"], &first["tls"]), (&"nist-800-63b-4".into(), &false.into()));
    assert!(first["version"].is_string());
    let request = lines(&log, "request").remove(0);
    assert_eq!(request["account"], account.unwrap().0.id.to_string());
    assert_eq!(request["route"], "/v1.0/users/{user}/password/change");
    assert_eq!(request["trace_id"], trace);
    assert!(!log.contains("1001/password"));
}

/// Proves W9.
#[tokio::test(flavor = "multi_thread")]
async fn at_sighup_the_file_is_opened_again_and_the_filter_is_read_again() {
    let builder = Server::builder().only("zap").variable("REPASS_LOG__FILE", "log");
    let (file, config) = (builder.folder().join("log"), builder.folder().join("repassd.toml"));
    // So that the harness reads the first lines.
    std::os::unix::fs::symlink("/dev/stderr", &file).unwrap();
    let server = builder.start().await;
    let client = server.client();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "kept\n").unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let quiet = text.replace("filter = 'debug'", "filter = 'off,repassd=info'");
    std::fs::write(&config, &quiet).unwrap();
    server.signal(Signal::SIGHUP);
    let until = async |part: &str| {
        let written = async {
            while !std::fs::read_to_string(&file).unwrap().contains(part) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), written).await.expect(part);
    };
    until("SIGHUP: log.file is opened again, log.filter and certificates are read again").await;
    assert_eq!(client.send(Method::GET, "/x", &[], "").await.status, 404);

    std::fs::write(&config, quiet.replace("off,repassd=info", "info,verbose")).unwrap();
    server.signal(Signal::SIGHUP);
    until("log.filter: must be levels").await;
    let stopped = server.stop().await;
    let log = std::fs::read_to_string(&file).unwrap();
    assert!(lines(&stopped.log, "stopped").is_empty(), "no more lines on standard error");
    assert!(log.starts_with("kept\n") && log.ends_with('\n'));
    assert!(lines(log.trim_start_matches("kept\n"), "request").is_empty(), "{log}");
    assert_eq!(lines(log.trim_start_matches("kept\n"), "stopped").len(), 1, "{log}");
}
