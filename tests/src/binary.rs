use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

static PROGRAMS: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(build);

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().find(|folder| folder.join("Cargo.lock").exists()).unwrap().to_owned()
}

/// The path of a program of this workspace, built as it is now, so that plain `cargo test` never
/// tests an old one.
pub fn binary(name: &str) -> PathBuf {
    PROGRAMS.get(name).unwrap_or_else(|| panic!("there is no program {name}")).clone()
}

/// A program of a Debian package.
///
/// # Panics
/// When it is not installed.
pub fn installed(program: &str, package: &str) -> PathBuf {
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .map(|folder| Path::new(folder).join(program))
        .into_iter()
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{program} was not found; on Debian: apt-get install {package}"))
}

/// A program that gets a listening socket as systemd, nginx and HAProxy pass it, with the name
/// `api`. It is its descriptor 3.
pub fn with_socket(program: impl AsRef<Path>, socket: impl Into<OwnedFd>) -> Command {
    // A program cannot know its process id before it runs.
    let script = "exec 3<&0 0</dev/null; LISTEN_PID=$$ exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(program.as_ref()).stdin(Stdio::from(socket.into()));
    command.envs([("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "api"), ("NGINX", "3;")]);
    command
}

/// Cargo, as a developer runs it: without the variables that it sets for tests. Build scripts read
/// these, so that half of the dependencies would be built again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let told = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_MANIFEST_")
                || name.starts_with("CARGO_PKG_")
                || name == "OUT_DIR"
        });
        if told {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Builds all programs at once and with the same features as `tests/run`, which then has nothing
/// left to build.
fn build() -> HashMap<String, PathBuf> {
    let output = cargo()
        .args(["build", "--quiet", "--workspace", "--all-features", "--bins"])
        .arg("--message-format=json")
        .current_dir(workspace())
        .output()
        .expect("cargo can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the programs do not build:\n{errors}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| {
            let program = PathBuf::from(message["executable"].as_str()?);
            Some((message["target"]["name"].as_str()?.to_owned(), program))
        })
        .collect()
}
