//! Reserves and finishes attempts.

use jiff::Timestamp;
use repass_core::{
    AccountId, AccountReference, AttemptKey, AttemptOutcome, AttemptReservation, AttemptState,
    AuditRecord, DeferredLockoutEvent, FindAndReserve, FinishAttempt, FoundAndReserved, NameKind,
    ReserveAttempt, ReserveOutcome, StoreError, fold_name,
};
use uuid::Uuid;

use crate::audit::audit_values;
use crate::change::{insert_numbered_event, lock_account};
use crate::commit::otp_values;
use crate::connections::Reply;
use crate::failure::damaged;
use crate::mapped::insert_registration;
use crate::outbox::delete_event;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::{PostgresStore, result};
use crate::transaction::{Durability, Transaction};

/// The maximum number of conflicts with concurrent reservations. Each conflict means that another
/// attempt was counted, so the account is locked out long before.
const MAX_CONFLICTS: usize = 100;

impl PostgresStore {
    /// Reserves the first attempt in one round trip, later ones in two. Known accounts and unknown
    /// identifiers take the same number of round trips.
    pub(crate) async fn reserve(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        for _ in 0..MAX_CONFLICTS {
            if let Some(outcome) = self.reserve_if_unchanged(attempt).await? {
                return Ok(outcome);
            }
        }
        Err(StoreError::Unavailable("the attempts of this account keep changing".into()))
    }

    /// Finds the account and reserves its first attempt in one round trip, later ones in two.
    /// Returns `None`, and writes nothing, if that must be done in two steps.
    pub(crate) async fn find_and_reserve_at_once(
        &self,
        attempt: &FindAndReserve,
    ) -> Result<Option<FoundAndReserved>, StoreError> {
        let FindAndReserve { account, unknown, path, policy, now, .. } = attempt;
        let source = self.accounts();
        let first = AttemptState::default().reserve(unknown, *path, policy, *now);
        let Ok((first, _)) = first else { return Ok(None) };
        if source.mapped.is_some() || DeferredLockoutEvent::kind(first.failures, policy).is_some() {
            return Ok(None);
        }
        let mut query = Query::default();
        reference_values(&mut query, account);
        query.value(unknown.as_bytes());
        state_values(&mut query, &first);
        let reply = self.run_non_idempotent(&query.call("find_and_reserve")).await?;
        let Some(row) = reply.rows.first() else { return Ok(None) };
        let found = get::<Option<Uuid>>(row, "id")?.map(|_| source.with_credential(row));
        let found = found.transpose()?;
        let (key, event) = attempt.target(found.as_ref().map(|found| &found.account));
        let attempt = attempt.reservation(&key, event.as_ref());
        let outcome = match get::<Option<i64>>(row, "failures")? {
            None => reserved_first(&attempt)?.1,
            Some(_) => {
                let before = row::attempt_state(row)?;
                match self.reserve_after(&attempt, Some(&before)).await? {
                    Some(outcome) => outcome,
                    None => self.reserve(&attempt).await?,
                }
            }
        };
        Ok(Some(FoundAndReserved { found, outcome }))
    }

