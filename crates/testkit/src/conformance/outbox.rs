//! Checks of the delivery of events.
//!
//! A claim returns the due events of all accounts, so these checks claim everything and compare the
//! events of their own accounts only.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::administration::added;
use super::check::{check_empty, check_eq};
use super::sample::{
    CONCURRENT_CALLS, account, at, audit, commit, event, finish_attempt, key, lockout_event,
    policy, policy_with_max_failures, realm, release, reserve, reset_token, uuid, with,
};
use repass_core::{
    Account, AdministrationStore, AttemptOutcome, AttemptPath, AttemptReservation, AuditFilter,
    AuditRecord, Claim, ClaimEvents, ClaimedEvent, CommitOutcome, Delivery, DeliveryOutcome,
    DeliveryState, EventKind, FinishAttempt, LockoutPolicy, OlderTokens, OutboxEntry, OutboxEvent,
    OutboxFilter, PruneCutoffs, Pruned,
};

const MINUTE: Duration = Duration::from_secs(60);

/// The channels of most checks.
const CHANNEL: &[&str] = &["webhook"];

const BOTH: &[&str] = &["mail", "webhook"];

/// Changes the account's password `n` times, one second apart, and returns the events.
async fn changed(store: &dyn AdministrationStore, account: &Account, n: i64) -> Vec<OutboxEvent> {
    let mut events = Vec::new();
    for version in 1..=n {
        let change = with(commit(account, version, "next"), |it| it.event.at = at(version - 100));
        let done = store.commit(&change).await.expect("commit");
        check_eq!(done, CommitOutcome::Done { version: version + 1 });
        events.push(change.event);
    }
    events
}

/// Claims all due events for a minute, and returns those of the account.
async fn claim_for(
    store: &dyn AdministrationStore,
    account: &Account,
    now: Timestamp,
    channels: &[&str],
) -> Vec<ClaimedEvent> {
    let claim = ClaimEvents { channels, now, lease: MINUTE, limit: 100_000 };
    let claimed = store.claim(&claim).await.expect("claim");
    claimed.into_iter().filter(|claimed| claimed.event.account == account.id).collect()
}

async fn claim(
    store: &dyn AdministrationStore,
    account: &Account,
    now: Timestamp,
) -> Vec<ClaimedEvent> {
    claim_for(store, account, now, CHANNEL).await
}

/// Claims the only due event of the account.
async fn only(store: &dyn AdministrationStore, account: &Account, now: Timestamp) -> ClaimedEvent {
    let mut claimed = claim(store, account, now).await;
    check_eq!(claimed.len(), 1, "exactly one event of an account can be claimed at a time");
    claimed.remove(0)
}

async fn finish(store: &dyn AdministrationStore, claim: &Claim, outcome: DeliveryOutcome) {
    store.finish_delivery(claim, &outcome, CHANNEL).await.expect("finish_delivery");
}

fn retry(next_try: Timestamp, error: &str) -> DeliveryOutcome {
    DeliveryOutcome::Retry { next_try, error: error.to_owned() }
}

fn discarded(error: &str) -> DeliveryOutcome {
    DeliveryOutcome::Discarded { error: error.to_owned() }
}

async fn entry(store: &dyn AdministrationStore, event: &OutboxEvent) -> OutboxEntry {
    store.entry(event.id).await.expect("entry").expect("the event is kept")
}

