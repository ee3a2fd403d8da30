use std::collections::HashSet;
use std::time::Duration;

use super::Fixture;
use super::check::{check_empty, check_eq};
use super::sample::{
    CONCURRENT_CALLS, Password, account, added, at, commit, found, hash, hash_text, history, key,
    policy, realm, rehash, reserve, text, with,
};
use repass_core::{Account, AttemptPath, Commit, CommitOutcome, CredentialStore, Normalization};

async fn refused(fixture: &dyn Fixture, account: &Account, change: &Commit, why: &str) {
    let store = fixture.store();
    let before = (found(&*store, account).await, history(&*store, account).await);
    let committed = store.commit(change).await.expect("commit");
    check_eq!(committed, CommitOutcome::Conflict, "{why}");
    let after = (found(&*store, account).await, history(&*store, account).await);
    check_eq!(after, before, "a refused change writes nothing; refused because {why}");
}

async fn done(store: &dyn CredentialStore, change: &Commit) -> i64 {
    match store.commit(change).await.expect("commit") {
        CommitOutcome::Done { version } => version,
        refused => panic!("the change is valid\n  expected: Done\n  seen:     {refused:?}"),
    }
}

/// Proves E3.
pub(super) async fn sets_a_first_password(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = account(&realm(), "new");
    fixture.add_account(&account, None).await;
    refused(fixture, &account, &commit(&account, 1, "x"), "the account has no version 1 yet").await;

    check_eq!(
        done(&*store, &commit(&account, 0, "first")).await,
        1,
        "the first password has version 1"
    );
    let expected = Password::new(&hash("first"), 1, at(0));
    check_eq!(
        found(&*store, &account).await.password,
        Some(expected),
        "the account has the password that was set"
    );
    check_empty!(history(&*store, &account).await, "a first password leaves the history empty");
    refused(fixture, &account, &commit(&account, 0, "x"), "the account already has a password")
        .await;
}

pub(super) async fn replaces_the_password(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    let unchanged = found(&*store, &bystander).await;

    check_eq!(
        done(&*store, &commit(&account, 1, "second")).await,
        2,
        "the version is one more than before"
    );
    let found = found(&*store, &account).await;
    let expected = Password::new(&hash("second"), 2, at(0));
    check_eq!(found.password, Some(expected), "the account has the new password");
    let expected = with(account.clone(), |it| it.updated_at = at(0));
    check_eq!(found.account, expected, "only updated_at of the account changes");
    check_eq!(
        history(&*store, &account).await,
        [hash_text("first")],
        "the old hash moves to the history"
    );

    check_eq!(
        super::sample::found(&*store, &bystander).await,
        unchanged,
        "another account is not changed"
    );
    check_empty!(
        history(&*store, &bystander).await,
        "the history of another account is not changed"
    );
}

/// The normalization is stored with each hash.
///
/// Proves NIST 3.1.1.2 normalization.
pub(super) async fn keeps_the_normalization(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let nfc = |name| hash(name).with_normalization(Normalization::Nfc);
    let second = with(commit(&account, 1, "second"), |it| it.hash = nfc("second"));
    done(&*store, &second).await;
    let password = found(&*store, &account).await.password.expect("a password");
    check_eq!(password.hash, text(&nfc("second")), "the current hash keeps its normalization");

    let change = with(rehash(&account, 2, "second", "stronger"), |it| {
        it.expected_hash = nfc("second");
        it.hash = nfc("stronger");
    });
    assert!(store.rehash(&change).await.expect("rehash"));
    let third = with(commit(&account, 2, "third"), |it| it.expected_hash = Some(nfc("stronger")));
    done(&*store, &third).await;
    let password = found(&*store, &account).await.password.expect("a password");
    check_eq!(password.hash, hash_text("third"), "the next hash has its own normalization");
    let kept = [text(&nfc("stronger")), hash_text("first")];
    check_eq!(history(&*store, &account).await, kept, "the hashes of the history keep theirs");
}

pub(super) async fn keeps_the_history_in_order(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    done(&*store, &commit(&bystander, 1, "other")).await;

    for (version, name) in [(1, "two"), (2, "three"), (3, "four"), (4, "five")] {
        let change = with(commit(&account, version, name), |it| it.history = 3);
        check_eq!(done(&*store, &change).await, version + 1);
    }
    let kept = ["four", "three", "two"].map(hash_text);
    check_eq!(
        history(&*store, &account).await,
        kept,
        "the history is newest first and cut to three"
    );
    for (depth, expected) in [(0, &kept[..0]), (2, &kept[..2]), (usize::MAX, &kept[..])] {
        let some = store.history(account.id, depth).await.expect("history");
        let some: Vec<String> = some.iter().map(text).collect();
        check_eq!(some, expected, "at most {depth} hashes of the history are returned");
    }

    done(&*store, &with(commit(&account, 5, "six"), |it| it.history = 10)).await;
    check_eq!(
        history(&*store, &account).await.len(),
        4,
        "a history that may be longer grows by one"
    );
    done(&*store, &with(commit(&account, 6, "seven"), |it| it.history = usize::MAX)).await;
    check_eq!(history(&*store, &account).await.len(), 5, "a history without a limit grows by one");
    done(&*store, &with(commit(&account, 7, "eight"), |it| it.history = 0)).await;
    check_empty!(history(&*store, &account).await, "a history of length 0 keeps nothing");
    check_eq!(
        history(&*store, &bystander).await,
        [hash_text("first")],
        "each account has its own history"
    );
}

