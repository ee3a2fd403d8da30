use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::TempDir;

use crate::programs::programs;
use crate::user::RunAs;
use crate::{Unavailable, VARIABLE};

/// The database user, who may do everything. There is no password: who reaches the socket may
/// connect.
const USER: &str = "repass";

/// A Unix socket's path may be a little longer than a hundred bytes, with its file's name.
const LONGEST_FOLDER: usize = 80;

/// Small, quiet, and as durable as in earnest: what was acknowledged must survive a crash.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0777",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "shared_buffers=16MB",
    "max_connections=600",
    "autovacuum_max_workers=1",
    "max_wal_senders=4",
    "wal_level=replica",
    "log_min_messages=warning",
];

/// Waits until the process that holds the other end of its input is gone, however that ended; then
/// ends the server and deletes the folder.
const GUARD: &str = r#"
    trap '' INT TERM HUP
    cat >/dev/null
    pid_file="$1/data/postmaster.pid"
    tries=0
    while [ -f "$pid_file" ] && [ $tries -lt 100 ]; do
        kill -QUIT "$(head -n 1 "$pid_file")" 2>/dev/null
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -rf "$1"
"#;

const PAUSE: Duration = Duration::from_millis(10);

/// How long a server may take to start, in pauses: a minute.
const STARTING: u32 = 6_000;

const URL_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// How a server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Cuts off all connections, undoes what is under way, and writes everything down.
    Fast,
    /// As a crash: writes nothing down, and recovers at its next start.
    Immediate,
}

/// A running PostgreSQL server of its own, with nothing in it. Dropping it ends the server and
/// deletes its folder; so does the end of the process, whichever way it ends, so that a cluster may
/// stand in a `static`.
#[derive(Debug)]
pub struct Cluster {
    server: Mutex<Option<Child>>,
    guard: Option<(Child, ChildStdin)>,
    programs: PathBuf,
    run_as: RunAs,
    databases: AtomicU32,
    folder: TempDir,
}

