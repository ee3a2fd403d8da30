use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::cluster::new_folder;
use crate::user::RunAs;
use crate::{Cluster, Unavailable};

/// Installation paths of PgBouncer.
const PROGRAMS: [&str; 3] =
    ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/// The mode of a pooler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// A server connection for each transaction. There are few, so that clients share them.
    Transaction,
    /// A server connection for each client.
    Session,
}

/// A PgBouncer. Dropping it stops it.
#[derive(Debug)]
pub struct Pooler {
    process: Child,
    folder: TempDir,
}

impl Pooler {
    /// Returns the path of the program.
    ///
    /// # Errors
    /// When PgBouncer is not installed.
    pub fn program() -> Result<PathBuf, Unavailable> {
        let found = PROGRAMS.iter().map(PathBuf::from).find(|path| path.is_file());
        found.ok_or_else(|| Unavailable("pgbouncer was not found".to_owned()))
    }

    /// Starts a pooler for the cluster.
    ///
    /// # Errors
    /// When PgBouncer is not installed, or there is no user to run it.
    ///
    /// # Panics
    /// When PgBouncer does not start.
    pub fn start(mode: PoolMode, cluster: &Cluster) -> Result<Self, Unavailable> {
        let (program, run_as) = (Self::program()?, RunAs::choose()?);
        let folder = new_folder().expect("a temporary folder can be created");
        let (path, server) = (folder.path().display(), cluster.folder().display());
        let (mode, size) = match mode {
            PoolMode::Transaction => ("transaction", 3),
            PoolMode::Session => ("session", 100),
        };
        let settings = format!(
            "[databases]\n* = host={server} port=5432 user=repass\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = 5432\nunix_socket_dir = {path}\n\
             auth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n\
             max_client_conn = 200\nlogfile = {path}/log\n"
        );
        fs::write(folder.path().join("settings"), settings).unwrap();
        run_as.own(folder.path()).expect("the owner of the folder can be set");
        let mut command = run_as.command(&program, folder.path());
        command.arg("-q").arg("settings").stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(Stdio::null()).spawn().expect("pgbouncer can be run");
        let pooler = Self { process, folder };
        for _ in 0..1_000 {
            if pooler.folder().join(".s.PGSQL.5432").exists() {
                return Ok(pooler);
            }
            thread::sleep(Duration::from_millis(10));
        }
        let log = fs::read_to_string(pooler.folder().join("log")).unwrap_or_default();
        panic!("pgbouncer does not start: {log}");
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
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
