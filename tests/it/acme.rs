//! Certificates from Pebble, Let's Encrypt's ACME server for tests.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use nix::sys::signal::Signal;
use repass_tests::{Server, ServerBuilder, installed};
use serde_json::json;
use tokio::net::TcpStream;

use crate::certificates::Authority;
use crate::health::admin;
use crate::tls::{HOST, TlsClient};

const PATH: &str = "/v1/changePassword";

/// What the test needs of an ACME server before it runs, and of the server that uses it.
struct Acme {
    /// The authority of the directory's own certificate.
    authority: Authority,
    directory: SocketAddr,
    management: SocketAddr,
    builder: ServerBuilder,
    address: SocketAddr,
}

/// A running Pebble.
struct Pebble {
    process: Child,
    log: Arc<Mutex<String>>,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Acme {
    fn new() -> Self {
        let authority = Authority::new("directory");
        let [directory, management] = [(); 2].map(|()| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap()
        });
        // Pebble must know the port, and a restart must keep it.
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let builder = Server::builder().only("zap").top("listen = 'systemd:api'").passed(socket);
        let builder = builder.tables(&format!(
            "[tls.acme]\ndomains = ['{HOST}']\ncontact = ['ops@example.org']\nfolder = 'acme'\n\
             directory = 'https://{HOST}:{}/dir'\ndirectory_ca = 'directory-ca.pem'\n\
             [admin]\nlisten = '127.0.0.1:0'\n",
            directory.port()
        ));
        std::fs::write(builder.folder().join("directory-ca.pem"), authority.pem()).unwrap();
        Self { authority, directory, management, builder, address }
    }

    /// The folder of the account and the certificate.
    fn folder(&self) -> PathBuf {
        let name = format!("{HOST}_{}_dir", self.directory.port());
        self.builder.folder().join("acme").join(name)
    }

