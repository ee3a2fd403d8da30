//! The range API on loopback: what is sent, what is cached, and what happens if it fails.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use repass_compromised::{
    Compromised, EndpointOptions, OnFailure, RangeApi, RangeApiError, SeenAtLeast, build,
};
use repass_core::{CompromisedPasswords, Plaintext};
use repass_testkit::ManualClock;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A range API that knows "password".
struct Server {
    url: String,
    /// The heads of the requests.
    requests: Arc<Mutex<Vec<String>>>,
    status: Arc<AtomicU16>,
}

const TIMEOUT: Duration = Duration::from_secs(5);

impl Server {
    async fn start(body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mirror/", listener.local_addr().unwrap());
        let (requests, status) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicU16::new(200)));
        let (seen, answer) = (Arc::clone(&requests), Arc::clone(&status));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                seen.lock().unwrap().push(String::from_utf8(head).unwrap());
                let response = format!(
                    "HTTP/1.1 {} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    answer.load(Ordering::SeqCst),
                    body.len()
                );
                stream.write_all(response.as_bytes()).await.unwrap();
            }
        });
        Self { url, requests, status }
    }

    fn client(&self, retries: u32, clock: &Arc<ManualClock>) -> RangeApi {
        RangeApi::new(&options(&self.url), retries, clock.clone()).unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn options(url: &str) -> EndpointOptions {
    EndpointOptions { url: url.to_owned(), timeout: TIMEOUT, allow_plain_http: false, proxy: None }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(repass_testkit::fixtures::at(0)))
}

fn hex(password: &str) -> String {
    Sha1::digest(password).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02X}").unwrap();
        hex
    })
}

fn range() -> String {
    let digest = hex("password");
    format!("{:0>35}:0\r\n{}:3861493\r\n{:F>35}:2\r\n", "1", &digest[5..], "F")
}

/// Proves ASVS 6.2.12.
#[tokio::test]
async fn five_digits_are_sent_and_the_rest_is_compared_here() {
    let server = Server::start(range()).await;
    let clock = clock();
    let api = server.client(0, &clock);
    let found = api.find(&"password".into()).await.unwrap();
    assert_eq!(found, Some(SeenAtLeast(1_000_000)));
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /mirror/range/5BAA6 HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("add-padding: true\r\n"), "{request}");
    assert!(!request.contains(&hex("password")[5..12]), "{request}");

    assert_eq!(api.find(&"password".into()).await.unwrap(), found);
    assert_eq!(server.requests().len(), 1, "the range is kept");
    clock.advance(Duration::from_secs(3600));
    api.find(&"password".into()).await.unwrap();
    assert_eq!(server.requests().len(), 2, "for an hour");
    assert_eq!(api.find(&"correct horse battery staple".into()).await.unwrap(), None);
}

#[tokio::test]
async fn padding_is_not_found() {
    let digest = hex("password");
    let server = Server::start(format!("{}:0\n", &digest[5..])).await;
    assert_eq!(server.client(0, &clock()).find(&"password".into()).await.unwrap(), None);
}

#[tokio::test]
async fn failures_are_repeated_and_then_reported() {
    let server = Server::start(range()).await;
    server.status.store(503, Ordering::SeqCst);
    let api = server.client(2, &clock());
    let failed = api.find(&"password".into()).await;
    assert!(matches!(failed, Err(RangeApiError::Endpoint(_))), "{failed:?}");
    assert_eq!(server.requests().len(), 3);
    server.status.store(429, Ordering::SeqCst);
    assert!(api.find(&"password".into()).await.is_err());
    assert_eq!(server.requests().len(), 4, "a refusal is not repeated");
    for body in [
        "",
        "<html>",
        "XYZ:1\n",
        &format!("{}:many\n", "0".repeat(35)),
        &format!("{}:1\n", "ä".repeat(18)),
    ] {
        let server = Server::start(body.to_owned()).await;
        let failed = server.client(0, &clock()).find(&"password".into()).await;
        assert!(matches!(failed, Err(RangeApiError::Malformed)), "{body}: {failed:?}");
    }
}

fn corpus(folder: &Path) -> std::path::PathBuf {
    let (list, corpus) = (folder.join("list"), folder.join("corpus"));
    std::fs::write(&list, format!("{}:30\n", hex("letmein"))).unwrap();
    build(&list, &corpus, 1, "now", |_| {}).unwrap();
    corpus
}

async fn seen(source: &Compromised, password: &str) -> Option<Option<u64>> {
    source.seen(&Arc::new(Plaintext::from(password))).await.ok()
}

#[tokio::test]
async fn the_corpus_is_asked_first_and_the_api_about_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(range()).await;
    let source = Compromised::new(OnFailure::Refuse)
        .with_corpus(&corpus(folder.path()))
        .unwrap()
        .with_range_api(server.client(0, &clock()));
    assert_eq!(seen(&source, "letmein").await, Some(Some(10)));
    assert!(server.requests().is_empty());
    assert_eq!(seen(&source, "password").await, Some(Some(1_000_000)));
    assert_eq!(seen(&source, "correct horse battery staple").await, Some(None));
    let status = source.status();
    assert_eq!((status.found, status.not_found, status.failed), (2, 1, 0));
}

#[tokio::test]
async fn the_operator_chooses_what_a_failure_means() {
    let server = Server::start(range()).await;
    server.status.store(500, Ordering::SeqCst);
    let source =
        |on_failure| Compromised::new(on_failure).with_range_api(server.client(0, &clock()));
    let accepts = source(OnFailure::Accept);
    assert_eq!(seen(&accepts, "password").await, Some(None));
    assert_eq!(accepts.status().failed, 1);
    assert_eq!(seen(&source(OnFailure::Refuse), "password").await, None);
}

#[tokio::test]
async fn a_corpus_is_replaced_while_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = corpus(folder.path());
    let source = Compromised::new(OnFailure::Refuse).with_corpus(&file).unwrap();
    let list = folder.path().join("new");
    std::fs::write(&list, format!("{}:5\n", hex("password"))).unwrap();
    build(&list, &file, 1, "later", |_| {}).unwrap();
    assert_eq!(seen(&source, "letmein").await, Some(Some(10)), "the old file until the reload");
    source.reload().unwrap();
    assert_eq!(seen(&source, "letmein").await, Some(None));
    assert_eq!(seen(&source, "password").await, Some(Some(1)));
    std::fs::write(&file, "not a corpus").unwrap();
    source.reload().unwrap_err();
    // The file is the same one, and now damaged.
    assert_eq!(source.corpus().unwrap().info().built_at, "later");
}
