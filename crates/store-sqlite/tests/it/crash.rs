//! A process that is killed while it writes.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use repass_core::{AdministrationStore, AuditFilter};
use repass_store_sqlite::{SqliteOptions, SqliteStore};

use crate::database::{Database, add, has};

const PATH: &str = "REPASS_TEST_CRASH_PATH";

/// The process to be killed. It prints each account that it has added.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is run by the test below"]
#[allow(clippy::print_stdout, reason = "the other process reads it")]
async fn adds_until_it_is_killed() {
    let path = std::env::var_os(PATH).unwrap();
    let store = SqliteStore::open(path, &SqliteOptions::default()).await.unwrap();
    let first: u128 = std::process::id().into();
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0.. {
                    let number = (first << 64) + caller * 1_000_000 + turn;
                    add(&store, number).await;
                    println!("added {number}");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    let database = Database::new();
    let mut acknowledged = BTreeSet::new();
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "crash::adds_until_it_is_killed"])
            .env(PATH, database.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = lines.map_while(Result::ok);
        let mut numbers = lines.filter_map(|line| {
            line.rsplit_once("added ").map(|(_, number)| number.parse::<u128>().unwrap())
        });
        acknowledged.extend(numbers.by_ref().take(100 * round));
        child.kill().unwrap();
        // The rest of its output was also acknowledged.
        acknowledged.extend(numbers);
        child.wait().unwrap();
    }
    let store = database.open().await;
    assert_eq!(store.check().await.unwrap(), []);
    assert!(acknowledged.len() >= 1_500);
    for number in acknowledged {
        assert!(has(&store, number).await, "{number}");
    }
    let filter = AuditFilter { limit: 1_000_000, ..AuditFilter::default() };
    for record in store.audit(&filter).await.unwrap() {
        assert!(has(&store, record.id.as_u128()).await, "each audit record has its account");
    }
}
