//! Opening: schema versions, privileges, error messages.

use std::fs;

use repass_core::{AdministrationStore, AttemptKey, CredentialStore, StoreError};
use repass_store_postgres::{OpenError, PostgresOptions, PostgresStore};

use crate::database::{
    BELOW_THE_DEFAULT, account, add, commit, count, open, printed, raw, reserve, shared, subject,
    url,
};

pub(crate) async fn concurrent_nodes_may_open_a_new_database() {
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
        assert_eq!(count(&url, "repass.migrations WHERE version = 1").await, 1);
    }
}

/// Proves P5.
pub(crate) async fn p5_one_version_ahead_is_served_and_more_is_refused() {
    let url = url();
    let first = open(&url).await;
    add(&first, 1).await;
    let raw = raw(&url).await;
    let ahead = "INSERT INTO repass.migrations VALUES (2, 'from the future', now())";
    raw.batch_execute(ahead).await.unwrap();
    let store = open(&url).await;
    assert!(store.schema_ahead() && !first.schema_ahead());
    store.commit(&commit(1, 1)).await.unwrap();
    store.check_ready().await.unwrap();
    first.check_ready().await.unwrap();

    raw.batch_execute("UPDATE repass.migrations SET version = 3 WHERE version = 2").await.unwrap();
    let error = PostgresStore::connect(&url, &PostgresOptions::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 3, known: 1 }), "{error:?}");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let error = first.check_ready().await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(text) if text.contains("version 3")), "{error:?}");
}

/// Proves P5.
pub(crate) async fn p5_opening_fails_within_the_time_out_while_migrations_are_locked() {
    let url = url();
    open(&url).await;
    let other = raw(&url).await;
    other.batch_execute("BEGIN; LOCK TABLE repass.migrations").await.unwrap();
    let mut options = PostgresOptions::default();
    options.statement_timeout = std::time::Duration::from_millis(500);
    let begun = std::time::Instant::now();
    let error = PostgresStore::connect(&url, &options).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
    assert!(printed(&error).contains("time-out"), "{error:?}");
    assert!(begun.elapsed() < BELOW_THE_DEFAULT, "{:?}", begun.elapsed());
}

