//! Limits on failed attempts, and lockouts (NIST SP 800-63B-4, 3.2.2).
//!
//! An attempt is reserved before its proof is verified, so parallel guesses cannot exceed the
//! limit. While an account is locked out, attempts are refused without being verified or reserved.
//! Failures of old passwords and of reset tokens are counted together, but a failure locks its own
//! path only: wrong passwords do not prevent a reset. Wrong reset tokens do not prevent it either,
//! because the [`Engine`](crate::Engine) accepts the right one while the reset path is locked.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::after;
use crate::{AccountId, InstallationKey, LockoutPolicy, Subject, fold_name};

/// The kind of proof that an attempt presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptPath {
    /// The old password.
    Password,
    /// A reset token.
    Reset,
}

/// The key of the row that counts the attempts at one account or identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    bytes: [u8; 32],
    /// Whether the identifier belongs to no account.
    unknown: bool,
}

impl AttemptKey {
    /// How long failures of an unknown identifier are kept: long enough that it behaves like an
    /// account, short enough to bound the number of rows. Then the engine
    /// [deletes](crate::CredentialStore::delete_expired_attempts) the row.
    pub const UNKNOWN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Returns the key of an account.
    pub fn account(id: AccountId) -> Self {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(id.0.as_bytes());
        Self { bytes, unknown: false }
    }

    /// Returns the key of an identifier that belongs to no account: a keyed digest, so that the
    /// table does not contain the identifiers.
    pub fn unknown(subject: &Subject, key: &InstallationKey) -> Self {
        let realm = subject.realm.as_str().as_bytes();
        // Normalized as for an account. Otherwise two spellings of one identifier would be counted
        // apart, and the first 429 would show whether the account exists.
        let user_id = subject.valid_user_id().map_or_else(|| subject.user_id.clone(), String::from);
        let email = fold_name(subject.email.as_deref().unwrap_or_default());
        let bytes =
            key.digest("unknown identifier", &[realm, user_id.as_bytes(), email.as_bytes()]);
        Self { bytes, unknown: true }
    }

    /// Distinguishes unknown identifiers in audit records without naming them.
    pub(crate) fn audit_detail(&self) -> String {
        format!("unknown:{}", data_encoding::HEXLOWER.encode(&self.bytes[..8]))
    }

    /// The 32 bytes of the key, for a store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// The failures of an account, or of an unknown identifier; one row of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttemptState {
    /// Failures in a row, of both paths together.
    pub failures: u32,
    /// When the lockout of the old password ends.
    pub password_locked_until: Option<Timestamp>,
    /// When the lockout of reset tokens ends.
    pub reset_locked_until: Option<Timestamp>,
    /// When the row expires and may be deleted; `None` for an account, whose row never expires.
    pub expires_at: Option<Timestamp>,
}

/// A reserved attempt: a failure that is counted until the reservation is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptReservation {
    /// The key of the row.
    pub key: AttemptKey,
    /// The kind of proof.
    pub path: AttemptPath,
    /// The failures of the row, this attempt included.
    pub failures: u32,
    /// When the lockout before this attempt ended, if there was one.
    pub previously_locked_until: Option<Timestamp>,
    /// When the lockout ends if this attempt fails.
    pub locked_until: Option<Timestamp>,
    /// The deferred event that the store wrote with the reservation, if any (see
    /// [`DeferredLockoutEvent`](crate::DeferredLockoutEvent)).
    pub deferred_event: Option<Uuid>,
}

/// The account is locked out for one kind of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedOut {
    /// When the lockout ends; `None` when only a reset or an operator ends it.
    pub until: Option<Timestamp>,
}

/// By how much the clocks of nodes may differ.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(60);

impl AttemptState {
    /// Reserves one attempt. A store calls this inside a transaction that locks the row, with the
    /// default state if there is no row, and writes the returned state back.
    ///
    /// # Errors
    /// When the account is locked out for this kind of proof; then the row stays unchanged.
    pub fn reserve(
        mut self,
        key: &AttemptKey,
        path: AttemptPath,
        policy: &LockoutPolicy,
        now: Timestamp,
    ) -> Result<(Self, AttemptReservation), LockedOut> {
        if self.expires_at.is_some_and(|at| at <= now) {
            self = Self::default();
        }
        if path == AttemptPath::Password && self.failures >= policy.max_failures() {
            return Err(LockedOut { until: None });
        }
        let previously_locked_until = *self.locked_until_mut(path);
        // No rule locks for longer than `max_delay`: a later end is of a clock that ran ahead by
        // more than clocks of nodes may differ.
        let latest = after(now, policy.max_delay().saturating_add(CLOCK_DIFFERENCE));
        let is_locked = |until: &Timestamp| *until > now && *until <= latest;
        if let Some(until) = previously_locked_until.filter(is_locked) {
            return Err(LockedOut { until: Some(until) });
        }
        self.failures = self.failures.saturating_add(1);
        let delay = policy.delay(self.failures);
        let locked_until = (!delay.is_zero()).then(|| after(now, delay));
        *self.locked_until_mut(path) = locked_until;
        self.expires_at = key.unknown.then(|| after(now, AttemptKey::UNKNOWN_LIFETIME));
        let reservation = AttemptReservation {
            key: key.clone(),
            path,
            failures: self.failures,
            previously_locked_until,
            locked_until,
            deferred_event: None,
        };
        Ok((self, reservation))
    }

