//! Transactions that write.

use repass_core::{AuditRecord, StoreError};
use tokio::time::timeout;

use crate::audit::audit_written;
use crate::connections::{Connections, Lent, Reply};
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

/// The statements that begin a transaction, as they were found to be needed at the server.
#[derive(Debug, Clone)]
pub(crate) struct Begin {
    durable: String,
    fast: String,
}

impl Begin {
    /// Nothing is set for longer than the transaction, since behind a pooler the connection is
    /// somebody else's afterwards. A node that stops in the middle does not hold its locks for ever.
    ///
    /// A server's `statement_timeout` would also end the wait for a synchronous standby, and the
    /// commit would then be reported as done without being there; the deadline of a statement is kept
    /// by this side alone.
    const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
                         SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'; \
                         SET LOCAL idle_in_transaction_session_timeout = '10s'";

    /// `commits_are_lazy` says whether the database does not wait for its disk.
    pub(crate) fn new(commits_are_lazy: bool) -> Self {
        let durable = match commits_are_lazy {
            false => Self::BEGIN.to_owned(),
            true => format!("{}; SET LOCAL synchronous_commit = on", Self::BEGIN),
        };
        Self { durable, fast: format!("{}; SET LOCAL synchronous_commit = off", Self::BEGIN) }
    }

    const fn text(&self, durability: Durability) -> &str {
        match durability {
            Durability::Power => self.durable.as_str(),
            Durability::Process => self.fast.as_str(),
        }
    }
}

/// A transaction that writes. One that is dropped without an end is undone, with its connection.
///
/// Nothing is sent before the first statements, so that they go out together with `BEGIN`.
pub(crate) struct Transaction<'c> {
    connection: Lent<'c>,
    connections: &'c Connections,
    begin: &'c Begin,
    durability: Durability,
    begun: bool,
}

impl<'c> Transaction<'c> {
    pub(crate) async fn begin(
        connections: &'c Connections,
        begin: &'c Begin,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let connection = connections.lend().await?;
        Ok(Self { connection, connections, begin, durability, begun: false })
    }

    /// Runs all of `queries` in one round trip. After an error the transaction can only be dropped.
    pub(crate) async fn run(&mut self, queries: &[Query]) -> Result<Vec<Reply>, StoreError> {
        let begin = (!self.begun).then(|| self.begin.text(self.durability));
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
        let begin = (!self.begun).then(|| self.begin.text(self.durability));
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
        match timeout(
            self.connections.deadline(),
            is_recorded(self.connections, self.begin, record),
        )
        .await
        {
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
async fn is_recorded(
    connections: &Connections,
    begin: &Begin,
    record: &AuditRecord,
) -> Result<bool, StoreError> {
    let again = [audit_written(record, "ON CONFLICT (id) DO NOTHING")?];
    retried(|| async {
        let connection = connections.lend().await?;
        let begin = begin.text(Durability::Process);
        let replies = connection.run(Some(begin), &again, Some("ROLLBACK")).await?;
        connection.give_back();
        Ok(replies.first().is_some_and(|reply| reply.affected == 0))
    })
    .await
}
