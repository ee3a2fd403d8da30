//! Connections that are cut in the moment of a commit.

use std::time::Duration;

use repass_core::{AttemptKey, CommitOutcome, CredentialStore, StoreError};
use tokio::sync::oneshot;

use crate::database::{account, add, assert_changed_once, commit, count, open, reserve, shared};
use crate::proxy::{Cut, Proxy};

const DONE: CommitOutcome = CommitOutcome::Done { version: 2 };

pub(crate) async fn a_commit_whose_answer_is_lost_is_done_once() {
    let (proxy, name) = (Proxy::start(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    proxy.cut_next_commit(Cut::Answer);
    assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
    assert!(proxy.has_cut());
    assert_changed_once(&shared().url(&name), &commit(1, 1)).await;

    proxy.cut_next_commit(Cut::Answer);
    add(&store, 2).await;
    assert!(proxy.has_cut());
}

pub(crate) async fn a_commit_that_never_arrived_is_made_again() {
    let (proxy, name) = (Proxy::start(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    proxy.cut_next_commit(Cut::Command);
    assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
    assert!(proxy.has_cut());
    assert_changed_once(&shared().url(&name), &commit(1, 1)).await;
}

pub(crate) async fn a_commit_that_arrives_late_is_waited_for() {
    let (proxy, name) = (Proxy::start(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    let (tell, told) = oneshot::channel();
    proxy.cut_next_commit(Cut::Late(told));
    let committing = tokio::spawn(async move { store.commit(&commit(1, 1)).await });

    let url = shared().url(&name);
    let waiting = format!("pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'");
    while count(&url, &waiting).await == 0 {
        assert!(!committing.is_finished(), "it waits for what the server is busy with");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tell.send(()).unwrap();
    assert_eq!(committing.await.unwrap().unwrap(), DONE);
    assert!(proxy.has_cut());
    assert_changed_once(&url, &commit(1, 1)).await;
}

pub(crate) async fn a_charge_whose_answer_is_lost_is_not_made_again() {
    let (proxy, name) = (Proxy::start(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    proxy.cut_next_commit(Cut::Answer);
    let error = reserve(&store, &AttemptKey::account(account(1).id)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(proxy.has_cut());
    assert_eq!(count(&shared().url(&name), "attempts WHERE failures = 1").await, 1);
}
