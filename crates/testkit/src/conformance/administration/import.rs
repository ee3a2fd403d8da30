use std::sync::Arc;

use super::{actions, added, trail};
use crate::conformance::sample::{
    RIVALS, account, at, audit, audit_of, commit, found, hash, realm, uuid,
};
use repass_core::{
    Account, AccountBatch, AccountId, AdministrationStore, AuditFilter, AuditRecord, Committed,
    Credential, Found, Imported, Normalisation, Profile, Realm,
};

fn credential(name: &str) -> Option<Credential> {
    let hash = hash(name).normalised(Normalisation::Nfc);
    Some(Credential { hash, version: 1, changed_at: at(-500) })
}

fn batch(realm: &Realm, accounts: Vec<Found>) -> AccountBatch {
    let record = AuditRecord {
        realm: realm.clone(),
        account: None,
        ..audit_of(AccountId(uuid()), "account.import")
    };
    AccountBatch { accounts, audit: record, rehearsal: false }
}

async fn import(store: &dyn AdministrationStore, batch: &AccountBatch) -> Vec<Imported> {
    store.import_accounts(batch).await.expect("import_accounts")
}

fn present(account: &Account) -> Imported {
    Imported::Present(Box::new(account.clone()))
}

/// The trail of a realm, newest first.
async fn trail_of(store: &dyn AdministrationStore, realm: &Realm) -> Vec<AuditRecord> {
    let filter = AuditFilter { realm: Some(realm.clone()), limit: 1000, ..AuditFilter::default() };
    store.audit(&filter).await.expect("audit")
}

pub(in crate::conformance) async fn accounts_are_imported_once(store: &dyn AdministrationStore) {
    let realm = realm();
    let mut odd = account(&realm, "o'brien \"%_ 🔑 $1 ?");
    odd.username = Some("ünïcødé\u{301} $2".to_owned());
    odd.active = false;
    odd.created_at = at(-3000);
    odd.updated_at = at(-2000);
    odd.profile = Profile { given_name: Some("Zoë".to_owned()), ..Profile::default() };
    odd.profile.attributes.insert("roles".to_owned(), serde_json::json!(["a", { "b": null }]));
    let bare = Account { email: None, ..account(&realm, "bare") };
    let first = vec![
        Found { account: odd.clone(), credential: credential("odd") },
        Found { account: bare.clone(), credential: None },
    ];
    let first = batch(&realm, first);
    assert_eq!(import(store, &first).await, [Imported::Added, Imported::Added]);
    for imported in &first.accounts {
        assert_eq!(found(store, &imported.account).await, *imported, "all that it came with");
    }
    assert_eq!(trail_of(store, &realm).await, [first.record(2)], "one record for all");
    let detail = first.record(2).detail;
    assert_eq!(detail.as_deref(), Some("added=2,present=0"), "which tells how many");

    // The same from elsewhere: other identifiers, other hashes.
    let fresh = account(&realm, "fresh");
    let again = [&bare, &fresh, &odd].map(|one| Found {
        account: Account { id: AccountId(uuid()), email: None, ..one.clone() },
        credential: credential("older"),
    });
    let second = batch(&realm, again.to_vec());
    let expected = [present(&bare), Imported::Added, present(&odd)];
    assert_eq!(import(store, &second).await, expected, "what is present is told as it stands");
    for imported in &first.accounts {
        assert_eq!(found(store, &imported.account).await, *imported, "and left as it is");
    }
    assert_eq!(found(store, &fresh).await, second.accounts[1], "beside what is new");
    let trail = trail_of(store, &realm).await;
    assert_eq!(trail, [second.record(1), first.record(2)], "which is on record");

    let third = batch(&realm, again.to_vec());
    let outcomes = import(store, &third).await;
    assert!(outcomes.iter().all(|one| matches!(one, Imported::Present(_))), "nothing is new");
    assert_eq!(trail_of(store, &realm).await, trail, "so nothing is recorded");
    let elsewhere = batch(&self::realm(), Vec::new());
    assert!(import(store, &elsewhere).await.is_empty(), "nothing at all is no error");
}