    /// Inserts the row, or updates it if its state is unchanged since it was read. Returns `None`,
    /// and writes nothing, after a concurrent update.
    async fn reserve_if_unchanged(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<Option<ReserveOutcome>, StoreError> {
        let (first, outcome) = reserved_first(attempt)?;
        let before = if raises_event(&first, attempt) {
            self.row(&find_attempts(attempt.key)).await?
        } else {
            let mut insert = Query::default();
            insert.value(attempt.key.as_bytes());
            state_values(&mut insert, &first);
            let found = self.run_non_idempotent(&insert.call("reserve_attempt")).await?;
            let Some(found) = found.rows.into_iter().next() else { return Ok(Some(outcome)) };
            Some(found)
        };
        let before = before.as_ref().map(row::attempt_state).transpose()?;
        self.reserve_after(attempt, before.as_ref()).await
    }

    /// Like [`reserve_if_unchanged`](Self::reserve_if_unchanged), with the state that was read;
    /// `None` for no row.
    async fn reserve_after(
        &self,
        attempt: &ReserveAttempt<'_>,
        before: Option<&AttemptState>,
    ) -> Result<Option<ReserveOutcome>, StoreError> {
        let ReserveAttempt { key, path, policy, now, .. } = *attempt;
        match before.copied().unwrap_or_default().reserve(key, path, policy, now) {
            Err(locked_out) => Ok(Some(ReserveOutcome::LockedOut(locked_out))),
            Ok((after, reservation)) if raises_event(&after, attempt) => {
                self.write_raising(attempt, before, &after, reservation).await
            }
            Ok((after, reservation)) => {
                let mut write = Query::default();
                let sql = write_state_if_unchanged(&mut write, key, before, &after);
                let reply = self.run_non_idempotent(&write.with_sql(sql)).await?;
                Ok((reply.affected == 1).then_some(ReserveOutcome::Reserved(reservation)))
            }
        }
    }

    /// Runs a statement in autocommit mode that must not be repeated.
    async fn run_non_idempotent(&self, query: &Query) -> Result<Reply, StoreError> {
        self.0.connections.write(query).await.map_err(|failure| {
            if failure.may_be_committed() { failure.outcome_unknown() } else { failure.into() }
        })
    }

    /// Writes the state with its event, if the account still exists. Locks the row of the account
    /// first, as all writers do.
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
            queries.extend(insert_registration(table, account, realm, user_id));
        }
        queries.push(lock_account(account));

        let mut query = Query::default();
        let written = write_state_if_unchanged(&mut query, attempt.key, before, after);
        let raised = attempt.event.and_then(|event| event.raised_by(&reservation, attempt.policy));
        let event = match &raised {
            None => "event AS (SELECT 1 WHERE FALSE)".to_owned(),
            Some((event, due_at)) => {
                let account = query.value(account);
                let exists = source.exists(&account);
                let condition = format!("EXISTS (SELECT 1 FROM written) AND EXISTS ({exists})");
                insert_numbered_event(&mut query, event, *due_at, &account, &condition)
            }
        };
        queries.push(query.with_sql(format!(
            "WITH written AS ({written}), {event}
             SELECT EXISTS (SELECT 1 FROM written) AS written,
                    EXISTS (SELECT 1 FROM event) AS has_event"
        )));
        let transaction = self.begin(Durability::Eventual).await?;
        let replies = transaction.commit(&queries, None).await?.unwrap_or_default();
        let row = replies.last().and_then(|reply| reply.rows.first());
        let row = row.ok_or_else(|| damaged("attempts"))?;
        if get(row, "has_event")? {
            reservation.deferred_event = raised.map(|(event, _)| event.id);
        }
        let written: bool = get(row, "written")?;
        Ok(written.then_some(ReserveOutcome::Reserved(reservation)))
    }

    /// Finishes the attempt in one round trip, or in more if its reservation is released. Returns
    /// `false` if its one-time password is used.
    pub(crate) async fn finish(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        match (&attempt.reservation, attempt.outcome) {
            (Some(reservation), AttemptOutcome::Released) => {
                self.finish_released(reservation, attempt).await
            }
            _ => {
                let finished = self.call(&finish_attempt(attempt)?, &attempt.audit).await?;
                Ok(finished.unwrap_or(true))
            }
        }
    }

    async fn finish_released(
        &self,
        reservation: &AttemptReservation,
        attempt: &FinishAttempt,
    ) -> Result<bool, StoreError> {
        let audit = &attempt.audit;
        let durability = match attempt.otp {
            Some(_) => Durability::Immediate,
            None => Durability::Eventual,
        };
        let mut transaction = self.begin(durability).await?;
        let queries = release_queries(&mut transaction, reservation, Some(audit)).await?;
        let Some(mut queries) = queries else {
            transaction.rollback().await?;
            return Ok(true);
        };
        queries.push(finish_attempt(attempt)?);
        if attempt.otp.is_some() {
            let replies = transaction.run(&queries).await?;
            if !result::<bool>(replies.last().ok_or_else(|| damaged("result"))?)? {
                transaction.rollback().await?;
                return Ok(false);
            }
            queries.clear();
        }
        transaction.commit(&queries, Some(audit)).await?;
        Ok(true)
    }

    /// Releases a reservation whose audit record could not be written. `nothing_written` means that
    /// [`finish`](Self::finish) was rolled back; otherwise the audit record shows whether it was
    /// committed.
    pub(crate) async fn release_alone(
        &self,
        attempt: &FinishAttempt,
        nothing_written: bool,
    ) -> Result<(), StoreError> {
        let Some(reservation) = &attempt.reservation else { return Ok(()) };
        let mut transaction = self.begin(Durability::Eventual).await?;
        let record = (!nothing_written).then_some(&attempt.audit);
        match release_queries(&mut transaction, reservation, record).await? {
            Some(queries) => transaction.commit(&queries, None).await.map(drop),
            None => transaction.rollback().await,
        }
    }

    pub(crate) async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        // Locked rows are in use or being deleted.
        let delete = Query::new(
            "DELETE FROM @attempts WHERE key IN (
                 SELECT key FROM @attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
                 FOR UPDATE SKIP LOCKED)",
        );
        let delete = delete.bind(now).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let transaction = self.begin(Durability::Eventual).await?;
        transaction.commit(&[delete], None).await.map(drop)
    }

    pub(crate) async fn attempt_state(&self, key: &AttemptKey) -> Result<AttemptState, StoreError> {
        let found = self.row(&find_attempts(key)).await?;
        found.as_ref().map_or_else(|| Ok(AttemptState::default()), row::attempt_state)
    }
}

