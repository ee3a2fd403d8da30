//! Write transactions.

use repass_core::{AuditRecord, StoreError};
use tokio::time::timeout;
use tracing::Instrument;

use crate::audit::insert_audit;
use crate::connections::{Connections, PooledConnection, Reply};
use crate::query::Query;
use crate::retry::with_retries;

/// The durability of a committed transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives a power failure.
    Immediate,
    /// Survives the end of this process. The server syncs it shortly later, or with the next
    /// transaction that is [`Immediate`](Self::Immediate).
    Eventual,
}

/// Settings are local to the transaction, since a pooler lends the connection to others afterwards.
/// The time-outs release the locks of a node that stops within a transaction.
///
/// `statement_timeout` of the server is off: it would also end the wait for a synchronous standby
/// and report the commit as successful. The client enforces the deadline of a statement.
const BEGIN_DURABLE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '10s'; \
    SELECT set_config('synchronous_commit', 'on', TRUE) \
    WHERE current_setting('synchronous_commit') = 'off'";

const BEGIN_FAST: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL synchronous_commit = off";

impl Durability {
    /// Returns the statements that begin a transaction. [`Immediate`](Self::Immediate) turns
    /// `synchronous_commit` on if the database has it off, and keeps a stronger setting.
    const fn begin(self) -> &'static str {
        match self {
            Self::Immediate => BEGIN_DURABLE,
            Self::Eventual => BEGIN_FAST,
        }
    }
}

/// A write transaction. Dropping it closes the connection, which rolls it back.
///
/// `BEGIN` is sent together with the first statements.
pub(crate) struct Transaction<'c> {
    connection: PooledConnection<'c>,
    connections: &'c Connections,
    durability: Durability,
    begun: bool,
}

impl<'c> Transaction<'c> {
    pub(crate) async fn begin(
        connections: &'c Connections,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let connection = connections.acquire().await?;
        Ok(Self { connection, connections, durability, begun: false })
    }

    /// Runs all `queries` in one round trip. After an error the transaction can only be dropped.
    pub(crate) async fn run(&mut self, queries: &[Query]) -> Result<Vec<Reply>, StoreError> {
        let begin = (!self.begun).then(|| self.durability.begin());
        self.begun = true;
        let writes = &self.connections.meters.writes;
        let span = tracing::trace_span!(target: "repass::trace", "store.write");
        let run = self.connection.run(begin, queries, None);
        Ok(writes.measure(run).instrument(span).await?)
    }

    /// Runs one statement.
    pub(crate) async fn run_one(&mut self, query: Query) -> Result<Reply, StoreError> {
        Ok(self.run(&[query]).await?.pop().unwrap_or_default())
    }

    /// Runs all `queries` and commits, in one round trip. An error of any of them rolls the
    /// transaction back.
    ///
    /// If the answer is lost, looks up `record`, which the transaction writes. Returns `None` if
    /// the transaction is committed, and a transient error if it is certainly not. Without a record
    /// the outcome is unknown, and the error is not transient.
    pub(crate) async fn commit(
        self,
        queries: &[Query],
        record: Option<&AuditRecord>,
    ) -> Result<Option<Vec<Reply>>, StoreError> {
        let begin = (!self.begun).then(|| self.durability.begin());
        let committed = self.connection.run(begin, queries, Some("COMMIT"));
        let span = tracing::trace_span!(target: "repass::trace", "store.write");
        let writes = &self.connections.meters.writes;
        let failure = match writes.measure(committed).instrument(span).await {
            Ok(replies) => {
                self.connection.give_back();
                return Ok(Some(replies));
            }
            Err(failure) => failure,
        };
        if failure.is_server_response() {
            // The server has rolled back and answered COMMIT.
            self.connection.give_back();
        } else {
            drop(self.connection);
        }
        if !failure.may_be_committed() {
            return Err(failure.into());
        }
        let Some(record) = record else { return Err(failure.outcome_unknown()) };
        let recorded = is_recorded(self.connections, record);
        match timeout(self.connections.deadline(), recorded).await {
            Ok(Ok(true)) => Ok(None),
            Ok(Ok(false)) => Err(failure.not_committed()),
            Ok(Err(_)) | Err(_) => Err(failure.outcome_unknown()),
        }
    }

    /// Rolls back, and waits for the answer.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        if self.begun {
            self.connection.run(None, &[], Some("ROLLBACK")).await?;
        }
        self.connection.give_back();
        Ok(())
    }
}

/// Returns whether the transaction that wrote `record` is committed. Inserts the same id again,
/// which waits for a running transaction, unlike a query.
async fn is_recorded(connections: &Connections, record: &AuditRecord) -> Result<bool, StoreError> {
    let again = [insert_audit(record, "ON CONFLICT (id) DO NOTHING")?];
    with_retries(connections.deadline(), || async {
        let connection = connections.acquire().await?;
        let begin = Durability::Eventual.begin();
        let replies = connection.run(Some(begin), &again, Some("ROLLBACK")).await?;
        connection.give_back();
        Ok(replies.first().is_some_and(|reply| reply.affected == 0))
    })
    .await
}