    /// Releases a reservation whose proof was right or was not verified.
    #[must_use]
    pub fn release(mut self, reservation: &AttemptReservation) -> Self {
        // A later failure may have extended the lockout; then it stays. A store keeps moments to
        // the microsecond, so they are compared to that.
        let microsecond = |moment: Option<Timestamp>| moment.map(Timestamp::as_microsecond);
        if microsecond(*self.locked_until_mut(reservation.path))
            == microsecond(reservation.locked_until)
        {
            *self.locked_until_mut(reservation.path) = reservation.previously_locked_until;
        }
        self.failures = self.failures.saturating_sub(1);
        self
    }

    fn locked_until_mut(&mut self, path: AttemptPath) -> &mut Option<Timestamp> {
        match path {
            AttemptPath::Password => &mut self.password_locked_until,
            AttemptPath::Reset => &mut self.reset_locked_until,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key() -> AttemptKey {
        AttemptKey::account(AccountId(Uuid::nil()))
    }

    fn reserve(
        state: AttemptState,
        path: AttemptPath,
        now: Timestamp,
    ) -> Result<(AttemptState, AttemptReservation), LockedOut> {
        state.reserve(&key(), path, &LockoutPolicy::default(), now)
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_locked_out_account_refuses_without_reserving() {
        let mut state = AttemptState::default();
        for _ in 0..3 {
            state = reserve(state, AttemptPath::Password, second(0)).unwrap().0;
        }
        let locked_out = LockedOut { until: Some(second(1)) };
        assert_eq!(reserve(state, AttemptPath::Password, second(0)).unwrap_err(), locked_out);
        let (state, _) = reserve(state, AttemptPath::Password, second(1)).unwrap();
        assert_eq!(state.failures, 4);
        assert_eq!(state.password_locked_until, Some(second(3)));
    }

    /// Proves NIST 3.2.2 limit.
    #[test]
    fn at_the_limit_only_the_password_path_is_locked() {
        let mut state = AttemptState::default();
        let mut now = 0;
        while state.failures < 200
            && let Ok((next, _)) = reserve(state, AttemptPath::Password, second(now))
        {
            state = next;
            now += 900;
        }
        assert_eq!(state.failures, 100);
        assert_eq!(
            reserve(state, AttemptPath::Password, second(now * 2)).unwrap_err(),
            LockedOut { until: None }
        );
        assert!(reserve(state, AttemptPath::Reset, second(now)).is_ok());
    }

    /// Proves A6.
    #[test]
    fn a6_a_lockout_by_a_clock_that_ran_ahead_does_not_outlast_the_longest_delay() {
        let day = 24 * 3600;
        let mut state = AttemptState::default();
        for _ in 0..3 {
            state = reserve(state, AttemptPath::Password, second(day)).unwrap().0;
        }
        assert!(reserve(state, AttemptPath::Password, second(day - 899)).is_err());
        let (state, reservation) = reserve(state, AttemptPath::Password, second(0)).unwrap();
        assert_eq!((state.failures, reservation.locked_until), (4, Some(second(2))));
    }

    #[test]
    fn guessing_passwords_does_not_lock_the_reset_path() {
        let mut state = AttemptState::default();
        for _ in 0..3 {
            state = reserve(state, AttemptPath::Password, second(0)).unwrap().0;
        }
        assert!(reserve(state, AttemptPath::Password, second(0)).is_err());
        let (state, _) = reserve(state, AttemptPath::Reset, second(0)).unwrap();
        assert!(reserve(state, AttemptPath::Reset, second(0)).is_err());
    }

    #[test]
    fn a_release_restores_the_state_before() {
        let mut state = AttemptState::default();
        for _ in 0..2 {
            state = reserve(state, AttemptPath::Password, second(0)).unwrap().0;
        }
        let (reserved, reservation) = reserve(state, AttemptPath::Password, second(0)).unwrap();
        assert!(reserved.password_locked_until.is_some());
        assert_eq!(reserved.release(&reservation), state);
    }

    #[test]
    fn a_release_keeps_the_failures_of_other_attempts() {
        let (one, first) =
            reserve(AttemptState::default(), AttemptPath::Password, second(0)).unwrap();
        let (two, _) = reserve(one, AttemptPath::Password, second(0)).unwrap();
        let (three, _) = reserve(two, AttemptPath::Password, second(0)).unwrap();
        let after = three.release(&first);
        assert_eq!(after.failures, 2);
        assert_eq!(after.password_locked_until, three.password_locked_until);
        assert_eq!(AttemptState::default().release(&first).failures, 0);
    }

    #[test]
    fn a_release_keeps_the_lockout_of_a_later_failure() {
        let path = AttemptPath::Password;
        let mut state = AttemptState::default();
        for _ in 0..2 {
            state = reserve(state, path, second(0)).unwrap().0;
        }
        let (state, first) = reserve(state, path, second(0)).unwrap();
        let (state, slow) = reserve(state, path, second(1)).unwrap();
        let state = state.release(&first);
        let (state, _) = reserve(state, path, second(3)).unwrap();
        // The count of failures is the same as for the slow attempt, but by other failures.
        assert_eq!(state.failures, slow.failures);
        let released = state.release(&slow);
        assert_eq!(released.failures, 3);
        assert_eq!(released.password_locked_until, Some(second(5)));
    }

    #[test]
    fn a_release_finds_its_lockout_in_a_store_that_keeps_microseconds() {
        let now = Timestamp::from_nanosecond(1_234_567_891).unwrap();
        let policy =
            LockoutPolicy::new(1, Duration::from_secs(1), Duration::from_secs(900), 100).unwrap();
        let (state, reservation) =
            AttemptState::default().reserve(&key(), AttemptPath::Reset, &policy, now).unwrap();
        let until = state.reset_locked_until.unwrap();
        let kept = Timestamp::from_microsecond(until.as_microsecond()).unwrap();
        let stored = AttemptState { reset_locked_until: Some(kept), ..state };
        assert_eq!(stored.release(&reservation), AttemptState::default());
    }

    /// Proves ASVS 6.3.8.
    #[test]
    fn asvs_6_3_8_spellings_of_one_unknown_identifier_share_a_row() {
        let installation = InstallationKey::from_bytes([1; 32]);
        let key = |user: &str, email: &str| {
            let subject = Subject::new("a".parse().unwrap(), user).with_email(email);
            AttemptKey::unknown(&subject, &installation)
        };
        let lower = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";
        assert_eq!(key(lower, "p@x.org"), key(&lower.to_uppercase(), "P@X.org"));
        assert_ne!(key("Pat", ""), key("pat", ""), "these would be two accounts");
        assert_ne!(key("not\na user id", ""), key("", ""));
    }

    #[test]
    fn attempts_of_unknown_identifiers_expire_and_those_of_accounts_do_not() {
        let days = |days: i64| second(days * 24 * 60 * 60);
        let subject = Subject::new("a".parse().unwrap(), "nobody");
        let unknown = AttemptKey::unknown(&subject, &InstallationKey::from_bytes([1; 32]));
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        let policy = LockoutPolicy::new(1, year, year, 100).unwrap();
        for (key, expires) in [(unknown, true), (key(), false)] {
            let reserve = |state: AttemptState, now| {
                state.reserve(&key, AttemptPath::Password, &policy, now).map(|(state, _)| state)
            };
            let first = reserve(AttemptState::default(), days(0)).unwrap();
            assert_eq!(first.expires_at, expires.then(|| days(30)));
            let early = Timestamp::from_second(days(30).as_second() - 1).unwrap();
            assert!(reserve(first, early).is_err());
            let again = reserve(first, days(30));
            assert_eq!(again.is_ok_and(|again| again.failures == 1), expires);
        }
    }

    #[test]
    fn each_unknown_identifier_has_its_own_row() {
        let installation = InstallationKey::from_bytes([1; 32]);
        let key = |realm: &str, user: &str| {
            AttemptKey::unknown(&Subject::new(realm.parse().unwrap(), user), &installation)
        };
        assert_eq!(key("a", "pat"), key("a", "pat"));
        assert_ne!(key("a", "pat"), key("b", "pat"));
        assert_ne!(key("a", "bpat"), key("ab", "pat"));
    }
}
