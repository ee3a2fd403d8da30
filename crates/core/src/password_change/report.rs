//! The audit record of an attempt, and its events.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{PasswordChangeService, Reservation};
use crate::{
    Account, AccountId, AttemptKey, AttemptOutcome, AuditRecord, Change, ChangeError, Context,
    EventKind, FinishAttempt, LockoutEventTemplate, OutboxEvent, Proof, RandomnessError, Realm,
    SignIn, Violation, random_uuid,
};

/// The data of an attempt for its audit record, collected step by step.
pub(super) struct AuditContext {
    realm: Realm,
    action: &'static str,
    caller: String,
    context: Arc<Context>,
    /// The kind of event if the account is locked out.
    locked: EventKind,
    /// The kind of event if the password is set.
    changed: EventKind,
    pub(super) account: Option<AccountId>,
    pub(super) is_inactive: bool,
    /// Whether the old password is locked without an end.
    pub(super) locked_until_reset: bool,
    pub(super) attempt_key: Option<AttemptKey>,
    pub(super) reservation: Option<Reservation>,
    /// The number of refusals before this attempt that no record reports.
    pub(super) refused_before: u64,
}

impl AuditContext {
    pub(super) fn new(change: &Change) -> Self {
        let (action, changed) = match change.proof {
            Proof::OldPassword(_) => ("password.change", EventKind::PasswordChanged),
            Proof::ResetToken(_) | Proof::SignedToken { .. } => {
                ("password.reset", EventKind::PasswordReset)
            }
        };
        let realm = change.authorization.subject().realm.clone();
        let caller = change.authorization.caller().describe();
        Self { changed, ..Self::of(realm, action, caller, &change.context) }
    }

    pub(super) fn of_sign_in(sign_in: &SignIn) -> Self {
        let (realm, caller) = (sign_in.realm.clone(), sign_in.caller.clone());
        let audit = Self::of(realm, "password.verify", caller, &sign_in.context);
        Self { locked: EventKind::SignInLocked, ..audit }
    }

    /// An attempt of this action.
    pub(super) fn of(
        realm: Realm,
        action: &'static str,
        caller: String,
        context: &Context,
    ) -> Self {
        Self {
            realm,
            action,
            caller,
            context: Arc::new(context.clone().bounded()),
            locked: EventKind::AccountLocked,
            changed: EventKind::PasswordSet,
            account: None,
            is_inactive: false,
            locked_until_reset: false,
            attempt_key: None,
            reservation: None,
            refused_before: 0,
        }
    }

    pub(super) fn request_id(&self) -> Option<&str> {
        self.context.request_id.as_deref()
    }

    /// The detail that reports the refusals before this attempt.
    pub(super) fn refusals_detail(&self) -> Option<String> {
        (self.refused_before > 0).then(|| format!("refused-before={}", self.refused_before))
    }

    /// The deferred event that the reservation wrote.
    pub(super) fn deferred_event(&self) -> Option<Uuid> {
        match &self.reservation {
            Some(Reservation::Made(reservation)) => reservation.deferred_event,
            _ => None,
        }
    }
}

impl PasswordChangeService {
    /// Finishes an attempt that did not change the password, and returns the error to report. It is
    /// a failure only if the proof was wrong.
    pub(super) async fn finish(&self, mut audit: AuditContext, error: ChangeError) -> ChangeError {
        let is_failure = matches!(
            error,
            ChangeError::WrongPassword
                | ChangeError::WrongOtp
                | ChangeError::UnknownToken
                | ChangeError::TokenExpired
        );
        let (reservation, error) = match audit.reservation.take() {
            Some(Reservation::Made(reservation)) => (Some(reservation), error),
            Some(Reservation::LockedOut { retry_after }) if is_failure => {
                (None, ChangeError::TooManyAttempts { retry_after })
            }
            Some(Reservation::LockedOut { .. }) | None => (None, error),
        };
        if let ChangeError::Rejected(violations) = &error {
            self.counters.count(|status| {
                for violation in violations {
                    *status.violations.entry(violation.code()).or_default() += 1;
                }
            });
        }
        if is_failure && reservation.as_ref().is_some_and(|own| own.locked_until.is_some()) {
            self.counters.count(|status| status.lockouts += 1);
        }
        let outcome = if is_failure { AttemptOutcome::Failed } else { AttemptOutcome::Released };
        let now = self.clock.now();
        let mut details: Vec<String> = detail(&audit, &error).into_iter().collect();
        if let (ChangeError::TooManyAttempts { .. }, Some(key)) = (&error, &audit.attempt_key) {
            match self.refusals.count(key, now) {
                None => return error,
                Some(1) => {}
                Some(refused) => details.push(format!("refused={refused}")),
            }
        } else if reservation.is_some() {
            details.extend(audit.refusals_detail());
        }
        let detail = (!details.is_empty()).then(|| details.join(","));
        // Only the audit record says that the account is inactive.
        let code = if is_failure && audit.is_inactive { "inactive" } else { error.code() };
        let record = match self.audit_record(&audit, now, code, detail) {
            Ok(record) => record,
            Err(randomness) => return randomness.into(),
        };
        let finished = match reservation {
            Some(reservation) => FinishAttempt::reserved(reservation, outcome, record),
            None => FinishAttempt::unreserved(record),
        };
        match self.store.finish_attempt(&finished).await {
            Ok(_) => error,
            // Report the first failure of the store, not the second.
            Err(_) if matches!(error, ChangeError::Store(_)) => error,
            Err(store) => store.into(),
        }
    }

    pub(super) fn audit_record(
        &self,
        audit: &AuditContext,
        at: Timestamp,
        outcome: &str,
        detail: Option<String>,
    ) -> Result<AuditRecord, RandomnessError> {
        Ok(AuditRecord {
            id: random_uuid(&*self.randomness)?,
            at,
            realm: audit.realm.clone(),
            account: audit.account,
            action: audit.action.to_owned(),
            outcome: outcome.to_owned(),
            detail,
            caller: audit.caller.clone(),
            context: Context::clone(&audit.context),
        })
    }

    pub(super) fn event(
        &self,
        account: &Account,
        at: Timestamp,
        audit: &AuditContext,
    ) -> Result<OutboxEvent, RandomnessError> {
        let id = random_uuid(&*self.randomness)?;
        Ok(OutboxEvent::new(id, at, audit.changed, account, &audit.context))
    }

    /// The event to write if the reservation of this attempt locks the account out.
    pub(super) fn lockout_event(
        &self,
        at: Timestamp,
        audit: &AuditContext,
    ) -> Result<LockoutEventTemplate, RandomnessError> {
        let id = random_uuid(&*self.randomness)?;
        let context = Arc::clone(&audit.context);
        Ok(LockoutEventTemplate { id, at, locked: audit.locked, context })
    }
}

fn detail(audit: &AuditContext, error: &ChangeError) -> Option<String> {
    match error {
        ChangeError::Rejected(violations) => {
            let codes: Vec<&str> = violations.iter().map(Violation::code).collect();
            Some(codes.join(","))
        }
        _ if audit.account.is_none() => audit.attempt_key.as_ref().map(AttemptKey::audit_detail),
        _ => None,
    }
}