pub(super) async fn events_are_claimed_in_order(store: &dyn AdministrationStore) {
    let (account, other) = (added(store).await, added(store).await);
    let events = changed(store, &account, 3).await;
    let others = changed(store, &other, 1).await;

    let all = ClaimEvents { channels: CHANNEL, now: at(0), lease: MINUTE, limit: 100_000 };
    let claimed = store.claim(&all).await.expect("claim");
    let of = |account: &Account| -> Vec<OutboxEvent> {
        let own = claimed.iter().filter(|claimed| claimed.event.account == account.id);
        own.map(|claimed| claimed.event.clone()).collect()
    };
    check_eq!(of(&account), events[..1], "the first event of an account is claimed alone");
    check_eq!(of(&other), others, "events of different accounts are claimed together");
    let first = claimed.into_iter().find(|claimed| claimed.event == events[0]).expect("claimed");
    check_eq!(first.claim, Claim { event: events[0].id, channel: CHANNEL[0].to_owned(), tries: 1 });
    check_eq!(first.holder.id, account.id, "the claim carries the account of the event");
    check_empty!(
        claim(store, &account, at(59)).await,
        "a claimed event cannot be claimed again before its lease ends"
    );

    finish(store, &first.claim, DeliveryOutcome::Delivered).await;
    let second = only(store, &account, at(59)).await;
    check_eq!(second.event, events[1], "after the first event is delivered, the second is claimed");
    finish(store, &second.claim, retry(at(500), "refused")).await;
    check_empty!(
        claim(store, &account, at(499)).await,
        "the third event is not claimed while the second is retried"
    );
    let second = only(store, &account, at(500)).await;
    check_eq!(
        (&second.event, second.claim.tries),
        (&events[1], 2),
        "a failed delivery is claimed again at its next try"
    );
    finish(store, &second.claim, discarded("given up")).await;
    let third = only(store, &account, at(500)).await;
    check_eq!(third.event, events[2], "after a discarded event the next is claimed");

    let mut states = Vec::new();
    for event in &events {
        let mut entry = entry(store, event).await;
        check_eq!(entry.deliveries.len(), 1, "an event has a delivery for each claimed channel");
        let delivery = entry.deliveries.remove(0);
        check_eq!(
            delivery.state,
            entry.state,
            "with one channel, the event has the state of its delivery"
        );
        states.push((entry.state, delivery.tries, delivery.error));
    }
    let given_up = Some("given up".to_owned());
    check_eq!(
        states,
        [
            (DeliveryState::Delivered, 1, None),
            (DeliveryState::Discarded, 2, given_up),
            (DeliveryState::Pending, 1, None)
        ]
    );
}

pub(super) async fn leases_expire(store: &dyn AdministrationStore) {
    let account = added(store).await;
    changed(store, &account, 1).await;
    let early = only(store, &account, at(0)).await;
    let late = only(store, &account, at(60)).await;
    check_eq!(late.claim.tries, 2, "after the lease a second try is claimed");

    for outcome in [DeliveryOutcome::Delivered, retry(at(0), "late"), discarded("late")] {
        finish(store, &early.claim, outcome).await;
    }
    let kept = entry(store, &late.event).await;
    let expected = Delivery {
        channel: CHANNEL[0].to_owned(),
        state: DeliveryState::Pending,
        tries: 2,
        due_at: at(120),
        error: None,
    };
    check_eq!(
        (kept.state, kept.deliveries),
        (DeliveryState::Pending, vec![expected]),
        "a claim whose lease ended changes nothing"
    );
}

pub(super) async fn one_of_many_concurrent_claims_gets_an_event(
    store: &Arc<dyn AdministrationStore>,
) {
    let account = added(&**store).await;
    changed(&**store, &account, 2).await;
    let dispatchers: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|_| {
            let (store, account) = (Arc::clone(store), account.clone());
            tokio::spawn(async move { claim(&*store, &account, at(0)).await.len() })
        })
        .collect();
    let mut claimed = 0;
    for dispatcher in dispatchers {
        claimed += dispatcher.await.expect("a task that claims");
    }
    check_eq!(claimed, 1, "of {CONCURRENT_CALLS} concurrent claims exactly one gets the event");
}

