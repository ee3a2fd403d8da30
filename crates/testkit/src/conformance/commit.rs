use std::collections::HashSet;
use std::time::Duration;

use super::Fixture;
use super::sample::{
    RIVALS, account, added, at, commit, found, hash, history, key, realm, rules, upgrade,
};
use repass_core::{
    Account, AttemptPath, Commit, Committed, Credential, CredentialStore, Normalisation, Upgrade,
};

async fn refused(fixture: &dyn Fixture, account: &Account, change: &Commit, why: &str) {
    let store = fixture.store();
    let before = (found(&*store, account).await, history(&*store, account).await);
    let committed = store.commit(change).await.expect("commit");
    assert_eq!(committed, Committed::Conflict, "{why}");
    let after = (found(&*store, account).await, history(&*store, account).await);
    assert_eq!(after, before, "a refused change writes nothing ({why})");
}

async fn done(store: &dyn CredentialStore, change: &Commit) -> i64 {
    match store.commit(change).await.expect("commit") {
        Committed::Done { version } => version,
        refused => panic!("the change is in order, but: {refused:?}"),
    }
}

pub(super) async fn sets_a_first_password(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = account(&realm(), "new");
    fixture.add_account(&account, None).await;
    refused(fixture, &account, &commit(&account, 1, "x"), "there is no version 1 yet").await;

    assert_eq!(done(&*store, &commit(&account, 0, "first")).await, 1, "the first version is 1");
    let expected = Credential { hash: hash("first"), version: 1, changed_at: at(0) };
    assert_eq!(found(&*store, &account).await.credential, Some(expected));
    assert!(history(&*store, &account).await.is_empty(), "there was nothing before");
    refused(fixture, &account, &commit(&account, 0, "x"), "there is a password by now").await;
}

pub(super) async fn replaces_the_password(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    let unchanged = found(&*store, &bystander).await;

    assert_eq!(done(&*store, &commit(&account, 1, "second")).await, 2, "one more than before");
    let found = found(&*store, &account).await;
    let expected = Credential { hash: hash("second"), version: 2, changed_at: at(0) };
    assert_eq!(found.credential, Some(expected));
    let expected = Account { updated_at: at(0), ..account.clone() };
    assert_eq!(found.account, expected, "only updated_at moves");
    assert_eq!(history(&*store, &account).await, [hash("first")]);

    assert_eq!(super::sample::found(&*store, &bystander).await, unchanged, "nobody else's");
    assert!(history(&*store, &bystander).await.is_empty());
}

/// It belongs to each hash, as the text does.
pub(super) async fn keeps_the_normalisation(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let nfc = |name| hash(name).normalised(Normalisation::Nfc);
    let second = Commit { hash: nfc("second"), ..commit(&account, 1, "second") };
    done(&*store, &second).await;
    let credential = found(&*store, &account).await.credential.expect("a credential");
    assert_eq!(credential.hash, nfc("second"), "of the current hash");

    let upgrade = Upgrade {
        expected_hash: nfc("second"),
        hash: nfc("stronger"),
        ..upgrade(&account, 2, "second", "stronger")
    };
    assert!(store.upgrade(&upgrade).await.expect("upgrade"));
    let third = Commit { expected_hash: Some(nfc("stronger")), ..commit(&account, 2, "third") };
    done(&*store, &third).await;
    let credential = found(&*store, &account).await.credential.expect("a credential");
    assert_eq!(credential.hash, hash("third"), "the next hash has its own");
    let history = history(&*store, &account).await;
    assert_eq!(history, [nfc("stronger"), hash("first")], "and those of the history keep theirs");
}

