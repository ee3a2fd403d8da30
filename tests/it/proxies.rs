//! nginx and HAProxy in front of the server, with the configurations of the manual.

use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};

use http::Method;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use repass_core::OutboxFilter;
use repass_tests::{
    Client, FIRST_PASSWORD, Server, ServerBuilder, installed, with_socket, workspace,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::requests::{CUSTOMER, GUID, JSON, Outcome, customer_body, outcome};
use crate::test_context::{ANY_PASSWORD, TestContext};

/// The address of the client. That of the proxies is 127.0.0.1.
const CLIENT: &str = "127.0.0.2";
const SPOOFED: (&str, &str) = ("x-forwarded-for", "203.0.113.66");
const SPOOFED_FORWARDED: (&str, &str) = ("forwarded", "for=203.0.113.66");

/// A running proxy.
pub(crate) struct Proxy {
    process: Child,
    pub(crate) client: Client,
}

impl Proxy {
    /// nginx with the manual's configuration, without TLS, and with these replacements.
    fn nginx(server: &Server, replacements: &[(&str, &str)]) -> Self {
        let folder = server.database().folder();
        let site = example("nginx")
            .replace("127.0.0.1:8080", &server.address.to_string())
            .lines()
            .filter(|line| !line.contains("ssl_certificate"))
            .fold(String::new(), |text, line| text + line + "\n");
        let site = replaced(&site, replacements);
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/nginx-{kind};\n", folder.display()));
        let (socket, client) = socket();
        let site =
            replaced(&site, &[("listen 443 ssl http2", &format!("listen {}", client.address()))]);
        let config = format!(
            "daemon off;\nuser root;\npid {}/nginx.pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{}{site}}}\n",
            folder.display(),
            temporary.concat(),
        );
        Self::start("nginx", &["-e", "stderr", "-c"], folder, &config, socket, client)
    }

    /// HAProxy with one of the manual's configurations, without TLS, and with these replacements.
    pub(crate) fn haproxy(server: &Server, example: &str, replacements: &[(&str, &str)]) -> Self {
        let config = example.replace("127.0.0.1:8080", &server.address.to_string());
        let config: Vec<_> = config
            .lines()
            .map(|line| if line.trim().starts_with("bind ") { "    bind fd@3" } else { line })
            .collect();
        let config = replaced(&(config.join("\n") + "\n"), replacements);
        let (socket, client) = socket();
        let folder = server.database().folder();
        Self::start("haproxy", &["-db", "-f"], folder, &config, socket, client)
    }

    fn start(
        program: &str,
        options: &[&str],
        folder: &Path,
        config: &str,
        socket: TcpListener,
        client: Client,
    ) -> Self {
        let file = folder.join(format!("{program}.conf"));
        std::fs::write(&file, config).unwrap();
        let mut command = with_socket(installed(program, program), socket);
        let process = command.args(options).arg(file).stdout(Stdio::null()).spawn().unwrap();
        Self { process, client }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It also ends nginx's worker.
        let id = Pid::from_raw(self.process.id().try_into().unwrap());
        let _ = kill(id, Signal::SIGTERM);
        let _ = self.process.wait();
    }
}

/// A socket for a proxy, and a client for it that has the address [`CLIENT`].
fn socket() -> (TcpListener, Client) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let client = Client::new(socket.local_addr().unwrap());
    (socket, client.from(CLIENT.parse::<IpAddr>().unwrap()))
}

