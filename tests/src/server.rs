use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use repass_postgres_cluster::Cluster;

use crate::{AdminContext, Client, Database, binary, with_socket};

/// The longest that a server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `repassd serve` on a database of its own.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    /// Collects the log until the server closes its end.
    reader: Option<JoinHandle<()>>,
    reading: Arc<AtomicU8>,
    database: Database,
}

/// Whether what a server logs is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LogReader {
    /// It is read.
    Reads,
    /// It is not read, so the pipe fills up.
    Pauses,
    /// The reading end of the pipe is closed.
    Gone,
}

/// How a server ended.
#[derive(Debug)]
pub struct Stopped {
    /// The exit status.
    pub status: ExitStatus,
    /// Its log.
    pub log: String,
}

/// One API's tables in the configuration.
#[derive(Debug, Clone)]
struct Api {
    name: &'static str,
    lines: String,
    options: String,
}

/// The configuration of a server.
#[derive(Debug, Clone)]
pub struct ServerBuilder {
    database: Database,
    top: String,
    tables: String,
    apis: Vec<Api>,
    variables: Vec<(String, String)>,
    passed: Option<Arc<TcpListener>>,
}

impl Server {
    /// All five APIs, each in the realm of its name, with the cheap test profile.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The same, to be configured.
    pub fn builder() -> ServerBuilder {
        Self::builder_with(Database::new())
    }

    /// The same on a SQLite file, whatever `TEST_DATABASE` says.
    pub fn builder_on_sqlite() -> ServerBuilder {
        Self::builder_with(Database::sqlite())
    }

    /// The same on PostgreSQL, whatever `TEST_DATABASE` says.
    pub fn builder_on_postgres() -> ServerBuilder {
        Self::builder_with(Database::postgres())
    }

    /// The same on a database of this cluster, for tests that stop its server.
    pub fn builder_on(cluster: &Arc<Cluster>) -> ServerBuilder {
        Self::builder_with(Database::on(Arc::clone(cluster)))
    }

    /// The same on a database of a primary and its standby, both of which its URL names.
    pub fn builder_on_pair(primary: &Arc<Cluster>, standby: &Arc<Cluster>) -> ServerBuilder {
        Self::builder_with(Database::on_pair(Arc::clone(primary), Arc::clone(standby)))
    }

    fn builder_with(database: Database) -> ServerBuilder {
        let apis = ["ecom", "etna", "zap", "customer", "fabric"].map(|name| Api {
            name,
            lines: format!("realm = '{name}'\n"),
            options: String::new(),
        });
        ServerBuilder {
            database,
            top: String::new(),
            tables: String::new(),
            apis: apis.into(),
            variables: Vec::new(),
            passed: None,
        }
    }

    /// A client for it.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// A client for its admin API, which `[admin_api] listen` turns on.
    ///
    /// # Panics
    /// When it has none.
    pub fn admin_api(&self) -> Client {
        let log = self.log();
        let mut addresses =
            log.lines().filter_map(|line| address_in(line, "serving the admin API"));
        Client::new(addresses.next().expect("the log has the address of the admin API"))
    }

    /// The operator's admin context on its database.
    pub async fn operator(&self) -> AdminContext {
        AdminContext::open(self.database.clone()).await
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Returns the log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line of the log that contains `text`, and returns it.
    pub async fn logged(&self, text: &str) -> String {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                    break line.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("not logged: {text}\n{}", self.log()))
    }

    /// Reads the log in this way from the next line on.
    pub fn read_log(&self, reader: LogReader) {
        self.reading.store(reader as u8, Ordering::SeqCst);
    }

    /// Waits until the reader of the log is gone, after [`LogReader::Gone`] and one more line.
    pub async fn log_reader_gone(&mut self) {
        let reader = self.reader.take().expect("it is waited for once");
        tokio::task::spawn_blocking(|| reader.join()).await.unwrap().expect("no panic");
    }

