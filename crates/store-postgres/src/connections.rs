//! The connection pool, and the selection of a server that accepts writes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{Client, Hook, HookError, Manager, ManagerConfig, Object, Pool};
use futures_util::future::{join_all, join3};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use repass_core::{OperationMeter, StoreStatus};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::{Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::Instrument;

use crate::failure::{Failure, reported};
use crate::query::Query;

/// The connections of one node. Clones share them.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool,
    /// The prefix of the names of repass's own tables.
    schema: Arc<str>,
    /// The maximum wait for the answers to pipelined statements.
    deadline: Duration,
    pub(crate) meters: Arc<Meters>,
    /// Closes idle connections until it is dropped.
    _reaper: Option<Arc<Reaper>>,
}

/// The counts of round trips.
#[derive(Default)]
pub(crate) struct Meters {
    reads: OperationMeter,
    /// Those of transactions and of statements that write.
    pub(crate) writes: OperationMeter,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// Limits of the pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) idle: Duration,
    pub(crate) lifetime: Duration,
    pub(crate) deadline: Duration,
}

impl Connections {
    /// Creates a pool of connections to `servers`.
    pub(crate) fn new(
        servers: Vec<Config>,
        tls: MakeRustlsConnect,
        limits: Limits,
        schema: &str,
    ) -> Self {
        let any = servers.first().cloned().unwrap_or_default();
        let connect = Servers { servers, last: AtomicUsize::new(0), tls };
        let manager = Manager::from_connect(any, connect, ManagerConfig::default());
        let expired = Hook::sync_fn(move |_, metrics| {
            if metrics.age() > limits.lifetime || metrics.last_used() > limits.idle {
                return Err(HookError::message("the connection is too old"));
            }
            Ok(())
        });
        let pool = Pool::builder(manager)
            .max_size(limits.connections.max(1))
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(limits.deadline))
            .create_timeout(Some(limits.deadline))
            .pre_recycle(expired)
            .build();
        // Unreachable: the builder refuses only time-outs without a runtime, and there is one.
        let pool = match pool {
            Ok(pool) => pool,
            Err(error) => unreachable!("{error}"),
        };
        let reaper = Some(Arc::new(Reaper::start(pool.clone(), limits.idle)));
        Self { _reaper: reaper, ..Self::from_pool(pool, limits.deadline, schema) }
    }

    /// Uses the pool of an embedder.
    pub(crate) fn from_pool(pool: Pool, deadline: Duration, schema: &str) -> Self {
        Self { pool, schema: schema.into(), deadline, meters: Arc::default(), _reaper: None }
    }

    pub(crate) const fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn status(&self) -> StoreStatus {
        let pool = self.pool.status();
        let used = pool.size.saturating_sub(pool.available);
        StoreStatus::new(&self.meters.reads, &self.meters.writes)
            .with_connections(used, pool.max_size)
    }

    /// Closes all connections; later calls fail.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) async fn acquire(&self) -> Result<PooledConnection<'_>, Failure> {
        // A pool of an embedder may have no time-outs.
        match timeout(self.deadline, self.pool.get()).await {
            Ok(Ok(client)) => Ok(PooledConnection { client: Some(client), connections: self }),
            Ok(Err(error)) => Err(Failure::Connecting(error)),
            Err(_) => Err(Failure::Deadline),
        }
    }

    /// Runs a statement that reads, in autocommit mode.
    pub(crate) async fn run(&self, query: &Query) -> Result<Reply, Failure> {
        let span = tracing::trace_span!(target: "repass::trace", "store.read");
        self.meters.reads.measure(self.run_alone(query)).instrument(span).await
    }

    /// Runs a statement that writes, in autocommit mode.
    pub(crate) async fn write(&self, query: &Query) -> Result<Reply, Failure> {
        let span = tracing::trace_span!(target: "repass::trace", "store.write");
        self.meters.writes.measure(self.run_alone(query)).instrument(span).await
    }

    async fn run_alone(&self, query: &Query) -> Result<Reply, Failure> {
        let connection = self.acquire().await?;
        let reply = connection.run_one(query).await;
        if reply.as_ref().err().is_none_or(Failure::is_server_response) {
            connection.give_back();
        }
        reply
    }
}

/// The reply to a statement.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) rows: Vec<Row>,
    /// The number of rows that were written or found.
    pub(crate) affected: u64,
}

/// A connection in use. It is closed when it is dropped, unless it is given back, since it may be
/// within a transaction.
pub(crate) struct PooledConnection<'c> {
    client: Option<Client>,
    connections: &'c Connections,
}

