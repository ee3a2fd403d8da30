//! Reads passwords from a prompt without echo, or as lines from stdin. Never from an argument,
//! which all processes of the machine can read.

mod prompt;

use std::io::{self, IsTerminal, Read};

use repass_core::Plaintext;
use zeroize::Zeroizing;

pub(crate) use prompt::Prompt;

/// A password could not be read. Contains no part of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SecretInputError {
    #[error("{0} is empty")]
    Empty(&'static str),
    #[error("{0} is missing; stdin has too few lines")]
    Missing(&'static str),
    #[error("{0} is longer than {max} bytes", max = Plaintext::MAX_PASSWORD_BYTES)]
    TooLong(&'static str),
    #[error("{0} is not UTF-8 text")]
    NotText(&'static str),
    #[error("stdin has more than {0}")]
    TooMuch(&'static str),
    #[error("{0} and its repetition do not match")]
    Mismatch(&'static str),
    #[error("cannot read stdin")]
    Stdin(#[source] io::Error),
    #[error("cannot read from the terminal")]
    Terminal(#[source] io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl SecretInputError {
    /// Whether the input is invalid, as opposed to unreadable.
    pub(crate) fn is_usage(&self) -> bool {
        !matches!(self, Self::Stdin(_) | Self::Terminal(_) | Self::Interrupted)
    }

    /// Returns a stable code for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Stdin(_) | Self::Terminal(_) => "secret-input",
            _ => "invalid-secret-input",
        }
    }
}

/// Reads the passwords called `names` from stdin, one per line. Returns `None` if stdin is a
/// terminal.
///
/// A line ends with LF, CRLF or the end of stdin. Nothing else is removed (NIST SP 800-63B-4,
/// 3.1.1.2).
///
/// # Errors
/// If a line is missing, empty, too long or not UTF-8, or if there are more lines.
pub(crate) async fn piped<const COUNT: usize>(
    names: [&'static str; COUNT],
) -> Result<Option<[Plaintext; COUNT]>, SecretInputError> {
    if io::stdin().is_terminal() {
        return Ok(None);
    }
    // A read from stdin may block forever.
    let bytes = tokio::task::spawn_blocking(|| read_bounded(unbuffered_stdin()?, COUNT))
        .await
        .map_err(|error| SecretInputError::Stdin(error.into()))?
        .map_err(SecretInputError::Stdin)?;
    lines(&bytes, names).map(Some)
}

/// Maximum length of a password with its line end.
const MAX_LINE_BYTES: usize = Plaintext::MAX_PASSWORD_BYTES + 2;

/// Reads at most one byte more than `count` lines can have.
fn read_bounded(from: impl Read, count: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let limit = count * MAX_LINE_BYTES + 1;
    // A growing buffer leaves unwiped copies. The spare capacity keeps `read_to_end` from growing
    // it to find the end.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 64));
    from.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Bypasses the buffer of the standard library, which is not wiped.
#[cfg(unix)]
fn unbuffered_stdin() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;

    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn unbuffered_stdin() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

fn lines<const COUNT: usize>(
    bytes: &[u8],
    names: [&'static str; COUNT],
) -> Result<[Plaintext; COUNT], SecretInputError> {
    let mut rest = bytes;
    let mut read = Vec::with_capacity(COUNT);
    for name in names {
        if rest.is_empty() {
            // An empty stdin is reported as an empty password.
            let empty = read.is_empty();
            let error = if empty { SecretInputError::Empty } else { SecretInputError::Missing };
            return Err(error(name));
        }
        let line;
        (line, rest) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let line = &rest[..end];
                (line.strip_suffix(b"\r").unwrap_or(line), &rest[end + 1..])
            }
            None => (rest, [].as_slice()),
        };
        read.push(password(line, name)?);
    }
    if !rest.is_empty() {
        return Err(SecretInputError::TooMuch(if COUNT == 1 { "one line" } else { "two lines" }));
    }
    <[Plaintext; COUNT]>::try_from(read)
        .map_err(|_| SecretInputError::Missing(names.last().unwrap_or(&"a line")))
}

fn password(bytes: &[u8], name: &'static str) -> Result<Plaintext, SecretInputError> {
    if bytes.is_empty() {
        Err(SecretInputError::Empty(name))
    } else if bytes.len() > Plaintext::MAX_PASSWORD_BYTES {
        Err(SecretInputError::TooLong(name))
    } else {
        let text = std::str::from_utf8(bytes).map_err(|_| SecretInputError::NotText(name))?;
        Ok(Plaintext::from(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(bytes: &[u8]) -> Result<String, String> {
        match lines(bytes, ["the password"]) {
            Ok([password]) => Ok(password.expose().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn only_one_line_end_is_removed() {
        for (bytes, password) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            ("  spaced\t \n", "  spaced\t "),
            ("a\rb\r\n", "a\rb"),
            ("kept\r", "kept\r"),
            ("\u{feff}mark\n", "\u{feff}mark"),
        ] {
            assert_eq!(one(bytes.as_bytes()), Ok(password.to_owned()), "{bytes:?}");
        }
    }

    #[test]
    fn anything_but_a_single_line_is_refused() {
        for (bytes, reason) in [
            (b"".as_slice(), "the password is empty"),
            (b"\n", "the password is empty"),
            (b"\r\n", "the password is empty"),
            (b"a\nb\n", "stdin has more than one line"),
            (b"a\n\n", "stdin has more than one line"),
            (b"\xff\n", "the password is not UTF-8 text"),
        ] {
            assert_eq!(one(bytes), Err(reason.to_owned()), "{bytes:?}");
        }
    }

    #[test]
    fn passwords_have_at_most_4096_bytes() {
        let longest = "x".repeat(4096);
        assert_eq!(one(format!("{longest}\r\n").as_bytes()), Ok(longest.clone()));
        let reason = one(format!("{longest}x").as_bytes()).unwrap_err();
        assert_eq!(reason, "the password is longer than 4096 bytes");
    }

    #[test]
    fn two_passwords_are_two_lines() {
        let both = |bytes: &[u8]| lines(bytes, ["the current password", "the new password"]);
        let [current, new] = both(b"old one\r\nnew one").unwrap();
        assert_eq!((current.expose(), new.expose()), ("old one", "new one"));
        let reason = |bytes| both(bytes).unwrap_err().to_string();
        assert_eq!(reason(b"old\n"), "the new password is missing; stdin has too few lines");
        assert_eq!(reason(b"old\n\n"), "the new password is empty");
        assert_eq!(reason(b"\nnew\n"), "the current password is empty");
        assert_eq!(reason(b"a\nb\nc\n"), "stdin has more than two lines");
    }

    #[test]
    fn reading_stops_one_byte_after_the_limit() {
        let endless = io::repeat(b'x');
        let bytes = read_bounded(endless, 2).unwrap();
        assert_eq!(bytes.len(), 2 * MAX_LINE_BYTES + 1);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = lines(&bytes, ["a"]);
            let _ = lines(&bytes, ["a", "b"]);
        }
    }
}
