//! The number of round trips of a request.

use std::time::Duration;

use jiff::Timestamp;
use repass_core::{
    AccountReference, AccountWithCredential, AdministrationStore, AttemptKey, AttemptOutcome,
    AttemptPath, AttemptReservation, ClaimEvents, Context, CredentialStore, EventKind,
    FindAndReserve, FinishAttempt, FoundAndReserved, InstallationKey, LockoutEventTemplate,
    LockoutPolicy, NameKind, OutboxStore, ReserveOutcome, Subject,
};
use repass_postgres_cluster::Proxy;
use repass_store_postgres::{PostgresOptions, PostgresStore};
use repass_testkit::fixtures;
use uuid::Uuid;

use crate::database::{account, add, audit, commit, hash, open, raw, shared, subject};
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
    let second = Duration::from_secs(1);
    let policy = LockoutPolicy::new(1_000, second, second, 1_000).unwrap();
    proxy.delay(DELAY);
    let trips = async |limit: u64, request: &mut (dyn Future<Output = ()> + Unpin)| {
        let before = proxy.round_trips();
        request.await;
        let trips = proxy.round_trips() - before;
        assert!(trips <= limit, "{trips} for {limit}");
    };
    let finish = async |outcome: AttemptOutcome, number: u128| {
        let attempt = attempt_at(subject(1), policy, Timestamp::UNIX_EPOCH, Uuid::nil());
        let (_, reservation) = find_and_reserve(&store, &attempt).await;
        if outcome == AttemptOutcome::Released {
            store.history(id, 3).await.unwrap();
        }
        let finished = FinishAttempt::reserved(reservation, outcome, audit(number));
        store.finish_attempt(&finished).await.unwrap();
    };
    for (number, outcome, limit) in [
        (11, AttemptOutcome::Failed, 3),
        (12, AttemptOutcome::Failed, 3),
        (13, AttemptOutcome::Released, 5),
        (14, AttemptOutcome::Succeeded, 3),
        (15, AttemptOutcome::Succeeded, 3),
    ] {
        trips(limit, &mut Box::pin(finish(outcome, number))).await;
    }
    for version in [1, 2] {
        let mut change = Box::pin(async {
            let attempt = attempt_at(subject(1), policy, Timestamp::UNIX_EPOCH, Uuid::nil());
            find_and_reserve(&store, &attempt).await;
            store.history(id, 3).await.unwrap();
            store.commit(&commit(1, version)).await.unwrap();
        });
        trips(4, &mut change).await;
    }
}

/// Returns an attempt with an old password, whose event has this id.
fn attempt_at(subject: Subject, policy: LockoutPolicy, now: Timestamp, id: Uuid) -> FindAndReserve {
    let event = LockoutEventTemplate::new(id, now, EventKind::AccountLocked, Context::new("test"));
    let unknown = AttemptKey::unknown(&subject, &InstallationKey::from_bytes([3; 32]));
    let account = AccountReference::UserId(subject);
    FindAndReserve::new(account, unknown, AttemptPath::Password, policy, event)
}

async fn find_and_reserve(
    store: &PostgresStore,
    attempt: &FindAndReserve,
) -> (Option<AccountWithCredential>, AttemptReservation) {
    let FoundAndReserved { found, outcome } = store.find_and_reserve(attempt).await.unwrap();
    let ReserveOutcome::Reserved(reservation) = outcome else { panic!("{outcome:?}") };
    (found, reservation)
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
        let id = Uuid::from_u128(number * 10 + u128::try_from(turn).unwrap());
        let attempt = attempt_at(subject.clone(), policy, now, id);
        let (found, reservation) = find_and_reserve(store, &attempt).await;
        let has_event = found.is_some() && turn == 2;
        assert_eq!(reservation.deferred_event, has_event.then_some(id));
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
    let (at_once, in_two_steps) = ([2, 3, 3, 3], [3, 4, 4, 4]);
    assert_eq!(trips, [at_once, at_once, in_two_steps, in_two_steps, in_two_steps]);
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
