//! The cost of a change without hashing, relative to a bare insert in SQLite.
//!
//! `cargo bench -p repass-store-sqlite` measures changes per second through the engine with a
//! constant hash, for 1, 2, 8 and 32 callers and 1 thousand and 1 million accounts, and for
//! comparison durable inserts of one row by as many callers over one connection. Both are measured
//! alternately in one run, and the medians are printed. `cargo bench -p repass-store-sqlite -- 32`
//! measures 32 callers only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use repass_core::{
    Authorization, Change, Context, Engine, InstallationKey, Plaintext, Policy, PolicyRules, Proof,
    Sessions, Subject,
};
use repass_store_sqlite::{SqliteOptions, SqliteStore};
use repass_testkit::fixtures::ConstantHasher;
use rusqlite::Connection;

const CALLERS: [usize; 4] = [1, 2, 8, 32];
const SIZES: [u64; 2] = [1_000, 1_000_000];
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(600);

const OLD: &str = "the password that every account has";

/// One database under test.
struct Bench {
    engine: Engine,
    bare: Arc<Mutex<Connection>>,
    accounts: u64,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        println!("| accounts | callers | changes/s | bare inserts/s | ratio |");
        println!("| ---: | ---: | ---: | ---: | ---: |");
        let folders = SIZES.map(|_| tempfile::tempdir().unwrap());
        let mut benches = Vec::new();
        for (accounts, folder) in SIZES.into_iter().zip(&folders) {
            benches.push(Bench::open(&folder.path().join("bench.db"), accounts).await);
        }
        let only: Vec<usize> = std::env::args().filter_map(|one| one.parse().ok()).collect();
        for callers in CALLERS {
            if !only.is_empty() && !only.contains(&callers) {
                continue;
            }
            let mut rates = benches.iter().map(|_| (Vec::new(), Vec::new())).collect::<Vec<_>>();
            for _ in 0..ROUNDS {
                for (bench, (changes, inserts)) in benches.iter().zip(&mut rates) {
                    inserts.push(bench.inserts(callers).await);
                    changes.push(bench.changes(callers).await);
                }
            }
            for (bench, (changes, inserts)) in benches.iter().zip(rates) {
                let (changes, inserts) = (median(changes), median(inserts));
                let ratio = changes / inserts;
                let accounts = bench.accounts;
                println!("| {accounts} | {callers} | {changes:.0} | {inserts:.0} | {ratio:.2} |");
            }
        }
    });
}

impl Bench {
    async fn open(path: &Path, accounts: u64) -> Self {
        let store = SqliteStore::open(path, &SqliteOptions::default()).await.unwrap();
        fill(&Connection::open(path).unwrap(), accounts);
        // A separate file, since the two connections would invalidate each other's page cache.
        let bare = Connection::open(path.with_extension("bare.db")).unwrap();
        bare.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE bare (id INTEGER PRIMARY KEY, payload TEXT)",
        )
        .unwrap();
        let hasher = ConstantHasher::new(|password| password == OLD);
        let mut rules = PolicyRules::default();
        (rules.history, rules.refuse_current) = (0, false);
        let key = InstallationKey::from_bytes([3; 32]);
        let engine = Engine::builder(Arc::new(store), Arc::new(hasher), key);
        let engine = engine.policy(Policy::new(rules).unwrap()).build();
        Self { engine, bare: Arc::new(Mutex::new(bare)), accounts }
    }

    async fn changes(&self, callers: usize) -> f64 {
        rate(callers, |caller, turn| {
            let engine = self.engine.clone();
            // Callers change different accounts, spread over the table.
            let account = (turn * callers as u64 + caller as u64) * 7919 % self.accounts;
            async move {
                engine.change(change(&format!("user-{account}"))).await.unwrap();
            }
        })
        .await
    }

    async fn inserts(&self, callers: usize) -> f64 {
        static NEXT: AtomicI64 = AtomicI64::new(0);
        rate(callers, |_, _| {
            let bare = Arc::clone(&self.bare);
            let id = NEXT.fetch_add(1, Ordering::Relaxed);
            async move {
                let insert = move || {
                    let bare = bare.lock().unwrap();
                    let insert = "INSERT INTO bare (id, payload) VALUES (?1, ?2)";
                    let payload = "a row of about the size of an audit record, for comparison";
                    bare.prepare_cached(insert).unwrap().execute((id, payload)).unwrap();
                };
                tokio::task::spawn_blocking(insert).await.unwrap();
            }
        })
        .await
    }
}

/// Returns how often per second concurrent callers complete `work`.
async fn rate<F, Fut>(callers: usize, work: F) -> f64
where
    F: Fn(usize, u64) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    let mut turns = vec![0; callers];
    let mut done = 0_u32;
    let spawn = |tasks: &mut tokio::task::JoinSet<usize>, caller, turn| {
        let work = work(caller, turn);
        tasks.spawn(async move {
            work.await;
            caller
        });
    };
    for caller in 0..callers {
        spawn(&mut tasks, caller, 0);
    }
    while let Some(caller) = tasks.join_next().await {
        let caller = caller.unwrap();
        done += 1;
        turns[caller] += 1;
        if begun.elapsed() < ROUND {
            spawn(&mut tasks, caller, turns[caller]);
        }
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn change(user_id: &str) -> Change {
    Change::new(
        Authorization::by_proof(Subject::new("bench".parse().unwrap(), user_id)),
        Proof::OldPassword(Plaintext::from(OLD)),
        Plaintext::from("the password that every account gets"),
    )
    .with_sessions(Sessions::EndAll)
    .with_context(Context::new("bench"))
}

/// Fills the tables directly: the engine would need a million transactions.
fn fill(connection: &Connection, accounts: u64) {
    connection
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE numbers AS
                 WITH RECURSIVE counted (n) AS (
                     SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {accounts})
                 SELECT n, randomblob(16) AS id FROM counted;
             INSERT INTO repass_accounts
                 (id, realm, user_id, hash, normalization, version, changed_at)
                 SELECT id, 'bench', 'user-' || n, '$constant$', 'none', 1, 0
                 FROM numbers ORDER BY id;
             DROP TABLE numbers;
             COMMIT"
        ))
        .unwrap();
}
