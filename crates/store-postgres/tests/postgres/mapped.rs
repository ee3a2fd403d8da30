//! A mapped table that its application alters while it is in use.

use std::time::Duration;

use repass_core::{CredentialStore, StoreError, Subject};
use repass_postgres_cluster::Proxy;
use repass_store_postgres::{
    Accounts, AccountsTable, PostgresOptions, PostgresStore, RealmMapping,
};
use tokio_postgres::Client;

use crate::database::{raw, shared, url};

async fn served() -> (Client, PostgresStore) {
    let url = url();
    let raw = raw(&url).await;
    (raw, serve_at(&url, "BIGINT", "1").await)
}

/// Opens a store on a users table with ids of this type and one user, behind a proxy.
pub(crate) async fn serve(proxy: &Proxy, kind: &str, id: &str) -> PostgresStore {
    serve_at(&proxy.url(&shared().create_database()), kind, id).await
}

async fn serve_at(url: &str, kind: &str, id: &str) -> PostgresStore {
    let table = format!(
        "CREATE TABLE public.users (id {kind} PRIMARY KEY, login TEXT, pw TEXT, enabled BOOLEAN);
         INSERT INTO public.users VALUES ('{id}', 'pat', 'first', TRUE)"
    );
    raw(url).await.batch_execute(&table).await.unwrap();
    let name = |name: &str| name.parse().unwrap();
    let mut options = PostgresOptions::default();
    options.accounts = Accounts::Mapped(AccountsTable {
        table: "users".parse().unwrap(),
        id: name("id"),
        user_id: name("login"),
        hash: name("pw"),
        email: None,
        username: Some(name("login")),
        active: Some(name("enabled")),
        realm: RealmMapping::All("shop".parse().unwrap()),
    });
    PostgresStore::connect(url, &options).await.unwrap()
}

pub(crate) fn pat() -> Subject {
    Subject::new("shop".parse().unwrap(), "pat")
}

/// Proves P7.
pub(crate) async fn p7_a_changed_column_type_is_detected() {
    let (raw, store) = served().await;
    assert!(store.find(&pat()).await.unwrap().unwrap().account.active);
    for alter in [
        "ALTER TABLE public.users ALTER enabled TYPE SMALLINT USING enabled::INT",
        "ALTER TABLE public.users ALTER enabled TYPE BOOLEAN USING enabled <> 0",
        "ALTER TABLE public.users ALTER id TYPE TEXT",
        "ALTER TABLE public.users ADD later TEXT",
    ] {
        raw.batch_execute(alter).await.unwrap();
        let found = store.find(&pat()).await.unwrap_or_else(|error| panic!("{alter}: {error:?}"));
        assert!(found.unwrap().account.active, "{alter}");
    }
}

/// Proves L2.
pub(crate) async fn l2_a_renamed_table_is_not_ready_until_it_is_renamed_back() {
    let (raw, store) = served().await;
    store.check_ready().await.unwrap();
    raw.batch_execute("ALTER TABLE public.users RENAME TO people").await.unwrap();
    let error = store.find(&pat()).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)), "{error:?}");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(store.check_ready().await.is_err());
    raw.batch_execute("ALTER TABLE public.people RENAME TO users").await.unwrap();
    assert!(store.find(&pat()).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    store.check_ready().await.unwrap();
}
