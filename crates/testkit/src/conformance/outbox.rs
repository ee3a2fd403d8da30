//! Checks of events on their way to their channels.
//!
//! A claim takes whatever is due, so these checks look at the events of their own accounts only, and
//! claim everything there is.

use std::time::Duration;

use jiff::Timestamp;

use super::sample::{
    account, at, audit, commit, event, hash, key, realm, reset_token, rules, uuid,
};
use repass_core::{
    Account, AdministrationStore, AttemptAlarm, AttemptPath, AttemptRules, AttemptTicket, Claim,
    ClaimedEvent, Commit, Committed, Context, OutboxEntry, OutboxEvent, OutboxFilter, OutboxState,
};

const MINUTE: Duration = Duration::from_secs(60);

/// An account with a first password, in a realm of its own.
async fn added(store: &dyn AdministrationStore) -> Account {
    let account = account(&realm(), "pat");
    let record = audit(&account, "account.add");
    store.add_account(&account, Some(&hash("first")), &record).await.expect("add_account");
    account
}

/// Changes the account's password so many times, and gives the events of it.
async fn changed(store: &dyn AdministrationStore, account: &Account, n: i64) -> Vec<OutboxEvent> {
    let mut events = Vec::new();
    for version in 1..=n {
        let change = commit(account, version, "next");
        let done = store.commit(&change).await.expect("commit");
        assert!(matches!(done, Committed::Done { .. }));
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
    assert_eq!(claimed.len(), 1, "one event of an account is given out at a time");
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
    assert_eq!(of(&account), events[..1], "the first, and none before it is done");
    assert_eq!(of(&other), others, "accounts do not wait for each other");
    let first = claimed.into_iter().find(|claimed| claimed.event == events[0]).expect("claimed");
    assert_eq!(first.claim, Claim { event: events[0].id, tries: 1 });
    assert_eq!(first.holder.id, account.id, "with whom it is about");
    assert!(first.delivered.is_empty());
    assert!(claim(store, &account, at(59)).await.is_empty(), "it is leased");

    store.finished(first.claim).await.expect("finished");
    let second = only(store, &account, at(59)).await;
    assert_eq!(second.event, events[1], "then the next");
    store.failed(second.claim, at(500), "refused").await.expect("failed");
    assert!(claim(store, &account, at(499)).await.is_empty(), "the third waits for the second");
    let second = only(store, &account, at(500)).await;
    assert_eq!((&second.event, second.claim.tries), (&events[1], 2), "which is tried again");
    store.dead(second.claim, "given up").await.expect("dead");
    let third = only(store, &account, at(500)).await;
    assert_eq!(third.event, events[2], "nobody waits for what was given up");

    let states: Vec<_> = [
        entry(store, &events[0]).await,
        entry(store, &events[1]).await,
        entry(store, &events[2]).await,
    ]
    .into_iter()
    .map(|entry| (entry.state, entry.tries, entry.error))
    .collect();
    let given_up = Some("given up".to_owned());
    assert_eq!(
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
    assert_eq!(late.claim.tries, 2, "whoever claimed it first is taken for dead");
    assert_eq!(late.delivered, ["mail"], "what was delivered stays so");

    store.finished(early.claim).await.expect("finished");
    store.failed(early.claim, at(0), "late").await.expect("failed");
    store.dead(early.claim, "late").await.expect("dead");
    let kept = entry(store, &late.event).await;
    assert_eq!((kept.state, kept.due_at), (OutboxState::Pending, at(120)), "its word is void");
    assert_eq!(kept.error, None);
}

pub(super) async fn one_courier_of_many_gets_an_event(
    store: &std::sync::Arc<dyn AdministrationStore>,
) {
    let account = added(&**store).await;
    changed(&**store, &account, 2).await;
    let couriers: Vec<_> = (0..super::sample::RIVALS)
        .map(|_| {
            let (store, account) = (std::sync::Arc::clone(store), account.clone());
            tokio::spawn(async move { claim(&*store, &account, at(0)).await.len() })
        })
        .collect();
    let mut claimed = 0;
    for courier in couriers {
        claimed += courier.await.expect("a task that claims");
    }
    assert_eq!(claimed, 1, "of many at once one gets it, and nobody the next");
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
    assert_eq!(entry(store, &expected.event).await, expected);
    assert_eq!(only(store, &account, at(9)).await.delivered, expected.delivered);
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
    assert!(dead.iter().any(|entry| entry.event == events[0]), "it is listed");
    assert!(dead.iter().all(|entry| entry.state == OutboxState::Dead), "with its like");
    let all = store.entries(&OutboxFilter { state: None, limit: 100_000 }).await.expect("entries");
    let own = all.into_iter().filter(|entry| entry.event.account == account.id);
    let own: Vec<_> = own.map(|entry| entry.event).collect();
    assert_eq!(own, [events[2].clone(), events[1].clone(), events[0].clone()], "newest first");
    let one = store.entries(&OutboxFilter { state: None, limit: 1 }).await.expect("entries");
    assert_eq!(one.len(), 1, "at most as many as asked for");

    let record = repass_core::AuditRecord { at: at(7), ..audit(&account, "outbox.retry") };
    assert!(store.retry_event(events[0].id, &record).await.expect("retry_event"));
    let again = only(store, &account, at(7)).await;
    assert_eq!((&again.event, again.claim.tries), (&events[0], 1), "with all its tries");
    assert_eq!(again.delivered, ["webhook"], "who has it does not get it again");
    let record = audit(&account, "outbox.retry");
    let retried = store.retry_event(events[1].id, &record).await.expect("retry_event");
    assert!(!retried, "it is delivered");
    assert!(!store.retry_event(uuid(), &record).await.expect("retry_event"), "there is none");

    let record = audit(&account, "outbox.drop");
    assert!(store.drop_event(events[0].id, &record).await.expect("drop_event"));
    assert_eq!(store.entry(events[0].id).await.expect("entry"), None, "it is gone");
    let again = audit(&account, "outbox.drop");
    assert!(!store.drop_event(events[0].id, &again).await.expect("drop_event"), "once");
    assert_eq!(only(store, &account, at(7)).await.event, events[2], "nobody waits for it");
    let filter =
        repass_core::AuditFilter { account: Some(account.id), limit: 100, ..Default::default() };
    let trail = store.audit(&filter).await.expect("audit");
    let acts: Vec<_> = trail.iter().map(|record| record.action.as_str()).take(3).collect();
    assert_eq!(acts, ["outbox.drop", "outbox.retry", "password.change"], "what was done only");
}

pub(super) async fn resets_are_told(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let told = event(account.id, 3);
    let record = audit(&account, "reset-token.add");
    store.add_reset_token(&reset_token(&account), &record, &told).await.expect("add_reset_token");
    let kept = entry(store, &told).await;
    assert_eq!((&kept.event, kept.due_at), (&told, at(3)), "due at once");

    let absent = self::account(&realm(), "absent");
    let stray = event(absent.id, 3);
    let record = audit(&absent, "reset-token.add");
    let refused = store.add_reset_token(&reset_token(&absent), &record, &stray).await;
    assert!(refused.is_err(), "there is no such account");
    assert_eq!(store.entry(stray.id).await.expect("entry"), None, "so there is nothing to tell");
}

/// Charges until the account closes, and gives that ticket.
async fn closed(
    store: &dyn AdministrationStore,
    account: &Account,
    rules: &AttemptRules,
) -> (OutboxEvent, AttemptTicket) {
    let (path, key) = (AttemptPath::Password, key(account));
    for failures in 1.. {
        let alarm = AttemptAlarm::new(uuid(), at(0), account, &Context::new("conformance"));
        let ticket = store.charge(&key, path, rules, at(0), Some(&alarm)).await;
        let ticket = ticket.expect("charge").expect("open until then");
        let raised = alarm.raised_by(&ticket, rules).map(|(event, _)| event);
        assert_eq!(ticket.alarm, raised.as_ref().map(|event| event.id), "failure {failures}");
        if let Some(event) = raised {
            return (event, ticket);
        }
    }
    unreachable!("the account closes some time")
}

pub(super) async fn closing_an_account_is_told(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let rules = AttemptRules { limit: 5, ..rules(3, Duration::from_micros(1)) };
    let (event, _) = closed(store, &account, &rules).await;
    let held = entry(store, &event).await;
    assert_eq!((&held.event, held.due_at), (&event, at(60)), "held until the proof is judged");
    assert!(claim(store, &account, at(59)).await.is_empty());

    let record = repass_core::AuditRecord { at: at(1), ..audit(&account, "password.change") };
    store.record(&record, Some(event.id)).await.expect("record");
    let told = only(store, &account, at(1)).await;
    assert_eq!(told.event, event, "the proof was wrong: due at once");
    store.record(&audit(&account, "x"), Some(event.id)).await.expect("record");
    assert_eq!(entry(store, &event).await.due_at, at(61), "and no lease is cut short");
    store.record(&audit(&account, "x"), Some(uuid())).await.expect("an event that is gone");

    let silent = AttemptAlarm::new(uuid(), at(2), &account, &Context::new("conformance"));
    let path = AttemptPath::Password;
    let ticket = store.charge(&key(&account), path, &rules, at(2), Some(&silent)).await;
    assert_eq!(ticket.expect("charge").expect("open").alarm, None, "told once");
    let alarm = AttemptAlarm::new(uuid(), at(3), &account, &Context::new("conformance"));
    let ticket = store.charge(&key(&account), path, &rules, at(3), Some(&alarm)).await;
    let last = ticket.expect("charge").expect("open").alarm.expect("the limit is told");
    let last = store.entry(last).await.expect("entry").expect("kept");
    assert_eq!(last.event.kind, "attempts.exhausted");
    let refused = store.charge(&key(&account), path, &rules, at(4), Some(&alarm)).await;
    assert!(refused.expect("charge").is_err(), "closed for good; nothing more to tell");
}

pub(super) async fn right_proofs_take_alarms_back(store: &dyn AdministrationStore) {
    let rules = rules(2, MINUTE);
    let account = added(store).await;
    let (event, ticket) = closed(store, &account, &rules).await;
    store.refund(&ticket).await.expect("refund");
    assert_eq!(store.entry(event.id).await.expect("entry"), None, "by a refund");

    let account = added(store).await;
    let (event, _) = closed(store, &account, &rules).await;
    let late = Commit { alarm: Some(event.id), ..commit(&account, 9, "second") };
    assert_eq!(store.commit(&late).await.expect("commit"), Committed::Conflict);
    assert_eq!(entry(store, &event).await.event, event, "not by a refused change");
    let change = Commit { alarm: Some(event.id), ..commit(&account, 1, "second") };
    store.commit(&change).await.expect("commit");
    assert_eq!(store.entry(event.id).await.expect("entry"), None, "by a change");
    assert_eq!(only(store, &account, at(0)).await.event, change.event, "which is told itself");
}
