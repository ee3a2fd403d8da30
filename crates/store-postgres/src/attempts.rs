//! Reserving attempts, and finishing those that changed nothing.

use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptKey, AttemptOutcome, AttemptReservation, AttemptState, AuditRecord,
    DeferredLockoutEvent, FinishAttempt, ReserveAttempt, ReserveOutcome, StoreError,
};
use uuid::Uuid;

use crate::audit::audit_written;
use crate::change::{account_locked, event_counted};
use crate::connections::Reply;
use crate::failure::damaged;
use crate::mapped::registered;
use crate::outbox::event_withdrawn;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;
use crate::transaction::{Durability, Transaction};

/// How often an attempt is reserved anew after others were faster. Each time one of them was counted,
/// so a policy locks the account out long before.
const RACES: usize = 100;

impl PostgresStore {
    /// Reserves an attempt in one round trip for the first one, otherwise in two. Those of an account
    /// and of an identifier without one take the same, whatever they raise.
    pub(crate) async fn reserve(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        for _ in 0..RACES {
            if let Some(outcome) = self.reserve_if_unchanged(attempt).await? {
                return Ok(outcome);
            }
        }
        Err(StoreError::Unavailable("the attempts of this account keep changing".into()))
    }

    /// Inserts the row if there is none, else replaces the state that was found if it still stands.
    /// `None` if somebody else was faster; nothing was written then.
    async fn reserve_if_unchanged(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<Option<ReserveOutcome>, StoreError> {
        let ReserveAttempt { key, path, policy, now, .. } = *attempt;
        let raises_event = |reservation: &AttemptReservation| {
            DeferredLockoutEvent::kind(reservation.failures, policy).is_some()
        };
        let Ok((first, reservation)) = AttemptState::default().reserve(key, path, policy, now)
        else {
            return Err(StoreError::Failed("the policy allows no attempt".into()));
        };
        let find = Query::new(format!("SELECT {STATE} FROM @attempts WHERE key = $1"));
        let find = find.bind(key.as_bytes());
        let insert = (!raises_event(&reservation)).then(|| {
            let mut insert = Query::default();
            let sql = state_written(&mut insert, key, None, &first);
            insert.with_sql(sql)
        });
        let queries: Vec<Query> = insert.into_iter().chain([find]).collect();
        let replies = self.run_uncounted(&queries).await?;
        if queries.len() == 2 && replies.first().is_some_and(|reply| reply.affected == 1) {
            return Ok(Some(ReserveOutcome::Reserved(reservation)));
        }
        let found = replies.last().and_then(|reply| reply.rows.first());
        let before = found.map(row::attempt_state).transpose()?;
        match before.unwrap_or_default().reserve(key, path, policy, now) {
            Err(locked_out) => Ok(Some(ReserveOutcome::LockedOut(locked_out))),
            Ok((after, reservation)) if raises_event(&reservation) => {
                self.write_raising(attempt, before.as_ref(), &after, reservation).await
            }
            Ok((after, reservation)) => {
                let mut write = Query::default();
                let sql = state_written(&mut write, key, before.as_ref(), &after);
                let replies = self.run_uncounted(&[write.with_sql(sql)]).await?;
                let written = replies.first().is_some_and(|reply| reply.affected == 1);
                Ok(written.then_some(ReserveOutcome::Reserved(reservation)))
            }
        }
    }

    /// Runs statements that commit by themselves, of which none may be made twice.
    async fn run_uncounted(&self, queries: &[Query]) -> Result<Vec<Reply>, StoreError> {
        self.0.connections.run_all(queries).await.map_err(|failure| {
            if failure.may_be_committed() { failure.outcome_unknown() } else { failure.into() }
        })
    }

    /// Writes the state with the event that it raises, if there is somebody to be told: the account may
    /// have been deleted meanwhile. Its row is locked first, as by all who write about it.
    async fn write_raising(
        &self,
        attempt: &ReserveAttempt<'_>,
        before: Option<&AttemptState>,
        after: &AttemptState,
        mut reservation: AttemptReservation,
    ) -> Result<Option<ReserveOutcome>, StoreError> {
        let source = self.accounts();
        let account = attempt.event.map_or(AccountId(Uuid::nil()), DeferredLockoutEvent::account);
        let mut queries = Vec::new();
        if let (Some(table), Some(event)) = (&source.mapped, attempt.event) {
            let (realm, user_id) = event.holder();
            queries.extend(registered(table, account, realm, user_id));
        }
        queries.push(account_locked(account));

        let mut query = Query::default();
        let written = state_written(&mut query, attempt.key, before, after);
        let raised = attempt.event.and_then(|event| event.raised_by(&reservation, attempt.policy));
        let event = match &raised {
            None => "event AS (SELECT 1 WHERE FALSE)".to_owned(),
            Some((event, due_at)) => {
                let account = query.value(account);
                let exists = source.exists(&account);
                let condition = format!("EXISTS (SELECT 1 FROM written) AND EXISTS ({exists})");
                event_counted(&mut query, event, *due_at, &account, &condition)
            }
        };
        queries.push(query.with_sql(format!(
            "WITH written AS ({written}), {event}
             SELECT EXISTS (SELECT 1 FROM written) AS written,
                    EXISTS (SELECT 1 FROM event) AS has_event"
        )));
        let transaction = self.begin(Durability::Process).await?;
        let replies = transaction.commit(&queries, None).await?.unwrap_or_default();
        let row = replies.last().and_then(|reply| reply.rows.first());
        let row = row.ok_or_else(|| damaged("attempts"))?;
        if get(row, "has_event")? {
            reservation.deferred_event = raised.map(|(event, _)| event.id);
        }
        let written: bool = get(row, "written")?;
        Ok(written.then_some(ReserveOutcome::Reserved(reservation)))
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

    /// Releases a reservation whose record could not be written. `nothing_written` says that nothing
    /// else of [`finish`](Self::finish) was written either. Otherwise the record tells.
    pub(crate) async fn release_alone(
        &self,
        attempt: &FinishAttempt,
        nothing_written: bool,
    ) -> Result<(), StoreError> {
        let Some(reservation) = &attempt.reservation else { return Ok(()) };
        let mut transaction = self.begin(Durability::Process).await?;
        let record = (!nothing_written).then_some(&attempt.audit);
        match released(&mut transaction, reservation, record).await? {
            Some(queries) => transaction.commit(&queries, None).await.map(drop),
            None => transaction.rollback().await,
        }
    }

    pub(crate) async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        // Rows that are locked are in use again, or are being deleted already.
        let delete = Query::new(
            "DELETE FROM @attempts WHERE key IN (
                 SELECT key FROM @attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
                 FOR UPDATE SKIP LOCKED)",
        );
        let delete = delete.bind(now).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let transaction = self.begin(Durability::Process).await?;
        transaction.commit(&[delete], None).await.map(drop)
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

/// Locks the row, if there is one.
fn attempts_locked(key: &AttemptKey) -> Query {
    let lock = format!("SELECT {STATE} FROM @attempts WHERE key = $1 FOR UPDATE");
    Query::new(lock).bind(key.as_bytes())
}

fn attempts_written(key: &AttemptKey, state: &AttemptState) -> Query {
    let mut query = Query::default();
    let [failures, password, reset, expires_at] = state_values(&mut query, state);
    let key = query.value(key.as_bytes());
    query.with_sql(format!(
        "UPDATE @attempts SET failures = {failures}, password_locked_until = {password},
                reset_locked_until = {reset}, expires_at = {expires_at}
         WHERE key = {key}"
    ))
}

/// Has a statement that commits by itself do so as [`Durability::Process`] does.
const LAZILY: &str = "set_config('synchronous_commit', 'off', TRUE) = 'off'";

/// Replaces the state if it is `before` still, where `None` stands for no row. Returns a row if it did.
fn state_written(
    query: &mut Query,
    key: &AttemptKey,
    before: Option<&AttemptState>,
    after: &AttemptState,
) -> String {
    let [failures, password, reset, expires_at] = state_values(query, after);
    let key = query.value(key.as_bytes());
    let Some(before) = before else {
        return format!(
            "INSERT INTO @attempts (key, {STATE})
             SELECT {key}, {failures}, {password}, {reset}, {expires_at} WHERE {LAZILY}
             ON CONFLICT (key) DO NOTHING RETURNING 1"
        );
    };
    let [was_failures, was_password, was_reset, was_expires_at] = state_values(query, before);
    format!(
        "UPDATE @attempts SET failures = {failures}, password_locked_until = {password},
                reset_locked_until = {reset}, expires_at = {expires_at}
         WHERE {LAZILY} AND key = {key} AND failures = {was_failures}
           AND password_locked_until IS NOT DISTINCT FROM {was_password}
           AND reset_locked_until IS NOT DISTINCT FROM {was_reset}
           AND expires_at IS NOT DISTINCT FROM {was_expires_at}
         RETURNING 1"
    )
}

/// The parameters of the columns of [`STATE`].
fn state_values(query: &mut Query, state: &AttemptState) -> [String; 4] {
    [
        query.value(i64::from(state.failures)),
        query.value(state.password_locked_until),
        query.value(state.reset_locked_until),
        query.value(state.expires_at),
    ]
}