    /// Starts Pebble, which connects to `port` for the challenges.
    async fn pebble(&self, port: u16) -> Pebble {
        let folder = self.builder.folder();
        let (certificate, key) = self.authority.issue(HOST, 2090);
        std::fs::write(folder.join("pebble.pem"), certificate).unwrap();
        std::fs::write(folder.join("pebble.key"), key).unwrap();
        let config = json!({ "pebble": {
            "listenAddress": self.directory,
            "managementListenAddress": self.management,
            "certificate": folder.join("pebble.pem"),
            "privateKey": folder.join("pebble.key"),
            "httpPort": 1,
            "tlsPort": port,
        }});
        let file = folder.join("pebble.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new(installed("pebble", "pebble"));
        command.envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")]);
        let mut process = command
            .arg("-config")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                written.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        // It logs that it listens before it does.
        for address in [self.directory, self.management] {
            while TcpStream::connect(address).await.is_err() {
                let ended = process.try_wait().unwrap();
                assert!(ended.is_none(), "another program may have taken its ports");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Pebble { process, log }
    }

    /// A client that trusts Pebble's root.
    async fn client(&self) -> TlsClient {
        let own = TlsClient::trusting_pem(self.authority.pem()).with_http1();
        let mut sender = open(&own, self.management).await;
        let request = Request::get("/roots/0").header("host", HOST);
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await;
        let root = answer.unwrap().into_body().collect().await.unwrap().to_bytes();
        TlsClient::trusting_pem(String::from_utf8(root.to_vec()).unwrap())
    }
}

/// Opens a connection with HTTP/1.1.
async fn open(client: &TlsClient, address: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let stream = client.connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn certificates(client: &TlsClient, address: SocketAddr) -> Vec<Vec<u8>> {
    let stream = client.connect(address).await.unwrap();
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    chain.iter().map(|certificate| certificate.to_vec()).collect()
}

/// Waits until the server has a certificate of Pebble.
async fn renewed(acme: &Acme) {
    let client = acme.client().await;
    while client.connect(acme.address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn readiness(server: &Server) -> (u16, String) {
    let answer = admin(server).send(Method::GET, "/readyz", &[], "").await;
    (answer.status.as_u16(), answer.text().to_owned())
}

/// Proves RFC 8555.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_ordered_and_kept_over_a_restart() {
    let acme = Acme::new();
    // The directory is down.
    let server = acme.builder.start().await;
    let line = server.logged("no certificate could be ordered").await;
    assert!(line.contains("cannot be used; check tls.acme.directory"), "{line}");
    let (status, reason) = readiness(&server).await;
    assert_eq!((status, reason.contains("certificate: none yet")), (503, true), "{reason}");
    let stranger = TlsClient::trusting_pem(acme.authority.pem());
    assert!(stranger.connect(acme.address).await.is_err());
    let metrics = admin(&server).send(Method::GET, "/metrics", &[], "").await;
    assert!(!metrics.text().contains("certificate_expiry_timestamp_seconds{"));

    let pebble = acme.pebble(acme.address.port()).await;
    server.signal(Signal::SIGHUP);
    server.logged("reloaded the certificate").await;
    let client = acme.client().await;
    let (status, _, protocol) = client.get(acme.address, PATH).await.unwrap();
    assert_eq!((status.as_u16(), &protocol[..]), (405, &b"h2"[..]));
    let first = certificates(&client, acme.address).await;
    assert_eq!(first.len(), 2, "with the intermediate certificate");
    assert_eq!(readiness(&server).await, (200, "database: ok\n".to_owned()));
    let metrics = admin(&server).send(Method::GET, "/metrics", &[], "").await;
    let expiry = "repass_certificate_expiry_timestamp_seconds{listener=\"listen\"} ";
    assert!(metrics.text().contains(expiry), "{}", metrics.text());
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = acme.folder();
    assert_eq!((mode(folder.parent().unwrap().to_owned()), mode(folder.clone())), (0o700, 0o700));
    for file in ["account.json", "certificate.pem"] {
        assert_eq!(mode(folder.join(file)), 0o600, "{file}");
    }
    assert!(!server.stop().await.log.contains("PRIVATE KEY"));

    let server = acme.builder.start().await;
    assert_eq!(certificates(&client, acme.address).await, first);
    let stopped = server.stop().await;
    assert!(!stopped.log.contains("ordering a certificate"), "{}", stopped.log);
    let orders = pebble.log.lock().unwrap().matches(" orders in the db").count();
    assert_eq!(orders, 1);
}

/// Proves RFC 8555.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_due_is_served_until_it_is_renewed() {
    let acme = Acme::new();
    let (old, folder) = (Authority::new("old"), acme.folder());
    std::fs::create_dir_all(&folder).unwrap();
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder.parent().unwrap(), private).unwrap();
    // More than two thirds of its lifetime have passed.
    let (certificate, key) = old.issue_between(HOST, 1975, 2050);
    let due = key + &certificate;
    std::fs::write(folder.join("certificate.pem"), &due).unwrap();
    let server = acme.builder.start().await;
    server.logged("no certificate could be ordered").await;
    assert_eq!(readiness(&server).await.0, 200);
    let old = TlsClient::trusting_pem(old.pem());
    let mut connection = open(&old.clone().with_http1(), acme.address).await;

    let pebble = acme.pebble(acme.address.port()).await;
    server.signal(Signal::SIGHUP);
    renewed(&acme).await;
    assert!(old.connect(acme.address).await.is_err());
    let request = Request::get(PATH).header("host", HOST).body(Empty::new()).unwrap();
    let answer = connection.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 405, "the open connection");

    // Pebble forgets its accounts.
    drop(pebble);
    let _pebble = acme.pebble(acme.address.port()).await;
    std::fs::write(folder.join("certificate.pem"), due).unwrap();
    server.signal(Signal::SIGHUP);
    server.logged("does not know the account any more").await;
    server.signal(Signal::SIGHUP);
    renewed(&acme).await;
}

/// Proves RFC 8555.
#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_does_not_reach_the_server_is_named() {
    let acme = Acme::new();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _pebble = acme.pebble(unused.port()).await;
    let server = acme.builder.start().await;
    let line = server.logged("no certificate could be ordered").await;
    assert!(line.contains("could not verify localhost") && line.contains("port 443"), "{line}");
    assert_eq!(readiness(&server).await.0, 503);
    assert_eq!(server.stop().await.status.code(), Some(0));
}
