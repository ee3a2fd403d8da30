//! The number of round trips of a request.

use std::time::Duration;

use jiff::Timestamp;
use repass_core::{
    Account, AdministrationStore, AttemptKey, AttemptOutcome, AttemptPath, ClaimEvents, Context,
    CredentialStore, EventKind, FinishAttempt, InstallationKey, LockoutEventTemplate,
    LockoutPolicy, NameKind, OutboxStore, ReserveAttempt, ReserveOutcome, Subject,
};
use repass_postgres_cluster::Proxy;
use repass_store_postgres::{PostgresOptions, PostgresStore};
use repass_testkit::fixtures;
use uuid::Uuid;

use crate::database::{account, add, audit, commit, hash, open, raw, reserve, shared, subject};
use crate::mapped;

/// The delay of each answer, long enough for a client to send all that it sends at once.
const DELAY: Duration = Duration::from_millis(150);

/// Checks the documented maximum, with and without a row of earlier attempts.
///
/// Proves P8.
pub(crate) async fn p8_requests_take_few_round_trips() {
    let (proxy, name) = (Proxy::start(shared().folder()), shared().create_database());
    let store = open(&proxy.url(&name)).await;
    add(&store, 1).await;
    let id = account(1).id;
    let key = AttemptKey::account(id);
    proxy.delay(DELAY);
    let trips = async |limit: u64, request: &mut (dyn Future<Output = ()> + Unpin)| {
        let before = proxy.round_trips();
        request.await;
        let trips = proxy.round_trips() - before;
        assert!(trips <= limit, "{trips} for {limit}");
    };
    let finish = async |outcome: AttemptOutcome, number: u128| {
        store.find(&subject(1)).await.unwrap();
        let reservation = reserve(&store, &key).await.unwrap().unwrap();
        if outcome == AttemptOutcome::Released {
            store.history(id, 3).await.unwrap();
        }
        let finished = FinishAttempt::reserved(reservation, outcome, audit(number));
        store.finish_attempt(&finished).await.unwrap();
    };
    for (number, outcome, limit) in [
        (11, AttemptOutcome::Failed, 4),
        (12, AttemptOutcome::Failed, 4),
        (13, AttemptOutcome::Released, 6),
        (14, AttemptOutcome::Succeeded, 4),
        (15, AttemptOutcome::Succeeded, 4),
    ] {
        trips(limit, &mut Box::pin(finish(outcome, number))).await;
    }
    for version in [1, 2] {
        let mut change = Box::pin(async {
            store.find(&subject(1)).await.unwrap();
            reserve(&store, &key).await.unwrap().unwrap();
            store.history(id, 3).await.unwrap();
            store.commit(&commit(1, version)).await.unwrap();
        });
        trips(7, &mut change).await;
    }
}

/// Returns the round trips of four wrong passwords, of which the third locks the account out for a
/// second.
async fn wrong_passwords(
    (proxy, store): (&Proxy, &PostgresStore),
    subject: Subject,
    number: u128,
) -> [u64; 4] {
    let policy = LockoutPolicy::default();
    let mut trips = [0; 4];
    for (turn, trips) in (0..).zip(&mut trips) {
        let now = Timestamp::from_second(turn * 10).unwrap();
        let before = proxy.round_trips();
        let found = store.find(&subject).await.unwrap().map(|found| found.account);
        let key = match &found {
            Some(Account { id, .. }) => AttemptKey::account(*id),
            None => AttemptKey::unknown(&subject, &InstallationKey::from_bytes([3; 32])),
        };
        let id = Uuid::from_u128(number * 10 + u128::try_from(turn).unwrap());
        let event = found.map(|account| {
            let (locked, context) = (EventKind::AccountLocked, Context::new("test"));
            LockoutEventTemplate::new(id, now, locked, context).at_account(&account)
        });
        let attempt = ReserveAttempt::new(&key, AttemptPath::Password, &policy, now);
        let reserved = store.reserve_attempt(&attempt.with_event(event.as_ref())).await.unwrap();
        let ReserveOutcome::Reserved(reservation) = reserved else { panic!("{reserved:?}") };
        assert_eq!(reservation.deferred_event, event.filter(|_| turn == 2).map(|_| id));
        let record = audit(id.as_u128());
        let finished = FinishAttempt::reserved(reservation, AttemptOutcome::Failed, record);
        store.finish_attempt(&finished).await.unwrap();
        *trips = proxy.round_trips() - before;
    }
    trips
}

