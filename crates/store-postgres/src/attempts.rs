//! Reserving attempts, and finishing those that changed nothing.

use jiff::Timestamp;
use repass_core::{
    AttemptKey, AttemptOutcome, AttemptReservation, AttemptState, DeferredLockoutEvent,
    FinishAttempt, ReserveAttempt, ReserveOutcome, StoreError,
};

use crate::audit::audit_written;
use crate::change::event_counted;
use crate::failure::damaged;
use crate::mapped::register;
use crate::outbox::event_withdrawn;
use crate::query::Query;
use crate::row;
use crate::store::PostgresStore;
use crate::transaction::{Durability, Transaction};

impl PostgresStore {
    /// The lock of an attempt's row is taken before that of its account's row, here and in every
    /// other transaction that takes both.
    pub(crate) async fn reserve(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        let ReserveAttempt { key, path, policy, now, .. } = *attempt;
        let mut transaction = self.begin(Durability::Process).await?;
        let before = attempts_locked_or_first(&mut transaction, key).await?;
        match before.reserve(key, path, policy, now) {
            Ok((state, mut reservation)) => {
                let mut queries = vec![attempts_written(key, &state)];
                if let Some(deferred) = attempt.event
                    && let Some((event, due_at)) = deferred.raised_by(&reservation, policy)
                    && self.can_be_told_of(&mut transaction, deferred, event.account).await?
                {
                    queries.push(event_counted(&event, due_at));
                    reservation.deferred_event = Some(event.id);
                }
                transaction.commit(&queries, None).await?;
                Ok(ReserveOutcome::Reserved(reservation))
            }
            Err(locked_out) => {
                transaction.rollback().await?;
                Ok(ReserveOutcome::LockedOut(locked_out))
            }
        }
    }

    /// Whether an event can be written of the account. One that was deleted from its mapped table
    /// meanwhile has nobody left to be told.
    async fn can_be_told_of(
        &self,
        transaction: &mut Transaction<'_>,
        deferred: &DeferredLockoutEvent,
        account: repass_core::AccountId,
    ) -> Result<bool, StoreError> {
        let source = self.accounts();
        let Some(table) = &source.mapped else { return Ok(true) };
        let (realm, user_id) = deferred.holder();
        let found = register(&source, table, transaction, account, realm, user_id, None).await?;
        Ok(found.is_some())
    }

    pub(crate) async fn finish(&self, attempt: &FinishAttempt) -> Result<(), StoreError> {
        let mut transaction = self.begin(Durability::Power).await?;
        let mut queries = match (&attempt.reservation, attempt.outcome) {
            (None, _) => Vec::new(),
            (Some(reservation), AttemptOutcome::Released) => {
                released(&mut transaction, reservation).await?
            }
            (Some(reservation), AttemptOutcome::Failed) => {
                let due = |event| {
                    Query::new("UPDATE @outbox SET due_at = $1 WHERE id = $2 AND due_at > $1")
                        .bind(attempt.audit.at)
                        .bind(event)
                };
                reservation.deferred_event.map(due).into_iter().collect()
            }
        };
        queries.push(audit_written(&attempt.audit, "")?);
        transaction.commit(&queries, Some(&attempt.audit)).await.map(drop)
    }

    pub(crate) async fn release_alone(
        &self,
        reservation: &AttemptReservation,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(Durability::Process).await?;
        let queries = released(&mut transaction, reservation).await?;
        transaction.commit(&queries, None).await.map(drop)
    }

    pub(crate) async fn sweep_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        // Rows that are locked are in use again, or are being swept already.
        let sweep = Query::new(
            "DELETE FROM @attempts WHERE key IN (
                 SELECT key FROM @attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
                 FOR UPDATE SKIP LOCKED)",
        );
        let sweep = sweep.bind(now).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let transaction = self.begin(Durability::Process).await?;
        transaction.commit(&[sweep], None).await.map(drop)
    }

    pub(crate) async fn attempt_state(&self, key: &AttemptKey) -> Result<AttemptState, StoreError> {
        let query = Query::new(format!("SELECT {STATE} FROM @attempts WHERE key = $1"));
        let found = self.row(&query.bind(key.as_bytes())).await?;
        found.as_ref().map_or_else(|| Ok(AttemptState::default()), row::attempt_state)
    }
}

const STATE: &str = "failures, password_locked_until, reset_locked_until, expires_at";

/// What releases a reservation, with its deferred event.
async fn released(
    transaction: &mut Transaction<'_>,
    reservation: &AttemptReservation,
) -> Result<Vec<Query>, StoreError> {
    let found = transaction.run_one(attempts_locked(&reservation.key)).await?;
    let mut queries = Vec::new();
    // Where there is no row it was cleared meanwhile, the reservation with it.
    if let Some(row) = found.rows.first() {
        let state = row::attempt_state(row)?.release(reservation);
        queries.push(attempts_written(&reservation.key, &state));
    }
    queries.extend(reservation.deferred_event.map(event_withdrawn));
    Ok(queries)
}

/// The row, which is made if there is none, in one step: two first attempts at once are two, and
/// nobody clears it in between.
async fn attempts_locked_or_first(
    transaction: &mut Transaction<'_>,
    key: &AttemptKey,
) -> Result<AttemptState, StoreError> {
    // An update that changes nothing locks a row as any other does.
    let first = Query::new(format!(
        "INSERT INTO @attempts AS own (key, failures) VALUES ($1, 0)
         ON CONFLICT (key) DO UPDATE SET failures = own.failures RETURNING {STATE}"
    ));
    let found = transaction.run_one(first.bind(key.as_bytes())).await?;
    found.rows.first().map_or_else(|| Err(damaged("attempts")), row::attempt_state)
}

/// Locks the row, if there is one.
pub(crate) fn attempts_locked(key: &AttemptKey) -> Query {
    let lock = format!("SELECT {STATE} FROM @attempts WHERE key = $1 FOR UPDATE");
    Query::new(lock).bind(key.as_bytes())
}

fn attempts_written(key: &AttemptKey, state: &AttemptState) -> Query {
    let update = Query::new(
        "UPDATE @attempts SET failures = $1, password_locked_until = $2, reset_locked_until = $3,
                expires_at = $4
         WHERE key = $5",
    );
    update
        .bind(i64::from(state.failures))
        .bind(state.password_locked_until)
        .bind(state.reset_locked_until)
        .bind(state.expires_at)
        .bind(key.as_bytes())
}
