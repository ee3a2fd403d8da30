//! Connections, and how they are lent.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::effect::Effects;
use crate::procedure::Procedures;

/// Connections to one database. Clones share them.
#[derive(Clone)]
pub(crate) enum Connections {
    /// To PostgreSQL: each one is tested whenever it comes back.
    Pooled(AnyPool),
    /// To SQLite.
    Kept(Arc<Kept>),
}

impl Connections {
    /// Lends one, when there is one to lend.
    pub(crate) async fn lend(&self) -> Result<Lent, Error> {
        match self {
            Self::Pooled(pool) => Ok(Lent { known: pool.acquire().await?.into(), home: None }),
            Self::Kept(kept) => kept.lend().await,
        }
    }

    /// Lends one that is idle and that nobody waits for, where they are kept.
    pub(crate) fn lend_idle(&self) -> Option<Lent> {
        match self {
            Self::Pooled(_) => None,
            Self::Kept(kept) => kept.lend_idle(),
        }
    }

    /// Closes all, once they are given back. No more are lent.
    pub(crate) async fn close(&self) {
        match self {
            Self::Pooled(pool) => pool.close().await,
            Self::Kept(kept) => kept.close().await,
        }
    }
}

/// Connections that are lent again as they are given back: for a database in this process, where none
/// breaks, and to test one costs as much as a statement.
pub(crate) struct Kept {
    pool: AnyPool,
    /// As many as there may be connections.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Known>>,
    longest_wait: Duration,
}

impl Kept {
    /// Those of `pool`. Nobody waits for one longer than `longest_wait`.
    pub(crate) fn new(pool: AnyPool, longest_wait: Duration) -> Self {
        let size = pool.options().get_max_connections() as usize;
        Self { pool, permits: Arc::new(Semaphore::new(size)), idle: Mutex::default(), longest_wait }
    }

    pub(crate) async fn lend(self: &Arc<Self>) -> Result<Lent, Error> {
        let permit = timeout(self.longest_wait, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Known::from(self.pool.acquire().await?),
        };
        Ok(self.lent(connection, permit))
    }

    fn lend_idle(self: &Arc<Self>) -> Option<Lent> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let connection = self.idle().pop()?;
        Some(self.lent(connection, permit))
    }

    fn lent(self: &Arc<Self>, known: Known, _permit: OwnedSemaphorePermit) -> Lent {
        Lent { known, home: Some(Home { kept: Arc::clone(self), _permit }) }
    }

    async fn close(&self) {
        let idle = {
            let mut idle = self.idle();
            self.permits.close();
            mem::take(&mut *idle)
        };
        drop(idle);
        self.pool.close().await;
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Known>> {
        // A list of connections is never half written.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for Known { connection, .. } in self.idle().drain(..) {
            // So they close at once. To go back to the pool takes a runtime.
            drop(connection.leak());
        }
    }
}

/// A connection for one task at a time. Where it is not [given back](Self::give_back), somebody was
/// interrupted or failed: then it is tested before anybody else gets it, and replaced if need be.
pub(crate) struct Lent {
    known: Known,
    home: Option<Home>,
}

/// A connection, and what it is known to have.
struct Known {
    connection: PoolConnection<Any>,
    procedures: Procedures,
}

struct Home {
    kept: Arc<Kept>,
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    /// Has all effects and makes them durable, or has none: on SQLite only.
    pub(crate) async fn have_at_once(&mut self, effects: Effects) -> Result<(), Error> {
        let Known { connection, procedures } = &mut self.known;
        procedures.call(connection, effects).await
    }

    /// Gives it back in the state that it was lent in.
    pub(crate) fn give_back(self) {
        let Self { known, home } = self;
        if let Some(Home { kept, .. }) = &home {
            let mut idle = kept.idle();
            if !kept.permits.is_closed() {
                idle.push(known);
            }
        }
    }

    /// Closes it, so that another takes its place. Whatever it was told is undone, if that is not
    /// durable yet.
    pub(crate) fn discard(self) {
        drop(self.known.connection.detach());
    }
}

impl From<PoolConnection<Any>> for Known {
    fn from(connection: PoolConnection<Any>) -> Self {
        Self { connection, procedures: Procedures::default() }
    }
}

impl Deref for Lent {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.known.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.known.connection
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use sqlx::any::{AnyPoolOptions, install_default_drivers};
    use sqlx::query_scalar;

    use super::*;

    fn kept(size: u32) -> (tempfile::TempDir, Connections) {
        install_default_drivers();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display());
        let pool = AnyPoolOptions::new().max_connections(size).connect_lazy(&url).unwrap();
        (folder, Connections::Kept(Arc::new(Kept::new(pool, Duration::from_millis(10)))))
    }

    /// A table that only this connection sees.
    const MARK: &str = "CREATE TEMP TABLE mark (id INTEGER)";
    const MARKS: &str = "SELECT COUNT(*) FROM temp.sqlite_master WHERE name = 'mark'";

    #[tokio::test]
    async fn what_is_given_back_is_lent_again() {
        let (_folder, connections) = kept(1);
        let mut lent = connections.lend().await.unwrap();
        sqlx::query(MARK).execute(&mut *lent).await.unwrap();
        let error = connections.lend().await.map(drop).unwrap_err();
        assert!(matches!(error, Error::PoolTimedOut), "{error}");
        lent.give_back();
        let mut again = connections.lend().await.unwrap();
        let marks: i64 = query_scalar(MARKS).fetch_one(&mut *again).await.unwrap();
        assert_eq!(marks, 1, "the same one");
    }

    #[tokio::test]
    async fn what_is_not_given_back_is_free_all_the_same() {
        let (_folder, connections) = kept(1);
        for _ in 0..3 {
            drop(connections.lend().await.unwrap());
        }
        connections.lend().await.unwrap().give_back();
    }

    #[tokio::test]
    async fn what_is_idle_is_lent_at_once_and_nothing_else_is() {
        let (_folder, connections) = kept(1);
        assert!(connections.lend_idle().is_none(), "none is open yet");
        connections.lend().await.unwrap().give_back();
        let idle = connections.lend_idle().unwrap();
        assert!(connections.lend_idle().is_none(), "it is lent");
        let mut waiting = Box::pin(connections.lend());
        assert!(waiting.as_mut().now_or_never().is_none());
        idle.give_back();
        assert!(connections.lend_idle().is_none(), "somebody waits for it");
        let lent = waiting.await.unwrap();
        lent.give_back();
        connections.close().await;
        assert!(connections.lend_idle().is_none(), "it is closed");
    }

    #[tokio::test]
    async fn closing_waits_for_what_is_lent_and_lends_no_more() {
        let (_folder, connections) = kept(2);
        let (one, other) = (connections.lend().await.unwrap(), connections.lend().await.unwrap());
        one.give_back();
        let mut closing = Box::pin(connections.close());
        assert!(closing.as_mut().now_or_never().is_none());
        let error = connections.lend().await.map(drop).unwrap_err();
        assert!(matches!(error, Error::PoolClosed), "{error}");
        other.give_back();
        closing.await;
    }
}
