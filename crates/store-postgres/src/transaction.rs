//! Transactions that write.

use repass_core::{AuditRecord, StoreError};
use tokio::time::timeout;

use crate::audit::audit_written;
use crate::connections::{Connections, PooledConnection, Reply};
use crate::query::Query;
use crate::retry::retried;

/// What a transaction that is committed must outlive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A power failure.
    Power,
    /// The end of this process. The server writes it to the disk a moment later, or with the next
    /// transaction that is [`Power`](Self::Power).
    Process,
}

/// Nothing is set for longer than the transaction, since behind a pooler the connection is somebody
/// else's afterwards. A node that stops in the middle does not hold its locks for ever.
///
/// A server's `statement_timeout` would also end the wait for a synchronous standby, and the commit
/// would then be reported as done without being there; the deadline of a statement is kept by this side
/// alone.
const BEGIN_DURABLE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '10s'; \
    SELECT set_config('synchronous_commit', 'on', TRUE) \
    WHERE current_setting('synchronous_commit') = 'off'";

const BEGIN_FAST: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL synchronous_commit = off";

impl Durability {
    /// The statements that begin a transaction. A database that does not wait for its disk is made to; one
    /// that waits for more than that is left to.
    const fn begin(self) -> &'static str {
        match self {
            Self::Power => BEGIN_DURABLE,
            Self::Process => BEGIN_FAST,
        }
    }
}

/// A transaction that writes. One that is dropped without an end is undone, with its connection.
///
/// Nothing is sent before the first statements, so that they go out together with `BEGIN`.
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

    /// Runs all of `queries` in one round trip. After an error the transaction can only be dropped.
    pub(crate) async fn run(&mut self, queries: &[Query]) -> Result<Vec<Reply>, StoreError> {
        let begin = (!self.begun).then(|| self.durability.begin());
        self.begun = true;
        Ok(self.connection.run(begin, queries, None).await?)
    }

    /// The reply to one statement.
    pub(crate) async fn run_one(&mut self, query: Query) -> Result<Reply, StoreError> {
        Ok(self.run(&[query]).await?.pop().unwrap_or_default())
    }

    /// Runs all of `queries` and commits, in one round trip. An error of any of them undoes the
    /// transaction.
    ///
    /// When the answer is lost, `record`, which is among what was written, tells whether the server
    /// committed: `None` is returned if it did, and the error passes, by trying again, only if it is
    /// certain that it did not. Without a record nobody knows, so the error never passes.
    pub(crate) async fn commit(
        self,
        queries: &[Query],
        record: Option<&AuditRecord>,
    ) -> Result<Option<Vec<Reply>>, StoreError> {
        let begin = (!self.begun).then(|| self.durability.begin());
        let failure = match self.connection.run(begin, queries, Some("COMMIT")).await {
            Ok(replies) => {
                self.connection.give_back();
                return Ok(Some(replies));
            }
            Err(failure) => failure,
        };
        if failure.is_answer() {
            // The server has answered COMMIT too, by rolling back.
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

    /// Undoes everything, and waits until that is done.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        if self.begun {
            self.connection.run(None, &[], Some("ROLLBACK")).await?;
        }
        self.connection.give_back();
        Ok(())
    }
}

/// Whether the transaction that wrote `record` was committed. Waits until it has ended, if the server
/// is still busy with it: writing the same id again does, where reading would not.
async fn is_recorded(connections: &Connections, record: &AuditRecord) -> Result<bool, StoreError> {
    let again = [audit_written(record, "ON CONFLICT (id) DO NOTHING")?];
    retried(connections.deadline(), || async {
        let connection = connections.acquire().await?;
        let begin = Durability::Process.begin();
        let replies = connection.run(Some(begin), &again, Some("ROLLBACK")).await?;
        connection.give_back();
        Ok(replies.first().is_some_and(|reply| reply.affected == 0))
    })
    .await
}
