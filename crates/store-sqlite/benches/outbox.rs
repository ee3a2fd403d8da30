//! The rate of delivering a backlog of events.
//!
//! `cargo bench -p repass-store-sqlite --bench outbox` prints deliveries per second for the first
//! and the last thousand events of a backlog, with one event per account. If a claim scanned the
//! whole backlog, the first thousand of a larger backlog would take longer.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use repass_core::{ClaimEvents, DeliveryOutcome, OutboxStore};
use repass_store_sqlite::{SqliteOptions, SqliteStore};
use rusqlite::Connection;

const BACKLOGS: [usize; 3] = [2_000, 10_000, 100_000];
const CHANNELS: [&str; 2] = ["mail", "webhook"];
const MEASURED: usize = 1_000;

#[tokio::main]
async fn main() {
    println!("| backlog | a second channel | first, deliveries/s | last, deliveries/s |");
    println!("| ---: | --- | ---: | ---: |");
    for backlog in BACKLOGS {
        for (channels, second) in [(&CHANNELS[..1], "none"), (&CHANNELS[..], "fails")] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("bench.db");
            let store = SqliteStore::open(&path, &SqliteOptions::default()).await.unwrap();
            fill(&Connection::open(&path).unwrap(), backlog);
            let first = deliver(&store, channels, MEASURED).await;
            deliver(&store, channels, backlog - 2 * MEASURED).await;
            let last = deliver(&store, channels, MEASURED).await;
            println!("| {backlog} | {second} | {first:.0} | {last:.0} |");
        }
    }
}

/// Delivers `events` to the first channel, while deliveries to the other one fail. Returns the
/// deliveries per second.
async fn deliver(store: &SqliteStore, channels: &[&str], events: usize) -> f64 {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let next_try = now + Duration::from_secs(86_400);
    let claim = ClaimEvents { channels, now, lease: Duration::from_secs(60), limit: 100 };
    let (begun, mut delivered) = (Instant::now(), 0);
    while delivered < events {
        let claimed = store.claim(&claim).await.unwrap();
        assert!(!claimed.is_empty());
        let finished = claimed.into_iter().map(|one| async move {
            let to_first = one.claim.channel == channels[0];
            let outcome = if to_first {
                DeliveryOutcome::Delivered
            } else {
                DeliveryOutcome::Retry { next_try, error: "it fails".to_owned() }
            };
            store.finish_delivery(&one.claim, &outcome, channels).await.unwrap();
            usize::from(to_first)
        });
        for finished in finished {
            delivered += finished.await;
        }
    }
    (events as f64) / begun.elapsed().as_secs_f64()
}

fn fill(connection: &Connection, events: usize) {
    connection
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE numbers AS
                 WITH RECURSIVE counted (n) AS (
                     SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {events})
                 SELECT n, randomblob(16) AS id FROM counted;
             INSERT INTO repass_accounts (id, realm, user_id)
                 SELECT id, 'bench', 'user-' || n FROM numbers;
             INSERT INTO repass_events (id, at, account, kind, payload, due_at)
                 SELECT randomblob(16), n, id, 'password.changed', '{{}}', n FROM numbers ORDER BY n;
             COMMIT"
        ))
        .unwrap();
}
