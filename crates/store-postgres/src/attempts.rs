//! Reserving attempts, and finishing those that changed nothing.

use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptKey, AttemptOutcome, AttemptReservation, AttemptState, DeferredLockoutEvent,
    FinishAttempt, ReserveAttempt, ReserveOutcome, StoreError,
};

use crate::audit::audit_written;
use crate::change::{account_locked, event_counted};
use crate::failure::damaged;
use crate::mapped::register;
use crate::outbox::event_withdrawn;
use crate::query::Query;
use crate::row;
use crate::store::PostgresStore;
use crate::transaction::{Durability, Transaction};

impl PostgresStore {
    pub(crate) async fn reserve(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        if let Some(reservation) = self.reserve_first(attempt).await? {
            return Ok(ReserveOutcome::Reserved(reservation));
        }
        match self.reserve_next(attempt, None).await? {
            Next::Outcome(outcome) => Ok(outcome),
            // It is decided anew with the account locked.
            Next::Raises(account) => match self.reserve_next(attempt, Some(account)).await? {
                Next::Outcome(outcome) => Ok(outcome),
                Next::Raises(_) => Err(damaged("attempts")),
            },
        }
    }

    /// Reserves the first attempt since the row was cleared, by one statement. `None` where there is
    /// a row, or an event has to be written.
    async fn reserve_first(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<Option<AttemptReservation>, StoreError> {
        let ReserveAttempt { key, path, policy, now, event, .. } = *attempt;
        let Ok((state, reservation)) = AttemptState::default().reserve(key, path, policy, now)
        else {
            return Ok(None);
        };
        if event.is_some_and(|event| event.raised_by(&reservation, policy).is_some()) {
            return Ok(None);
        }
        // As `Durability::Process`, for the statement's own transaction.
        let insert = state_bound(
            "INSERT INTO @attempts (failures, password_locked_until, reset_locked_until, expires_at,
                                    key)
             SELECT $1, $2, $3, $4, $5 WHERE set_config('synchronous_commit', 'off', TRUE) = 'off'
             ON CONFLICT (key) DO NOTHING",
            key,
            &state,
        );
        match self.0.connections.run(&insert).await {
            Ok(reply) => Ok((reply.affected == 1).then_some(reservation)),
            // It may be counted by now, and must not be counted twice.
            Err(failure) if failure.may_be_committed() => Err(failure.outcome_unknown()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Reserves an attempt with its row locked. An event is written if the account `holder` is to be
    /// locked first, as it is in every transaction that locks both.
    async fn reserve_next(
        &self,
        attempt: &ReserveAttempt<'_>,
        holder: Option<AccountId>,
    ) -> Result<Next, StoreError> {
        let ReserveAttempt { key, path, policy, now, .. } = *attempt;
        let mut transaction = self.begin(Durability::Process).await?;
        let known = match (holder, attempt.event) {
            (Some(holder), Some(event)) => {
                self.lock_holder(&mut transaction, holder, event).await?
            }
            _ => false,
        };
        let before = attempts_locked_or_first(&mut transaction, key).await?;
        let (state, mut reservation) = match before.reserve(key, path, policy, now) {
            Ok(reserved) => reserved,
            Err(locked_out) => {
                transaction.rollback().await?;
                return Ok(Next::Outcome(ReserveOutcome::LockedOut(locked_out)));
            }
        };
        let mut queries = vec![attempts_written(key, &state)];
        let raised = attempt.event.and_then(|event| event.raised_by(&reservation, policy));
        if let Some((event, due_at)) = raised {
            if holder.is_none() {
                transaction.rollback().await?;
                return Ok(Next::Raises(event.account));
            }
            if known {
                queries.push(event_counted(&event, due_at));
                reservation.deferred_event = Some(event.id);
            }
        }
        transaction.commit(&queries, None).await?;
        Ok(Next::Outcome(ReserveOutcome::Reserved(reservation)))
    }

    /// Locks the account of an event. Whether there is one: it may have been deleted from its mapped
    /// table meanwhile, and then there is nobody to be told.
    async fn lock_holder(
        &self,
        transaction: &mut Transaction<'_>,
        account: AccountId,
        deferred: &DeferredLockoutEvent,
    ) -> Result<bool, StoreError> {
        let source = self.accounts();
        let Some(table) = &source.mapped else {
            let locked = transaction.run_one(account_locked(account)).await?;
            return Ok(!locked.rows.is_empty());
        };
        let (realm, user_id) = deferred.holder();
        let found = register(&source, table, transaction, account, realm, user_id).await?;
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

/// How far [`reserve_next`](PostgresStore::reserve_next) came.
enum Next {
    Outcome(ReserveOutcome),
    /// Nothing was written: an event of this account has to be, too.
    Raises(AccountId),
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
fn attempts_locked(key: &AttemptKey) -> Query {
    let lock = format!("SELECT {STATE} FROM @attempts WHERE key = $1 FOR UPDATE");
    Query::new(lock).bind(key.as_bytes())
}

fn attempts_written(key: &AttemptKey, state: &AttemptState) -> Query {
    state_bound(
        "UPDATE @attempts SET failures = $1, password_locked_until = $2, reset_locked_until = $3,
                expires_at = $4
         WHERE key = $5",
        key,
        state,
    )
}

/// A statement with the columns of a state, in the order of [`STATE`], and the key.
fn state_bound(sql: &str, key: &AttemptKey, state: &AttemptState) -> Query {
    Query::new(sql)
        .bind(i64::from(state.failures))
        .bind(state.password_locked_until)
        .bind(state.reset_locked_until)
        .bind(state.expires_at)
        .bind(key.as_bytes())
}
