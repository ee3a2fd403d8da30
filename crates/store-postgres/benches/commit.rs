//! The cost of a change without hashing, relative to a bare insert.
//!
//! `cargo bench -p repass-store-postgres` needs the PostgreSQL server. It measures changes per
//! second through the engine with a constant hash, for 1, 2, 8 and 32 callers and 1 thousand and 1
//! million accounts, and for comparison inserts of one row by as many callers, with unnamed
//! statements like those of the store and with prepared ones. All are measured alternately in one
//! run. It also prints round trips, and the time of a change with a network delay of 5 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, Pool};
use repass_core::{
    Authorization, Change, Context, Engine, InstallationKey, Plaintext, Policy, Proof, Sessions,
    Subject,
};
use repass_postgres_cluster::{Cluster, Proxy};
use repass_store_postgres::deadpool_postgres;
use repass_store_postgres::{PostgresOptions, PostgresStore};
use repass_testkit::fixtures::ConstantHasher;
use tokio_postgres::NoTls;
use tokio_postgres::types::{ToSql, Type};

const CALLERS: [usize; 4] = [1, 2, 8, 32];
const SIZES: [u64; 2] = [1_000, 1_000_000];
/// Rounds alternate, so that load on the machine affects all measurements equally.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(600);

const OLD: &str = "the password that every account has";

/// One database under test.
struct Bench {
    engine: Engine,
    bare: Pool,
    accounts: u64,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // A quarter of a small server's memory, as PostgreSQL's documentation recommends. The tests'
        // clusters have less.
        let Ok(cluster) = Cluster::start_with(&["shared_buffers=1GB"]) else {
            println!("PostgreSQL's server is not installed; nothing is measured.");
            return;
        };
        let only_small = std::env::args().any(|argument| argument == "--small");
        let proxy = Proxy::start(cluster.folder());
        let database = cluster.create_database();
        let bench = Bench::open(&cluster.url(&database), &proxy.url(&database), 1_000).await;
        bench.trips(&proxy).await;

        println!(
            "\n| accounts | callers | changes/s | bare inserts/s | ratio | prepared inserts/s |"
        );
        println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
        for accounts in SIZES {
            if only_small && accounts > 1_000 {
                continue;
            }
            let url = cluster.url(&cluster.create_database());
            Bench::open(&url, &url, accounts).await.measure().await;
        }
    });
}

impl Bench {
    /// Opens a store at `store_url`, and a pool of direct connections at `url`.
    async fn open(url: &str, store_url: &str, accounts: u64) -> Self {
        let mut options = PostgresOptions::default();
        options.connections = 32;
        let store = PostgresStore::connect(store_url, &options).await.unwrap();
        let manager = Manager::new(url.parse().unwrap(), NoTls);
        let bare = Pool::builder(manager).max_size(32).build().unwrap();
        let client = bare.get().await.unwrap();
        client
            .batch_execute("CREATE TABLE bare (id BIGINT PRIMARY KEY, payload TEXT)")
            .await
            .unwrap();
        client.batch_execute(&fill(accounts)).await.unwrap();
        let hasher = ConstantHasher::new(|password| password == OLD);
        let key = InstallationKey::from_bytes([3; 32]);
        let engine = Engine::builder(Arc::new(store), Arc::new(hasher), key);
        let engine = engine.policy(policy(0)).build();
        Self { engine, bare, accounts }
    }

