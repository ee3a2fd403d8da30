//! Changes of an account as one statement with several CTEs.

use jiff::Timestamp;
use repass_core::{AccountId, AuditRecord, OutboxEvent, StoreError, TokenId};

use crate::accounts_source::AccountsSource;
use crate::audit::{insert_audit_if, unrecorded};
use crate::query::{Query, SqlValue};

/// The condition of the CTEs of a [`Change`].
pub(crate) const ALLOWED: &str = "EXISTS (SELECT 1 FROM allowed)";

/// A change of one account: a statement whose CTEs all apply, or none of them.
///
/// The CTE `allowed` selects a row if the change applies. An earlier statement of the transaction
/// must lock the row of the account ([`lock_account`]). Every writer of an account locks it first,
/// so this statement sees the commits of all other writers.
///
/// The change applies once, even if it is sent again, since `allowed` has the condition
/// [`unrecorded`](Change::unrecorded). The column `done` of the result tells whether it applied
/// now.
pub(crate) struct Change {
    query: Query,
    ctes: Vec<String>,
    /// The parameter with the id of the account.
    pub(crate) account: String,
    /// The parameter with the time of the change.
    pub(crate) at: String,
    /// The condition that the change was not applied before.
    pub(crate) unrecorded: String,
}

impl Change {
    /// Starts a change with this audit record.
    pub(crate) fn new(account: AccountId, at: Timestamp, record: &AuditRecord) -> Self {
        let mut query = Query::default();
        let (account, at) = (query.value(account), query.value(at));
        let unrecorded = unrecorded(&mut query, record);
        Self { query, ctes: Vec::new(), account, at, unrecorded }
    }

    /// Adds the CTE `allowed` of a change that applies if the account exists.
    pub(crate) fn begin(&mut self, source: &AccountsSource) {
        let exists = format!("{} AND {}", source.exists(&self.account), self.unrecorded);
        self.cte("allowed", exists);
    }

    /// Adds a value and returns its parameter.
    pub(crate) fn value(&mut self, value: impl SqlValue) -> String {
        self.query.value(value)
    }

    /// Adds a CTE.
    pub(crate) fn cte(&mut self, name: &str, sql: impl AsRef<str>) {
        self.ctes.push(format!("{name} AS ({})", sql.as_ref()));
    }

    /// Updates the row of the account. A change has one such CTE, as a statement can update a row
    /// only once.
    pub(crate) fn update_account(&mut self, columns: &[String]) {
        let (columns, account) = (columns.join(", "), &self.account);
        let update = format!(
            "UPDATE @accounts SET {columns} WHERE id = {account} AND {ALLOWED} RETURNING events"
        );
        self.cte("account", update);
    }

    /// Returns the assignments to columns of the account that revoke access tokens issued until now
    /// except `keep`, even if they are written later.
    pub(crate) fn revocation_columns(&mut self, keep: Option<TokenId>) -> Vec<String> {
        let keep = self.value(keep.map(|token| token.0));
        let at = &self.at;
        // The clocks of nodes may differ, so the cutoff never moves back.
        vec![format!("kept_token = {keep}"), format!("valid_after = GREATEST(valid_after, {at})")]
    }

    /// Revokes the access tokens of the account except `keep`.
    pub(crate) fn revoke_access_tokens(&mut self, keep: Option<TokenId>) {
        let keep = self.value(keep.map(|token| token.0));
        let Self { account, at, .. } = self;
        let update = format!(
            "UPDATE @access_tokens SET revoked_at = {at} WHERE account = {account}
             AND revoked_at IS NULL AND id IS DISTINCT FROM {keep} AND {ALLOWED}"
        );
        self.cte("revoked", update);
    }

    /// Voids the unspent reset tokens of the account.
    pub(crate) fn void_reset_tokens(&mut self) {
        let Self { account, at, .. } = self;
        let update = format!(
            "UPDATE @reset_tokens SET spent_at = {at}
             WHERE account = {account} AND spent_at IS NULL AND {ALLOWED}"
        );
        self.cte("voided", update);
    }

    /// Inserts an event with the number from the CTE `account`.
    pub(crate) fn insert_event(&mut self, event: &OutboxEvent, due_at: Timestamp) {
        let insert = event_insert(&mut self.query, event, due_at);
        self.cte("event", insert);
    }

    /// Returns the statement, including the audit record.
    pub(crate) fn finish(self, record: &AuditRecord) -> Result<Query, StoreError> {
        self.finish_with(record, "", "")
    }

    /// Like [`finish`](Self::finish), with further result columns before `done`, from the CTE
    /// `from`.
    pub(crate) fn finish_with(
        mut self,
        record: &AuditRecord,
        columns: &str,
        from: &str,
    ) -> Result<Query, StoreError> {
        let audit = insert_audit_if(&mut self.query, record, ALLOWED)?;
        self.cte("audit", audit);
        let Self { query, ctes, .. } = self;
        let ctes = ctes.join(",\n");
        Ok(query.with_sql(format!("WITH {ctes} SELECT {columns} {ALLOWED} AS done {from}")))
    }
}

/// Locks the row of the account. Other changes of the account wait for the lock.
pub(crate) fn lock_account(account: AccountId) -> Query {
    Query::new("SELECT 1 FROM @accounts WHERE id = $1 FOR NO KEY UPDATE").bind(account)
}

/// Returns the CTEs `account` and `event`, which number and insert an event of the account if
/// `condition` holds.
pub(crate) fn insert_numbered_event(
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
    let account = query.value(event.account);
    let [id, at, realm, kind, payload] = event_values(query, event);
    let due_at = query.value(due_at);
    format!(
        "INSERT INTO @events (id, at, account, realm, kind, payload, due_at, number)
         SELECT {id}, {at}, {account}, {realm}, {kind}, {payload}, {due_at}, account.events
         FROM account"
    )
}

/// Adds the values of an event, and returns their parameters.
pub(crate) fn event_values(query: &mut Query, event: &OutboxEvent) -> [String; 5] {
    [
        query.value(event.id),
        query.value(event.at),
        query.value(event.realm().map(String::from)),
        query.value(event.kind.as_str()),
        query.value(event.payload.clone()),
    ]
}
