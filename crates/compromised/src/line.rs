//! Reads the lines of lists and range files.

use std::io;
use std::path::Path;

use crate::builder::BuildError;

/// The reason for refusing the list of NTLM digests.
pub(crate) const NTLM: &str = "this is the list of NTLM digests; use the one of SHA-1 digests, since NTLM digests \
                               are those of UTF-16 texts and cannot be compared";

/// Splits a line at its colon, without its end. `None` if there is none.
pub(crate) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    let at = line.iter().position(|byte| *byte == b':')?;
    Some((&line[..at], &line[at + 1..]))
}

pub(crate) fn digest(hex: &[u8]) -> Option<[u8; 20]> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    let mut digest = [0; 20];
    if hex.len() != 40 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = ((digit(pair[0])? << 4) | digit(pair[1])?) as u8;
    }
    Some(digest)
}

pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let is_number = (1..=19).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    let number = text.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    is_number.then_some(number)
}

pub(crate) fn line_error(place: String, reason: &'static str) -> BuildError {
    BuildError::Line { place, reason }
}

pub(crate) fn file_error(path: &Path, source: io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), source }
}
