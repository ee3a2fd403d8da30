//! Imports of accounts beside a running server.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use http::Method;
use repass_core::Subject;
use repass_tests::{Database, Server, binary};

use crate::requests::{CUSTOMER, JSON, Outcome, customer_body, outcome};

/// The hash of "password", from the test program of the reference implementation.
const ARGON2: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

/// A user id of customer's API.
fn guid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A file of so many accounts of realm `customer`.
fn rows(count: usize) -> String {
    let row = |number| format!("{},customer,\"{ARGON2}\"\n", guid(number));
    format!("user_id,realm,password_hash\n{}", (0..count).map(row).collect::<String>())
}

/// `repass account` on the database of a server.
fn repass(database: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("repass"));
    command.arg("account").args(arguments).env("REPASS_DATABASE", database.url());
    if let Some(file) = database.key_file() {
        command.env("REPASS_KEY_FILE", file);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(database: &Database, arguments: &[&str], input: &str) -> Output {
    let mut child = repass(database, arguments).spawn().unwrap();
    // A program that fails early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn imported(database: &Database, rows: &str) -> String {
    let output = run(database, &["import", "--format", "csv", "-"], rows);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_password_is_changed_over_http_and_never_comes_back() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let database = server.database();
    let rows = rows(3);
    assert_eq!(imported(database, &rows), "3 rows: 3 added, 0 present, 0 refused\n");
    assert!(operator.is_password("customer", &guid(1), "password").await);

    let body = customer_body(&guid(1), "password", "an entirely new password");
    let answer = server.client().send(Method::POST, CUSTOMER, &[JSON], body).await;
    assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());

    assert_eq!(imported(database, &rows), "3 rows: 0 added, 3 present, 0 refused\n");
    assert!(operator.is_password("customer", &guid(1), "an entirely new password").await);
    assert!(operator.is_password("customer", &guid(2), "password").await);
    let body = customer_body(&guid(1), "password", "yet another password of mine");
    let answer = server.client().send(Method::POST, CUSTOMER, &[JSON], body).await;
    assert_ne!(outcome(&answer), Outcome::Changed, "the old password counts no more");
    let audit = operator.audit().await;
    let imports: Vec<_> = audit.iter().filter(|record| record.action == "account.import").collect();
    assert_eq!(imports.len(), 1);
    assert_eq!(imports[0].detail.as_deref(), Some("added=3,present=0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_a_second_run_completes_whole_batches() {
    const MANY: usize = 5_000;

    let server = Server::start().await;
    let operator = server.operator().await;
    let database = server.database();
    let rows = rows(MANY);
    let mut child = repass(database, &["import", "--format", "csv", "-"]).spawn().unwrap();
    // More than the pipe holds and the import reads ahead, so some of it is written by then.
    child.stdin.as_mut().unwrap().write_all(rows.as_bytes()).unwrap();
    let first = Subject::new(operator.realm("customer"), guid(0));
    while operator.store.find(&first).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let mut before = 0;
    for number in 0..MANY {
        let subject = Subject::new(operator.realm("customer"), guid(number));
        match operator.store.find(&subject).await.unwrap() {
            None => break,
            Some(found) => assert!(found.credential.is_some(), "{number} has no hash"),
        }
        before += 1;
    }
    assert!(before > 0 && before % 500 == 0, "{before} are no whole batches");
    let summary = imported(database, &rows);
    assert_eq!(
        summary,
        format!("{MANY} rows: {} added, {before} present, 0 refused\n", MANY - before)
    );
    let added: usize = operator
        .audit()
        .await
        .iter()
        .filter(|record| record.action == "account.import")
        .filter_map(|record| record.detail.as_deref()?.strip_prefix("added=")?.split(',').next())
        .map(|added| added.parse::<usize>().unwrap())
        .sum();
    assert_eq!(added, MANY, "each is on record once");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_at_once_add_each_account_once() {
    const MANY: usize = 2_000;

    let server = Server::start().await;
    let database = server.database();
    let rows = rows(MANY);
    let tallies: Vec<serde_json::Value> = std::thread::scope(|scope| {
        let import = || {
            let output = run(database, &["import", "--format", "csv", "-", "--json"], &rows);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let both = [scope.spawn(import), scope.spawn(import)];
        both.map(|one| one.join().unwrap()).into()
    });
    let sum = |member: &str| tallies.iter().map(|one| one[member].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("added"), sum("present"), sum("refused")), (2_000, 2_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_fills_a_fresh_database() {
    let (from, to) = (Server::start().await, Server::start().await);
    let rows = rows(1_200);
    imported(from.database(), &rows);
    let export = run(from.database(), &["export", "--with-hashes", "--format", "jsonl"], "");
    assert!(export.status.success());
    let text = String::from_utf8(export.stdout).unwrap();
    assert_eq!(text.lines().count(), 1_200);
    let import = run(to.database(), &["import", "--format", "jsonl", "-"], &text);
    let summary = String::from_utf8(import.stdout).unwrap();
    assert_eq!(summary, "1200 rows: 1200 added, 0 present, 0 refused\n");
    let again = run(to.database(), &["export", "--with-hashes", "--format", "jsonl"], "");
    assert_eq!(String::from_utf8(again.stdout).unwrap(), text, "the same in every value");
}
