use jiff::Timestamp;
use repass_core::{
    AttemptKey, AttemptPath, AttemptRules, AttemptState, AttemptTicket, Closed, StoreError,
};
use sqlx::query;

use crate::row;
use crate::store::{SqlStore, WriteTransaction};

/// How many forgotten rows of unknown identifiers one charge sweeps at most, so that none takes
/// long. One charge makes one such row at most, so they do not pile up.
const SWEPT: i64 = 100;

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
    ) -> Result<Result<AttemptTicket, Closed>, StoreError> {
        let mut transaction = self.begin().await?;
        // For every key, or else the time taken would tell known identifiers from unknown ones.
        self.sweep_attempts(&mut transaction, now).await?;
        // There must be a row to lock before it is read: two first tries at once are two.
        let first = query(
            "INSERT INTO attempts (key, failures) VALUES ($1, 0) ON CONFLICT (key) DO NOTHING",
        )
        .bind(key.as_bytes().as_slice());
        self.write(&mut transaction, first).await?;
        let row = self.lock_attempts(&mut transaction, key).await?;
        let remembered = row.filter(|row| row.expires_at.is_none_or(|at| now < at));
        let before = remembered.map(|row| row.state).unwrap_or_default();

        match before.charge(key, path, rules, now) {
            Ok((state, ticket)) => {
                let expires_at = key.expires.then(|| {
                    now.checked_add(AttemptKey::UNKNOWN_FORGOTTEN_AFTER).unwrap_or(Timestamp::MAX)
                });
                self.write_attempts(&mut transaction, key, Row { state, expires_at }).await?;
                self.end(transaction).await?;
                Ok(Ok(ticket))
            }
            Err(closed) => {
                self.undo(transaction).await?;
                Ok(Err(closed))
            }
        }
    }

    pub(crate) async fn refund_attempt(&self, ticket: &AttemptTicket) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        match self.lock_attempts(&mut transaction, &ticket.key).await? {
            Some(row) => {
                let row = Row { state: row.state.refund(ticket), ..row };
                self.write_attempts(&mut transaction, &ticket.key, row).await?;
                self.end(transaction).await
            }
            // Cleared meanwhile, the payment with it.
            None => self.undo(transaction).await,
        }
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
        let Some(found) = self.row_within(transaction, found).await? else { return Ok(None) };
        let state = row::attempt_state(&found)?;
        Ok(Some(Row { state, expires_at: row::expires_if_ever(&found)? }))
    }

    async fn write_attempts(
        &self,
        transaction: &mut WriteTransaction,
        key: &AttemptKey,
        row: Row,
    ) -> Result<(), StoreError> {
        let update = query(
            "UPDATE attempts
             SET failures = $1, password_closed_until = $2, reset_closed_until = $3, expires_at = $4
             WHERE key = $5",
        )
        .bind(i64::from(row.state.failures))
        .bind(row.state.password_closed_until.map(Timestamp::as_microsecond))
        .bind(row.state.reset_closed_until.map(Timestamp::as_microsecond))
        .bind(row.expires_at.map(Timestamp::as_microsecond))
        .bind(key.as_bytes().as_slice());
        self.write(transaction, update).await.map(drop)
    }

    async fn sweep_attempts(
        &self,
        transaction: &mut WriteTransaction,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sweep = query(
            "DELETE FROM attempts WHERE key IN (
                 SELECT key FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        )
        .bind(now.as_microsecond())
        .bind(SWEPT);
        self.write(transaction, sweep).await.map(drop)
    }

    pub(crate) async fn clear_attempts(
        &self,
        transaction: &mut WriteTransaction,
        key: &AttemptKey,
    ) -> Result<(), StoreError> {
        let delete = query("DELETE FROM attempts WHERE key = $1").bind(key.as_bytes().as_slice());
        self.write(transaction, delete).await.map(drop)
    }
}