/// The response time does not reveal whether an account exists.
///
/// Proves ASVS 6.3.8.
pub(crate) async fn asvs_6_3_8_wrong_passwords_take_as_many_round_trips_without_an_account() {
    let [own, integers, texts] = [(); 3].map(|()| Proxy::start(shared().folder()));
    let store = open(&own.url(&shared().create_database())).await;
    add(&store, 1).await;
    let by_integers = mapped::serve(&integers, "BIGINT", "7").await;
    let by_texts = mapped::serve(&texts, "TEXT", "pat@example.org").await;
    for proxy in [&own, &integers, &texts] {
        proxy.delay(DELAY);
    }
    let trips = [
        wrong_passwords((&own, &store), subject(1), 1_000).await,
        wrong_passwords((&own, &store), subject(2), 2_000).await,
        wrong_passwords((&integers, &by_integers), mapped::pat(), 3_000).await,
        wrong_passwords((&integers, &by_integers), subject(2), 4_000).await,
        wrong_passwords((&texts, &by_texts), mapped::pat(), 5_000).await,
    ];
    assert_eq!(trips, [[3, 4, 4, 4]; 5]);
}

/// The response time does not reveal whether a name exists.
///
/// Proves ASVS 6.3.8.
pub(crate) async fn asvs_6_3_8_a_look_up_by_name_takes_one_round_trip_without_an_account() {
    let [own, other] = [(); 2].map(|()| Proxy::start(shared().folder()));
    let store = open(&own.url(&shared().create_database())).await;
    let named = fixtures::with(account(1), |it| it.username = Some("Pat".to_owned()));
    store.add_account(&named, Some(&hash("first")), &audit(1)).await.unwrap();
    let mapped = mapped::serve(&other, "BIGINT", "7").await;
    for (proxy, store) in [(&own, &store), (&other, &mapped)] {
        proxy.delay(DELAY);
        for (name, found) in [("pat", 1), ("kim", 0), ("", 0)] {
            let before = proxy.round_trips();
            let accounts = store.find_by_name(&account(1).realm, NameKind::Username, name).await;
            assert_eq!((accounts.unwrap().len(), proxy.round_trips() - before), (found, 1));
        }
    }
}

/// The cost of a claim does not depend on the size of the backlog.
///
/// Proves P8.
pub(crate) async fn p8_a_claim_does_not_read_the_whole_backlog() {
    let url = shared().url(&shared().create_database());
    let mut options = PostgresOptions::default();
    // A connection reports its statistics after a second, at the end of a transaction.
    options.connections = 1;
    let store = PostgresStore::connect(&url, &options).await.unwrap();
    let fill = "INSERT INTO repass.accounts (id, realm, user_id, list_key)
                SELECT md5(n::TEXT)::UUID, 'shop', 'user-' || n, convert_to(n::TEXT, 'UTF8')
                FROM generate_series(1, 20000) AS numbers (n);
                INSERT INTO repass.events (id, at, account, number, kind, payload, due_at)
                SELECT id, 'epoch', id, 1, 'password.changed', '{}', 'epoch' FROM repass.accounts";
    let raw = raw(&url).await;
    raw.batch_execute(fill).await.unwrap();
    let claim = ClaimEvents {
        channels: &["mail", "hook"],
        now: Timestamp::from_second(60).unwrap(),
        lease: Duration::from_secs(60),
        limit: 10,
    };
    let read = async || {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(store.claim(&claim).await.unwrap().len(), 10);
        let read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables
                    WHERE relname = 'events' AND schemaname = 'repass'";
        raw.query_one(read, &[]).await.unwrap().get::<_, i64>(0)
    };
    let before = read().await;
    for _ in 0..20 {
        let claimed = store.claim(&claim).await.unwrap();
        assert_eq!(claimed.len(), 10);
    }
    let read = read().await - before;
    assert!(read < 20_000, "{read} for 220 deliveries");
}
