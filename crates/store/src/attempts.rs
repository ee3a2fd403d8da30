use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptKey, AttemptOutcome, AttemptReservation, AttemptState, DeferredLockoutEvent,
    FinishAttempt, ReserveAttempt, ReserveOutcome, StoreError,
};
use sqlx::query;

use crate::dialect::Dialect;
use crate::effect::{Effect, Value};
use crate::failure::{damaged, is_unique_violation};
use crate::journal::event_written;
use crate::outbox::event_withdrawn;
use crate::row;
use crate::store::SqlStore;
use crate::transaction::WriteTransaction;

impl SqlStore {
    pub(crate) async fn reserve(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        if let Some(ticket) = self.reserve_first(attempt).await? {
            return Ok(ReserveOutcome::Reserved(ticket));
        }
        let ReserveAttempt { key, path, policy, now, .. } = *attempt;
        let mut transaction = self.begin().await?;
        let before = self.lock_attempts_or_first(&mut transaction, key).await?;
        match before.reserve(key, path, policy, now) {
            Ok((state, mut ticket)) => {
                if let Some(alarm) = attempt.event
                    && let Some((event, due_at)) = alarm.raised_by(&ticket, policy)
                    && self.can_be_told_of(&mut transaction, alarm, event.account).await?
                {
                    self.effect(&mut transaction, event_written(&event, due_at)).await?;
                    ticket.alarm = Some(event.id);
                }
                self.effect(&mut transaction, attempts_written(key, &state)).await?;
                self.end_unrecorded(transaction).await?;
                Ok(ReserveOutcome::Reserved(ticket))
            }
            Err(locked_out) => {
                self.undo(transaction).await?;
                Ok(ReserveOutcome::LockedOut(locked_out))
            }
        }
    }

    /// Reserves an attempt by one statement of SQLite where there is no row, as there is none after a change.
    /// `None` where there is one, or an event has to be written. PostgreSQL would be asked four times,
    /// and for nothing whenever somebody guesses.
    async fn reserve_first(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<Option<AttemptReservation>, StoreError> {
        let ReserveAttempt { key, path, policy, now, event, .. } = *attempt;
        if self.dialect != Dialect::Sqlite {
            return Ok(None);
        }
        let Ok((state, ticket)) = AttemptState::default().reserve(key, path, policy, now) else {
            return Ok(None);
        };
        if event.is_some_and(|event| event.raised_by(&ticket, policy).is_some()) {
            return Ok(None);
        }
        let first = Effect::new(
            "INSERT INTO attempts (failures, password_closed_until, reset_closed_until, expires_at,
                                   key)
             VALUES ($1, $2, $3, $4, $5)",
            values(key, &state),
        );
        match self.have_at_once([first]).await {
            Ok(()) => Ok(Some(ticket)),
            Err(error) if is_unique_violation(&error) => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }

    /// Whether an event can be written of the account. One that was deleted from its mapped table
    /// meanwhile has nobody left to be told.
    async fn can_be_told_of(
        &self,
        transaction: &mut WriteTransaction,
        alarm: &DeferredLockoutEvent,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let Some(table) = &self.accounts.foreign else { return Ok(true) };
        let (realm, user_id) = alarm.holder();
        self.register_foreign(transaction, table, account, realm, user_id).await
    }

    pub(crate) async fn finish(&self, attempt: &FinishAttempt) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        match (&attempt.reservation, attempt.outcome) {
            (None, _) => {}
            (Some(reservation), AttemptOutcome::Released) => {
                self.release(&mut transaction, reservation).await?;
            }
            (Some(reservation), AttemptOutcome::Failed) => {
                if let Some(event) = reservation.alarm {
                    self.release_event(&mut transaction, event, attempt.audit.at).await?;
                }
            }
        }
        self.write_audit(&mut transaction, &attempt.audit).await?;
        self.end(transaction, &attempt.audit).await
    }

    pub(crate) async fn release_alone(
        &self,
        reservation: &AttemptReservation,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        self.release(&mut transaction, reservation).await?;
        self.end_unrecorded(transaction).await
    }

    async fn release(
        &self,
        transaction: &mut WriteTransaction,
        reservation: &AttemptReservation,
    ) -> Result<(), StoreError> {
        // Where there is no row it was cleared meanwhile, the reservation with it.
        if let Some(before) = self.lock_attempts(transaction, &reservation.key).await? {
            let written = attempts_written(&reservation.key, &before.release(reservation));
            self.effect(transaction, written).await?;
        }
        match reservation.alarm {
            Some(event) => self.effect(transaction, event_withdrawn(event)).await,
            None => Ok(()),
        }
    }

    /// The row, which is made if there is none, in one step: two first tries at once are two, and
    /// nobody clears it in between.
    async fn lock_attempts_or_first(
        &self,
        transaction: &mut WriteTransaction,
        key: &AttemptKey,
    ) -> Result<AttemptState, StoreError> {
        // A write that changes nothing locks a row as one that does.
        let first = query(
            "INSERT INTO attempts (key, failures) VALUES ($1, 0)
             ON CONFLICT (key) DO UPDATE SET failures = attempts.failures
             RETURNING failures, password_closed_until, reset_closed_until, expires_at",
        )
        .bind(key.as_bytes().as_slice());
        let found = self.row_within(transaction, first).await?;
        found.as_ref().map_or_else(|| Err(damaged("attempts")), row::attempt_state)
    }

    async fn lock_attempts(
        &self,
        transaction: &mut WriteTransaction,
        key: &AttemptKey,
    ) -> Result<Option<AttemptState>, StoreError> {
        let select = self.dialect.locking(
            "SELECT failures, password_closed_until, reset_closed_until, expires_at
             FROM attempts WHERE key = $1",
        );
        let found = query(select).bind(key.as_bytes().as_slice());
        self.row_within(transaction, found).await?.as_ref().map(row::attempt_state).transpose()
    }

    pub(crate) async fn sweep_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        // Rows that somebody holds are in use again, or swept already: waiting for them could only
        // do harm.
        // A limit that is a parameter has SQLite plan the statement anew each time.
        let select = format!(
            "SELECT key FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT {}",
            i64::try_from(limit).unwrap_or(i64::MAX),
        );
        let forgotten = self.dialect.claiming(&select);
        let sweep = format!("DELETE FROM attempts WHERE key IN ({})", forgotten.as_str());
        let mut transaction = self.begin().await?;
        self.effect(&mut transaction, Effect::new(sweep, [now.into()])).await?;
        self.end_unrecorded(transaction).await
    }
}

fn attempts_written(key: &AttemptKey, state: &AttemptState) -> Effect {
    Effect::new(
        "UPDATE attempts
         SET failures = $1, password_closed_until = $2, reset_closed_until = $3, expires_at = $4
         WHERE key = $5",
        values(key, state),
    )
}

fn values(key: &AttemptKey, state: &AttemptState) -> [Value; 5] {
    [
        i64::from(state.failures).into(),
        state.password_locked_until.into(),
        state.reset_locked_until.into(),
        state.expires_at.into(),
        key.as_bytes().into(),
    ]
}

pub(crate) fn attempts_cleared(key: &AttemptKey) -> Effect {
    Effect::new("DELETE FROM attempts WHERE key = $1", [key.as_bytes().into()])
}
