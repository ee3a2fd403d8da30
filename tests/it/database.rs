//! The database of a server: its keys, its schema, and the retention of old data.

use std::process::{Command, Output};
use std::time::Duration;

use repass_core::{AttemptKey, AuditRecord, Context, FinishAttempt};
use repass_tests::{FIRST_PASSWORD, Server, ServerBuilder, binary};
use uuid::Uuid;

use crate::requests::{GUID, Outcome, change, outcome};
use crate::test_context::{NEW, now};

fn serve(builder: &ServerBuilder) -> Output {
    let file = builder.write_config();
    Command::new(binary("repassd")).arg("serve").arg("--config").arg(file).output().unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, parts: &[&str]) {
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// Proves K1.
#[tokio::test(flavor = "multi_thread")]
async fn k1_a_server_with_another_installation_key_does_not_start() {
    let builder = Server::builder();
    builder.start().await.stop().await;
    let database = builder.database();
    let file = database.key_file().unwrap_or_else(|| builder.folder().join("repass.db.key"));
    std::fs::write(file, "A".repeat(43)).unwrap();
    let refused = ["this is not the installation key", "repass database accept-keys"];
    assert_refused(&serve(&builder), &refused);
}

/// Proves K1.
#[tokio::test(flavor = "multi_thread")]
async fn k1_a_pepper_of_the_same_id_and_other_bytes_is_refused() {
    let pepper = |key: &str| {
        format!(
            "[hashing]\nprofile = 'insecure-for-tests'\npepper = 'k1'\n[hashing.peppers.k1]\nkey = '{key}'"
        )
    };
    let with = |key: &str| Server::builder().only("customer").tables(&pepper(key));
    let builder = with("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    builder.start().await.stop().await;
    let file = builder.write_config();
    let other = std::fs::read_to_string(&file).unwrap().replace("MDEy", "MDEz");
    std::fs::write(&file, other).unwrap();
    let output =
        Command::new(binary("repassd")).arg("serve").arg("--config").arg(&file).output().unwrap();
    assert_refused(&output, &["the pepper key k1 is not the one"]);
}

/// Proves P5.
#[tokio::test(flavor = "multi_thread")]
async fn p5_a_server_that_must_not_migrate_refuses_a_database_without_schema() {
    let builder = Server::builder();
    let text = std::fs::read_to_string(builder.write_config()).unwrap();
    let file = builder.write_config();
    std::fs::write(&file, text.replace("[store]\n", "[store]\nmigrate = false\n")).unwrap();
    let serve = || {
        Command::new(binary("repassd")).arg("serve").arg("--config").arg(&file).output().unwrap()
    };
    // A missing file has to be made; a database on a server is there and has no tables.
    let file_missing = text.contains("sqlite:");
    let remedy = if file_missing { "`repass database init`" } else { "`repass database migrate`" };
    assert_refused(&serve(), &[remedy]);
    builder.start().await.stop().await;
    let text = std::fs::read_to_string(builder.write_config()).unwrap();
    let text = text.replace("[store]\n", "[store]\nmigrate = false\n");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("listen = '{}'", taken.local_addr().unwrap());
    std::fs::write(&file, text.replace("listen = '127.0.0.1:0'", &listen)).unwrap();
    // The database is good enough; the port is not.
    assert_refused(&serve(), &["cannot listen on 127.0.0.1:"]);
}

/// Proves P9.
#[tokio::test(flavor = "multi_thread")]
async fn p9_data_older_than_its_retention_is_deleted() {
    let builder = Server::builder();
    let server = builder.start().await;
    let operator = server.operator().await;
    let account = operator.add("customer", GUID).await.account;
    let record = |days: u64| AuditRecord {
        id: Uuid::from_u128(u128::from(days)),
        at: now().checked_sub(Duration::from_secs(days * 24 * 60 * 60)).unwrap(),
        realm: account.realm.clone(),
        account: Some(account.id),
        action: "password.change".to_owned(),
        outcome: "wrong-password".to_owned(),
        detail: None,
        caller: "anonymous".to_owned(),
        context: Context::new("test"),
    };
    for days in [399, 401] {
        let finished = FinishAttempt::unreserved(record(days));
        operator.store.finish_attempt(&finished).await.unwrap();
    }
    server.stop().await;
    // A server looks for old data when it starts.
    let server = builder.start().await;
    let operator = server.operator().await;
    let pruned = async {
        loop {
            let kept: Vec<u128> = operator.audit().await.iter().map(|it| it.id.as_u128()).collect();
            if !kept.contains(&401) {
                break kept;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let kept = tokio::time::timeout(Duration::from_secs(60), pruned).await.unwrap();
    assert!(kept.contains(&399), "{kept:?}");
}

/// Requests of an anonymous client for a locked-out account leave a bounded audit trail.
///
/// Proves A2.
#[tokio::test(flavor = "multi_thread")]
async fn a2_refusals_of_a_locked_account_leave_one_record() {
    let tables = "[lockout]\nthreshold = 2\ninitial_delay = '10m'\n";
    let server = Server::builder().only("customer").tables(tables).start().await;
    let operator = server.operator().await;
    let account = operator.add("customer", GUID).await.account;
    for _ in 0..2 {
        let wrong = change(&server.client(), GUID, "not the right password", NEW).await;
        assert_eq!(outcome(&wrong), Outcome::WrongPassword);
    }
    let before = operator.audit().await.len();
    for _ in 0..30 {
        let refused = change(&server.client(), GUID, FIRST_PASSWORD, NEW).await;
        assert_eq!(outcome(&refused), Outcome::TooMany);
    }
    assert_eq!(operator.audit().await.len(), before + 1);
    let row = operator.store.attempts(&AttemptKey::account(account.id)).await.unwrap();
    assert_eq!(row.failures, 2);
}

mod file {
    use http::Method;

    use super::*;
    use crate::health::admin;

    /// The server answers no success for a file that has been deleted.
    ///
    /// Proves L2.
    #[tokio::test(flavor = "multi_thread")]
    async fn l2_a_server_whose_file_is_gone_is_not_ready_and_answers_no_success() {
        let builder = Server::builder_on_sqlite()
            .only("customer")
            .tables("[admin]\nlisten = '127.0.0.1:0'\n");
        let server = builder.start().await;
        server.operator().await.add("customer", GUID).await;
        let probes = admin(&server);
        assert_eq!(probes.send(Method::GET, "/readyz", &[], "").await.status, 200);
        for file in ["repass.db", "repass.db-wal", "repass.db-shm"] {
            std::fs::remove_file(builder.folder().join(file)).unwrap();
        }
        let answer = change(&server.client(), GUID, FIRST_PASSWORD, NEW).await;
        assert_eq!(answer.status, 503, "{}", answer.text());
        let unready = async {
            loop {
                let ready = probes.send(Method::GET, "/readyz", &[], "").await;
                if ready.status == 503 {
                    break ready;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let ready = tokio::time::timeout(Duration::from_secs(30), unready).await.unwrap();
        assert!(ready.text().contains("repass.db"), "{}", ready.text());
        assert_eq!(probes.send(Method::GET, "/healthz", &[], "").await.status, 200);
    }
}
