//! Imports that fail or are aborted.

use repass_accounts_table::Accounts;
use repass_core::{
    AccountBatch, AccountError, AccountFilter, AccountId, AccountWithCredential,
    AdministrationStore, AuditFilter, AuditRecord, Credential, Imported, StoreError,
};
use repass_testkit::fixtures;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::application::Application;
use crate::{Test, test};

fn found(number: u128) -> AccountWithCredential {
    let account = fixtures::account(&"shop".parse().unwrap(), &format!("user-{number}"));
    let account = fixtures::with(account, |it| it.id = AccountId(Uuid::from_u128(number)));
    let credential =
        Credential { hash: fixtures::hash("tag"), version: 1, changed_at: account.created_at };
    AccountWithCredential::new(account, Some(credential))
}

fn batch(record: u128, accounts: Vec<AccountWithCredential>) -> AccountBatch {
    let audit = fixtures::audit(&accounts[0].account, "account.import");
    let audit = AuditRecord { id: Uuid::from_u128(record), account: None, ..audit };
    AccountBatch { accounts, audit, dry_run: false }
}

/// Returns the number of accounts and of audit records.
async fn counts(store: &dyn AdministrationStore) -> (usize, usize) {
    let accounts = AccountFilter { limit: 10_000, ..AccountFilter::default() };
    let records = AuditFilter { limit: 10_000, ..AuditFilter::default() };
    let accounts = store.accounts(&accounts).await.unwrap();
    (accounts.len(), store.audit(&records).await.unwrap().len())
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!("bottom"), |inner, _| json!([inner]))
}

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(
            "import::a_batch_that_fails_in_its_last_account_adds_nothing",
            a_batch_that_fails_in_its_last_account_adds_nothing,
        ),
        test(
            "import::an_aborted_batch_is_added_as_a_whole_or_not_at_all",
            an_aborted_batch_is_added_as_a_whole_or_not_at_all,
        ),
    ]
}

async fn a_batch_that_fails_in_its_last_account_adds_nothing(application: Application) {
    let store = application.try_open(Accounts::Own).await.unwrap();
    let first = batch(1, vec![found(1)]);
    assert_eq!(store.import_accounts(&first).await.unwrap(), [Imported::Added]);

    // The id of another account.
    let mut taken = found(2_000);
    taken.account.id = AccountId(Uuid::from_u128(1));
    // Attributes that are nested too deeply to be read.
    let mut deep = found(2_000);
    deep.account.profile.attributes.insert("deep".to_owned(), nested(200));
    for failing in [
        batch(2, (2..200).map(found).chain([taken]).collect()),
        batch(3, (2..200).map(found).chain([deep]).collect()),
    ] {
        let error = store.import_accounts(&failing).await.unwrap_err();
        assert!(matches!(error, AccountError::Store(StoreError::Failed(_))), "{error:?}");
        assert!(!format!("{error:?}").contains("user-"), "{error:?}");
        assert_eq!(counts(&*store).await, (1, 1));
    }

    let right = batch(4, (1..700).map(found).collect());
    let outcomes = store.import_accounts(&right).await.unwrap();
    assert!(matches!(outcomes[0], Imported::Present(_)));
    assert!(outcomes[1..].iter().all(|outcome| *outcome == Imported::Added));
    assert_eq!(counts(&*store).await, (699, 2));
}

async fn an_aborted_batch_is_added_as_a_whole_or_not_at_all(application: Application) {
    let store = application.try_open(Accounts::Own).await.unwrap();
    for round in 0..30 {
        let (first, last) = (round * 1_000, round * 1_000 + 300);
        let batch = batch(round, (first..last).map(found).collect());
        let task = {
            let store = store.clone();
            tokio::spawn(async move { store.import_accounts(&batch).await })
        };
        for _ in 0..round * 3 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
    }
    // When this import returns, the ones before it have ended.
    let last = batch(1_000, (1_000_000..1_000_300).map(found).collect());
    store.import_accounts(&last).await.unwrap();
    let (accounts, records) = counts(&*store).await;
    assert_eq!(accounts, records * 300);
}
