//! Imports of accounts by the admin API.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use repass_core::HasherOptions;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::accounts;
use crate::figures::rate;
use crate::server::Server;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rows.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
}

const MIB: u64 = 1024 * 1024;

/// Rows that are sent at once.
const CHUNK: usize = 256;

pub(crate) async fn run(options: &Options, repassd: &Path) {
    let server = Server::start(repassd, "profile = 'owasp'");
    let (store, engine) = accounts::open(&server.database(), &HasherOptions::default()).await;
    let key = accounts::issue_admin_key(&engine).await;
    drop(engine);
    store.close().await.unwrap();

    let rows = options.rows;
    println!("| import | rows | rows/s | CPU of a row | summary | memory before, at most, after |");
    println!("| --- | ---: | ---: | ---: | --- | ---: |");
    for name in ["of new accounts (goal: at least 20,000 rows/s, 100 MiB)", "the same again"] {
        let before = Before::now(&server);
        let summary = import(&server, &key, 0, rows, rows).await.expect("a summary");
        before.print(&server, name, rows, &summary);
    }
    let tenth = rows / 10;
    assert!(import(&server, &key, rows, tenth, tenth / 2).await.is_none(), "it is cut");
    let before = Before::now(&server);
    let summary = import(&server, &key, rows, tenth, tenth).await.expect("a summary");
    before.print(&server, "again after half of it was cut", tenth, &summary);
    server.stop();
}

/// The state of the server before an import.
struct Before {
    begun: Instant,
    cpu: Duration,
    memory: u64,
}

impl Before {
    fn now(server: &Server) -> Self {
        server.peak_bytes();
        Self { begun: Instant::now(), cpu: server.cpu_time(), memory: server.resident_bytes() }
    }

    fn print(&self, server: &Server, name: &str, rows: usize, summary: &str) {
        let took = self.begun.elapsed();
        let cpu = (server.cpu_time() - self.cpu).as_secs_f64();
        let (most, after) = (server.peak_bytes(), server.resident_bytes());
        let summary: Value = serde_json::from_str(summary).unwrap();
        println!(
            "| {name} | {rows} | {:.0} | {:.0} µs | {} added, {} present, {} refused, \
             complete: {} | {}, {}, {} MiB |",
            rate(rows, took),
            cpu * 1e6 / rate(rows, Duration::from_secs(1)),
            summary["added"],
            summary["present"],
            summary["refused"],
            summary["complete"],
            self.memory / MIB,
            most / MIB,
            after / MIB
        );
    }
}

/// Imports the rows from `first` on, but sends only `sent` of them. Returns the last line of the
/// answer, if all were sent.
async fn import(
    server: &Server,
    key: &str,
    first: usize,
    count: usize,
    sent: usize,
) -> Option<String> {
    let mut stream = TcpStream::connect(server.admin_api).await.unwrap();
    // All rows of a form have the same length. HTTP/1.0, so that the answer is not chunked.
    let length = (0..2).map(|form| row(form).len()).sum::<usize>() * count / 2;
    let head = format!(
        "POST /admin/v1/realms/etna/accounts:import HTTP/1.0\r\n\
         host: localhost\r\n\
         content-type: application/x-ndjson\r\n\
         content-length: {length}\r\n\
         authorization: Bearer {key}\r\n\
         \r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut answer, mut request) = stream.split();
    let send = async {
        for begin in (first..first + sent).step_by(CHUNK) {
            let end = (begin + CHUNK).min(first + sent);
            let rows: String = (begin..end).map(row).collect();
            request.write_all(rows.as_bytes()).await.unwrap();
        }
        sent == count
    };
    let read = async {
        let mut text = String::new();
        answer.read_to_string(&mut text).await.unwrap();
        text
    };
    let mut read = std::pin::pin!(read);
    tokio::select! {
        biased;
        is_complete = send => if !is_complete { return None },
        text = &mut read => panic!("the import ends early: {text}"),
    }
    read.await.lines().last().map(str::to_owned)
}

/// Returns the row of an account: by turns with a hash of bcrypt and of Argon2id.
fn row(number: usize) -> String {
    let hash = if number.is_multiple_of(2) {
        format!("$2b$12$R9h/cIPz0gi{number:0>8}x2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW")
    } else {
        format!(
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhb{number:0>8}VmlnQ$\
             aGFzaGhhc2hoYXNoaGFzaGhhc2hoYX{number:0>8}hoYXM"
        )
    };
    format!(
        "{{\"user_id\":\"user-{number:0>8}\",\"email\":\"user-{number:0>8}@example.org\",\
         \"given_name\":\"Alex\",\"family_name\":\"Example\",\
         \"created_at\":\"2024-02-29T12:00:00Z\",\"password_hash\":\"{hash}\"}}\n"
    )
}

#[cfg(test)]
mod tests {
    use repass_core::HashedPassword;

    use super::*;

    #[test]
    fn every_row_has_a_hash_that_can_be_verified() {
        for number in [0, 1, 998, 999_999] {
            let row: Value = serde_json::from_str(&row(number)).unwrap();
            let hash = row["password_hash"].as_str().unwrap();
            assert!(HashedPassword::from_stored(hash).check().is_ok(), "{hash}");
        }
    }

    #[test]
    fn rows_of_a_form_have_the_same_length() {
        assert_eq!(row(0).len(), row(999_998).len());
        assert_eq!(row(1).len(), row(999_999).len());
    }
}
