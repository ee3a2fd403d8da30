//! Changes per second without the cost of hashing, on both stores.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use clap::Args;
use http::StatusCode;
use repass_core::{
    Authorization, Change, Engine, InstallationKey, Plaintext, Policy, PolicyRules, Proof, Realm,
    Subject, SystemRandomness,
};
use repass_http::{Mount, PasswordService};
use repass_postgres_cluster::Cluster;
use repass_spec_etna::EtnaSpec;
use repass_store::{Store, StoreOptions};
use repass_testkit::fixtures::ConstantHasher;
use repass_tests::Sql;
use tokio::task::JoinSet;

use crate::accounts;
use crate::connection::Changer;
use crate::figures::{median, rate};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Connections, each with its own account, and as many callers of engine and database.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Rounds, each of which measures database, engine and HTTP one after the other.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds per measurement in a round.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
}

pub(crate) async fn run(options: &Options) {
    println!(
        "| store | bare inserts/s | changes/s of the engine | over HTTP | to inserts | slowest |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | --- |");
    let folder = tempfile::tempdir().unwrap();
    let file = Store::file_url(&folder.path().join("ceiling.db")).unwrap();
    measure("SQLite", &file, options).await;
    match Cluster::start() {
        Ok(cluster) => {
            let database = cluster.create_database();
            measure("PostgreSQL", &cluster.url(&database), options).await;
        }
        Err(missing) => println!("PostgreSQL is not measured: {missing}"),
    }
}

async fn measure(name: &str, url: &str, options: &Options) {
    let store = Store::open(url, &StoreOptions::default()).await.unwrap();
    let key = InstallationKey::generate(&SystemRandomness).unwrap();
    let hasher = Arc::new(ConstantHasher::new(|_| true));
    let policy = Policy::new(PolicyRules::length(1, 256)).unwrap();
    let engine = Engine::builder(store.ports(), hasher, key).policy(policy).build();
    // The direct callers of the engine have their own accounts, since their changes would end the
    // sessions of the connections.
    let mut all_credentials = accounts::add_to(&engine, 2 * options.connections).await;
    all_credentials.truncate(options.connections);

    let realm: Realm = "etna".parse().unwrap();
    let mount = Mount::new(Arc::new(EtnaSpec::new()), realm.clone(), &engine);
    let service = PasswordService::builder(Arc::new(engine.clone())).mount(mount).build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(listener, Router::new().fallback_service(service));
    let server = tokio::spawn(server.into_future());
    let mut connections = Vec::new();
    for credentials in all_credentials {
        connections.push(Changer::open(address, credentials).await);
    }

    let bare = "CREATE TABLE bare (id BIGINT PRIMARY KEY, payload TEXT)";
    Sql::connect(url).await.rows(bare).await;
    let duration = Duration::from_secs(options.seconds);
    let (mut inserts, mut engines, mut services) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..options.rounds {
        inserts.push(bare_inserts(url, options.connections, round, duration).await);
        engines.push(engine_changes(&engine, &realm, options.connections, duration).await);
        let (back, rate) = http_changes(connections, duration).await;
        connections = back;
        services.push(rate);
    }
    server.abort();
    let (inserts, engines, services) = (median(inserts), median(engines), median(services));
    // The time per change of each part.
    let parts = [
        ("the database's commit", 1.0 / inserts),
        ("engine and store", 1.0 / engines - 1.0 / inserts),
        ("HTTP and vendor API", 1.0 / services - 1.0 / engines),
    ];
    let slowest = parts.iter().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap().0;
    println!(
        "| {name} | {inserts:.0} | {engines:.0} | {services:.0} | {:.2} | {slowest} |",
        services / inserts
    );
    store.close().await.unwrap();
}

/// Returns the rows per second that the callers insert and commit durably. On a server each caller
/// has its own connection; a SQLite file has one writer, so one caller.
async fn bare_inserts(url: &str, callers: usize, round: usize, duration: Duration) -> f64 {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    let callers = if url.starts_with("sqlite:") { 1 } else { callers };
    for caller in 0..callers {
        let sql = Sql::connect(url).await;
        tasks.spawn_local(async move {
            let mut done = 0;
            while begun.elapsed() < duration {
                let id = (round * callers + caller) * 1_000_000 + done;
                let payload = "a row of about the size of an audit record, for comparison";
                sql.rows(&format!("INSERT INTO bare VALUES ({id}, '{payload}')")).await;
                done += 1;
            }
            done
        });
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    rate(done, begun.elapsed())
}

async fn engine_changes(engine: &Engine, realm: &Realm, callers: usize, duration: Duration) -> f64 {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let subject = Subject::new(realm.clone(), (callers + caller).to_string());
        let engine = engine.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while begun.elapsed() < duration {
                let change = Change::new(
                    Authorization::by_proof(subject.clone()),
                    Proof::OldPassword(Plaintext::from("any")),
                    Plaintext::from("another"),
                );
                engine.change(change).await.unwrap();
                done += 1;
            }
            done
        });
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    rate(done, begun.elapsed())
}

async fn http_changes(connections: Vec<Changer>, duration: Duration) -> (Vec<Changer>, f64) {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        tasks.spawn(async move {
            let mut done = 0;
            while begun.elapsed() < duration {
                let outcome = connection.change().await.expect("an answer");
                assert_eq!(outcome.status, StatusCode::OK, "every change is made");
                done += 1;
            }
            (connection, done)
        });
    }
    let (connections, done): (Vec<_>, Vec<usize>) = tasks.join_all().await.into_iter().unzip();
    (connections, rate(done.into_iter().sum(), begun.elapsed()))
}