/// Returns the state and the outcome of the first attempt of a row.
fn reserved_first(
    attempt: &ReserveAttempt<'_>,
) -> Result<(AttemptState, ReserveOutcome), StoreError> {
    let ReserveAttempt { key, path, policy, now, .. } = *attempt;
    match AttemptState::default().reserve(key, path, policy, now) {
        Ok((state, reservation)) => Ok((state, ReserveOutcome::Reserved(reservation))),
        Err(_) => Err(StoreError::Failed("the policy allows no attempt".into())),
    }
}

fn raises_event(after: &AttemptState, attempt: &ReserveAttempt<'_>) -> bool {
    DeferredLockoutEvent::kind(after.failures, attempt.policy).is_some()
}

/// Adds the realm, the user id, the e-mail address and the user name for
/// [`functions::FIND_AND_RESERVE`](crate::functions). None of the last three finds no account.
fn reference_values(query: &mut Query, account: &AccountReference) {
    // No text of PostgreSQL contains NUL.
    let text = |text: &String| (!text.contains('\0')).then(|| text.clone());
    let (realm, user_id, email, username) = match account {
        AccountReference::UserId(subject) => {
            let email = subject.email.as_deref().map(fold_name);
            let is_storable = email.as_ref().is_none_or(|email| text(email).is_some());
            let user_id = subject.valid_user_id().filter(|_| is_storable).map(String::from);
            let email = email.filter(|_| user_id.is_some());
            (&subject.realm, user_id, email, None)
        }
        AccountReference::Name { realm, kind: NameKind::Email, name } => {
            (realm, None, text(name), None)
        }
        AccountReference::Name { realm, kind: NameKind::Username, name } => {
            (realm, None, None, text(name))
        }
    };
    query.value(realm.as_str());
    query.value(user_id);
    query.value(email);
    query.value(username);
}

/// Returns the call of [`functions::FINISH_ATTEMPT`](crate::functions), which releases no
/// reservation.
fn finish_attempt(attempt: &FinishAttempt) -> Result<Query, StoreError> {
    let FinishAttempt { reservation, outcome, otp, audit, .. } = attempt;
    let mut query = Query::default();
    query.value(otp.map(|(account, _)| account.0));
    otp_values(&mut query, otp.map(|(_, spend)| spend))?;
    let reservation = reservation.as_ref().filter(|_| *outcome != AttemptOutcome::Released);
    let cleared = reservation.filter(|_| *outcome == AttemptOutcome::Succeeded);
    query.value(cleared.map(|reservation| reservation.key.as_bytes().to_vec()));
    query.value(reservation.and_then(|reservation| reservation.deferred_event));
    query.value(*outcome == AttemptOutcome::Failed);
    audit_values(&mut query, audit)?;
    Ok(query.call("finish_attempt"))
}