/// A channel that fails does not hold up another one.
///
/// Proves A1.
pub(super) async fn a1_channels_are_independent(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let events = changed(store, &account, 2).await;
    let mut claimed = claim_for(store, &account, at(0), BOTH).await;
    claimed.sort_by(|one, other| one.claim.channel.cmp(&other.claim.channel));
    let claims: Vec<_> =
        claimed.iter().map(|it| (it.event.id, it.claim.channel.as_str())).collect();
    check_eq!(claims, [(events[0].id, "mail"), (events[0].id, "webhook")]);
    let finish = async |claim: &Claim, outcome| {
        store.finish_delivery(claim, &outcome, BOTH).await.expect("finish_delivery");
    };
    finish(&claimed[0].claim, retry(at(500), "full mailbox")).await;
    finish(&claimed[1].claim, DeliveryOutcome::Delivered).await;
    check_eq!(entry(store, &events[0]).await.state, DeliveryState::Pending);

    let next = claim_for(store, &account, at(1), BOTH).await;
    let claims: Vec<_> = next.iter().map(|it| (it.event.id, it.claim.channel.as_str())).collect();
    check_eq!(claims, [(events[1].id, "webhook")], "the second event waits for one channel only");
    finish(&next[0].claim, DeliveryOutcome::Delivered).await;
    check_eq!(entry(store, &events[1]).await.state, DeliveryState::Pending);
    check_empty!(claim_for(store, &account, at(499), BOTH).await);

    let late = claim_for(store, &account, at(500), BOTH).await;
    check_eq!(late.len(), 1);
    finish(&late[0].claim, discarded("no such user")).await;
    let kept = entry(store, &events[0]).await;
    check_eq!(
        kept.state,
        DeliveryState::Discarded,
        "an event without pending deliveries is discarded if one delivery was discarded"
    );
    let last = claim_for(store, &account, at(500), BOTH).await;
    check_eq!((last.len(), &last[0].event), (1, &events[1]));
    finish(&last[0].claim, DeliveryOutcome::Delivered).await;
    check_eq!(entry(store, &events[1]).await.state, DeliveryState::Delivered);
}

pub(super) async fn operators_retry_and_drop(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let events = changed(store, &account, 3).await;
    for claimed in claim_for(store, &account, at(0), BOTH).await {
        let outcome = match claimed.claim.channel.as_str() {
            "webhook" => DeliveryOutcome::Delivered,
            _ => discarded("given up"),
        };
        store.finish_delivery(&claimed.claim, &outcome, BOTH).await.expect("finish_delivery");
    }
    for claimed in claim_for(store, &account, at(0), BOTH).await {
        let outcome = DeliveryOutcome::Delivered;
        store.finish_delivery(&claimed.claim, &outcome, BOTH).await.expect("finish_delivery");
    }

    let filter =
        |state| OutboxFilter { state: Some(state), limit: 100_000, ..OutboxFilter::default() };
    let given_up = store.entries(&filter(DeliveryState::Discarded)).await.expect("entries");
    assert!(
        given_up.iter().any(|entry| entry.event == events[0]),
        "the discarded event is listed among the discarded ones"
    );
    assert!(
        given_up.iter().all(|entry| entry.state == DeliveryState::Discarded),
        "only discarded events are listed among the discarded ones"
    );

    let record = AuditRecord { at: at(7), ..audit(&account, "outbox.retry") };
    assert!(store.retry_event(events[0].id, &record).await.expect("retry_event"));
    let again: Vec<_> = claim_for(store, &account, at(7), BOTH)
        .await
        .into_iter()
        .map(|it| (it.event, it.claim.channel, it.claim.tries))
        .filter(|(event, ..)| event == &events[0])
        .collect();
    check_eq!(
        again,
        [(events[0].clone(), "mail".to_owned(), 1)],
        "a retried event starts with its first try, for the channels without a delivery"
    );
    let record = audit(&account, "outbox.retry");
    let retried = store.retry_event(events[1].id, &record).await.expect("retry_event");
    assert!(!retried, "a delivered event is not retried");
    assert!(
        !store.retry_event(uuid(), &record).await.expect("retry_event"),
        "an event that does not exist is not retried"
    );

    let record = AuditRecord { at: at(8), ..audit(&account, "outbox.drop") };
    assert!(store.drop_event(events[0].id, &record).await.expect("drop_event"));
    check_eq!(store.entry(events[0].id).await.expect("entry"), None, "a dropped event is deleted");
    let again = audit(&account, "outbox.drop");
    assert!(
        !store.drop_event(events[0].id, &again).await.expect("drop_event"),
        "a dropped event is not dropped again"
    );
    let next = claim_for(store, &account, at(7), &["mail"]).await;
    check_eq!(
        next.first().map(|claimed| &claimed.event),
        Some(&events[2]),
        "after a dropped event the next is claimed"
    );
    let filter = AuditFilter { account: Some(account.id), limit: 100, ..Default::default() };
    let trail = store.audit(&filter).await.expect("audit");
    let acts: Vec<_> = trail.iter().map(|record| record.action.as_str()).take(3).collect();
    check_eq!(
        acts,
        ["outbox.drop", "outbox.retry", "password.change"],
        "only successful calls are recorded"
    );
}

