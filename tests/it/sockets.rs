//! The sockets that the server listens on, and its messages to systemd.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use nix::sys::signal::Signal;
use repass_tests::{Client, Server, ServerBuilder, binary, installed, with_socket, workspace};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use crate::requests::CUSTOMER;

/// Sends a request to a Unix socket and returns the status line.
async fn status(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    let request = format!("GET {CUSTOMER} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

/// Runs `repassd` with this configuration until it ends.
fn run(builder: &ServerBuilder, command: &str, socket: Option<TcpListener>) -> Output {
    let mut repassd = match socket {
        Some(socket) => with_socket(binary("repassd"), socket),
        None => Command::new(binary("repassd")),
    };
    repassd.arg(command).arg("--config").arg(builder.write_config()).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

fn listening_on(server: &Server) -> Vec<String> {
    let log = server.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let lines = lines.filter(|line| line["message"] == "listening");
    lines.map(|line| line["address"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_addresses_names_and_unix_sockets_is_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repassd.sock");
    let listen = format!("listen = ['127.0.0.1:0', 'localhost:0', 'unix:{}']", path.display());
    let group = std::fs::metadata(folder.path()).unwrap().gid();
    let options = format!("[unix_socket]\nmode = '0640'\ngroup = '{group}'\n");
    let admin =
        format!("[admin]\nlisten = 'unix:{}'\n", folder.path().join("admin.sock").display());
    let builder = Server::builder().top(&listen).tables(&options).tables(&admin);
    // A file that a server has left behind.
    drop(UnixListener::bind(&path).unwrap());
    let server = builder.start().await;
    assert_eq!(status(&path).await, "HTTP/1.1 405 Method Not Allowed");
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!((metadata.permissions().mode() & 0o777, metadata.gid()), (0o640, group));
    let addresses = listening_on(&server);
    assert!(addresses.len() >= 3, "{addresses:?}");
    for address in addresses.iter().filter_map(|address| address.parse().ok()) {
        let answer = Client::new(address).send(Method::GET, CUSTOMER, &[], "").await;
        assert_eq!(answer.status, 405);
    }
    assert!(status(&folder.path().join("admin.sock")).await.starts_with("HTTP/1.1 404"));

    // The file of a server that runs is not replaced, nor is another file.
    let output = tokio::task::spawn_blocking(move || run(&builder, "serve", None)).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("cannot listen on unix:"), "{}", text(&output));
    assert_eq!(status(&path).await, "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(server.stop().await.status.code(), Some(0));
    let file = folder.path().join("file");
    std::fs::write(&file, "content").unwrap();
    let builder = Server::builder().top(&format!("listen = 'unix:{}'", file.display()));
    let output = tokio::task::spawn_blocking(move || run(&builder, "serve", None)).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "content");
}

#[test]
fn check_config_explains_listeners_and_proxies_and_names_mistakes() {
    let check = |listen: &str, tables: &str| {
        let builder = Server::builder_on_sqlite().top(&format!("listen = {listen}"));
        let output = run(&builder.tables(tables), "check-config", None);
        (output.status.code(), text(&output))
    };
    let proxy = "[proxy]\ntrusted = ['10.1.0.0/24', '::1', 'unix']\nproxy_protocol = true\n";
    let (status, text) = check("['127.0.0.1:80', 'unix:/run/a.sock', 'systemd:api']", proxy);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("127.0.0.1:80, unix:/run/a.sock, systemd:api (plain HTTP)"), "{text}");
    let shown = "10.1.0.0/24, ::1/128, unix; PROXY protocol";
    assert!(text.contains(shown), "{text}");
    for (listen, tables, message) in [
        ("'localhost'", "", "listen: must be an address and a port"),
        ("8080", "", "listen: must be an address and a port"),
        ("[]", "", "listen: must have at least one address"),
        ("'unix:a.sock'", "", "listen: the path after unix: must be absolute"),
        ("'systemd:'", "", "listen: must be an address and a port"),
        ("'host.invalid:80'", "", "listen: the name is unknown"),
        ("['127.0.0.1:80', '0.0.0.0:81']", "", "listen: this address is not a loopback one"),
        ("'systemd'", "[admin]\nlisten = 'systemd'", "admin.listen: must differ from listen"),
        ("'[::1]:80'", "[admin]\nlisten = 'systemd'", "admin.listen: must name the sockets"),
        ("'[::1]:80'", "[unix_socket]\nmode = '0888'", "unix_socket.mode: must be octal"),
        ("'[::1]:80'", "[unix_socket]\ngroup = 'no such'", "unix_socket.group: must be a group"),
        ("'[::1]:80'", "[proxy]\ntrusted = ['proxy.example']", "proxy.trusted: must be networks"),
        ("'[::1]:80'", "[proxy]\ntrusted = ['0.0.0.0/0']", "proxy.trusted: must be networks"),
        ("'[::1]:80'", "[proxy]\nproxy_protocol = true", "proxy.trusted: is required"),
        ("'[::1]:80'", "[proxy]\nheader = 'x-real-ip'", "proxy.header: must be one of"),
    ] {
        let (status, text) = check(listen, tables);
        assert_eq!(status, Some(2), "{text}");
        assert!(text.contains(message) && text.lines().count() == 1, "{message}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_the_socket_of_systemd_loses_no_request() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let builder = Server::builder().top("listen = 'systemd:api'").passed(socket);
    let mut server = builder.start().await;
    assert_eq!(server.address, address);
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (done, answered, client) = (done.clone(), answered.clone(), Client::new(address));
        clients.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let answer = client.try_send(Method::GET, CUSTOMER, &[], "").await;
                assert_eq!(answer.expect("no request is lost").status, 405);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for _ in 0..5 {
        let before = answered.load(Ordering::Relaxed);
        while answered.load(Ordering::Relaxed) < before + 100 {
            assert!(clients.try_join_next().is_none(), "a client has ended");
            tokio::task::yield_now().await;
        }
        assert_eq!(server.stop().await.status.code(), Some(0));
        server = builder.start().await;
    }
    done.store(true, Ordering::Relaxed);
    clients.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_socket_activate_starts_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let builder = Server::builder().top("listen = 'systemd:api'");
    let mut command = Command::new(installed("systemd-socket-activate", "systemd"));
    command.arg("--listen").arg(&path).args(["--fdname=api", "--"]).arg(binary("repassd"));
    command.arg("serve").arg("--config").arg(builder.write_config());
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    while let Err(error) = UnixStream::connect(&path).await {
        assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused));
        assert!(process.try_wait().unwrap().is_none(), "it has ended");
        tokio::task::yield_now().await;
    }
    assert_eq!(status(&path).await, "HTTP/1.1 405 Method Not Allowed");
    process.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn health_probes_are_answered_on_a_socket_of_systemd() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let builder = Server::builder().tables("[admin]\nlisten = 'systemd:api'\n").passed(socket);
    let server = builder.start().await;
    assert_eq!(crate::health::admin_address(&server), address);
    assert_eq!(Client::new(address).send(Method::GET, "/readyz", &[], "").await.status, 200);
    assert_eq!(server.stop().await.status.code(), Some(0));
    let server = Server::builder().passed(TcpListener::bind("127.0.0.1:0").unwrap()).start().await;
    server.logged("systemd passed a socket that no `listen` names").await;
}

#[test]
fn sockets_of_systemd_are_refused_where_they_are_public_or_missing() {
    let builder = Server::builder_on_sqlite().top("listen = 'systemd'");
    let public = || TcpListener::bind("0.0.0.0:0").unwrap();
    let output = run(&builder, "serve", Some(public()));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("allow_plain_http = true"), "{}", text(&output));
    let named = Server::builder_on_sqlite().top("listen = 'systemd:other'");
    for (builder, socket) in [(&builder, None), (&named, Some(public()))] {
        let output = run(builder, "serve", socket);
        assert_eq!(output.status.code(), Some(2));
        let text = text(&output);
        assert!(text.contains("systemd passed no socket for the address systemd"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_when_the_server_is_ready_alive_reloading_and_stopping() {
    let builder = Server::builder();
    let path = builder.folder().join("notify.sock");
    let socket = tokio::net::UnixDatagram::from_std({
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    });
    let socket = socket.unwrap();
    let builder = builder
        .variable("NOTIFY_SOCKET", path.to_str().unwrap())
        .variable("WATCHDOG_USEC", "100000");
    let server = builder.start().await;
    let next = async || {
        let mut message = vec![0; 4096];
        let received = tokio::time::timeout(Duration::from_secs(60), socket.recv(&mut message));
        let size = received.await.expect("a message arrives").unwrap();
        String::from_utf8(message[..size].to_vec()).unwrap()
    };
    let until = async |state: &str| {
        loop {
            let message = next().await;
            if message.starts_with(state) {
                break;
            }
            assert_eq!(message, "WATCHDOG=1\n", "before {state}");
        }
    };
    until("READY=1").await;
    until("WATCHDOG=1").await;
    until("WATCHDOG=1").await;
    server.signal(Signal::SIGHUP);
    until("RELOADING=1\nMONOTONIC_USEC=").await;
    until("READY=1").await;
    server.terminate();
    until("STOPPING=1").await;
    assert_eq!(server.wait().await.status.code(), Some(0));
}

#[test]
fn the_units_are_valid_and_hardened() {
    let units = workspace().join("bins/repassd/systemd");
    let service = units.join("repassd.service");
    let mut analyze = Command::new(installed("systemd-analyze", "systemd"));
    // In tenths.
    analyze.args(["security", "--offline=true", "--threshold=20"]).arg(&service);
    let output = analyze.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    // The program need not be installed here.
    let folder = tempfile::tempdir().unwrap();
    for unit in ["repassd.service", "repassd.socket"] {
        let unit_text = std::fs::read_to_string(units.join(unit)).unwrap();
        let program = binary("repassd");
        let unit_text =
            unit_text.replace("ExecStart=repassd", &format!("ExecStart={}", program.display()));
        std::fs::write(folder.path().join(unit), unit_text).unwrap();
    }
    let mut verify = Command::new(installed("systemd-analyze", "systemd"));
    verify.arg("verify").args(["repassd.service", "repassd.socket"].map(|u| folder.path().join(u)));
    let output = verify.output().unwrap();
    let told = text(&output);
    assert!(output.status.success() && !told.contains("repassd."), "{told}");
}
