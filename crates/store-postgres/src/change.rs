//! Changes of an account as one statement of several parts.

use jiff::Timestamp;
use repass_core::{AccountId, AuditRecord, OutboxEvent, StoreError, TokenId};

use crate::accounts_source::AccountsSource;
use crate::audit::{audit_written_if, unrecorded};
use crate::query::{Query, SqlValue};

/// Whether the parts of a [`Change`] happen.
pub(crate) const ALLOWED: &str = "EXISTS (SELECT 1 FROM allowed)";

/// A change of one account: a statement whose parts all happen, or none of them.
///
/// It begins with a part `allowed` that selects a row if they do. The account's own row must be locked by a
/// statement before it ([`account_locked`]). Every writer of an account locks it first, so this
/// statement, which sees what was committed before it began, sees the work of all others.
///
/// It is made once, however often it is sent: `allowed` has the condition [`unrecorded`](Change::unrecorded). Its
/// row says in `done` whether it was made now.
pub(crate) struct Change {
    query: Query,
    parts: Vec<String>,
    /// The parameter of the account's id.
    pub(crate) account: String,
    /// The parameter of the time of the change.
    pub(crate) at: String,
    /// Whether the change was not made yet.
    pub(crate) unrecorded: String,
}

impl Change {
    /// A change that `record` tells of.
    pub(crate) fn new(account: AccountId, at: Timestamp, record: &AuditRecord) -> Self {
        let mut query = Query::default();
        let (account, at) = (query.value(account), query.value(at));
        let unrecorded = unrecorded(&mut query, record);
        Self { query, parts: Vec::new(), account, at, unrecorded }
    }

    /// Adds the part `allowed` of a change that happens if there is such an account.
    pub(crate) fn begin(&mut self, source: &AccountsSource) {
        let exists = format!("{} AND {}", source.exists(&self.account), self.unrecorded);
        self.part("allowed", exists);
    }

    /// The parameter of a value.
    pub(crate) fn value(&mut self, value: impl SqlValue) -> String {
        self.query.value(value)
    }

    /// Adds a part, which others can refer to by `name`.
    pub(crate) fn part(&mut self, name: &str, sql: impl AsRef<str>) {
        self.parts.push(format!("{name} AS ({})", sql.as_ref()));
    }

    /// Updates the account's own row. There can be one such part, for a statement changes a row once.
    pub(crate) fn account_set(&mut self, columns: &[String]) {
        let (columns, account) = (columns.join(", "), &self.account);
        let update = format!(
            "UPDATE @accounts SET {columns} WHERE id = {account} AND {ALLOWED} RETURNING events"
        );
        self.part("account", update);
    }

    /// The columns of the account's row that end every session but the one of `keep`: those that are
    /// there, and those that were issued up to now and are written later.
    pub(crate) fn cut_off(&mut self, keep: Option<TokenId>) -> Vec<String> {
        let keep = self.value(keep.map(|token| token.0));
        let at = &self.at;
        // Of nodes whose clocks differ, the later one's word stands.
        vec![format!("kept_token = {keep}"), format!("valid_after = GREATEST(valid_after, {at})")]
    }

    /// Revokes the access tokens but `keep`.
    pub(crate) fn access_tokens_revoked(&mut self, keep: Option<TokenId>) {
        let keep = self.value(keep.map(|token| token.0));
        let Self { account, at, .. } = self;
        let update = format!(
            "UPDATE @access_tokens SET revoked_at = {at} WHERE account = {account}
             AND revoked_at IS NULL AND id IS DISTINCT FROM {keep} AND {ALLOWED}"
        );
        self.part("revoked", update);
    }

    /// Voids every reset token of the account that still counts.
    pub(crate) fn reset_tokens_voided(&mut self) {
        let Self { account, at, .. } = self;
        let update = format!(
            "UPDATE @reset_tokens SET spent_at = {at}
             WHERE account = {account} AND spent_at IS NULL AND {ALLOWED}"
        );
        self.part("voided", update);
    }

    /// Writes an event, with the number that the part `account` has counted.
    pub(crate) fn event_written(&mut self, event: &OutboxEvent, due_at: Timestamp) {
        let insert = event_insert(&mut self.query, event, due_at);
        self.part("event", insert);
    }

    /// The whole statement, with the record.
    pub(crate) fn finish(self, record: &AuditRecord) -> Result<Query, StoreError> {
        self.finish_with(record, "", "")
    }

    /// The same with other columns before `done`, from the part `from`.
    pub(crate) fn finish_with(
        mut self,
        record: &AuditRecord,
        columns: &str,
        from: &str,
    ) -> Result<Query, StoreError> {
        let audit = audit_written_if(&mut self.query, record, ALLOWED)?;
        self.part("audit", audit);
        let Self { query, parts, .. } = self;
        let parts = parts.join(",\n");
        Ok(query.with_sql(format!("WITH {parts} SELECT {columns} {ALLOWED} AS done {from}")))
    }
}

/// Locks the account's own row: every other change of the account waits from here on.
pub(crate) fn account_locked(account: AccountId) -> Query {
    Query::new("SELECT 1 FROM @accounts WHERE id = $1 FOR NO KEY UPDATE").bind(account)
}

/// Counts an event of the account and writes it, if `condition` holds: the parts `account` and `event` of
/// a statement.
pub(crate) fn event_counted(
    query: &mut Query,
    event: &OutboxEvent,
    due_at: Timestamp,
    account: &str,
    condition: &str,
) -> String {
    let insert = event_insert(query, event, due_at);
    format!(
        "account AS (UPDATE @accounts SET events = events + 1 WHERE id = {account} AND {condition}
                     RETURNING events),
         event AS ({insert} RETURNING 1)"
    )
}

fn event_insert(query: &mut Query, event: &OutboxEvent, due_at: Timestamp) -> String {
    let values = [
        query.value(event.id),
        query.value(event.at),
        query.value(event.account),
        query.value(event.kind.as_str()),
        query.value(event.payload.clone()),
        query.value(due_at),
    ];
    format!(
        "INSERT INTO @events (id, at, account, kind, payload, due_at, number)
         SELECT {}, account.events FROM account",
        values.join(", "),
    )
}
