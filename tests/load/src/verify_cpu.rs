//! The CPU time of a verification, relative to that of a change, when hashing costs nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use repass_admin_api::AdminApi;
use repass_core::{Engine, InstallationKey, Policy, PolicyRules, Realm, SystemRandomness};
use repass_http::{Mount, PasswordService};
use repass_postgres_cluster::Cluster;
use repass_spec_etna::EtnaSpec;
use repass_store::{Store, StoreOptions};
use repass_testkit::fixtures::ConstantHasher;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::accounts::{self, Credentials};
use crate::connection::Changer;
use crate::figures::median;
use crate::throughput::changes;
use crate::verify::{Options, Verifier, verifications};

pub(crate) async fn run(options: &Options) {
    println!(
        "| store | CPU of a change | CPU of a verification | to a change (goal: at most 0.5) |"
    );
    println!("| --- | ---: | ---: | ---: |");
    let folder = tempfile::tempdir().unwrap();
    let file = Store::file_url(&folder.path().join("verify.db")).unwrap();
    measure("SQLite", file, options).await;
    match Cluster::start() {
        Ok(cluster) => {
            let database = cluster.create_database();
            measure("PostgreSQL, without its server", cluster.url(&database), options).await;
        }
        Err(missing) => println!("PostgreSQL is not measured: {missing}"),
    }
}

async fn measure(name: &str, url: String, options: &Options) {
    let server = Served::start(url, 2 * options.connections).await;
    let all = &server.all_credentials;
    let (mut changers, mut verifiers) = (Vec::new(), Vec::new());
    for (number, credentials) in all.iter().enumerate() {
        // Each connection has its own account.
        if number < options.connections {
            changers.push(Changer::open(server.address, credentials.clone()).await);
        } else {
            let stream = TcpStream::connect(server.admin_api).await.unwrap();
            verifiers.push(Verifier::new(stream, number, all.len(), &server.key, all));
        }
    }
    let duration = Duration::from_secs(options.seconds);
    let (mut a_change, mut a_verification, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let before = cpu_of_server();
        let (back, seen, _) = changes(changers, duration).await;
        changers = back;
        let change = per_call(cpu_of_server() - before, seen.len());
        let before = cpu_of_server();
        let (back, seen, _) = verifications(verifiers, duration).await;
        verifiers = back;
        let verification = per_call(cpu_of_server() - before, seen.len());
        a_change.push(change);
        a_verification.push(verification);
        ratios.push(verification / change);
    }
    server.stop();
    println!(
        "| {name} | {:.0} µs | {:.0} µs | {:.2} |",
        median(a_change),
        median(a_verification),
        median(ratios)
    );
}

/// Returns the CPU time in microseconds of all threads but this one, which is the client.
fn cpu_of_server() -> f64 {
    (cpu_time(UsageWho::RUSAGE_SELF) - cpu_time(UsageWho::RUSAGE_THREAD)).as_secs_f64() * 1e6
}

/// Returns the CPU time of this process or thread.
pub(crate) fn cpu_time(who: UsageWho) -> Duration {
    let usage = getrusage(who).unwrap();
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(u64::try_from(microseconds).unwrap())
}

fn per_call(microseconds: f64, calls: usize) -> f64 {
    microseconds / f64::from(u32::try_from(calls).unwrap())
}

/// Both APIs on one engine, on a thread of their own.
struct Served {
    address: SocketAddr,
    admin_api: SocketAddr,
    all_credentials: Vec<Credentials>,
    key: String,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Served {
    async fn start(url: String, accounts: usize) -> Self {
        let (ready, started) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let store = Store::open(&url, &StoreOptions::default()).await.unwrap();
                let key = InstallationKey::generate(&SystemRandomness).unwrap();
                let hasher = Arc::new(ConstantHasher::new(|_| true));
                let policy = Policy::new(PolicyRules::length(1, 256)).unwrap();
                let engine = Engine::builder(store.ports(), hasher, key).policy(policy).build();
                let all_credentials = accounts::add_to(&engine, accounts).await;
                let key = accounts::issue_admin_key(&engine).await;
                let realm: Realm = "etna".parse().unwrap();
                let mount = Mount::new(Arc::new(EtnaSpec::new()), realm, &engine);
                let builder = PasswordService::builder(Arc::new(engine.clone()));
                let service = builder.mount(mount).build().unwrap();
                let admin_api = AdminApi::new(engine, repass_admin_api::Options::default());
                let address = serve(Router::new().fallback_service(service)).await;
                let admin_api = serve(Router::new().fallback_service(admin_api)).await;
                let _ = ready.send((address, admin_api, all_credentials, key));
                let _ = stopped.await;
                store.close().await.unwrap();
            });
        });
        let (address, admin_api, all_credentials, key) = started.await.unwrap();
        Self { address, admin_api, all_credentials, key, stop, thread }
    }

    fn stop(self) {
        let _ = self.stop.send(());
        self.thread.join().unwrap();
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}
