//! Runs `repass` on a database in a temporary folder.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub const PASSWORD: &str = "an entirely fine sentence";

pub struct TestContext {
    pub folder: TempDir,
}

/// The result of a run.
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl TestContext {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Adds an account `pat` in realm `default` with [`PASSWORD`].
    pub fn with_pat() -> Self {
        let test = Self::new();
        test.add("pat", &["--email", "pat@example.org"]);
        test
    }

    pub fn add(&self, user_id: &str, more: &[&str]) {
        let arguments = [&["account", "add", "--user-id", user_id], more].concat();
        self.run_with(&arguments, PASSWORD).succeeded();
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("repass.db")
    }

    pub fn url(&self) -> String {
        format!("sqlite://{}", self.database().display())
    }

    /// Returns a command with the database and nothing else in its environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_repass"));
        command
            .env_clear()
            .current_dir(self.folder.path())
            .env("REPASS_DATABASE", self.url())
            .env("REPASS_HASH_PROFILE", "insecure-for-tests");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// Runs with this stdin.
    pub fn run_with(&self, arguments: &[&str], stdin: impl AsRef<[u8]>) -> Run {
        let mut command = self.command();
        command.args(arguments);
        finish(command, stdin)
    }

    /// Runs with `--json`, and parses stdout.
    pub fn json(&self, arguments: &[&str], stdin: impl AsRef<[u8]>) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        let run = self.run_with(&arguments, stdin);
        assert_eq!(run.status, 0, "{arguments:?}: {}", run.stderr);
        run.json()
    }
}

pub fn finish(mut command: Command, stdin: impl AsRef<[u8]>) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Fails if the child has closed its stdin.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
    let output = child.wait_with_output().unwrap();
    Run {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self
    }

    /// Checks that the command failed with one line that contains all `parts`, and printed nothing
    /// else.
    #[track_caller]
    pub fn failed(self, status: i32, parts: &[&str]) -> Self {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        let lines: Vec<&str> =
            self.stderr.lines().filter(|line| !line.contains("warning")).collect();
        let [line] = lines.as_slice() else { panic!("not one line: {}", self.stderr) };
        assert!(line.starts_with("repass: "), "{line}");
        for part in parts {
            assert!(line.contains(part), "{part:?} is missing: {line}");
        }
        assert_eq!(self.stdout, "");
        self
    }

    /// Parses the one JSON line on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Parses the JSON error on stderr.
    #[track_caller]
    pub fn json_error(&self, status: i32) -> Value {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        let lines: Vec<Value> =
            self.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let errors: Vec<&Value> = lines.iter().filter_map(|line| line.get("error")).collect();
        let [error] = errors.as_slice() else { panic!("not one error: {}", self.stderr) };
        assert!(error["message"].is_string());
        (*error).clone()
    }
}
