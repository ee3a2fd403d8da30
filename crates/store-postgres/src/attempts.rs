//! Reserving attempts, and finishing those that changed nothing.

use jiff::Timestamp;
use repass_core::{
    AttemptKey, AttemptOutcome, AttemptReservation, AttemptState, AuditRecord,
    DeferredLockoutEvent, FinishAttempt, ReserveAttempt, ReserveOutcome, StoreError,
};

use crate::audit::audit_written;
use crate::change::{account_locked, event_counted};
use crate::connections::Reply;
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
        match self.reserve_unlocked(attempt).await? {
            Some(outcome) => Ok(outcome),
            None => self.reserve_locked(attempt).await,
        }
    }

    /// Reserves an attempt by single statements: inserts the row if there is none, else replaces the
    /// state that was found if it still stands. `None` if somebody else was faster, or an event has
    /// to be written; nothing was written then.
    async fn reserve_unlocked(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<Option<ReserveOutcome>, StoreError> {
        let ReserveAttempt { key, path, policy, now, event, .. } = *attempt;
        let tells = |reservation: &AttemptReservation| {
            event.is_some_and(|event| event.raised_by(reservation, policy).is_some())
        };
        let Ok((first, reservation)) = AttemptState::default().reserve(key, path, policy, now)
        else {
            return Ok(None);
        };
        let find = Query::new(format!("SELECT {STATE} FROM @attempts WHERE key = $1"));
        let find = find.bind(key.as_bytes());
        let insert = (!tells(&reservation)).then(|| attempts_inserted(key, &first));
        let queries: Vec<Query> = insert.into_iter().chain([find]).collect();
        let replies = self.run_uncounted(&queries).await?;
        if queries.len() == 2 && replies.first().is_some_and(|reply| reply.affected == 1) {
            return Ok(Some(ReserveOutcome::Reserved(reservation)));
        }
        let Some(row) = replies.last().and_then(|reply| reply.rows.first()) else {
            return Ok(None);
        };
        let before = row::attempt_state(row)?;
        match before.reserve(key, path, policy, now) {
            Err(locked_out) => Ok(Some(ReserveOutcome::LockedOut(locked_out))),
            Ok((_, reservation)) if tells(&reservation) => Ok(None),
            Ok((after, reservation)) => {
                let replace = [attempts_replaced(key, &before, &after)];
                let replies = self.run_uncounted(&replace).await?;
                let replaced = replies.first().is_some_and(|reply| reply.affected == 1);
                Ok(replaced.then_some(ReserveOutcome::Reserved(reservation)))
            }
        }
    }

    /// Runs statements that commit by themselves, of which none may be made twice.
    async fn run_uncounted(&self, queries: &[Query]) -> Result<Vec<Reply>, StoreError> {
        self.0.connections.run_all(queries).await.map_err(|failure| {
            if failure.may_be_committed() { failure.outcome_unknown() } else { failure.into() }
        })
    }

    /// Reserves an attempt with its row locked, and before it the account's, where an event may have
    /// to be written.
    async fn reserve_locked(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        let ReserveAttempt { key, path, policy, now, event, .. } = *attempt;
        let mut transaction = self.begin(Durability::Process).await?;
        let is_known = match event {
            None => false,
            Some(event) => self.lock_holder(&mut transaction, event).await?,
        };
        let found = transaction.run_one(attempts_locked_or_first(key)).await?;
        let found = found.rows.first().ok_or_else(|| damaged("attempts"))?;
        let (state, mut reservation) =
            match row::attempt_state(found)?.reserve(key, path, policy, now) {
                Ok(reserved) => reserved,
                Err(locked_out) => {
                    transaction.rollback().await?;
                    return Ok(ReserveOutcome::LockedOut(locked_out));
                }
            };
        let mut queries = vec![attempts_written(key, &state)];
        let raised = event.and_then(|event| event.raised_by(&reservation, policy));
        if let Some((event, due_at)) = raised.filter(|_| is_known) {
            queries.push(event_counted(&event, due_at));
            reservation.deferred_event = Some(event.id);
        }
        transaction.commit(&queries, None).await?;
        Ok(ReserveOutcome::Reserved(reservation))
    }

    /// Locks the account of an event. Whether there is one: it may have been deleted from its mapped
    /// table meanwhile, and then there is nobody to be told.
    async fn lock_holder(
        &self,
        transaction: &mut Transaction<'_>,
        deferred: &DeferredLockoutEvent,
    ) -> Result<bool, StoreError> {
        let (source, account) = (self.accounts(), deferred.account());
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
                let record = Some(&attempt.audit);
                let Some(queries) = released(&mut transaction, reservation, record).await? else {
                    return transaction.rollback().await;
                };
                queries
            }
            (Some(reservation), AttemptOutcome::Failed) => {
                let due = |event| {
                    Query::new("UPDATE @events SET due_at = $1 WHERE id = $2 AND due_at > $1")
                        .bind(attempt.audit.at)
                        .bind(event)
                };
                reservation.deferred_event.map(due).into_iter().collect()
            }
        };
        queries.push(audit_written(&attempt.audit, "ON CONFLICT (id) DO NOTHING")?);
        transaction.commit(&queries, Some(&attempt.audit)).await.map(drop)
    }

    /// Releases a reservation whose record could not be written. `is_unmade` says that nothing else of
    /// [`finish`](Self::finish) was written either; otherwise the record tells.
    pub(crate) async fn release_alone(
        &self,
        attempt: &FinishAttempt,
        is_unmade: bool,
    ) -> Result<(), StoreError> {
        let Some(reservation) = &attempt.reservation else { return Ok(()) };
        let mut transaction = self.begin(Durability::Process).await?;
        let record = (!is_unmade).then_some(&attempt.audit);
        match released(&mut transaction, reservation, record).await? {
            Some(queries) => transaction.commit(&queries, None).await.map(drop),
            None => transaction.rollback().await,
        }
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

/// What releases a reservation, with its deferred event; `None` if it is released, as `record` shows
/// where it is given.
async fn released(
    transaction: &mut Transaction<'_>,
    reservation: &AttemptReservation,
    record: Option<&AuditRecord>,
) -> Result<Option<Vec<Query>>, StoreError> {
    let recorded = record.map(|it| Query::new("SELECT 1 FROM @audit WHERE id = $1").bind(it.id));
    let queries: Vec<Query> =
        [attempts_locked(&reservation.key)].into_iter().chain(recorded).collect();
    let replies = transaction.run(&queries).await?;
    let Some((locked, recorded)) = replies.split_first() else { return Err(damaged("attempts")) };
    if recorded.iter().any(|recorded| !recorded.rows.is_empty()) {
        return Ok(None);
    }
    let mut queries = Vec::new();
    // Where there is no row it was cleared meanwhile, the reservation with it.
    if let Some(row) = locked.rows.first() {
        let state = row::attempt_state(row)?.release(reservation);
        queries.push(attempts_written(&reservation.key, &state));
    }
    queries.extend(reservation.deferred_event.map(event_withdrawn));
    Ok(Some(queries))
}

/// Locks the row, which is made if there is none, in one step: nobody clears it in between.
fn attempts_locked_or_first(key: &AttemptKey) -> Query {
    // An update that changes nothing locks a row as any other does.
    let first = format!(
        "INSERT INTO @attempts AS own (key, failures) VALUES ($1, 0)
         ON CONFLICT (key) DO UPDATE SET failures = own.failures RETURNING {STATE}"
    );
    Query::new(first).bind(key.as_bytes())
}

/// Locks the row, if there is one.
fn attempts_locked(key: &AttemptKey) -> Query {
    let lock = format!("SELECT {STATE} FROM @attempts WHERE key = $1 FOR UPDATE");
    Query::new(lock).bind(key.as_bytes())
}

fn attempts_written(key: &AttemptKey, state: &AttemptState) -> Query {
    let update = "UPDATE @attempts SET failures = $1, password_locked_until = $2,
                         reset_locked_until = $3, expires_at = $4
                  WHERE key = $5";
    bind_state(Query::new(update), state).bind(key.as_bytes())
}

/// Has a statement that commits by itself do so as [`Durability::Process`] does.
const LAZILY: &str = "set_config('synchronous_commit', 'off', TRUE) = 'off'";

/// Inserts the row, if there is none.
fn attempts_inserted(key: &AttemptKey, state: &AttemptState) -> Query {
    let insert = format!(
        "INSERT INTO @attempts (failures, password_locked_until, reset_locked_until, expires_at, key)
         SELECT $1, $2, $3, $4, $5 WHERE {LAZILY} ON CONFLICT (key) DO NOTHING"
    );
    bind_state(Query::new(insert), state).bind(key.as_bytes())
}

/// Replaces the state, if it is `before` still.
fn attempts_replaced(key: &AttemptKey, before: &AttemptState, after: &AttemptState) -> Query {
    let update = format!(
        "UPDATE @attempts SET failures = $1, password_locked_until = $2, reset_locked_until = $3,
                expires_at = $4
         WHERE {LAZILY} AND failures = $5 AND password_locked_until IS NOT DISTINCT FROM $6
           AND reset_locked_until IS NOT DISTINCT FROM $7 AND expires_at IS NOT DISTINCT FROM $8
           AND key = $9"
    );
    bind_state(bind_state(Query::new(update), after), before).bind(key.as_bytes())
}

/// Binds the columns of [`STATE`].
fn bind_state(query: Query, state: &AttemptState) -> Query {
    query
        .bind(i64::from(state.failures))
        .bind(state.password_locked_until)
        .bind(state.reset_locked_until)
        .bind(state.expires_at)
}
