//! TLS of the server and of its admin listener, with real clients.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::sys::signal::Signal;
use repass_tests::{Server, ServerBuilder, binary};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ALL_VERSIONS, ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};

use crate::certificates::Authority;
use crate::proxies::{Proxy, haproxy_examples};

pub(crate) const HOST: &str = "localhost";
const TLS: &str = "[tls]\ncertificate = 'server.pem'\nkey = 'server.key'\n";
const PATH: &str = "/v1/changePassword";

/// A client that trusts one authority.
#[derive(Clone)]
pub(crate) struct TlsClient {
    authority: String,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<&'static str>,
    /// Its own certificate and key.
    own: Option<(String, String)>,
}

impl TlsClient {
    fn trusting(authority: &Authority) -> Self {
        Self::trusting_pem(authority.pem())
    }

    pub(crate) fn trusting_pem(authority: String) -> Self {
        let versions = ALL_VERSIONS.to_vec();
        Self { authority, versions, protocols: vec!["h2", "http/1.1"], own: None }
    }

    /// The same client with HTTP/1.1 only.
    pub(crate) fn with_http1(self) -> Self {
        Self { protocols: vec!["http/1.1"], ..self }
    }

    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match &self.own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
        };
        config.alpn_protocols =
            self.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let host = HOST.try_into().unwrap();
        TlsConnector::from(Arc::new(config)).connect(host, stream).await
    }

    /// The status of the answer to a GET, and what was agreed on.
    pub(crate) async fn get(
        &self,
        address: SocketAddr,
        path: &str,
    ) -> Result<(StatusCode, ProtocolVersion, Vec<u8>), Box<dyn std::error::Error>> {
        let stream = self.connect(address).await?;
        let version = stream.get_ref().1.protocol_version().unwrap();
        let protocol = stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec();
        let request = Request::get(format!("https://{HOST}{path}"));
        let request = request.header("host", HOST).body(Empty::<Bytes>::new()).unwrap();
        let io = TokioIo::new(stream);
        let status = if protocol == b"h2" {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?.status()
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?.status()
        };
        Ok((status, version, protocol))
    }
}

fn write(folder: &Path, name: &str, (certificate, key): &(String, String)) {
    std::fs::write(folder.join(format!("{name}.key")), key).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), certificate).unwrap();
}

