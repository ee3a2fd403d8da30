//! What others are to hear of an account, and how it waits for its delivery.
//!
//! An event is written in the transaction of what it tells, so that none is lost and none invented.
//! From then on a courier takes it to its channels, at least once and in order per account:
//! [`OutboxStore`] is all that a courier needs of a store.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::after;
use crate::{
    Account, AccountId, AttemptReservation, AuditRecord, Context, LockoutPolicy, Realm, StoreError,
    UserId,
};

/// Something that happened to an account which others want to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEvent {
    /// Which event; consumers tell repeats by it.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// To which account.
    pub account: AccountId,
    /// What happened, as [`EventKind::as_str`] spells it.
    pub kind: String,
    /// What else there is to know, as a JSON object; never a secret.
    pub payload: Value,
}

/// What can have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// The holder changed the password, with the old one as proof.
    PasswordChanged,
    /// The password was set with a reset token.
    PasswordReset,
    /// Failures closed the account for a while, for the first time since it was last open for good.
    AccountLocked,
    /// So many failures in a row that the old password counts no more.
    AttemptsExhausted,
    /// A reset token was issued.
    ResetRequested,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::AccountLocked,
        Self::AttemptsExhausted,
        Self::ResetRequested,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password.changed",
            Self::PasswordReset => "password.reset",
            Self::AccountLocked => "account.locked",
            Self::AttemptsExhausted => "attempts.exhausted",
            Self::ResetRequested => "reset.requested",
        }
    }

    /// The kind of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl OutboxEvent {
    /// The event that `kind` happened to `account`, with what every event tells: whose account it
    /// is, and where the request came from. `id` must be fresh.
    pub fn new(
        id: Uuid,
        at: Timestamp,
        kind: EventKind,
        account: &Account,
        context: &Context,
    ) -> Self {
        // Access tokens issued before this moment are void; other systems may follow suit.
        let ends_sessions = matches!(kind, EventKind::PasswordChanged | EventKind::PasswordReset);
        let payload = json!({
            "realm": account.realm,
            "user_id": account.user_id,
            "source": context.source,
            "request_id": context.request_id,
            "peer": context.peer,
            "ip_address": context.ip_address,
            "user_agent": context.user_agent,
            "language": context.language,
            "sessions_valid_after": ends_sessions.then_some(at),
        });
        Self { id, at, account: account.id, kind: kind.as_str().to_owned(), payload }
    }
}

/// The event to write with a reservation that locks the account out, should the attempt fail.
///
/// An attempt is reserved before its proof is verified, so whether it fails is not known yet. The event
/// is therefore deferred: it is not due before [`HOLD`](Self::HOLD) has passed. An attempt that is
/// finished as failed makes it due at once; one that is released, or a commit, withdraws it. When the
/// process dies in between, the attempt stays reserved, the account is locked out, and the event tells
/// so when its time has come.
#[derive(Debug, Clone)]
pub struct DeferredLockoutEvent {
    event: OutboxEvent,
    realm: Realm,
    user_id: UserId,
}

impl DeferredLockoutEvent {
    /// How long an event is deferred, unless its attempt is finished earlier.
    pub const HOLD: Duration = Duration::from_secs(60);

    /// An alarm for tries at `account` that come from `context`. `id` must be fresh.
    pub fn new(id: Uuid, at: Timestamp, account: &Account, context: &Context) -> Self {
        Self {
            event: OutboxEvent::new(id, at, EventKind::AccountLocked, account, context),
            realm: account.realm.clone(),
            user_id: account.user_id.clone(),
        }
    }

    /// The account's realm, and how the vendor calls it there: for stores whose accounts stand in a
    /// table of somebody else's, which does not know the event's `account`.
    pub fn holder(&self) -> (&Realm, &UserId) {
        (&self.realm, &self.user_id)
    }

    /// The event of this reservation, and when it is due, if the reservation locked the account out for
    /// the first time, or for good. A store calls this with the reservation that
    /// [`AttemptState::reserve`](crate::AttemptState::reserve) gave, writes the event in the same
    /// transaction, and puts its id into the reservation.
    pub fn raised_by(
        &self,
        ticket: &AttemptReservation,
        rules: &LockoutPolicy,
    ) -> Option<(OutboxEvent, Timestamp)> {
        let kind = if ticket.failures == rules.max_failures() {
            EventKind::AttemptsExhausted
        } else if ticket.failures == rules.threshold() && !rules.delay(ticket.failures).is_zero() {
            EventKind::AccountLocked
        } else {
            return None;
        };
        let mut event = self.event.clone();
        event.kind = kind.as_str().to_owned();
        event.payload["failures"] = ticket.failures.into();
        let due_at = after(event.at, Self::HOLD);
        Some((event, due_at))
    }
}

/// How far an event is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxState {
    /// It waits for its delivery, or for the next try.
    Pending,
    /// Every channel has it.
    Delivered,
    /// It was given up; an operator may have it tried again.
    Dead,
}

