//! What a try leaves behind: its audit record, and the event of a change.

use jiff::Timestamp;
use uuid::Uuid;

use super::PasswordChangeService;
use crate::{
    Account, AccountId, AttemptAlarm, AttemptKey, AuditRecord, Change, ChangeError, Context,
    EventKind, OutboxEvent, Proof, RandomnessError, Realm, Violation, random_uuid,
};

/// What is known of a try for the audit trail, gathered step by step.
pub(super) struct Trail {
    realm: Realm,
    action: &'static str,
    caller: String,
    context: Context,
    pub(super) account: Option<AccountId>,
    pub(super) attempt_key: Option<AttemptKey>,
    /// The held event that this try raised.
    pub(super) alarm: Option<Uuid>,
}

impl Trail {
    pub(super) fn of(change: &Change) -> Self {
        Self {
            realm: change.authorization.subject().realm.clone(),
            action: match change.proof {
                Proof::OldPassword(_) => "password.change",
                Proof::ResetToken(_) | Proof::SignedToken { .. } => "password.reset",
            },
            caller: change.authorization.caller().describe(),
            context: change.context.clone().bounded(),
            account: None,
            attempt_key: None,
            alarm: None,
        }
    }
}

impl PasswordChangeService {
    /// Records a try that changed nothing.
    pub(super) async fn report(
        &self,
        trail: &Trail,
        error: &ChangeError,
    ) -> Result<(), ChangeError> {
        let detail = match error {
            ChangeError::Rejected(violations) => {
                let codes: Vec<&str> = violations.iter().map(Violation::code).collect();
                Some(codes.join(","))
            }
            // Tells tries at one unknown identifier from those at another, and nothing more.
            _ if trail.account.is_none() => trail.attempt_key.as_ref().map(|key| {
                format!("unknown:{}", data_encoding::HEXLOWER.encode(&key.as_bytes()[..8]))
            }),
            _ => None,
        };
        let record = self.audit_record(trail, self.clock.now(), error.code(), detail)?;
        match self.store.record(&record, trail.alarm).await {
            Ok(()) => Ok(()),
            // The answer must not hide behind a second failure of a store that failed already.
            Err(_) if matches!(error, ChangeError::Store(_)) => Ok(()),
            Err(store) => Err(store.into()),
        }
    }

    pub(super) fn audit_record(
        &self,
        trail: &Trail,
        at: Timestamp,
        outcome: &str,
        detail: Option<String>,
    ) -> Result<AuditRecord, RandomnessError> {
        Ok(AuditRecord {
            id: random_uuid(&*self.randomness)?,
            at,
            realm: trail.realm.clone(),
            account: trail.account,
            action: trail.action.to_owned(),
            outcome: outcome.to_owned(),
            detail,
            caller: trail.caller.clone(),
            context: trail.context.clone(),
        })
    }

    pub(super) fn event(
        &self,
        account: &Account,
        at: Timestamp,
        is_reset: bool,
        trail: &Trail,
    ) -> Result<OutboxEvent, RandomnessError> {
        let kind = if is_reset { EventKind::PasswordReset } else { EventKind::PasswordChanged };
        Ok(OutboxEvent::new(random_uuid(&*self.randomness)?, at, kind, account, &trail.context))
    }

    /// What to tell should the charge of this try close the account.
    pub(super) fn alarm(
        &self,
        account: &Account,
        at: Timestamp,
        trail: &Trail,
    ) -> Result<AttemptAlarm, RandomnessError> {
        Ok(AttemptAlarm::new(random_uuid(&*self.randomness)?, at, account, &trail.context))
    }
}
