//! Secrets are in no answer but the one that issues them, and in no log line.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use axum::body::Body;
use http::Method;
use repass_core::serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::test_context::{TestContext, without_key};

/// The log of all tests of the process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log
});

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_answer_and_no_log_line_has_a_password_or_a_token() {
    let log = LOG.clone();
    let test = TestContext::new().await;
    let (first, second) = ("unmistakable-first-91ab", "unmistakable-second-c4d7");
    let mut answers = String::new();
    let mut secrets = vec![first.to_owned(), second.to_owned(), test.key.clone()];
    let account = test.create_with(json!({ "user_id": "pat", "password": first })).await;
    for (path, body, issued) in [
        ("/passwords/verify".to_owned(), json!({ "user_id": "pat", "password": first }), None),
        ("/passwords/verify".to_owned(), json!({ "user_id": "pat", "password": second }), None),
        (
            "/sessions".to_owned(),
            json!({ "user_id": "pat", "password": first }),
            Some("access_token"),
        ),
        ("/policy/evaluate".to_owned(), json!({ "password": second }), None),
        ("/accounts".to_owned(), json!({ "user_id": "kim", "password": "pw-u7" }), None),
        (format!("{account}/tokens"), json!({}), Some("access_token")),
        (format!("{account}/resets"), json!({ "deliver": "return" }), Some("token")),
        (format!("{account}/resets"), json!({ "deliver": "mail" }), None),
        (format!("{account}/otp"), json!({}), Some("uri")),
        (format!("{account}/otp/code"), json!({}), Some("code")),
        ("/keys".to_owned(), json!({ "kind": "api", "name": "x" }), Some("key")),
    ] {
        let answer = test.post(&path, body).await;
        match issued {
            Some(member) => secrets.push(answer.member(member)),
            None => answers.push_str(answer.text()),
        }
    }
    let set = test.put(&format!("{account}/password"), json!({ "password": second })).await;
    assert_eq!(set.status, 204);
    for path in ["/accounts", "/audit?limit=200", "/outbox", "/keys"] {
        answers.push_str(test.get(path).await.text());
    }
    for path in ["", "/tokens", "/resets"] {
        answers.push_str(test.get(&format!("{account}{path}")).await.text());
    }
    test.introspect(secrets.last().unwrap()).await;
    let wrong = without_key(Method::GET, "/keys").header("authorization", "Bearer wrong-key-5e");
    answers.push_str(test.send(wrong.body(Body::empty()).unwrap()).await.text());
    secrets.extend(["pw-u7".to_owned(), "wrong-key-5e".to_owned()]);
    let log = log.text();
    assert!(log.contains("answered") && log.contains("/passwords/verify"), "{log}");
    for secret in secrets {
        assert!(!answers.contains(&secret), "{secret}: {answers}");
        assert!(!log.contains(&secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn each_request_logs_its_route_key_and_outcome() {
    let log = LOG.clone();
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    for (path, status, outcome) in
        [(account.as_str(), 200, "ok"), ("/accounts/x", 404, "no-such-account")]
    {
        let request = test.request(Method::GET, path).body(Body::empty()).unwrap();
        let answer = test.send(request).await;
        let log = log.text();
        let line = log.lines().find(|line| line.contains(answer.header("x-request-id"))).unwrap();
        let expected = format!(
            "route=\"/admin/v1/realms/{{realm}}/accounts/{{id}}\" method=GET status={status} \
             outcome=\"{outcome}\" duration_ms="
        );
        assert!(line.contains(&expected), "{expected}\n{line}");
        assert!(
            line.contains("repass::request") && line.contains("api=\"admin\" realm=\"shop\" key=")
        );
    }
}
