//! What an attempt leaves behind: its audit record, and the event of a change.

use jiff::Timestamp;
use uuid::Uuid;

use super::{PasswordChangeService, Reservation};
use crate::{
    Account, AccountId, AttemptKey, AttemptOutcome, AuditRecord, Change, ChangeError, Context,
    DeferredLockoutEvent, EventKind, FinishAttempt, OutboxEvent, Proof, RandomnessError, Realm,
    Violation, random_uuid,
};

/// What is known of an attempt for the audit trail, gathered step by step.
pub(super) struct AuditContext {
    realm: Realm,
    action: &'static str,
    caller: String,
    context: Context,
    pub(super) account: Option<AccountId>,
    pub(super) is_inactive: bool,
    pub(super) attempt_key: Option<AttemptKey>,
    pub(super) reservation: Option<Reservation>,
    /// How many refusals of a lockout no other record tells of.
    pub(super) refused_before: u64,
}

impl AuditContext {
    pub(super) fn new(change: &Change) -> Self {
        Self {
            realm: change.authorization.subject().realm.clone(),
            action: match change.proof {
                Proof::OldPassword(_) => "password.change",
                Proof::ResetToken(_) | Proof::SignedToken { .. } => "password.reset",
            },
            caller: change.authorization.caller().describe(),
            context: change.context.clone().bounded(),
            account: None,
            is_inactive: false,
            attempt_key: None,
            reservation: None,
            refused_before: 0,
        }
    }

    /// The detail that tells of the refusals before this attempt.
    pub(super) fn told_of_refusals(&self) -> Option<String> {
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
    /// Finishes an attempt that changed nothing, and gives the error to answer by. One that ended for
    /// another reason than its proof counts as no failure.
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
            details.extend(audit.told_of_refusals());
        }
        let detail = (!details.is_empty()).then(|| details.join(","));
        // Callers are told no more than of a wrong proof.
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
            Ok(()) => error,
            // The answer must not hide behind a second failure of a store that failed already.
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
            context: audit.context.clone(),
        })
    }

    pub(super) fn event(
        &self,
        account: &Account,
        at: Timestamp,
        is_reset: bool,
        audit: &AuditContext,
    ) -> Result<OutboxEvent, RandomnessError> {
        let kind = if is_reset { EventKind::PasswordReset } else { EventKind::PasswordChanged };
        Ok(OutboxEvent::new(random_uuid(&*self.randomness)?, at, kind, account, &audit.context))
    }

    /// What to tell should the reservation of this attempt lock the account out.
    pub(super) fn lockout_event(
        &self,
        account: &Account,
        at: Timestamp,
        audit: &AuditContext,
    ) -> Result<DeferredLockoutEvent, RandomnessError> {
        Ok(DeferredLockoutEvent::new(random_uuid(&*self.randomness)?, at, account, &audit.context))
    }
}

fn detail(audit: &AuditContext, error: &ChangeError) -> Option<String> {
    match error {
        ChangeError::Rejected(violations) => {
            let codes: Vec<&str> = violations.iter().map(Violation::code).collect();
            Some(codes.join(","))
        }
        // Tells attempts at one unknown identifier from those at another, and nothing more.
        _ if audit.account.is_none() => audit
            .attempt_key
            .as_ref()
            .map(|key| format!("unknown:{}", data_encoding::HEXLOWER.encode(&key.as_bytes()[..8]))),
        _ => None,
    }
}
