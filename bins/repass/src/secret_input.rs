//! Reading passwords: at a prompt that shows nothing, or as lines from stdin. Never from an
//! argument, which every process of the machine can see.

mod prompt;

use std::io::{self, IsTerminal, Read};

use repass_core::Plaintext;
use zeroize::Zeroizing;

pub(crate) use prompt::Prompt;

/// Why a password could not be read. Never holds any part of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SecretInputError {
    #[error("{0} is empty")]
    Empty(&'static str),
    #[error("{0} is missing; stdin holds too few lines")]
    Missing(&'static str),
    #[error("{0} is longer than {max} bytes", max = Plaintext::MAX_PASSWORD_BYTES)]
    TooLong(&'static str),
    #[error("{0} is not UTF-8 text")]
    NotText(&'static str),
    #[error("stdin holds more than the {0} expected")]
    TooMuch(&'static str),
    #[error("{0} was not the same both times")]
    Differ(&'static str),
    #[error("stdin cannot be read")]
    Stdin(#[source] io::Error),
    #[error("the terminal cannot be read")]
    Terminal(#[source] io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl SecretInputError {
    /// Whether the operator can mend it.
    pub(crate) fn is_usage(&self) -> bool {
        !matches!(self, Self::Stdin(_) | Self::Terminal(_) | Self::Interrupted)
    }

    /// A stable name for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Stdin(_) | Self::Terminal(_) => "secret-input",
            _ => "invalid-secret-input",
        }
    }
}

/// The passwords called `names`, one a line, when stdin is no terminal; `None` when it is one and
/// they are to be asked for.
///
/// A line ends with LF or CRLF, the last one also with the end of stdin; nothing else is taken off
/// (NIST SP 800-63B-4, 3.1.1.2).
///
/// # Errors
/// When a line is missing, empty, too long or no text, or something follows the last one.
pub(crate) async fn piped<const COUNT: usize>(
    names: [&'static str; COUNT],
) -> Result<Option<[Plaintext; COUNT]>, SecretInputError> {
    if io::stdin().is_terminal() {
        return Ok(None);
    }
    // On a thread of its own, since stdin may never end.
    let bytes = tokio::task::spawn_blocking(|| read_bounded(unbuffered_stdin()?, COUNT))
        .await
        .map_err(|error| SecretInputError::Stdin(error.into()))?
        .map_err(SecretInputError::Stdin)?;
    lines(&bytes, names).map(Some)
}

/// Of each line the longest password, and its line end.
const LONGEST_LINE: usize = Plaintext::MAX_PASSWORD_BYTES + 2;

/// Reads on until one byte more than `count` lines can hold.
fn read_bounded(from: impl Read, count: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let most = count * LONGEST_LINE + 1;
    // Its full size from the start: a buffer that grows leaves copies behind. The byte more keeps
    // `read_to_end` from growing it to see whether that was all.
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 64));
    from.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Past the buffer of the standard library, in which a password would stay.
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
            // The end of stdin in place of the only line reads better as an empty password.
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
    fn one_line_end_is_taken_off_and_nothing_else() {
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
    fn what_is_no_single_line_is_refused() {
        for (bytes, reason) in [
            (b"".as_slice(), "the password is empty"),
            (b"\n", "the password is empty"),
            (b"\r\n", "the password is empty"),
            (b"a\nb\n", "stdin holds more than the one line expected"),
            (b"a\n\n", "stdin holds more than the one line expected"),
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
        assert_eq!(reason(b"old\n"), "the new password is missing; stdin holds too few lines");
        assert_eq!(reason(b"old\n\n"), "the new password is empty");
        assert_eq!(reason(b"\nnew\n"), "the current password is empty");
        assert_eq!(reason(b"a\nb\nc\n"), "stdin holds more than the two lines expected");
    }

    #[test]
    fn no_more_is_read_than_can_be_right() {
        let endless = io::repeat(b'x');
        let bytes = read_bounded(endless, 2).unwrap();
        assert_eq!(bytes.len(), 2 * LONGEST_LINE + 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
            let _ = lines(&bytes, ["a"]);
            let _ = lines(&bytes, ["a", "b"]);
        }
    }
}
