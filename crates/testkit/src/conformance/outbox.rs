//! Checks of events on their way to their channels.
//!
//! A claim takes whatever is due, so these checks look at the events of their own accounts only, and
//! claim everything there is.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::administration::added;
use super::check::{check_empty, check_eq};
use super::sample::{
    RIVALS, account, at, audit, commit, event, key, realm, release, reserve, reset_token, rules,
    rules_up_to, uuid,
};
use repass_core::{
    Account, AdministrationStore, AttemptOutcome, AttemptPath, AttemptReservation, AuditFilter,
    AuditRecord, Claim, ClaimedEvent, Commit, CommitOutcome, Context, DeferredLockoutEvent,
    FinishAttempt, LockoutPolicy, OutboxEntry, OutboxEvent, OutboxFilter, OutboxState,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Changes the account's password so many times, and gives the events of it.
async fn changed(store: &dyn AdministrationStore, account: &Account, n: i64) -> Vec<OutboxEvent> {
    let mut events = Vec::new();
    for version in 1..=n {
        let change = commit(account, version, "next");
        let done = store.commit(&change).await.expect("commit");
        check_eq!(done, CommitOutcome::Done { version: version + 1 });
        events.push(change.event);
    }
    events
}

/// Claims all that is due for a minute, and gives what is of the account.
async fn claim(
    store: &dyn AdministrationStore,
    account: &Account,
    now: Timestamp,
) -> Vec<ClaimedEvent> {
    let claimed = store.claim(now, MINUTE, 100_000).await.expect("claim");
    claimed.into_iter().filter(|claimed| claimed.event.account == account.id).collect()
}

/// The only event of the account that is due.
async fn only(store: &dyn AdministrationStore, account: &Account, now: Timestamp) -> ClaimedEvent {
    let mut claimed = claim(store, account, now).await;
    check_eq!(claimed.len(), 1, "exactly one event of an account can be claimed at a time");
    claimed.remove(0)
}

async fn entry(store: &dyn AdministrationStore, event: &OutboxEvent) -> OutboxEntry {
    store.entry(event.id).await.expect("entry").expect("the event is kept")
}

pub(super) async fn events_are_given_out_in_order(store: &dyn AdministrationStore) {
    let (account, other) = (added(store).await, added(store).await);
    let events = changed(store, &account, 3).await;
    let others = changed(store, &other, 1).await;

    let claimed = store.claim(at(0), MINUTE, 100_000).await.expect("claim");
    let of = |account: &Account| -> Vec<OutboxEvent> {
        let own = claimed.iter().filter(|claimed| claimed.event.account == account.id);
        own.map(|claimed| claimed.event.clone()).collect()
    };
    check_eq!(of(&account), events[..1], "the first event of an account is claimed alone");
    check_eq!(of(&other), others, "events of different accounts are claimed together");
    let first = claimed.into_iter().find(|claimed| claimed.event == events[0]).expect("claimed");
    check_eq!(first.claim, Claim { event: events[0].id, tries: 1 });
    check_eq!(first.holder.id, account.id, "the claim carries the account of the event");
    check_empty!(first.delivered);
    check_empty!(
        claim(store, &account, at(59)).await,
        "a claimed event cannot be claimed again before its lease ends"
    );

    store.finished(first.claim).await.expect("finished");
    let second = only(store, &account, at(59)).await;
    check_eq!(second.event, events[1], "after the first event is finished, the second is claimed");
    store.failed(second.claim, at(500), "refused").await.expect("failed");
    check_empty!(
        claim(store, &account, at(499)).await,
        "the third event is not claimed while the second is retried"
    );
    let second = only(store, &account, at(500)).await;
    check_eq!(
        (&second.event, second.claim.tries),
        (&events[1], 2),
        "a failed event is claimed again at its next try"
    );
    store.dead(second.claim, "given up").await.expect("dead");
    let third = only(store, &account, at(500)).await;
    check_eq!(third.event, events[2], "after a dead event the next is claimed");

    let states: Vec<_> = [
        entry(store, &events[0]).await,
        entry(store, &events[1]).await,
        entry(store, &events[2]).await,
    ]
    .into_iter()
    .map(|entry| (entry.state, entry.tries, entry.error))
    .collect();
    let given_up = Some("given up".to_owned());
    check_eq!(
        states,
        [
            (OutboxState::Delivered, 1, None),
            (OutboxState::Dead, 2, given_up),
            (OutboxState::Pending, 1, None)
        ]
    );
}

pub(super) async fn leases_end(store: &dyn AdministrationStore) {
    let account = added(store).await;
    changed(store, &account, 1).await;
    let early = only(store, &account, at(0)).await;
    store.delivered(early.claim, "mail").await.expect("delivered");
    let late = only(store, &account, at(60)).await;
    check_eq!(late.claim.tries, 2, "after the lease a second try is claimed");
    check_eq!(late.delivered, ["mail"], "a channel that was delivered to stays delivered to");

    store.finished(early.claim).await.expect("finished");
    store.failed(early.claim, at(0), "late").await.expect("failed");
    store.dead(early.claim, "late").await.expect("dead");
    let kept = entry(store, &late.event).await;
    check_eq!(
        (kept.state, kept.due_at),
        (OutboxState::Pending, at(120)),
        "a claim whose lease ended changes nothing"
    );
    check_eq!(kept.error, None);
}

pub(super) async fn one_dispatcher_of_many_gets_an_event(store: &Arc<dyn AdministrationStore>) {
    let account = added(&**store).await;
    changed(&**store, &account, 2).await;
    let dispatchers: Vec<_> = (0..RIVALS)
        .map(|_| {
            let (store, account) = (Arc::clone(store), account.clone());
            tokio::spawn(async move { claim(&*store, &account, at(0)).await.len() })
        })
        .collect();
    let mut claimed = 0;
    for dispatcher in dispatchers {
        claimed += dispatcher.await.expect("a task that claims");
    }
    check_eq!(claimed, 1, "of {RIVALS} claims at once exactly one gets the event");
}

pub(super) async fn channels_are_apart(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let event = changed(store, &account, 1).await.remove(0);
    let claimed = only(store, &account, at(0)).await;
    for channel in ["webhook", "mail", "webhook"] {
        store.delivered(claimed.claim, channel).await.expect("delivered");
    }
    store.failed(claimed.claim, at(9), "no answer").await.expect("failed");
    let expected = OutboxEntry {
        event,
        state: OutboxState::Pending,
        tries: 1,
        due_at: at(9),
        error: Some("no answer".to_owned()),
        delivered: vec!["mail".to_owned(), "webhook".to_owned()],
    };
    check_eq!(entry(store, &expected.event).await, expected);
    check_eq!(only(store, &account, at(9)).await.delivered, expected.delivered);
}

pub(super) async fn operators_retry_and_drop(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let events = changed(store, &account, 3).await;
    let claimed = only(store, &account, at(0)).await;
    store.delivered(claimed.claim, "webhook").await.expect("delivered");
    store.dead(claimed.claim, "given up").await.expect("dead");
    let second = only(store, &account, at(0)).await;
    store.finished(second.claim).await.expect("finished");

    let filter = |state| OutboxFilter { state: Some(state), limit: 100_000 };
    let dead = store.entries(&filter(OutboxState::Dead)).await.expect("entries");
    assert!(
        dead.iter().any(|entry| entry.event == events[0]),
        "the dead event is listed among the dead ones"
    );
    assert!(
        dead.iter().all(|entry| entry.state == OutboxState::Dead),
        "only dead events are listed among the dead ones"
    );
    let all = store.entries(&OutboxFilter { state: None, limit: 100_000 }).await.expect("entries");
    let own = all.into_iter().filter(|entry| entry.event.account == account.id);
    let own: Vec<_> = own.map(|entry| entry.event).collect();
    check_eq!(
        own,
        [events[2].clone(), events[1].clone(), events[0].clone()],
        "events are listed newest first"
    );
    let one = store.entries(&OutboxFilter { state: None, limit: 1 }).await.expect("entries");
    check_eq!(one.len(), 1, "no more events are listed than asked for");

    let record = AuditRecord { at: at(7), ..audit(&account, "outbox.retry") };
    assert!(store.retry_event(events[0].id, &record).await.expect("retry_event"));
    let again = only(store, &account, at(7)).await;
    check_eq!(
        (&again.event, again.claim.tries),
        (&events[0], 1),
        "a retried event starts with its first try"
    );
    check_eq!(
        again.delivered,
        ["webhook"],
        "a retried event keeps the channels that were delivered to"
    );
    let record = audit(&account, "outbox.retry");
    let retried = store.retry_event(events[1].id, &record).await.expect("retry_event");
    assert!(!retried, "a delivered event is not retried");
    assert!(
        !store.retry_event(uuid(), &record).await.expect("retry_event"),
        "an event that does not exist is not retried"
    );

    let record = audit(&account, "outbox.drop");
    assert!(store.drop_event(events[0].id, &record).await.expect("drop_event"));
    check_eq!(store.entry(events[0].id).await.expect("entry"), None, "a dropped event is deleted");
    let again = audit(&account, "outbox.drop");
    assert!(
        !store.drop_event(events[0].id, &again).await.expect("drop_event"),
        "a dropped event is not dropped again"
    );
    check_eq!(
        only(store, &account, at(7)).await.event,
        events[2],
        "after a dropped event the next is claimed"
    );
    let filter = AuditFilter { account: Some(account.id), limit: 100, ..Default::default() };
    let trail = store.audit(&filter).await.expect("audit");
    let acts: Vec<_> = trail.iter().map(|record| record.action.as_str()).take(3).collect();
    check_eq!(
        acts,
        ["outbox.drop", "outbox.retry", "password.change"],
        "only what was done is recorded"
    );
}

pub(super) async fn resets_are_announced(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let told = event(account.id, 3);
    let record = audit(&account, "reset-token.add");
    store.add_reset_token(&reset_token(&account), &record, &told).await.expect("add_reset_token");
    let kept = entry(store, &told).await;
    check_eq!((&kept.event, kept.due_at), (&told, at(3)), "the event of a reset is due at once");

    let absent = self::account(&realm(), "absent");
    let stray = event(absent.id, 3);
    let record = audit(&absent, "reset-token.add");
    let refused = store.add_reset_token(&reset_token(&absent), &record, &stray).await;
    assert!(refused.is_err(), "a reset token of no account is refused");
    check_eq!(
        store.entry(stray.id).await.expect("entry"),
        None,
        "a refused reset token writes no event"
    );
}

/// Reserves attempts until the account is locked out, and gives the event and reservation of that.
async fn locked_out(
    store: &dyn AdministrationStore,
    account: &Account,
    rules: &LockoutPolicy,
) -> (OutboxEvent, AttemptReservation) {
    let (path, key) = (AttemptPath::Password, key(account));
    for failures in 1.. {
        let alarm = DeferredLockoutEvent::new(uuid(), at(0), account, &Context::new("conformance"));
        let ticket = reserve(store, &key, path, rules, at(0), Some(&alarm)).await;
        let ticket = ticket.expect("not locked out before the lockout event");
        let raised = alarm.raised_by(&ticket, rules).map(|(event, _)| event);
        check_eq!(
            ticket.alarm,
            raised.as_ref().map(|event| event.id),
            "the reservation of failure {failures} names the lockout event it wrote"
        );
        if let Some(event) = raised {
            return (event, ticket);
        }
    }
    unreachable!("the account is locked out at some time")
}

pub(super) async fn a_lockout_is_announced_once_the_proof_failed(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let rules = rules_up_to(3, Duration::from_micros(1), 5);
    let (event, ticket) = locked_out(store, &account, &rules).await;
    let held = entry(store, &event).await;
    check_eq!(
        (&held.event, held.due_at),
        (&event, at(60)),
        "the lockout event is deferred until the proof has failed"
    );
    check_empty!(claim(store, &account, at(59)).await);

    let record = AuditRecord { at: at(1), ..audit(&account, "password.change") };
    let failed = |reservation: &AttemptReservation, record: AuditRecord| {
        FinishAttempt::reserved(reservation.clone(), AttemptOutcome::Failed, record)
    };
    store.finish_attempt(&failed(&ticket, record)).await.expect("finishing an attempt");
    let told = only(store, &account, at(1)).await;
    check_eq!(told.event, event, "after a failed proof the lockout event is due at once");
    let again = failed(&ticket, audit(&account, "x"));
    store.finish_attempt(&again).await.expect("finishing an attempt");
    check_eq!(
        entry(store, &event).await.due_at,
        at(61),
        "recording the failure again does not cut the lease short"
    );
    let gone = AttemptReservation { alarm: Some(uuid()), ..ticket.clone() };
    let gone = failed(&gone, audit(&account, "x"));
    store.finish_attempt(&gone).await.expect("an event that is gone");

    let silent = DeferredLockoutEvent::new(uuid(), at(2), &account, &Context::new("conformance"));
    let path = AttemptPath::Password;
    let ticket = reserve(store, &key(&account), path, &rules, at(2), Some(&silent)).await;
    check_eq!(
        ticket.expect("not locked out").alarm,
        None,
        "a second lockout writes no second event"
    );
    let alarm = DeferredLockoutEvent::new(uuid(), at(3), &account, &Context::new("conformance"));
    let ticket = reserve(store, &key(&account), path, &rules, at(3), Some(&alarm)).await;
    let last = ticket.expect("not locked out").alarm.expect("reaching the limit writes an event");
    let last = store.entry(last).await.expect("entry").expect("kept");
    check_eq!(last.event.kind, "attempts.exhausted");
    let refused = reserve(store, &key(&account), path, &rules, at(4), Some(&alarm)).await;
    assert!(refused.is_err(), "at the limit attempts are locked out");
}

pub(super) async fn right_proofs_withdraw_the_deferred_lockout_event(
    store: &dyn AdministrationStore,
) {
    let rules = rules(2, MINUTE);
    let account = added(store).await;
    let (event, ticket) = locked_out(store, &account, &rules).await;
    release(store, &ticket).await;
    check_eq!(
        store.entry(event.id).await.expect("entry"),
        None,
        "a release deletes the deferred lockout event"
    );

    let account = added(store).await;
    let (event, _) = locked_out(store, &account, &rules).await;
    let late = Commit { alarm: Some(event.id), ..commit(&account, 9, "second") };
    check_eq!(store.commit(&late).await.expect("commit"), CommitOutcome::Conflict);
    check_eq!(
        entry(store, &event).await.event,
        event,
        "a refused change keeps the deferred lockout event"
    );
    let change = Commit { alarm: Some(event.id), ..commit(&account, 1, "second") };
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
