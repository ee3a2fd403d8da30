//! A release build of `repassd` as a child process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use repass_tests::cargo;
use tempfile::TempDir;

/// A running server with the API of etna and the admin API, and the folder of its database.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The address of the admin API.
    pub(crate) admin_api: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Server {
    /// Starts the server with the given `[hashing]` lines, and limits and time-outs for all
    /// connections, which are idle during other measurements.
    pub(crate) fn start(program: &Path, hashing: &str) -> Self {
        let limits =
            "[server]\nmax_connections = 10000\nheader_timeout = '1h'\nidle_timeout = '1h'";
        Self::start_with(program, &format!("{limits}\n[policy]\nhistory = 0\n[hashing]\n{hashing}"))
    }

    /// Starts the server with the given tables besides those of the store, the log and the API.
    pub(crate) fn start_with(program: &Path, tables: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("repassd.toml");
        let text = format!(
            "listen = '127.0.0.1:0'\n\
             [store]\nurl = '{}'\n\
             [log]\nformat = 'json'\nfilter = 'warn,repassd=info'\n\
             {tables}\n\
             [admin_api]\nlisten = '127.0.0.1:0'\n\
             [api.etna]\nrealm = 'etna'\n",
            url(&folder)
        );
        fs::write(&config, text).unwrap();
        let mut child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut address =
            |message| lines.find_map(|line| listening(&line, message)).expect("a server");
        let (admin_api, address) = (address("serving the admin API"), address("listening"));
        // Drains the pipe, since the server would block when it is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, admin_api, child, folder }
    }

    /// Returns the URL of the database.
    pub(crate) fn database(&self) -> String {
        url(&self.folder)
    }

    /// Returns the resident set size in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// Returns the most resident bytes since the last call.
    pub(crate) fn peak_bytes(&self) -> u64 {
        let peak = self.memory("VmHWM:");
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        peak
    }

    fn memory(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024
    }

    /// Returns the CPU time of all its threads.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The fields after the name of the program, which may have blanks.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        // Linux counts in hundredths of a second.
        Duration::from_millis(ticks * 10)
    }

    /// Stops the server with SIGTERM, and waits for its end.
    pub(crate) fn stop(mut self) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(id, Signal::SIGTERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the server ended with {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("repass.db").display())
}

/// Builds a release build of the server and returns its path.
pub(crate) fn build() -> PathBuf {
    let output = cargo()
        .args(["build", "--quiet", "--release", "-p", "repassd", "--message-format=json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "the server does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let program = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    program.expect("a program")
}

/// Returns the address from the log line of this message.
fn listening(line: &str, message: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    if line["message"] != message {
        return None;
    }
    line["address"].as_str()?.parse().ok()
}
