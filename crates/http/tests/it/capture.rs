//! Captures the log events of all levels.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use serde_json::Value;
use tracing_subscriber::filter::LevelFilter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Installs one subscriber for the whole test process; tests find their lines by request id.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(|| Sink)
            .init();
    });
}

/// Everything logged up to now.
pub(crate) fn everything() -> String {
    String::from_utf8(LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
}

/// The events of one request, with their fields.
pub(crate) fn of_request(id: &str) -> Vec<Value> {
    let text = everything();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["fields"]["request_id"] == id).collect()
}

/// The fields of the one line of a request.
pub(crate) fn line_of(id: &str) -> Value {
    let mut lines: Vec<Value> =
        of_request(id).into_iter().filter(|event| event["target"] == "repass::request").collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["level"], "INFO");
    lines.remove(0)["fields"].take()
}

/// The fields of the error lines of a request.
pub(crate) fn faults_of(id: &str) -> Vec<Value> {
    let events = of_request(id).into_iter().filter(|event| event["level"] == "ERROR");
    events.map(|mut event| event["fields"].take()).collect()
}
