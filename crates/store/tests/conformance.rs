//! The conformance suite over real SQLite files.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use repass_core::AdministrationStore;
use repass_store::SqlStore;
use repass_testkit::conformance::{self, AdministrationFixture};
use tempfile::TempDir;

async fn open(folder: &TempDir) -> Arc<dyn AdministrationStore> {
    let url = format!("sqlite://{}", folder.path().join("repass.db").display());
    Arc::new(SqlStore::open(&url).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = AdministrationFixture::new(open(&folder).await);
    conformance::run(&fixture).await.assert_all_passed();
}

/// Two stores that know nothing of each other but the file, as two processes have them.
#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_sqlite_file_pass_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = AdministrationFixture::of_nodes([open(&folder).await, open(&folder).await]);
    conformance::run(&fixture).await.assert_passed();
}