const STATE: &str = "failures, password_locked_until, reset_locked_until, expires_at";

/// Returns the statements that release a reservation and delete its deferred event; `None` if
/// `record` exists, so that it was released before.
async fn release_queries(
    transaction: &mut Transaction<'_>,
    reservation: &AttemptReservation,
    record: Option<&AuditRecord>,
) -> Result<Option<Vec<Query>>, StoreError> {
    let recorded = record.map(|it| Query::new("SELECT 1 FROM @audit WHERE id = $1").bind(it.id));
    let queries: Vec<Query> =
        [lock_attempts(&reservation.key)].into_iter().chain(recorded).collect();
    let replies = transaction.run(&queries).await?;
    let Some((locked, recorded)) = replies.split_first() else { return Err(damaged("attempts")) };
    if recorded.iter().any(|recorded| !recorded.rows.is_empty()) {
        return Ok(None);
    }
    let mut queries = Vec::new();
    // Without a row, the attempts were cleared meanwhile, including this one.
    if let Some(row) = locked.rows.first() {
        let state = row::attempt_state(row)?.release(reservation);
        queries.push(update_attempts(&reservation.key, &state));
    }
    queries.extend(reservation.deferred_event.map(delete_event));
    Ok(Some(queries))
}

fn find_attempts(key: &AttemptKey) -> Query {
    Query::new(format!("SELECT {STATE} FROM @attempts WHERE key = $1")).bind(key.as_bytes())
}

/// Selects and locks the row.
fn lock_attempts(key: &AttemptKey) -> Query {
    let lock = format!("SELECT {STATE} FROM @attempts WHERE key = $1 FOR UPDATE");
    Query::new(lock).bind(key.as_bytes())
}

fn update_attempts(key: &AttemptKey, state: &AttemptState) -> Query {
    let mut query = Query::default();
    let [failures, password, reset, expires_at] = state_values(&mut query, state);
    let key = query.value(key.as_bytes());
    query.with_sql(format!(
        "UPDATE @attempts SET failures = {failures}, password_locked_until = {password},
                reset_locked_until = {reset}, expires_at = {expires_at}
         WHERE key = {key}"
    ))
}

/// Makes a statement in autocommit mode commit with [`Durability::Eventual`].
const ASYNC_COMMIT: &str = "set_config('synchronous_commit', 'off', TRUE) = 'off'";

/// Writes the state if it is still `before`, where `None` means no row. Returns a row if it was
/// written.
fn write_state_if_unchanged(
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
             SELECT {key}, {failures}, {password}, {reset}, {expires_at} WHERE {ASYNC_COMMIT}
             ON CONFLICT (key) DO NOTHING RETURNING 1"
        );
    };
    let [was_failures, was_password, was_reset, was_expires_at] = state_values(query, before);
    format!(
        "UPDATE @attempts SET failures = {failures}, password_locked_until = {password},
                reset_locked_until = {reset}, expires_at = {expires_at}
         WHERE {ASYNC_COMMIT} AND key = {key} AND failures = {was_failures}
           AND password_locked_until IS NOT DISTINCT FROM {was_password}
           AND reset_locked_until IS NOT DISTINCT FROM {was_reset}
           AND expires_at IS NOT DISTINCT FROM {was_expires_at}
         RETURNING 1"
    )
}

/// Returns the parameters of the columns [`STATE`].
fn state_values(query: &mut Query, state: &AttemptState) -> [String; 4] {
    [
        query.value(i64::from(state.failures)),
        query.value(state.password_locked_until),
        query.value(state.reset_locked_until),
        query.value(state.expires_at),
    ]
}
