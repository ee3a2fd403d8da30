//! Everything that is printed: answers and secrets on stdout, the rest on stderr, as text or JSON.
//!
//! Text that came from outside may hold control characters that steer a terminal. They are escaped
//! in both forms.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

use indicatif::ProgressBar;
use repass_core::{Plaintext, Violation};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Where a command's words go.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints what a command was asked for. That the reader has gone is no failure.
    pub(crate) fn answer(&self, json: &impl Serialize, text: &str) -> Result<(), Failure> {
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

    /// Prints a secret on a line of its own, and all of `json` where JSON is wished for. Here it is
    /// a failure that the reader has gone, for the secret cannot be shown again.
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

    /// Prints `text` when a person reads along.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.answer(&(), text) }
    }

    /// Whether stdout is a terminal, where colours can be shown.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Says something beside the answer to a person.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            to_stderr(&format!("{}\n", printable(text)));
        }
    }

    /// Says what should not stay as it is.
    pub(crate) fn warning(&self, code: &str, text: &str) {
        if self.json {
            self.error_line(&json!({ "warning": { "code": code, "message": text } }));
        } else {
            to_stderr(&format!("repass: warning: {}\n", printable(text)));
        }
    }

    /// Says why a row of a file is not taken.
    pub(crate) fn refused_row(&self, file: &str, line: u64, reason: &str) {
        if self.json {
            let refused = json!({ "file": file, "line": line, "message": reason });
            self.error_line(&json!({ "refused": refused }));
        } else {
            to_stderr(&format!("{}:{line}: {}\n", printable(file), printable(reason)));
        }
    }

    /// Says what should be looked at in a row of a file.
    pub(crate) fn row_warning(&self, file: &str, line: u64, code: &str, text: &str) {
        if self.json {
            let warning = json!({ "code": code, "file": file, "line": line, "message": text });
            self.error_line(&json!({ "warning": warning }));
        } else {
            to_stderr(&format!("{}:{line}: warning: {}\n", printable(file), printable(text)));
        }
    }

    /// Whether a person reads along on stderr, so that progress can be drawn there.
    pub(crate) fn draws_progress(&self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Returns a spinner on stderr, which is hidden unless a person reads along.
    pub(crate) fn spinner(&self) -> ProgressBar {
        if self.draws_progress() { ProgressBar::new_spinner() } else { ProgressBar::hidden() }
    }

    /// Says why the command failed.
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
            to_stderr(&format!("repass: {}\n{lines}", printable(&message)));
        }
    }

    fn error_line(&self, value: &serde_json::Value) {
        if let Ok(line) = json_line(value) {
            to_stderr(line.expose());
        }
    }
}

/// The broken rules for a person, one a line.
pub(crate) fn violation_lines(violations: &[Violation]) -> String {
    let line = |violation: &Violation| format!("  {}: {violation}\n", violation.code());
    violations.iter().map(line).collect()
}

/// The broken rules for programs, with the sentence for a person as `message`.
pub(crate) fn violation_values(violations: &[Violation]) -> Vec<impl Serialize> {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(flatten)]
        violation: &'a Violation,
        message: String,
    }
    violations.iter().map(|violation| Told { violation, message: violation.to_string() }).collect()
}

/// `text` with escapes in place of everything that could steer a terminal or hide other text.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Control characters, line separators, and marks that turn the direction of writing.
fn steers(character: char) -> bool {
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

/// Past the buffer of the standard library, in which a secret would stay.
#[cfg(unix)]
fn unbuffered_stdout() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;

    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn unbuffered_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

/// When stderr cannot be written either, there is nobody left to tell.
fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// One line of JSON, without leaving copies of what it holds.
fn json_line(value: &impl Serialize) -> io::Result<Plaintext> {
    // A text that grows is moved, and what it leaves behind is not wiped; so it is measured first.
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

/// Compact JSON in which everything that could steer a terminal is escaped.
struct PrintableJson;

impl serde_json::ser::Formatter for PrintableJson {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, character)) = rest.char_indices().find(|(_, found)| steers(*found)) {
            to.write_all(&rest.as_bytes()[..at])?;
            // All of them lie in the basic plane, so that one unit of UTF-16 says it.
            write!(to, "\\u{:04x}", u32::from(character))?;
            rest = &rest[at + character.len_utf8()..];
        }
        to.write_all(rest.as_bytes())
    }
}

/// Counts what is written.
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
    fn what_steers_a_terminal_is_escaped() {
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
    fn violations_carry_code_parameters_and_sentence() {
        let values = violation_values(&[Violation::TooShort { min: 15, actual: 3 }]);
        let value = serde_json::to_value(values).unwrap();
        assert_eq!(value[0]["code"], "too-short");
        assert_eq!(value[0]["min"], 15);
        assert_eq!(value[0]["message"], "The new password must have at least 15 characters.");
    }

    proptest! {
        #[test]
        fn any_text_survives_json_and_steers_nothing(text in any::<String>()) {
            let line = json_line(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(line.expose()).unwrap(), text.clone());
            prop_assert!(!line.expose().trim_end_matches('\n').contains(steers));
            prop_assert!(!printable(&text).contains(steers));
        }
    }
}
