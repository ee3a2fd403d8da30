//! Opening: the schema, its versions, what is told when it fails.

use std::fs;

use repass_core::{AttemptKey, CredentialStore};
use repass_store::{OpenError, SqlStore};
use sqlx::{AssertSqlSafe, Executor};

use crate::database::{
    account, add, commit, count, open, printed, raw, reserve, shared, subject, url,
};

pub(crate) async fn many_nodes_may_open_a_new_database_at_once() {
    for _ in 0..3 {
        let url = url();
        let opening: Vec<_> = (0..8)
            .map(|number| {
                let url = url.clone();
                tokio::spawn(async move { add(&open(&url).await, number).await })
            })
            .collect();
        for one in opening {
            one.await.unwrap();
        }
        let store = open(&url).await;
        for number in 0..8 {
            assert!(store.find(&subject(number)).await.unwrap().is_some(), "{number}");
        }
        assert_eq!(count(&url, "repass_schema_lock").await, 1);
        assert_eq!(count(&url, "_sqlx_migrations WHERE version = 1").await, 1);
    }
}

pub(crate) async fn a_newer_schema_is_refused() {
    let url = url();
    open(&url).await.close().await.unwrap();
    let mut raw = raw(&url).await;
    raw.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'from the future', TRUE, '', 0)",
    )
    .await
    .unwrap();
    let error = SqlStore::open(&url).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error:?}");
}

pub(crate) async fn a_schema_that_was_tampered_with_is_refused() {
    let url = url();
    open(&url).await.close().await.unwrap();
    raw(&url).await.execute("UPDATE _sqlx_migrations SET checksum = ''").await.unwrap();
    let error = SqlStore::open(&url).await.unwrap_err();
    assert!(matches!(error, OpenError::Schema(_)), "{error:?}");
}

pub(crate) async fn a_node_that_may_not_change_the_schema_opens_a_current_one() {
    let url = url();
    let mut raw = raw(&url).await;
    raw.execute("CREATE ROLE modest LOGIN").await.unwrap();
    let modest = url.replace("user=repass", "user=modest");
    let error = SqlStore::open(&modest).await.unwrap_err();
    assert!(matches!(error, OpenError::Schema(_)), "{error:?}");

    add(&open(&url).await, 1).await;
    raw.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO modest;
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO modest",
    )
    .await
    .unwrap();
    let store = open(&modest).await;
    add(&store, 2).await;
    assert!(store.find(&subject(1)).await.unwrap().is_some());
}

pub(crate) async fn what_cannot_be_opened_is_told_without_credentials() {
    async fn error(url: &str) -> OpenError {
        let error = SqlStore::open(url).await.unwrap_err();
        assert!(!printed(&error).contains("hunter2"), "{error:?}");
        error
    }
    let folder = shared().folder().display();
    let refused = error(&format!("postgres:///x?host={folder}&user=hunter2")).await;
    assert!(matches!(refused, OpenError::Refused(_)), "{refused:?}");
    let missing = error(&format!("postgres:///nowhere?host={folder}&user=repass")).await;
    assert!(matches!(missing, OpenError::Refused(_)), "{missing:?}");
    assert!(printed(&missing).contains("nowhere"), "{missing:?}");
    for url in [
        "postgres:///x?host=/nowhere&user=u&password=hunter2",
        // Nobody listens at port 1.
        "postgres://u:hunter2@127.0.0.1:1/x",
    ] {
        let unreachable = error(url).await;
        assert!(matches!(unreachable, OpenError::Unreachable(_)), "{unreachable:?}");
    }
    for url in ["postgres://u:hunter2@db:x/x", "postgres://u@db/x?sslmode=hunter2"] {
        assert!(matches!(error(url).await, OpenError::InvalidServer), "{url}");
        assert!(matches!(SqlStore::check_url(url), Err(OpenError::InvalidServer)), "{url}");
    }
    assert!(SqlStore::check_url("postgres://u:hunter2@db/x").is_ok(), "nothing is connected to");

    let store = open(&url()).await;
    assert!(!format!("{store:?}").contains("user"), "{store:?}");
}

/// Distributed engines have none of these.
pub(crate) async fn neither_advisory_locks_nor_listen_are_used() {
    let name = shared().create_database();
    let url = shared().url(&name);
    let log_everything = format!("ALTER DATABASE {name} SET log_statement = 'all'");
    raw(&url).await.execute(AssertSqlSafe(log_everything)).await.unwrap();

    let store = open(&url).await;
    add(&store, 1).await;
    store.commit(&commit(1, 1)).await.unwrap();
    reserve(&store, &AttemptKey::account(account(1).id)).await.unwrap().unwrap();

    let log = fs::read_to_string(shared().folder().join("log")).unwrap().to_lowercase();
    assert!(log.contains("for no key update") && log.contains("create table accounts"), "it logs");
    for word in ["advisory", "listen ", "notify ", "lock table"] {
        assert!(!log.contains(word), "{word}");
    }
}