/// Proves P5.
pub(crate) async fn p5_nothing_is_created_without_migrate() {
    let url = url();
    let mut options = PostgresOptions::default();
    options.migrate = false;
    let error = PostgresStore::connect(&url, &options).await.unwrap_err();
    assert!(matches!(error, OpenError::NotMigrated { found: 0, known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("repass database migrate"), "{error}");
    let schemas = "information_schema.schemata WHERE schema_name = 'repass'";
    assert_eq!(count(&url, schemas).await, 0);
    open(&url).await;
    PostgresStore::connect(&url, &options).await.unwrap();
}

/// Returns the statements of the code block of the README that begins with this line.
fn documented(first: &str) -> String {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once(&format!("```sql\n{first}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Proves P7.
pub(crate) async fn p7_roles_with_the_documented_grants_migrate_and_serve() {
    let name = shared().create_database();
    let url = shared().url(&name);
    let raw = raw(&url).await;
    let roles = "CREATE ROLE repass_owner LOGIN; CREATE ROLE repass_server LOGIN";
    raw.batch_execute(roles).await.unwrap();
    let (owner, server) = (
        url.replace("user=repass", "user=repass_owner"),
        url.replace("user=repass", "user=repass_server"),
    );
    let connect = async |url: &str| PostgresStore::connect(url, &PostgresOptions::default()).await;

    let refused = connect(&owner).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("CREATE ON DATABASE {name}")), "{refused}");
    let grants = documented("-- migrating").replace("DATABASE app", &format!("DATABASE {name}"));
    raw.batch_execute(&grants).await.unwrap();
    connect(&owner).await.unwrap();

    let refused = connect(&server).await.unwrap_err().to_string();
    assert!(refused.contains("USAGE ON SCHEMA repass"), "{refused}");
    raw.batch_execute("GRANT USAGE ON SCHEMA repass TO repass_server").await.unwrap();
    let refused = connect(&server).await.unwrap_err().to_string();
    assert!(refused.contains("UPDATE ON repass.accounts"), "{refused}");
    let every_function = "EXECUTE ON ALL FUNCTIONS IN SCHEMA repass";
    raw.batch_execute(&format!("REVOKE {every_function} FROM PUBLIC")).await.unwrap();
    raw.batch_execute(&documented("-- serving")).await.unwrap();
    raw.batch_execute(&format!("REVOKE {every_function} FROM repass_server")).await.unwrap();
    let refused = connect(&server).await.unwrap_err().to_string();
    assert!(refused.contains("EXECUTE ON FUNCTION repass.change_password"), "{refused}");
    raw.batch_execute(&documented("-- serving")).await.unwrap();
    let store = connect(&server).await.unwrap();
    let fixture =
        repass_testkit::conformance::AdministrationFixture::new(std::sync::Arc::new(store));
    repass_testkit::conformance::run(&fixture).await.assert_all_passed();
    let store = connect(&server).await.unwrap();
    store.check_ready().await.unwrap();
    let cutoffs = repass_core::PruneCutoffs {
        audit: Some(jiff::Timestamp::MAX),
        events: Some(jiff::Timestamp::MAX),
        tokens: Some(jiff::Timestamp::MAX),
    };
    let pruned = store.prune(&cutoffs, 1_000).await.unwrap();
    assert!(pruned.audit > 0 && pruned.tokens > 0, "{pruned:?}");
    let drop = "DROP OWNED BY repass_server; DROP ROLE repass_server; \
                DROP OWNED BY repass_owner CASCADE; DROP ROLE repass_owner";
    raw.batch_execute(drop).await.unwrap();
}

pub(crate) async fn open_errors_contain_no_credentials() {
    async fn error(url: &str) -> OpenError {
        let options = PostgresOptions::default();
        let error = PostgresStore::connect(url, &options).await.unwrap_err();
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
        // No server listens at port 1.
        "postgres://u:hunter2@127.0.0.1:1/x",
        "postgres://u:hunter2@[::1]:1/x",
    ] {
        let unreachable = error(url).await;
        assert!(matches!(unreachable, OpenError::Unreachable(_)), "{unreachable:?}");
    }
    assert!(
        PostgresStore::check_url("postgres://u:hunter2@db/x").is_ok(),
        "checking a URL does not connect"
    );

    let store = open(&url()).await;
    assert!(!format!("{store:?}").contains("user"), "{store:?}");
}

/// Distributed engines lack these features, and poolers lose session state.
///
/// Proves P1.
pub(crate) async fn p1_no_session_locks_or_session_state_are_used() {
    let name = shared().create_database();
    let url = shared().url(&name);
    let log_everything = format!("ALTER DATABASE {name} SET log_statement = 'all'");
    raw(&url).await.batch_execute(&log_everything).await.unwrap();

    let store = open(&url).await;
    add(&store, 1).await;
    store.commit(&commit(1, 1)).await.unwrap();
    reserve(&store, &AttemptKey::account(account(1).id)).await.unwrap().unwrap();

    let log = fs::read_to_string(shared().folder().join("log")).unwrap().to_lowercase();
    let table = "create table \"repass\".accounts";
    assert!(log.contains("for no key update") && log.contains(table), "the log has statements");
    for word in ["advisory", "listen ", "notify ", "lock table", "collate \"c\"", "create temp"] {
        assert!(!log.contains(word), "{word}");
    }
    // All statements are unnamed.
    assert!(log.contains("execute <unnamed>: ") && !log.contains("execute s0"), "named statement");
}

/// The application has tables with the names of repass's tables.
///
/// Proves E2.
pub(crate) async fn e2_an_application_may_have_tables_of_the_same_names() {
    let names = ["accounts", "credentials", "audit", "keys", "events", "migrations", "attempts"];
    for ours_first in [true, false] {
        let url = url();
        let raw = raw(&url).await;
        let create = names.map(|name| format!("CREATE TABLE public.{name} (theirs INT);")).concat();
        if ours_first {
            open(&url).await;
        }
        raw.batch_execute(&create).await.unwrap();
        let store = open(&url).await;
        add(&store, 1).await;
        store.commit(&commit(1, 1)).await.unwrap();
        store.check_ready().await.unwrap();
        for name in names {
            assert_eq!(count(&url, &format!("public.{name}")).await, 0, "{name}");
        }
        assert_eq!(count(&url, "repass.audit").await, 2);
    }
}
