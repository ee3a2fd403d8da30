//! Rules that all five vendors' APIs share, over real HTTP.

use http::Method;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use repass_tests::{Answer, FIRST_PASSWORD, Server};

use crate::requests::{Wire, good_requests};
use crate::test_context::{LOCKED_OUT_FOR_LONG, assert_locked_out};

const NEW: &str = "a new one, and a good one";

/// Proves ECOM-4, ETNA-7, ZAP-4, ASVS 14.3.2.
#[tokio::test(flavor = "multi_thread")]
async fn a_good_request_changes_the_password_and_its_answer_is_never_cached() {
    let server = Server::start().await;
    let operator = server.operator().await;
    for wire in good_requests(&operator, NEW).await {
        let wire = wire.with("x-request-id", Some("abc-123"));
        let answer = wire.send(&server.client()).await;
        assert!(wire.changed(&answer), "{}: {}", wire.spec, answer.text());
        answer.assert_common_headers();
        assert_eq!(answer.header("x-request-id"), "abc-123");
    }
}

/// Proves ECOM-4, ETNA-7, ZAP-4.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_request_ids_are_replaced() {
    let server = Server::start().await;
    let operator = server.operator().await;
    for wire in good_requests(&operator, NEW).await {
        for insane in ["", "a b", "a;b\"", &"x".repeat(129)] {
            let answer = wire.with("x-request-id", Some(insane)).with("content-type", None);
            let answer = answer.send_body(&server.client(), b"x".to_vec()).await;
            answer.assert_common_headers();
            assert_ne!(answer.header("x-request-id"), insane);
        }
    }
}

/// Proves ECOM-5, ECOM-22, ETNA-8, ETNA-23, ZAP-5, ZAP-18, RFC 9110.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_64_kib_is_413_in_the_vendors_shape() {
    let server = Server::start().await;
    let operator = server.operator().await;
    for wire in good_requests(&operator, NEW).await {
        let fits = wire.body.clone() + &" ".repeat(65_536 - wire.body.len());
        let too_large = fits.clone() + " ";
        let answer = wire.send_body(&server.client(), too_large.into_bytes()).await;
        assert_eq!(answer.status, 413, "{}: {}", wire.spec, answer.text());
        answer.assert_common_headers();
        assert!(answer.json().is_object());
        let answer = wire.send_body(&server.client(), fits.into_bytes()).await;
        assert!(wire.changed(&answer), "{}: {}", wire.spec, answer.text());
    }
}

/// Proves ECOM-6, ETNA-9, ZAP-6, RFC 8259.
#[tokio::test(flavor = "multi_thread")]
async fn rfc_8259_bodies_are_read_strictly_and_a_byte_order_mark_is_tolerated() {
    let server = Server::start().await;
    let operator = server.operator().await;
    for wire in good_requests(&operator, NEW).await {
        let good = wire.body.clone();
        let with_comma = format!("{},}}", &good[..good.len() - 1]);
        let malformed = [
            with_comma,
            format!("{good} x"),
            format!("{good}{good}"),
            format!("// comment\n{good}"),
            good.replace('"', "'"),
            good[..good.len() - 1].to_owned(),
            format!("{{\"deep\":{}{},{}", "[".repeat(128), "]".repeat(128), &good[1..]),
        ];
        for body in malformed {
            let answer = wire.send_body(&server.client(), body.clone().into_bytes()).await;
            let expected = if wire.spec == "etna" { 422 } else { 400 };
            assert_eq!(answer.status, expected, "{}: {body}\n{}", wire.spec, answer.text());
        }
        let deep = format!("{{\"deep\":{}{},{}", "[".repeat(127), "]".repeat(127), &good[1..]);
        let tolerated = format!("\u{feff}{deep}");
        let answer = wire.send_body(&server.client(), tolerated.into_bytes()).await;
        assert!(wire.changed(&answer), "{}: {}", wire.spec, answer.text());
    }
}

