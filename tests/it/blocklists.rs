//! The operator's own passwords and words that are refused.

use std::fs;

use nix::sys::signal::Signal;
use repass_tests::{FIRST_PASSWORD, Server};

use crate::requests::{GUID, Outcome, change, outcome};

/// Proves NIST 3.1.1.2 blocklist.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_words_and_files_of_the_operator_are_refused_and_files_are_reread_at_sighup() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refused.txt");
    fs::write(&file, "Radishes of the Season\n").unwrap();
    let tables = format!(
        "[policy]\ncontext_words = ['Corner Shop']\nblocklist_files = ['{}']\n",
        file.display()
    );
    let server = Server::builder().tables(&tables).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let client = server.client();
    for (new, rule) in
        [("radishes of the season", "common"), ("c0rner-$hop-2026!", "contains-account-word")]
    {
        let refused = change(&client, GUID, FIRST_PASSWORD, new).await;
        assert_eq!(outcome(&refused), Outcome::Refused, "{}", refused.text());
        assert_eq!(operator.audit().await[0].detail.as_deref(), Some(rule));
    }

    fs::write(&file, "turnips of the season\n").unwrap();
    server.signal(Signal::SIGHUP);
    server.logged("SIGHUP: log.file is opened again").await;
    let refused = change(&client, GUID, FIRST_PASSWORD, "turnips of the season").await;
    assert_eq!(outcome(&refused), Outcome::Refused, "{}", refused.text());

    fs::remove_file(&file).unwrap();
    server.signal(Signal::SIGHUP);
    server.logged("its list stays as it was").await;
    let refused = change(&client, GUID, FIRST_PASSWORD, "turnips of the season").await;
    assert_eq!(outcome(&refused), Outcome::Refused, "{}", refused.text());
    let fine = change(&client, GUID, FIRST_PASSWORD, "radishes of the season").await;
    assert_eq!(outcome(&fine), Outcome::Changed, "{}", fine.text());
    let log = server.stop().await.log;
    assert!(!log.contains("turnips") && !log.contains("radishes"), "{log}");
}
