//! What others are to hear of an account, and how it waits for its delivery.
//!
//! An event is written in the transaction of what it tells, so that none is lost and none invented.
//! From then on a dispatcher delivers it to its channels, at least once, and to each channel in order
//! per account: [`OutboxStore`] is all that a dispatcher needs of a store.

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
    /// Failures locked the account out for a while, for the first time since it last had none.
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
    pub fn from_name(name: &str) -> Option<Self> {
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
/// is therefore deferred: it is not due before [`DEFERRAL`](Self::DEFERRAL) has passed. An attempt that is
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
    pub const DEFERRAL: Duration = Duration::from_secs(60);

    /// The event of attempts at `account` that come from `context`. `id` must be fresh.
    pub fn new(id: Uuid, at: Timestamp, account: &Account, context: &Context) -> Self {
        Self {
            event: OutboxEvent::new(id, at, EventKind::AccountLocked, account, context),
            realm: account.realm.clone(),
            user_id: account.user_id.clone(),
        }
    }

    /// The account that may be locked out.
    pub const fn account(&self) -> AccountId {
        self.event.account
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
        reservation: &AttemptReservation,
        rules: &LockoutPolicy,
    ) -> Option<(OutboxEvent, Timestamp)> {
        let kind = Self::kind(reservation.failures, rules)?;
        let mut event = self.event.clone();
        event.kind = kind.as_str().to_owned();
        event.payload["failures"] = reservation.failures.into();
        let due_at = after(event.at, Self::DEFERRAL);
        Some((event, due_at))
    }

    /// What so many failures in a row raise, of an identifier without an account too: a store that
    /// does more work for a reservation that raises an event does it for every identifier, or its time
    /// would tell which of them have an account.
    pub fn kind(failures: u32, policy: &LockoutPolicy) -> Option<EventKind> {
        if failures == policy.max_failures() {
            Some(EventKind::AttemptsExhausted)
        } else if failures == policy.threshold() && !policy.delay(failures).is_zero() {
            Some(EventKind::AccountLocked)
        } else {
            None
        }
    }
}

/// How far an event is on its way, to one channel or to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It waits for its delivery, or for the next try.
    Pending,
    /// The channel has it; of an event, every channel.
    Delivered,
    /// It was given up; of an event, for one channel at least, and no channel still waits for it. An
    /// operator may have it tried again.
    Discarded,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Discarded];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Discarded => "discarded",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// How the delivery of an event to one channel stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The channel's name.
    pub channel: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was claimed since the event was written, or since an operator had it tried again.
    pub tries: u32,
    /// While it is pending, nobody claims it before this moment.
    pub due_at: Timestamp,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// An event and how its deliveries stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEntry {
    /// The event.
    #[serde(flatten)]
    pub event: OutboxEvent,
    /// How far it is.
    pub state: DeliveryState,
    /// Before this moment nobody claims it for any channel.
    pub due_at: Timestamp,
    /// The deliveries that were claimed once at least, by channel in ascending order.
    pub deliveries: Vec<Delivery>,
}

/// An event to be delivered to one channel now.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedEvent {
    /// The event.
    pub event: OutboxEvent,
    /// The account it is about.
    pub holder: Account,
    /// Which claim this is.
    pub claim: Claim,
}

/// One claim of one delivery. It holds until its lease is over and the delivery is claimed again; an
/// outcome reported under an older claim is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which event.
    pub event: Uuid,
    /// To which channel.
    pub channel: String,
    /// How often the delivery has been claimed, this time included.
    pub tries: u32,
}

/// Which deliveries to claim.
#[derive(Debug, Clone, Copy)]
pub struct ClaimEvents<'a> {
    /// The names of all channels that events are delivered to.
    pub channels: &'a [&'a str],
    /// The present time.
    pub now: Timestamp,
    /// How long nobody else gets what is claimed.
    pub lease: Duration,
    /// The most deliveries to claim.
    pub limit: u32,
}

/// How a claimed delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The channel has the event.
    Delivered,
    /// It is due again at `next_try`.
    Retry {
        /// When.
        next_try: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// It is given up. Later events of the account no longer wait for it.
    Discarded {
        /// Why it failed.
        error: String,
    },
}

/// Which events to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutboxFilter {
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only those that are listed after the event of this time and id, to page on.
    pub before: Option<(Timestamp, Uuid)>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// Events on their way to their channels. Dispatchers of several processes may share one.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Claims deliveries of pending events that are due, those due first first. A delivery is
    /// claimed by one caller until its lease is over. While an earlier pending event of an account
    /// was neither delivered to a channel nor given up for it, no later event of the account is
    /// claimed for that channel, so that a channel gets the events of each account in the order
    /// written, whatever becomes of other channels. An event whose account is gone is discarded.
    ///
    /// # Errors
    /// When the store fails.
    async fn claim(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError>;

    /// Writes down how a delivery ended. An event that was delivered or given up for every one of
    /// `channels`, which are those it was claimed with, is pending no longer.
    ///
    /// # Errors
    /// When the store fails.
    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError>;

    /// Events with how they stand, newest first. Those of the same time stand in an order of the
    /// store's own, the same each time.
    ///
    /// # Errors
    /// When the store fails.
    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError>;

    /// The event of this id with how it stands.
    ///
    /// # Errors
    /// When the store fails.
    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError>;

    /// Has an event that is not delivered tried again at `audit.at`, with all its tries, for each
    /// channel that does not have it. Says whether there is such an event.
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
    use crate::{AttemptKey, AttemptPath, AttemptState};

    fn account() -> Account {
        let id = AccountId(Uuid::from_u128(1));
        let (realm, user_id) = ("shop".parse().unwrap(), "pat".parse().unwrap());
        Account::new(id, realm, user_id, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.as_str()), Some(kind));
        }
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::from_name(state.as_str()), Some(state));
        }
        assert_eq!(EventKind::from_name("password"), None);
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
    fn lockout_events_are_raised_by_the_first_lockout_and_the_last() {
        let deferred = DeferredLockoutEvent::new(
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
            while kinds.len() < 10
                && let Ok((next, reservation)) =
                    state.reserve(&key, AttemptPath::Password, rules, now)
            {
                kinds.push(deferred.raised_by(&reservation, rules).map(|(event, _)| event.kind));
                (state, now) = (next, after(now, rules.max_delay()));
            }
            kinds
        };
        let some = |kind: EventKind| Some(kind.as_str().to_owned());
        assert_eq!(
            kinds(&rules),
            [None, some(EventKind::AccountLocked), None, some(EventKind::AttemptsExhausted)]
        );
        let never_locked = LockoutPolicy::new(2, Duration::ZERO, Duration::ZERO, 4).unwrap();
        assert_eq!(kinds(&never_locked), [None, None, None, some(EventKind::AttemptsExhausted)]);
    }
}