impl Cluster {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    /// When there is no PostgreSQL here, or nobody to run it as.
    ///
    /// # Panics
    /// When it is there, but does not start.
    pub fn start() -> Result<Self, Unavailable> {
        let (programs, run_as, folder) = place()?;
        let mut initialize = run_as.command(&programs.join("initdb"), folder.path());
        // Without syncing what a power failure could take: it is deleted in any case.
        initialize.args([
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
            "--locale=C",
            "-U",
            USER,
            "-D",
            "data",
        ]);
        let output = initialize.output().unwrap_or_else(|error| {
            panic!("{} cannot be run ({error}); see {VARIABLE}", programs.join("initdb").display())
        });
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self::launched(programs, run_as, folder))
    }

    /// Makes a standby of this cluster and starts its server, which takes no writes until it is
    /// promoted. It is called `standby` in `synchronous_standby_names`.
    ///
    /// # Errors
    /// When there is no PostgreSQL here, or nobody to run it as.
    ///
    /// # Panics
    /// When it is there, but the standby cannot be made.
    pub fn standby(&self) -> Result<Self, Unavailable> {
        let (programs, run_as, folder) = place()?;
        let mut copy = run_as.command(&programs.join("pg_basebackup"), folder.path());
        let primary = self.folder.path().display();
        copy.args(["-D", "data", "-R", "-X", "stream", "-c", "fast", "-d"]);
        copy.arg(format!("host={primary} user={USER} application_name=standby"));
        let output = copy.output().expect("pg_basebackup can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(Self::launched(programs, run_as, folder))
    }

    fn launched(programs: PathBuf, run_as: RunAs, folder: TempDir) -> Self {
        let guard = Some(guard(folder.path()).expect("a shell can be run"));
        let (server, databases) = (Mutex::new(None), AtomicU32::new(0));
        let cluster = Self { server, guard, programs, run_as, databases, folder };
        cluster.launch(&mut cluster.server());
        cluster
    }

    /// The folder with the server's socket, `.s.PGSQL.5432`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().to_str().expect("the folder's name is UTF-8");
        let folder = utf8_percent_encode(folder, URL_PATH);
        format!("postgres:///{database}?host={folder}&user={USER}")
    }

    /// Makes a new empty database and gives its name.
    ///
    /// # Panics
    /// When the server does not make it.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = self.run_as.command(&self.programs.join("createdb"), self.folder.path());
        create.arg("-h").arg(self.folder.path()).args(["-U", USER, &name]);
        let output = create.output().expect("createdb can be run");
        assert!(output.status.success(), "createdb: {}", String::from_utf8_lossy(&output.stderr));
        name
    }

    /// Deletes a database, cutting off who is connected to it. Does nothing when the server is
    /// stopped.
    pub fn drop_database(&self, name: &str) {
        if self.server().is_none() {
            return;
        }
        let mut drop = self.run_as.command(&self.programs.join("dropdb"), self.folder.path());
        drop.args(["--if-exists", "--force", "-h"]).arg(self.folder.path());
        drop.args(["-U", USER, name]).stderr(Stdio::null());
        // It takes room, no more; the cluster's end deletes it in any case.
        let _ = drop.status();
    }

    /// Stops the server and waits until it is gone. Does nothing when it is stopped already.
    pub fn stop(&self, mode: Mode) {
        stop(&mut self.server(), mode);
    }

    /// Starts the server again, which is stopped first if it runs, and waits until it takes
    /// connections.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&self) {
        let mut server = self.server();
        stop(&mut server, Mode::Fast);
        self.launch(&mut server);
    }

    fn server(&self) -> MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn launch(&self, server: &mut Option<Child>) {
        let log_path = self.folder.path().join("log");
        let log = File::options().create(true).append(true).open(&log_path).unwrap();
        let mut command = self.run_as.command(&self.programs.join("postgres"), self.folder.path());
        command.args(["-D", "data", "-k"]).arg(self.folder.path());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        // Out of reach of a terminal's Ctrl-C: the guard ends it.
        command.process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = server.insert(command.spawn().expect("postgres can be run"));

        let told = || fs::read_to_string(&log_path).unwrap_or_default();
        for _ in 0..STARTING {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("postgres ended ({status}): {}", told());
            }
            if is_ready(self.folder.path(), child.id()) {
                return;
            }
            thread::sleep(PAUSE);
        }
        panic!("postgres does not start: {}", told());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        stop(&mut self.server(), Mode::Immediate);
        if let Some((mut guard, input)) = self.guard.take() {
            drop(input);
            let _ = guard.wait();
        }
    }
}

/// The server's programs, as whom they run, and a new folder for them.
fn place() -> Result<(PathBuf, RunAs, TempDir), Unavailable> {
    let (programs, run_as) = (programs()?, RunAs::choose()?);
    let folder = new_folder().expect("a temporary folder can be made");
    run_as.own(folder.path()).expect("the folder can be given away");
    Ok((programs, run_as, folder))
}

pub(crate) fn new_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let folder = builder.prefix("repass-pg-").tempdir()?;
    if folder.path().as_os_str().len() <= LONGEST_FOLDER {
        return Ok(folder);
    }
    builder.tempdir_in("/tmp")
}

fn guard(folder: &Path) -> io::Result<(Child, ChildStdin)> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", GUARD, "guard"]).arg(folder).current_dir("/").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut guard = command.spawn()?;
    let input = guard.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok((guard, input))
}

/// The server writes its state into the last line of its file, after its process id in the first.
fn is_ready(folder: &Path, process: u32) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("data").join("postmaster.pid")) else {
        return false;
    };
    let first = text.lines().next().and_then(|line| line.trim().parse().ok());
    first == Some(process) && text.lines().nth(7).is_some_and(|state| state.trim() == "ready")
}

fn stop(server: &mut Option<Child>, mode: Mode) {
    let Some(mut child) = server.take() else { return };
    let signal = match mode {
        Mode::Fast => Signal::SIGINT,
        Mode::Immediate => Signal::SIGQUIT,
    };
    let process = i32::try_from(child.id()).expect("process ids are small");
    // It may have ended by itself.
    let _ = kill(Pid::from_raw(process), signal);
    let _ = child.wait();
}
