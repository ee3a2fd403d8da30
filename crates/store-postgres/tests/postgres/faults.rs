//! Conflicts, lost connections, stopped servers, concurrent calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use repass_core::{
    AccountBatch, AccountError, AccountWithCredential, AdministrationStore, AttemptKey, Commit,
    CommitOutcome, CredentialStore, Imported, StoreError,
};
use repass_postgres_cluster::{Cluster, Mode};
use repass_store_postgres::PostgresStore;
use tokio::sync::watch;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::database::{
    account, add, assert_changed_once, audit, commit, count, hash, open, printed, raw, reserve,
    subject, url,
};

const DONE: CommitOutcome = CommitOutcome::Done { version: 2 };

/// Makes the first `times` changes execute `fault`, in the statement or at the commit.
async fn inject_fault(raw: &Client, times: i64, fault: &str, in_statement: bool) {
    let trigger = if in_statement {
        "CREATE TRIGGER fault AFTER INSERT ON repass.events"
    } else {
        "CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON repass.events DEFERRABLE INITIALLY DEFERRED"
    };
    let text = format!(
        "CREATE SEQUENCE public.tries;
         CREATE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF nextval('public.tries') <= {times} THEN {fault}; END IF; RETURN NEW; END $$;
         {trigger} FOR EACH ROW EXECUTE FUNCTION public.fault()"
    );
    raw.batch_execute(&text).await.unwrap();
}

const CONFLICT: &str = "RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'";

async fn tries(raw: &Client) -> i64 {
    raw.query_one("SELECT last_value FROM public.tries", &[]).await.unwrap().get(0)
}

pub(crate) async fn conflicts_are_retried() {
    for in_statement in [true, false] {
        let url = url();
        let store = open(&url).await;
        add(&store, 1).await;
        let raw = raw(&url).await;
        inject_fault(&raw, 3, CONFLICT, in_statement).await;
        assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
        assert_eq!(tries(&raw).await, 4);
        assert_changed_once(&url, &commit(1, 1)).await;
    }
}

pub(crate) async fn permanent_conflicts_fail_after_some_retries() {
    let url = url();
    let store = open(&url).await;
    add(&store, 1).await;
    let raw = raw(&url).await;
    inject_fault(&raw, 1_000, CONFLICT, true).await;
    let error = store.commit(&commit(1, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!((2..20).contains(&tries(&raw).await));
    let found = store.find(&subject(1)).await.unwrap().unwrap();
    assert_eq!(found.credential.unwrap().version, 1);
    for nothing in ["repass.events", "repass.password_history"] {
        assert_eq!(count(&url, nothing).await, 0, "{nothing}");
    }
}

pub(crate) async fn a_deadlock_is_retried() {
    let url = url();
    // The connection that waits longer than deadlock_timeout is aborted: the store's.
    let database = url.split(['/', '?']).nth(3).unwrap();
    let other = raw(&url).await;
    let timeout = format!("ALTER DATABASE {database} SET deadlock_timeout = '2s'");
    other.batch_execute(&timeout).await.unwrap();
    other.batch_execute("SET deadlock_timeout = '1min'").await.unwrap();
    let store = open(&url).await;
    add(&store, 1).await;
    reserve(&store, &AttemptKey::account(account(1).id)).await.unwrap().unwrap();

    other.batch_execute("BEGIN; SELECT 1 FROM repass.attempts FOR UPDATE").await.unwrap();
    let committing = tokio::spawn(async move { store.commit(&commit(1, 1)).await });
    let waiting =
        format!("pg_stat_activity WHERE datname = '{database}' AND wait_event_type = 'Lock'");
    while count(&url, &waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.batch_execute("SELECT 1 FROM repass.accounts FOR UPDATE").await.unwrap();
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(committing.await.unwrap().unwrap(), DONE);
    assert_changed_once(&url, &commit(1, 1)).await;
}

pub(crate) async fn a_connection_lost_within_a_transaction_is_replaced() {
    for in_statement in [true, false] {
        let url = url();
        let store = open(&url).await;
        add(&store, 1).await;
        let raw = raw(&url).await;
        let lost = "PERFORM pg_terminate_backend(pg_backend_pid())";
        inject_fault(&raw, 2, lost, in_statement).await;
        assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
        assert_eq!(tries(&raw).await, 3);
        assert_changed_once(&url, &commit(1, 1)).await;
    }
}

pub(crate) async fn the_store_recovers_after_a_restart_of_the_server() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.url(&cluster.create_database());
    let store = open(&url).await;
    add(&store, 1).await;
    for (number, mode) in [(2, Mode::Fast), (3, Mode::Immediate)] {
        // Opens several connections, which the restart closes.
        let reading = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.find(&subject(1)).await.unwrap() })
        });
        for one in reading.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        cluster.stop(mode);
        let key = AttemptKey::account(account(1).id);
        for error in [
            store.find(&subject(1)).await.unwrap_err(),
            store.commit(&commit(1, 1)).await.unwrap_err(),
            reserve(&store, &key).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        }
        cluster.restart();
        assert!(store.find(&subject(1)).await.unwrap().is_some());
        add(&store, number).await;

        // Without a call between stop and restart.
        cluster.stop(mode);
        cluster.restart();
        assert!(store.find(&subject(number)).await.unwrap().is_some());
    }
}

