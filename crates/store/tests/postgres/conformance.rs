//! The public suite of repass-core over PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{
    Account, AccountId, AdministrationStore, AuditRecord, Context, CredentialStore, HashedPassword,
    OtpEnrolment, OutboxEvent, Randomness, ResetToken, SystemRandomness,
};
use repass_store::SqlStore;
use repass_testkit::conformance::{self, Fixture};
use sqlx::Executor;

use crate::database::{open, raw, shared, url};

pub(crate) async fn one_store_passes() {
    let store = Arc::new(open(&url()).await);
    conformance::administration_store(store.clone()).await;
    conformance::importing_store(store).await;
}

/// A database that orders texts as people do, not by their bytes.
pub(crate) async fn one_store_passes_in_english() {
    let create =
        "CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
    raw(&url()).await.execute(create).await.unwrap();
    let store = open(&shared().url("english")).await;
    conformance::administration_store(Arc::new(store)).await;
}

pub(crate) async fn two_nodes_pass_as_one() {
    let url = url();
    let stores = [Arc::new(open(&url).await), Arc::new(open(&url).await)];
    conformance::credential_store(&TwoNodes { stores }).await;
}

/// Gives out two stores on one database in turn, which know nothing of each other but that, as two
/// nodes would.
struct TwoNodes {
    stores: [Arc<SqlStore>; 2],
}

impl TwoNodes {
    fn audit(&self, account: AccountId) -> AuditRecord {
        let mut bytes = [0; 16];
        SystemRandomness.fill(&mut bytes).unwrap();
        AuditRecord {
            id: uuid::Uuid::from_bytes(bytes),
            at: jiff::Timestamp::UNIX_EPOCH,
            realm: "test".parse().unwrap(),
            account: Some(account),
            action: "test".to_owned(),
            outcome: "ok".to_owned(),
            detail: None,
            caller: "operator".to_owned(),
            context: Context::new("test"),
        }
    }

    fn either(&self) -> Arc<SqlStore> {
        let mut byte = [0];
        SystemRandomness.fill(&mut byte).unwrap();
        Arc::clone(&self.stores[usize::from(byte[0] % 2)])
    }
}

#[async_trait]
impl Fixture for TwoNodes {
    fn store(&self) -> Arc<dyn CredentialStore> {
        self.either()
    }

    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
        self.either().add_account(account, hash, &self.audit(account.id)).await.unwrap();
    }

    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        let audit = self.audit(token.account);
        let event = OutboxEvent {
            id: audit.id,
            at: audit.at,
            account: token.account,
            kind: "reset.requested".to_owned(),
            payload: serde_json::json!({}),
        };
        self.either().add_reset_token(token, &audit, &event).await.unwrap();
        true
    }

    async fn set_otp(&self, account: AccountId, enrolment: &OtpEnrolment) -> bool {
        self.either().set_otp(account, enrolment, &self.audit(account)).await.unwrap();
        true
    }
}
