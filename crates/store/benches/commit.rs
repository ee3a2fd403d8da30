//! What a change costs beside its hashing, as a ratio to what the database itself can do.
//!
//! `cargo bench -p repass-store`: for SQLite, and for PostgreSQL where its server is installed,
//! changes per second through the whole engine with hashing replaced by a constant, with 1, 2, 8 and
//! 32 callers and with 1 thousand and 1 million accounts; each beside the rate at which the same
//! callers insert one bare row and commit, measured in turns in the same run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use repass_core::{
    Authorization, Change, Context, Engine, HashError, HashedPassword, Hasher, InstallationKey,
    NewPassword, Plaintext, Policy, Proof, Sessions, Subject,
};
use repass_store::SqlStore;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, query};

const CALLERS: [usize; 4] = [1, 2, 8, 32];
const SIZES: [u64; 2] = [1_000, 1_000_000];
/// Measured in turns, so that a slow spell of the machine hits both sides alike.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(600);

const OLD: &str = "the password that every account has";

/// Says of one password that it is right, and hashes to a constant.
#[derive(Debug)]
struct Constant(HashedPassword);

#[async_trait]
impl Hasher for Constant {
    async fn hash(&self, _: NewPassword) -> Result<HashedPassword, HashError> {
        Ok(self.0.clone())
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        _: &HashedPassword,
    ) -> Result<bool, HashError> {
        Ok(password.expose() == OLD)
    }

    fn dummy_hash(&self) -> &HashedPassword {
        &self.0
    }
}

/// One database under test.
struct House {
    engine: Engine,
    bare: AnyPool,
    accounts: u64,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        println!("| database | accounts | callers | changes/s | bare inserts/s | ratio |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: |");
        for accounts in SIZES {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}", folder.path().join("bench.db").display());
            // As one writer is all that SQLite has, one connection is its best.
            let house = House::open(&url, accounts, 1).await;
            house.measure("SQLite").await;
        }
        let Ok(cluster) = repass_postgres_cluster::Cluster::start() else {
            println!("\nPostgreSQL's server is not installed; left out.");
            return;
        };
        for accounts in SIZES {
            let url = cluster.url(&cluster.create_database());
            let house = House::open(&url, accounts, 32).await;
            house.measure("PostgreSQL").await;
        }
    });
}

impl House {
    async fn open(url: &str, accounts: u64, connections: u32) -> Self {
        let store = SqlStore::open(url).await.unwrap();
        let bare = AnyPoolOptions::new()
            .max_connections(connections)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    if connection.backend_name() == "SQLite" {
                        query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
                        query("PRAGMA busy_timeout = 5000").execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .connect(url)
            .await
            .unwrap();
        query("CREATE TABLE bare (id BIGINT PRIMARY KEY, payload TEXT)")
            .execute(&bare)
            .await
            .unwrap();
        fill(&bare, accounts).await;
        let hasher = Constant(HashedPassword::from_stored("$constant$"));
        let policy = Policy { history: 0, refuse_current: false, ..Policy::default() };
        let key = InstallationKey::from_bytes([3; 32]);
        let engine = Engine::builder(Arc::new(store), Arc::new(hasher), key);
        Self { engine: engine.policy(policy).build().unwrap(), bare, accounts }
    }

    async fn measure(&self, database: &str) {
        for callers in CALLERS {
            let (mut changes, mut inserts) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                inserts.push(self.inserts(callers).await);
                changes.push(self.changes(callers).await);
            }
            let (changes, inserts) = (median(changes), median(inserts));
            println!(
                "| {database} | {} | {callers} | {changes:.0} | {inserts:.0} | {:.2} |",
                self.accounts,
                changes / inserts
            );
        }
    }

    async fn changes(&self, callers: usize) -> f64 {
        rate(callers, |caller, turn| {
            let engine = self.engine.clone();
            // Each caller has accounts of its own, spread over the table.
            let account = (turn * callers as u64 + caller as u64) * 7919 % self.accounts;
            async move {
                engine.change(change(&format!("user-{account}"))).await.unwrap();
            }
        })
        .await
    }

    async fn inserts(&self, callers: usize) -> f64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        rate(callers, |_, _| {
            let bare = self.bare.clone();
            let id = i64::try_from(NEXT.fetch_add(1, Ordering::Relaxed)).unwrap();
            async move {
                query("INSERT INTO bare (id, payload) VALUES ($1, $2)")
                    .bind(id)
                    .bind("a row of about the size of an audit record, for a fair comparison")
                    .execute(&bare)
                    .await
                    .unwrap();
            }
        })
        .await
    }
}

/// How often a second so many callers at once get `work` done.
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

/// Fills the table without going through the engine, which would take a million transactions.
async fn fill(pool: &AnyPool, accounts: u64) {
    let backend = pool.acquire().await.unwrap().backend_name().to_owned();
    let (numbers, uuid) = if backend == "SQLite" {
        (
            format!(
                "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers
                 WHERE n + 1 < {accounts}) SELECT n FROM numbers"
            ),
            "printf('00000000-0000-4000-8000-%012x', n)",
        )
    } else {
        (
            format!("SELECT n FROM generate_series(0, {accounts} - 1) AS numbers(n)"),
            "'00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0')",
        )
    };
    for statement in statements(&numbers, uuid) {
        query(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
    }
}

fn statements(numbers: &str, uuid: &str) -> [String; 2] {
    [
        format!(
            "INSERT INTO accounts (id, realm, user_id, profile, active, created_at, updated_at)
             SELECT {uuid}, 'bench', 'user-' || n, '{{}}', TRUE, 0, 0 FROM ({numbers}) AS all_numbers"
        ),
        format!(
            "INSERT INTO credentials (account, hash, version, changed_at)
             SELECT {uuid}, '$constant$', 1, 0 FROM ({numbers}) AS all_numbers"
        ),
    ]
}
