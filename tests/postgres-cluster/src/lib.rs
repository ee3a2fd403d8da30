//! Private PostgreSQL clusters for tests: made in a temporary folder, reached by a Unix socket in
//! it only, and gone with the test process, however that ends.
//!
//! It installs nothing: where no PostgreSQL server is found, [`Cluster::start`] says so, and tests
//! that need one are to be reported as ignored. Whether there is one, [`programs`] tells, also in a
//! build script.
//!
//! ```no_run
//! let cluster = repass_postgres_cluster::Cluster::start()?;
//! let url = cluster.url(&cluster.create_database());
//! assert!(url.starts_with("postgres:///"));
//! # Ok::<(), repass_postgres_cluster::Unavailable>(())
//! ```

// What goes wrong once a cluster runs panics, as a test should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod cluster;
mod pooler;
mod programs;
mod proxy;
mod user;

pub use cluster::{Cluster, Mode};
pub use pooler::Pooler;
pub use programs::{VARIABLE, programs};
pub use proxy::{Cut, Proxy};

/// Why there can be no cluster here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("needs PostgreSQL: {0}")]
pub struct Unavailable(pub(crate) String);
