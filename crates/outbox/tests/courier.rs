//! The courier through its public door, on a store with a single connection.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AuditRecord, Claim, ClaimedEvent, Engine, InstallationKey, NewAccount, OutboxEntry,
    OutboxFilter, OutboxState, OutboxStore, Profile, StoreError, SystemClock, SystemRandomness,
};
use repass_outbox::{Channel, Courier, CourierOptions, DeliveryError};
use repass_testkit::{MemoryStore, fixtures};
use uuid::Uuid;

/// As a store on SQLite: who writes has the one connection for as long as the transaction takes.
struct OneConnection {
    inner: MemoryStore,
    connection: tokio::sync::Mutex<()>,
}

impl OneConnection {
    async fn within<T>(&self, act: impl Future<Output = T>) -> T {
        let _connection = self.connection.lock().await;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        act.await
    }
}

#[async_trait]
impl OutboxStore for OneConnection {
    async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ClaimedEvent>, StoreError> {
        self.within(self.inner.claim(now, lease, limit)).await
    }

    async fn delivered(&self, claim: Claim, channel: &str) -> Result<(), StoreError> {
        self.within(self.inner.delivered(claim, channel)).await
    }

    async fn finished(&self, claim: Claim) -> Result<(), StoreError> {
        self.within(self.inner.finished(claim)).await
    }

    async fn failed(
        &self,
        claim: Claim,
        next_try: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        self.within(self.inner.failed(claim, next_try, error)).await
    }

    async fn dead(&self, claim: Claim, error: &str) -> Result<(), StoreError> {
        self.within(self.inner.dead(claim, error)).await
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        self.inner.entries(filter).await
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

/// Takes whatever comes.
#[derive(Default)]
struct Willing(Mutex<Vec<Uuid>>);

#[async_trait]
impl Channel for Willing {
    fn name(&self) -> &'static str {
        "willing"
    }

    async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError> {
        self.0.lock().unwrap().push(claimed.event.id);
        Ok(())
    }
}

/// So many accounts, each with an event.
async fn store_with_events(events: u32) -> MemoryStore {
    let store = MemoryStore::new();
    let hasher = Arc::new(fixtures::hasher());
    let key = InstallationKey::from_bytes([3; 32]);
    let engine = Engine::builder(Arc::new(store.clone()), hasher, key).build().unwrap();
    let desk = engine.administration();
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
        desk.add_account(new, None).await.unwrap();
        desk.issue_reset(&realm, &user_id, Duration::from_secs(60)).await.unwrap();
    }
    store
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_holds_the_only_connection_does_not_wait_for_the_next_claim() {
    const EVENTS: u32 = 20;
    let inner = store_with_events(EVENTS).await;
    let store = OneConnection { inner: inner.clone(), connection: tokio::sync::Mutex::new(()) };
    let channel = Arc::new(Willing::default());
    let options = CourierOptions { at_once: 3, ..CourierOptions::default() };
    let courier = Courier::new(
        Arc::new(store),
        vec![channel.clone()],
        options,
        Arc::new(SystemClock),
        Arc::new(SystemRandomness),
    );
    let pending = OutboxFilter { state: Some(OutboxState::Pending), limit: 1 };
    let all_delivered = async {
        while !inner.entries(&pending).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // The clock moves by itself as soon as nobody can go on.
    let run = tokio::time::timeout(Duration::from_secs(3600), courier.run(all_delivered));
    assert!(run.await.is_ok(), "nobody waits for ever");
    let mut delivered = channel.0.lock().unwrap().clone();
    delivered.sort_unstable();
    delivered.dedup();
    assert_eq!(delivered.len(), EVENTS as usize);
}