/// The examples in this language in the manual, joined.
fn example(language: &str) -> String {
    let manual = workspace().join("bins/repassd/README.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let fence = format!("```{language}\n");
    let found = manual.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    found.collect()
}

/// The configurations of HAProxy for HTTP, and for TCP with the PROXY protocol.
pub(crate) fn haproxy_examples() -> (String, String) {
    let examples = example("haproxy");
    let (http, tcp) = examples.split_at(examples.rfind("defaults").unwrap());
    (http.to_owned(), tcp.to_owned())
}

fn replaced(text: &str, replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text.replace(from, to)
    })
}

/// A server of the customer API that trusts proxies at 127.0.0.1 and on Unix sockets.
fn trusting(lines: &str) -> ServerBuilder {
    let trusted = "[proxy]\ntrusted = ['127.0.0.1', 'unix']\n";
    Server::builder().tables(ANY_PASSWORD).tables(&format!("{trusted}{lines}"))
}

/// Makes a change through `client`, and asserts the addresses in the log, the audit trail and the
/// event.
async fn assert_addresses(
    test: &TestContext,
    client: &Client,
    headers: &[(&str, &str)],
    peer: Option<&str>,
    proxy: Option<&str>,
) {
    let body = customer_body(GUID, FIRST_PASSWORD, FIRST_PASSWORD);
    let headers = [&[JSON], headers].concat();
    let answer = client.send(Method::POST, CUSTOMER, &headers, body).await;
    assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
    assert_eq!(test.last_attempt().await.context.peer.as_deref(), peer);
    let newest = OutboxFilter { limit: 1, ..OutboxFilter::default() };
    let newest = test.operator.store.entries(&newest).await.unwrap().remove(0);
    assert_eq!(newest.event.payload["peer"].as_str(), peer);
    let line = test.server.logged(answer.header("x-request-id")).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((line["peer"].as_str(), line["proxy"].as_str()), (peer, proxy), "{line}");
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_the_address_that_nginx_states_is_the_clients() {
    let test = TestContext::open("customer", trusting("")).await;
    let nginx = Proxy::nginx(&test.server, &[]);
    let (client, proxy) = (Some(CLIENT), Some("127.0.0.1"));
    assert_addresses(&test, &nginx.client, &[], client, proxy).await;
    assert_addresses(&test, &nginx.client, &[SPOOFED], client, proxy).await;
    let trusted_last = ("x-forwarded-for", "203.0.113.66, 127.0.0.1");
    assert_addresses(&test, &nginx.client, &[trusted_last], client, proxy).await;

    let direct = test.server.client().from(CLIENT.parse().unwrap());
    assert_addresses(&test, &direct, &[SPOOFED], client, None).await;
    // The proxy itself may state any address, but no other header and no nonsense.
    let own = test.server.client();
    assert_addresses(&test, &own, &[SPOOFED], Some("203.0.113.66"), proxy).await;
    assert_addresses(&test, &own, &[SPOOFED_FORWARDED], proxy, None).await;
    let nonsense = ("x-forwarded-for", "203.0.113.66, nonsense");
    assert_addresses(&test, &own, &[nonsense], proxy, None).await;
    test.server.logged("the proxy's header has an invalid address").await;
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_without_trusted_proxies_no_header_is_read() {
    let test = TestContext::open("customer", Server::builder().tables(ANY_PASSWORD)).await;
    let (headers, own) = ([SPOOFED, SPOOFED_FORWARDED], Some("127.0.0.1"));
    assert_addresses(&test, &test.server.client(), &headers, own, None).await;
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_forwarded_of_nginx_is_read_where_configured() {
    let test = TestContext::open("customer", trusting("header = 'forwarded'\n")).await;
    let appended = "Forwarded \"$http_forwarded, for=$remote_addr;proto=$scheme\";";
    let own = "X-Forwarded-For $proxy_add_x_forwarded_for;";
    let nginx = Proxy::nginx(&test.server, &[(own, appended)]);
    for headers in [&[][..], &[SPOOFED], &[SPOOFED_FORWARDED], &[("forwarded", "for=127.0.0.1")]] {
        let proxy = Some("127.0.0.1");
        assert_addresses(&test, &nginx.client, headers, Some(CLIENT), proxy).await;
    }
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_a_proxy_on_a_unix_socket_is_trusted_where_configured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repassd.sock");
    let listen = format!("listen = ['127.0.0.1:0', 'unix:{}']", path.display());
    let test = TestContext::open("customer", trusting("").top(&listen)).await;
    let upstream = format!("server unix:{};", path.display());
    let own = format!("server {};", test.server.address);
    let nginx = Proxy::nginx(&test.server, &[(&own, &upstream)]);
    assert_addresses(&test, &nginx.client, &[SPOOFED], Some(CLIENT), Some("unix")).await;
    drop(nginx);
    let none = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
    let nginx = Proxy::nginx(&test.server, &[(&own, &upstream), (none, "")]);
    assert_addresses(&test, &nginx.client, &[], None, None).await;
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_haproxy_states_the_client_in_a_header_or_by_the_proxy_protocol() {
    let (http, tcp) = haproxy_examples();
    let test = TestContext::open("customer", trusting("")).await;
    let proxy = Proxy::haproxy(&test.server, &http, &[]);
    let (client, own) = (Some(CLIENT), Some("127.0.0.1"));
    assert_addresses(&test, &proxy.client, &[SPOOFED], client, own).await;

    let test = TestContext::open("customer", trusting("proxy_protocol = true\n")).await;
    for keyword in ["send-proxy-v2", "send-proxy"] {
        let proxy = Proxy::haproxy(&test.server, &tcp, &[("send-proxy-v2", keyword)]);
        assert_addresses(&test, &proxy.client, &[SPOOFED], client, own).await;
    }
    // The header is demanded of proxies, and not read from others.
    let direct = test.server.client();
    assert!(direct.try_send(Method::GET, CUSTOMER, &[], "").await.is_err());
    let direct = direct.from(CLIENT.parse().unwrap());
    assert_addresses(&test, &direct, &[SPOOFED], client, None).await;
    let mut stream = connect_from_client(&test.server).await;
    let header = b"PROXY TCP4 203.0.113.66 127.0.0.1 1 1\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(header).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

async fn connect_from_client(server: &Server) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{CLIENT}:0").parse().unwrap()).unwrap();
    socket.connect(server.address).await.unwrap()
}

/// Proves W5.
#[tokio::test(flavor = "multi_thread")]
async fn w5_refusals_of_unread_bodies_arrive_through_nginx() {
    let test = TestContext::open("zap", trusting("")).await;
    let nginx = Proxy::nginx(&test.server, &[("128k", "1m")]);
    for size in [20_000, 60_000, 300_000] {
        let body = "x".repeat(size);
        for _ in 0..200 {
            let path = &test.good.path;
            let answer = nginx.client.send(Method::POST, path, &[JSON], body.clone()).await;
            assert_eq!(answer.status, 401, "{size}: {}", answer.text());
        }
    }
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_half_a_header_of_the_proxy_protocol_is_cut_off() {
    let limits = "proxy_protocol = true\n[server]\nheader_timeout = '300ms'\n";
    let server = trusting(limits).start().await;
    for half in ["", "PROXY", "PROXY TCP4 203.0.113.66", "\r\n\r\n\0\r\nQUIT\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{half:?}");
    }
}
