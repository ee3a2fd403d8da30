//! The admin listener.

use std::net::SocketAddr;
use std::process::Command;

use http::Method;
use repass_tests::{Client, FIRST_PASSWORD, Server, binary};

use crate::test_context::{EASILY_OVERLOADED, TestContext};

pub(crate) fn admin(server: &Server) -> Client {
    Client::new(admin_address(server))
}

pub(crate) fn admin_address(server: &Server) -> SocketAddr {
    let address = server
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|line| line["message"] == "answering health probes and scrapes")
        .and_then(|line| line["address"].as_str()?.parse().ok());
    address.expect("the log has the admin address")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_alive_and_ready() {
    let server = Server::builder().tables("[admin]\nlisten = '127.0.0.1:0'\n").start().await;
    let admin = admin(&server);
    let alive = admin.send(Method::GET, "/healthz", &[], "").await;
    assert_eq!((alive.status.as_u16(), alive.text()), (200, "alive\n"));
    let ready = admin.send(Method::GET, "/readyz", &[], "").await;
    assert_eq!((ready.status.as_u16(), ready.text()), (200, "database: ok\n"));
    assert_eq!(ready.header("cache-control"), "no-store");
    assert_eq!(admin.send(Method::POST, "/readyz", &[], "").await.status, 405);
    assert_eq!(admin.send(Method::GET, "/", &[], "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_asks_a_running_server_whether_it_is_ready() {
    for listen in ["unix", "127.0.0.1:0"] {
        let mut builder = Server::builder();
        let socket = format!("unix:{}", builder.folder().join("admin.socket").display());
        let listen = if listen == "unix" { socket.as_str() } else { listen };
        builder = builder.tables(&format!("[admin]\nlisten = '{listen}'\n"));
        let config = builder.write_config();
        let server = builder.start().await;
        let address = match listen {
            "127.0.0.1:0" => admin_address(&server).to_string(),
            socket => socket.to_owned(),
        };
        let check = || {
            let mut command = Command::new(binary("repassd"));
            command.env("REPASS_CONFIG", &config).env("REPASS_ADMIN__LISTEN", &address);
            let output = command.arg("check-ready").output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        assert_eq!(check(), (Some(0), String::new()));
        server.stop().await;
        let (status, message) = check();
        assert_eq!(status, Some(1), "{message}");
    }
    let builder = Server::builder();
    let mut check = Command::new(binary("repassd"));
    let check = check.args(["check-ready", "--config"]).arg(builder.write_config()).output();
    let output = check.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("repassd: admin.listen: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_not_answered_where_the_passwords_are_changed() {
    let server = Server::start().await;
    assert_eq!(server.client().send(Method::GET, "/healthz", &[], "").await.status, 404);
    assert!(!server.log().contains("answering health probes and scrapes"));
}

/// An overloaded server stays ready.
///
/// Proves L2.
#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_server_is_ready() {
    let builder =
        Server::builder().tables(EASILY_OVERLOADED).tables("[admin]\nlisten = '127.0.0.1:0'\n");
    let test = TestContext::open("etna", builder).await;
    assert_eq!(test.send(&test.good).await.status, 200);
    let admin = admin(&test.server);
    let wrong = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    let mut overloading = std::pin::pin!(test.overload(&wrong, 400));
    let mut probes = 0;
    loop {
        tokio::select! {
            busy = &mut overloading => break assert!(!busy.is_empty()),
            ready = admin.send(Method::GET, "/readyz", &[], "") => {
                assert_eq!(ready.status, 200, "{}", ready.text());
                probes += 1;
            }
        }
    }
    assert!(probes > 0);
}
