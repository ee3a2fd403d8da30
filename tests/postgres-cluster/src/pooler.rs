use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::cluster::new_folder;
use crate::user::RunAs;
use crate::{Cluster, Unavailable};

/// Where poolers are installed.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];

/// A program that shares connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolerKind {
    /// PgBouncer with a server connection for each transaction. There are few, so that clients
    /// share them.
    Transaction,
    /// PgBouncer with a server connection for each client.
    Session,
    /// Pgpool-II with one server, and a server connection for each client.
    Pgpool,
}

/// A PgBouncer or a Pgpool-II. Dropping it stops it.
#[derive(Debug)]
pub struct Pooler {
    process: Child,
    folder: TempDir,
}

impl Pooler {
    /// Returns the path of the program.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn program(kind: PoolerKind) -> Result<PathBuf, Unavailable> {
        let name = if kind == PoolerKind::Pgpool { "pgpool" } else { "pgbouncer" };
        let mut paths = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
        let found = paths.find(|path| path.is_file());
        found.ok_or_else(|| Unavailable(format!("{name} was not found")))
    }

    /// Starts a pooler for the cluster.
    ///
    /// # Errors
    /// When the program is not installed, or there is no user to run it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(kind: PoolerKind, cluster: &Cluster) -> Result<Self, Unavailable> {
        let (program, run_as) = (Self::program(kind)?, RunAs::choose()?);
        let folder = new_folder().expect("a temporary folder can be created");
        let (path, server) = (folder.path().display(), cluster.folder().display());
        let pgbouncer = |mode: &str, size: u8| {
            format!(
                "[databases]\n* = host={server} port=5432 user=repass\n\
                 [pgbouncer]\nlisten_addr =\nlisten_port = 5432\nunix_socket_dir = {path}\n\
                 auth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n\
                 max_client_conn = 200\n"
            )
        };
        let (settings, arguments) = match kind {
            PoolerKind::Transaction => (pgbouncer("transaction", 3), &["-q", "settings"][..]),
            PoolerKind::Session => (pgbouncer("session", 100), &["-q", "settings"][..]),
            PoolerKind::Pgpool => (
                format!(
                    "listen_addresses = ''\nport = 5432\nsocket_dir = '{path}'\n\
                     pcp_listen_addresses = ''\npcp_socket_dir = '{path}'\nwd_ipc_socket_dir = '{path}'\n\
                     pid_file_name = '{path}/pid'\nlogdir = '{path}'\n\
                     backend_clustering_mode = 'streaming_replication'\n\
                     backend_hostname0 = '{server}'\nbackend_port0 = 5432\n\
                     backend_flag0 = 'ALWAYS_PRIMARY|DISALLOW_TO_FAILOVER'\n\
                     sr_check_period = 0\nnum_init_children = 40\nmax_pool = 1\n"
                ),
                &["-n", "-f", "settings", "-a", "none", "-F", "none"][..],
            ),
        };
        fs::write(folder.path().join("settings"), settings).unwrap();
        run_as.own(folder.path()).expect("the owner of the folder can be set");
        let mut command = run_as.command(&program, folder.path());
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().expect("the program can be run");
        let pooler = Self { process, folder };
        for _ in 0..1_000 {
            if pooler.folder().join(".s.PGSQL.5432").exists() {
                return Ok(pooler);
            }
            thread::sleep(Duration::from_millis(10));
        }
        let log = fs::read_to_string(pooler.folder().join("log")).unwrap_or_default();
        panic!("the pooler does not start: {log}");
    }

    /// Returns the folder of its socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the URL of a database through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=repass", self.folder().display())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let id = Pid::from_raw(i32::try_from(self.process.id()).expect("process ids are small"));
        // Pgpool-II ends its child processes at SIGQUIT, which PgBouncer 1.18 ignores if the tests
        // run in the background of a shell.
        for signal in [Signal::SIGQUIT, Signal::SIGTERM] {
            let _ = kill(id, signal);
        }
        let _ = self.process.wait();
    }
}
