//! Connections that are cut in the moment of a commit.

use std::sync::mpsc;
use std::time::Duration;

use repass_core::{AttemptKey, CommitOutcome, CredentialStore, StoreError};
use repass_postgres_cluster::{Cut, Proxy};

use crate::database::{
    account, add, assert_changed_once, commit, count, open, raw, reserve, shared,
};

const DONE: CommitOutcome = CommitOutcome::Done { version: 2 };

fn proxy() -> Proxy {
    Proxy::start(shared().folder())
}

pub(crate) async fn a_commit_whose_answer_is_lost_is_done_once() {
    let (proxy, name) = (proxy(), shared().create_database());
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
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    proxy.cut_next_commit(Cut::Command);
    assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
    assert!(proxy.has_cut());
    assert_changed_once(&shared().url(&name), &commit(1, 1)).await;
}

/// The server is busy with the commit when it is looked up: a synchronous standby is waited for.
pub(crate) async fn a_commit_that_is_under_way_is_waited_for() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    let url = shared().url(&name);
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
                CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON repass.events
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";
    raw(&url).await.batch_execute(slow).await.unwrap();
    let (tell, told) = mpsc::channel();
    proxy.cut_next_commit(Cut::Late(told));
    // The server has it a moment before it is looked up.
    tell.send(()).unwrap();
    assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
    assert!(proxy.has_cut());
    assert_changed_once(&url, &commit(1, 1)).await;
}

/// The server has not begun with the commit when it is looked up, so that it is sent again.
pub(crate) async fn a_commit_that_is_sent_twice_is_made_once() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    let url = shared().url(&name);
    let other = raw(&url).await;
    other.batch_execute("BEGIN; SELECT 1 FROM repass.accounts FOR UPDATE").await.unwrap();
    let (tell, told) = mpsc::channel();
    proxy.cut_next_commit(Cut::Late(told));
    tell.send(()).unwrap();
    let committing = tokio::spawn(async move { store.commit(&commit(1, 1)).await });
    let waiting = format!("pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'");
    while count(&url, &waiting).await < 2 {
        assert!(!committing.is_finished(), "both wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(committing.await.unwrap().unwrap(), DONE);
    assert_changed_once(&url, &commit(1, 1)).await;
    assert_eq!(count(&url, "repass.events").await, 1);
}

pub(crate) async fn a_reservation_whose_answer_is_lost_is_not_made_again() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    let key = AttemptKey::account(account(1).id);
    reserve(&store, &key).await.unwrap().unwrap();
    proxy.delay(Duration::from_millis(300));
    let reserving = tokio::spawn(async move { reserve(&store, &key).await });
    tokio::time::sleep(Duration::from_millis(450)).await;
    // The state is read by now, and the answer to its replacement is on its way.
    proxy.refuse(true);
    let error = reserving.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(count(&shared().url(&name), "repass.attempts WHERE failures = 2").await, 1);
}

/// Also when it is set after the database was opened.
///
/// Proves P2.
pub(crate) async fn p2_a_change_is_durable_whatever_the_database_is_set_to() {
    let name = shared().create_database();
    let url = shared().url(&name);
    let store = open(&url).await;
    add(&store, 1).await;
    let raw = raw(&url).await;
    let note = "CREATE TABLE public.seen (setting TEXT);
                CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit'));
                RETURN NEW; END $$;
                CREATE TRIGGER note AFTER INSERT ON repass.audit
                FOR EACH ROW EXECUTE FUNCTION public.note()";
    raw.batch_execute(note).await.unwrap();
    for (version, (set, effective)) in (1..).zip([("off", "on"), ("remote_apply", "remote_apply")])
    {
        let set = format!(
            "ALTER DATABASE {name} SET synchronous_commit = {set};
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        raw.batch_execute(&set).await.unwrap();
        assert_eq!(
            store.commit(&commit(1, version)).await.unwrap(),
            CommitOutcome::Done { version: version + 1 }
        );
        let seen = format!("public.seen WHERE setting = '{effective}'");
        assert_eq!(count(&url, &seen).await, 1, "{effective}");
    }
}