    /// Prints the round trips of requests by outcome, and their time with a network delay.
    async fn trips(&self, proxy: &Proxy) {
        println!("| request | round trips | with 5 ms added |\n| --- | ---: | ---: |");
        for (name, old, new) in [
            ("change", OLD, "the password that every account gets"),
            ("wrong password", "a wrong password", "the password that every account gets"),
            ("refusal", OLD, "short"),
        ] {
            let account = AtomicU64::new(0);
            let engine = self.engine.with_policy(policy(3));
            let request = || {
                let number = account.fetch_add(1, Ordering::Relaxed);
                engine.change(change(&format!("user-{number}"), old, new))
            };
            // Opens the connection.
            let _ = request().await;
            let before = proxy.round_trips();
            let _ = request().await;
            let trips = proxy.round_trips() - before;
            proxy.delay(Duration::from_millis(5));
            let mut times = Vec::new();
            for _ in 0..11 {
                let begun = Instant::now();
                let _ = request().await;
                times.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
            proxy.delay(Duration::ZERO);
            println!("| {name} | {trips} | {:.1} ms |", median(times));
        }
    }

    async fn measure(&self) {
        for callers in CALLERS {
            let (mut changes, mut inserts, mut prepared) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                inserts.push(self.inserts(callers, false).await);
                changes.push(self.changes(callers).await);
                prepared.push(self.inserts(callers, true).await);
            }
            let (changes, inserts) = (median(changes), median(inserts));
            let (ratio, prepared) = (changes / inserts, median(prepared));
            println!(
                "| {} | {callers} | {changes:.0} | {inserts:.0} | {ratio:.2} | {prepared:.0} |",
                self.accounts
            );
        }
    }

    async fn changes(&self, callers: usize) -> f64 {
        rate(callers, |caller, turn| {
            let engine = self.engine.clone();
            // Callers change different accounts, spread over the table.
            let account = (turn * callers as u64 + caller as u64) * 7919 % self.accounts;
            async move {
                let change = change(&format!("user-{account}"), OLD, "the password that all get");
                engine.change(change).await.unwrap();
            }
        })
        .await
    }

    /// Inserts rows with unnamed or prepared statements.
    async fn inserts(&self, callers: usize, prepared: bool) -> f64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        rate(callers, |_, _| {
            let bare = self.bare.clone();
            let id = i64::try_from(NEXT.fetch_add(1, Ordering::Relaxed)).unwrap();
            async move {
                let client = bare.get().await.unwrap();
                let insert = "INSERT INTO bare (id, payload) VALUES ($1, $2)";
                let text = "a row of about the size of an audit record, for a fair comparison";
                if prepared {
                    let insert = client.prepare_cached(insert).await.unwrap();
                    client.execute(&insert, &[&id, &text]).await.unwrap();
                } else {
                    let values: [(&(dyn ToSql + Sync), Type); 2] =
                        [(&id, Type::INT8), (&text, Type::TEXT)];
                    client.execute_typed(insert, &values).await.unwrap();
                }
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
    let mut done = 0_u64;
    for caller in 0..callers {
        let first = work(caller, 0);
        tasks.spawn(async move {
            first.await;
            caller
        });
    }
    while let Some(caller) = tasks.join_next().await {
        let caller = caller.unwrap();
        done += 1;
        turns[caller] += 1;
        if begun.elapsed() < ROUND {
            let next = work(caller, turns[caller]);
            tasks.spawn(async move {
                next.await;
                caller
            });
        }
    }
    f64::from(u32::try_from(done).unwrap()) / begun.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns a policy that refuses reuse if a history is kept.
fn policy(history: usize) -> Policy {
    let mut rules = Policy::nist_800_63b_4().rules().clone();
    (rules.history, rules.refuse_current) = (history, history > 0);
    Policy::new(rules).unwrap()
}

fn change(user_id: &str, old: &str, new: &str) -> Change {
    Change::new(
        Authorization::by_proof(Subject::new("bench".parse().unwrap(), user_id)),
        Proof::OldPassword(Plaintext::from(old)),
        Plaintext::from(new),
    )
    .with_sessions(Sessions::EndAll)
    .with_context(Context::new("bench"))
}

/// Returns statements that fill the tables directly: the engine would need a million transactions.
fn fill(accounts: u64) -> String {
    let numbers = format!("generate_series(0, {accounts} - 1) AS numbers (n)");
    let id = "CAST('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0') AS UUID)";
    format!(
        "INSERT INTO repass.accounts (id, realm, user_id, list_key, hash, normalization, version,
                                      changed_at)
         SELECT {id}, 'bench', 'user-' || n, convert_to('bench-' || n, 'UTF8'), '$constant$', 'none', 1,
                now()
         FROM {numbers};
         ANALYZE repass.accounts"
    )
}
