//! repass and an application that uses sqlx share one SQLite file in one process. Either creates
//! the file first.

use std::error::Error;
use std::path::Path;

use repass_core::{CredentialStore, Subject};
use repass_store_sqlite::{SqliteOptions, SqliteStore};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let first = folder.path().join("application-first.db");
    let pool = migrate(&first).await?;
    check(&first, &pool).await?;

    let second = folder.path().join("repass-first.db");
    SqliteStore::open(&second, &SqliteOptions::default()).await?.close().await?;
    let pool = migrate(&second).await?;
    check(&second, &pool).await
}

async fn migrate(path: &Path) -> Result<SqlitePool, Box<dyn Error>> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::migrate!().run(&pool).await?;
    sqlx::query("INSERT INTO accounts (theirs) VALUES ('theirs')").execute(&pool).await?;
    Ok(pool)
}

async fn check(path: &Path, pool: &SqlitePool) -> Result<(), Box<dyn Error>> {
    let store = SqliteStore::open(path, &SqliteOptions::default()).await?;
    assert_eq!(store.find(&Subject::new("shop".parse()?, "pat")).await?, None);
    store.check_ready().await?;
    assert_eq!(store.check().await?, []);
    // As at the next start of the application.
    sqlx::migrate!().run(pool).await?;
    let count = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM accounts");
    assert_eq!(count.fetch_one(pool).await?, 1);
    store.close().await?;
    Ok(())
}