pub(in crate::conformance) async fn imports_leave_changed_passwords(
    store: &dyn AdministrationStore,
) {
    let account = account(&realm(), "pat");
    let accounts = vec![Found { account: account.clone(), credential: credential("imported") }];
    let batch = batch(&account.realm, accounts);
    assert_eq!(import(store, &batch).await, [Imported::Added]);
    let changed = store.commit(&commit(&account, 1, "changed")).await.expect("commit");
    assert_eq!(changed, Committed::Done { version: 2 }, "an imported password can be changed");
    let after = found(store, &account).await;

    let audit = AuditRecord { id: uuid(), ..batch.audit.clone() };
    let again = AccountBatch { audit, ..batch.clone() };
    let outcomes = import(store, &again).await;
    assert_eq!(outcomes, [present(&after.account)], "it is there already");
    assert_eq!(found(store, &account).await, after, "and keeps the password it was changed to");
    let history = store.history(account.id, 10).await.expect("history");
    assert_eq!(
        history,
        [hash("imported").normalised(Normalisation::Nfc)],
        "the imported one is history"
    );
    assert_eq!(
        actions(store, &account).await,
        ["password.change"],
        "of which nobody's trail tells"
    );
}

pub(in crate::conformance) async fn imports_take_the_first_of_two(store: &dyn AdministrationStore) {
    // More than any store writes at once, so that some meet within a statement and some do not.
    let realm = realm();
    let names: Vec<String> = (0..250).map(|number| format!("user-{}", number % 125)).collect();
    let numbered = |(at, name): (usize, &String)| Found {
        account: Account { username: Some(format!("name {at}")), ..account(&realm, name) },
        credential: credential(&format!("hash{at}")),
    };
    let mut accounts: Vec<Found> = names.iter().enumerate().map(numbered).collect();
    // These two stand beside each other.
    accounts.swap(1, 125);
    let batch = batch(&realm, accounts);
    let outcomes = import(store, &batch).await;
    let is_added = |outcome: &&Imported| matches!(outcome, Imported::Added);
    assert_eq!(outcomes.iter().filter(is_added).count(), 125, "each once");
    for (at, (wanted, outcome)) in batch.accounts.iter().zip(&outcomes).enumerate() {
        let user_id = &wanted.account.user_id;
        let first = batch.accounts.iter().position(|one| one.account.user_id == *user_id);
        let first = first.expect("at least this one");
        let expected =
            if first == at { Imported::Added } else { present(&batch.accounts[first].account) };
        assert_eq!(*outcome, expected, "the first counts, the second is present");
        assert_eq!(found(store, &wanted.account).await, batch.accounts[first]);
    }
    assert_eq!(trail_of(store, &realm).await, [batch.record(125)]);
}

pub(in crate::conformance) async fn rehearsed_imports_write_nothing(
    store: &dyn AdministrationStore,
) {
    let pat = added(store).await;
    let before = (found(store, &pat).await, trail(store, &pat).await);
    let kim = account(&pat.realm, "kim");
    let accounts = [&kim, &pat, &kim].map(|account| Found {
        account: Account { id: AccountId(uuid()), ..account.clone() },
        credential: credential("rehearsed"),
    });
    let rehearsal = AccountBatch { rehearsal: true, ..batch(&pat.realm, accounts.to_vec()) };
    let expected = [Imported::Added, present(&pat), present(&accounts[0].account)];
    assert_eq!(import(store, &rehearsal).await, expected, "it tells what would become of them");
    for gone in &accounts {
        let id = gone.account.id;
        assert_eq!(store.account(id).await.expect("account"), None, "but adds none");
    }
    assert_eq!((found(store, &pat).await, trail(store, &pat).await), before);
    assert_eq!(trail_of(store, &pat.realm).await.len(), 1, "and records nothing");

    let record = audit(&kim, "account.add");
    store.add_account(&kim, None, &record).await.expect("the name is free still");
}

pub(in crate::conformance) async fn rival_imports_add_each_once(
    store: &Arc<dyn AdministrationStore>,
) {
    let realm = realm();
    let names: Vec<String> = (0..30).map(|number| format!("user-{number}")).collect();
    let mut tasks = Vec::new();
    for rival in 0..RIVALS {
        let mut accounts: Vec<Found> = names
            .iter()
            .map(|name| Found { account: account(&realm, name), credential: credential("first") })
            .collect();
        // In several orders, so that they meet in the middle.
        accounts.rotate_left(rival);
        let (store, batch) = (Arc::clone(store), batch(&realm, accounts));
        tasks.push(tokio::spawn(async move {
            let outcomes = import(&*store, &batch).await;
            (batch, outcomes)
        }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        let (batch, outcomes) = task.await.expect("a rival");
        let with_outcome = batch.accounts.into_iter().zip(outcomes);
        let added = with_outcome.filter(|(_, outcome)| *outcome == Imported::Added);
        winners.extend(added.map(|(found, _)| found));
    }
    assert_eq!(winners.len(), names.len(), "each was added by one of them");
    for winner in winners {
        assert_eq!(found(&**store, &winner.account).await, winner, "and is the winner's");
    }
}
