//! Passwords from breaches are refused by every API, and the corpus is replaced while the server
//! runs.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use repass_tests::{FIRST_PASSWORD, Server, binary};

use crate::requests::{GUID, Outcome, change, outcome};

/// Two passwords that any policy but this would take, with their SHA-1 digests.
const LEAKED: (&str, &str) =
    ("a long password that leaked", "1D0FDC6EE89E2FAF12A5EDDAFDFEDFC69D7DD561");
const LEAKED_LATER: (&str, &str) =
    ("a long password that leaks later", "409A44F456729BAA3AFC545ACD6C3448E47C4B88");

fn build(folder: &Path, digests: &[&str]) {
    let mut lines: Vec<String> = digests.iter().map(|digest| format!("{digest}:1234\n")).collect();
    lines.sort();
    fs::write(folder.join("list.txt"), lines.concat()).unwrap();
    let built = Command::new(binary("repass"))
        .args(["compromised", "build", "list.txt", "corpus"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

/// Proves ASVS 6.2.12.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_2_12_a_leaked_password_is_refused_and_the_corpus_is_replaced_at_sighup() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &[LEAKED.1]);
    let corpus = folder.path().join("corpus");
    let tables =
        format!("[admin]\nlisten = '127.0.0.1:0'\n[compromised]\nfile = '{}'\n", corpus.display());
    let server = Server::builder().tables(&tables).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let client = server.client();
    let refused = change(&client, GUID, FIRST_PASSWORD, LEAKED.0).await;
    assert_eq!(outcome(&refused), Outcome::Refused, "{}", refused.text());
    let record = operator.audit().await.remove(0);
    assert_eq!(
        (record.outcome.as_str(), record.detail.as_deref()),
        ("rejected", Some("compromised"))
    );

    build(folder.path(), &[LEAKED.1, LEAKED_LATER.1]);
    server.signal(Signal::SIGHUP);
    server.logged("compromised.file is opened again").await;
    let refused = change(&client, GUID, FIRST_PASSWORD, LEAKED_LATER.0).await;
    assert_eq!(outcome(&refused), Outcome::Refused, "{}", refused.text());

    fs::write(&corpus, "not a corpus").unwrap();
    server.signal(Signal::SIGHUP);
    server.logged("the one before stays in use").await;
    let fine = change(&client, GUID, FIRST_PASSWORD, "a long password of my own").await;
    // The file that is in use was overwritten, so nothing can be looked up; the default accepts.
    assert_eq!(outcome(&fine), Outcome::Changed, "{}", fine.text());
    let metrics = crate::health::admin(&server).send(http::Method::GET, "/metrics", &[], "").await;
    for expected in [
        "repass_compromised_lookups_total{result=\"found\"} 2",
        "repass_compromised_lookups_total{result=\"failed\"} 1",
    ] {
        assert!(metrics.text().contains(expected), "{}", metrics.text());
    }
    let log = server.stop().await.log;
    assert!(!log.contains(LEAKED_LATER.0) && !log.contains(LEAKED.0), "{log}");
}
