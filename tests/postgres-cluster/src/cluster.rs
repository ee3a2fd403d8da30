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

/// The superuser of the databases. There is no password: access to the socket is enough.
const USER: &str = "repass";

/// The path of a Unix socket, including its file name, is limited to about 100 bytes.
const MAX_FOLDER_LENGTH: usize = 80;

/// Settings for a small server that is as durable as in production, since tests crash it.
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

/// Waits for the end of its input, which the test process holds open; then stops the server and
/// deletes the folder.
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

/// The maximum number of pauses until a server has started: one minute.
const START_PAUSES: u32 = 6_000;

const URL_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// The shutdown mode of a server, as in `pg_ctl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Aborts all transactions and shuts down cleanly.
    Fast,
    /// Aborts without a clean shutdown, like a crash; the next start recovers.
    Immediate,
}

/// A private PostgreSQL server. Dropping it stops the server and deletes its folder. So does the
/// end of the process, even if it is killed, so a cluster may be a `static`.
#[derive(Debug)]
pub struct Cluster {
    server: Mutex<Option<Child>>,
    guard: Option<(Child, ChildStdin)>,
    programs: PathBuf,
    run_as: RunAs,
    /// Further settings of the server.
    settings: &'static [&'static str],
    databases: AtomicU32,
    folder: TempDir,
}

impl Cluster {
    /// Creates a cluster and starts its server.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or there is no user to run it.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start() -> Result<Self, Unavailable> {
        Self::start_with(&[])
    }

    /// Like [`start`](Self::start), with further settings, such as `work_mem=8MB`.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or there is no user to run it.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_with(settings: &'static [&'static str]) -> Result<Self, Unavailable> {
        let (programs, run_as, folder) = prepare()?;
        let mut initialize = run_as.command(&programs.join("initdb"), folder.path());
        // -N does not sync, as the cluster is temporary.
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
            panic!(
                "{} cannot be run ({error}); set {VARIABLE} to the folder of the server's programs",
                programs.join("initdb").display()
            )
        });
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self::launch_in(programs, run_as, settings, folder))
    }

    /// Creates a standby of this cluster and starts its server. Its name in
    /// `synchronous_standby_names` is `standby`.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or there is no user to run it.
    ///
    /// # Panics
    /// When the standby cannot be created.
    pub fn standby(&self) -> Result<Self, Unavailable> {
        let (programs, run_as, folder) = prepare()?;
        let mut copy = run_as.command(&programs.join("pg_basebackup"), folder.path());
        let primary = self.folder.path().display();
        copy.args(["-D", "data", "-R", "-X", "stream", "-c", "fast", "-d"]);
        copy.arg(format!("host={primary} user={USER} application_name=standby"));
        let output = copy.output().expect("pg_basebackup can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(Self::launch_in(programs, run_as, self.settings, folder))
    }

    fn launch_in(
        programs: PathBuf,
        run_as: RunAs,
        settings: &'static [&'static str],
        folder: TempDir,
    ) -> Self {
        let guard = Some(guard(folder.path()).expect("a shell can be run"));
        let (server, databases) = (Mutex::new(None), AtomicU32::new(0));
        let cluster = Self { server, guard, programs, run_as, settings, databases, folder };
        cluster.launch(&mut cluster.server());
        cluster
    }

    /// Returns the folder with the server's socket, `.s.PGSQL.5432`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the URL of a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().to_str().expect("the folder's name is UTF-8");
        let folder = utf8_percent_encode(folder, URL_PATH);
        format!("postgres:///{database}?host={folder}&user={USER}")
    }

    /// Creates an empty database and returns its name.
    ///
    /// # Panics
    /// When the database cannot be created.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = self.run_as.command(&self.programs.join("createdb"), self.folder.path());
        create.arg("-h").arg(self.folder.path()).args(["-U", USER, &name]);
        let output = create.output().expect("createdb can be run");
        assert!(output.status.success(), "createdb: {}", String::from_utf8_lossy(&output.stderr));
        name
    }

    /// Drops a database and closes its connections. Does nothing if the server is stopped.
    pub fn drop_database(&self, name: &str) {
        if self.server().is_none() {
            return;
        }
        let mut drop = self.run_as.command(&self.programs.join("dropdb"), self.folder.path());
        drop.args(["--if-exists", "--force", "-h"]).arg(self.folder.path());
        drop.args(["-U", USER, name]).stderr(Stdio::null());
        // A failure is harmless: the end of the cluster deletes the database.
        let _ = drop.status();
    }

    /// Stops the server and waits for its end. Does nothing if it is stopped.
    pub fn stop(&self, mode: Mode) {
        stop(&mut self.server(), mode);
    }

    /// Stops the server if it runs, starts it, and waits until it accepts connections.
    ///
    /// # Panics
    /// When the server does not start.
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
        for setting in SETTINGS.iter().chain(self.settings) {
            command.args(["-c", setting]);
        }
        // A separate process group, since Ctrl-C must not stop the server; the guard does.
        command.process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = server.insert(command.spawn().expect("postgres can be run"));

        let log_text = || fs::read_to_string(&log_path).unwrap_or_default();
        for _ in 0..START_PAUSES {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("postgres ended ({status}): {}", log_text());
            }
            if is_ready(self.folder.path(), child.id()) {
                return;
            }
            thread::sleep(PAUSE);
        }
        panic!("postgres does not start: {}", log_text());
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

/// Returns the programs of the server, the user that runs them, and a new folder.
fn prepare() -> Result<(PathBuf, RunAs, TempDir), Unavailable> {
    let (programs, run_as) = (programs()?, RunAs::choose()?);
    let folder = new_folder().expect("a temporary folder can be created");
    run_as.own(folder.path()).expect("the owner of the folder can be set");
    Ok((programs, run_as, folder))
}

pub(crate) fn new_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let folder = builder.prefix("repass-pg-").tempdir()?;
    if folder.path().as_os_str().len() <= MAX_FOLDER_LENGTH {
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

/// Returns whether `postmaster.pid` has this process id in line 1 and the state `ready` in line 8.
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
    // The process may have ended already.
    let _ = kill(Pid::from_raw(process), signal);
    let _ = child.wait();
}
