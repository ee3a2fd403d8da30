//! No secret is written to a log, an answer or the database (ASVS 14.2.1, 16.2.5).

use std::time::Duration;

use repass_tests::{FIRST_PASSWORD, Server};

use crate::requests::good_requests;

const NEW: &str = "an-unmistakable-new-password-71c3";
const WRONG: &str = "an-unmistakable-wrong-guess-9e04";

/// Proves ASVS 6.5.2, ASVS 14.2.1, ASVS 16.2.5.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_logs_answers_or_the_database() {
    // The tests' configuration sets the debug level, which logs the most.
    let server = Server::start().await;
    let operator = server.operator().await;
    let mut secrets =
        vec![NEW.to_owned(), WRONG.to_owned(), FIRST_PASSWORD.to_owned(), "77012399".to_owned()];
    let mut seen = String::new();
    let otp = operator
        .administration
        .enroll_otp(&operator.realm("etna"), "1001", "repass")
        .await
        .err()
        .map(|error| error.to_string());
    assert!(otp.is_some_and(|error| error.contains("1001")), "there is no such account yet");
    for wire in good_requests(&operator, NEW).await {
        for (name, value) in &wire.headers {
            if ["authorization", "et-app-key", "x-api-key"].contains(&name.as_str()) {
                secrets.push(value.trim_start_matches("Bearer ").to_owned());
            }
        }
        let body: serde_json::Value = serde_json::from_str(&wire.body).unwrap();
        secrets.extend(body["resetToken"].as_str().map(str::to_owned));
        let client = server.client();
        let mut requests = vec![
            wire.replace(NEW, &format!("x{NEW}")[..2]),
            wire.clone(),
            wire.with("content-type", Some("text/plain")),
            wire.with("authorization", Some(&format!("Bearer {WRONG}"))),
            wire.with("et-app-key", Some(WRONG)),
            wire.with("x-api-key", Some(WRONG)),
            crate::requests::Wire { path: format!("{}?password={NEW}", wire.path), ..wire.clone() },
            wire.to_unknown_path(format!("/x{}?password={NEW}", wire.path)),
        ];
        if wire.spec != "fabric" {
            requests.insert(0, wire.replace(FIRST_PASSWORD, WRONG));
        }
        if wire.spec == "zap" {
            requests.insert(0, wire.replace("{", "{\"secureOTP\":\"77012399\","));
        }
        let mut changed = false;
        for request in requests {
            let answer = request.send(&client).await;
            changed |= wire.changed(&answer);
            seen.push_str(&format!("{:?}{}", answer.headers, answer.text()));
        }
        let half = wire.body[..wire.body.len() - 1].to_owned();
        let answer = wire.send_body(&client, half.into_bytes()).await;
        seen.push_str(&format!("{:?}{}", answer.headers, answer.text()));
        assert!(changed, "{}", wire.spec);
    }
    let otp_uri = {
        let realm = operator.realm("etna");
        let secret = operator.administration.enroll_otp(&realm, "1001", "repass").await.unwrap();
        secret.uri().unwrap().expose().to_owned()
    };
    let base32 = otp_uri.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let raw_otp = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
    secrets.push(base32.to_owned());

    let stored = server.database().contents().await;
    for expected in ["$argon2id$", "password.change", "1001"] {
        assert!(contains(&stored, expected.as_bytes()), "the database was looked at");
    }
    let stopped = server.stop().await;
    assert!(stopped.log.contains("repass::request"), "the log was looked at");
    assert!(secrets.len() >= 10, "{}", secrets.len());
    for secret in &secrets {
        assert!(!stopped.log.contains(secret.as_str()), "in the log: {secret}");
        assert!(!seen.contains(secret.as_str()), "in an answer: {secret}");
        assert!(!contains(&stored, secret.as_bytes()), "in the database: {secret}");
    }
    for raw in [raw_otp.clone(), data_encoding::HEXLOWER.encode(&raw_otp).into_bytes()] {
        assert!(!contains(&stored, &raw), "the raw OTP secret is in the database");
    }
}

/// Sends passwords in every format that the vendors read, with escapes where the format has some,
/// as right and as wrong ones.
///
/// Proves K3.
#[tokio::test(flavor = "multi_thread")]
async fn k3_no_password_is_left_in_memory_and_no_core_dump_is_written() {
    let server = Server::start().await;
    assert_eq!(server.core_limit(), "0 0 bytes");
    let operator = server.operator().await;
    let wires = good_requests(&operator, NEW).await;
    for wire in &wires {
        let escaped: String = NEW.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
        for body in [wire.body.replace(FIRST_PASSWORD, WRONG), wire.body.replace(NEW, &escaped)] {
            wire.send_body(&server.client(), body.into_bytes()).await;
        }
    }
    let customer = wires.iter().find(|wire| wire.spec == "customer").unwrap();
    let percent: String = NEW.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let references: String = NEW.bytes().map(|byte| format!("&#{byte};")).collect();
    let namespace = "http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Request";
    for (content_type, body) in [
        ("application/x-www-form-urlencoded", format!("OldPassword={percent}&NewPassword=a+{NEW}")),
        (
            "application/xml",
            format!(
                "<UpdateUserPasswordRequest xmlns='{namespace}'><NewPassword>{NEW}{references}\
                 </NewPassword></UpdateUserPasswordRequest>"
            ),
        ),
    ] {
        let wire = customer.with("content-type", Some(content_type));
        let answer = wire.send_body(&server.client(), body.into_bytes()).await;
        assert_eq!(answer.status, 200, "{content_type}: {}", answer.text());
    }
    // The buffers of a connection live until the server has noticed its end.
    let mut left = vec![NEW, WRONG];
    for _ in 0..100 {
        let Some(memory) = server.memory() else {
            assert!(!nix::unistd::geteuid().is_root(), "root can read the memory");
            return;
        };
        assert!(memory.contains("repass::request"), "the memory was looked at");
        left.retain(|secret| memory.contains(secret));
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(left.is_empty(), "in memory: {left:?}");
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
