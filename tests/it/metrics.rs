//! The metrics of the admin listener.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use repass_tests::{Client, FIRST_PASSWORD, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::certificates::Authority;
use crate::health::admin;
use crate::test_context::{NEW, TestContext};

const MANUAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bins/repassd/README.md");

/// Returns the values of a scrape by their series, with the labels in the order of the text.
async fn scrape(admin: &Client) -> BTreeMap<String, f64> {
    let answer = admin.send(Method::GET, "/metrics", &[], "").await;
    assert_eq!(answer.status, 200);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), content_type);
    assert!(answer.text().ends_with("# EOF\n"));
    let lines = answer.text().lines().filter(|line| !line.starts_with('#'));
    let value = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    };
    lines.map(value).collect()
}

/// Proves ASVS 16.2.5.
#[tokio::test(flavor = "multi_thread")]
async fn counts_are_those_of_the_requests_and_nothing_is_secret() {
    let builder = Server::builder().tables("[admin]\nlisten = '127.0.0.1:0'\n");
    let test = TestContext::open("zap", builder).await;
    let admin = admin(&test.server);
    let before = scrape(&admin).await;
    assert!(!before.keys().any(|series| series.starts_with("repass_requests_total")));

    let weak = test.good.replace(NEW, "short");
    assert_eq!(test.send(&weak).await.status, 400);
    assert_eq!(test.send(&test.good).await.status, 200);
    let wrong = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    for _ in 0..3 {
        assert_eq!(test.send(&wrong).await.status, 400);
    }
    assert_eq!(test.send_to("/elsewhere/of-pat").await.status, 404);
    let values = scrape(&admin).await;
    let value = |series: &str| values.get(series).copied().unwrap_or_default();
    for (labels, count) in [
        ("api=\"zap\",outcome=\"rejected\",status=\"400\"", 1.0),
        ("api=\"zap\",outcome=\"ok\",status=\"200\"", 1.0),
        ("api=\"zap\",outcome=\"wrong-password\",status=\"400\"", 3.0),
        ("api=\"\",outcome=\"not-found\",status=\"404\"", 1.0),
    ] {
        assert_eq!(value(&format!("repass_requests_total{{{labels}}}")), count, "{labels}");
    }
    for (series, count) in [
        ("repass_request_duration_seconds_count{api=\"zap\"}", 5.0),
        ("repass_policy_violations_total{code=\"too-short\"}", 1.0),
        ("repass_lockouts_total", 1.0),
        ("repass_rehashes_total", 0.0),
        ("repass_hasher_jobs_total{class=\"normal\",family=\"argon2\",result=\"refused\"}", 0.0),
        ("repass_log_lines_lost_total", 0.0),
        ("repass_build_info{version=\"0.1.0\"}", 1.0),
    ] {
        assert_eq!(value(series), count, "{series}");
    }
    let verified = |result: &str| {
        value(&format!("repass_verifications_total{{family=\"argon2\",result=\"{result}\"}}"))
    };
    assert_eq!(verified("match"), 2.0);
    assert!(verified("mismatch") >= 3.0, "the history is compared too");
    // Each verification, and the hash of the new password.
    let hashes = verified("match") + verified("mismatch") + 1.0;
    assert_eq!(
        value("repass_hasher_jobs_total{class=\"normal\",family=\"argon2\",result=\"completed\"}"),
        hashes
    );
    let writes = "repass_store_operations_total{operation=\"write\",result=\"ok\"}";
    assert!(value(writes) > before[writes]);

    let manual = std::fs::read_to_string(MANUAL).unwrap();
    let secrets = [NEW, FIRST_PASSWORD, "guess", test.user_id, "elsewhere", "Bearer"];
    let token = test.good_header("authorization").trim_start_matches("Bearer ");
    let account = test.last_attempt().await.account.unwrap().to_string();
    for series in values.keys() {
        let name = series.split('{').next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        assert!(manual.contains(&format!("| `{}` |", base.unwrap_or(name))), "{name}");
        for secret in secrets.into_iter().chain([token, &account]) {
            assert!(!series.contains(secret), "{series}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_prometheus_text_gets_it() {
    let server = Server::builder().tables("[admin]\nlisten = '127.0.0.1:0'\n").start().await;
    let accept = [("accept", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")];
    let answer = admin(&server).send(Method::GET, "/metrics", &accept, "").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text().contains("# TYPE repass_log_lines_lost_total counter\n"));
    assert!(!answer.text().contains("# EOF"));
    assert_eq!(server.client().send(Method::GET, "/metrics", &[], "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_are_counted() {
    let server = Server::builder().tables("[admin]\nlisten = '127.0.0.1:0'\n").start().await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(stream.read(&mut [0; 12]).await.unwrap() > 0);
        open.push(stream);
    }
    assert_eq!(scrape(&admin(&server)).await["repass_connections"], 3.0);
}

/// Each try of a delivery is counted, and the age of the oldest event that waits.
#[tokio::test(flavor = "multi_thread")]
async fn deliveries_and_waiting_events_are_counted() {
    // Bound, and not listening, so that connections are refused.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let builder = Server::builder().tables(&format!(
        "[admin]\nlisten = '127.0.0.1:0'\n\
         [outbox]\npoll = '5ms'\nfirst_wait = '1ms'\nlongest_wait = '1ms'\nmax_tries = 3\n\
         [webhook]\nurl = 'http://127.0.0.1:{port}/'\nallow_private = true\n\
         secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n"
    ));
    let test = TestContext::open("etna", builder).await;
    let admin = admin(&test.server);
    let tries = |result: &str| {
        format!("repass_deliveries_total{{channel=\"webhook\",result=\"{result}\"}}")
    };
    assert_eq!(scrape(&admin).await[&tries("failed")], 0.0);
    assert_eq!(test.send(&test.good).await.status, 200);
    let given_up = async {
        loop {
            let values = scrape(&admin).await;
            if values[&tries("given-up")] == 1.0 && values["repass_outbox_pending"] == 0.0 {
                break values;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let values = tokio::time::timeout(Duration::from_secs(60), given_up).await.unwrap();
    assert_eq!((values[&tries("failed")], values[&tries("delivered")]), (2.0, 0.0));
    assert_eq!(values["repass_outbox_oldest_age_seconds"], 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_certificate_is_told() {
    let builder = Server::builder().tables(
        "[tls]\ncertificate = 'tls.pem'\nkey = 'tls.key'\n[admin]\nlisten = '127.0.0.1:0'\n",
    );
    let (certificate, key) = Authority::new("ours").issue("localhost", 2090);
    std::fs::write(builder.folder().join("tls.pem"), certificate).unwrap();
    std::fs::write(builder.folder().join("tls.key"), key).unwrap();
    let server = builder.start().await;
    let values = scrape(&admin(&server)).await;
    let expiry = values["repass_certificate_expiry_timestamp_seconds{listener=\"listen\"}"];
    let january: jiff::Timestamp = "2090-01-01T00:00:00Z".parse().unwrap();
    let year = january.as_second() as f64..january.as_second() as f64 + 366.0 * 86_400.0;
    assert!(year.contains(&expiry), "{expiry}");
}
