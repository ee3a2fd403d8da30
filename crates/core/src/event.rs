mod sealed_token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::after;
use crate::{Account, AccountId, AttemptReservation, Context, LockoutPolicy, Realm, UserId};

/// An event of an account that is delivered to other systems or to the holder.
///
/// `Debug` and `Serialize` omit the [sealed reset token](Self::open_token). A store keeps the whole
/// payload.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEvent {
    /// The id of the event, by which consumers recognize repeated deliveries.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// The account.
    pub account: AccountId,
    /// The name of the kind; see [`EventKind::as_str`].
    pub kind: String,
    /// Further members, as a JSON object without readable secrets.
    #[serde(serialize_with = "sealed_token::serialize_public")]
    pub payload: Value,
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// The holder changed the password, with the old one as proof.
    PasswordChanged,
    /// The password was set with a reset token.
    PasswordReset,
    /// Failures locked the account out, for the first time since it had no failures.
    AccountLocked,
    /// Failures of sign-ins locked the account out, for the first time since it had no failures.
    SignInLocked,
    /// `max_failures` was reached: the password is refused until a reset or an unlock.
    AttemptsExhausted,
    /// A reset token was issued.
    ResetRequested,
    /// An operator set the password.
    PasswordSet,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::PasswordSet,
        Self::AccountLocked,
        Self::SignInLocked,
        Self::AttemptsExhausted,
        Self::ResetRequested,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password.changed",
            Self::PasswordReset => "password.reset",
            Self::PasswordSet => "password.set",
            Self::AccountLocked => "account.locked",
            Self::SignInLocked => "sign_in.locked",
            Self::AttemptsExhausted => "attempts.exhausted",
            Self::ResetRequested => "reset.requested",
        }
    }

    /// Returns the kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl OutboxEvent {
    /// Creates an event of `account`. Its payload identifies the account and the origin of the
    /// request. `id` must be unique.
    pub fn new(
        id: Uuid,
        at: Timestamp,
        kind: EventKind,
        account: &Account,
        context: &Context,
    ) -> Self {
        // Access tokens issued up to this time are revoked; other systems can end their sessions
        // too.
        let ends_sessions = matches!(
            kind,
            EventKind::PasswordChanged | EventKind::PasswordReset | EventKind::PasswordSet
        );
        let payload = json!({
            "realm": account.realm,
            "user_id": account.user_id,
            "source": context.source,
            "request_id": context.request_id,
            "traceparent": context.traceparent,
            "peer": context.peer,
            "ip_address": context.ip_address,
            "user_agent": context.user_agent,
            "language": context.language,
            "sessions_valid_after": ends_sessions.then_some(at),
        });
        Self { id, at, account: account.id, kind: kind.as_str().to_owned(), payload }
    }

    /// Returns the realm of the account, if the payload names it.
    pub fn realm(&self) -> Option<Realm> {
        self.payload["realm"].as_str()?.parse().ok()
    }
}

impl fmt::Debug for OutboxEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, at, account, kind, .. } = self;
        f.debug_struct("OutboxEvent")
            .field("id", id)
            .field("at", at)
            .field("account", account)
            .field("kind", kind)
            .field("payload", &self.public_payload())
            .finish()
    }
}

/// The event that is written with a reservation, if a failure of the attempt locks the account out.
///
/// An attempt is reserved before its proof is verified, so its outcome is not known yet. The event
/// is therefore deferred: it is not due before [`DEFERRAL`](Self::DEFERRAL) has passed. If the
/// attempt fails, the event becomes due at once; if the reservation is released or a change is
/// committed, the event is deleted. If the process ends in between, the account stays locked out,
/// and the event is delivered after the deferral.
#[derive(Debug, Clone)]
pub struct DeferredLockoutEvent {
    template: LockoutEventTemplate,
    /// Without its profile. Few attempts raise the event, so it is not written yet.
    account: Account,
}