/// Proves W12, CUSTOMER-11, ECOM-14, ETNA-10, FABRIC-7, ZAP-7.
#[tokio::test(flavor = "multi_thread")]
async fn w12_what_an_unknown_member_holds_is_skipped_by_every_vendor() {
    let server = Server::start().await;
    let operator = server.operator().await;
    for wire in good_requests(&operator, NEW).await {
        let unknown = r#"{"x":1e999,"y":"\ud800","z":[{"\ud800":-1e999}],"#;
        let body = format!("{unknown}{}", &wire.body[1..]);
        let answer = wire.send_body(&server.client(), body.into_bytes()).await;
        assert!(wire.changed(&answer), "{}: {}", wire.spec, answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_not_read_before_the_caller_is_known() {
    let server = Server::start().await;
    let operator = server.operator().await;
    for wire in good_requests(&operator, NEW).await {
        let secrets = ["authorization", "et-app-key", "x-api-key"];
        let stranger = secrets.iter().fold(wire.clone(), |wire, name| wire.with(name, None));
        let answer = stranger.send_body(&server.client(), vec![b'x'; 100_000]).await;
        let expected: &[u16] = match wire.spec {
            "customer" => &[413],
            "ecom" | "zap" => &[401],
            _ => &[403],
        };
        assert!(expected.contains(&answer.status.as_u16()), "{}: {}", wire.spec, answer.status);
    }
}

/// An answer without the parts that differ between any two answers.
fn fingerprint(answer: &Answer) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| match name.as_str() {
            // A second may have passed.
            "retry-after" => name.to_string(),
            _ => format!("{name}: {}", value.to_str().unwrap()),
        })
        .collect();
    headers.sort();
    let mut body = answer.text().to_owned();
    if let Some(start) = body.find("\"responseId\":\"") {
        body.replace_range(start + 14..start + 14 + 45, "");
    }
    format!("{} {headers:?} {body}", answer.status)
}

/// Proves ECOM-28, ECOM-35, ZAP-25, ZAP-33, ASVS 6.3.8.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_an_unknown_account_and_a_wrong_proof_are_one_answer() {
    let server = Server::builder().tables(LOCKED_OUT_FOR_LONG).start().await;
    let operator = server.operator().await;
    let requests = good_requests(&operator, NEW).await;
    // On zap only an administrator can name another account.
    operator.add("zap", "site-admin").await;
    let admin = operator.token("zap", "site-admin", &["admin"]).await;
    for wire in requests {
        let wire = match wire.spec {
            "zap" => wire.with("authorization", Some(&format!("Bearer {admin}"))),
            _ => wire,
        };
        let (wrong, unknown) = match wire.spec {
            // On etna no caller can name another account.
            "etna" => continue,
            "fabric" => (with_other_token(&wire), wire.replace("6169b2d892a5", "6169b2d892a6")),
            "customer" => (
                wire.replace(FIRST_PASSWORD, "a wrong guess"),
                wire.replace("1c4b0ca1", "1c4b0ca2"),
            ),
            "ecom" => (
                wire.replace(FIRST_PASSWORD, "a wrong guess"),
                wire.replace("ram123@gmail.com", "ram124@gmail.com"),
            ),
            _ => (
                wire.replace(FIRST_PASSWORD, "a wrong guess"),
                wire.replace("\"userId\":\"43af", "\"userId\":\"53af"),
            ),
        };
        // Three attempts each are verified; then both accounts are locked out.
        for n in 0..4 {
            let one = wrong.send(&server.client()).await;
            let two = unknown.send(&server.client()).await;
            assert_eq!(fingerprint(&one), fingerprint(&two), "{} attempt {n}", wire.spec);
            if n == 3 {
                assert_locked_out(&one);
                assert_locked_out(&two);
                let [one, two] = [&one, &two].map(|answer| answer.header("retry-after"));
                let [one, two]: [i32; 2] = [one, two].map(|seconds| seconds.parse().unwrap());
                assert!((one - two).abs() < 300, "{one} and {two} of 600");
            } else {
                assert_ne!(one.status, 429, "{} attempt {n}: {}", wire.spec, one.text());
            }
        }
    }
}

fn with_other_token(wire: &Wire) -> Wire {
    let body: serde_json::Value = serde_json::from_str(&wire.body).unwrap();
    wire.replace(body["resetToken"].as_str().unwrap(), "x".repeat(43).as_str())
}

/// Proves RFC 9110.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_with_allow_and_other_paths_404_in_the_vendors_shape() {
    let server = Server::start().await;
    let operator = server.operator().await;
    for wire in good_requests(&operator, NEW).await {
        let other = Wire { method: Method::DELETE, ..wire.clone() };
        let answer = other.send(&server.client()).await;
        assert_eq!(answer.status, 405, "{}", wire.spec);
        assert_eq!(answer.header("allow"), wire.method.as_str());
        answer.assert_common_headers();
        let elsewhere = wire.to_unknown_path(format!("{}/and/more", wire.path));
        let answer = elsewhere.send(&server.client()).await;
        assert_eq!(answer.status, 404, "{}", wire.spec);
        answer.assert_common_headers();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arbitrary_bytes_never_cause_a_5xx() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let mut runner = TestRunner::deterministic();
    let bytes = proptest::collection::vec(proptest::num::u8::ANY, 0..300);
    let types = [
        "application/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "text/xml; charset=utf-16",
        "text/plain",
    ];
    for wire in good_requests(&operator, NEW).await {
        for n in 0..100 {
            let noise = bytes.new_tree(&mut runner).unwrap().current();
            // Noise alone, and noise in the middle of a good body.
            let mut body = noise;
            if n % 2 == 1 {
                let at = n * 7 % wire.body.len();
                let mut whole = wire.body.clone().into_bytes();
                let short = body.len().min(3);
                whole.splice(at..at, body.drain(..short));
                body = whole;
            }
            let media_type = if n % 2 == 1 { types[0] } else { types[n % types.len()] };
            let request = wire.with("content-type", Some(media_type));
            let answer = request.send_body(&server.client(), body).await;
            assert!(answer.status.as_u16() < 500, "{}: {}", wire.spec, answer.status);
            answer.assert_common_headers();
        }
    }
    assert!(!server.log().contains("panicked"));
}