impl PooledConnection<'_> {
    /// Pipelines `begin`, all `queries` and `end`, and waits for all answers. Returns the first
    /// error in their order. Each query sees the writes of the ones before it.
    pub(crate) async fn run(
        &self,
        begin: Option<&str>,
        queries: &[Query],
        end: Option<&str>,
    ) -> Result<Vec<Reply>, Failure> {
        let Some(client) = &self.client else { return Ok(Vec::new()) };
        let client: &tokio_postgres::Client = client;
        let simple = async |text: Option<&str>| match text {
            Some(text) => client.batch_execute(text).await,
            None => Ok(()),
        };
        // A statement is sent at its first poll, and these poll in the order of their arguments;
        // `join_all` does so for up to 30 futures, which no caller exceeds.
        let queries = join_all(
            queries.iter().map(|query| run_query(client, query, &self.connections.schema)),
        );
        let all = join3(simple(begin), queries, simple(end));
        let (begun, replies, ended) =
            timeout(self.connections.deadline, all).await.map_err(|_| Failure::Deadline)?;
        begun.map_err(Failure::NotBegun)?;
        let replies = replies.into_iter().collect::<Result<Vec<_>, _>>()?;
        ended?;
        Ok(replies)
    }

    async fn run_one(&self, query: &Query) -> Result<Reply, Failure> {
        let replies = self.run(None, std::slice::from_ref(query), None).await?;
        Ok(replies.into_iter().next().unwrap_or_default())
    }

    /// Returns the connection to the pool.
    pub(crate) fn give_back(mut self) {
        drop(self.client.take());
    }
}

impl Drop for PooledConnection<'_> {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

async fn run_query(
    client: &tokio_postgres::Client,
    query: &Query,
    schema: &str,
) -> Result<Reply, tokio_postgres::Error> {
    let rows = client.query_typed_raw(&query.sql(schema), query.values()).await?;
    pin_mut!(rows);
    let mut reply = Reply::default();
    while let Some(row) = rows.try_next().await? {
        reply.rows.push(row);
    }
    reply.affected = rows.rows_affected().unwrap_or_default();
    Ok(reply)
}

/// The servers of a URL. The last one that was connected is tried first.
struct Servers {
    servers: Vec<Config>,
    last: AtomicUsize,
    tls: MakeRustlsConnect,
}

/// The delay before the next server is tried concurrently, as in RFC 8305.
const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The maximum wait for silent servers after another one has failed, since that one may be promoted
/// at any time.
const SILENT_SERVER_TIMEOUT: Duration = Duration::from_secs(1);

impl deadpool_postgres::Connect for Servers {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Connected> {
        Box::pin(async {
            let first = self.last.load(Ordering::Relaxed);
            let mut failed: Option<tokio_postgres::Error> = None;
            let mut connecting = FuturesUnordered::new();
            for offset in 0..self.servers.len() {
                connecting.push(self.connect_to((first + offset) % self.servers.len()));
                match timeout(CONNECTION_ATTEMPT_DELAY, connecting.next()).await {
                    Ok(Some(Ok(connected))) => return Ok(connected),
                    Ok(Some(Err(error))) => failed = Some(more_specific(failed, error)),
                    Ok(None) | Err(_) => {}
                }
            }
            loop {
                // If all servers are silent, the pool's time-out applies.
                let limit = failed.as_ref().map_or(Duration::MAX, |_| SILENT_SERVER_TIMEOUT);
                match (timeout(limit, connecting.next()).await, failed) {
                    (Ok(Some(Ok(connected))), _) => return Ok(connected),
                    (Ok(Some(Err(error))), before) => failed = Some(more_specific(before, error)),
                    (Ok(None) | Err(_), Some(error)) => return Err(error),
                    (Ok(None) | Err(_), None) => return std::future::pending().await,
                }
            }
        })
    }
}

/// Prefers an error that a server reported to a failed connection.
fn more_specific(
    before: Option<tokio_postgres::Error>,
    error: tokio_postgres::Error,
) -> tokio_postgres::Error {
    before.filter(|_| error.as_db_error().is_none()).unwrap_or(error)
}

type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Connected =
    Result<(tokio_postgres::Client, tokio::task::JoinHandle<()>), tokio_postgres::Error>;

impl Servers {
    async fn connect_to(&self, index: usize) -> Connected {
        let (client, connection) = self.servers[index].connect(self.tls.clone()).await?;
        self.last.store(index, Ordering::Relaxed);
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error = reported(error);
                tracing::debug!(error = &*error as &dyn std::error::Error, "connection lost");
            }
        });
        Ok((client, task))
    }
}

/// The minimum idle time for the interval of the checks, which run twice in that time.
const MIN_REAP_INTERVAL: Duration = Duration::from_secs(1);

/// A task that closes idle connections.
struct Reaper(AbortHandle);

impl Reaper {
    fn start(pool: Pool, idle: Duration) -> Self {
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(idle.max(MIN_REAP_INTERVAL) / 2).await;
                pool.retain(|_, metrics| metrics.last_used() < idle);
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.0.abort();
    }
}