pub(super) async fn are_listed_in_pages(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let events = changed(store, &account, 5).await;
    let mut filter = OutboxFilter { limit: 1, ..OutboxFilter::default() };
    // Events of other checks may be listed between these.
    let mut listed = Vec::new();
    loop {
        let page = store.entries(&filter).await.expect("entries");
        assert!(page.len() <= 1, "no more events are listed than asked for");
        let Some(entry) = page.into_iter().next() else { break };
        filter = OutboxFilter {
            before: Some((entry.event.at, entry.event.id)),
            limit: 1,
            ..OutboxFilter::default()
        };
        if entry.event.account == account.id {
            listed.push(entry.event);
        }
    }
    listed.reverse();
    check_eq!(listed, events, "events are listed newest first, each once");
    check_empty!(store.entries(&OutboxFilter::default()).await.expect("entries"));
}

pub(super) async fn are_listed_by_realm(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let mut own = Vec::new();
    for (version, realm) in (1..).zip([Some(account.realm.clone()), None, Some(realm())]) {
        let change = with(commit(&account, version, "next"), |it| {
            if let Some(realm) = &realm {
                it.event.payload["realm"] = realm.as_str().into();
            }
        });
        let done = store.commit(&change).await.expect("commit");
        check_eq!(done, CommitOutcome::Done { version: version + 1 });
        own.extend((realm.as_ref() == Some(&account.realm)).then_some(change.event));
    }
    let filter = |realm, state| OutboxFilter { realm, state, limit: 10, ..OutboxFilter::default() };
    for (realm, state, expected) in [
        (&account.realm, None, &own[..]),
        (&account.realm, Some(DeliveryState::Pending), &own[..]),
        (&account.realm, Some(DeliveryState::Discarded), &[]),
        (&realm(), None, &[]),
    ] {
        let entries = store.entries(&filter(Some(realm.clone()), state)).await.expect("entries");
        let listed: Vec<_> = entries.into_iter().map(|entry| entry.event).collect();
        check_eq!(listed, expected, "only the events of the realm in the state are listed");
    }
}

pub(super) async fn pending_events_are_counted(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let events = changed(store, &account, 3).await;
    let before = store.backlog().await.expect("backlog");
    assert!(before.pending >= 3, "each pending event is counted");
    assert!(before.oldest.is_some_and(|at| at <= events[0].at), "the oldest event counts");
    // Other checks neither write nor finish events this old.
    let ancient = with(commit(&account, 4, "next"), |it| it.event.at = at(-1_000_000));
    check_eq!(store.commit(&ancient).await.expect("commit"), CommitOutcome::Done { version: 5 });
    let oldest = store.backlog().await.expect("backlog").oldest;
    check_eq!(oldest, Some(at(-1_000_000)), "the oldest pending event is the oldest in time");
    for _ in 0..4 {
        let next = only(store, &account, at(0)).await;
        finish(store, &next.claim, DeliveryOutcome::Delivered).await;
    }
    let after = store.backlog().await.expect("backlog");
    assert!(
        after.oldest > Some(at(-1_000_000)) || after.oldest.is_none(),
        "a delivered event is not pending"
    );
}