    /// Sends it this signal.
    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(id, signal).unwrap();
    }

    /// Returns the size of its memory that is resident, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        resident.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Returns what its memory holds as text: heap, stacks and static data. `None` where the kernel
    /// refuses, as it must to all but root.
    pub fn memory(&self) -> Option<String> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let memory = match std::fs::File::open(folder.join("mem")) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
            opened => opened.unwrap(),
        };
        let maps = std::fs::read_to_string(folder.join("maps")).unwrap();
        let mut held = String::new();
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // Some mappings of the kernel cannot be read.
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                held.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        Some(held)
    }

    /// Returns its limit of core dumps, as the kernel states it.
    pub fn core_limit(&self) -> String {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
        limit.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Asks it to stop, without waiting.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Waits until it has stopped.
    pub async fn wait(mut self) -> Stopped {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    break status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let status = waited.await.expect("the server stops in time");
        if let Some(reader) = self.reader.take() {
            tokio::task::spawn_blocking(|| reader.join()).await.unwrap().expect("no panic");
        }
        Stopped { status, log: self.log() }
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(self) -> Stopped {
        self.terminate();
        self.wait().await
    }

    /// Kills it at once, as a power failure would.
    pub async fn kill(self) -> Stopped {
        self.signal(Signal::SIGKILL);
        self.wait().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl ServerBuilder {
    /// Adds lines before the first table.
    #[must_use]
    pub fn top(mut self, lines: &str) -> Self {
        self.top.push_str(lines);
        self.top.push('\n');
        self
    }

    /// Adds whole tables.
    #[must_use]
    pub fn tables(mut self, lines: &str) -> Self {
        self.tables.push_str(lines);
        self.tables.push('\n');
        self
    }

    /// Adds lines to the table of an API.
    #[must_use]
    pub fn api(mut self, name: &str, lines: &str) -> Self {
        let api = self.named(name);
        api.lines.push_str(lines);
        api.lines.push('\n');
        self
    }

    /// Adds lines to the options of an API.
    #[must_use]
    pub fn options(mut self, name: &str, lines: &str) -> Self {
        let api = self.named(name);
        api.options.push_str(lines);
        api.options.push('\n');
        self
    }

    fn named(&mut self, name: &str) -> &mut Api {
        self.apis.iter_mut().find(|api| api.name == name).expect("a known API")
    }

    /// Serves only this API.
    #[must_use]
    pub fn only(mut self, name: &str) -> Self {
        self.apis.retain(|api| api.name == name);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Passes it a listening socket, as systemd does.
    #[must_use]
    pub fn passed(mut self, socket: TcpListener) -> Self {
        self.passed = Some(Arc::new(socket));
        self
    }

    /// The folder that relative paths in the configuration start at.
    pub fn folder(&self) -> &Path {
        self.database.folder()
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Writes the configuration file and gives its path.
    pub fn write_config(&self) -> PathBuf {
        let key_file = self.database.key_file();
        let key_file = key_file.map(|file| format!("key_file = '{}'\n", file.display()));
        let listen = if self.top.contains("listen = ") { "" } else { "listen = '127.0.0.1:0'\n" };
        let mut text = format!(
            "{listen}{}\n[store]\nurl = '{}'\n{}\
             [log]\nformat = 'json'\nfilter = 'debug'\n",
            self.top,
            self.database.url(),
            key_file.unwrap_or_default(),
        );
        if !self.tables.contains("[hashing]") {
            text.push_str("[hashing]\nprofile = 'insecure-for-tests'\n");
        }
        text.push_str(&self.tables);
        for Api { name, lines, options } in &self.apis {
            text.push_str(&format!("[api.{name}]\n{lines}"));
            if !options.is_empty() {
                text.push_str(&format!("[api.{name}.options]\n{options}"));
            }
        }
        let file = self.folder().join("repassd.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Starts the server and waits until it listens. Can be called again to start another one on
    /// the same database, after the first stopped or beside it.
    pub async fn start(&self) -> Server {
        let config = self.write_config();
        let program = tokio::task::spawn_blocking(|| binary("repassd")).await.unwrap();
        let mut command = match &self.passed {
            Some(socket) => with_socket(program, socket.try_clone().unwrap()),
            None => {
                let mut command = Command::new(program);
                command.stdin(Stdio::null());
                command
            }
        };
        command.arg("serve").arg("--config").arg(config);
        // Tests that stop a server do not wait for load balancers.
        command.env("REPASS_SERVER__SHUTDOWN_DELAY", "0s");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (listens, listening) = mpsc::channel();
        let written = Arc::clone(&log);
        let reading = Arc::new(AtomicU8::new(LogReader::Reads as u8));
        let is_reading = Arc::clone(&reading);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(address) = address_in(&line, "listening") {
                    let _ = listens.send(address);
                }
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
                drop(log);
                while is_reading.load(Ordering::SeqCst) == LogReader::Pauses as u8 {
                    std::thread::sleep(Duration::from_millis(5));
                }
                if is_reading.load(Ordering::SeqCst) == LogReader::Gone as u8 {
                    break;
                }
            }
        });
        let address = tokio::task::spawn_blocking(move || listening.recv_timeout(PATIENCE));
        let Ok(address) = address.await.unwrap() else {
            let _ = child.kill();
            panic!("the server does not start:\n{}", log.lock().unwrap());
        };
        let database = self.database.clone();
        Server { address, child, log, reader: Some(reader), reading, database }
    }
}

/// The address in a line with this message.
fn address_in(line: &str, message: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    if line["message"] != message {
        return None;
    }
    line["address"].as_str()?.parse().ok()
}