/// What a [`DeferredLockoutEvent`] is made of before its account is known.
#[derive(Debug, Clone)]
pub struct LockoutEventTemplate {
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) locked: EventKind,
    pub(crate) context: Arc<Context>,
}

impl LockoutEventTemplate {
    /// Creates a template. `id` must be unique. The first lockout is reported as `locked`:
    /// [`EventKind::AccountLocked`] or [`EventKind::SignInLocked`].
    pub fn new(id: Uuid, at: Timestamp, locked: EventKind, context: Context) -> Self {
        Self { id, at, locked, context: Arc::new(context) }
    }

    /// Returns the event for an attempt at `account`.
    pub fn at_account(&self, account: &Account) -> DeferredLockoutEvent {
        let Account { realm, user_id, created_at, .. } = account;
        let account = Account::new(account.id, realm.clone(), user_id.clone(), *created_at);
        DeferredLockoutEvent { template: self.clone(), account }
    }
}

impl DeferredLockoutEvent {
    /// How long an event is deferred if its attempt is not finished.
    pub const DEFERRAL: Duration = Duration::from_secs(60);

    /// The account that may be locked out.
    pub fn account(&self) -> AccountId {
        self.account.id
    }

    /// The account's realm and user id: for stores whose accounts are in a table of another
    /// application, which does not contain the [`AccountId`].
    pub fn holder(&self) -> (&Realm, &UserId) {
        (&self.account.realm, &self.account.user_id)
    }

    /// Returns the event of this reservation and its due time, if the reservation causes the first
    /// lockout or reaches `max_failures`. A store calls this with the result of
    /// [`AttemptState::reserve`](crate::AttemptState::reserve), writes the event in the same
    /// transaction, and puts its id into the reservation.
    pub fn raised_by(
        &self,
        reservation: &AttemptReservation,
        policy: &LockoutPolicy,
    ) -> Option<(OutboxEvent, Timestamp)> {
        let kind = match Self::kind(reservation.failures, policy)? {
            EventKind::AccountLocked => self.template.locked,
            kind => kind,
        };
        let LockoutEventTemplate { id, at, context, .. } = &self.template;
        let mut event = OutboxEvent::new(*id, *at, kind, &self.account, context);
        event.payload["failures"] = reservation.failures.into();
        let due_at = after(event.at, Self::DEFERRAL);
        Some((event, due_at))
    }

    /// Returns the kind of event that this number of failures in a row raises. A store whose
    /// reservation takes longer when it raises an event must do the same work for unknown
    /// identifiers; otherwise the time would show which accounts exist.
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
    fn from_name_inverts_as_str() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.as_str()), Some(kind));
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
        let (at, locked) = (Timestamp::UNIX_EPOCH, EventKind::SignInLocked);
        let template = LockoutEventTemplate::new(Uuid::nil(), at, locked, Context::new("x"));
        let deferred = template.at_account(&account());
        let second = Duration::from_secs(1);
        let policy = LockoutPolicy::new(2, second, second, 4).unwrap();
        let kinds = |policy: &LockoutPolicy| -> Vec<Option<String>> {
            let (mut state, mut now) = (AttemptState::default(), Timestamp::UNIX_EPOCH);
            let key = AttemptKey::account(account().id);
            let mut kinds = Vec::new();
            while kinds.len() < 10
                && let Ok((next, reservation)) =
                    state.reserve(&key, AttemptPath::Password, policy, now)
            {
                kinds.push(deferred.raised_by(&reservation, policy).map(|(event, _)| event.kind));
                (state, now) = (next, after(now, policy.max_delay()));
            }
            kinds
        };
        let some = |kind: EventKind| Some(kind.as_str().to_owned());
        assert_eq!(
            kinds(&policy),
            [None, some(EventKind::SignInLocked), None, some(EventKind::AttemptsExhausted)]
        );
        let never_locked = LockoutPolicy::new(2, Duration::ZERO, Duration::ZERO, 4).unwrap();
        assert_eq!(kinds(&never_locked), [None, None, None, some(EventKind::AttemptsExhausted)]);
    }
}
