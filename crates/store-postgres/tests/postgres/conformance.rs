//! The conformance suite on PostgreSQL.

use std::sync::Arc;

use repass_core::AdministrationStore;
use repass_testkit::conformance::{self, AdministrationFixture};

use crate::database::{open, raw, shared, url};

async fn node(url: &str) -> Arc<dyn AdministrationStore> {
    Arc::new(open(url).await)
}

pub(crate) async fn one_store_passes() {
    let fixture = AdministrationFixture::new(node(&url()).await);
    conformance::run(&fixture).await.assert_all_passed();
}

/// A database with a collation that does not compare bytes.
pub(crate) async fn one_store_passes_in_english() {
    let create =
        "CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
    raw(&url()).await.batch_execute(create).await.unwrap();
    let fixture = AdministrationFixture::new(node(&shared().url("english")).await);
    conformance::run(&fixture).await.assert_all_passed();
}

/// Two stores that share only the database.
pub(crate) async fn two_nodes_pass() {
    let url = url();
    let fixture = AdministrationFixture::for_nodes([node(&url).await, node(&url).await]);
    conformance::run(&fixture).await.assert_passed();
}
