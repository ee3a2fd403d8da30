use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptAlarm, AttemptKey, AttemptPath, AttemptRules, AttemptState, AttemptTicket,
    Closed, StoreError,
};
use sqlx::any::AnyRow;
use sqlx::query;

use crate::dialect::Dialect;
use crate::effect::{Effect, Value};
use crate::failure::{damaged, is_unique_violation};
use crate::journal::event_written;
use crate::outbox::event_withdrawn;
use crate::row;
use crate::store::SqlStore;
use crate::transaction::WriteTransaction;

/// How many forgotten rows of unknown identifiers one charge sweeps at most, so that none takes
/// long. One charge makes one such row at most, so they do not pile up.
const SWEPT: u32 = 100;

struct Row {
    state: AttemptState,
    /// From when on the row counts as none.
    expires_at: Option<Timestamp>,
}

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
        let row = self.lock_attempts_or_first(&mut transaction, key).await?;
        let remembered = row.expires_at.is_none_or(|at| now < at);
        let before = if remembered { row.state } else { AttemptState::default() };

        match before.charge(key, path, rules, now) {
            Ok((state, mut ticket)) => {
                let expires_at = forgotten_at(key, now);
                if let Some(alarm) = alarm
                    && let Some((event, due_at)) = alarm.raised_by(&ticket, rules)
                    && self.can_be_told_of(&mut transaction, alarm, event.account).await?
                {
                    self.effect(&mut transaction, event_written(&event, due_at)).await?;
                    ticket.alarm = Some(event.id);
                }
                // Swept for every key, or else the time would tell known identifiers from unknown ones.
                let written = attempts_written(key, &Row { state, expires_at });
                self.effect(&mut transaction, written).await?;
                self.effect(&mut transaction, self.attempts_swept(now)).await?;
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
            values(key, &Row { state, expires_at: forgotten_at(key, now) }),
        );
        match self.have_at_once([first, self.attempts_swept(now)]).await {
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
        if let Some(row) = self.lock_attempts(&mut transaction, &ticket.key).await? {
            let row = Row { state: row.state.refund(ticket), ..row };
            self.effect(&mut transaction, attempts_written(&ticket.key, &row)).await?;
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
    ) -> Result<Row, StoreError> {
        // A write that changes nothing locks a row as one that does.
        let first = query(
            "INSERT INTO attempts (key, failures) VALUES ($1, 0)
             ON CONFLICT (key) DO UPDATE SET failures = attempts.failures
             RETURNING failures, password_closed_until, reset_closed_until, expires_at",
        )
        .bind(key.as_bytes().as_slice());
        let found = self.row_within(transaction, first).await?;
        found.as_ref().map_or_else(|| Err(damaged("attempts")), read)
    }

    async fn lock_attempts(
        &self,
        transaction: &mut WriteTransaction,
        key: &AttemptKey,
    ) -> Result<Option<Row>, StoreError> {
        let select = self.dialect.locking(
            "SELECT failures, password_closed_until, reset_closed_until, expires_at
             FROM attempts WHERE key = $1",
        );
        let found = query(select).bind(key.as_bytes().as_slice());
        self.row_within(transaction, found).await?.as_ref().map(read).transpose()
    }

    fn attempts_swept(&self, now: Timestamp) -> Effect {
        // Rows that somebody holds are in use again, or swept already: waiting for them could only
        // do harm.
        // A limit that is a parameter has SQLite plan the statement anew each time.
        let select = format!(
            "SELECT key FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT {SWEPT}"
        );
        let forgotten = self.dialect.claiming(&select);
        let sweep = format!("DELETE FROM attempts WHERE key IN ({})", forgotten.as_str());
        Effect::new(sweep, [now.into()])
    }
}

fn attempts_written(key: &AttemptKey, row: &Row) -> Effect {
    Effect::new(
        "UPDATE attempts
         SET failures = $1, password_closed_until = $2, reset_closed_until = $3, expires_at = $4
         WHERE key = $5",
        values(key, row),
    )
}

fn values(key: &AttemptKey, row: &Row) -> [Value; 5] {
    [
        i64::from(row.state.failures).into(),
        row.state.password_closed_until.into(),
        row.state.reset_closed_until.into(),
        row.expires_at.into(),
        key.as_bytes().into(),
    ]
}

/// From when on the row of a try counts as none.
fn forgotten_at(key: &AttemptKey, now: Timestamp) -> Option<Timestamp> {
    let forgotten_at = now.checked_add(AttemptKey::UNKNOWN_FORGOTTEN_AFTER);
    key.expires.then(|| forgotten_at.unwrap_or(Timestamp::MAX))
}

pub(crate) fn attempts_cleared(key: &AttemptKey) -> Effect {
    Effect::new("DELETE FROM attempts WHERE key = $1", [key.as_bytes().into()])
}

fn read(found: &AnyRow) -> Result<Row, StoreError> {
    Ok(Row { state: row::attempt_state(found)?, expires_at: row::expires_if_ever(found)? })
}
