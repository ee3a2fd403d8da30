use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptAlarm, AttemptKey, AttemptPath, AttemptRules, AttemptState, AttemptTicket,
    Closed, StoreError,
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
    pub(crate) async fn charge_attempt(
        &self,
        key: &AttemptKey,
        path: AttemptPath,
        rules: &AttemptRules,
        now: Timestamp,
        alarm: Option<&AttemptAlarm>,
    ) -> Result<Result<AttemptTicket, Closed>, StoreError> {
        if let Some(ticket) = self.charge_first_attempt(key, path, rules, now, alarm).await? {
            return Ok(Ok(ticket));
        }
        let mut transaction = self.begin().await?;
        let before = self.lock_attempts_or_first(&mut transaction, key).await?;
        match before.charge(key, path, rules, now) {
            Ok((state, mut ticket)) => {
                if let Some(alarm) = alarm
                    && let Some((event, due_at)) = alarm.raised_by(&ticket, rules)
                    && self.can_be_told_of(&mut transaction, alarm, event.account).await?
                {
                    self.effect(&mut transaction, event_written(&event, due_at)).await?;
                    ticket.alarm = Some(event.id);
                }
                self.effect(&mut transaction, attempts_written(key, &state)).await?;
                self.end_unrecorded(transaction).await?;
                Ok(Ok(ticket))
            }
            Err(closed) => {
                self.undo(transaction).await?;
                Ok(Err(closed))
            }
        }
    }

    /// Charges a try by one statement of SQLite where there is no row, as there is none after a change.
    /// `None` where there is one, or an event has to be written. PostgreSQL would be asked four times,
    /// and for nothing whenever somebody guesses.
    async fn charge_first_attempt(
        &self,
        key: &AttemptKey,
        path: AttemptPath,
        rules: &AttemptRules,
        now: Timestamp,
        alarm: Option<&AttemptAlarm>,
    ) -> Result<Option<AttemptTicket>, StoreError> {
        if self.dialect != Dialect::Sqlite {
            return Ok(None);
        }
        let Ok((state, ticket)) = AttemptState::default().charge(key, path, rules, now) else {
            return Ok(None);
        };
        if alarm.is_some_and(|alarm| alarm.raised_by(&ticket, rules).is_some()) {
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
        alarm: &AttemptAlarm,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let Some(table) = &self.accounts.foreign else { return Ok(true) };
        let (realm, user_id) = alarm.holder();
        self.register_foreign(transaction, table, account, realm, user_id).await
    }

    pub(crate) async fn refund_attempt(&self, ticket: &AttemptTicket) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // Where there is none it was cleared meanwhile, the payment with it.
        if let Some(before) = self.lock_attempts(&mut transaction, &ticket.key).await? {
            let written = attempts_written(&ticket.key, &before.refund(ticket));
            self.effect(&mut transaction, written).await?;
        }
        if let Some(alarm) = ticket.alarm {
            self.effect(&mut transaction, event_withdrawn(alarm)).await?;
        }
        self.end_unrecorded(transaction).await
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
        state.password_closed_until.into(),
        state.reset_closed_until.into(),
        state.expires_at.into(),
        key.as_bytes().into(),
    ]
}

pub(crate) fn attempts_cleared(key: &AttemptKey) -> Effect {
    Effect::new("DELETE FROM attempts WHERE key = $1", [key.as_bytes().into()])
}
