use std::sync::Arc;

use super::{actions, added, audit_records};
use crate::conformance::check::{Unsupported, check_empty, check_eq, require};
use crate::conformance::sample::{
    CONCURRENT_CALLS, StoredAccount, account, at, audit, audit_for_id, commit, found, hash,
    history, realm, text, uuid, with,
};
use repass_core::{
    Account, AccountBatch, AccountError, AccountId, AccountWithCredential, AdministrationStore,
    AuditFilter, AuditRecord, CommitOutcome, Credential, Imported, Normalization, Profile, Realm,
};

fn credential(name: &str) -> Option<Credential> {
    let hash = hash(name).with_normalization(Normalization::Nfc);
    Some(Credential { hash, version: 1, changed_at: at(-500) })
}

fn batch(realm: &Realm, accounts: Vec<AccountWithCredential>) -> AccountBatch {
    let record = AuditRecord {
        realm: realm.clone(),
        account: None,
        ..audit_for_id(AccountId(uuid()), "account.import")
    };
    AccountBatch { accounts, audit: record, dry_run: false }
}

async fn import(store: &dyn AdministrationStore, batch: &AccountBatch) -> Vec<Imported> {
    store.import_accounts(batch).await.expect("import_accounts")
}

/// Returns whether the store supports imports.
async fn supports_imports(store: &dyn AdministrationStore) -> bool {
    let nothing = batch(&realm(), Vec::new());
    !matches!(store.import_accounts(&nothing).await, Err(AccountError::KeptElsewhere))
}

fn present(account: &Account) -> Imported {
    Imported::Present(Box::new(account.clone()))
}

/// Returns the audit records of a realm, newest first.
async fn realm_audit_records(store: &dyn AdministrationStore, realm: &Realm) -> Vec<AuditRecord> {
    let filter = AuditFilter { realm: Some(realm.clone()), limit: 1000, ..AuditFilter::default() };
    store.audit(&filter).await.expect("audit")
}

pub(in crate::conformance) async fn accounts_are_imported_once(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_imports(store).await, "imports")?;
    let realm = realm();
    let mut special = account(&realm, "o'brien \"%_ 🔑 $1 ?");
    special.username = Some("ünïcødé\u{301} $2".to_owned());
    special.active = false;
    special.created_at = at(-3000);
    special.updated_at = at(-2000);
    special.profile = Profile { given_name: Some("Zoë".to_owned()), ..Profile::default() };
    special.profile.attributes.insert("roles".to_owned(), serde_json::json!(["a", { "b": null }]));
    let bare = with(account(&realm, "bare"), |it| it.email = None);
    let first = vec![
        AccountWithCredential::new(special.clone(), credential("special")),
        AccountWithCredential::new(bare.clone(), None),
    ];
    let first = batch(&realm, first);
    check_eq!(import(store, &first).await, [Imported::Added, Imported::Added]);
    for imported in &first.accounts {
        check_eq!(
            found(store, &imported.account).await,
            StoredAccount::from(imported),
            "an imported account is found as it was imported"
        );
    }
    check_eq!(
        realm_audit_records(store, &realm).await,
        [first.record(2)],
        "an import is recorded once"
    );
    let detail = first.record(2).detail;
    check_eq!(
        detail.as_deref(),
        Some("added=2,present=0"),
        "the record of an import has the numbers of accounts"
    );

    // The same accounts with other ids and other hashes.
    let fresh = account(&realm, "fresh");
    let again = [&bare, &fresh, &special].map(|one| {
        let account = with(one.clone(), |it| {
            it.id = AccountId(uuid());
            it.email = None;
        });
        AccountWithCredential::new(account, credential("older"))
    });
    let second = batch(&realm, again.to_vec());
    let expected = [present(&bare), Imported::Added, present(&special)];
    check_eq!(
        import(store, &second).await,
        expected,
        "an account that is present is returned as it is"
    );
    for imported in &first.accounts {
        check_eq!(
            found(store, &imported.account).await,
            StoredAccount::from(imported),
            "an account that is present is not changed"
        );
    }
    check_eq!(
        found(store, &fresh).await,
        StoredAccount::from(&second.accounts[1]),
        "a new account is added although others are present"
    );
    let records = realm_audit_records(store, &realm).await;
    check_eq!(records, [second.record(1), first.record(2)], "the second import is recorded");

    let third = batch(&realm, again.to_vec());
    let outcomes = import(store, &third).await;
    assert!(outcomes.iter().all(|one| matches!(one, Imported::Present(_))), "nothing is new");
    check_eq!(
        realm_audit_records(store, &realm).await,
        records,
        "an import that adds nothing is not recorded"
    );
    let elsewhere = batch(&self::realm(), Vec::new());
    check_empty!(import(store, &elsewhere).await, "an empty import has no outcomes");
    Ok(())
}