impl OutboxState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The state of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// An event and how its delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEntry {
    /// The event.
    #[serde(flatten)]
    pub event: OutboxEvent,
    /// How far it is.
    pub state: OutboxState,
    /// How often it was claimed since it was written, or since an operator had it tried again.
    pub tries: u32,
    /// Before this moment nobody claims it: until then it is held, or leased, or waits for the next
    /// try.
    pub due_at: Timestamp,
    /// Why the last try failed.
    pub error: Option<String>,
    /// The channels that have it, by name in ascending order.
    pub delivered: Vec<String>,
}

/// An event that a courier may deliver now.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedEvent {
    /// The event.
    pub event: OutboxEvent,
    /// Whom it is about.
    pub holder: Account,
    /// The channels that have it already.
    pub delivered: Vec<String>,
    /// Which claim this is.
    pub claim: Claim,
}

/// One claim of one event. It holds until its lease is over and somebody else claims the event; what
/// is reported under an older claim is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Which event.
    pub event: Uuid,
    /// How often it has been claimed, this time included.
    pub tries: u32,
}

/// Which events to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutboxFilter {
    /// Only those in this state.
    pub state: Option<OutboxState>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// Events on their way to their channels. Couriers of several processes may share one.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Claims at most `limit` events that are due, those due first first. Nobody else gets them
    /// until `now` plus `lease`. While an earlier event of an account is pending, none of its later
    /// ones is given out, so that each account's events are delivered in the order written. One whose
    /// account is gone is given up.
    ///
    /// # Errors
    /// When the store fails.
    async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ClaimedEvent>, StoreError>;

    /// Notes that a channel has the event, whatever becomes of the others.
    ///
    /// # Errors
    /// When the store fails.
    async fn delivered(&self, claim: Claim, channel: &str) -> Result<(), StoreError>;

    /// Every channel has the event: it is done.
    ///
    /// # Errors
    /// When the store fails.
    async fn finished(&self, claim: Claim) -> Result<(), StoreError>;

    /// Some channel does not have it yet; it is due again at `next_try`.
    ///
    /// # Errors
    /// When the store fails.
    async fn failed(
        &self,
        claim: Claim,
        next_try: Timestamp,
        error: &str,
    ) -> Result<(), StoreError>;

    /// It is given up. Later events of the account no longer wait for it.
    ///
    /// # Errors
    /// When the store fails.
    async fn dead(&self, claim: Claim, error: &str) -> Result<(), StoreError>;

    /// Events with how they stand, newest first.
    ///
    /// # Errors
    /// When the store fails.
    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError>;

    /// The event of this id with how it stands.
    ///
    /// # Errors
    /// When the store fails.
    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError>;

    /// Has an event that is not delivered tried again at `audit.at`, with all its tries. Channels
    /// that have it do not get it again. Says whether there is such an event.
    ///
    /// # Errors
    /// When the store fails.
    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError>;

    /// Removes an event, delivered or not. Says whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttemptKey, AttemptPath, AttemptState, Profile};

    fn account() -> Account {
        Account {
            id: AccountId(Uuid::from_u128(1)),
            realm: "shop".parse().unwrap(),
            user_id: "pat".parse().unwrap(),
            email: None,
            username: None,
            profile: Profile::default(),
            active: true,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::of(kind.as_str()), Some(kind));
        }
        for state in OutboxState::ALL {
            assert_eq!(OutboxState::of(state.as_str()), Some(state));
        }
        assert_eq!(EventKind::of("password"), None);
    }

    #[test]
    fn sessions_end_with_the_password_only() {
        for kind in EventKind::ALL {
            let at = Timestamp::UNIX_EPOCH;
            let event = OutboxEvent::new(Uuid::nil(), at, kind, &account(), &Context::new("x"));
            let ends = kind.as_str().starts_with("password.");
            assert_eq!(event.payload["sessions_valid_after"].is_null(), !ends, "{event:?}");
        }
    }

    #[test]
    fn an_alarm_is_raised_by_the_first_closing_and_by_the_last() {
        let alarm = DeferredLockoutEvent::new(
            Uuid::nil(),
            Timestamp::UNIX_EPOCH,
            &account(),
            &Context::new("x"),
        );
        let second = Duration::from_secs(1);
        let rules = LockoutPolicy::new(2, second, second, 4).unwrap();
        let kinds = |rules: &LockoutPolicy| -> Vec<Option<String>> {
            let (mut state, mut now) = (AttemptState::default(), Timestamp::UNIX_EPOCH);
            let key = AttemptKey::account(account().id);
            let mut kinds = Vec::new();
            while let Ok((next, ticket)) = state.reserve(&key, AttemptPath::Password, rules, now) {
                kinds.push(alarm.raised_by(&ticket, rules).map(|(event, _)| event.kind));
                (state, now) = (next, after(now, rules.max_delay()));
            }
            kinds
        };
        let some = |kind: EventKind| Some(kind.as_str().to_owned());
        assert_eq!(
            kinds(&rules),
            [None, some(EventKind::AccountLocked), None, some(EventKind::AttemptsExhausted)]
        );
        let never_closed = LockoutPolicy::new(2, Duration::ZERO, Duration::ZERO, 4).unwrap();
        assert_eq!(kinds(&never_closed), [None, None, None, some(EventKind::AttemptsExhausted)]);
    }
}