/// Proves P9.
pub(super) async fn are_pruned(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let events = changed(store, &account, 3).await;
    let first = only(store, &account, at(0)).await;
    finish(store, &first.claim, DeliveryOutcome::Delivered).await;
    let second = only(store, &account, at(0)).await;
    finish(store, &second.claim, discarded("given up")).await;

    let cutoffs = |seconds| PruneCutoffs { events: Some(at(seconds)), ..PruneCutoffs::default() };
    let kept = async || {
        let mut kept = Vec::new();
        for event in &events {
            kept.push(store.entry(event.id).await.expect("entry").is_some());
        }
        kept
    };
    store.prune(&cutoffs(-98), u32::MAX).await.expect("prune");
    check_eq!(kept().await, [false, true, true], "delivered events before the cutoff are deleted");
    store.prune(&cutoffs(-97), u32::MAX).await.expect("prune");
    check_eq!(kept().await, [false, false, true], "discarded events before the cutoff are deleted");
    store.prune(&cutoffs(-96), u32::MAX).await.expect("prune");
    check_eq!(kept().await, [false, false, false], "pending events before the cutoff are deleted");
    let pruned = store.prune(&PruneCutoffs::default(), u32::MAX).await.expect("prune");
    check_eq!(pruned, Pruned::default(), "without cutoffs nothing is deleted");
}

pub(super) async fn a_reset_token_writes_an_event(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let event = event(account.id, 3);
    let record = audit(&account, "reset-token.add");
    store
        .add_reset_token(&reset_token(&account), OlderTokens::Void, &record, &event)
        .await
        .expect("add_reset_token");
    let kept = entry(store, &event).await;
    check_eq!(
        (&kept.event, kept.due_at),
        (&event, at(3)),
        "the event of a reset token is due immediately"
    );

    let absent = self::account(&realm(), "absent");
    let stray = super::sample::event(absent.id, 3);
    let record = audit(&absent, "reset-token.add");
    let refused =
        store.add_reset_token(&reset_token(&absent), OlderTokens::Void, &record, &stray).await;
    assert!(refused.is_err(), "a reset token without an account is refused");
    check_eq!(
        store.entry(stray.id).await.expect("entry"),
        None,
        "a refused reset token writes no event"
    );
}

const LOCKED: EventKind = EventKind::SignInLocked;

/// Reserves attempts until the account is locked out, and returns the lockout event and its
/// reservation.
async fn locked_out(
    store: &dyn AdministrationStore,
    account: &Account,
    policy: &LockoutPolicy,
) -> (OutboxEvent, AttemptReservation) {
    let (path, key) = (AttemptPath::Password, key(account));
    for failures in 1.. {
        let deferred = lockout_event(LOCKED, at(0)).at_account(account);
        let reservation = reserve(store, &key, path, policy, at(0), Some(&deferred)).await;
        let reservation = reservation.expect("not locked out before the lockout event");
        let raised = deferred.raised_by(&reservation, policy).map(|(event, _)| event);
        check_eq!(
            reservation.deferred_event,
            raised.as_ref().map(|event| event.id),
            "the reservation of failure {failures} names the lockout event it wrote"
        );
        if let Some(event) = raised {
            return (event, reservation);
        }
    }
    unreachable!("the account is locked out at some time")
}

