//! The cluster does what the tests rely on.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::os::unix::net::UnixStream;

use repass_postgres_cluster::{Cluster, Mode, programs};

/// Nothing to see here without PostgreSQL: whether what uses a cluster is ignored then is for those
/// tests to say.
#[test]
fn a_cluster_starts_stops_and_leaves_nothing() {
    if programs().is_err() {
        assert!(Cluster::start().is_err());
        return;
    }
    let cluster = Cluster::start().unwrap();
    let socket = cluster.folder().join(".s.PGSQL.5432");
    assert!(UnixStream::connect(&socket).is_ok());
    assert_ne!(cluster.create_database(), cluster.create_database());
    for mode in [Mode::Fast, Mode::Immediate] {
        cluster.stop(mode);
        cluster.stop(mode);
        assert!(UnixStream::connect(&socket).is_err(), "{mode:?}");
        cluster.restart();
        assert!(UnixStream::connect(&socket).is_ok(), "{mode:?}");
    }
    let folder = cluster.folder().to_owned();
    drop(cluster);
    assert!(!folder.exists());
    assert!(UnixStream::connect(&socket).is_err());
}
