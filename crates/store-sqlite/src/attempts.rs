use jiff::Timestamp;
use repass_core::{
    AccountReference, AttemptKey, AttemptOutcome, AttemptReservation, AttemptState, FindAndReserve,
    FinishAttempt, FoundAndReserved, ReserveAttempt, ReserveOutcome, StoreError,
};

use crate::accounts::AccountsSource;
use crate::commit::spend_one_time_password;
use crate::connection::Db;
use crate::failure::Result;
use crate::store::SqliteStore;
use crate::writer::{Durability, Outcome};
use crate::{audit_and_events, row};

impl SqliteStore {
    pub(crate) async fn reserve(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> std::result::Result<ReserveOutcome, StoreError> {
        let (key, path, policy, now) =
            (attempt.key.clone(), attempt.path, *attempt.policy, attempt.now);
        let (accounts, event) = (self.accounts(), attempt.event.cloned());
        self.write_unsynced(move |db| {
            let attempt = ReserveAttempt::new(&key, path, &policy, now).with_event(event.as_ref());
            reserve(db, &accounts, &attempt)
        })
        .await
    }

    /// Finds the account and reserves the attempt in one transaction.
    pub(crate) async fn find_and_reserve(
        &self,
        attempt: &FindAndReserve,
    ) -> std::result::Result<FoundAndReserved, StoreError> {
        let (accounts, attempt) = (self.accounts(), attempt.clone());
        self.write_unsynced(move |db| {
            let found = match &attempt.account {
                AccountReference::UserId(subject) => match subject.valid_user_id() {
                    Some(user_id) => {
                        accounts.find(db, &subject.realm, &user_id)?.into_iter().collect()
                    }
                    None => Vec::new(),
                },
                AccountReference::Name { realm, kind, name } => {
                    accounts.find_by_name(db, realm, *kind, name)?
                }
            };
            let found = attempt.account.only(found);
            let (key, event) = attempt.target(found.as_ref().map(|found| &found.account));
            let reserved = reserve(db, &accounts, &attempt.reservation(&key, event.as_ref()))?;
            Ok(reserved.map(|outcome| FoundAndReserved { found, outcome }))
        })
        .await
    }

    pub(crate) async fn finish(
        &self,
        attempt: &FinishAttempt,
    ) -> std::result::Result<bool, StoreError> {
        let FinishAttempt { reservation, outcome, otp, audit, .. } = attempt.clone();
        // Spent one-time passwords must not become valid again. All else is worth as much as the
        // reservation.
        let durability = if otp.is_some() { Durability::Immediate } else { Durability::Eventual };
        self.write_as(durability, move |db| {
            if let Some((account, otp)) = otp
                && !spend_one_time_password(db, account, otp, audit.at)?
            {
                return Ok(Outcome::Rollback(Ok(false)));
            }
            match (&reservation, outcome) {
                (None, _) => {}
                (Some(reservation), AttemptOutcome::Released) => {
                    release(db, reservation)?;
                    // The release is committed even if the audit record cannot be written.
                    let written = audit_and_events::write_audit(db, &audit);
                    return Ok(Outcome::Commit(written.map(|()| true)));
                }
                (Some(reservation), AttemptOutcome::Succeeded) => {
                    clear(db, &reservation.key)?;
                    delete_deferred_event(db, reservation)?;
                }
                (Some(reservation), AttemptOutcome::Failed) => {
                    make_due(db, reservation, audit.at)?;
                }
            }
            audit_and_events::write_audit(db, &audit)?;
            Ok(Outcome::Commit(Ok(true)))
        })
        .await?
        .map_err(|failure| self.error(failure))
    }

    pub(crate) async fn delete_expired(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> std::result::Result<(), StoreError> {
        self.write_unsynced(move |db| {
            db.execute(
                "DELETE FROM repass_attempts WHERE key IN (
                     SELECT key FROM repass_attempts WHERE expires_at <= ?1
                     ORDER BY expires_at LIMIT ?2)",
                (now.as_microsecond(), i64::try_from(limit).unwrap_or(i64::MAX)),
            )?;
            Ok(Outcome::Commit(()))
        })
        .await
    }
}

fn reserve(
    db: Db<'_>,
    accounts: &AccountsSource,
    attempt: &ReserveAttempt<'_>,
) -> Result<Outcome<ReserveOutcome>> {
    let ReserveAttempt { key, path, policy, now, .. } = *attempt;
    let before = state(db, key)?.unwrap_or_default();
    let (after, mut reservation) = match before.reserve(key, path, policy, now) {
        Ok(reserved) => reserved,
        Err(locked_out) => return Ok(Outcome::Rollback(ReserveOutcome::LockedOut(locked_out))),
    };
    if let Some(deferred) = attempt.event
        && let Some((event, due_at)) = deferred.raised_by(&reservation, policy)
    {
        let (realm, user_id) = deferred.holder();
        // An account that was deleted meanwhile gets no event.
        if accounts.register(db, event.account, realm, user_id)? {
            audit_and_events::write_event(db, &event, due_at)?;
            reservation.deferred_event = Some(event.id);
        }
    }
    write(db, key, &after)?;
    Ok(Outcome::Commit(ReserveOutcome::Reserved(reservation)))
}

/// Returns the row of `key`, if there is one.
pub(crate) fn state(db: Db<'_>, key: &AttemptKey) -> Result<Option<AttemptState>> {
    db.row(
        "SELECT failures, password_locked_until, reset_locked_until, expires_at
         FROM repass_attempts WHERE key = ?1",
        [key.as_bytes()],
        row::attempt_state,
    )
}

pub(crate) fn clear(db: Db<'_>, key: &AttemptKey) -> Result<()> {
    db.execute("DELETE FROM repass_attempts WHERE key = ?1", [key.as_bytes()]).map(drop)
}

fn write(db: Db<'_>, key: &AttemptKey, state: &AttemptState) -> Result<()> {
    let microsecond = |time: Option<Timestamp>| time.map(Timestamp::as_microsecond);
    db.execute(
        "INSERT INTO repass_attempts
             (key, failures, password_locked_until, reset_locked_until, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO UPDATE
         SET failures = excluded.failures,
             password_locked_until = excluded.password_locked_until,
             reset_locked_until = excluded.reset_locked_until, expires_at = excluded.expires_at",
        (
            key.as_bytes(),
            state.failures,
            microsecond(state.password_locked_until),
            microsecond(state.reset_locked_until),
            microsecond(state.expires_at),
        ),
    )
    .map(drop)
}

fn release(db: Db<'_>, reservation: &AttemptReservation) -> Result<()> {
    // Without a row, the attempts were cleared meanwhile, including this one.
    if let Some(before) = state(db, &reservation.key)? {
        write(db, &reservation.key, &before.release(reservation))?;
    }
    delete_deferred_event(db, reservation)
}

fn delete_deferred_event(db: Db<'_>, reservation: &AttemptReservation) -> Result<()> {
    if let Some(event) = reservation.deferred_event {
        audit_and_events::delete_event(db, event)?;
    }
    Ok(())
}

/// Makes the deferred event of a failed attempt due, unless a channel has claimed it already.
fn make_due(db: Db<'_>, reservation: &AttemptReservation, at: Timestamp) -> Result<()> {
    let Some(event) = reservation.deferred_event else { return Ok(()) };
    let update = "UPDATE repass_events SET due_at = MIN(due_at, ?1) WHERE id = ?2";
    db.execute(update, (at.as_microsecond(), event.as_bytes())).map(drop)
}