pub(super) async fn keeps_the_history_in_order(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    done(&*store, &commit(&bystander, 1, "other")).await;

    for (version, name) in [(1, "two"), (2, "three"), (3, "four"), (4, "five")] {
        let change = Commit { history: 3, ..commit(&account, version, name) };
        assert_eq!(done(&*store, &change).await, version + 1);
    }
    let kept = [hash("four"), hash("three"), hash("two")];
    assert_eq!(history(&*store, &account).await, kept, "newest first, pruned to three");
    let some = store.history(account.id, 2).await.expect("history");
    assert_eq!(some, kept[..2], "at most as many as asked for");
    assert!(store.history(account.id, 0).await.expect("history").is_empty());
    let all = store.history(account.id, usize::MAX).await.expect("history");
    assert_eq!(all, kept, "any depth may be asked for");

    done(&*store, &Commit { history: 10, ..commit(&account, 5, "six") }).await;
    assert_eq!(history(&*store, &account).await.len(), 4, "a longer history grows again");
    done(&*store, &Commit { history: usize::MAX, ..commit(&account, 6, "seven") }).await;
    assert_eq!(history(&*store, &account).await.len(), 5);
    done(&*store, &Commit { history: 0, ..commit(&account, 7, "eight") }).await;
    assert!(history(&*store, &account).await.is_empty(), "no history, nothing kept");
    assert_eq!(history(&*store, &bystander).await, [hash("first")], "everybody has their own");
}

pub(super) async fn clears_attempts(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    let rules = rules(3, Duration::from_secs(60));
    for key in [key(&account), key(&bystander)] {
        for _ in 0..2 {
            let paid = store.charge(&key, AttemptPath::Password, &rules, at(0), None).await;
            paid.expect("charge").expect("open");
        }
    }
    done(&*store, &commit(&account, 1, "second")).await;
    for (key, failures, why) in
        [(key(&account), 1, "a change clears"), (key(&bystander), 3, "only its own")]
    {
        let ticket = store.charge(&key, AttemptPath::Password, &rules, at(0), None).await;
        assert_eq!(ticket.expect("charge").expect("open").failures, failures, "{why}");
    }
}

pub(super) async fn refuses_other_versions(fixture: &dyn Fixture) {
    let account = added(fixture).await;
    done(&*fixture.store(), &commit(&account, 1, "second")).await;
    for version in [0, 1, 3, -1, i64::MAX] {
        let change = commit(&account, version, "late");
        refused(fixture, &account, &change, &format!("version 2 is not {version}")).await;
    }
}

pub(super) async fn refuses_absent_and_inactive_accounts(fixture: &dyn Fixture) {
    let inactive = Account { active: false, ..account(&realm(), "inactive") };
    fixture.add_account(&inactive, Some(&hash("first"))).await;
    refused(fixture, &inactive, &commit(&inactive, 1, "second"), "the account is inactive").await;

    let absent = account(&realm(), "absent");
    for version in [0, 1] {
        let committed = fixture.store().commit(&commit(&absent, version, "x")).await;
        assert_eq!(committed.expect("commit"), Committed::Conflict, "there is no such account");
    }
}

pub(super) async fn one_of_many_at_once_wins(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let rivals: Vec<_> = (0..RIVALS)
        .map(|rival| {
            let (store, change) = (fixture.store(), commit(&account, 1, &format!("of-{rival}")));
            tokio::spawn(async move { (store.commit(&change).await.expect("commit"), change.hash) })
        })
        .collect();
    let mut winners = Vec::new();
    for rival in rivals {
        match rival.await.expect("a task that commits") {
            (Committed::Done { version: 2 }, hash) => winners.push(hash),
            (other, _) => assert_eq!(other, Committed::Conflict, "whoever is late conflicts"),
        }
    }
    assert_eq!(winners.len(), 1, "of {RIVALS} changes of one version exactly one is made");
    let credential = found(&*store, &account).await.credential.expect("a credential");
    assert_eq!((&credential.hash, credential.version), (&winners[0], 2), "the winner's");
    assert_eq!(history(&*store, &account).await, [hash("first")], "moved once");
}

pub(super) async fn other_accounts_do_not_conflict(fixture: &dyn Fixture) {
    let mut changes = Vec::new();
    for _ in 0..RIVALS {
        let (store, account) = (fixture.store(), added(fixture).await);
        changes.push(tokio::spawn(async move {
            store.commit(&commit(&account, 1, "second")).await.expect("commit")
        }));
    }
    let mut outcomes = HashSet::new();
    for change in changes {
        outcomes.insert(format!("{:?}", change.await.expect("a task that commits")));
    }
    let done = HashSet::from([format!("{:?}", Committed::Done { version: 2 })]);
    assert_eq!(outcomes, done, "changes of different accounts at once are all made");
}
