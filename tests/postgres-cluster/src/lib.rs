//! Private PostgreSQL clusters for tests: each is in a temporary folder, listens on a Unix socket
//! in that folder only, and is deleted at the end of the test process, even if that is killed.
//!
//! The crate installs nothing. If no PostgreSQL server is found, [`Cluster::start`] returns an
//! error, and tests that need one should be reported as ignored. [`programs`] tells whether a
//! server is installed, also in build scripts.
//!
//! ```no_run
//! let cluster = repass_postgres_cluster::Cluster::start()?;
//! let url = cluster.url(&cluster.create_database());
//! assert!(url.starts_with("postgres:///"));
//! # Ok::<(), repass_postgres_cluster::Unavailable>(())
//! ```

// Failures of a running cluster panic, as in a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod cluster;
mod pooler;
mod programs;
mod proxy;
mod user;

pub use cluster::{Cluster, Mode};
pub use pooler::{Pooler, PoolerKind};
pub use programs::{VARIABLE, programs};
pub use proxy::{Cut, Proxy};

/// PostgreSQL is not available.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("needs PostgreSQL: {0}")]
pub struct Unavailable(pub(crate) String);
