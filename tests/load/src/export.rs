//! The audit trail by the admin API: in pages, and as one stream.

use std::path::Path;
use std::time::Instant;

use clap::Args;
use http::StatusCode;
use repass_core::HasherOptions;
use repass_tests::Sql;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::accounts;
use crate::connection::Connection;
use crate::figures::rate;
use crate::server::Server;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Audit records.
    #[arg(long, default_value_t = 1_000_000)]
    records: usize,
}

const MIB: u64 = 1024 * 1024;

pub(crate) async fn run(options: &Options, repassd: &Path) {
    let server = Server::start(repassd, "profile = 'owasp'");
    let (store, engine) = accounts::open(&server.database(), &HasherOptions::default()).await;
    let key = accounts::issue_admin_key(&engine).await;
    drop(engine);
    store.close().await.unwrap();
    // One record each 10 ms, from 2026 on, before all others.
    let insert = format!(
        "INSERT INTO @audit (id, at, realm, account, action, outcome, detail, caller, context)
         SELECT randomblob(16), 1767225600000000 + value * 10000, 'etna', randomblob(16),
                'password.verify', 'ok', NULL, 'key:an-id-of-36-characters:load',
                '{{\"source\":\"admin-api\",\"request_id\":\"request-' || value || '\"}}'
         FROM (WITH RECURSIVE numbers(value) AS (
                   SELECT 0 UNION ALL SELECT value + 1 FROM numbers WHERE value + 1 < {})
               SELECT value FROM numbers)",
        options.records
    );
    Sql::connect(&server.database()).await.rows(&insert).await;

    println!("| audit trail | records | records/s | first after | memory before, at most, after |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, is_stream) in [("in pages of 200", false), ("as one stream", true)] {
        server.peak_bytes();
        let before = server.resident_bytes();
        let begun = Instant::now();
        let (first, records) = if is_stream {
            stream(&server, &key, options.records).await
        } else {
            pages(&server, &key).await
        };
        let took = begun.elapsed();
        println!(
            "| {name} | {records} | {:.0} | {:.0} ms | {}, {}, {} MiB |",
            rate(records, took),
            (first - begun).as_secs_f64() * 1e3,
            before / MIB,
            server.peak_bytes() / MIB,
            server.resident_bytes() / MIB
        );
    }
    server.stop();
}

/// Reads all pages. Returns the time of the first, and the number of records.
async fn pages(server: &Server, key: &str) -> (Instant, usize) {
    let mut connection = Connection::new(TcpStream::connect(server.admin_api).await.unwrap());
    let (mut cursor, mut records, mut first) = (String::new(), 0, None);
    loop {
        let request = format!(
            "GET /admin/v1/realms/etna/audit?limit=200{cursor} HTTP/1.1\r\n\
             host: localhost\r\nauthorization: Bearer {key}\r\n\r\n"
        );
        let outcome = connection.exchange(&request).await.expect("an answer");
        assert_eq!(outcome.status, StatusCode::OK);
        first = first.or(Some(Instant::now()));
        let page: Value = serde_json::from_slice(connection.body()).unwrap();
        records += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (first.unwrap(), records),
        }
    }
}

/// Reads the stream until it has sent `expected` records. Returns the time of the first bytes of the
/// body, and the number of records.
async fn stream(server: &Server, key: &str, expected: usize) -> (Instant, usize) {
    let mut stream = TcpStream::connect(server.admin_api).await.unwrap();
    // HTTP/1.0, so that the answer is not chunked.
    let request = format!(
        "GET /admin/v1/realms/etna/audit?since=2026-01-01T00:00:00Z HTTP/1.0\r\n\
         host: localhost\r\naccept: application/x-ndjson\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut records, mut first, mut last) = (0, None, b'\n');
    let mut bytes = vec![0; 256 * 1024];
    while records < expected {
        let read = stream.read(&mut bytes).await.unwrap();
        assert_ne!(read, 0, "the stream ends after {records} records");
        for byte in &bytes[..read] {
            // A record ends with `}` and a line feed; other lines are empty or of the head.
            let is_end = (last, *byte) == (b'}', b'\n');
            records += usize::from(is_end);
            last = *byte;
            if is_end && first.is_none() {
                first = Some(Instant::now());
            }
        }
    }
    (first.unwrap(), records)
}