pub(in crate::conformance) async fn imports_keep_changed_passwords(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_imports(store).await, "imports")?;
    let account = account(&realm(), "pat");
    let accounts = vec![AccountWithCredential::new(account.clone(), credential("imported"))];
    let batch = batch(&account.realm, accounts);
    check_eq!(import(store, &batch).await, [Imported::Added]);
    let changed = store.commit(&commit(&account, 1, "changed")).await.expect("commit");
    check_eq!(changed, CommitOutcome::Done { version: 2 }, "an imported password can be changed");
    let after = found(store, &account).await;

    let audit = AuditRecord { id: uuid(), ..batch.audit.clone() };
    let again = AccountBatch { audit, ..batch.clone() };
    let outcomes = import(store, &again).await;
    check_eq!(outcomes, [present(&after.account)], "the account is present");
    check_eq!(
        found(store, &account).await,
        after,
        "an account that is present keeps its changed password"
    );
    let imported = text(&hash("imported").with_normalization(Normalization::Nfc));
    check_eq!(history(store, &account).await, [imported], "the imported hash moves to the history");
    check_eq!(
        actions(store, &account).await,
        ["password.change"],
        "the import itself is not recorded for the account"
    );
    Ok(())
}

pub(in crate::conformance) async fn the_first_row_of_a_user_id_is_imported(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_imports(store).await, "imports")?;
    // More than a store writes in one statement, so that some duplicates are in one statement and
    // some are not.
    let realm = realm();
    let names: Vec<String> = (0..250).map(|number| format!("user-{}", number % 125)).collect();
    let numbered = |(at, name): (usize, &String)| {
        let account = with(account(&realm, name), |it| it.username = Some(format!("name {at}")));
        AccountWithCredential::new(account, credential(&format!("hash{at}")))
    };
    let mut accounts: Vec<AccountWithCredential> = names.iter().enumerate().map(numbered).collect();
    // The two accounts of one user id are adjacent.
    accounts.swap(1, 125);
    let batch = batch(&realm, accounts);
    let outcomes = import(store, &batch).await;
    let is_added = |outcome: &&Imported| matches!(outcome, Imported::Added);
    check_eq!(outcomes.iter().filter(is_added).count(), 125, "each of 125 user ids is added once");
    for (at, (wanted, outcome)) in batch.accounts.iter().zip(&outcomes).enumerate() {
        let user_id = &wanted.account.user_id;
        let first = batch.accounts.iter().position(|one| one.account.user_id == *user_id);
        let first = first.expect("at least this one");
        let expected =
            if first == at { Imported::Added } else { present(&batch.accounts[first].account) };
        check_eq!(
            *outcome,
            expected,
            "of two accounts of one user id the first is added, the second is present"
        );
        let first = StoredAccount::from(&batch.accounts[first]);
        check_eq!(
            found(store, &wanted.account).await,
            first,
            "the account is found as the first of the two was imported"
        );
    }
    check_eq!(realm_audit_records(store, &realm).await, [batch.record(125)]);
    Ok(())
}

pub(in crate::conformance) async fn rehearsed_imports_write_nothing(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_imports(store).await, "imports")?;
    let pat = added(store).await;
    let before = (found(store, &pat).await, audit_records(store, &pat).await);
    let kim = account(&pat.realm, "kim");
    let accounts = [&kim, &pat, &kim].map(|account| {
        let account = with(account.clone(), |it| it.id = AccountId(uuid()));
        AccountWithCredential::new(account, credential("rehearsed"))
    });
    let rehearsal = AccountBatch { dry_run: true, ..batch(&pat.realm, accounts.to_vec()) };
    let expected = [Imported::Added, present(&pat), present(&accounts[0].account)];
    check_eq!(
        import(store, &rehearsal).await,
        expected,
        "a rehearsal returns what an import would"
    );
    for imported in &accounts {
        let id = imported.account.id;
        check_eq!(store.account(id).await.expect("account"), None, "a rehearsal adds no account");
    }
    check_eq!((found(store, &pat).await, audit_records(store, &pat).await), before);
    check_eq!(realm_audit_records(store, &pat.realm).await.len(), 1, "a rehearsal is not recorded");

    let record = audit(&kim, "account.add");
    store.add_account(&kim, None, &record).await.expect("after a rehearsal the user id is free");
    Ok(())
}

pub(in crate::conformance) async fn concurrent_imports_add_each_account_once(
    store: &Arc<dyn AdministrationStore>,
) -> Result<(), Unsupported> {
    require(supports_imports(&**store).await, "imports")?;
    let realm = realm();
    let names: Vec<String> = (0..30).map(|number| format!("user-{number}")).collect();
    let mut tasks = Vec::new();
    for task in 0..CONCURRENT_CALLS {
        let mut accounts: Vec<AccountWithCredential> = names
            .iter()
            .map(|name| AccountWithCredential::new(account(&realm, name), credential("first")))
            .collect();
        // Each task imports in another order, so that they conflict in the middle.
        accounts.rotate_left(task);
        let (store, batch) = (Arc::clone(store), batch(&realm, accounts));
        tasks.push(tokio::spawn(async move {
            let outcomes = import(&*store, &batch).await;
            (batch, outcomes)
        }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        let (batch, outcomes) = task.await.expect("a task that imports");
        let with_outcome = batch.accounts.into_iter().zip(outcomes);
        let added = with_outcome.filter(|(_, outcome)| *outcome == Imported::Added);
        winners.extend(added.map(|(found, _)| found));
    }
    check_eq!(winners.len(), names.len(), "each user id was added by exactly one of the imports");
    for winner in winners {
        check_eq!(
            found(&**store, &winner.account).await,
            StoredAccount::from(&winner),
            "an account is found as the import that added it had it"
        );
    }
    Ok(())
}
