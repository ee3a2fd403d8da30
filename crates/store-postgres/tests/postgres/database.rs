//! The shared cluster of the tests, and test data.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use repass_core::{
    Account, AccountId, AdministrationStore, AttemptKey, AttemptPath, AttemptReservation,
    AuditRecord, Commit, CredentialStore, HashedPassword, LockedOut, LockoutPolicy, ReserveAttempt,
    ReserveOutcome, StoreError, Subject,
};
use repass_postgres_cluster::Cluster;
use repass_store_postgres::{PostgresOptions, PostgresStore};
use repass_testkit::fixtures;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Returns the cluster of all tests that do not stop it. It ends with the process.
pub(crate) fn shared() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().unwrap())
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}

/// Creates a database in the shared cluster and returns its URL.
pub(crate) fn url() -> String {
    shared().url(&shared().create_database())
}

pub(crate) async fn open(url: &str) -> PostgresStore {
    PostgresStore::connect(url, &PostgresOptions::default()).await.unwrap()
}

/// Opens a direct connection.
pub(crate) async fn raw(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) async fn count(url: &str, what: &str) -> i64 {
    let select = format!("SELECT COUNT(*) FROM {what}");
    raw(url).await.query_one(&select, &[]).await.unwrap().get(0)
}

/// A limit for calls whose time-out is shorter than the default one of 5 s. It leaves time for a
/// machine that pauses.
pub(crate) const BELOW_THE_DEFAULT: Duration = Duration::from_millis(4_900);

pub(crate) fn account(number: u128) -> Account {
    let mut account = fixtures::account(&"shop".parse().unwrap(), &format!("user-{number}"));
    account.id = AccountId(Uuid::from_u128(number));
    account
}

pub(crate) fn audit(number: u128) -> AuditRecord {
    let record = fixtures::audit(&account(number), "account.add");
    AuditRecord { id: Uuid::from_u128(number), account: None, ..record }
}

pub(crate) fn hash(text: &str) -> HashedPassword {
    HashedPassword::from_stored(text)
}

pub(crate) async fn add(store: &PostgresStore, number: u128) {
    store.add_account(&account(number), Some(&hash("first")), &audit(number)).await.unwrap();
}

pub(crate) fn subject(number: u128) -> Subject {
    Subject::new("shop".parse().unwrap(), format!("user-{number}"))
}

/// Returns a change of the account from `version`, with its own audit record id.
pub(crate) fn commit(number: u128, version: i64) -> Commit {
    let id = Uuid::from_u128(number * 1_000_000 + u128::try_from(version).unwrap());
    let mut commit = fixtures::commit(&account(number), version, &format!("after {version}"));
    commit.history = 3;
    commit.audit.id = id;
    commit.event.id = id;
    commit
}

/// Reserves an attempt with limits that are never reached.
pub(crate) async fn reserve(
    store: &PostgresStore,
    key: &AttemptKey,
) -> Result<Result<AttemptReservation, LockedOut>, StoreError> {
    let second = Duration::from_secs(1);
    let policy = LockoutPolicy::new(1_000, second, second, 1_000).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let attempt = ReserveAttempt::new(key, AttemptPath::Password, &policy, now);
    Ok(match store.reserve_attempt(&attempt).await? {
        ReserveOutcome::Reserved(reservation) => Ok(reservation),
        ReserveOutcome::LockedOut(locked_out) => Err(locked_out),
    })
}

/// Asserts that the change was applied once.
pub(crate) async fn assert_changed_once(url: &str, commit: &Commit) {
    let (account, id) = (commit.account, commit.audit.id);
    let version = commit.expected_version + 1;
    for what in [
        format!("repass.accounts WHERE id = '{account}' AND version = {version}"),
        format!("repass.password_history WHERE account = '{account}'"),
        format!("repass.audit WHERE id = '{id}'"),
        format!("repass.events WHERE id = '{id}'"),
    ] {
        assert_eq!(count(url, &what).await, 1, "{what}");
    }
}

/// Formats the error and all its causes.
pub(crate) fn printed(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| format!("{error} {error:?} ")).collect()
}
