//! Network failures and poolers between a node and its server.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use repass_core::{AdministrationStore, AuditFilter, CredentialStore, StoreError};
use repass_postgres_cluster::{Pooler, PoolerKind, Proxy};
use repass_store_postgres::{OpenError, PostgresOptions, PostgresStore};

use crate::database::{
    BELOW_THE_DEFAULT, account, add, audit, commit, count, hash, open, raw, shared, subject,
};

/// Proves P4.
pub(crate) async fn p4_calls_fail_within_the_deadline_if_the_network_is_frozen() {
    let (proxy, name) = (Proxy::start(shared().folder()), shared().create_database());
    let mut options = PostgresOptions::default();
    options.statement_timeout = Duration::from_secs(2);
    let store = PostgresStore::connect(&proxy.url(&name), &options).await.unwrap();
    add(&store, 1).await;
    store.check_ready().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    proxy.freeze(true);
    let begun = Instant::now();
    let (pat, change) = (subject(1), commit(1, 1));
    let (found, committed, ready) = tokio::join!(
        store.find(&pat),
        async { store.commit(&change).await.map(drop) },
        store.check_ready(),
    );
    for error in [found.map(drop).unwrap_err(), committed.unwrap_err(), ready.unwrap_err()] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    assert!(begun.elapsed() < BELOW_THE_DEFAULT, "{:?}", begun.elapsed());
    proxy.freeze(false);
    assert!(store.find(&subject(1)).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    store.check_ready().await.unwrap();
}

/// Proves P4.
pub(crate) async fn p4_a_silent_host_does_not_block_the_next_one() {
    let (proxy, name) = (Proxy::start(shared().folder()), shared().create_database());
    proxy.freeze(true);
    let folder = shared().folder().display();
    let url = format!("postgres:///{name}?host={},{folder}&user=repass", proxy.host());
    let mut options = PostgresOptions::default();
    options.statement_timeout = Duration::from_secs(5);
    let store = PostgresStore::connect(&url, &options).await.unwrap();
    add(&store, 1).await;
}

/// Proves P4.
pub(crate) async fn p4_cut_connections_are_replaced() {
    let (proxy, name) = (Proxy::start(shared().folder()), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    for version in 1..5 {
        proxy.refuse(true);
        proxy.refuse(false);
        store.commit(&commit(1, version)).await.unwrap();
    }
}

/// Answers like an HTTP proxy without a backend.
///
/// Proves P3.
pub(crate) async fn p3_an_invalid_server_response_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let _ = client.unwrap().write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
        }
    });
    let url = format!("postgres:///x?host={}&user=repass", folder.path().display());
    let error = PostgresStore::connect(&url, &PostgresOptions::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
}

/// Two installations in one database share connections through a pooler.
///
/// Proves P1.
pub(crate) async fn p1_installations_are_isolated(kind: PoolerKind) {
    let name = shared().create_database();
    let pooler = Pooler::start(kind, shared()).unwrap();
    let installation = async |schema: &str| {
        let mut options = PostgresOptions::default();
        options.schema = schema.parse().unwrap();
        PostgresStore::connect(&pooler.url(&name), &options).await.unwrap()
    };
    let stores = [installation("a").await, installation("b").await];
    let mut working = Vec::new();
    for task in 0..16_u128 {
        let index = usize::try_from(task % 2).unwrap();
        let store = stores[index].clone();
        working.push(tokio::spawn(async move {
            let number = task + 1;
            let mut record = audit(number);
            record.account = Some(account(number).id);
            store.add_account(&account(number), Some(&hash("first")), &record).await.unwrap();
            for version in 1..=20 {
                store.commit(&commit(number, version)).await.unwrap();
                assert!(store.find(&subject(number)).await.unwrap().is_some());
                assert!(store.find(&subject(number + 1)).await.unwrap().is_none() || number != 16);
            }
        }));
    }
    for task in working {
        task.await.unwrap();
    }
    let url = shared().url(&name);
    for (schema, store) in ["a", "b"].into_iter().zip(&stores) {
        let of = |table: &str| format!("{schema}.{table}");
        assert_eq!(count(&url, &of("accounts")).await, 8, "{schema}");
        assert_eq!(count(&url, &of("accounts WHERE version = 21")).await, 8, "{schema}");
        assert_eq!(count(&url, &of("audit")).await, 8 * 21, "{schema}");
        assert_eq!(count(&url, &of("events")).await, 8 * 20, "{schema}");
        let filter = AuditFilter { limit: 1_000, ..AuditFilter::default() };
        assert_eq!(store.audit(&filter).await.unwrap().len(), 8 * 21, "{schema}");
    }
    let prepared = raw(&pooler.url(&name)).await;
    let rows = prepared.simple_query("SELECT name FROM pg_prepared_statements").await.unwrap();
    let rows = rows.iter().filter(|row| matches!(row, tokio_postgres::SimpleQueryMessage::Row(_)));
    assert_eq!(rows.count(), 0, "no prepared statement is left");
}

/// Proves P1.
pub(crate) async fn p1_the_conformance_suite_passes(kind: PoolerKind) {
    let pooler = Pooler::start(kind, shared()).unwrap();
    let store = open(&pooler.url(&shared().create_database())).await;
    let store = std::sync::Arc::new(store);
    let fixture = repass_testkit::conformance::AdministrationFixture::new(store);
    repass_testkit::conformance::run(&fixture).await.assert_all_passed();
}
