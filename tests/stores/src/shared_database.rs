//! Beside an application that has chosen the names that repass might have chosen, and that manages
//! its schema as `sqlx::migrate!` does.

use repass_accounts_table::Accounts;
use repass_core::{AuditFilter, HashedPassword, Subject};
use repass_testkit::fixtures;

use crate::application::Application;
use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("e2_repass_comes_to_an_application", repass_comes_to_an_application),
        test("e2_an_application_comes_to_repass", an_application_comes_to_repass),
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

async fn is_untouched(application: &Application) -> bool {
    for table in TABLES {
        let rows = application.rows(&format!("SELECT id, theirs FROM {table}")).await;
        if rows != [[Some("1".to_owned()), Some("theirs".to_owned())]] {
            return false;
        }
    }
    application.count("_sqlx_migrations").await == 2
}

/// Uses a store, and opens it anew.
async fn work(application: &Application, user_id: &str) {
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
async fn repass_comes_to_an_application(application: Application) {
    create_tables(&application).await;
    work(&application, "pat").await;
    assert!(is_untouched(&application).await);
}

/// Proves E2.
async fn an_application_comes_to_repass(application: Application) {
    work(&application, "pat").await;
    create_tables(&application).await;
    work(&application, "pat").await;
    work(&application, "kim").await;
    assert!(is_untouched(&application).await);
}
