//! Connections of one node, and the way to the server that takes writes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{Client, Hook, HookError, Manager, ManagerConfig, Object, Pool};
use futures_util::future::{join_all, join3};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::{Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::{Failure, reported};
use crate::query::Query;

/// The connections of one node. Clones share them.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool,
    /// What is put before the names of repass's own tables.
    schema: Arc<str>,
    /// The longest wait for the answers to what is sent at once.
    deadline: Duration,
    /// Closes idle connections until it is dropped.
    _reaper: Option<Arc<Reaper>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// How many connections there are, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) idle: Duration,
    pub(crate) lifetime: Duration,
    pub(crate) deadline: Duration,
}

impl Connections {
    /// Makes connections to `servers` when they are needed.
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
        Self { pool, schema: schema.into(), deadline: limits.deadline, _reaper: reaper }
    }

    /// Takes connections from a pool of the embedder's.
    pub(crate) fn from_pool(pool: Pool, deadline: Duration, schema: &str) -> Self {
        Self { pool, schema: schema.into(), deadline, _reaper: None }
    }

    pub(crate) const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Closes all connections; later calls fail.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) async fn acquire(&self) -> Result<PooledConnection<'_>, Failure> {
        // The pool's own time-outs depend on its owner; this one does not.
        match timeout(self.deadline, self.pool.get()).await {
            Ok(Ok(client)) => Ok(PooledConnection { client: Some(client), of: self }),
            Ok(Err(error)) => Err(Failure::Connecting(error)),
            Err(_) => Err(Failure::Deadline),
        }
    }

    /// Runs one statement, which commits by itself.
    pub(crate) async fn run(&self, query: &Query) -> Result<Reply, Failure> {
        let replies = self.run_all(std::slice::from_ref(query)).await?;
        Ok(replies.into_iter().next().unwrap_or_default())
    }

    /// Runs statements in one round trip, each of which commits by itself.
    pub(crate) async fn run_all(&self, queries: &[Query]) -> Result<Vec<Reply>, Failure> {
        let connection = self.acquire().await?;
        let replies = connection.run(None, queries, None).await;
        if replies.as_ref().err().is_none_or(Failure::is_answer) {
            connection.give_back();
        }
        replies
    }
}

/// What a statement returned.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) rows: Vec<Row>,
    /// How many rows it wrote or found.
    pub(crate) affected: u64,
}

/// A connection in use. It is closed when it is dropped, unless it is given back: who drops it may
/// have stopped in the middle of a transaction.
pub(crate) struct PooledConnection<'c> {
    client: Option<Client>,
    of: &'c Connections,
}

impl PooledConnection<'_> {
    /// Sends `begin`, all of `queries` and `end` at once, and waits for all answers. The first error
    /// in their order is returned. Each of the queries sees what the ones before it wrote.
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
        // A statement is sent when it is polled first, and these poll in the order of their arguments;
        // `join_all` does so up to 30 futures, which no caller exceeds.
        let queries = join_all(queries.iter().map(|query| one(client, query, &self.of.schema)));
        let all = join3(simple(begin), queries, simple(end));
        let (begun, replies, ended) =
            timeout(self.of.deadline, all).await.map_err(|_| Failure::Deadline)?;
        begun.map_err(Failure::NotBegun)?;
        let replies = replies.into_iter().collect::<Result<Vec<_>, _>>()?;
        ended?;
        Ok(replies)
    }

    /// Lets somebody else have the connection.
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

async fn one(
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

/// The servers of a URL. The one that was connected to last is tried first.
struct Servers {
    servers: Vec<Config>,
    last: AtomicUsize,
    tls: MakeRustlsConnect,
}

/// How long a server is waited for before the next one is tried, too.
const HEAD_START: Duration = Duration::from_millis(250);

/// How long silent servers are waited for once another one cannot be used: it may be promoted any time.
const SILENCE: Duration = Duration::from_secs(1);

impl deadpool_postgres::Connect for Servers {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Connected> {
        Box::pin(async {
            let first = self.last.load(Ordering::Relaxed);
            let mut failed: Option<tokio_postgres::Error> = None;
            let mut connecting = FuturesUnordered::new();
            for turn in 0..self.servers.len() {
                connecting.push(self.connect_to((first + turn) % self.servers.len()));
                match timeout(HEAD_START, connecting.next()).await {
                    Ok(Some(Ok(connected))) => return Ok(connected),
                    Ok(Some(Err(error))) => failed = Some(more_telling(failed, error)),
                    Ok(None) | Err(_) => {}
                }
            }
            loop {
                // Until the pool's time-out, if all of them are silent.
                let patience = failed.as_ref().map_or(Duration::MAX, |_| SILENCE);
                match (timeout(patience, connecting.next()).await, failed) {
                    (Ok(Some(Ok(connected))), _) => return Ok(connected),
                    (Ok(Some(Err(error))), before) => failed = Some(more_telling(before, error)),
                    (Ok(None) | Err(_), Some(error)) => return Err(error),
                    (Ok(None) | Err(_), None) => return std::future::pending().await,
                }
            }
        })
    }
}

/// What a server says of the login tells more than that another one is down.
fn more_telling(
    before: Option<tokio_postgres::Error>,
    error: tokio_postgres::Error,
) -> tokio_postgres::Error {
    before.filter(|_| error.as_db_error().is_none()).unwrap_or(error)
}

type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Connected =
    Result<(tokio_postgres::Client, tokio::task::JoinHandle<()>), tokio_postgres::Error>;

impl Servers {
    async fn connect_to(&self, place: usize) -> Connected {
        let (client, connection) = self.servers[place].connect(self.tls.clone()).await?;
        self.last.store(place, Ordering::Relaxed);
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error = reported(error);
                tracing::debug!(error = &*error as &dyn std::error::Error, "connection lost");
            }
        });
        Ok((client, task))
    }
}

/// However short a connection may be idle, they are not looked through more often than twice in this
/// time.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// A task that closes connections which are idle for too long.
struct Reaper(AbortHandle);

impl Reaper {
    fn start(pool: Pool, idle: Duration) -> Self {
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(idle.max(MIN_PAUSE) / 2).await;
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
