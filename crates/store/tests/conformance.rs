//! The public suite of repass-core over real SQLite files.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{
    Account, AccountId, AdministrationStore, AuditRecord, Context, CredentialStore, HashedPassword,
    OtpEnrolment, OutboxEvent, Randomness, ResetToken, SystemRandomness,
};
use repass_store::SqlStore;
use repass_testkit::conformance::{self, Fixture};
use tempfile::TempDir;

async fn open(folder: &TempDir) -> SqlStore {
    let url = format!("sqlite://{}", folder.path().join("repass.db").display());
    SqlStore::open(&url).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder).await);
    conformance::administration_store(store.clone()).await;
    conformance::importing_store(store).await;
}

/// Gives out two stores on one file in turn, which know nothing of each other but the file, as two
/// processes would.
struct TwoProcesses {
    stores: [Arc<SqlStore>; 2],
}

impl TwoProcesses {
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
impl Fixture for TwoProcesses {
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

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_sqlite_file_pass_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [Arc::new(open(&folder).await), Arc::new(open(&folder).await)];
    conformance::credential_store(&TwoProcesses { stores }).await;
}
