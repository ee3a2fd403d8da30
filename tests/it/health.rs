//! The admin listener.

use http::Method;
use repass_tests::{Client, Server};

pub(crate) fn admin(server: &Server) -> Client {
    let address = server
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|line| line["message"] == "answering health probes")
        .and_then(|line| line["address"].as_str()?.parse().ok());
    Client::new(address.expect("the log tells the admin address"))
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
async fn probes_are_not_answered_where_the_passwords_are_changed() {
    let server = Server::start().await;
    assert_eq!(server.client().send(Method::GET, "/healthz", &[], "").await.status, 404);
    assert!(!server.log().contains("answering health probes"));
}