/// Proves NIST 3.2.2 success.
pub(super) async fn clears_attempts(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, bystander) = (added(fixture).await, added(fixture).await);
    let policy = policy(3, Duration::from_secs(60));
    for key in [key(&account), key(&bystander)] {
        for _ in 0..2 {
            let reserved =
                reserve(&*store, &key, AttemptPath::Password, &policy, at(0), None).await;
            reserved.expect("not locked out");
        }
    }
    done(&*store, &commit(&account, 1, "second")).await;
    for (key, failures, why) in [
        (key(&account), 1, "a change clears the failures of its account"),
        (key(&bystander), 3, "a change does not clear the failures of another account"),
    ] {
        let reservation = reserve(&*store, &key, AttemptPath::Password, &policy, at(0), None).await;
        check_eq!(reservation.expect("not locked out").failures, failures, "{why}");
    }
}

pub(super) async fn refuses_other_versions(fixture: &dyn Fixture) {
    let account = added(fixture).await;
    done(&*fixture.store(), &commit(&account, 1, "second")).await;
    for version in [0, 1, 3, -1, i64::MAX] {
        let change = commit(&account, version, "late");
        refused(fixture, &account, &change, &format!("the version is 2, not {version}")).await;
    }
}

pub(super) async fn refuses_accounts_changed_since(fixture: &dyn Fixture) {
    let (store, account) = (fixture.store(), added(fixture).await);
    done(&*store, &commit(&account, 1, "second")).await;
    let updated_at = found(&*store, &account).await.account.updated_at;
    let change = |since| with(commit(&account, 2, "third"), |it| it.unchanged_since = Some(since));
    refused(fixture, &account, &change(at(-1)), "the account was changed since").await;
    check_eq!(done(&*store, &change(updated_at)).await, 3, "the account was not changed since");
}

pub(super) async fn refuses_absent_and_inactive_accounts(fixture: &dyn Fixture) {
    let inactive = with(account(&realm(), "inactive"), |it| it.active = false);
    fixture.add_account(&inactive, Some(&hash("first"))).await;
    refused(fixture, &inactive, &commit(&inactive, 1, "second"), "the account is inactive").await;

    let absent = account(&realm(), "absent");
    for version in [0, 1] {
        let committed = fixture.store().commit(&commit(&absent, version, "x")).await;
        check_eq!(
            committed.expect("commit"),
            CommitOutcome::Conflict,
            "the account does not exist"
        );
    }
}

pub(super) async fn one_of_many_concurrent_changes_wins(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let tasks: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|task| {
            let (store, change) = (fixture.store(), commit(&account, 1, &format!("of-{task}")));
            tokio::spawn(async move {
                (store.commit(&change).await.expect("commit"), text(&change.hash))
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        match task.await.expect("a task that commits") {
            (CommitOutcome::Done { version: 2 }, hash) => winners.push(hash),
            (other, _) => check_eq!(other, CommitOutcome::Conflict, "every other change conflicts"),
        }
    }
    check_eq!(winners.len(), 1, "of {CONCURRENT_CALLS} changes of one version exactly one is made");
    let password = found(&*store, &account).await.password.expect("a password");
    check_eq!(
        (&password.hash, password.version),
        (&winners[0], 2),
        "the account has the password of the change that was made"
    );
    check_eq!(
        history(&*store, &account).await,
        [hash_text("first")],
        "the old hash moves to the history once"
    );
}

pub(super) async fn other_accounts_do_not_conflict(fixture: &dyn Fixture) {
    let mut changes = Vec::new();
    for _ in 0..CONCURRENT_CALLS {
        let (store, account) = (fixture.store(), added(fixture).await);
        changes.push(tokio::spawn(async move {
            store.commit(&commit(&account, 1, "second")).await.expect("commit")
        }));
    }
    let mut outcomes = HashSet::new();
    for change in changes {
        outcomes.insert(format!("{:?}", change.await.expect("a task that commits")));
    }
    let done = HashSet::from([format!("{:?}", CommitOutcome::Done { version: 2 })]);
    check_eq!(outcomes, done, "concurrent changes of different accounts are all made");
}
