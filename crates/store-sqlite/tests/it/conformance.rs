//! The conformance suite on SQLite files.

use std::sync::Arc;

use repass_core::AdministrationStore;
use repass_store_sqlite::{SqliteOptions, SqliteStore};
use repass_testkit::conformance::{self, AdministrationFixture};
use tempfile::TempDir;

async fn open(folder: &TempDir) -> Arc<dyn AdministrationStore> {
    let path = folder.path().join("repass.db");
    Arc::new(SqliteStore::open(path, &SqliteOptions::default()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_passes() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = AdministrationFixture::new(open(&folder).await);
    conformance::run(&fixture).await.assert_all_passed();
}

/// Two stores that share only the file, as two processes do.
#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_pass() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = AdministrationFixture::for_nodes([open(&folder).await, open(&folder).await]);
    conformance::run(&fixture).await.assert_passed();
}
