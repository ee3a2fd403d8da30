//! A database shared with an application that has tables with common names, and that manages its
//! schema with `sqlx::migrate!`.

use repass_accounts_table::Accounts;
use repass_core::{AuditFilter, HashedPassword, Subject};
use repass_testkit::fixtures;

use crate::application::Application;
use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(
            "e2_repass_is_added_to_the_database_of_an_application",
            repass_is_added_to_the_database_of_an_application,
        ),
        test(
            "e2_an_application_is_added_to_the_database_of_repass",
            an_application_is_added_to_the_database_of_repass,
        ),
    ]
}

const TABLES: [&str; 8] =
    ["accounts", "audit", "keys", "outbox", "events", "attempts", "credentials", "migrations"];

async fn create_tables(application: &Application) {
    application
        .execute(
            "CREATE TABLE _sqlx_migrations (
                 version BIGINT PRIMARY KEY, description TEXT NOT NULL, success BOOLEAN NOT NULL);
             INSERT INTO _sqlx_migrations (version, description, success)
                 VALUES (1, 'users', TRUE), (2, 'outbox', TRUE)",
        )
        .await;
    for table in TABLES {
        let create = format!("CREATE TABLE {table} (id TEXT PRIMARY KEY, theirs TEXT)");
        application.execute(&create).await;
        let index = format!("CREATE INDEX {table}_by_account ON {table} (theirs)");
        application.execute(&index).await;
        application.execute(&format!("INSERT INTO {table} VALUES ('1', 'theirs')")).await;
    }
}

async fn is_unchanged(application: &Application) -> bool {
    for table in TABLES {
        let rows = application.rows(&format!("SELECT id, theirs FROM {table}")).await;
        if rows != [[Some("1".to_owned()), Some("theirs".to_owned())]] {
            return false;
        }
    }
    application.count("_sqlx_migrations").await == 2
}

/// Adds an account if it is missing, and finds it after reopening the store.
async fn use_store(application: &Application, user_id: &str) {
    let subject = Subject::new("shop".parse().unwrap(), user_id);
    let store = application.try_open(Accounts::Own).await.unwrap();
    if store.find(&subject).await.unwrap().is_none() {
        let account = fixtures::account(&subject.realm, user_id);
        let hash = HashedPassword::from_stored("$argon2id$the-tag");
        let audit = fixtures::audit(&account, "account.add");
        store.add_account(&account, Some(&hash), &audit).await.unwrap();
    }
    drop(store);
    let store = application.try_open(Accounts::Own).await.unwrap();
    let found = store.find(&subject).await.unwrap().unwrap();
    let account = Some(found.account.id);
    let filter = AuditFilter { account, limit: 10, ..AuditFilter::default() };
    assert_eq!(store.audit(&filter).await.unwrap().len(), 1);
}

/// Proves E2.
async fn repass_is_added_to_the_database_of_an_application(application: Application) {
    create_tables(&application).await;
    use_store(&application, "pat").await;
    assert!(is_unchanged(&application).await);
}

/// Proves E2.
async fn an_application_is_added_to_the_database_of_repass(application: Application) {
    use_store(&application, "pat").await;
    create_tables(&application).await;
    use_store(&application, "pat").await;
    use_store(&application, "kim").await;
    assert!(is_unchanged(&application).await);
}