/// A server with a certificate of this authority.
fn server_of(authority: &Authority) -> ServerBuilder {
    let builder = Server::builder().only("zap").tables(TLS);
    write(builder.folder(), "server", &authority.issue(HOST, 2090));
    builder
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_2_and_1_3_carry_http_2_and_http_1() {
    let authority = Authority::new("ours");
    let server = server_of(&authority).start().await;
    let client = TlsClient::trusting(&authority);
    for (version, agreed) in
        [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)]
    {
        for protocol in ["h2", "http/1.1"] {
            let client =
                TlsClient { versions: vec![version], protocols: vec![protocol], ..client.clone() };
            let answer = client.get(server.address, PATH).await.unwrap();
            let expected = (StatusCode::METHOD_NOT_ALLOWED, agreed, protocol.as_bytes().to_vec());
            assert_eq!(answer, expected);
        }
    }
    assert_eq!(client.get(server.address, PATH).await.unwrap().2, b"h2", "it is preferred");
    assert!(server.log().contains("\"peer\":\"127.0.0.1\""), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_tls_gets_no_answer_and_disturbs_nobody() {
    let authority = Authority::new("ours");
    let server = server_of(&authority).start().await;
    let plain = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(plain)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(PATH).header("host", HOST).body(Empty::<Bytes>::new()).unwrap();
    assert!(sender.send_request(request).await.is_err());

    let silent = TcpStream::connect(server.address).await.unwrap();
    let client = TlsClient::trusting(&authority);
    assert_eq!(client.get(server.address, PATH).await.unwrap().0, 405);
    drop(silent);
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_serves_new_connections_and_old_ones_stay() {
    let (first, second) = (Authority::new("the first"), Authority::new("the second"));
    let builder = server_of(&first);
    let server = builder.start().await;
    let (old, new) = (TlsClient::trusting(&first), TlsClient::trusting(&second));
    let old = TlsClient { protocols: vec!["http/1.1"], ..old };
    assert!(new.connect(server.address).await.is_err());
    let open = TokioIo::new(old.connect(server.address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(open).await.unwrap();
    tokio::spawn(connection);

    write(builder.folder(), "server", &second.issue(HOST, 2090));
    server.signal(Signal::SIGHUP);
    server.logged("reloaded the certificate").await;
    assert_eq!(new.get(server.address, PATH).await.unwrap().0, 405);
    assert!(old.connect(server.address).await.is_err());
    let request = Request::get(PATH).header("host", HOST).body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 405, "the open connection");

    // Without a signal, and with a key that does not fit.
    std::fs::write(builder.folder().join("server.key"), second.issue(HOST, 2090).1).unwrap();
    server.logged("is not the key of the certificate").await;
    assert_eq!(new.get(server.address, PATH).await.unwrap().0, 405, "the old one stays in use");
    assert!(!server.log().contains("PRIVATE KEY"));
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_the_proxy_protocol_is_before_the_tls_handshake() {
    let authority = Authority::new("ours");
    let proxies = "[proxy]\ntrusted = ['127.0.0.1']\nproxy_protocol = true\n";
    let server = server_of(&authority).tables(proxies).start().await;
    let (_, tcp) = haproxy_examples();
    let haproxy = Proxy::haproxy(&server, &tcp, &[]);
    let client = TlsClient::trusting(&authority);
    let (status, _, protocol) = client.get(haproxy.client.address(), PATH).await.unwrap();
    assert_eq!((status.as_u16(), &protocol[..]), (405, &b"h2"[..]));
    assert!(client.get(server.address, PATH).await.is_err(), "without the header");
}

/// Proves L3.
#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_demands_a_client_certificate_where_configured() {
    let authority = Authority::new("ours");
    let builder = server_of(&authority).tables(
        "[admin]\nlisten = '127.0.0.1:0'\n\
         [admin.tls]\ncertificate = 'server.pem'\nkey = 'server.key'\nclient_ca = 'clients.pem'\n",
    );
    let clients = Authority::new("clients");
    std::fs::write(builder.folder().join("clients.pem"), clients.pem()).unwrap();
    let server = builder.start().await;
    let admin = crate::health::admin_address(&server);
    let stranger = TlsClient::trusting(&authority);
    let stranger = TlsClient { protocols: vec!["http/1.1"], ..stranger };
    assert!(stranger.get(admin, "/readyz").await.is_err());
    let imposter =
        TlsClient { own: Some(Authority::new("clients").issue("probe", 2090)), ..stranger.clone() };
    assert!(imposter.get(admin, "/readyz").await.is_err());
    let known = TlsClient { own: Some(clients.issue("probe", 2090)), ..stranger };
    assert_eq!(known.get(admin, "/readyz").await.unwrap().0, 200);
    // More connections than it takes, with nothing sent: they end by themselves.
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(admin).await.unwrap());
    }
    assert_eq!(known.get(admin, "/readyz").await.unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_api_has_a_certificate_of_its_own_and_may_then_listen_anywhere() {
    let (vendors, back_ends) = (Authority::new("vendors"), Authority::new("back ends"));
    let builder = server_of(&vendors).tables(
        "[admin_api]\nlisten = '0.0.0.0:0'\n\
         [admin_api.tls]\ncertificate = 'api.pem'\nkey = 'api.key'\nclient_ca = 'clients.pem'\n",
    );
    write(builder.folder(), "api", &back_ends.issue(HOST, 2090));
    std::fs::write(builder.folder().join("clients.pem"), back_ends.pem()).unwrap();
    let server = builder.start().await;
    let address = SocketAddr::from(([127, 0, 0, 1], server.admin_api().address().port()));
    let client = TlsClient::trusting(&back_ends);
    let path = "/admin/v1/realms/zap/policy";
    assert!(client.get(address, path).await.is_err(), "without its own certificate");
    assert!(TlsClient::trusting(&vendors).connect(address).await.is_err());
    let client = TlsClient { own: Some(back_ends.issue("back end", 2090)), ..client };
    assert_eq!(client.get(address, path).await.unwrap().0, 401, "without a key");
    let plain = server.admin_api().try_send(http::Method::GET, path, &[], "").await;
    assert!(plain.is_err());
}

fn check_config(builder: &ServerBuilder) -> (Option<i32>, String) {
    let config = builder.write_config();
    let mut command = Command::new(binary("repassd"));
    let output = command.arg("check-config").arg("--config").arg(config).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Proves L3.
#[tokio::test(flavor = "multi_thread")]
async fn check_config_says_what_is_wrong_with_a_certificate() {
    let authority = Authority::new("ours");
    let builder = server_of(&authority).top("listen = '0.0.0.0:0'");
    let public = "Warning: admin.listen is an address that other machines reach";
    let (_, text) = check_config(&builder.clone().tables("[admin]\nlisten = '0.0.0.0:0'"));
    assert!(text.contains(public), "{text}");
    let (status, text) = check_config(&builder);
    assert_eq!(status, Some(0), "with TLS it may listen anywhere: {text}");
    assert!(!text.contains(public));
    assert!(text.contains("0.0.0.0:0 (TLS)") && !text.contains("certificate"), "{text}");

    write(builder.folder(), "server", &authority.issue(HOST, 2020));
    let (status, text) = check_config(&builder);
    assert_eq!(status, Some(0));
    assert!(text.contains("server.pem expired on 2020-12-31"), "{text}");

    let (certificate, _) = authority.issue(HOST, 2090);
    let (_, key) = authority.issue(HOST, 2090);
    for (name, text, message) in [
        ("server.pem", "no PEM", "tls.certificate: "),
        ("server.pem", certificate.as_str(), "tls.key: "),
        ("server.key", key.as_str(), "is not the key of the certificate in "),
        ("server.key", "no PEM", "has no private key in PEM"),
    ] {
        std::fs::write(builder.folder().join(name), text).unwrap();
        let (status, told) = check_config(&builder);
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains(message) && told.lines().count() == 1, "{told}");
    }
}
