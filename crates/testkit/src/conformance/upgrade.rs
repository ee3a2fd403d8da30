use super::Fixture;
use super::sample::{RIVALS, account, added, commit, found, hash, history, realm, upgrade};
use repass_core::{Account, Committed, Credential, Upgrade};

async fn refused(fixture: &dyn Fixture, account: &Account, upgrade: &Upgrade, why: &str) {
    let store = fixture.store();
    let before = (found(&*store, account).await, history(&*store, account).await);
    assert!(!store.upgrade(upgrade).await.expect("upgrade"), "{why}");
    let after = (found(&*store, account).await, history(&*store, account).await);
    assert_eq!(after, before, "a refused upgrade writes nothing ({why})");
}

pub(super) async fn replaces_the_hash_and_nothing_else(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    let others = found(&*store, &bystander).await;
    let mut before = found(&*store, &account).await;
    let replaced = store.upgrade(&upgrade(&account, 1, "first", "stronger")).await;
    assert!(replaced.expect("upgrade"), "the hash is the expected one");
    if let Some(credential) = &mut before.credential {
        credential.hash = hash("stronger");
    }
    assert_eq!(found(&*store, &account).await, before, "version and moment stay as they were");
    assert!(history(&*store, &account).await.is_empty(), "it is the same password");
    assert_eq!(found(&*store, &bystander).await, others, "nobody else's");

    let change = commit(&account, 1, "second");
    let committed = store.commit(&change).await.expect("commit");
    assert_eq!(committed, Committed::Done { version: 2 }, "a change goes on from the version");
    assert_eq!(history(&*store, &account).await, [hash("stronger")], "the hash that was there");
    let again = upgrade(&account, 2, "second", "stronger still");
    assert!(store.upgrade(&again).await.expect("upgrade"), "any version has an upgrade");
    let expected = Credential { hash: hash("stronger still"), version: 2, changed_at: change.at };
    assert_eq!(found(&*store, &account).await.credential, Some(expected));
}

pub(super) async fn refuses_other_hashes_and_versions(fixture: &dyn Fixture) {
    let account = added(fixture).await;
    let late = upgrade(&account, 1, "another", "stronger");
    refused(fixture, &account, &late, "the hash is not the expected one").await;
    for version in [0, 2, -1, i64::MAX] {
        let late = upgrade(&account, version, "first", "stronger");
        refused(fixture, &account, &late, &format!("version 1 is not {version}")).await;
    }
}

pub(super) async fn refuses_absent_and_inactive_accounts(fixture: &dyn Fixture) {
    let inactive = Account { active: false, ..account(&realm(), "inactive") };
    fixture.add_account(&inactive, Some(&hash("first"))).await;
    let late = upgrade(&inactive, 1, "first", "stronger");
    refused(fixture, &inactive, &late, "the account is inactive").await;

    let without = account(&realm(), "without");
    fixture.add_account(&without, None).await;
    for version in [0, 1] {
        let late = upgrade(&without, version, "first", "stronger");
        refused(fixture, &without, &late, "the account has no password").await;
    }

    let absent = account(&realm(), "absent");
    let late = upgrade(&absent, 1, "first", "stronger");
    let replaced = fixture.store().upgrade(&late).await.expect("upgrade");
    assert!(!replaced, "there is no such account");
}

pub(super) async fn one_of_many_at_once_wins(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let rivals: Vec<_> = (0..RIVALS)
        .map(|rival| {
            let upgrade = upgrade(&account, 1, "first", &format!("of-{rival}"));
            let store = fixture.store();
            tokio::spawn(async move {
                store.upgrade(&upgrade).await.expect("upgrade").then_some(upgrade.hash)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for rival in rivals {
        winners.extend(rival.await.expect("a task that upgrades"));
    }
    assert_eq!(winners.len(), 1, "of {RIVALS} upgrades of one hash exactly one is made");
    let credential = found(&*store, &account).await.credential.expect("a credential");
    assert_eq!((&credential.hash, credential.version), (&winners[0], 1), "the winner's");
}