pub(super) async fn a_lockout_event_is_deferred_until_the_proof_has_failed(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    let policy = policy_with_max_failures(3, Duration::from_micros(1), 5);
    let (event, reservation) = locked_out(store, &account, &policy).await;
    let deferred = entry(store, &event).await;
    check_eq!(
        (&deferred.event, deferred.due_at),
        (&event, at(60)),
        "the lockout event is deferred until the proof has failed"
    );
    check_empty!(claim(store, &account, at(59)).await);

    let record = AuditRecord { at: at(1), ..audit(&account, "password.change") };
    let failed = |reservation: &AttemptReservation, record: AuditRecord| {
        FinishAttempt::reserved(reservation.clone(), AttemptOutcome::Failed, record)
    };
    store.finish_attempt(&failed(&reservation, record)).await.expect("finishing an attempt");
    let claimed = only(store, &account, at(1)).await;
    check_eq!(claimed.event, event, "after a failed proof the lockout event is due immediately");
    let again = failed(&reservation, audit(&account, "x"));
    store.finish_attempt(&again).await.expect("finishing an attempt");
    check_eq!(
        entry(store, &event).await.deliveries[0].due_at,
        at(61),
        "recording the failure again does not cut the lease short"
    );
    let unknown = AttemptReservation { deferred_event: Some(uuid()), ..reservation.clone() };
    let unknown = failed(&unknown, audit(&account, "x"));
    store.finish_attempt(&unknown).await.expect("an event that does not exist");

    let second = lockout_event(LOCKED, at(2)).at_account(&account);
    let path = AttemptPath::Password;
    let reservation = reserve(store, &key(&account), path, &policy, at(2), Some(&second)).await;
    check_eq!(
        reservation.expect("not locked out").deferred_event,
        None,
        "a second lockout writes no second event"
    );
    let deferred = lockout_event(LOCKED, at(3)).at_account(&account);
    let reservation = reserve(store, &key(&account), path, &policy, at(3), Some(&deferred)).await;
    let last = reservation
        .expect("not locked out")
        .deferred_event
        .expect("reaching the limit writes an event");
    let last = store.entry(last).await.expect("entry").expect("kept");
    check_eq!(last.event.kind, "attempts.exhausted");
    let refused = reserve(store, &key(&account), path, &policy, at(4), Some(&deferred)).await;
    assert!(refused.is_err(), "at the limit attempts are locked out");
}

pub(super) async fn a_correct_proof_deletes_the_deferred_lockout_event(
    store: &dyn AdministrationStore,
) {
    let policy = policy(2, MINUTE);
    let account = added(store).await;
    let (event, reservation) = locked_out(store, &account, &policy).await;
    check_eq!(event.kind, LOCKED.as_str(), "the event has the kind that the attempt names");
    release(store, &reservation).await;
    check_eq!(
        store.entry(event.id).await.expect("entry"),
        None,
        "a release deletes the deferred lockout event"
    );

    let account = added(store).await;
    let (event, reservation) = locked_out(store, &account, &policy).await;
    assert!(finish_attempt(store, &reservation, AttemptOutcome::Succeeded).await);
    check_eq!(
        store.entry(event.id).await.expect("entry"),
        None,
        "a success deletes the deferred lockout event"
    );

    let account = added(store).await;
    let (event, _) = locked_out(store, &account, &policy).await;
    let late = with(commit(&account, 9, "second"), |it| it.deferred_event = Some(event.id));
    check_eq!(store.commit(&late).await.expect("commit"), CommitOutcome::Conflict);
    check_eq!(
        entry(store, &event).await.event,
        event,
        "a refused change keeps the deferred lockout event"
    );
    let change = with(commit(&account, 1, "second"), |it| it.deferred_event = Some(event.id));
    store.commit(&change).await.expect("commit");
    check_eq!(
        store.entry(event.id).await.expect("entry"),
        None,
        "a change deletes the deferred lockout event"
    );
    check_eq!(
        only(store, &account, at(0)).await.event,
        change.event,
        "the change writes its own event"
    );
}
