//! A primary and a standby, both named by the URL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use repass_core::{CommitOutcome, CredentialStore, StoreError};
use repass_postgres_cluster::{Cluster, Mode, Proxy};
use repass_store_postgres::{OpenError, PostgresOptions, PostgresStore};

use crate::database::{BELOW_THE_DEFAULT, add, commit, open, raw, subject};

/// Starts a primary with a synchronous standby, and returns a URL with both.
async fn pair() -> (Cluster, Cluster, String, String) {
    let primary = Cluster::start().unwrap();
    let name = primary.create_database();
    let standby = primary.standby().unwrap();
    let raw = raw(&primary.url(&name)).await;
    raw.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'").await.unwrap();
    raw.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // The standby comes first, so that it is tried first.
    let (one, other) = (standby.folder().display(), primary.folder().display());
    let url = format!("postgres:///{name}?host={one},{other}&user=repass");
    (primary, standby, name, url)
}

/// Proves P2.
pub(crate) async fn p2_a_promotion_under_load_loses_no_acknowledged_change() {
    let (primary, standby, name, url) = pair().await;
    let store = open(&url).await;
    let promoted = Arc::new(AtomicBool::new(false));
    let mut changing = Vec::new();
    for number in 1..=8 {
        add(&store, number).await;
        changing.push(tokio::spawn(change(store.clone(), number, Arc::clone(&promoted))));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    primary.stop(Mode::Immediate);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let promote = raw(&standby.url(&name)).await;
    let off = "ALTER SYSTEM SET synchronous_standby_names = ''";
    promote.batch_execute("SELECT pg_promote()").await.unwrap();
    promote.batch_execute(off).await.unwrap();
    promote.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    promoted.store(true, Ordering::Relaxed);
    let going_on = async {
        for task in changing {
            task.await.unwrap();
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), going_on).await;
    assert!(waited.is_ok(), "changes are made soon after the promotion");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    store.check_ready().await.unwrap();
}

/// Changes an account until a change that began after the promotion is acknowledged.
async fn change(store: PostgresStore, number: u128, promoted: Arc<AtomicBool>) {
    let mut version = 1;
    loop {
        let is_last = promoted.load(Ordering::Relaxed);
        match store.commit(&commit(number, version)).await {
            Ok(CommitOutcome::Done { .. }) if is_last => return,
            Ok(CommitOutcome::Done { version: made }) => version = made,
            Ok(CommitOutcome::Conflict) => {
                // A change that was reported as unavailable was committed.
                if let Ok(found) = store.find(&subject(number)).await {
                    let stored = found.unwrap().credential.unwrap().version;
                    assert!(stored > version, "{number}: {stored} after {version}");
                    version = stored;
                }
            }
            Err(StoreError::Unavailable(_)) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Proves L2, P2.
pub(crate) async fn p2_l2_a_standby_is_neither_opened_nor_ready() {
    let (primary, standby, name, url) = pair().await;
    let store = open(&url).await;
    store.check_ready().await.unwrap();
    let alone = standby.url(&name);
    let error = PostgresStore::connect(&alone, &PostgresOptions::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");

    // With any server allowed, the errors come from the server.
    let any = format!("{alone}&target_session_attrs=any");
    let lax = PostgresStore::connect(&any, &PostgresOptions::default()).await.unwrap();
    let error = lax.check_ready().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let error = lax.commit(&commit(1, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");

    primary.stop(Mode::Immediate);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for error in [
        store.check_ready().await.unwrap_err(),
        store.find(&subject(1)).await.unwrap_err(),
        store.commit(&commit(1, 1)).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}

/// The primary's machine is gone without closing connections.
///
/// Proves P4.
pub(crate) async fn p4_calls_fail_within_the_deadline_if_the_primary_is_silent() {
    let (primary, standby, name, _) = pair().await;
    let silent = Proxy::start(primary.folder());
    let hosts = format!("{},{}", silent.host(), standby.folder().display());
    let url = format!("postgres:///{name}?host={hosts}&user=repass");
    let mut options = PostgresOptions::default();
    options.statement_timeout = Duration::from_secs(2);
    let store = PostgresStore::connect(&url, &options).await.unwrap();
    add(&store, 1).await;
    silent.freeze(true);
    silent.refuse(true);
    silent.refuse(false);
    let begun = Instant::now();
    let error = store.find(&subject(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let limit = 2 * options.statement_timeout;
    assert!(begun.elapsed() < limit, "no retry after the deadline: {:?}", begun.elapsed());

    // Once the standby is promoted, the silent primary does not take the time of every call.
    let promote = raw(&standby.url(&name)).await;
    let off = "ALTER SYSTEM SET synchronous_standby_names = ''";
    promote.batch_execute("SELECT pg_promote()").await.unwrap();
    promote.batch_execute(off).await.unwrap();
    let finding = async {
        loop {
            if let Ok(found) = store.find(&subject(1)).await {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), finding).await;
    assert!(found.unwrap().is_some());
}

/// A commit that a synchronous standby does not confirm is not acknowledged, even if the server
/// has a time-out.
///
/// Proves P4.
pub(crate) async fn p4_calls_fail_within_the_deadline_if_the_standby_is_stopped() {
    let (primary, standby, name, _) = pair().await;
    let url = primary.url(&name);
    let mut options = PostgresOptions::default();
    options.statement_timeout = Duration::from_secs(2);
    let short = format!("ALTER DATABASE {name} SET statement_timeout = '300ms'");
    raw(&url).await.batch_execute(&short).await.unwrap();
    let store = PostgresStore::connect(&url, &options).await.unwrap();
    add(&store, 1).await;
    standby.stop(Mode::Fast);
    let begun = Instant::now();
    let error = store.commit(&commit(1, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(begun.elapsed() < BELOW_THE_DEFAULT, "{:?}", begun.elapsed());
    for _ in 0..3 {
        let error = store.check_ready().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "l2: {error:?}");
    }
    standby.restart();
    let confirmed = async {
        loop {
            let found = store.find(&subject(1)).await;
            if found.is_ok_and(|found| found.unwrap().credential.unwrap().version == 2) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), confirmed).await;
    assert!(waited.is_ok(), "the waiting commit completes when the standby is back");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    store.check_ready().await.unwrap();
}
