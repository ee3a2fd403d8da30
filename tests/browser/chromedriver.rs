use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

static CHROMEDRIVER: LazyLock<Chromedriver> = LazyLock::new(Chromedriver::start);

/// The chromedriver that all tests of the process share.
struct Chromedriver {
    address: SocketAddr,
    /// Its input is open as long as the process runs.
    _guard: Child,
    _output: BufReader<ChildStdout>,
}

/// Stops chromedriver and its browsers when its input ends, so also if the test process is killed.
const GUARD: &str = "chromedriver --port=0 & cat >/dev/null; kill 0";

impl Chromedriver {
    fn start() -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARD]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut guard = command.stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(guard.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "chromedriver does not start");
            if let Some((_, port)) = line.trim_end().split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        Self { address: (Ipv4Addr::LOCALHOST, port).into(), _guard: guard, _output: output }
    }
}

/// Returns the address of chromedriver, and starts it the first time.
pub(crate) async fn address() -> SocketAddr {
    tokio::task::spawn_blocking(|| CHROMEDRIVER.address).await.unwrap()
}
