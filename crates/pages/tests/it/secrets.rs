//! What the log contains.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::test_context::{NEW, OLD, PAT, TestContext};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

// Row: tokens in debug logs.
#[tokio::test(flavor = "current_thread")]
async fn no_secret_is_logged_at_any_level_nor_in_audit_records() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    // Of all threads, so that the other tests are searched too.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let test = TestContext::new().await;
    let browser = test.browser();
    browser.submit("/account/forgot", &[("username", PAT)]).await;
    test.pages.drain().await;
    let token = test.mailed().await.remove(0);
    let token = token.expose();
    let fields = [("username", PAT), ("code", token), ("new-password", NEW)];
    browser.get(&format!("/account/reset?token={token}")).await;
    browser.submit("/account/reset", &fields).await;
    browser.submit("/account/reset", &fields).await;
    let fields = [("username", PAT), ("current-password", OLD), ("new-password", NEW)];
    browser.submit("/account/password", &fields).await;

    let audit = test.audit().await;
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("route=\"/account/reset\"") && log.contains("outcome=\"ok\""), "{log}");
    let cookie = browser.cookie.lock().unwrap().clone();
    for written in [log, format!("{audit:?}")] {
        for secret in [token, OLD, NEW.trim(), PAT, cookie.split('=').next_back().unwrap()] {
            assert!(!written.contains(secret), "{secret}: {written}");
        }
    }
}
