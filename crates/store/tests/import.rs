//! Imports that fail in the middle.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use repass_core::{
    Account, AccountBatch, AccountError, AccountFilter, AccountId, AccountWithCredential,
    AdministrationStore, AuditFilter, AuditRecord, Credential, Imported, StoreError,
};
use repass_store::SqlStore;
use repass_testkit::fixtures;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

async fn open(folder: &TempDir) -> SqlStore {
    let url = format!("sqlite://{}", folder.path().join("repass.db").display());
    SqlStore::open(&url).await.unwrap()
}

fn found(number: u128) -> AccountWithCredential {
    let account = fixtures::account(&"shop".parse().unwrap(), &format!("user-{number}"));
    let account = Account { id: AccountId(Uuid::from_u128(number)), ..account };
    let credential =
        Credential { hash: fixtures::hash("tag"), version: 1, changed_at: account.created_at };
    AccountWithCredential { account, credential: Some(credential) }
}

fn batch(record: u128, accounts: Vec<AccountWithCredential>) -> AccountBatch {
    let audit = fixtures::audit(&accounts[0].account, "account.import");
    let audit = AuditRecord { id: Uuid::from_u128(record), account: None, ..audit };
    AccountBatch { accounts, audit, rehearsal: false }
}

/// How many accounts there are, and how many audit records.
async fn counts(store: &SqlStore) -> (usize, usize) {
    let accounts = AccountFilter { limit: 10_000, ..AccountFilter::default() };
    let trail = AuditFilter { limit: 10_000, ..AuditFilter::default() };
    let accounts = store.accounts(&accounts).await.unwrap();
    (accounts.len(), store.audit(&trail).await.unwrap().len())
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!("bottom"), |inner, _| json!([inner]))
}

#[tokio::test]
async fn a_batch_that_fails_in_its_last_statement_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = batch(1, vec![found(1)]);
    assert_eq!(store.import_accounts(&first).await.unwrap(), [Imported::Added]);

    // An identifier that is taken, by another user id.
    let mut taken = found(2_000);
    taken.account.id = AccountId(Uuid::from_u128(1));
    // An audit record that is there already.
    let recorded = batch(1, (2..200).map(found).collect());
    // Attributes that nobody could read again.
    let mut deep = found(2_000);
    deep.account.profile.attributes.insert("deep".to_owned(), nested(200));
    for failing in [
        batch(2, (2..200).map(found).chain([taken]).collect()),
        recorded,
        batch(3, (2..200).map(found).chain([deep]).collect()),
    ] {
        let error = store.import_accounts(&failing).await.unwrap_err();
        assert!(matches!(error, AccountError::Store(StoreError::Failed(_))), "{error:?}");
        assert!(!format!("{error:?}").contains("user-"), "{error:?}");
        assert_eq!(counts(&store).await, (1, 1));
    }

    let right = batch(4, (1..700).map(found).collect());
    let outcomes = store.import_accounts(&right).await.unwrap();
    assert!(matches!(outcomes[0], Imported::Present(_)));
    assert!(outcomes[1..].iter().all(|outcome| *outcome == Imported::Added));
    assert_eq!(counts(&store).await, (699, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_given_up_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    for patience in 0..30 {
        let (first, last) = (patience * 1_000, patience * 1_000 + 300);
        let batch = batch(patience, (first..last).map(found).collect());
        let task = {
            let store = store.clone();
            tokio::spawn(async move { store.import_accounts(&batch).await })
        };
        for _ in 0..patience * 3 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
    }
    let (accounts, records) = counts(&store).await;
    assert_eq!(accounts, records * 300);
}
