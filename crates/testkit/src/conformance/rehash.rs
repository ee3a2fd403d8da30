use super::Fixture;
use super::check::{check_empty, check_eq};
use super::sample::{
    CONCURRENT_CALLS, Password, account, added, commit, found, hash, hash_text, history, realm,
    rehash, text, with,
};
use repass_core::{Account, CommitOutcome, Rehash};

async fn refused(fixture: &dyn Fixture, account: &Account, change: &Rehash, why: &str) {
    let store = fixture.store();
    let before = (found(&*store, account).await, history(&*store, account).await);
    assert!(!store.rehash(change).await.expect("rehash"), "{why}");
    let after = (found(&*store, account).await, history(&*store, account).await);
    check_eq!(after, before, "a refused rehash writes nothing; refused because {why}");
}

pub(super) async fn replaces_the_hash_and_nothing_else(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    let others = found(&*store, &bystander).await;
    let mut before = found(&*store, &account).await;
    let replaced = store.rehash(&rehash(&account, 1, "first", "stronger")).await;
    assert!(replaced.expect("rehash"), "a hash that is the expected one is replaced");
    if let Some(password) = &mut before.password {
        password.hash = hash_text("stronger");
    }
    check_eq!(found(&*store, &account).await, before, "only the hash changes");
    check_empty!(history(&*store, &account).await, "a rehash leaves the history alone");
    check_eq!(found(&*store, &bystander).await, others, "another account is not changed");

    let change = commit(&account, 1, "second");
    let committed = store.commit(&change).await.expect("commit");
    check_eq!(committed, CommitOutcome::Done { version: 2 }, "a rehash leaves the version alone");
    check_eq!(
        history(&*store, &account).await,
        [hash_text("stronger")],
        "the hash before the change moves to the history"
    );
    let again = rehash(&account, 2, "second", "stronger still");
    assert!(store.rehash(&again).await.expect("rehash"), "every version can be rehashed");
    let expected = Password::new(&hash("stronger still"), 2, change.at);
    check_eq!(
        found(&*store, &account).await.password,
        Some(expected),
        "only the hash changes; version and time stay"
    );
}

pub(super) async fn refuses_other_hashes_and_versions(fixture: &dyn Fixture) {
    let account = added(fixture).await;
    let late = rehash(&account, 1, "another", "stronger");
    refused(fixture, &account, &late, "the hash is not the expected one").await;
    for version in [0, 2, -1, i64::MAX] {
        let late = rehash(&account, version, "first", "stronger");
        refused(fixture, &account, &late, &format!("the version is 1, not {version}")).await;
    }
}

pub(super) async fn refuses_absent_and_inactive_accounts(fixture: &dyn Fixture) {
    let inactive = with(account(&realm(), "inactive"), |it| it.active = false);
    fixture.add_account(&inactive, Some(&hash("first"))).await;
    let late = rehash(&inactive, 1, "first", "stronger");
    refused(fixture, &inactive, &late, "the account is inactive").await;

    let without = account(&realm(), "without");
    fixture.add_account(&without, None).await;
    for version in [0, 1] {
        let late = rehash(&without, version, "first", "stronger");
        refused(fixture, &without, &late, "the account has no password").await;
    }

    let absent = account(&realm(), "absent");
    let late = rehash(&absent, 1, "first", "stronger");
    let replaced = fixture.store().rehash(&late).await.expect("rehash");
    assert!(!replaced, "the hash of an account that does not exist is not replaced");
}

pub(super) async fn one_of_many_concurrent_rehashes_wins(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let tasks: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|task| {
            let change = rehash(&account, 1, "first", &format!("of-{task}"));
            let store = fixture.store();
            tokio::spawn(async move {
                store.rehash(&change).await.expect("rehash").then_some(text(&change.hash))
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.expect("a task that rehashes"));
    }
    check_eq!(winners.len(), 1, "of {CONCURRENT_CALLS} rehashes of one hash exactly one is made");
    let password = found(&*store, &account).await.password.expect("a password");
    check_eq!(
        (&password.hash, password.version),
        (&winners[0], 1),
        "the account has the hash of the rehash that was made"
    );
}
