//! Connections that are cut during a commit.

use std::sync::mpsc;
use std::time::Duration;

use repass_core::{
    AdministrationStore, AttemptKey, AttemptOutcome, CommitOutcome, CredentialStore, FinishAttempt,
    OtpSpend, StoreError, TokenDigest,
};
use repass_postgres_cluster::{Cut, Proxy};

use crate::database::{
    account, add, assert_changed_once, audit, commit, count, open, raw, reserve, shared,
};

const DONE: CommitOutcome = CommitOutcome::Done { version: 2 };

fn proxy() -> Proxy {
    Proxy::start(shared().folder())
}

pub(crate) async fn a_commit_with_a_lost_answer_applies_once() {
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

pub(crate) async fn a_commit_that_never_arrived_is_sent_again() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    proxy.cut_next_commit(Cut::Command);
    assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
    assert!(proxy.has_cut());
    assert_changed_once(&shared().url(&name), &commit(1, 1)).await;
}

/// The commit is still running when its record is looked up, as with a synchronous standby.
pub(crate) async fn a_running_commit_is_awaited() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    let url = shared().url(&name);
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
                CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON repass.events
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";
    raw(&url).await.batch_execute(slow).await.unwrap();
    let (sender, receiver) = mpsc::channel();
    proxy.cut_next_commit(Cut::Late(receiver));
    // The server gets the commit shortly before the lookup.
    sender.send(()).unwrap();
    assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
    assert!(proxy.has_cut());
    assert_changed_once(&url, &commit(1, 1)).await;
}

/// The server has not started the commit when its record is looked up, so it is sent again.
pub(crate) async fn a_commit_that_is_sent_twice_applies_once() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    let url = shared().url(&name);
    let other = raw(&url).await;
    other.batch_execute("BEGIN; SELECT 1 FROM repass.accounts FOR UPDATE").await.unwrap();
    let (sender, receiver) = mpsc::channel();
    proxy.cut_next_commit(Cut::Late(receiver));
    sender.send(()).unwrap();
    let committing = tokio::spawn(async move { store.commit(&commit(1, 1)).await });
    let waiting = format!("pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'");
    while count(&url, &waiting).await < 2 {
        assert!(!committing.is_finished(), "both commits wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(committing.await.unwrap().unwrap(), DONE);
    assert_changed_once(&url, &commit(1, 1)).await;
    assert_eq!(count(&url, "repass.events").await, 1);
}

pub(crate) async fn a_reservation_with_a_lost_answer_is_not_repeated() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    let key = AttemptKey::account(account(1).id);
    reserve(&store, &key).await.unwrap().unwrap();
    proxy.delay(Duration::from_millis(300));
    let reserving = tokio::spawn(async move { reserve(&store, &key).await });
    tokio::time::sleep(Duration::from_millis(450)).await;
    // The state was read, and the answer to the update is in transit.
    proxy.refuse(true);
    let error = reserving.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(count(&shared().url(&name), "repass.attempts WHERE failures = 2").await, 1);
}

/// A one-time password that the lost transaction spent is right.
pub(crate) async fn a_sign_in_with_a_lost_answer_is_finished_once() {
    let (proxy, name) = (proxy(), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    let (id, code) = (account(1).id, TokenDigest::from_bytes([7; 32]));
    let key = AttemptKey::account(id);
    let expires_at = audit(1).at.checked_add(Duration::from_secs(60)).unwrap();
    for (number, cut) in [(10, Cut::Answer), (20, Cut::Command)] {
        store.set_otp_code(id, &code, expires_at, &audit(number)).await.unwrap();
        let reservation = reserve(&store, &key).await.unwrap().unwrap();
        let finish = |record| {
            let succeeded = AttemptOutcome::Succeeded;
            FinishAttempt::reserved(reservation.clone(), succeeded, audit(record))
                .with_otp(Some((id, OtpSpend::Code(code))))
        };
        proxy.cut_next_commit(cut);
        assert!(store.finish_attempt(&finish(number + 1)).await.unwrap());
        assert!(proxy.has_cut());
        assert!(!store.finish_attempt(&finish(number + 2)).await.unwrap());
    }
    let url = shared().url(&name);
    assert_eq!(count(&url, "repass.attempts").await, 0);
    assert_eq!(count(&url, "repass.audit").await, 5);
}

/// Also if the setting changes after the database was opened. So is a spent one-time password, but
/// not an attempt without one.
///
/// Proves P2.
pub(crate) async fn p2_a_change_is_durable_despite_the_settings_of_the_database() {
    let name = shared().create_database();
    let url = shared().url(&name);
    let store = open(&url).await;
    add(&store, 1).await;
    let (id, code) = (account(1).id, TokenDigest::from_bytes([7; 32]));
    let expires_at = audit(1).at.checked_add(Duration::from_secs(60)).unwrap();
    store.set_otp_code(id, &code, expires_at, &audit(10)).await.unwrap();
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
    let attempt = FinishAttempt::unreserved;
    assert!(store.finish_attempt(&attempt(audit(11))).await.unwrap());
    let otp = Some((id, OtpSpend::Code(code)));
    assert!(store.finish_attempt(&attempt(audit(12)).with_otp(otp)).await.unwrap());
    for (setting, seen) in [("off", 1), ("remote_apply", 2)] {
        let of_setting = format!("public.seen WHERE setting = '{setting}'");
        assert_eq!(count(&url, &of_setting).await, seen, "{setting}");
    }
}
