//! The dispatcher on a store with a single connection.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use repass_core::{
    AuditRecord, Backlog, Claim, ClaimEvents, ClaimedEvent, DeliveryOutcome, DeliveryState, Engine,
    InstallationKey, NewAccount, OutboxEntry, OutboxFilter, OutboxStore, Profile, StoreError,
    SystemClock, SystemRandomness,
};
use repass_outbox::{Channel, DeliveryError, DispatcherOptions, OutboxDispatcher};
use repass_testkit::{MemoryStore, fixtures};
use uuid::Uuid;

/// A store with one connection, which each transaction holds.
struct OneConnection {
    inner: MemoryStore,
    connection: tokio::sync::Mutex<()>,
}

impl OneConnection {
    async fn transaction<T>(&self, work: impl Future<Output = T>) -> T {
        let _connection = self.connection.lock().await;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        work.await
    }
}

#[async_trait]
impl OutboxStore for OneConnection {
    async fn claim(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError> {
        self.transaction(self.inner.claim(claim)).await
    }

    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        self.transaction(self.inner.finish_delivery(claim, outcome, channels)).await
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        self.inner.entries(filter).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.inner.backlog().await
    }

    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        self.inner.entry(event).await
    }

    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.inner.retry_event(event, audit).await
    }

    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.inner.drop_event(event, audit).await
    }
}

/// Accepts all events and keeps their ids.
#[derive(Default)]
struct Accepting(Mutex<Vec<Uuid>>);

#[async_trait]
impl Channel for Accepting {
    fn name(&self) -> &'static str {
        "accepting"
    }

    async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError> {
        self.0.lock().unwrap().push(claimed.event.id);
        Ok(())
    }
}

fn engine(store: &MemoryStore) -> Engine {
    let hasher = Arc::new(fixtures::hasher());
    let key = InstallationKey::from_bytes([3; 32]);
    Engine::builder(Arc::new(store.clone()), hasher, key).build()
}

/// Returns a store with `events` accounts that have one event each.
async fn store_with_events(events: u32) -> MemoryStore {
    let store = MemoryStore::new();
    let engine = engine(&store);
    let administration = engine.administration();
    let realm: repass_core::Realm = "shop".parse().unwrap();
    for number in 0..events {
        let user_id = number.to_string();
        let new = NewAccount {
            realm: realm.clone(),
            user_id: user_id.parse().unwrap(),
            email: None,
            username: None,
            profile: Profile::default(),
        };
        administration.add_account(new, None).await.unwrap();
        administration.issue_reset(&realm, &user_id, Duration::from_secs(60)).await.unwrap();
    }
    store
}

#[tokio::test(start_paused = true)]
async fn a_claim_and_a_delivery_that_need_the_only_connection_do_not_deadlock() {
    const EVENTS: u32 = 20;
    let inner = store_with_events(EVENTS).await;
    let store = OneConnection { inner: inner.clone(), connection: tokio::sync::Mutex::new(()) };
    let channel = Arc::new(Accepting::default());
    let options = DispatcherOptions { max_concurrent: 3, ..DispatcherOptions::default() };
    let dispatcher = OutboxDispatcher::new(
        Arc::new(store),
        vec![channel.clone()],
        options,
        Arc::new(SystemClock),
        Arc::new(SystemRandomness),
    );
    let pending =
        OutboxFilter { state: Some(DeliveryState::Pending), limit: 1, ..OutboxFilter::default() };
    let all_delivered = async {
        while !inner.entries(&pending).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // The paused clock advances when no task can run.
    let run = tokio::time::timeout(Duration::from_secs(3600), dispatcher.run(all_delivered));
    assert!(run.await.is_ok(), "deadlock");
    let mut delivered = channel.0.lock().unwrap().clone();
    delivered.sort_unstable();
    delivered.dedup();
    assert_eq!(delivered.len(), EVENTS as usize);
}

/// Fails every delivery.
struct Failing;

#[async_trait]
impl Channel for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    async fn deliver(&self, _: &ClaimedEvent) -> Result<(), DeliveryError> {
        Err(DeliveryError::new("a full mailbox"))
    }
}

/// Proves A1.
#[tokio::test(start_paused = true)]
async fn a1_a_failing_channel_does_not_delay_another() {
    let store = store_with_events(1).await;
    let realm: repass_core::Realm = "shop".parse().unwrap();
    let engine = engine(&store);
    for _ in 0..2 {
        let minute = Duration::from_secs(60);
        engine.administration().issue_reset(&realm, "0", minute).await.unwrap();
    }
    let expected: Vec<_> = fixtures::events(&store).await.iter().map(|event| event.id).collect();
    let accepting = Arc::new(Accepting::default());
    let dispatcher = OutboxDispatcher::new(
        Arc::new(store.clone()),
        vec![Arc::new(Failing), accepting.clone()],
        DispatcherOptions::default(),
        Arc::new(SystemClock),
        Arc::new(SystemRandomness),
    );
    let got_all = async {
        while accepting.0.lock().unwrap().len() < expected.len() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let run = tokio::time::timeout(Duration::from_secs(60), dispatcher.run(got_all));
    assert!(run.await.is_ok(), "the failing channel delays the second and third event");
    assert_eq!(*accepting.0.lock().unwrap(), expected, "in the order written");
    let counts = dispatcher.counts();
    assert_eq!((counts["accepting"].delivered, counts["accepting"].failed), (3, 0));
    assert!(counts["failing"].failed > 0 && counts["failing"].delivered == 0);
    let filter = OutboxFilter { limit: 10, ..OutboxFilter::default() };
    for entry in store.entries(&filter).await.unwrap() {
        assert_eq!(entry.state, DeliveryState::Pending, "delivered by one channel only");
    }
}