/// Changes the account until `end`, and returns its last version.
async fn change_repeatedly(
    store: PostgresStore,
    number: u128,
    end: Arc<AtomicBool>,
    acknowledged: watch::Sender<usize>,
) -> i64 {
    let mut version = 1;
    // Whether the last commit may still be applied, after its deadline.
    let mut may_be_applied = false;
    while may_be_applied || !end.load(Ordering::Relaxed) {
        match store.commit(&commit(number, version)).await {
            Ok(CommitOutcome::Done { version: made }) => {
                assert_eq!(made, version + 1);
                (version, may_be_applied) = (made, false);
                acknowledged.send_modify(|count| *count += 1);
            }
            Ok(CommitOutcome::Conflict) if may_be_applied => {
                (version, may_be_applied) = (version + 1, false);
            }
            Ok(other) => panic!("{other:?}, but there is no other writer"),
            Err(StoreError::Unavailable(_)) => may_be_applied = true,
            Err(error) => panic!("{error:?}"),
        }
    }
    version
}

pub(crate) async fn a_crash_loses_no_acknowledged_change() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.url(&cluster.create_database());
    let store = open(&url).await;
    let (acknowledged, mut seen) = watch::channel(0);
    let end = Arc::new(AtomicBool::new(false));
    let mut changing = Vec::new();
    for number in 1..=8 {
        add(&store, number).await;
        let (store, end) = (store.clone(), Arc::clone(&end));
        let changes = change_repeatedly(store, number, end, acknowledged.clone());
        changing.push((number, tokio::spawn(changes)));
    }
    for mode in [Mode::Immediate, Mode::Fast] {
        let before = *seen.borrow();
        seen.wait_for(|count| *count >= before + 50).await.unwrap();
        cluster.stop(mode);
        cluster.restart();
    }
    let before = *seen.borrow();
    seen.wait_for(|count| *count >= before + 50).await.unwrap();
    end.store(true, Ordering::Relaxed);

    for (number, changes) in changing {
        let version = changes.await.unwrap();
        let id = account(number).id;
        let found = store.find(&subject(number)).await.unwrap().unwrap().credential.unwrap();
        assert_eq!((found.version, found.hash), (version, commit(number, version - 1).hash));
        assert_eq!(
            store.history(id, 10).await.unwrap().len(),
            usize::try_from(version - 1).unwrap().min(3)
        );
        for table in ["audit", "events"] {
            let what = format!("repass.{table} WHERE account = '{id}'");
            assert_eq!(count(&url, &what).await, version - 1, "{table}");
        }
    }
}

