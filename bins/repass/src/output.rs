//! Prints results and secrets to stdout and everything else to stderr, as text or JSON.
//!
//! Untrusted text may contain control characters for the terminal. They are escaped in both
//! formats.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

use indicatif::ProgressBar;
use repass_core::{Plaintext, Violation};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::failure::Failure;

pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the result of a command. A closed pipe is not a failure.
    pub(crate) fn result(&self, json: &impl Serialize, text: &str) -> Result<(), Failure> {
        let written = if self.json {
            json_line(json).and_then(|line| to_stdout(line.expose()))
        } else {
            to_stdout(text)
        };
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(Failure::Output),
        }
    }

    /// Prints a list, and a note if it is empty.
    pub(crate) fn list(
        &self,
        rows: &[impl Serialize],
        text: &str,
        what: &str,
    ) -> Result<(), Failure> {
        self.result(&rows, text)?;
        if rows.is_empty() {
            self.note(&format!("no {what}"));
        }
        Ok(())
    }

    /// Prints a secret in one line, or `json` with `--json`. A closed pipe is a failure, since the
    /// secret cannot be shown again.
    pub(crate) fn secret(&self, json: &impl Serialize, secret: &Plaintext) -> io::Result<()> {
        if self.json {
            to_stdout(json_line(json)?.expose())
        } else {
            let mut line = Zeroizing::new(String::with_capacity(secret.byte_len() + 1));
            line.push_str(secret.expose());
            line.push('\n');
            to_stdout(&line)
        }
    }

    /// Prints `text` to stdout, except with `--json`.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.result(&(), text) }
    }

    /// Whether stdout is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a note to stderr, except with `--json`.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            to_stderr(&format!("{}\n", printable(text)));
        }
    }

    /// Prints a warning.
    pub(crate) fn warning(&self, code: &str, text: &str) {
        if self.json {
            self.error_line(&json!({ "warning": { "code": code, "message": text } }));
        } else {
            to_stderr(&format!("repass: warning: {}\n", printable(text)));
        }
    }

    /// Prints why a row of a file was refused.
    pub(crate) fn refused_row(&self, file: &str, line: u64, reason: &str) {
        if self.json {
            let refused = json!({ "file": file, "line": line, "message": reason });
            self.error_line(&json!({ "refused": refused }));
        } else {
            to_stderr(&format!("{}:{line}: {}\n", printable(file), printable(reason)));
        }
    }

    /// Prints a warning about a row of a file.
    pub(crate) fn row_warning(&self, file: &str, line: u64, code: &str, text: &str) {
        if self.json {
            let warning = json!({ "code": code, "file": file, "line": line, "message": text });
            self.error_line(&json!({ "warning": warning }));
        } else {
            to_stderr(&format!("{}:{line}: warning: {}\n", printable(file), printable(text)));
        }
    }

    /// Whether progress is drawn on stderr.
    pub(crate) fn draws_progress(&self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Returns a spinner on stderr, hidden unless progress is drawn.
    pub(crate) fn spinner(&self) -> ProgressBar {
        if self.draws_progress() { ProgressBar::new_spinner() } else { ProgressBar::hidden() }
    }

    /// Prints the failure of the command.
    pub(crate) fn failure(&self, failure: &Failure) {
        let violations = failure.violations();
        if self.json {
            let mut error = json!({ "code": failure.code(), "message": failure.message() });
            if !violations.is_empty() {
                error["violations"] = json!(violation_values(violations));
            }
            self.error_line(&json!({ "error": error }));
        } else {
            let message = failure.message();
            let lines = violation_lines(violations);
            let message: String =
                message.lines().map(|line| format!("repass: {}\n", printable(line))).collect();
            to_stderr(&format!("{message}{lines}"));
        }
    }

    fn error_line(&self, value: &serde_json::Value) {
        if let Ok(line) = json_line(value) {
            to_stderr(line.expose());
        }
    }
}

/// Returns the policy violations as text, one per line.
pub(crate) fn violation_lines(violations: &[Violation]) -> String {
    let line = |violation: &Violation| format!("  {}: {violation}\n", violation.code());
    violations.iter().map(line).collect()
}

/// Returns the policy violations for JSON, with the text as `message`.
pub(crate) fn violation_values(violations: &[Violation]) -> Vec<impl Serialize> {
    #[derive(Serialize)]
    struct WithMessage<'a> {
        #[serde(flatten)]
        violation: &'a Violation,
        message: String,
    }
    violations
        .iter()
        .map(|violation| WithMessage { violation, message: violation.to_string() })
        .collect()
}

/// Escapes all characters that could control a terminal or hide other text.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if needs_escape(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Whether `character` is a control, line separator or bidirectional formatting character.
fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn to_stdout(text: &str) -> io::Result<()> {
    let mut stdout = unbuffered_stdout()?;
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Bypasses the buffer of the standard library, which is not wiped.
#[cfg(unix)]
fn unbuffered_stdout() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;

    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn unbuffered_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

/// Ignores errors, as there is no other place to report them.
fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Serializes to one line of JSON, which may contain a secret.
fn json_line(value: &impl Serialize) -> io::Result<Plaintext> {
    // Measured first, as a growing buffer leaves unwiped copies.
    let mut length = Length(0);
    write_json(&mut length, value)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    write_json(&mut *bytes, value)?;
    String::from_utf8(std::mem::take(&mut *bytes)).map(Plaintext::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        ErrorKind::InvalidData.into()
    })
}

fn write_json(mut to: impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut to, PrintableJson))?;
    to.write_all(b"\n")
}

/// Compact JSON in which [`needs_escape`] characters are escaped.
struct PrintableJson;

impl serde_json::ser::Formatter for PrintableJson {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, character)) =
            rest.char_indices().find(|(_, found)| needs_escape(*found))
        {
            to.write_all(&rest.as_bytes()[..at])?;
            // All these characters are in the basic plane, one UTF-16 unit each.
            write!(to, "\\u{:04x}", u32::from(character))?;
            rest = &rest[at + character.len_utf8()..];
        }
        to.write_all(rest.as_bytes())
    }
}

/// Counts the written bytes.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terminal_control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}]0;x\u{7}b"), "a\\u{1b}]0;x\\u{7}b");
        assert_eq!(printable("\u{9b}2J\r\n"), "\\u{9b}2J\\r\\n");
        assert_eq!(printable("user\u{202e}nimda"), "user\\u{202e}nimda");
        assert_eq!(printable("Zoë 漢字 🔑"), "Zoë 漢字 🔑");
    }

    #[test]
    fn json_is_escaped_as_json() {
        let line = json_line(&json!({ "agent": "a\u{1b}\u{9b}\u{7f}\u{202e}ä" })).unwrap();
        assert_eq!(line.expose(), "{\"agent\":\"a\\u001b\\u009b\\u007f\\u202eä\"}\n");
    }

    #[test]
    fn violations_have_code_parameters_and_message() {
        let values = violation_values(&[Violation::TooShort { min: 15, actual: 3 }]);
        let value = serde_json::to_value(values).unwrap();
        assert_eq!(value[0]["code"], "too-short");
        assert_eq!(value[0]["min"], 15);
        assert_eq!(value[0]["message"], "The new password must have at least 15 characters.");
    }

    proptest! {
        #[test]
        fn every_text_round_trips_through_json_and_is_escaped(text in any::<String>()) {
            let line = json_line(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(line.expose()).unwrap(), text.clone());
            prop_assert!(!line.expose().trim_end_matches('\n').contains(needs_escape));
            prop_assert!(!printable(&text).contains(needs_escape));
        }
    }
}
