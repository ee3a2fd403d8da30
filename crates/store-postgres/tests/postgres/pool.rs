//! The number and lifetime of connections.

use std::time::Duration;

use repass_core::CredentialStore;
use repass_store_postgres::deadpool_postgres::{Manager, Pool};
use repass_store_postgres::{PostgresOptions, PostgresStore};
use tokio_postgres::NoTls;

use crate::database::{add, count, shared, subject};

/// Proves P6.
pub(crate) async fn p6_connections_are_bounded_named_and_closed_when_idle() {
    let name = shared().create_database();
    let url = shared().url(&name);
    let mut options = PostgresOptions::default();
    (options.connections, options.idle_timeout) = (2, Duration::from_secs(2));
    let store = PostgresStore::connect(&url, &options).await.unwrap();
    add(&store, 1).await;
    let finding = (0..32).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.find(&subject(1)).await.unwrap().unwrap() })
    });
    for found in finding.collect::<Vec<_>>() {
        found.await.unwrap();
    }
    let open = format!("pg_stat_activity WHERE datname = '{name}' AND application_name = 'repass'");
    assert_eq!(count(&url, &open).await, 2);
    let closed = async {
        while count(&url, &open).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), closed).await.is_ok());

    assert!(store.find(&subject(1)).await.unwrap().is_some());
    store.close().await;
    let error = store.find(&subject(1)).await.unwrap_err();
    assert!(matches!(error, repass_core::StoreError::Unavailable(_)), "{error:?}");
}

pub(crate) async fn a_pool_of_the_embedder_is_used() {
    let url = shared().url(&shared().create_database());
    let pool =
        Pool::builder(Manager::new(url.parse().unwrap(), NoTls)).max_size(3).build().unwrap();
    let store = PostgresStore::from_pool(pool.clone(), &PostgresOptions::default()).await.unwrap();
    add(&store, 1).await;
    assert!(store.find(&subject(1)).await.unwrap().is_some());
    assert!(pool.status().size > 0);
}