pub(crate) async fn a_renamed_database_is_unavailable_until_it_is_renamed_back() {
    let url = url();
    let database = url.split(['/', '?']).nth(3).unwrap();
    let store = open(&url).await;
    add(&store, 1).await;
    let other = raw(&url.replace(database, "postgres")).await;
    let rename = async |from: &str, to: &str| {
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'"
        );
        other.batch_execute(&end).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let rename = format!("ALTER DATABASE {from} RENAME TO {to}");
        other.batch_execute(&rename).await.unwrap();
    };
    rename(database, "elsewhere").await;
    let error = store.commit(&commit(1, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    rename("elsewhere", database).await;
    assert_eq!(store.commit(&commit(1, 1)).await.unwrap(), DONE);
}

pub(crate) async fn concurrent_first_attempts_are_all_counted() {
    let url = url();
    let (one, other) = (open(&url).await, open(&url).await);
    for number in 1..=5 {
        let key = AttemptKey::account(account(number).id);
        let reserving: Vec<_> = (0..20)
            .map(|turn| {
                let store = if turn % 2 == 0 { one.clone() } else { other.clone() };
                let key = key.clone();
                tokio::spawn(async move { reserve(&store, &key).await.unwrap().unwrap() })
            })
            .collect();
        for reserve in reserving {
            reserve.await.unwrap();
        }
        assert_eq!(one.attempts(&key).await.unwrap().failures, 20);
    }
}

/// A conflict with a concurrent addition is reported as an account that exists.
pub(crate) async fn concurrent_additions_of_an_account_add_it_once() {
    let store = open(&url()).await;
    for user in 0..100 {
        let adding: Vec<_> = (0..8)
            .map(|task| {
                let store = store.clone();
                let mut same = account(user);
                same.id = account(8 * user + task).id;
                tokio::spawn(async move {
                    let record = audit(1_000_000 + 8 * user + task);
                    store.add_account(&same, None, &record).await
                })
            })
            .collect();
        let mut added = 0;
        for adding in adding {
            match adding.await.unwrap() {
                Ok(()) => added += 1,
                Err(AccountError::Exists) => {}
                Err(error) => panic!("{user}: {error:?}"),
            }
        }
        assert_eq!(added, 1, "{user}");
    }
}

/// Concurrent imports of the same accounts would deadlock in different orders.
pub(crate) async fn an_import_locks_its_accounts_in_the_order_of_user_ids() {
    let url = url();
    let store = open(&url).await;
    let (first, second) = (raw(&url).await, raw(&url).await);
    let insert = |number: u128| {
        format!(
            "BEGIN; SET LOCAL lock_timeout = '1s';
             INSERT INTO repass.accounts (id, realm, user_id, list_key)
             VALUES ('{}', 'shop', 'user-{number}', '')",
            Uuid::from_u128(number + 100)
        )
    };
    first.batch_execute(&insert(1)).await.unwrap();
    let accounts = [2, 1].map(|number| AccountWithCredential::new(account(number), None));
    let batch = AccountBatch { accounts: accounts.into(), audit: audit(1), dry_run: false };
    let importing = tokio::spawn(async move { store.import_accounts(&batch).await });
    let waiting =
        "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while count(&url, waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It waits for the first one, and has not added the second one.
    second.batch_execute(&insert(2)).await.unwrap();
    for other in [second, first] {
        other.batch_execute("ROLLBACK").await.unwrap();
    }
    assert_eq!(importing.await.unwrap().unwrap(), [Imported::Added, Imported::Added]);
}

pub(crate) async fn expired_attempts_are_deleted_unless_locked() {
    let url = url();
    let store = open(&url).await;
    let other = raw(&url).await;
    other
        .batch_execute(
            "INSERT INTO repass.attempts (key, failures, expires_at)
             VALUES (sha256('1'), 1, 'epoch'), (sha256('2'), 1, 'epoch')",
        )
        .await
        .unwrap();
    let using = "BEGIN; UPDATE repass.attempts SET expires_at = now() WHERE key = sha256('1')";
    other.batch_execute(using).await.unwrap();
    store.delete_expired_attempts(Timestamp::UNIX_EPOCH, 100).await.unwrap();
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(
        count(&url, "repass.attempts WHERE key = sha256('1')").await,
        1,
        "the locked row is kept"
    );
    assert_eq!(
        count(&url, "repass.attempts WHERE key = sha256('2')").await,
        0,
        "the other row is deleted"
    );
}

/// Proves ASVS 16.2.5.
pub(crate) async fn asvs_16_2_5_errors_contain_no_values() {
    let url = url();
    let store = open(&url).await;
    add(&store, 1).await;
    let mut twin = account(2);
    twin.id = account(1).id;
    let refused = store.add_account(&twin, Some(&hash("hunter2")), &audit(2)).await.unwrap_err();
    let text = printed(&refused);
    assert!(text.contains("accounts_pkey") && text.contains("23505"), "{text}");
    assert!(!text.contains(&twin.id.to_string()), "{text}");

    let raw = raw(&url).await;
    raw.batch_execute(
        "ALTER TABLE repass.accounts ADD CONSTRAINT only_first CHECK (hash = 'first')",
    )
    .await
    .unwrap();
    let Commit { hash, .. } = commit(1, 1);
    let refused = store.commit(&commit(1, 1)).await.unwrap_err();
    let text = printed(&refused);
    assert!(text.contains("only_first") && !text.contains(hash.as_str()), "{text}");

    // As for a value that is not a number.
    let invalid = "RAISE EXCEPTION 'invalid input: \"hunter2\"' USING ERRCODE = '22P02'";
    let drop = "ALTER TABLE repass.accounts DROP CONSTRAINT only_first";
    raw.batch_execute(drop).await.unwrap();
    inject_fault(&raw, 1_000, invalid, true).await;
    let text = printed(&store.commit(&commit(1, 1)).await.unwrap_err());
    assert!(text.contains("22P02") && !text.contains("hunter2"), "{text}");
}
